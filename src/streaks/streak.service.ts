/** The only writer of what streaks are read with: zones, freezes, and whether a person wants a streak. */
import { createHash } from 'node:crypto'
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { derivedId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, retried, senderOf, type Statement } from '../platform/tenancy.ts'
import { isZone } from '../platform/time.ts'

/** What a person wants; absent fields stay. */
export interface StreakChange { userId: string; timeZone: string | null; isOff: boolean | null }

/**
 * Changes in which zone a person's days begin, from now on, or whether they have a streak, and returns the commit's mark. Emits
 * `streak.changed`. Days that are past stay as they were.
 * @throws Refusal INVALID | FORBIDDEN | NOT_FOUND
 */
export function changeStreak(actor: Actor, { userId, timeZone, isOff }: StreakChange): Promise<number> {
  const { tenantId, now } = actor
  if (userId !== actor.userId && actor.role !== 'ADMIN') {
    throw new Refusal(ErrorCode.FORBIDDEN, 'A streak is set up by its person or an admin.', ['userId'])
  }
  if (timeZone === null && isOff === null) throw new Refusal(ErrorCode.INVALID, 'Nothing would change: name timeZone or isOff.')
  if (timeZone !== null && !isZone(timeZone)) {
    throw new Refusal(ErrorCode.INVALID, 'timeZone must be an IANA zone such as "Europe/Berlin".', ['timeZone'])
  }
  return inTenantBatch(actor, async ({ run, last }) => {
    const [people] = await run([personStatement(tenantId, [userId])])
    if (!people!.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['userId'])
    describeCommand(actor, { subject: `streak:${userId}`, forUserId: userId })
    const writes: Statement[] = []
    if (timeZone !== null) {
      writes.push({
        text: `insert into streak_zone (tenant_id, user_id, starts_at, time_zone) values ($1, $2, $3, $4)
               on conflict (tenant_id, user_id, starts_at) do nothing`,
        values: [tenantId, userId, now, timeZone],
      })
    }
    if (isOff !== null) {
      writes.push({
        text: `insert into streak_preference (tenant_id, user_id, is_off) values ($1, $2, $3)
               on conflict (tenant_id, user_id) do update set is_off = excluded.is_off`,
        values: [tenantId, userId, isOff],
      })
    }
    const answers = await last([...writes, emitStatement(tenantId, 'streak.changed', { userId })])
    return Number(answers.at(-1)![0]!.mark)
  })
}

/** Freezes to grant, as many to each. */
export interface FreezeGrant { userIds: readonly string[]; count: number; reason: string; idempotencyKey: string }

/**
 * Grants freezes and returns the commit's mark, null when the same key did it before. Emits `streak.freezes_granted`.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND | IDEMPOTENCY_CONFLICT
 */
export function grantFreezes(actor: Actor, grant: FreezeGrant): Promise<number | null> {
  const { tenantId, userId: grantedBy, now } = actor
  const userIds = [...new Set(grant.userIds)].sort()
  const refusal = refusalForGrant({ ...grant, userIds })
  if (refusal) throw refusal
  const { count, reason, idempotencyKey } = grant
  const rows = userIds.flatMap(userId => Array.from({ length: count }, (_, at) => (
    { userId, id: derivedId(tenantId, `freeze:${senderOf(actor)}`, `${idempotencyKey}:${userId}:${at}`) })))
  const bodyHash = createHash('sha256').update(JSON.stringify(['freezes', userIds, count, reason])).digest()
  return retried(() => inTenantBatch(actor, async ({ run, last }) => {
    const [people, keys] = await run([
      personStatement(tenantId, userIds),
      {
        text: 'select body_hash as "bodyHash" from command_key where tenant_id = $1 and actor_id = $2 and key = $3',
        values: [tenantId, senderOf(actor), idempotencyKey],
      },
    ])
    if (people!.length < userIds.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['userIds'])
    if (keys!.length) {
      if (bodyHash.equals(keys![0]!.bodyHash as Buffer)) return null
      throw new Refusal(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        'This idempotencyKey was used for another command: send a new key, or the same input again.', ['idempotencyKey'])
    }
    describeCommand(actor, { subject: `streak_freeze:${rows[0]!.id}`, forUserId: userIds.length === 1 ? userIds[0]! : null })
    const answers = await last([
      {
        text: 'insert into command_key (tenant_id, actor_id, key, body_hash, result_id) values ($1, $2, $3, $4, $5)',
        values: [tenantId, senderOf(actor), idempotencyKey, bodyHash, rows[0]!.id],
      },
      {
        text: `insert into streak_freeze (tenant_id, id, user_id, reason, granted_by, granted_at)
               select $1, t.id, t.user_id, $4, $5, $6 from unnest($2::uuid[], $3::uuid[]) as t (id, user_id)`,
        values: [tenantId, rows.map(({ id }) => id), rows.map(({ userId }) => userId), reason, grantedBy, now],
      },
      emitStatement(tenantId, 'streak.freezes_granted', { userIds, count }),
    ])
    return Number(answers.at(-1)![0]!.mark)
  }))
}

/**
 * Takes a freeze back and returns the commit's mark; a day that it saved is missed then. Emits `streak.freeze_withdrawn`.
 * @throws Refusal NOT_FOUND
 */
export function withdrawFreeze(actor: Actor, freezeId: string): Promise<number> {
  const { tenantId, now } = actor
  return inTenantBatch(actor, async ({ run, last }) => {
    const [rows] = await run([{
      text: `update streak_freeze set withdrawn_at = $3 where tenant_id = $1 and id = $2 and withdrawn_at is null
             returning user_id as "userId"`,
      values: [tenantId, freezeId, now],
    }])
    const userId = rows![0]?.userId as string | undefined
    if (!userId) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such freeze.', ['freezeId'])
    describeCommand(actor, { subject: `streak_freeze:${freezeId}`, forUserId: userId })
    const answers = await last([emitStatement(tenantId, 'streak.freeze_withdrawn', { userId, freezeId })])
    return Number(answers.at(-1)![0]!.mark)
  })
}

const personStatement = (tenantId: string, userIds: readonly string[]): Statement =>
  ({ text: 'select id from users where tenant_id = $1 and id = any($2::uuid[])', values: [tenantId, userIds] })

function refusalForGrant({ userIds, count, reason, idempotencyKey }: FreezeGrant): Refusal | null {
  if (!userIds.length || userIds.length > LIMITS.pageMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `userIds must name 1 to ${LIMITS.pageMax} people.`, ['userIds'])
  }
  if (count < 1 || count > LIMITS.freezesAtOnceMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `count must be 1 to ${LIMITS.freezesAtOnceMax}.`, ['count'])
  }
  if (!isPlainText(reason, LIMITS.noteLengthMax, 1)) {
    return new Refusal(ErrorCode.INVALID, `reason must have 1 to ${LIMITS.noteLengthMax} characters.`, ['reason'])
  }
  const { idempotencyKeyMin: min, idempotencyKeyMax: max } = LIMITS
  if (idempotencyKey.length < min || idempotencyKey.length > max || !/^[\x21-\x7e]+$/.test(idempotencyKey)) {
    return new Refusal(
      ErrorCode.INVALID, `idempotencyKey must have ${min} to ${max} visible ASCII characters.`, ['idempotencyKey'])
  }
  return null
}
