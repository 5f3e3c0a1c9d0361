/** Reads of boosts and of what they added. */
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { boostKey, type BoostRow } from './boost.rules.ts'

const BOOST = `select id, name, multiplier_bp as "multiplierBp", rounding, activity_types as "activityTypes",
  starts_at as "startsAt", ends_at as "endsAt", canceled_at as "canceledAt" from boost`

/** The statement that answers the boosts whose window holds any instant of a range. */
export function boostsStatement(tenantId: string, from: Date, to: Date): Statement {
  return {
    name: 'boosts_during', text: `${BOOST} where tenant_id = $1 and starts_at <= $3 and ends_at > $2`,
    values: [tenantId, from, to],
  }
}

/** Boosts by id. */
export async function boostsById({ actor }: Pick<Context, 'actor'>, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<BoostRow>(actor, {
    name: 'boosts_by_id', text: `${BOOST} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}
registerNode('Boost', boostsById, 'boost.read')

/** Returns a page of boosts, newest first. */
export async function listBoosts(actor: Actor, first: number, after?: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('boosts', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<BoostRow>(actor, {
    text: `${BOOST} where tenant_id = $1 and id < $2::uuid order by id desc limit $3`, values: [actor.tenantId, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('boosts', [row.id]), after)
}

/** What boosts added to activities, by activity id; null where none did. */
export async function addedByActivity({ actor }: Pick<Context, 'actor'>, activityIds: readonly string[]) {
  const rows = await inTenantOnce<{ id: string; boostId: string; points: number }>(actor, {
    name: 'boosts_of_activities',
    text: `select wanted.id, b.id as "boostId", case when p.withdrawn_seq is null then e.points else 0 end as points
           from unnest($2::uuid[]) as wanted (id)
           join activity a on a.tenant_id = $1 and a.id = wanted.id
           join boost b on b.tenant_id = $1 and b.starts_at <= a.occurred_at
           join point_award p on p.tenant_id = $1 and p.key = 'boost:' || b.id || ':' || wanted.id
           join point_entry e on e.tenant_id = $1 and e.user_id = p.user_id and e.seq = p.entry_seq`,
    values: [actor.tenantId, activityIds],
  })
  return inOrder(activityIds, rows)
}

/** Returns the keys under which any of these boosts may have paid for an activity. */
export const keysOf = (boosts: readonly BoostRow[], activityIds: readonly string[]): string[] =>
  activityIds.flatMap(activityId => boosts.map(({ id }) => boostKey(id, activityId)))
