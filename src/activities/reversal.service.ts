/**
 * The only writer of reversals: an activity is taken back once, by a point entry of the opposite sign; nothing is ever
 * deleted.
 */
import { createHash } from 'node:crypto'
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { derivedId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce, retried, senderOf, type Statement } from '../platform/tenancy.ts'
import { packChanges, type PointChange } from '../points/change.rules.ts'
import { entryInsert } from '../points/entry.service.ts'
import { recountingFor } from '../points/period.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import { refusalForKey, refusalForText } from './activity.rules.ts'

interface Reversible {
  [column: string]: unknown
  userId: string; entrySeq: number; points: number; teamId: string | null; departmentId: string | null; type: string; day: string
  week: string; month: string
}

/**
 * Takes an activity's points back and returns the commit's mark; `idempotencyHit` when the same key did it before. Emits
 * `activity.reversed`. The change counts in the periods where the activity counted while they are open, else in the open ones.
 * @throws Refusal INVALID | NOT_FOUND | FORBIDDEN | ALREADY_REVERSED | IDEMPOTENCY_CONFLICT
 */
export async function reverseActivity(
  actor: Actor,
  { activityId, idempotencyKey, reason }: { activityId: string; idempotencyKey: string; reason: string | null },
) {
  const { tenantId, now } = actor
  const actorId = senderOf(actor)
  const refusal = refusalForKey(idempotencyKey) ?? refusalForText(reason, 'reason', LIMITS.noteLengthMax)
  if (refusal) throw refusal
  const zone = await zoneOf(actor)
  const bodyHash = createHash('sha256').update(JSON.stringify(['reverse', activityId, reason])).digest()
  const found = await findReversible(actor, activityId)
  return retried(() => inTenantBatch(actor, async batch => {
    const [balances, keys, reversals, seqs, led] = await batch.run(
      readStatements(tenantId, actorId, { activityId, idempotencyKey, userId: found.userId }))
    const leads = actor.role === 'MANAGER' && led!.some(({ id }) => id === found.teamId)
    if (actor.role !== 'ADMIN' && !leads) {
      throw new Refusal(ErrorCode.FORBIDDEN, 'A manager takes back activities of their teams, an admin any.', ['activityId'])
    }
    if (keys!.length) {
      if (!bodyHash.equals(keys![0]!.bodyHash as Buffer)) {
        throw new Refusal(
          ErrorCode.IDEMPOTENCY_CONFLICT,
          'This idempotencyKey was used for another command: send a new key, or the same input again.', ['idempotencyKey'])
      }
      return { idempotencyHit: true, mark: null }
    }
    if (reversals!.length) throw new Refusal(ErrorCode.ALREADY_REVERSED, 'This activity was taken back already.', ['activityId'])

    const { isCorrection, ...periods } = recountingFor(zone, found, now.getTime())
    const seq = seqs![0]!.seq as number
    const points = -found.points || 0 // Never −0.
    const total = (balances![0]!.points as number) + points
    const change = {
      activityId, userId: found.userId, teamId: found.teamId, departmentId: found.departmentId, type: found.type, points,
      seq, total, ...periods,
    }
    describeCommand(actor, { subject: `activity:${activityId}`, forUserId: found.userId, afterHash: bodyHash })
    const answers = await batch.last([
      {
        name: 'reverse_key_insert',
        text: 'insert into command_key (tenant_id, actor_id, key, body_hash, result_id) values ($1, $2, $3, $4, $5)',
        values: [tenantId, actorId, idempotencyKey, bodyHash, activityId],
      },
      ...writeStatements(actor, change, isCorrection, reason),
    ])
    return { idempotencyHit: false, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

async function findReversible(actor: Actor, activityId: string): Promise<Reversible> {
  const [found] = await inTenantOnce<Reversible>(actor, {
    name: 'reversible',
    text: `select a.user_id as "userId", a.entry_seq as "entrySeq", e.points, e.team_id as "teamId",
             e.department_id as "departmentId", t.key as type, e.day, e.week, e.month
           from activity a join activity_type t on t.tenant_id = a.tenant_id and t.id = a.type_id
           join point_entry e on e.tenant_id = a.tenant_id and e.user_id = a.user_id and e.seq = a.entry_seq
           where a.tenant_id = $1 and a.id = $2`,
    values: [actor.tenantId, activityId],
  })
  if (!found) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such activity.', ['activityId'])
  return found
}

/** Everything that decides, in this order: the locked balance, the key, an earlier reversal, a sequence number, led teams. */
function readStatements(
  tenantId: string, actorId: string,
  { activityId, idempotencyKey, userId }: { activityId: string; idempotencyKey: string; userId: string },
): Statement[] {
  return [
    {
      name: 'reverse_lock', text: 'select points from user_points where tenant_id = $1 and user_id = $2 for update',
      values: [tenantId, userId],
    },
    {
      name: 'reverse_key',
      text: 'select body_hash as "bodyHash" from command_key where tenant_id = $1 and actor_id = $2 and key = $3',
      values: [tenantId, actorId, idempotencyKey],
    },
    {
      name: 'reverse_earlier', text: 'select 1 from activity_reversal where tenant_id = $1 and activity_id = $2',
      values: [tenantId, activityId],
    },
    { name: 'reverse_seq', text: `select nextval('point_entry_seq') as seq` },
    teamsLedBy(tenantId, [actorId]),
  ]
}

/** Everything that is written, the event last. */
function writeStatements(
  { tenantId, userId, now }: Actor, change: PointChange & { activityId: string }, isCorrection: boolean, reason: string | null,
): Statement[] {
  const { activityId, points, seq, total } = change
  return [
    {
      name: 'reverse_insert',
      text: `insert into activity_reversal (tenant_id, activity_id, entry_seq, reason, reversed_by, reversed_at)
             values ($1, $2, $3, $4, $5, $6)`,
      values: [tenantId, activityId, seq, reason, userId, now],
    },
    entryInsert(
      tenantId, [{ id: derivedId(tenantId, 'reversal', activityId), change, isCorrection, recordedAt: now }], 'REVERSAL'),
    {
      name: 'reverse_balance',
      text: `update user_points set points = $3, last_seq = case when $5 then $4 else last_seq end
             where tenant_id = $1 and user_id = $2`,
      values: [tenantId, change.userId, total, seq, points !== 0],
    },
    emitStatement(tenantId, 'activity.reversed', { changes: packChanges([change]) }),
  ]
}
