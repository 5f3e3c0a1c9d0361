/** Reads of sources and of the log of what they sent. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'

/** A source's row as reads return it, without its secrets. */
export interface SourceRow { [column: string]: unknown; id: string; name: string; mapping: unknown; mappingVersion: number }

/** A message's row as reads return it. */
export interface HookMessageRow { [column: string]: unknown; id: string; refusals: [number | null, string, string, string][] }

const SOURCE = `select id, name, kind, state, mapping, mapping_version as "mappingVersion", created_at as "createdAt",
  case when previous_until > now() then previous_until end as "previousUntil" from hook_source`
const MESSAGE = `select id, message_id as "messageId", received_at as "receivedAt", outcome, body_bytes as "bodyBytes",
  mapping_version as "mappingVersion", recorded, repeated, refusals from hook_message`

/** Sources by id. */
export async function sourcesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<SourceRow>(actor, {
    name: 'hook_sources_by_id', text: `${SOURCE} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}

/** Messages by id. */
export async function hookMessagesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<HookMessageRow>(actor, {
    name: 'hook_messages_by_id', text: `${MESSAGE} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}
registerNode('HookSource', sourcesById, 'hook.read')
registerNode('HookMessage', hookMessagesById, 'hook.read')

/** Returns a page of the tenant's sources, oldest first. */
export async function listSources(actor: Actor, first: number, after: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('hookSources', after, ['uuid']) : ['00000000-0000-0000-0000-000000000000']
  const rows = await inTenantOnce<SourceRow>(actor, {
    text: `${SOURCE} where tenant_id = $1 and id > $2::uuid order by id limit $3`, values: [actor.tenantId, id, size + 1] })
  return pageOf(rows, size, row => encodeCursor('hookSources', [row.id]), after)
}

/** Returns a page of a source's messages, the last first. */
export async function listHookMessages(actor: Actor, sourceId: string, first: number, after: string | null) {
  const size = pageSize(first)
  const list = listOf('hookMessages', sourceId)
  const [id] = after ? decodeCursor(list, after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<HookMessageRow>(actor, {
    text: `${MESSAGE} where tenant_id = $1 and source_id = $2 and id < $3::uuid order by id desc limit $4`,
    values: [actor.tenantId, sourceId, id, size + 1] })
  return pageOf(rows, size, row => encodeCursor(list, [row.id]), after)
}
