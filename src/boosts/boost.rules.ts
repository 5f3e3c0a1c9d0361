/** Boosts: which one holds for an activity, and what it adds, with its rounding (UX-34). Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

export type Rounding = 'HALF_UP' | 'DOWN' | 'UP'

/** A boost; the window is half open, `multiplierBp` 20,000 doubles, `activityTypes` null is all. */
export interface BoostRow {
  [column: string]: unknown
  id: string; name: string; multiplierBp: number; rounding: Rounding; activityTypes: string[] | null; startsAt: Date; endsAt: Date
  canceledAt: Date | null
}

/** A boost as a command asks for it. */
export interface BoostInput {
  name: string; multiplierBp: number; rounding: Rounding; activityTypes: string[] | null; startsAt: Date | null; endsAt: Date
}

/** Returns why such a boost cannot be, or null. A window does not begin in the past: what was paid stays as it was. */
export function refusalForBoost({ name, multiplierBp, activityTypes, startsAt, endsAt }: BoostInput, now: Date): Refusal | null {
  const invalid = (field: string, message: string) => new Refusal(ErrorCode.INVALID, message, [field])
  if (!isPlainText(name, 100, 1) || !name.trim()) return invalid('name', 'name must have 1 to 100 characters.')
  if (!Number.isInteger(multiplierBp) || multiplierBp <= 10_000 || multiplierBp > 100_000) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'multiplierBp must be 10,001 to 100,000: 20,000 doubles.', ['multiplierBp'])
  }
  if (activityTypes && (!activityTypes.length || activityTypes.length > LIMITS.boostTypesMax)) {
    return new Refusal(
      ErrorCode.OUT_OF_RANGE, `activityTypes must name 1 to ${LIMITS.boostTypesMax} types; leave it out for all.`,
      ['activityTypes'])
  }
  if (startsAt && startsAt < now) return invalid('startsAt', 'startsAt lies in the past: leave it out to begin now.')
  if (endsAt <= (startsAt ?? now)) return invalid('endsAt', 'endsAt must be after startsAt.')
  if (endsAt.getTime() - (startsAt ?? now).getTime() > LIMITS.boostMaxMs) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'A boost lasts 92 days at most: it is no raise.', ['endsAt'])
  }
  return null
}

/** Returns the boost that holds for an activity: the largest of those whose window holds when it occurred; they do not add up. */
export function boostFor(boosts: readonly BoostRow[], type: string, occurredAt: Date): BoostRow | null {
  let best: BoostRow | null = null
  for (const boost of boosts) {
    const isIn = boost.startsAt <= occurredAt && occurredAt < boost.endsAt
    if (!isIn || (boost.activityTypes && !boost.activityTypes.includes(type))) continue
    if (!best || boost.multiplierBp > best.multiplierBp || (boost.multiplierBp === best.multiplierBp && boost.id < best.id)) {
      best = boost
    }
  }
  return best
}

/** Returns what a boost adds to points: points × (multiplier − 1), rounded as it says; never negative. */
export function addedBy({ multiplierBp, rounding }: Pick<BoostRow, 'multiplierBp' | 'rounding'>, points: number): number {
  if (points <= 0) return 0
  const parts = BigInt(points) * BigInt(multiplierBp - 10_000)
  const [whole, rest] = [parts / 10_000n, parts % 10_000n]
  const isUp = rounding === 'UP' ? rest > 0n : rounding === 'HALF_UP' && rest * 2n >= 10_000n
  return Number(whole) + (isUp ? 1 : 0)
}

/** The key of what a boost adds to an activity. */
export const boostKey = (boostId: string, activityId: string) => `boost:${boostId}:${activityId}`
