/** Reads of endpoints and messages: lists for admins, and what the delivery of a lane needs. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'

/** An endpoint's row as reads return it. */
export interface EndpointRow {
  [column: string]: unknown
  id: string; url: string; description: string; topics: string[]; state: string; disabledReason: string | null
  previousUntil: Date | null; failingSince: Date | null; createdAt: Date
}

/** A message's row as reads return it. */
export interface MessageRow {
  [column: string]: unknown
  id: string; endpointId: string; seq: number; pos: number | null; topic: string; subject: string; payload: object; at: Date
  state: string; attemptCount: number; dueAt: Date | null; finishedAt: Date | null
}

/** An attempt's row as reads return it. */
export interface AttemptRow {
  [column: string]: unknown
  messageId: string; number: number; at: Date; status: number | null; durationMs: number; failure: string | null
}

const ENDPOINT = `select id, url, description, topics, state, disabled_reason as "disabledReason",
  previous_until as "previousUntil", failing_since as "failingSince", created_at as "createdAt" from webhook_endpoint`
const MESSAGE = `select id, endpoint_id as "endpointId", seq, pos, topic, subject, payload, at, state, attempts as "attemptCount",
  case when state = 'PENDING' then due_at end as "dueAt", finished_at as "finishedAt" from webhook_message`

/** Endpoints by id. */
export async function endpointsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<EndpointRow>(actor, {
    name: 'endpoints_by_id', values: [actor.tenantId, ids],
    text: `${ENDPOINT} where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null`,
  }))
}

/** Messages by id. */
export async function messagesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<MessageRow>(actor, {
    name: 'messages_by_id', text: `${MESSAGE} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids] }))
}
registerNode('WebhookEndpoint', endpointsById, 'webhook.read')
registerNode('WebhookMessage', messagesById, 'webhook.read')

/** Attempts by message id, the newest 100 of each, in order. */
export async function attemptsByMessage({ actor }: Context, ids: readonly string[]): Promise<AttemptRow[][]> {
  const rows = await inTenantOnce<AttemptRow>(actor, {
    name: 'attempts_by_message',
    text: `select a.message_id as "messageId", a.number, a.at, a.status, a.duration_ms as "durationMs", a.failure
           from unnest($2::uuid[]) wanted (id) cross join lateral (
             select * from webhook_attempt where tenant_id = $1 and message_id = wanted.id
             order by number desc limit ${LIMITS.webhookAttemptsShownMax}) a
           order by a.number`,
    values: [actor.tenantId, ids] })
  const byMessage = Map.groupBy(rows, ({ messageId }) => messageId)
  return ids.map(id => byMessage.get(id) ?? [])
}

/** Returns a page of the tenant's endpoints, oldest first. */
export async function listEndpoints(actor: Actor, first: number, after?: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('endpoints', after, ['uuid']) : ['00000000-0000-0000-0000-000000000000']
  const rows = await inTenantOnce<EndpointRow>(actor, {
    text: `${ENDPOINT} where tenant_id = $1 and id > $2::uuid and deleted_at is null order by id limit $3`,
    values: [actor.tenantId, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('endpoints', [row.id]), after)
}

const STATE = { PENDING: `and state = 'PENDING'`, DELIVERED: `and state = 'DELIVERED'`, DEAD: `and state = 'DEAD'` } as const

/** Returns a page of an endpoint's messages, newest first, of one state when named. */
export async function listMessages(
  actor: Actor, endpointId: string, state: keyof typeof STATE | null, first: number, after?: string | null,
) {
  const size = pageSize(first)
  const list = listOf('messages', endpointId)
  const [seq] = after ? decodeCursor(list, after, ['number']) : [Number.MAX_SAFE_INTEGER]
  const rows = await inTenantOnce<MessageRow>(actor, {
    text: `${MESSAGE} where tenant_id = $1 and endpoint_id = $2 and seq < $3::bigint ${state ? STATE[state] : ''}
           order by seq desc limit $4`,
    values: [actor.tenantId, endpointId, seq, size + 1] })
  return pageOf(rows, size, row => encodeCursor(list, [row.seq]), after)
}

/** The statement that answers a row when the tenant has any endpoint. */
export function anyEndpointStatement(tenantId: string): Statement {
  return {
    name: 'webhook_any', values: [tenantId],
    text: 'select 1 as found from webhook_endpoint where tenant_id = $1 and deleted_at is null limit 1',
  }
}

/** The statement that answers which endpoints gather messages, and of which topics. */
export function subscribersStatement(tenantId: string): Statement {
  return {
    name: 'webhook_subscribers',
    text: `select id, topics from webhook_endpoint
           where tenant_id = $1 and state in ('ACTIVE', 'PAUSED') and deleted_at is null order by id`,
    values: [tenantId],
  }
}

/** The statement that answers a row when some endpoint gathers messages of a topic. */
export function isSubscribedStatement(tenantId: string, topic: string): Statement {
  return {
    name: 'webhook_is_subscribed',
    text: `select 1 as subscribed from webhook_endpoint
           where tenant_id = $1 and $2 = any (topics) and state in ('ACTIVE', 'PAUSED') and deleted_at is null limit 1`,
    values: [tenantId, topic],
  }
}

/** The first message that waits in a lane, and what sending it needs; `waitMs` until it is due, `failures` since a replay. */
export interface Head {
  [column: string]: unknown
  id: string; topic: string; subject: string; pos: number | null; at: Date; payload: object; failures: number
  roundBeganAt: Date | null; waitMs: number; url: string; secret: string; previousSecret: string | null; failingSince: Date | null
}

/** Returns the head of a lane, or null when nothing waits or the endpoint is not ACTIVE. By the index webhook_message_lane. */
export async function headOf(actor: Pick<Actor, 'tenantId' | 'db'>, endpointId: string, subject: string): Promise<Head | null> {
  const [head] = await inTenantOnce<Head>(actor, {
    name: 'webhook_head',
    text: `select m.id, m.topic, m.subject, m.pos, m.at, m.payload, m.attempts - m.round_from as failures,
             m.round_began_at as "roundBeganAt", greatest(0, ceil(extract(epoch from m.due_at - now()) * 1000))::int as "waitMs",
             e.url, e.secret, case when e.previous_until > now() then e.previous_secret end as "previousSecret",
             e.failing_since as "failingSince"
           from webhook_endpoint e join webhook_message m on m.tenant_id = e.tenant_id and m.endpoint_id = e.id
           where e.tenant_id = $1 and e.id = $2 and e.state = 'ACTIVE' and e.deleted_at is null
             and m.subject = $3 and m.state = 'PENDING'
           order by m.seq limit 1`,
    values: [actor.tenantId, endpointId, subject] })
  return head ?? null
}

/** How many lanes are read at a time. */
export const LANES_AT_ONCE = 500

/** Returns subjects after `after` with messages that have been due for `overdueMs`, at most 500, in order. */
export async function waitingSubjects(
  actor: Pick<Actor, 'tenantId' | 'db'>, endpointId: string, after: string, overdueMs: number,
): Promise<string[]> {
  const rows = await inTenantOnce<{ subject: string }>(actor, {
    text: `select distinct subject from webhook_message
           where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' and subject > $3
             and due_at <= now() - $4::float8 * interval '1 millisecond' order by subject limit ${LANES_AT_ONCE}`,
    values: [actor.tenantId, endpointId, after, overdueMs],
  })
  return rows.map(({ subject }) => subject)
}
