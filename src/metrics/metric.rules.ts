/** The law of metrics: exact decimals of six digits, their bounds, and who may record what for whom. Pure. */
import { refusalForKey, refusalForSource, refusalForText, refusalForTime } from '../activities/activity.rules.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { ratioOf } from '../platform/money.ts'

const SCALE = 1_000_000n
const VALUE = /^(-?)(\d{1,12})(?:\.(\d{1,18}))?$/

/** Returns a decimal text as millionths, or null when it has more than 12 digits before or 6 behind the point. */
export function millionthsOf(text: string): bigint | null {
  const [, sign, whole, fraction = ''] = VALUE.exec(text) ?? []
  if (whole === undefined || /[1-9]/.test(fraction.slice(6))) return null
  return BigInt(`${sign}${whole}${fraction.slice(0, 6).padEnd(6, '0')}`)
}

/** Returns millionths as the shortest decimal text: "4.7". */
export function valueOf(millionths: bigint): string {
  return ratioOf(millionths, SCALE, 6).replace(/\.?0+$/, '')
}

/** Returns the mean of values as text, half-even at six digits, or null of none. */
export function meanOf(values: readonly bigint[]): string | null {
  if (!values.length) return null
  const sum = values.reduce((all, value) => all + value, 0n)
  return ratioOf(sum, BigInt(values.length) * SCALE, 6).replace(/\.?0+$/, '')
}

/** Returns (value − baseline) / |baseline| in percent with two digits, or null when the baseline is zero (METRIC-13). */
export function changePercentOf(value: bigint, baseline: bigint): string | null {
  if (baseline === 0n) return null
  return ratioOf((value - baseline) * 100n, baseline < 0n ? -baseline : baseline, 2)
}

/** A definition as asked for. */
export interface MetricWish {
  key: string; name: string; unit: string; direction: string; lowest: string | null; highest: string | null; active: boolean
}

/** Returns whether the text could be the key of a metric. */
export const isMetricKey = (text: string): boolean => /^[a-z][a-z0-9_]{1,63}$/.test(text)

/** Returns why a definition cannot be, or null. */
export function refusalForMetric({ key, name, unit, lowest, highest }: MetricWish): Refusal | null {
  if (!isMetricKey(key)) {
    return new Refusal(ErrorCode.INVALID, 'key must have 2 to 64 of a–z, 0–9 and _, and begin with a letter.', ['key'])
  }
  if (!isPlainText(name, 200, 1)) return new Refusal(ErrorCode.INVALID, 'name must have 1 to 200 characters.', ['name'])
  if (!isPlainText(unit, 32, 1)) return new Refusal(ErrorCode.INVALID, 'unit must have 1 to 32 characters.', ['unit'])
  const [low, high] = [lowest, highest].map(text => text === null ? null : millionthsOf(text) ?? undefined)
  if (low === undefined || high === undefined) return noValue(low === undefined ? 'lowest' : 'highest')
  if (low !== null && high !== null && low! >= high!) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'lowest must lie below highest.', ['lowest'])
  }
  return null
}

const noValue = (field: string) => new Refusal(
  ErrorCode.INVALID, `${field} must be a decimal number of at most 12 digits before the point and 6 behind it.`, [field])

/** One point as asked for, ids decoded. */
export interface PointItem {
  metric: string; idempotencyKey: string; value: string | null; at: Date | null; baseline: boolean
  subjectKind: 'TENANT' | 'TEAM' | 'USER'; subjectId: string; source: string | null; sourceId: string | null; note: string | null
  bodyHash: Buffer
}

/** Returns why an item's own values cannot be, or null. */
export function refusalForPoint(item: Omit<PointItem, 'bodyHash'>, now: Date): Refusal | null {
  if (item.value !== null && millionthsOf(item.value) === null) return noValue('value')
  return refusalForKey(item.idempotencyKey) ?? refusalForTime(item.at, now, 'at') ?? refusalForSource(item.source, item.sourceId)
    ?? refusalForText(item.note, 'note', LIMITS.noteLengthMax)
}

/** A metric as a recorder needs to see it. */
export interface KnownMetric { id: string; key: string; active: boolean; lowest: string | null; highest: string | null }

/** What of an item's surroundings decides; `mayRecord` says whether the recorder's right covers the subject. */
export interface Surroundings {
  key: { bodyHash: Buffer; pointId: string } | null; source: string | null; metric: KnownMetric | undefined; hasSubject: boolean
  mayRecord: boolean
}

/** What becomes of an item. */
export type PointVerdict =
  { kind: 'NEW'; metric: KnownMetric } | { kind: 'HIT' | 'DUPLICATE'; pointId: string } | { kind: 'REFUSED'; refusal: Refusal }

/** Returns what becomes of an item, first rule first. */
export function verdictForPoint(item: PointItem, around: Surroundings): PointVerdict {
  const { key, source, metric, hasSubject, mayRecord } = around
  if (hasSubject && !mayRecord) {
    return refused(ErrorCode.FORBIDDEN, 'A manager records for their teams and the people in them; finance and admins for all.',
      item.subjectKind === 'USER' ? 'userId' : 'teamId')
  }
  if (key) {
    return key.bodyHash.equals(item.bodyHash)
      ? { kind: 'HIT', pointId: key.pointId }
      : refused(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        'This idempotencyKey was used for another command: send a new key, or the same input again.', 'idempotencyKey')
  }
  if (!hasSubject) {
    return item.subjectKind === 'USER'
      ? refused(ErrorCode.NOT_FOUND, 'There is no such user.', 'userId')
      : refused(ErrorCode.NOT_FOUND, 'There is no such team.', 'teamId')
  }
  if (!metric) return refused(ErrorCode.NOT_FOUND, 'There is no such metric: see metrics for the keys.', 'metric')
  if (!metric.active) return refused(ErrorCode.NOT_FOUND, `The metric "${metric.key}" is switched off.`, 'metric')
  if (source) return { kind: 'DUPLICATE', pointId: source }
  const { lowest, highest } = metric
  const value = item.value === null ? null : millionthsOf(item.value)!
  if (value !== null
    && (lowest !== null && value < millionthsOf(lowest)! || highest !== null && value > millionthsOf(highest)!)) {
    return refused(ErrorCode.OUT_OF_RANGE, `value must lie within ${lowest ?? '−∞'} and ${highest ?? '∞'}.`, 'value')
  }
  return { kind: 'NEW', metric }
}

function refused(code: ErrorCode, message: string, field: string): PointVerdict {
  return { kind: 'REFUSED', refusal: new Refusal(code, message, [field]) }
}
