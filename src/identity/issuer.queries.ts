/** Reads of issuers: a list for admins, the one a token names, and which of many have changed. */
import type { Database } from '../platform/db.ts'
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { ClaimMapping } from './issuer.rules.ts'

/** An issuer's row as reads return it. */
export interface IssuerRow extends ClaimMapping {
  [column: string]: unknown
  id: string; url: string; audience: string; jwksUrl: string; active: boolean; revision: number; createdAt: Date
}

const ISSUER = `select id, url, audience, jwks_url as "jwksUrl", subject_claim as "subjectClaim", subject_kind as "subjectKind",
  role_claim as "roleClaim", role_values as "roleValues", role_names as "roleNames", proved_claim as "provedClaim", active,
  revision, created_at as "createdAt" from issuer`

/** Issuers by id. */
export async function issuersById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<IssuerRow>(actor, {
    text: `${ISSUER} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids] }))
}
registerNode('Issuer', issuersById, 'issuer.read')

/** Returns a page of the tenant's issuers, oldest first. */
export async function listIssuers(actor: Actor, first: number, after?: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('issuers', after, ['uuid']) : ['00000000-0000-0000-0000-000000000000']
  const rows = await inTenantOnce<IssuerRow>(actor, {
    text: `${ISSUER} where tenant_id = $1 and id > $2::uuid order by id limit $3`, values: [actor.tenantId, id, size + 1] })
  return pageOf(rows, size, row => encodeCursor('issuers', [row.id]), after)
}

/** Returns the tenants that each of these names leads to, as `filedAs` writes them. */
export async function tenantsOfIssuers(db: Database, names: readonly string[]): Promise<string[]> {
  const { rows } = await db.pool.query<{ id: string | null }>(
    `select distinct directory_find('issuer', name) as id from unnest($1::text[]) name`, [names])
  return rows.flatMap(({ id }) => id ?? [])
}

/** Returns whether an issuer is set up for an audience already, in whatever tenant. */
export async function isIssuerTaken(db: Database, issuer: { url: string; audience: string }): Promise<boolean> {
  return (await tenantsOfIssuers(db, [filedAs(issuer)])).length > 0
}

/** Returns the name by which the directory knows an issuer for one audience. */
export function filedAs({ url, audience }: { url: string; audience: string }): string {
  return JSON.stringify([url, audience])
}

/** Returns a tenant's issuer with one of these audiences, or null. */
export async function issuerNamed(
  at: Pick<Actor, 'tenantId' | 'db'>, url: string, audiences: readonly string[],
): Promise<IssuerRow | null> {
  const [row, another] = await inTenantOnce<IssuerRow>(at, {
    name: 'issuer_named', text: `${ISSUER} where tenant_id = $1 and url = $2 and audience = any($3::text[])`,
    values: [at.tenantId, url, audiences] })
  return row && !another ? row : null
}

/** Returns how a tenant's issuers stand, by id. */
export async function standingOfIssuers(
  at: Pick<Actor, 'tenantId' | 'db'>, ids: readonly string[],
): Promise<Map<string, { active: boolean; revision: number }>> {
  const rows = await inTenantOnce<{ id: string; active: boolean; revision: number }>(at, {
    name: 'issuer_standing', text: 'select id, active, revision from issuer where tenant_id = $1 and id = any($2::uuid[])',
    values: [at.tenantId, ids] })
  return new Map(rows.map(row => [row.id, row]))
}
