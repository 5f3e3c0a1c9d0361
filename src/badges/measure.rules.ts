/** What badges and skills measure of a person, exactly: a sum over what it is divided by, compared without rounding. Pure. */

import { LIMITS } from '../platform/limits.ts'

/** What is measured. Figures are of the tenant: which activities, which metric, and of how many values an average must be. */
export type Measure =
  | { kind: 'REVENUE' } // Owned by the person, in the tenant's currency, less what was refunded and taken back.
  | { kind: 'ACTIVITIES'; activityTypes: string[] } // Quantities of activities that stand.
  | { kind: 'METRIC_AVERAGE'; metric: string; minSample: number }
  | { kind: 'REVENUE_GROWTH' } // Percent: owned revenue of the last 28 full days over the 28 before.

/** A measured value: `sum` in millionths, divided by `per`; `sample` is of how many facts. No value when `per` is zero. */
export interface Measured { sum: bigint; per: bigint; sample: number }

export const NOTHING: Measured = { sum: 0n, per: 1n, sample: 0 }
const MILLION = 1_000_000n
const DECIMAL = /^(\d{1,15})(?:\.(\d{1,6}))?$/

/** Returns a threshold's decimal text as millionths, or null when it is none: not negative, at most six digits behind. */
export function thresholdOf(text: string): bigint | null {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  return whole === undefined ? null : BigInt(whole + fraction.padEnd(6, '0'))
}

/** Returns whether facts of this topic may change a measure. */
export function measuresTopic(topic: string): boolean {
  return topic === 'activity.recorded' || topic === 'metric.recorded' || topic.startsWith('revenue.')
}

/** Returns of how many values a measure must be at least. */
export const minSampleOf = (measure: Measure): number => measure.kind === 'METRIC_AVERAGE' ? measure.minSample : 1

/** Returns whether a measured value has reached a threshold (≥), with a large enough sample (BADGE-R2, A-15). */
export function isReached(measure: Measure, { sum, per, sample }: Measured, threshold: string): boolean {
  return per > 0n && sample >= minSampleOf(measure) && sum >= thresholdOf(threshold)! * per
}

/** Returns a measured value as decimal text with at most six digits, cut, so that it never shows more than there is. */
export function valueOf({ sum, per }: Measured): string | null {
  if (per <= 0n) return null
  const millionths = sum / per // Towards zero.
  const digits = String(millionths < 0n ? -millionths : millionths).padStart(7, '0')
  const text = `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '')
  return millionths < 0n ? `-${text}` : text
}

/** Returns how far a value is on its way to a threshold, 0–100 with two digits; 100 only when it is reached (RULE-6). */
export function percentOf(measure: Measure, measured: Measured, threshold: string): number {
  if (isReached(measure, measured, threshold)) return 100
  const goal = thresholdOf(threshold)! * measured.per
  if (goal <= 0n || measured.sum <= 0n) return 0
  return Math.min(99.99, Number((measured.sum * 10_000n * 2n + goal) / (goal * 2n)) / 100)
}

/** Returns whether a measure of activities names types that could be: 1 to 20 keys; true of all other measures. */
export function hasTypes(measure: Measure): boolean {
  if (measure.kind !== 'ACTIVITIES') return true
  const { activityTypes: types } = measure
  return types.length >= 1 && types.length <= LIMITS.badgeTypesMax && types.every(type => /^[a-z][a-z0-9_]{1,63}$/.test(type))
}

/** Returns a whole number of pieces as a measured value. */
export const counted = (pieces: bigint, sample: number): Measured => ({ sum: pieces * MILLION, per: 1n, sample })
