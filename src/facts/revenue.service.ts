/** The only writer of recognized revenue: in one transaction the facts, their keys, what is left of them, and one event. */
import { hash } from 'node:crypto'
import { teamAt } from '../activities/activity.rules.ts'
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId, uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { minorFrom, type MoneyInput } from '../platform/money.shapes.ts'
import { emitStatement } from '../platform/outbox.ts'
import { amountMaxFor, decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantBatch, retried } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { countingFor } from '../points/period.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { packRevenue } from './change.rules.ts'
import {
  type Owner, type Recorder, refusalForRevenue, type RevenueItem, type RevenueVerdict, verdictForRevenue,
} from './revenue.rules.ts'
import { insertStatements, type NewFact, readStatements, restInsert } from './revenue.sql.ts'

/** One revenue fact as a client sends it; `ownerId` is a wire id, absent for the sender, null for nobody. */
export interface RevenueInput {
  amount: MoneyInput; idempotencyKey: string; recurrence?: string | null; ownerId?: string | null
  client?: string | null; deal?: string | null; occurredAt?: Date | null
  source?: string | null; sourceId?: string | null; note?: string | null
}

/** What became of one item: a new fact, an earlier one, or a refusal. */
export type RevenueRecording =
  { kind: 'NEW' | 'HIT' | 'DUPLICATE'; revenueId: string } | { kind: 'REFUSED'; refusal: Refusal }

/**
 * Records up to 1,000 revenue facts in one transaction and returns what became of each, in order, with the event's mark. Emits
 * one
 * `revenue.recorded` with all new ones. A refused item writes nothing and leaves the others alone.
 * @throws Refusal OUT_OF_RANGE for an empty or too long list
 */
export async function recordRevenue(
  actor: Actor, inputs: readonly RevenueInput[],
): Promise<{ recordings: RevenueRecording[]; mark: number | null }> {
  if (!inputs.length || inputs.length > LIMITS.batchItemsMax) {
    const sentence = `items must hold 1 to ${LIMITS.batchItemsMax} facts; this call has ${inputs.length}.`
    throw new Refusal(ErrorCode.OUT_OF_RANGE, sentence, ['items'])
  }
  const checked = inputs.map(input => itemFor(actor, input))
  const items = checked.filter((item): item is RevenueItem => !(item instanceof Refusal))
  const { recordings, mark } = items.length ? await recordItems(actor, items) : { recordings: [], mark: null }
  let next = 0
  return {
    mark, recordings: checked.map(item => item instanceof Refusal ? { kind: 'REFUSED', refusal: item } : recordings[next++]!),
  }
}

function itemFor(actor: Actor, input: RevenueInput): RevenueItem | Refusal {
  const amountMinor = minorFrom(input.amount, 'amount')
  if (amountMinor instanceof Refusal) return amountMinor
  const ownerId = input.ownerId === undefined ? actor.userId : input.ownerId && uuidOf('User', input.ownerId)
  if (input.ownerId && !ownerId) return new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['ownerId'])
  const item = {
    idempotencyKey: input.idempotencyKey, ownerId: ownerId || null, amountMinor, currency: input.amount.currency,
    recurrence: input.recurrence ?? 'ONE_OFF', client: input.client ?? null, deal: input.deal ?? null,
    occurredAt: input.occurredAt ?? null, source: input.source ?? null, sourceId: input.sourceId ?? null, note: input.note
      ?? null,
  }
  const { idempotencyKey: _, ...body } = item
  return refusalForRevenue(item, actor.now) ?? { ...item, bodyHash: commandHashOf('record', body) }
}

/** Returns what tells one body from another under the same key: what was given, by name, so that later fields may join. */
export function commandHashOf(verb: string, body: Record<string, unknown>): Buffer {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]).sort(([one], [other]) => one! < other!
      ? -1 : 1)
  return hash('sha256', JSON.stringify([verb, ...given]), 'buffer')
}

async function recordItems(actor: Actor, items: readonly RevenueItem[]) {
  const zone = await zoneOf(actor)
  const sources = items.flatMap(({ source, sourceId }) => source === null ? [] : [{ source, sourceId: sourceId! }])
  const asking = {
    keys: items.map(({ idempotencyKey }) => idempotencyKey), sources,
    ownerIds: [...new Set(items.flatMap(({ ownerId }) => ownerId ?? []))],
  }
  // A key or source fact taken by another between the read and the write fails the insert; the next try sees it.
  return retried(() => inTenantBatch(actor, async batch => {
    const known = knownFrom(await batch.run(readStatements(actor, asking)))
    const { recordings, fresh } = decide(actor, zone, items, known)
    if (!fresh.length) return { recordings, mark: null }
    describeCommand(actor, {
      subject: `revenue:${fresh[0]!.revenueId}`, forUserId: fresh.length === 1 ? fresh[0]!.ownerId : null,
      afterHash: hashOfAll(fresh.map(({ bodyHash }) => bodyHash)),
    })
    const answers = await batch.last([
      ...insertStatements(actor, fresh), restInsert(actor.tenantId, fresh),
      emitStatement(actor.tenantId, 'revenue.recorded', { revenue: packRevenue(fresh) }),
    ])
    return { recordings, mark: answers.at(-1)![0]!.mark as number }
  }))
}

interface Known {
  keys: Map<string, { bodyHash: Buffer; revenueId: string }>; owners: Map<string, Owner>; sources: Map<string, string>
  leads: ReadonlySet<string>
}

const sourceKey = (source: string, sourceId: string) => JSON.stringify([source, sourceId])

/** Returns what `readStatements` answered, by what it is asked for. */
export function knownFrom([owners, teams, sources, keys, led]: Record<string, unknown>[][]): Known {
  const known: Known = {
    keys: new Map(keys!.map(row => [row.key as string, row as unknown as { bodyHash: Buffer; revenueId: string }])),
    owners: new Map(owners!.map(row => [row.id as string, { isActive: row.isActive as boolean, teams: [] }])),
    sources: new Map(sources!.map(row => [sourceKey(row.source as string, row.sourceId as string), row.id as string])),
    leads: new Set(led!.map(({ id }) => id as string)),
  }
  for (const row of teams!) known.owners.get(row.userId as string)?.teams.push(row as unknown as Owner['teams'][number])
  return known
}

/** Returns how far the actor's right to record revenue reaches. */
export function recorderOf(actor: Actor, leads: ReadonlySet<string>): Recorder {
  return {
    reach: decisionFor(actor, 'revenue.record').reach ?? 'NONE', leads, amountMax: amountMaxFor(actor, 'revenue.record'),
  }
}

function decide(actor: Actor, zone: string, items: readonly RevenueItem[], known: Known) {
  const { now } = actor
  const recorder = recorderOf(actor, known.leads)
  const recordings: RevenueRecording[] = []
  const fresh: NewFact[] = []
  for (const item of items) {
    const owner = item.ownerId === null ? undefined : known.owners.get(item.ownerId)
    const fact = item.source === null ? null : sourceKey(item.source, item.sourceId!)
    const verdict: RevenueVerdict = verdictForRevenue(
      item, { key: known.keys.get(item.idempotencyKey) ?? null, source: fact && (known.sources.get(fact) ?? null) }, owner,
      recorder, owner ? teamAt(owner, now)?.teamId ?? null : null)
    if (verdict.kind !== 'NEW') {
      recordings.push(verdict)
      continue
    }
    const occurredAt = item.occurredAt ?? now
    const team = owner ? teamAt(owner, occurredAt) : null
    const revenueId = newId(now)
    fresh.push({
      ...item, kind: 'RECOGNIZED', revenueId, originalId: null, teamId: team?.teamId ?? null,
      departmentId: team?.departmentId ?? null, occurredAt, occurredDay: localDay(zone, occurredAt.getTime()).day,
      ...countingFor(zone, occurredAt.getTime(), now.getTime()),
    })
    // The same key or fact again within one batch meets this one.
    known.keys.set(item.idempotencyKey, { bodyHash: item.bodyHash, revenueId })
    if (fact) known.sources.set(fact, revenueId)
    recordings.push({ kind: 'NEW', revenueId })
  }
  return { recordings, fresh }
}
