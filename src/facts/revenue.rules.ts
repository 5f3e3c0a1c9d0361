/** The law of revenue: what is well-formed, who may record it, what is a repeat, and how much may be given back. Pure. */
import { refusalForKey, refusalForSource, refusalForText, refusalForTime, type Recorded } from '../activities/activity.rules.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { decimalOf, minorOf } from '../platform/money.ts'

/** One revenue fact as asked for, ids decoded, the amount exact. */
export interface RevenueItem {
  idempotencyKey: string; ownerId: string | null; amountMinor: bigint; currency: string; recurrence: string
  client: string | null; deal: string | null; occurredAt: Date | null; source: string | null; sourceId: string | null
  note: string | null; bodyHash: Buffer
}

/** The owner as a recorder needs to see them. */
export type Owner = Pick<Recorded, 'isActive' | 'teams'>

/** How far the recorder's right reaches, the teams they lead, and the largest amount they may move; null = any. */
export interface Recorder { reach: string; leads: ReadonlySet<string>; amountMax: string | null }

/** What is there already under an item's key and source fact. */
export interface EarlierRevenue { key: { bodyHash: Buffer; revenueId: string } | null; source: string | null }

/** What becomes of a command: new, or the id of what it repeats, or refused. */
export type RevenueVerdict =
  { kind: 'NEW' } | { kind: 'HIT' | 'DUPLICATE'; revenueId: string } | { kind: 'REFUSED'; refusal: Refusal }

/** Returns why an item's own values cannot be, or null. */
export function refusalForRevenue(item: Omit<RevenueItem, 'bodyHash'>, now: Date): Refusal | null {
  if (item.amountMinor <= 0n) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'amount must be above zero: what is given back is a refund.', ['amount'])
  }
  return refusalForKey(item.idempotencyKey) ?? refusalForName(item.client, 'client') ?? refusalForName(item.deal, 'deal')
    ?? refusalForTime(item.occurredAt, now) ?? refusalForSource(item.source, item.sourceId)
    ?? refusalForText(item.note, 'note', LIMITS.noteLengthMax)
}

function refusalForName(name: string | null, field: string): Refusal | null {
  if (name === '') return new Refusal(ErrorCode.INVALID, `${field} must not be empty.`, [field])
  return refusalForText(name, field, LIMITS.clientLengthMax)
}

/** Returns whether the recorder's right covers what a team has, or nobody. */
export function mayFor({ reach, leads }: Pick<Recorder, 'reach' | 'leads'>, teamId: string | null): boolean {
  return reach === 'TENANT' || (reach === 'TEAM' && teamId !== null && leads.has(teamId))
}

/** Returns why the recorder may not move so much at a time, or null; `amountMinor` is of either sign. */
export function refusalForSize(
  { amountMax }: Pick<Recorder, 'amountMax'>, amountMinor: bigint, currency: string, field = 'amount',
): Refusal | null {
  const most = amountMax === null ? null : minorOf(amountMax, currency)
  if (typeof most !== 'bigint' || (amountMinor <= most && amountMinor >= -most)) return null
  return new Refusal(
    ErrorCode.FORBIDDEN, `Your role moves at most ${decimalOf(most, currency)} ${currency} at a time: ask finance or an admin.`,
    [field])
}

/** Returns what a key and a source fact make of a command before it is looked at any closer, or null when both are new. */
export function repeatFor({ key, source }: EarlierRevenue, bodyHash: Buffer): RevenueVerdict | null {
  if (key) {
    return key.bodyHash.equals(bodyHash)
      ? { kind: 'HIT', revenueId: key.revenueId }
      : refused(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        'This idempotencyKey was used for another command: send a new key, or the same input again.', 'idempotencyKey')
  }
  return source ? { kind: 'DUPLICATE', revenueId: source } : null
}

/** Returns what becomes of an item; `teamId` is the owner's team of now. */
export function verdictForRevenue(
  item: RevenueItem, earlier: EarlierRevenue, owner: Owner | undefined, recorder: Recorder, teamId: string | null,
): RevenueVerdict {
  if (!mayFor(recorder, teamId) && (owner || item.ownerId === null)) {
    return refused(
      ErrorCode.FORBIDDEN, 'A manager records revenue of their teams; finance and admins record any.', 'ownerId')
  }
  const repeat = repeatFor(earlier, item.bodyHash)
  if (repeat?.kind === 'HIT' || repeat?.kind === 'REFUSED') return repeat
  if (item.ownerId !== null && !owner) return refused(ErrorCode.NOT_FOUND, 'There is no such user.', 'ownerId')
  if (owner && !owner.isActive) return refused(ErrorCode.NOT_FOUND, 'This user is no longer active.', 'ownerId')
  if (repeat) return repeat
  const refusal = refusalForSize(recorder, item.amountMinor, item.currency)
  return refusal ? { kind: 'REFUSED', refusal } : { kind: 'NEW' }
}

/** Returns why so much cannot be given back of what is left, or null. */
export function refusalForRefund(amountMinor: bigint, restMinor: bigint, currency: string): Refusal | null {
  if (amountMinor <= 0n && restMinor > 0n) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, 'amount must be above zero: a refund is told by what it is.', ['amount'])
  }
  if (amountMinor > 0n && amountMinor <= restMinor) return null
  return new Refusal(
    ErrorCode.OUT_OF_RANGE, `Of this revenue ${decimalOf(restMinor, currency)} ${currency} is left: refund at most that.`,
      ['amount'])
}

function refused(code: ErrorCode, message: string, field: string): RevenueVerdict {
  return { kind: 'REFUSED', refusal: new Refusal(code, message, [field]) }
}
