/** The law of badges: which levels are earned (BADGE-R1..R3), and how their figures may be changed. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { hasTypes, isReached, type Measure, type Measured, thresholdOf } from './measure.rules.ts'

/** A level's title, and the value at which it is earned as decimal text. */
export interface BadgeStep { title: string; threshold: string }

/** A version of a badge as reads return it; the first of `levels` is level 1. */
export interface BadgeRow {
  [column: string]: unknown
  id: string; key: string; version: number; name: string; measure: Measure; benefits: string[]; levels: BadgeStep[]
  active: boolean; effectiveFrom: Date
}

/**
 * Returns the levels to grant, ascending: all up to the highest whose threshold is reached, without those that the person has
 * (BADGE-R3). What was earned stays earned, whatever is measured later (BADGE-R2).
 */
export function missingLevels(
  { measure, levels }: Pick<BadgeRow, 'measure' | 'levels'>, measured: Measured, earned: ReadonlySet<number>,
): { level: number; title: string }[] {
  const reached = levels.findLastIndex(({ threshold }) => isReached(measure, measured, threshold)) + 1
  return levels.slice(0, reached).map(({ title }, at) => ({ level: at + 1, title })).filter(({ level }) => !earned.has(level))
}

/** A change to a badge; what is absent stays. */
export interface BadgeRevision {
  key: string; name?: string | null; benefits?: string[] | null; levels?: BadgeStep[] | null; minSample?: number | null
  activityTypes?: string[] | null; active?: boolean | null; effectiveFrom?: Date | null
}

const invalid = (message: string, field: string) => new Refusal(ErrorCode.INVALID, message, [field])

/** Returns why a badge cannot be as revised, or null. */
export function refusalForBadge(
  { name, measure, benefits, levels }: Pick<BadgeRow, 'name' | 'measure' | 'benefits' | 'levels'>,
): Refusal | null {
  if (!isPlainText(name, 200, 1)) return invalid('name must have 1 to 200 characters.', 'name')
  if (levels.length < 1 || levels.length > LIMITS.badgeLevelsMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `levels must hold 1 to ${LIMITS.badgeLevelsMax} levels.`, ['levels'])
  }
  if (benefits.length > LIMITS.badgeBenefitsMax || !benefits.every(benefit => isPlainText(benefit, 200, 1))) {
    return invalid(`benefits must be at most ${LIMITS.badgeBenefitsMax} texts of 1 to 200 characters.`, 'benefits')
  }
  if (!levels.every(({ title }) => isPlainText(title, 100, 1))) {
    return invalid('Each title must have 1 to 100 characters.', 'levels')
  }
  const thresholds = levels.map(({ threshold }) => thresholdOf(threshold))
  if (thresholds.includes(null)) {
    return invalid('Each threshold must be a decimal number of at most 15 digits before the point and 6 behind it.', 'levels')
  }
  if (!thresholds.every((threshold, at) => threshold! > (thresholds[at - 1] ?? 0n))) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'Thresholds must lie above zero and ascend.', ['levels'])
  }
  if (!hasTypes(measure)) {
    return invalid(`activityTypes must hold 1 to ${LIMITS.badgeTypesMax} keys of activity types.`, 'activityTypes')
  }
  if (measure.kind === 'METRIC_AVERAGE' && !(measure.minSample >= 1 && measure.minSample <= LIMITS.badgeSampleMax)) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `minSample must lie within 1 and ${LIMITS.badgeSampleMax}.`, ['minSample'])
  }
  return null
}

/** Returns a measure with its figures revised. @throws Refusal INVALID for a figure that it does not have */
export function revisedMeasure(measure: Measure, { minSample, activityTypes }: BadgeRevision): Measure {
  if (minSample != null && measure.kind !== 'METRIC_AVERAGE') {
    throw invalid('This badge counts; only an average has a sample.', 'minSample')
  }
  if (activityTypes != null && measure.kind !== 'ACTIVITIES') {
    throw invalid('This badge does not count activities.', 'activityTypes')
  }
  if (measure.kind === 'METRIC_AVERAGE') return { ...measure, minSample: minSample ?? measure.minSample }
  if (measure.kind === 'ACTIVITIES') return { ...measure, activityTypes: activityTypes ?? measure.activityTypes }
  return measure
}
