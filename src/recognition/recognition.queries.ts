/** Reads of recognition: one statement each, batched by the request's loaders. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { localDay, periodRange } from '../platform/time.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { type Figures, FIGURES, leftOf, type ReactionName, REACTIONS } from './recognition.rules.ts'

/** A recognition's row as reads return it. */
export interface RecognitionRow {
  [column: string]: unknown
  id: string; giverId: string; receiverId: string; points: number; message: string; givenAt: Date; withdrawnAt: Date | null
}

/** One version of the figures; the template's is version 0. */
export interface SettingRow extends Figures { [column: string]: unknown; version: number; effectiveFrom: string | null }

/** Reactions of one kind to a recognition. */
export interface ReactionRow { [column: string]: unknown; recognitionId: string; kind: ReactionName; count: number }

/** What recognitions are read as; `r` is the recognition. */
export const RECOGNITION = `select r.id, r.giver_id as "giverId", r.receiver_id as "receiverId", r.points, r.message,
  r.given_at as "givenAt", w.withdrawn_at as "withdrawnAt" from recognition r
  left join recognition_withdrawal w on w.tenant_id = r.tenant_id and w.recognition_id = r.id`

/** Recognitions by id. */
export async function recognitionsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<RecognitionRow>(actor, {
    name: 'recognitions_by_id', text: `${RECOGNITION} where r.tenant_id = $1 and r.id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  }))
}
registerNode('Recognition', recognitionsById, 'recognition.read')

const NEWEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const PARTY = { GIVEN: 'giver_id', RECEIVED: 'receiver_id' } as const

/** Returns a page of recognitions, newest first: all, or what a person gave or received. */
export async function listRecognitions(
  actor: Actor, first: number, after: string | null, of?: { userId: string; side: keyof typeof PARTY },
) {
  const size = pageSize(first)
  const list = of ? listOf(`recognitions ${of.side}`, of.userId) : 'recognitions'
  const [id] = after ? decodeCursor(list, after, ['uuid']) : [NEWEST]
  const rows = await inTenantOnce<RecognitionRow>(actor, {
    name: `recognitions_${of?.side ?? 'all'}`,
    text: `${RECOGNITION} where r.tenant_id = $1 and r.id < $2::uuid ${of ? `and r.${PARTY[of.side]} = $4` : ''}
      order by r.id desc limit $3`,
    values: [actor.tenantId, id, size + 1, ...of ? [of.userId] : []],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.id]), after)
}

const KINDS = Object.keys(REACTIONS) as ReactionName[]

/** Reactions by recognition, in the order of their kinds; kinds that nobody chose are left out. */
export async function reactionsByRecognition({ actor }: Context, ids: readonly string[]): Promise<ReactionRow[][]> {
  const rows = await inTenantOnce<ReactionRow>(actor, {
    name: 'reactions_by_recognition',
    text: `select recognition_id as "recognitionId", kind, count(*)::int as count from recognition_reaction
           where tenant_id = $1 and recognition_id = any($2::uuid[]) group by 1, 2`,
    values: [actor.tenantId, ids],
  })
  const byRecognition = Map.groupBy(rows, ({ recognitionId }) => recognitionId)
  return ids.map(id =>
    (byRecognition.get(id) ?? []).sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind)))
}

/** The kinds by which the viewer has reacted, by recognition. */
export async function ownReactions({ actor }: Context, ids: readonly string[]): Promise<Set<string>[]> {
  const rows = await inTenantOnce<{ recognitionId: string; kind: string }>(actor, {
    name: 'own_reactions',
    text: `select recognition_id as "recognitionId", kind from recognition_reaction
           where tenant_id = $1 and recognition_id = any($2::uuid[]) and user_id = $3`,
    values: [actor.tenantId, ids, actor.userId],
  })
  const byRecognition = Map.groupBy(rows, ({ recognitionId }) => recognitionId)
  return ids.map(id => new Set(byRecognition.get(id)?.map(({ kind }) => kind)))
}

const SETTING = `select version, effective_from::text as "effectiveFrom", allowance_points as "allowancePoints",
  ring_points as "ringPoints" from recognition_setting`
const TEMPLATE: SettingRow = { version: 0, effectiveFrom: null, ...FIGURES }

/** The statement that answers the figures of a local day, none while the template's hold. */
export function settingStatement(tenantId: string, day: string): Statement {
  return {
    name: 'recognition_setting',
    text: `${SETTING} where tenant_id = $1 and effective_from <= $2::date order by effective_from desc, version desc limit 1`,
    values: [tenantId, day],
  }
}

/** Returns the figures that its rows hold. */
export const settingFrom = (rows: readonly object[]): SettingRow => rows[0] as SettingRow | undefined ?? TEMPLATE

/** Returns the newest versions of the figures, at most 100, and the template's last. */
export async function listSettings(actor: Actor): Promise<SettingRow[]> {
  const rows = await inTenantOnce<SettingRow>(actor, {
    text: `${SETTING} where tenant_id = $1 order by version desc limit ${LIMITS.recognitionSettingsMax - 1}`,
    values: [actor.tenantId],
  })
  return [...rows, TEMPLATE]
}

/** Returns what a person may still give in the week of `actor.now`. */
export async function allowanceOf(actor: Actor, userId: string) {
  const { tenantId, now } = actor
  const timeZone = await zoneOf(actor)
  const { day, week } = localDay(timeZone, now.getTime())
  const [settings, [spent]] = await Promise.all([
    inTenantOnce(actor, settingStatement(tenantId, day)),
    inTenantOnce<{ givenPoints: number }>(actor, {
      name: 'recognition_spent', values: [tenantId, userId, week],
      text: `select given_points as "givenPoints" from recognition_week
             where tenant_id = $1 and user_id = $2 and week = $3::date`,
    }),
  ])
  const { allowancePoints } = settingFrom(settings)
  const givenPoints = spent?.givenPoints ?? 0
  return {
    allowancePoints, givenPoints, leftPoints: leftOf({ allowancePoints, givenPoints }), week, timeZone,
    resetsAt: new Date(periodRange('WEEKLY', timeZone, week).endMs),
  }
}
