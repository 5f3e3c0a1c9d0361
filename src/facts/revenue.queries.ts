/** Reads of revenue: one statement each, batched by the request's loaders, as far as the reader's right reaches. */
import {
  type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode,
} from '../platform/graphql.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce, senderOf } from '../platform/tenancy.ts'

/** A fact's row as reads return it; amounts are minor units as text, `restMinor` of recognized facts only. */
export interface RevenueRow {
  [column: string]: unknown
  id: string; kind: string; originalId: string | null; amountMinor: string; currency: string; ownerId: string | null
  teamId: string | null; restMinor: string | null; reversedAt: Date | null
}

const REVENUE =
  `select f.id, f.kind, f.original_id as "originalId", f.amount_minor::text as "amountMinor", f.currency, f.recurrence,
  f.client, f.deal, f.owner_id as "ownerId", f.team_id as "teamId", f.occurred_at as "occurredAt", f.recorded_at as "recordedAt",
  f.is_correction as "isCorrection", f.source, f.source_id as "sourceId", f.note, r.rest_minor::text as "restMinor",
  v.recorded_at as "reversedAt"
  from revenue_fact f left join revenue_rest r on r.tenant_id = f.tenant_id and r.revenue_id = f.id
  left join revenue_fact v on v.tenant_id = f.tenant_id and v.original_id = f.id and v.kind = 'REVERSAL'`

// $2 is how far the reader's right reaches, $3 the reader.
const VISIBLE = `($2 = 'TENANT' or f.owner_id = $3::uuid or $2 = 'TEAM' and f.team_id in (
  select t.id from team t left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
  where t.tenant_id = $1 and (t.lead_id = $3::uuid or d.head_id = $3::uuid)))`

const readerOf = (actor: Actor) => [actor.tenantId, decisionFor(actor, 'revenue.read').reach, senderOf(actor)]

/** Revenue facts by id; what the reader's right does not reach does not exist. */
export async function revenueById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<RevenueRow>(actor, {
    name: 'revenue_by_id', text: `${REVENUE} where f.tenant_id = $1 and ${VISIBLE} and f.id = any($4::uuid[])`,
    values: [...readerOf(actor), ids],
  }))
}
registerNode('RevenueFact', revenueById, 'revenue.read')

/** Which facts are asked for; what is absent does not matter. */
export interface RevenueFilter {
  ownerId?: string | null; teamId?: string | null; client?: string | null; deal?: string | null; source?: string | null
  currency?: string | null; kind?: string | null; since?: Date | null; until?: Date | null
}

/** Returns a page of the facts that the reader may see, the last recorded first. */
export async function listRevenue(actor: Actor, first: number, after: string | null, filter: RevenueFilter) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('revenue', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const values: unknown[] = [...readerOf(actor), id, size + 1]
  const wanted = (column: string, value: unknown, operator = '=') =>
    value == null ? '' : ` and f.${column} ${operator} $${values.push(value)}`
  const { ownerId, teamId, client, deal, source, currency, kind, since, until } = filter
  const conditions = wanted('owner_id', ownerId) + wanted('team_id', teamId) + wanted('client', client) + wanted('deal', deal)
    + wanted('source', source) + wanted('currency', currency) + wanted('kind', kind) + wanted('occurred_at', since, '>=')
    + wanted('occurred_at', until, '<')
  const rows = await inTenantOnce<RevenueRow>(actor, {
    text: `${REVENUE} where f.tenant_id = $1 and ${VISIBLE} and f.id < $4::uuid${conditions} order by f.id desc limit $5`,
      values })
  return pageOf(rows, size, row => encodeCursor('revenue', [row.id]), after)
}
