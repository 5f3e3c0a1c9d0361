/** Reads of flagged rings, for those who may decide on them: managers for the people they lead, admins for all. */
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce, NOBODY, type Statement } from '../platform/tenancy.ts'
import { RECOGNITION, type RecognitionRow } from './recognition.queries.ts'
import type { FlagState } from './recognition.entity.ts'

/** A flag's row as reads return it. */
export interface FlagRow {
  [column: string]: unknown
  id: string; userIds: string[]; state: string; points: number; raisedAt: Date; decidedById: string | null; decidedAt: Date | null
  note: string | null
}

const FLAG = `select f.id, f.user_ids as "userIds", f.state, f.raised_at as "raisedAt", f.decided_by as "decidedById",
  f.decided_at as "decidedAt", f.note, (select sum(r.points)::int from recognition_flag_gift g
    join recognition r on r.tenant_id = g.tenant_id and r.id = g.recognition_id
    where g.tenant_id = f.tenant_id and g.flag_id = f.id) as points from recognition_flag f`

// The people in teams that a person leads, or in a department that they head; $2 is the person.
const LED = `select m.user_id from team_membership m join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
  left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
  where m.tenant_id = $1 and m.is_primary is not false and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now())
    and (t.lead_id = $2::uuid or d.head_id = $2::uuid)`
const SEEN = `($3::boolean or f.user_ids && array(${LED}))`

/** The statement that answers which of these people somebody leads. */
export function ledAmong(tenantId: string, leadId: string | null, userIds: readonly string[]): Statement {
  return {
    name: 'recognition_led', text: `${LED} and m.user_id = any($3::uuid[])`, values: [tenantId, leadId ?? NOBODY, userIds],
  }
}

const readerOf = (actor: Actor) =>
  [actor.tenantId, actor.userId ?? NOBODY, decisionFor(actor, 'recognition.review').reach === 'TENANT']

/** Flags by id; those that the reader's right does not reach do not exist. */
export async function flagsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<FlagRow>(actor, {
    name: 'flags_by_id', text: `${FLAG} where f.tenant_id = $1 and f.id = any($4::uuid[]) and ${SEEN}`,
    values: [...readerOf(actor), ids],
  }))
}
registerNode('RecognitionFlag', flagsById, 'recognition.review')

/** Returns a page of the flags that the reader may see, newest first, of one state when named. */
export async function listFlags(actor: Actor, first: number, after: string | null, state: FlagState | null) {
  const size = pageSize(first)
  const list = `recognition flags ${state ?? ''}`
  const [id] = after ? decodeCursor(list, after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<FlagRow>(actor, {
    name: 'flags', values: [...readerOf(actor), id, state, size + 1],
    text: `${FLAG} where f.tenant_id = $1 and ${SEEN} and f.id < $4::uuid and ($5::text is null or f.state = $5)
      order by f.id desc limit $6`,
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.id]), after)
}

/** The gifts of flags, by flag: the newest 100 of each. */
export async function giftsByFlag({ actor }: Context, ids: readonly string[]): Promise<RecognitionRow[][]> {
  const rows = await inTenantOnce<RecognitionRow & { flagId: string }>(actor, {
    name: 'gifts_by_flag', values: [actor.tenantId, ids],
    text: `select own.*, wanted.id as "flagId" from unnest($2::uuid[]) wanted (id) cross join lateral (
             ${RECOGNITION} join recognition_flag_gift g on g.tenant_id = r.tenant_id and g.recognition_id = r.id
             where r.tenant_id = $1 and g.flag_id = wanted.id order by r.id desc limit ${LIMITS.recognitionFlagGiftsMax}) own`,
  })
  const byFlag = Map.groupBy(rows, ({ flagId }) => flagId)
  return ids.map(id => byFlag.get(id) ?? [])
}
