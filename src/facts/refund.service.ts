/** The only writer of refunds and reversals: each locks what is left of the recognized fact, and adds a fact of its own. */
import { describeCommand } from '../platform/audit.ts'
import { refusalForKey, refusalForSource, refusalForText, refusalForTime } from '../activities/activity.rules.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { minorFrom } from '../platform/money.shapes.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, inTenantOnce, retried } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { countingFor, recountingFor } from '../points/period.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { packRevenue } from './change.rules.ts'
import { mayFor, refusalForRefund, refusalForSize, repeatFor } from './revenue.rules.ts'
import { knownFrom, recorderOf, commandHashOf } from './revenue.service.ts'
import { insertStatements, type NewFact, readStatements } from './revenue.sql.ts'

/** What is to be given back: all that is left when `amount` is absent. */
export interface RefundInput {
  revenueId: string; idempotencyKey: string; amount?: string | null; occurredAt?: Date | null
  source?: string | null; sourceId?: string | null; note?: string | null
}

/** What is to be taken back, and why. */
export interface ReversalInput { revenueId: string; idempotencyKey: string; note?: string | null }

/** What became of a refund or reversal: the id of its fact. */
export interface Returned { revenueId: string; duplicate: boolean; idempotencyHit: boolean; mark: number | null }

interface Target {
  [column: string]: unknown
  id: string; kind: string; originalId: string | null; amountMinor: string; currency: string; recurrence: string
  client: string | null; deal: string | null; ownerId: string | null; teamId: string | null; departmentId: string | null
  day: string; week: string; month: string
}

/** What a locked fact decides: how much is left, and whether it, or its original, was taken back. */
interface Locked { restMinor: bigint; isReversed: boolean; isOriginalReversed: boolean }

type Draft = Pick<NewFact, 'kind' | 'amountMinor' | 'occurredAt' | 'day' | 'week' | 'month' | 'isCorrection'>

/**
 * Gives back part or all of what is left of a recognized fact and returns the refund's id; emits `revenue.refunded`.
 * @throws Refusal INVALID | NOT_FOUND | FORBIDDEN | OUT_OF_RANGE | ALREADY_REVERSED | IDEMPOTENCY_CONFLICT
 */
export async function refundRevenue(actor: Actor, input: RefundInput): Promise<Returned> {
  const { revenueId, idempotencyKey, amount = null, occurredAt = null, source = null, sourceId = null, note = null } = input
  const refusal = refusalForKey(idempotencyKey) ?? refusalForTime(occurredAt, actor.now) ?? refusalForSource(source, sourceId)
    ?? refusalForText(note, 'note', LIMITS.noteLengthMax)
  if (refusal) throw refusal
  const zone = await zoneOf(actor)
  const command = { idempotencyKey, source, sourceId, note }
  const body = { revenueId, amount, occurredAt, source, sourceId, note }
  return giveBack(actor, { ...command, revenueId, bodyHash: commandHashOf('refund', body), topic: 'revenue.refunded' },
    (target, { restMinor, isReversed }) => {
      if (target.kind !== 'RECOGNIZED') {
        throw new Refusal(ErrorCode.INVALID, 'Only recognized revenue is refunded: name the fact itself.', ['revenueId'])
      }
      if (isReversed) throw new Refusal(ErrorCode.ALREADY_REVERSED, 'This revenue was taken back: nothing is left.',
        ['revenueId'])
      const amountMinor = amount === null ? restMinor : minorFrom({ amount, currency: target.currency }, 'amount')
      if (amountMinor instanceof Refusal) throw amountMinor
      const tooMuch = refusalForRefund(amountMinor, restMinor, target.currency)
      if (tooMuch) throw tooMuch
      const at = occurredAt ?? actor.now
      const counting = countingFor(zone, at.getTime(), actor.now.getTime())
      return { kind: 'REFUND', amountMinor: -amountMinor, occurredAt: at, ...counting }
    })
}

/**
 * Takes a fact back that was wrong, a recognized one with what is left of it or a refund, and returns the reversal's id; emits
 * `revenue.reversed`. It counts in the periods of what it takes back while they are open, else in the open ones.
 * @throws Refusal INVALID | NOT_FOUND | FORBIDDEN | ALREADY_REVERSED | IDEMPOTENCY_CONFLICT
 */
export async function reverseRevenue(actor: Actor, { revenueId, idempotencyKey, note = null }: ReversalInput): Promise<Returned> {
  const refusal = refusalForKey(idempotencyKey) ?? refusalForText(note, 'note', LIMITS.noteLengthMax)
  if (refusal) throw refusal
  const zone = await zoneOf(actor)
  const command = { idempotencyKey, source: null, sourceId: null, note }
  return giveBack(actor,
    { ...command, revenueId, bodyHash: commandHashOf('reverse', { revenueId, note }), topic: 'revenue.reversed' },
    (target, { restMinor, isReversed, isOriginalReversed }) => {
      if (isReversed) throw new Refusal(ErrorCode.ALREADY_REVERSED, 'This fact was taken back already.', ['revenueId'])
      if (isOriginalReversed) {
        throw new Refusal(ErrorCode.ALREADY_REVERSED, 'The revenue of this refund was taken back: nothing is left.',
          ['revenueId'])
      }
      const amountMinor = target.kind === 'RECOGNIZED' ? -restMinor : -BigInt(target.amountMinor)
      return { kind: 'REVERSAL', amountMinor, occurredAt: actor.now, ...recountingFor(zone, target, actor.now.getTime()) }
    })
}

interface Giving {
  revenueId: string; idempotencyKey: string; bodyHash: Buffer; source: string | null; sourceId: string | null; note: string | null
  topic: 'revenue.refunded' | 'revenue.reversed'
}

async function giveBack(actor: Actor, giving: Giving, draft: (target: Target, locked: Locked) => Draft): Promise<Returned> {
  const { tenantId } = actor
  const { revenueId, topic, source, sourceId, bodyHash } = giving
  const zone = await zoneOf(actor)
  const target = await findTarget(actor, revenueId)
  if (target.kind === 'REVERSAL') {
    throw new Refusal(ErrorCode.INVALID, 'A reversal stands: record the fact anew instead.', ['revenueId'])
  }
  const rootId = target.originalId ?? target.id
  return retried(() => inTenantBatch(actor, async batch => {
    const { locked, known } = await lock(batch, actor, giving, target, rootId)
    const recorder = recorderOf(actor, known.leads)
    if (!mayFor(recorder, target.teamId)) {
      throw new Refusal(ErrorCode.FORBIDDEN, 'A manager gives back revenue of their teams; finance and admins any.',
        ['revenueId'])
    }
    const fact = source === null ? null : [...known.sources.values()][0] ?? null
    const repeat = repeatFor({ key: known.keys.get(giving.idempotencyKey) ?? null, source: fact }, bodyHash)
    if (repeat?.kind === 'REFUSED') throw repeat.refusal
    if (repeat && repeat.kind !== 'NEW') {
      return { revenueId: repeat.revenueId, duplicate: repeat.kind === 'DUPLICATE', idempotencyHit: repeat.kind === 'HIT',
        mark: null }
    }
    const drafted = draft(target, locked)
    const tooLarge = refusalForSize(
      recorder, drafted.amountMinor, target.currency, drafted.kind === 'REFUND' ? 'amount' : 'revenueId')
    if (tooLarge) throw tooLarge
    const { client, deal, ownerId, teamId, departmentId, currency, recurrence } = target
    const added: NewFact = {
      ...giving, source, sourceId, revenueId: newId(actor.now), originalId: target.id, client, deal, ownerId, teamId,
        departmentId,
      currency, recurrence, occurredDay: localDay(zone, drafted.occurredAt.getTime()).day, ...drafted,
    }
    describeCommand(actor, { subject: `revenue:${target.id}`, forUserId: ownerId, afterHash: bodyHash })
    const answers = await batch.last([
      ...insertStatements(actor, [added]),
      {
        name: 'revenue_rest_move',
        text: 'update revenue_rest set rest_minor = rest_minor + $3::bigint where tenant_id = $1 and revenue_id = $2',
        values: [tenantId, rootId, String(added.amountMinor)],
      },
      emitStatement(tenantId, topic, { revenue: packRevenue([added]) }),
    ])
    return { revenueId: added.revenueId, duplicate: false, idempotencyHit: false, mark: answers.at(-1)![0]!.mark as number }
  }))
}

/** Locks what is left of the root, then reads: every statement after the lock sees what earlier commands on it did. */
async function lock(batch: Batch, actor: Actor, { idempotencyKey, source, sourceId }: Giving, target: Target, rootId: string) {
  const { tenantId } = actor
  const sources = source === null ? [] : [{ source, sourceId: sourceId! }]
  const [rests, reversals, ...decides] = await batch.run([
    {
      name: 'revenue_rest_lock',
      text: `select rest_minor::text as "restMinor" from revenue_rest where tenant_id = $1 and revenue_id = $2 for update`,
      values: [tenantId, rootId],
    },
    {
      name: 'revenue_reversals',
      text: `select original_id as id from revenue_fact
             where tenant_id = $1 and kind = 'REVERSAL' and original_id = any($2::uuid[])`,
      values: [tenantId, [target.id, rootId]],
    },
    ...readStatements(actor, { keys: [idempotencyKey], ownerIds: [], sources }),
  ])
  const reversed = new Set(reversals!.map(({ id }) => id as string))
  const locked: Locked = {
    restMinor: BigInt(rests![0]!.restMinor as string), isReversed: reversed.has(target.id),
    isOriginalReversed: target.id !== rootId && reversed.has(rootId),
  }
  return { locked, known: knownFrom(decides) }
}

async function findTarget(actor: Actor, revenueId: string): Promise<Target> {
  const [target] = await inTenantOnce<Target>(actor, {
    name: 'revenue_target',
    text: `select id, kind, original_id as "originalId", amount_minor::text as "amountMinor", currency, recurrence, client, deal,
             owner_id as "ownerId", team_id as "teamId", department_id as "departmentId", day, week, month
           from revenue_fact where tenant_id = $1 and id = $2`,
    values: [actor.tenantId, revenueId],
  })
  if (!target) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such revenue.', ['revenueId'])
  return target
}
