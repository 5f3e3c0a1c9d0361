/** The only writer of flagged rings: a reaction raises them, somebody who is no part of the ring decides, once. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { firstIdOf, newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, type Batch, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { refusalForText } from '../activities/activity.rules.ts'
import { withdrawAwards } from '../points/award.service.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { ledAmong } from './flag.queries.ts'
import { settingFrom, settingStatement } from './recognition.queries.ts'
import { awardKeyOf } from './recognition.rules.ts'
import type { RecognitionGiven } from './recognition.service.ts'
import { bias, type Judge, RING_DAYS, type RingGift, ringKeyOf, ringsThrough, seesFlag } from './ring.rules.ts'

/** Hears of each gift, in order, and flags the rings that it closes. */
export const ringReaction: Reaction = {
  name: 'rings',
  hears: topic => topic === 'recognition.given',
  gatherMs: 200, // Nobody waits for a flag.
  eventsAtOnce: 100,
  react: (actor, batch, events) => flagRings(actor, batch, events),
}

async function flagRings(actor: Actor, batch: Batch, events: readonly LogEvent[]): Promise<Statement[]> {
  const { tenantId, now } = actor
  const given = events.map(({ payload }) => payload as RecognitionGiven)
  const zone = await zoneOf(actor)
  const atMs = given.map(({ at }) => Date.parse(at))
  const days = [...new Set(atMs.map(ms => localDay(zone, ms).day))]
  const [open, gifts, settled, ...settings] = await batch.run([
    ...readStatements(tenantId, given, new Date(Math.min(...atMs) - RING_DAYS * 86_400_000)),
    ...days.map(day => settingStatement(tenantId, day)),
  ]) as [{ id: string; userIds: string[] }[], RingGift[], { userIds: string[]; giftId: string }[], ...object[][]]
  const settledGifts = new Set(settled.map(({ userIds, giftId }) => `${ringKeyOf(userIds)} ${giftId}`))
  const flags = new Map(open.map(({ id, userIds }) =>
    [ringKeyOf(userIds), { id, userIds, isNew: false, giftIds: new Set<string>() }]))
  for (const { recognitionId, giverId, receiverId, points, at } of given) {
    const day = localDay(zone, Date.parse(at)).day
    const { ringPoints } = settingFrom(settings[days.indexOf(day)]!)
    const gift = { id: recognitionId, giverId, receiverId, points, atMs: Date.parse(at) }
    if (!gifts.some(({ id }) => id === recognitionId)) continue // Taken back meanwhile.
    for (const { userIds, giftIds } of ringsThrough(gift, gifts, ringPoints, (ring, id) => settledGifts.has(`${ring} ${id}`))) {
      const key = ringKeyOf(userIds)
      const flag = flags.get(key) ?? { id: newId(now), userIds, isNew: true, giftIds: new Set<string>() }
      for (const id of giftIds) flag.giftIds.add(id)
      flags.set(key, flag)
    }
  }
  const raised = [...flags.values()].filter(({ giftIds }) => giftIds.size)
  const fresh = raised.filter(({ isNew }) => isNew)
  return [
    ...fresh.map(({ id, userIds }): Statement => ({
      name: 'flag_raise', values: [tenantId, id, userIds, now],
      text: `insert into recognition_flag (tenant_id, id, user_ids, state, raised_at) values ($1, $2, $3::uuid[], 'OPEN', $4)`,
    })),
    ...raised.map(({ id, giftIds }): Statement => ({
      name: 'flag_gifts', values: [tenantId, id, [...giftIds]],
      text: `insert into recognition_flag_gift (tenant_id, flag_id, recognition_id)
             select $1, $2, * from unnest($3::uuid[]) on conflict do nothing`,
    })),
    ...fresh.map(({ id, userIds }) => emitStatement(tenantId, 'recognition_flag.raised', { flagId: id, userIds })),
  ]
}

/** Locks the open flags of these people, so that none is decided on meanwhile; then their gifts, and what was decided. */
function readStatements(tenantId: string, given: readonly RecognitionGiven[], since: Date): Statement[] {
  const givers = [...new Set(given.map(({ giverId }) => giverId))]
  const everybody = [...new Set([...givers, ...given.map(({ receiverId }) => receiverId)])]
  const around = `select r.id, r.giver_id as "giverId", r.receiver_id as "receiverId", r.points,
      (extract(epoch from r.given_at) * 1000)::float8 as "atMs" from recognition r
    where r.tenant_id = $1 and r.id > $2::uuid and r.%s = any(%l::uuid[]) and not exists (select 1 from recognition_withdrawal w
      where w.tenant_id = r.tenant_id and w.recognition_id = r.id)`
  const gifts = `${around.replace('%s', 'giver_id').replace('%l', '$3')}
    union ${around.replace('%s', 'receiver_id').replace('%l', '$4')}`
  const values = [tenantId, firstIdOf(since), everybody, givers]
  return [
    {
      name: 'flags_open', values: [tenantId, everybody],
      text: `select id, user_ids as "userIds" from recognition_flag
             where tenant_id = $1 and state = 'OPEN' and user_ids && $2::uuid[] order by id for update`,
    },
    { name: 'ring_gifts', text: gifts, values },
    {
      name: 'ring_settled', values,
      text: `select f.user_ids as "userIds", g.recognition_id as "giftId" from (${gifts}) own
             join recognition_flag_gift g on g.tenant_id = $1 and g.recognition_id = own.id
             join recognition_flag f on f.tenant_id = g.tenant_id and f.id = g.flag_id where f.state <> 'OPEN'`,
    },
  ]
}

/** A decision as asked for. */
export interface DecisionWish { flagId: string; decision: 'CLEARED' | 'WITHDRAWN'; note?: string | null }

/**
 * Decides on a flagged ring and returns the commit's mark; emits `recognition_flag.decided`, and `points.withdrawn` when points
 * are taken back. The same decision by the same person again answers as the first did, with no mark.
 * @throws Refusal INVALID | NOT_FOUND | FORBIDDEN | ALREADY_DECIDED
 */
export async function decideFlag(
  actor: Actor, { flagId, decision, note = null }: DecisionWish,
): Promise<{ mark: number | null }> {
  const { tenantId, userId, now } = actor
  const malformed = refusalForText(note, 'note', LIMITS.noteLengthMax)
  if (malformed) throw malformed
  const refused = (code: ErrorCode, message: string) => new Refusal(code, message, ['flagId'])
  return inTenantBatch(actor, async batch => {
    const { flag, ledIds, giftIds } = await lockFlag(batch, actor, flagId)
    const judge: Judge = {
      userId, ledIds, reach: decisionFor(actor, 'recognition.decide').reach === 'TENANT' ? 'TENANT' : 'TEAM',
    }
    if (!flag || !seesFlag(judge, flag.userIds)) throw refused(ErrorCode.NOT_FOUND, 'There is no such flag.')
    const reason = bias(judge, flag.userIds)
    if (reason) throw refused(ErrorCode.FORBIDDEN, reason)
    if (flag.state !== 'OPEN') {
      if (flag.state === decision && flag.decidedById === userId) return { mark: null }
      throw refused(ErrorCode.ALREADY_DECIDED, 'Somebody has decided on this already.')
    }
    const isBack = decision === 'WITHDRAWN'
    const points = isBack ? await withdrawAwards(batch, actor, giftIds.map(awardKeyOf)) : []
    const said = { flagId, decision, recognitionIds: isBack ? giftIds : [] }
    describeCommand(actor, { subject: `recognition_flag:${flagId}`, afterHash: hashOfAll([JSON.stringify(said)]) })
    const answers = await batch.last([
      {
        name: 'flag_decide', values: [tenantId, flagId, decision, userId, now, note?.trim() || null],
        text: `update recognition_flag set state = $3, decided_by = $4, decided_at = $5, note = $6
               where tenant_id = $1 and id = $2`,
      },
      ...isBack
        ? [{
          name: 'flag_withdraw', values: [tenantId, flagId, giftIds, now],
          text: `insert into recognition_withdrawal (tenant_id, flag_id, recognition_id, withdrawn_at)
                 select $1, $2, gift, $4 from unnest($3::uuid[]) gift on conflict (tenant_id, recognition_id) do nothing`,
        }]
        : [],
      ...points, emitStatement(tenantId, 'recognition_flag.decided', said),
    ])
    return { mark: Number(answers.at(-1)![0]!.mark) }
  })
}

interface LockedFlag { userIds: string[]; state: string; decidedById: string | null }

/** Locks a flag, and reads whom of its ring the actor leads and which of its gifts still stand. */
async function lockFlag(batch: Batch, { tenantId, userId }: Actor, flagId: string) {
  const [flags] = await batch.run([{
    name: 'flag_lock', values: [tenantId, flagId],
    text: `select user_ids as "userIds", state, decided_by as "decidedById" from recognition_flag
           where tenant_id = $1 and id = $2 for update`,
  }])
  const flag = flags![0] as LockedFlag | undefined
  const [led, gifts] = await batch.run([
    ledAmong(tenantId, userId, flag?.userIds ?? []),
    {
      name: 'flag_standing', values: [tenantId, flagId],
      text: `select recognition_id as id from recognition_flag_gift g where tenant_id = $1 and flag_id = $2
             and not exists (select 1 from recognition_withdrawal w
               where w.tenant_id = g.tenant_id and w.recognition_id = g.recognition_id) order by 1`,
    },
  ])
  return {
    flag, ledIds: new Set(led!.map(({ user_id: id }) => id as string)), giftIds: gifts!.map(({ id }) => id as string),
  }
}
