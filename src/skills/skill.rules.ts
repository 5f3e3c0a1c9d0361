/** The law of skills: milestones in order, counted where a number stands, else claimed and attested by another. Pure. */
import { hasTypes, isReached, type Measure, type Measured, percentOf, thresholdOf } from '../badges/measure.rules.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

/** One milestone: counted when it has a measure and a threshold, else attested. */
export interface Milestone { title: string; requirement: string; points: number; measure?: Measure; threshold?: string }

/** A version of a path as reads return it; the first of `milestones` is level 1. */
export interface PathRow {
  [column: string]: unknown
  id: string; key: string; version: number; name: string; milestones: Milestone[]; active: boolean; effectiveFrom: Date
}

/** Returns the level that comes next, from 1; one beyond the last when all are completed. Level m needs m−1. */
export function nextLevelOf(completed: ReadonlySet<number>): number {
  let level = 1
  while (completed.has(level)) level++
  return level
}

/** Returns the milestones that are complete by what is measured, ascending: they stop at one that is not, or is attested. */
export function countedLevels(
  milestones: readonly Milestone[], completed: ReadonlySet<number>, measuredBy: (measure: Measure) => Measured,
): { level: number; milestone: Milestone }[] {
  const reached: { level: number; milestone: Milestone }[] = []
  for (let level = nextLevelOf(completed); ; level++) {
    if (completed.has(level)) continue
    const milestone = milestones[level - 1]
    if (!milestone?.measure || !isReached(milestone.measure, measuredBy(milestone.measure), milestone.threshold!)) return reached
    reached.push({ level, milestone })
  }
}

/** Returns METRIC-05: completed levels of the path in percent with two digits, half-up. */
export function percentCompleted(milestones: readonly unknown[], completed: ReadonlySet<number>): number {
  const done = milestones.filter((_, at) => completed.has(at + 1)).length
  return Math.round(done / milestones.length * 10_000) / 100
}

/** Returns how far a counted milestone is, 0–100; null when it is attested. */
export function percentOfMilestone({ measure, threshold }: Milestone, measured: Measured): number | null {
  return measure ? percentOf(measure, measured, threshold!) : null
}

/** What a claim is judged by. */
export interface ClaimAround { path: PathRow | undefined; completed: ReadonlySet<number> }

const refused = (code: ErrorCode, message: string, field: string) => new Refusal(code, message, [field])

/** Returns why a milestone cannot be claimed, or null. */
export function refusalForClaim({ level, evidence }: { level: number; evidence: string }, { path, completed }: ClaimAround) {
  if (!path?.active) return refused(ErrorCode.NOT_FOUND, 'There is no such path: see skillPaths for the keys.', 'path')
  const milestone = path.milestones[level - 1]
  if (!milestone) {
    return refused(ErrorCode.OUT_OF_RANGE, `level must lie within 1 and ${path.milestones.length}.`, 'level')
  }
  if (!isPlainText(evidence, LIMITS.evidenceLengthMax, 1)) {
    return refused(ErrorCode.INVALID, `evidence must have 1 to ${LIMITS.evidenceLengthMax} characters.`, 'evidence')
  }
  if (completed.has(level)) return refused(ErrorCode.ALREADY_DECIDED, 'This milestone is completed already.', 'level')
  if (milestone.measure) {
    return refused(ErrorCode.INVALID, 'This milestone is counted and completes by itself; nobody claims it.', 'level')
  }
  const next = nextLevelOf(completed)
  if (level !== next) return refused(ErrorCode.OUT_OF_RANGE, `Milestones come in order: yours is level ${next}.`, 'level')
  return null
}

/** A change to one milestone; what is absent stays, and so does whether it is counted. */
export interface MilestoneRevision {
  level: number; title?: string | null; requirement?: string | null; points?: number | null; threshold?: string | null
  activityTypes?: string[] | null
}

/** Returns milestones with some revised. @throws Refusal OUT_OF_RANGE | INVALID for what a milestone cannot have */
export function revisedMilestones(milestones: readonly Milestone[], revisions: readonly MilestoneRevision[]): Milestone[] {
  const revised = [...milestones]
  for (const { level, title, requirement, points, threshold, activityTypes } of revisions) {
    const before = revised[level - 1]
    if (!before) throw refused(ErrorCode.OUT_OF_RANGE, `There is no level ${level} in this path.`, 'milestones')
    if (threshold != null && !before.measure) {
      throw refused(ErrorCode.INVALID, `Level ${level} is attested; only a counted one has a threshold.`, 'milestones')
    }
    if (activityTypes != null && before.measure?.kind !== 'ACTIVITIES') {
      throw refused(ErrorCode.INVALID, `Level ${level} does not count activities.`, 'milestones')
    }
    revised[level - 1] = {
      title: title ?? before.title, requirement: requirement ?? before.requirement, points: points ?? before.points,
      ...before.measure ? {
        measure: activityTypes != null ? { kind: 'ACTIVITIES', activityTypes } : before.measure,
        threshold: threshold ?? before.threshold!,
      } : {},
    }
  }
  return revised
}

/** Returns why a path cannot be as revised, or null. */
export function refusalForPath({ name, milestones }: Pick<PathRow, 'name' | 'milestones'>): Refusal | null {
  if (!isPlainText(name, 200, 1)) return refused(ErrorCode.INVALID, 'name must have 1 to 200 characters.', 'name')
  for (const { title, requirement, points, measure, threshold } of milestones) {
    if (!isPlainText(title, 100, 1) || !isPlainText(requirement, 200, 1)) {
      return refused(ErrorCode.INVALID, 'title must have 1 to 100 characters, requirement 1 to 200.', 'milestones')
    }
    if (!(Number.isSafeInteger(points) && points >= 1 && points <= LIMITS.skillPointsMax)) {
      return refused(ErrorCode.OUT_OF_RANGE, `points must lie within 1 and ${LIMITS.skillPointsMax}.`, 'milestones')
    }
    if (measure && !((thresholdOf(threshold!) ?? 0n) > 0n)) {
      return refused(ErrorCode.INVALID, 'threshold must be a decimal number above zero, at most 6 digits behind.', 'milestones')
    }
    if (measure && !hasTypes(measure)) {
      return refused(ErrorCode.INVALID, 'activityTypes must hold 1 to 20 keys of activity types.', 'milestones')
    }
  }
  return null
}
