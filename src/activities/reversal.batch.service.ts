/**
 * Takes back many activities in one commit, by a list or by what their idempotency keys begin with; each is decided by itself,
 * and one that cannot be taken back leaves the others alone (UX-02).
 */
import { createHash } from 'node:crypto'
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { derivedId, newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce, retried, senderOf, type Statement } from '../platform/tenancy.ts'
import { packChanges, type PointChange } from '../points/change.rules.ts'
import { balanceLock, balanceUpdate, entryInsert, entryNumbers, type NewEntry } from '../points/entry.service.ts'
import { recountingFor } from '../points/period.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import { refusalForKey, refusalForText } from './activity.rules.ts'

/** Which activities, one of the two: a list of uuids, or the beginning of their idempotency keys and whose these are. */
export interface Selection { activityIds: readonly string[] | null; keyPrefix: string | null; senderId: string | null }

/** What became of one activity. */
export interface TakenBack { activityId: string; refusal: Refusal | null }

/** `hasMore` says that more keys begin so than one command takes; `mark` is null when nothing was written. */
export interface ManyTakenBack { items: TakenBack[]; hasMore: boolean; idempotencyHit: boolean; mark: number | null }

interface Found {
  id: string; userId: string; points: number; teamId: string | null; departmentId: string | null; type: string
  day: string; week: string; month: string; isReversed: boolean
}

/**
 * Takes the activities back and returns what became of each, in order; one event `activity.reversed` tells of all. The same key
 * and input again writes nothing and answers how the activities stand.
 * @throws Refusal INVALID | OUT_OF_RANGE | FORBIDDEN | IDEMPOTENCY_CONFLICT
 */
export async function reverseActivities(
  actor: Actor, selection: Selection, { idempotencyKey, reason }: { idempotencyKey: string; reason: string | null },
): Promise<ManyTakenBack> {
  const { tenantId } = actor
  const refusal = refusalForKey(idempotencyKey) ?? refusalForText(reason, 'reason', LIMITS.noteLengthMax)
    ?? refusalForSelection(actor, selection)
  if (refusal) throw refusal
  const zone = await zoneOf(actor)
  const { ids, hasMore } = await selected(actor, selection)
  const bodyHash = createHash('sha256')
    .update(JSON.stringify(['reverse many', selection.activityIds ?? [selection.keyPrefix, selection.senderId], reason])).digest()
  const owners = await inTenantOnce<{ userId: string }>(actor, {
    name: 'reverse_many_owners',
    text: 'select distinct user_id as "userId" from activity where tenant_id = $1 and id = any($2::uuid[])',
    values: [tenantId, ids],
  })
  return retried(() => inTenantBatch(actor, async batch => {
    const [locked, keys, found, led, numbered] = await batch.run(
      readStatements(actor, ids, owners.map(({ userId }) => userId), idempotencyKey))
    if (keys!.length) {
      if (!bodyHash.equals(keys![0]!.bodyHash as Buffer)) throw conflict()
      return { items: ids.map(activityId => ({ activityId, refusal: null })), hasMore, idempotencyHit: true, mark: null }
    }
    const leads = new Set(led!.map(({ id }) => id as string))
    const byId = new Map((found as unknown as Found[]).map(row => [row.id, row]))
    const items = ids.map(activityId => ({ activityId, refusal: refusalForOne(actor, leads, byId.get(activityId)) }))
    const accepted = items.filter(({ refusal: why }) => !why).map(({ activityId }) => byId.get(activityId)!)
    if (!accepted.length) return { items, hasMore, idempotencyHit: false, mark: null }
    const totals = new Map(locked!.map(row => [row.userId as string, row.points as number]))
    const entries = entriesFor(actor, zone, accepted, totals, String(numbered![0]!.numbers).split(' ').map(Number))
    const [only] = new Set(accepted.map(({ userId }) => userId))
    describeCommand(actor, {
      subject: `activity:${accepted[0]!.id}`, afterHash: bodyHash,
      forUserId: accepted.every(({ userId }) => userId === only) ? only! : null,
    })
    const answers = await batch.last(writeStatements(actor, entries, { idempotencyKey, bodyHash, reason }))
    return { items, hasMore, idempotencyHit: false, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

const conflict = () => new Refusal(
  ErrorCode.IDEMPOTENCY_CONFLICT, 'This idempotencyKey was used for another command: send a new key, or the same input again.',
  ['idempotencyKey'])

function refusalForSelection({ role, ...actor }: Actor, { activityIds, keyPrefix, senderId }: Selection): Refusal | null {
  if ((activityIds === null) === (keyPrefix === null)) {
    return new Refusal(ErrorCode.INVALID, 'Name activityIds or keyPrefix, one of the two.', ['activityIds'])
  }
  if (activityIds && (!activityIds.length || activityIds.length > LIMITS.batchItemsMax)) {
    return new Refusal(
      ErrorCode.OUT_OF_RANGE, `activityIds must hold 1 to ${LIMITS.batchItemsMax} ids.`, ['activityIds'])
  }
  if (keyPrefix !== null && (!isPlainText(keyPrefix, LIMITS.idempotencyKeyMax, 4) || !/^[\x21-\x7e]+$/.test(keyPrefix))) {
    return new Refusal(
      ErrorCode.INVALID, `keyPrefix must have 4 to ${LIMITS.idempotencyKeyMax} visible ASCII characters.`, ['keyPrefix'])
  }
  if (senderId && senderId !== senderOf({ ...actor }) && role !== 'ADMIN') {
    return new Refusal(ErrorCode.FORBIDDEN, 'Keys of others are an admin\'s to name: leave sentBy out.', ['sentBy'])
  }
  return null
}

async function selected(
  actor: Actor, { activityIds, keyPrefix, senderId }: Selection,
): Promise<{ ids: string[]; hasMore: boolean }> {
  if (activityIds) return { ids: [...new Set(activityIds)], hasMore: false }
  // Those taken back are passed over, so that a next call gets on.
  const rows = await inTenantOnce<{ id: string }>(actor, {
    text: `select a.id from command_key k
           join activity a on a.tenant_id = k.tenant_id and a.id = k.result_id
           where k.tenant_id = $1 and k.actor_id = $2 and starts_with(k.key, $3)
             and not exists (select 1 from activity_reversal r where r.tenant_id = a.tenant_id and r.activity_id = a.id)
           order by a.id limit $4`,
    values: [actor.tenantId, senderId ?? senderOf(actor), keyPrefix, LIMITS.batchItemsMax + 1],
  })
  return { ids: rows.slice(0, LIMITS.batchItemsMax).map(({ id }) => id), hasMore: rows.length > LIMITS.batchItemsMax }
}

/** Everything that decides: the locked balances, the key, the activities with their entries and reversals, led teams, numbers. */
function readStatements(actor: Actor, ids: readonly string[], userIds: readonly string[], idempotencyKey: string): Statement[] {
  const { tenantId } = actor
  const senderId = senderOf(actor)
  return [
    balanceLock(tenantId, userIds),
    {
      name: 'reverse_key',
      text: 'select body_hash as "bodyHash" from command_key where tenant_id = $1 and actor_id = $2 and key = $3',
      values: [tenantId, senderId, idempotencyKey],
    },
    {
      name: 'reverse_many',
      text: `select a.id, a.user_id as "userId", e.points, e.team_id as "teamId", e.department_id as "departmentId",
               t.key as type, e.day, e.week, e.month, r.activity_id is not null as "isReversed"
             from activity a
             join activity_type t on t.tenant_id = a.tenant_id and t.id = a.type_id
             join point_entry e on e.tenant_id = a.tenant_id and e.user_id = a.user_id and e.seq = a.entry_seq
             left join activity_reversal r on r.tenant_id = a.tenant_id and r.activity_id = a.id
             where a.tenant_id = $1 and a.id = any($2::uuid[])`,
      values: [tenantId, ids],
    },
    teamsLedBy(tenantId, [senderId]),
    entryNumbers(Math.max(ids.length, 1)),
  ]
}

function refusalForOne({ role }: Actor, leads: ReadonlySet<string>, found: Found | undefined): Refusal | null {
  if (!found) return new Refusal(ErrorCode.NOT_FOUND, 'There is no such activity.', ['activityIds'])
  const isLed = role === 'MANAGER' && found.teamId !== null && leads.has(found.teamId)
  if (role !== 'ADMIN' && !isLed) {
    return new Refusal(ErrorCode.FORBIDDEN, 'A manager takes back activities of their teams, an admin any.', ['activityIds'])
  }
  return found.isReversed
    ? new Refusal(ErrorCode.ALREADY_REVERSED, 'This activity was taken back already.', ['activityIds']) : null
}

function entriesFor(
  { tenantId, now }: Actor, zone: string, accepted: readonly Found[], totals: Map<string, number>, numbers: readonly number[],
): (NewEntry & { change: PointChange })[] {
  return accepted.map((found, at) => {
    const { id: activityId, userId, teamId, departmentId, type } = found
    const { isCorrection, ...periods } = recountingFor(zone, found, now.getTime())
    const points = -found.points || 0 // Never −0.
    const total = totals.get(userId)! + points
    totals.set(userId, total)
    const change = { activityId, userId, teamId, departmentId, type, points, seq: numbers[at]!, total, ...periods }
    return { id: derivedId(tenantId, 'reversal', activityId), change, isCorrection, recordedAt: now }
  })
}

/** Everything that is written, the event last. */
function writeStatements(
  actor: Actor, entries: readonly NewEntry[],
  { idempotencyKey, bodyHash, reason }: { idempotencyKey: string; bodyHash: Buffer; reason: string | null },
): Statement[] {
  const { tenantId, userId, now } = actor
  const changes = entries.map(({ change }) => change)
  return [
    {
      name: 'reverse_key_insert',
      text: 'insert into command_key (tenant_id, actor_id, key, body_hash, result_id) values ($1, $2, $3, $4, $5)',
      values: [tenantId, senderOf(actor), idempotencyKey, bodyHash, newId(now)],
    },
    {
      name: 'reverse_many_insert',
      text: `insert into activity_reversal (tenant_id, activity_id, entry_seq, reason, reversed_by, reversed_at)
             select $1, t.id, t.seq, $4, $5, $6 from unnest($2::uuid[], $3::bigint[]) as t (id, seq)`,
      values: [tenantId, changes.map(({ activityId }) => activityId), changes.map(({ seq }) => seq), reason, userId, now],
    },
    entryInsert(tenantId, entries, 'REVERSAL'),
    balanceUpdate(tenantId, changes),
    emitStatement(tenantId, 'activity.reversed', { changes: packChanges(changes) }),
  ]
}
