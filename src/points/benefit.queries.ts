/** Reads of benefits; of people whom the reader's right does not reach there are none. */
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { LIMITS } from '../platform/limits.ts'
import { reachedBy } from '../users/user.queries.ts'

/** A benefit's row as reads return it. */
export interface BenefitRow {
  [column: string]: unknown; id: string; userId: string; benefit: string; source: string; state: string; entitledAt: Date
}

const BENEFIT = `select b.id, b.user_id as "userId", b.benefit, b.source, b.state, b.entitled_at as "entitledAt",
  b.decided_at as "decidedAt" from user_benefit b`

/** Benefits by id. */
export async function benefitsById({ actor }: Context, ids: readonly string[]) {
  const rows = await inTenantOnce<BenefitRow>(actor, {
    name: 'benefits_by_id', text: `${BENEFIT} where b.tenant_id = $1 and b.id = any($2::uuid[])`, values: [actor.tenantId, ids],
  })
  const reached = await reachedBy(actor, 'benefit.read', rows.map(({ userId }) => userId))
  return inOrder(ids, rows.filter(({ userId }) => reached.has(userId)))
}
registerNode('Benefit', benefitsById, 'benefit.read')

/** The benefits of each person, those of levels first, at most 100; none of those whom the reader's right does not reach. */
export async function benefitsByUser({ actor }: Context, userIds: readonly string[]): Promise<BenefitRow[][]> {
  const reached = await reachedBy(actor, 'benefit.read', userIds)
  const rows = reached.size === 0 ? [] : await inTenantOnce<BenefitRow>(actor, {
    name: 'benefits_by_user',
    text: `${BENEFIT} where b.tenant_id = $1 and b.user_id = any($2::uuid[])
      order by b.level_number, b.source, b.benefit`,
    values: [actor.tenantId, [...reached]],
  })
  const byUser = Map.groupBy(rows, ({ userId }) => userId)
  return userIds.map(id => byUser.get(id)?.slice(0, LIMITS.benefitsShownMax) ?? [])
}

/** Returns a page of the benefits that wait, of people whom the reader's right reaches, the longest waiting first. */
export async function listPending(actor: Actor, first: number, after: string | null) {
  const size = pageSize(first)
  const [since, id] = after ? decodeCursor('benefits', after, ['number', 'uuid']) : [0, null]
  const reach = await waitingFor(actor)
  const rows = await inTenantOnce<BenefitRow>(actor, {
    text: `${BENEFIT} where b.tenant_id = $1 and b.state = 'PENDING' and b.user_id = any($2::uuid[])
      and ($4::uuid is null or (b.entitled_at, b.id) > (to_timestamp($3::float8 / 1000), $4::uuid))
      order by b.entitled_at, b.id limit $5`,
    values: [actor.tenantId, reach, since, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('benefits', [row.entitledAt.getTime(), row.id]), after)
}

/** Returns whom the reader's right reaches among the people for whom something waits. */
async function waitingFor(actor: Actor): Promise<string[]> {
  const rows = await inTenantOnce<{ id: string }>(actor, {
    text: `select distinct user_id as id from user_benefit where tenant_id = $1 and state = 'PENDING'`, values: [actor.tenantId],
  })
  return [...await reachedBy(actor, 'benefit.read', rows.map(({ id }) => id))]
}
