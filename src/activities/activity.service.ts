/**
 * The only writer of activities: in one transaction an activity, its point entry, the balance and the event, once for
 * each key and source fact.
 */
import { newId } from '../platform/ids.ts'
import { type Actor, type Batch, inTenantBatch, retried } from '../platform/tenancy.ts'
import type { Refusal } from '../platform/errors.ts'
import { countingFor } from '../points/period.rules.ts'
import type { EntryRow } from '../points/point.queries.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import {
  type ActivityItem, type Recorded, refusalForRecorder, teamAt, type TypeVersion, type Verdict, verdictFor,
} from './activity.rules.ts'
import { type NewActivity, readStatements, writeStatements } from './activity.sql.ts'

/** A new activity as the payload shows it without another read. */
export interface ActivityRow {
  [column: string]: unknown
  id: string; typeId: string; userId: string; quantity: number; occurredAt: Date; recordedAt: Date
  source: string | null; sourceId: string | null; note: string | null; entrySeq: number; reversalSeq: number | null
  reversedAt: Date | null
}

/** What became of one item: a new activity with its type and entry, the id of an earlier one, or a refusal. */
export type Recording =
  | { kind: 'NEW'; activity: ActivityRow; type: TypeVersion; entry: EntryRow }
  | { kind: 'HIT' | 'DUPLICATE'; activityId: string }
  | { kind: 'REFUSED'; refusal: Refusal }

interface Known {
  users: Map<string, Recorded>; keys: Map<string, { bodyHash: Buffer; activityId: string }>; sources: Map<string, string>
  types: Map<string, TypeVersion[]>; seqs: number[]; leads: Set<string>
}

/**
 * Records up to 1,000 activities in one transaction and returns what became of each, in order, with the commit's mark (null when
 * nothing was new). Emits one `activity.recorded` with all new ones. A refused item writes nothing and leaves the others alone.
 */
export async function recordActivities(
  actor: Actor, items: readonly ActivityItem[],
): Promise<{ recordings: Recording[]; mark: number | null }> {
  const zone = await zoneOf(actor)
  // A key taken by another command between the read and the write fails the insert; the next try sees it.
  return retried(() => inTenantBatch(actor, async batch => {
    const known = await readKnown(actor, batch, items)
    const { recordings, fresh } = decide(actor, zone, items, known)
    if (!fresh.length) {
      await batch.last([])
      return { recordings, mark: null }
    }
    const answers = await batch.last(writeStatements(actor.tenantId, actor.userId, fresh, actor.now))
    return { recordings, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

async function readKnown(actor: Actor, batch: Batch, items: readonly ActivityItem[]): Promise<Known> {
  const [points, teams, keys, sources, types, seqs, led] = await batch.run(readStatements(actor.tenantId, actor.userId, items))
  const users = new Map(points!.map(row => [row.userId as string, { ...row, teams: [] } as unknown as Recorded]))
  for (const row of teams!) users.get(row.userId as string)?.teams.push(row as Recorded['teams'][number])
  return {
    users,
    keys: new Map(keys!.map(row => [row.key as string, {
      bodyHash: row.bodyHash as Buffer, activityId: row.activityId as string,
    }])),
    sources: new Map(sources!.map(row => [sourceKey(row as SourceFact), row.activityId as string])),
    types: Map.groupBy(types as TypeVersion[], ({ key }) => key),
    seqs: seqs!.map(row => row.seq as number),
    leads: new Set(led!.map(row => row.id as string)),
  }
}

interface SourceFact { source: string | null; sourceId: string | null; userId: string; activityType: string }
const sourceKey = ({ source, sourceId, userId, activityType }: SourceFact) =>
  JSON.stringify([source, sourceId, userId, activityType])

function decide(actor: Actor, zone: string, items: readonly ActivityItem[], known: Known) {
  const { now } = actor
  const recorder = { userId: actor.userId, role: actor.role, leads: known.leads }
  const recordings: Recording[] = []
  const fresh: NewActivity[] = []
  for (const [at, item] of items.entries()) {
    const user = known.users.get(item.userId)
    const fact = item.source === null ? null : sourceKey(item)
    const forbidden = refusalForRecorder(recorder, item.userId, user, now)
    const earlier = { key: known.keys.get(item.idempotencyKey) ?? null, source: fact && (known.sources.get(fact) ?? null) }
    const verdict: Verdict = forbidden
      ? { kind: 'REFUSED', refusal: forbidden }
      : verdictFor(item, earlier, user, known.types.get(item.activityType) ?? [], now)
    if (verdict.kind !== 'NEW') {
      recordings.push(verdict)
      continue
    }
    const { type, points, occurredAt } = verdict
    const id = newId(now)
    const team = teamAt(user!, occurredAt)
    user!.points += points // The next item of the same user in this batch starts from here.
    const { isCorrection, ...periods } = countingFor(zone, occurredAt.getTime(), now.getTime())
    const change = {
      activityId: id, userId: item.userId, teamId: team?.teamId ?? null, departmentId: team?.departmentId ?? null,
      type: type.key, points, seq: known.seqs[at]!, total: user!.points, ...periods,
    }
    fresh.push({ id, item, typeId: type.id, occurredAt, change, isCorrection })
    // The same key or fact again within one batch meets this one.
    known.keys.set(item.idempotencyKey, { bodyHash: item.bodyHash, activityId: id })
    if (fact) known.sources.set(fact, id)
    recordings.push({
      kind: 'NEW', type, entry: { id, points, reason: 'ACTIVITY', isCorrection, recordedAt: now },
      activity: rowOf(item, id, type.id, occurredAt, change.seq, now),
    })
  }
  return { recordings, fresh }
}

function rowOf(
  { userId, quantity, source, sourceId, note }: ActivityItem, id: string, typeId: string, occurredAt: Date,
  entrySeq: number, now: Date,
): ActivityRow {
  return {
    id, typeId, userId, quantity, occurredAt, recordedAt: now, source, sourceId, note, entrySeq, reversalSeq: null,
    reversedAt: null,
  }
}
