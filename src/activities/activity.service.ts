/**
 * The only writer of activities: in one transaction an activity, its point entry, the balance and the event, once for
 * each key and source fact.
 */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { Gathering } from '../platform/gathering.ts'
import { newId } from '../platform/ids.ts'
import { type Actor, type Batch, inTenantBatch, retried, senderOf } from '../platform/tenancy.ts'
import type { Refusal } from '../platform/errors.ts'
import { countingFor } from '../points/period.rules.ts'
import type { EntryRow } from '../points/point.queries.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import {
  type ActivityItem, type Recorded as Person, refusalForRecorder, teamAt, type TypeVersion, type Verdict, verdictFor,
} from './activity.rules.ts'
import type { Attributes } from './attribute.rules.ts'
import {
  type Asked, type NewActivity, readStatements, type RecordCommand, writeStatements,
} from './activity.sql.ts'

/** A new activity as the payload shows it without another read. */
export interface ActivityRow {
  [column: string]: unknown
  id: string; typeId: string; userId: string; quantity: number; occurredAt: Date; recordedAt: Date
  source: string | null; sourceId: string | null; note: string | null; entrySeq: number; reversalSeq: number | null
  reversedAt: Date | null; attributes: Attributes | null
}

/** What became of one item: a new activity with its type and entry, the id of an earlier one, or a refusal. */
export type Recording =
  | { kind: 'NEW'; activity: ActivityRow; type: TypeVersion; entry: EntryRow }
  | { kind: 'HIT' | 'DUPLICATE'; activityId: string }
  | { kind: 'REFUSED'; refusal: Refusal }

/** What became of a command's items, in order; `mark` names its event, null when nothing was new. */
export interface Recorded { recordings: Recording[]; mark: number | null }

interface Known {
  people: Map<string, Person>; keys: Map<string, UsedKey>; sources: Map<string, string>
  types: Map<string, TypeVersion[]>; numbers: number[]; led: Map<string, Set<string>>
}

const gathering = new Gathering(recordTogether)

/**
 * Records up to 1,000 activities in one transaction and returns what became of each, in order, with the event's mark. Emits one
 * `activity.recorded` with all new ones. A refused item writes nothing and leaves the others alone. Commands that come while
 * others are being recorded share a transaction; each keeps its own event and mark.
 */
export function recordActivities(actor: Actor, items: readonly ActivityItem[]): Promise<Recorded> {
  return gathering.add({ actor, items })
}

async function recordTogether(commands: readonly RecordCommand[]): Promise<Recorded[]> {
  const { actor } = commands[0]!
  const zone = await zoneOf(actor)
  // A key taken by another node between the read and the write fails the insert; the next try sees it.
  // It carries the commands of others too, so no single request can stop it.
  const { tenantId, db } = actor
  return retried(() => inTenantBatch({ tenantId, db }, async batch => {
    const known = await readKnown(batch, commands)
    const decided = commands.map(command => decide(command, zone, known))
    const audited = commands.filter((_, at) => decided[at]!.fresh.length).flatMap(({ actor }) => actor.command ?? [])
    const fresh = decided.map(({ fresh }) => fresh).filter(({ length }) => length)
    const answers = await batch.last(fresh.length ? writeStatements(tenantId, fresh, audited) : [])
    for (const command of audited) command.isWritten = true
    const marks = answers.slice(answers.length - fresh.length)
    return decided.map(({ recordings, fresh }) => ({ recordings, mark: fresh.length ? Number(marks.shift()![0]!.mark) : null }))
  }))
}

async function readKnown(batch: Batch, commands: readonly RecordCommand[]): Promise<Known> {
  const statements = readStatements(commands)
  const answers = await batch.run(Object.values(statements))
  const answered = Object.fromEntries(Object.keys(statements).map((asked, at) => [asked, answers[at]]))
  const { people = [], teams = [], keys = [], types = [], numbers = [], sources = [], led = [] } = answered as Answers
  const known: Known = {
    people: new Map(people.map(row => [row.userId as string, { ...row, teams: [] } as unknown as Person])),
    keys: new Map(keys.map(row => [keyOf(row.actorId as string, row.key as string), row as unknown as UsedKey])),
    sources: new Map(sources.map(row => [sourceKey(row as SourceFact & Row), row.activityId as string])),
    types: Map.groupBy(types as TypeVersion[], ({ key }) => key),
    numbers: String(numbers[0]!.numbers).split(' ').map(Number),
    led: new Map(),
  }
  for (const row of teams) known.people.get(row.userId as string)?.teams.push(row as Person['teams'][number] & Row)
  for (const [leaderId, teams] of Map.groupBy(led, row => row.leaderId as string)) {
    known.led.set(leaderId, new Set(teams.map(({ id }) => id as string)))
  }
  return known
}

type Row = Record<string, unknown>
type Answers = Partial<Record<Asked, Row[]>>
interface UsedKey { bodyHash: Buffer; activityId: string }
interface SourceFact { source: string | null; sourceId: string | null; userId: string; activityType: string }
const sourceKey = ({ source, sourceId, userId, activityType }: SourceFact) =>
  JSON.stringify([source, sourceId, userId, activityType])
const keyOf = (senderId: string, key: string) => senderId + key

function decide({ actor, items }: RecordCommand, zone: string, known: Known) {
  const { now } = actor
  const senderId = senderOf(actor)
  const recorder = { userId: actor.userId, role: actor.role, leads: known.led.get(senderId) ?? new Set<string>() }
  const recordings: Recording[] = []
  const fresh: NewActivity[] = []
  for (const item of items) {
    const person = known.people.get(item.userId)
    const key = keyOf(senderId, item.idempotencyKey)
    const fact = item.source === null ? null : sourceKey(item)
    const forbidden = refusalForRecorder(recorder, item.userId, person, now)
    const earlier = { key: known.keys.get(key) ?? null, source: fact && (known.sources.get(fact) ?? null) }
    const verdict: Verdict = forbidden
      ? { kind: 'REFUSED', refusal: forbidden }
      : verdictFor(item, earlier, person, known.types.get(item.activityType) ?? [], now)
    if (verdict.kind !== 'NEW') {
      recordings.push(verdict)
      continue
    }
    const { type, points, occurredAt, attributes } = verdict
    const id = newId(now)
    const team = teamAt(person!, occurredAt)
    person!.points += points // The next item of the same person starts from here.
    const { isCorrection, ...periods } = countingFor(zone, occurredAt.getTime(), now.getTime())
    const change = {
      activityId: id, userId: item.userId, teamId: team?.teamId ?? null, departmentId: team?.departmentId ?? null,
      type: type.key, points, seq: known.numbers.shift()!, total: person!.points, ...periods,
    }
    const { id: typeId } = type
    fresh.push({
      id, item, typeId, occurredAt, recordedAt: now, recordedBy: actor.userId, senderId, change, isCorrection, attributes,
    })
    // The same key or fact again within one transaction meets this one.
    known.keys.set(key, { bodyHash: item.bodyHash, activityId: id })
    if (fact) known.sources.set(fact, id)
    recordings.push({
      kind: 'NEW', type, entry: { id, points, reason: 'ACTIVITY', isCorrection, recordedAt: now },
      activity: { ...rowOf(item, id, type.id, occurredAt, change.seq, now), attributes },
    })
  }
  if (fresh.length) {
    const { userId } = fresh[0]!.item
    describeCommand(actor, {
      subject: `activity:${fresh[0]!.id}`, forUserId: fresh.every(({ item }) => item.userId === userId) ? userId : null,
      afterHash: hashOfAll(fresh.map(({ item }) => item.bodyHash)),
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
    reversedAt: null, attributes: null,
  }
}
