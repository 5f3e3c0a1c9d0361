/** The law of recording activities: who may, what is well-formed, what is a repeat, and what it pays. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Attributes, type AttributeDefinitions, attributesFor, type WrittenAttribute } from './attribute.rules.ts'

/** One activity as asked for, ids decoded, the user resolved. */
export interface ActivityItem {
  activityType: string; idempotencyKey: string; userId: string; quantity: number; occurredAt: Date | null
  source: string | null; sourceId: string | null; note: string | null; bodyHash: Buffer
  /** As written; null when there are none. */
  attributes: readonly WrittenAttribute[] | null
}

/** One version of an activity type. */
export interface TypeVersion {
  [column: string]: unknown
  id: string; key: string; version: number; category: string; name: string; points: number; perUnit: boolean; active: boolean
  effectiveFrom: Date
  /** What activities of it may carry; null for nothing. */
  attributes: AttributeDefinitions | null
}

/** A person as the recorder needs to see them; `teams` are their dated primary teams. */
export interface Recorded {
  userId: string; points: number; isActive: boolean
  teams: { teamId: string; departmentId: string | null; startsAt: Date; endsAt: Date | null }[]
}

/** What is already there under an item's key and source fact. */
export interface Earlier { key: { bodyHash: Buffer; activityId: string } | null; source: string | null }

/** What becomes of an item. */
export type Verdict =
  | { kind: 'NEW'; type: TypeVersion; points: number; occurredAt: Date; attributes: Attributes | null }
  | { kind: 'HIT'; activityId: string }
  | { kind: 'DUPLICATE'; activityId: string }
  | { kind: 'REFUSED'; refusal: Refusal }

/** What the key of a type looks like; nothing else can be one, and some of it PostgreSQL would not even compare. */
const TYPE_KEY = /^[a-z][a-z0-9_]{1,63}$/

/** Returns why a text cannot be, or null: it may have at most `max` UTF-16 units, whole characters and no NUL. */
export function refusalForText(value: string | null, field: string, max: number): Refusal | null {
  if (value === null || isPlainText(value, max)) return null
  return new Refusal(ErrorCode.INVALID, `${field} may have at most ${max} characters of plain text.`, [field])
}

/** Returns why an idempotency key cannot be, or null. */
export function refusalForKey(key: string): Refusal | null {
  if (key.length >= LIMITS.idempotencyKeyMin && key.length <= LIMITS.idempotencyKeyMax && /^[\x21-\x7e]+$/.test(key)) return null
  return new Refusal(
    ErrorCode.INVALID,
    `idempotencyKey must have ${LIMITS.idempotencyKeyMin} to ${LIMITS.idempotencyKeyMax} visible ASCII characters.`,
    ['idempotencyKey'])
}

/** Returns the refusal of a key that names no type, optionally at a time. */
export function noSuchType(key: string, when = ''): Refusal {
  const shown = key.slice(0, 64).toWellFormed()
  return new Refusal(
    ErrorCode.NOT_FOUND, `There is no activity type "${shown}"${when}: see activityTypes for the keys.`, ['activityType'])
}

/** Returns whether the text could be the key of a type. */
export function isTypeKey(text: string): boolean {
  return TYPE_KEY.test(text)
}

/** Returns why an item's own values cannot be, or null; bounds as in LIMITS. */
export function refusalForItem(item: Omit<ActivityItem, 'userId' | 'bodyHash'>, now: Date): Refusal | null {
  const { activityType, idempotencyKey, quantity, occurredAt, source, sourceId, note } = item
  const badKey = refusalForKey(idempotencyKey)
  if (badKey) return badKey
  if (!isTypeKey(activityType)) return noSuchType(activityType)
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > LIMITS.quantityMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `quantity must be a whole number from 1 to ${LIMITS.quantityMax}.`, ['quantity'])
  }
  return refusalForTime(occurredAt, now) ?? refusalForSource(source, sourceId)
    ?? refusalForText(note, 'note', LIMITS.noteLengthMax)
}

/** Returns why something cannot have occurred then, or null; null stands for now. */
export function refusalForTime(occurredAt: Date | null, now: Date, field = 'occurredAt'): Refusal | null {
  if (occurredAt && occurredAt.getTime() > now.getTime() + LIMITS.occurredAheadMaxMs) {
    return new Refusal(
      ErrorCode.OUT_OF_RANGE,
      `${field} lies in the future: record a thing once it has happened (5 minutes of clock difference are allowed).`, [field])
  }
  if (occurredAt && occurredAt.getTime() < now.getTime() - LIMITS.occurredBehindMaxMs) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `${field} lies more than ten years back.`, [field])
  }
  return null
}

/** Returns why a source fact cannot be named so, or null. */
export function refusalForSource(source: string | null, sourceId: string | null): Refusal | null {
  if ((source === null) !== (sourceId === null)) {
    return new Refusal(
      ErrorCode.INVALID, 'source and sourceId come together: name both or neither.',
      [source === null ? 'source' : 'sourceId'])
  }
  if (source === '' || sourceId === '') {
    return new Refusal(ErrorCode.INVALID, 'source and sourceId must not be empty.', [source === '' ? 'source' : 'sourceId'])
  }
  return refusalForText(source, 'source', LIMITS.sourceLengthMax) ?? refusalForText(sourceId, 'sourceId', LIMITS.sourceLengthMax)
}

/** Returns the type version in force at the instant, or null; versions ascend by effectiveFrom. */
export function typeAt(versions: readonly TypeVersion[], at: Date): TypeVersion | null {
  return versions.findLast(({ effectiveFrom }) => effectiveFrom <= at) ?? null
}

/** Returns the version that is the next to come into force after the instant, or null; versions descend by effectiveFrom. */
export function plannedOf(versions: readonly TypeVersion[], now: Date): TypeVersion | null {
  return versions.findLast(({ effectiveFrom }) => effectiveFrom > now) ?? null
}

/** Returns the primary team of the person at the instant, or null. */
export function teamAt({ teams }: Pick<Recorded, 'teams'>, at: Date) {
  return teams.find(({ startsAt, endsAt }) => startsAt <= at && (!endsAt || endsAt > at)) ?? null
}

/** Returns what one activity pays: flat, times the quantity only where the type says so (POINT-R1). */
export function pointsFor({ points, perUnit }: Pick<TypeVersion, 'points' | 'perUnit'>, quantity: number): number {
  return perUnit ? points * quantity : points
}

/**
 * Returns what becomes of an item, first rule first: the same key again is a hit or a conflict, the same source fact a duplicate
 * (POINT-R2), an unknown or inactive type or person is refused, anything else is new.
 */
export function verdictFor(
  item: ActivityItem, earlier: Earlier, user: Recorded | undefined, versions: readonly TypeVersion[], now: Date,
): Verdict {
  if (earlier.key) {
    return earlier.key.bodyHash.equals(item.bodyHash)
      ? { kind: 'HIT', activityId: earlier.key.activityId }
      : refused(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        'This idempotencyKey was used for another activity: send a new key, or the same input again.', 'idempotencyKey')
  }
  if (!user) return refused(ErrorCode.NOT_FOUND, 'There is no such user.', 'userId')
  if (!user.isActive) return refused(ErrorCode.NOT_FOUND, 'This user is no longer active.', 'userId')
  if (earlier.source) return { kind: 'DUPLICATE', activityId: earlier.source }
  const occurredAt = item.occurredAt ?? now
  const type = typeAt(versions, occurredAt)
  if (!type) return { kind: 'REFUSED', refusal: noSuchType(item.activityType, ' at that time') }
  if (!type.active) return refused(ErrorCode.NOT_FOUND, `The activity type "${type.key}" is switched off.`, 'activityType')
  const attributes = item.attributes && attributesFor(type.attributes, item.attributes, type.key)
  if (attributes instanceof Refusal) return { kind: 'REFUSED', refusal: attributes }
  return { kind: 'NEW', type, points: pointsFor(type, item.quantity), occurredAt, attributes }
}

function refused(code: ErrorCode, message: string, field: string): Verdict {
  return { kind: 'REFUSED', refusal: new Refusal(code, message, [field]) }
}

/**
 * Returns why the recorder may not record for this person, or null: MEMBER for themself, MANAGER for their teams, ADMIN
 * for all.
 */
export function refusalForRecorder(
  recorder: { userId: string | null; role: string; leads: ReadonlySet<string> },
  userId: string, user: Recorded | undefined, now: Date,
): Refusal | null {
  if (recorder.role === 'ADMIN' || recorder.userId === userId) return null
  if (!user) return null // There is no such user, which is the better answer.
  const team = teamAt(user, now)
  if (recorder.role === 'MANAGER' && team && recorder.leads.has(team.teamId)) return null
  return new Refusal(
    ErrorCode.FORBIDDEN, 'You can record for yourself; a manager records for their teams and an admin for everybody.',
    ['userId'])
}
