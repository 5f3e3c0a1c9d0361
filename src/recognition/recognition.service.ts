/** The only writer of recognitions, their reactions and figures: one transaction moves the points and announces them. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, retried, type Statement } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { commandHashOf } from '../facts/revenue.service.ts'
import { awardPoints } from '../points/award.service.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { settingFrom, settingStatement, type SettingRow } from './recognition.queries.ts'
import {
  AWARD_TYPE, awardKeyOf, type Figures, type Gift, type GiftWish, type ReactionName, refusalForFigures, refusalForGift,
  refusalForWish,
} from './recognition.rules.ts'

/** What a `recognition.given` says. */
export interface RecognitionGiven {
  recognitionId: string; giverId: string; receiverId: string; teamId: string | null; points: number; message: string; at: string
}

const isPersonal = 'Recognition is between people: sign in as one.'

/** Returns who asks. @throws Refusal FORBIDDEN for keys and the house */
function personOf({ userId }: Actor): string {
  if (!userId) throw new Refusal(ErrorCode.FORBIDDEN, isPersonal)
  return userId
}

/**
 * Gives points of the actor's weekly allowance to a colleague and returns the recognition's id with the commit's mark; emits
 * `points.granted` and `recognition.given`. The receiver gets the points; the giver loses allowance only.
 * @throws Refusal INVALID | OUT_OF_RANGE | FORBIDDEN | NOT_FOUND | SELF_AWARD | ALLOWANCE_SPENT | IDEMPOTENCY_CONFLICT
 */
export async function giveRecognition(
  actor: Actor, input: GiftWish,
): Promise<{ recognitionId: string; idempotencyHit: boolean; mark: number | null }> {
  const { tenantId, now } = actor
  const giverId = personOf(actor)
  const wish = { ...input, message: input.message.trim() }
  const malformed = refusalForWish(wish)
  if (malformed) throw malformed
  const { receiverId, points, message, idempotencyKey } = wish
  const { day, week } = localDay(await zoneOf(actor), now.getTime())
  const bodyHash = commandHashOf(AWARD_TYPE, { receiverId, points, message })
  return retried(() => inTenantBatch(actor, async batch => {
    const { key, teamId, ...around } = await lockWeek(batch, { tenantId, giverId, receiverId, idempotencyKey, day, week })
    if (key) {
      if (key.bodyHash.equals(bodyHash)) return { recognitionId: key.recognitionId, idempotencyHit: true, mark: null }
      throw new Refusal(ErrorCode.IDEMPOTENCY_CONFLICT,
        'This idempotencyKey was used for another command: send a new key, or the same input again.', ['idempotencyKey'])
    }
    const refusal = refusalForGift({ giverId, receiverId, points, ...around })
    if (refusal) throw refusal
    const recognitionId = newId(now)
    const award = { key: awardKeyOf(recognitionId), userId: receiverId, points, type: AWARD_TYPE, occurredAt: now }
    const paid = await awardPoints(batch, actor, [award])
    describeCommand(actor, { subject: `recognition:${recognitionId}`, forUserId: receiverId, afterHash: bodyHash })
    const given: RecognitionGiven = { recognitionId, giverId, receiverId, teamId, points, message, at: now.toISOString() }
    const answers = await batch.last([
      {
        name: 'recognition_key', values: [tenantId, giverId, idempotencyKey, bodyHash, recognitionId],
        text: 'insert into command_key (tenant_id, actor_id, key, body_hash, result_id) values ($1, $2, $3, $4, $5)',
      },
      {
        name: 'recognition_insert', values: [tenantId, recognitionId, giverId, receiverId, points, message, now],
        text: `insert into recognition (tenant_id, id, giver_id, receiver_id, points, message, given_at)
               values ($1, $2, $3, $4, $5, $6, $7)`,
      },
      {
        name: 'recognition_spend', values: [tenantId, giverId, week, points],
        text: `update recognition_week set given_points = given_points + $4
               where tenant_id = $1 and user_id = $2 and week = $3::date`,
      },
      ...paid, emitStatement(tenantId, 'recognition.given', given),
    ])
    return { recognitionId, idempotencyHit: false, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

interface Asked { tenantId: string; giverId: string; receiverId: string; idempotencyKey: string; day: string; week: string }
type Around = Pick<Gift, 'receiver' | 'allowancePoints' | 'givenPoints'> & {
  key: { bodyHash: Buffer; recognitionId: string } | null; teamId: string | null
}

/** Locks the giver's week, so that two gifts at once cannot both spend the last points; then reads all that decides. */
async function lockWeek(batch: Batch, { tenantId, giverId, receiverId, idempotencyKey, day, week }: Asked): Promise<Around> {
  const [weeks, keys, people, settings] = await batch.run([
    {
      name: 'recognition_lock', values: [tenantId, giverId, week],
      text: `insert into recognition_week (tenant_id, user_id, week, given_points) values ($1, $2, $3::date, 0)
             on conflict (tenant_id, user_id, week) do update set given_points = recognition_week.given_points
             returning given_points as "givenPoints"`,
    },
    {
      name: 'recognition_known_key', values: [tenantId, giverId, idempotencyKey],
      text: `select body_hash as "bodyHash", result_id as "recognitionId" from command_key
             where tenant_id = $1 and actor_id = $2 and key = $3`,
    },
    {
      name: 'recognition_receiver', values: [tenantId, receiverId],
      text: `select u.kind, u.deactivated_at is null as "isActive", m.team_id as "teamId" from users u
             left join team_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id and m.is_primary is not false
               and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now())
             where u.tenant_id = $1 and u.id = $2`,
    },
    settingStatement(tenantId, day),
  ])
  const receiver = people![0] as { kind: string; isActive: boolean; teamId: string | null } | undefined
  return {
    key: keys![0] as Around['key'] | undefined ?? null, receiver: receiver ?? null, teamId: receiver?.teamId ?? null,
    allowancePoints: settingFrom(settings!).allowancePoints, givenPoints: weeks![0]!.givenPoints as number,
  }
}

/**
 * Adds the actor's reaction of a kind to a recognition, or takes it back, and returns the commit's mark; emits
 * `recognition.reacted`. One that stands so already is left alone: the mark is null.
 * @throws Refusal FORBIDDEN | NOT_FOUND
 */
export async function reactTo(
  actor: Actor, { recognitionId, kind, isOn }: { recognitionId: string; kind: ReactionName; isOn: boolean },
): Promise<{ mark: number | null }> {
  const { tenantId, now } = actor
  const userId = personOf(actor)
  const change: Statement = isOn
    ? {
      name: 'recognition_react', values: [tenantId, recognitionId, userId, kind, now],
      text: `insert into recognition_reaction (tenant_id, recognition_id, user_id, kind, reacted_at)
             select $1, id, $3, $4, $5 from recognition where tenant_id = $1 and id = $2
             on conflict (tenant_id, recognition_id, user_id, kind) do nothing returning kind`,
    }
    : {
      name: 'recognition_unreact', values: [tenantId, recognitionId, userId, kind],
      text: `delete from recognition_reaction where tenant_id = $1 and recognition_id = $2 and user_id = $3 and kind = $4
             returning kind`,
    }
  return inTenantBatch(actor, async batch => {
    const [known, changed] = await batch.run([
      {
        name: 'recognition_known', text: 'select 1 from recognition where tenant_id = $1 and id = $2',
        values: [tenantId, recognitionId],
      }, change,
    ])
    if (!known!.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such recognition.', ['recognitionId'])
    if (!changed!.length) return { mark: null }
    const said = { recognitionId, userId, kind, isOn }
    describeCommand(actor, { subject: `recognition:${recognitionId}`, afterHash: hashOfAll([JSON.stringify(said)]) })
    const [emitted] = await batch.last([emitStatement(tenantId, 'recognition.reacted', said)])
    return { mark: Number(emitted![0]!.mark) }
  })
}

/**
 * Sets the figures from a local day on and returns them as a new version with the commit's mark; what is absent stays as it is on
 * that day. Emits `recognition_setting.revised`.
 * @throws Refusal OUT_OF_RANGE | INVALID
 */
export async function reviseSetting(
  actor: Actor, wish: { [Figure in keyof Figures]?: number | null } & { effectiveFrom?: string | null },
): Promise<{ setting: SettingRow; mark: number }> {
  const { tenantId, userId, now } = actor
  if (wish.allowancePoints == null && wish.ringPoints == null) {
    throw new Refusal(ErrorCode.INVALID, 'Nothing would change: name allowancePoints or ringPoints.')
  }
  const { day: today } = localDay(await zoneOf(actor), now.getTime())
  const effectiveFrom = wish.effectiveFrom ?? today
  return inTenantBatch(actor, async batch => {
    const [, before, [newest]] = await batch.run([
      // Two revisions at once take turns at the tenant, so that versions follow one another.
      { name: 'recognition_turn', text: 'select 1 from tenant where tenant_id = $1 for no key update', values: [tenantId] },
      settingStatement(tenantId, effectiveFrom),
      {
        name: 'recognition_newest', values: [tenantId],
        text: 'select coalesce(max(version), 0) as version from recognition_setting where tenant_id = $1',
      },
    ]) as [object[], object[], { version: number }[]]
    const current = settingFrom(before)
    const setting: SettingRow = {
      version: newest!.version + 1, effectiveFrom, allowancePoints: wish.allowancePoints ?? current.allowancePoints,
      ringPoints: wish.ringPoints ?? current.ringPoints,
    }
    const { version, allowancePoints, ringPoints } = setting
    const refusal = refusalForFigures({ allowancePoints, ringPoints, effectiveFrom }, today)
    if (refusal) throw refusal
    describeCommand(actor, {
      subject: `recognition_setting:${version}`, beforeHash: hashOfAll([JSON.stringify(current)]),
      afterHash: hashOfAll([JSON.stringify(setting)]),
    })
    const answers = await batch.last([
      {
        name: 'recognition_setting_insert',
        values: [tenantId, version, effectiveFrom, allowancePoints, ringPoints, userId, now],
        text: `insert into recognition_setting (tenant_id, version, effective_from, allowance_points, ring_points, set_by, set_at)
               values ($1, $2, $3::date, $4, $5, $6, $7)`,
      },
      emitStatement(tenantId, 'recognition_setting.revised', { version, effectiveFrom }),
    ])
    return { setting, mark: Number(answers.at(-1)![0]!.mark) }
  })
}
