/** Reads of API keys and screen tokens: lists for admins, what a token stands for, and which of many were taken back. */
import type { Database } from '../platform/db.ts'
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import type { Role } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { type CredentialKind, KINDS } from './credential.rules.ts'

/** A key's or a screen's row as reads return it; role and scopes are a key's. */
export interface CredentialRow {
  [column: string]: unknown
  id: string; name: string; prefix: string; createdBy: string | null; createdAt: Date; expiresAt: Date | null
  lastUsedAt: Date | null; revokedAt: Date | null
}

const COMMON = `id, name, prefix, created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt",
  last_used_at as "lastUsedAt", revoked_at as "revokedAt"`
const SELECT = {
  KEY: `select ${COMMON}, role, scopes from api_key`,
  SCREEN: `select ${COMMON} from screen_token`,
} as const

const byIds = (kind: CredentialKind) => async ({ actor }: Context, ids: readonly string[]) =>
  inOrder(ids, await inTenantOnce<CredentialRow>(actor, {
    text: `${SELECT[kind]} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids] }))

/** API keys by id. */
export const apiKeysById = byIds('KEY')
/** Screen tokens by id. */
export const screenTokensById = byIds('SCREEN')
registerNode('ApiKey', apiKeysById, 'apiKey.read')
registerNode('ScreenToken', screenTokensById, 'screen.read')

/** Returns a page of the tenant's keys or screens, newest first, those taken back included. */
export async function listCredentials(actor: Actor, kind: CredentialKind, first: number, after?: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor(kind, after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<CredentialRow>(actor, {
    text: `${SELECT[kind]} where tenant_id = $1 and id < $2::uuid order by id desc limit $3`,
    values: [actor.tenantId, id, size + 1] })
  return pageOf(rows, size, row => encodeCursor(kind, [row.id]), after)
}

/** The boards of screens, by the screen's id: uuids in the order in which they were named. */
export async function boardIdsByScreen({ actor }: Context, ids: readonly string[]): Promise<string[][]> {
  const rows = await inTenantOnce<{ screenId: string; boardIds: string[] }>(actor, {
    text: `select screen_id as "screenId", array_agg(leaderboard_id order by place) as "boardIds" from screen_board
           where tenant_id = $1 and screen_id = any($2::uuid[]) group by 1`, values: [actor.tenantId, ids] })
  const byId = new Map(rows.map(({ screenId, boardIds }) => [screenId, boardIds]))
  return ids.map(id => byId.get(id) ?? [])
}

type Place = Pick<Actor, 'tenantId' | 'db'>

/** What a token stands for. */
export interface Proven {
  [column: string]: unknown
  id: string; role: Role | null; scopes: string[] | null; boards: string[] | null; expiresAt: Date | null
}

const PROVEN = {
  KEY: 'select id, role, scopes, null::uuid[] as boards, expires_at as "expiresAt" from api_key',
  SCREEN: `select id, null as role, null::text[] as scopes, expires_at as "expiresAt", array(select leaderboard_id
    from screen_board b where b.tenant_id = screen_token.tenant_id and b.screen_id = screen_token.id) as boards
    from screen_token`,
} as const

/** Returns the tenant that has a credential of this hash, or null. */
export async function tenantOf(db: Database, kind: CredentialKind, hash: Buffer): Promise<string | null> {
  const { rows } = await db.pool.query<{ id: string | null }>(
    'select directory_find($1, $2) as id', [KINDS[kind].directory, hash.toString('hex')])
  return rows[0]?.id ?? null
}

/** Returns what the living credential of this hash stands for, or null. */
export async function provenBy(at: Place, kind: CredentialKind, hash: Buffer): Promise<Proven | null> {
  const [row] = await inTenantOnce<Proven>(at, {
    name: `proven_${kind}`, text: `${PROVEN[kind]} where tenant_id = $1 and hash = $2 and revoked_at is null`,
    values: [at.tenantId, hash] })
  return row ?? null
}

/** Returns which of a tenant's keys or screens are still good, by id. */
export async function livingOf(at: Place, kind: CredentialKind, ids: readonly string[]): Promise<Set<string>> {
  const rows = await inTenantOnce<{ id: string }>(at, {
    name: `living_${kind}`,
    text: `select id from ${KINDS[kind].table} where tenant_id = $1 and id = any($2::uuid[]) and revoked_at is null
           and (expires_at is null or expires_at > now())`,
    values: [at.tenantId, ids] })
  return new Set(rows.map(({ id }) => id))
}

/** Notes when credentials were last used; a note that another node has made within the minute stays. */
export async function noteUse(at: Place, kind: CredentialKind, id: string, now: Date): Promise<void> {
  await inTenantOnce(at, {
    name: `used_${kind}`,
    text: `update ${KINDS[kind].table} set last_used_at = $3 where tenant_id = $1 and id = $2
           and (last_used_at is null or last_used_at < $3::timestamptz - interval '50 seconds')`,
    values: [at.tenantId, id, now] })
}
