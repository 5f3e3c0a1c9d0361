/** The only writer of tenants: the row, its slug in the directory, and the head of its event log. */
import { randomBytes } from 'node:crypto'
import type { Database } from '../platform/db.ts'
import { ErrorCode, fault, Refusal } from '../platform/errors.ts'
import { type Context, inOrder, registerNode } from '../platform/graphql.ts'
import { newId } from '../platform/ids.ts'
import { type Actor, inTenantBatch, inTenantOnce, retried } from '../platform/tenancy.ts'
import { refusalForTenant, type TenantInput } from './tenant.rules.ts'

/** A tenant's row as reads return it. */
export interface TenantRow {
  id: string; slug: string; name: string; platforms: string[]; defaultPlatform: string; industry: string; timeZone: string
  currency: string
}

const COLUMNS =
  `tenant_id as id, slug, name, platforms, default_platform as "defaultPlatform", industry, time_zone as "timeZone", currency`

/**
 * Creates a tenant and returns its id; the first platform is the default.
 * @throws Refusal TAKEN | INVALID
 */
export async function createTenant(db: Database, now: Date, input: TenantInput): Promise<string> {
  const refusal = refusalForTenant(input)
  if (refusal) throw refusal
  const { slug } = input
  const tenantId = newId(now)
  // Two at once may both find the slug free; the second insert fails, and its next try finds it taken.
  await retried(async () => {
    if (await findTenant(db, slug)) throw new Refusal(ErrorCode.TAKEN, `The slug "${slug}" is taken: choose another.`, ['slug'])
    await insertTenant(db, now, tenantId, input)
  })
  return tenantId
}

async function insertTenant(
  db: Database, now: Date, tenantId: string, { slug, name, platforms, industry, timeZone, currency }: TenantInput,
): Promise<void> {
  await inTenantBatch({ tenantId, db }, ({ last }) => last([
    {
      text: `insert into tenant (tenant_id, slug, name, platforms, default_platform, industry, time_zone, currency, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [tenantId, slug, name, platforms, platforms[0], industry ?? '', timeZone, currency, now],
    },
    {
      text: `insert into directory (kind, key_hash, tenant_id) values ('slug', sha256(convert_to($1, 'UTF8')), $2)`,
      values: [slug, tenantId],
    },
    // A random epoch: cursors of a tenant whose history was lost must not look valid.
    {
      text: 'insert into event_head (tenant_id, epoch) values ($1, $2)',
      values: [tenantId, randomBytes(6).toString('base64url').replaceAll(/[-_]/g, '0')],
    },
  ]))
}

/** Returns the id of the tenant with this slug, or null. */
export async function findTenant(db: Database, slug: string): Promise<string | null> {
  const { rows } = await db.pool.query<{ id: string | null }>(`select directory_find('slug', $1) as id`, [slug])
  return rows[0]?.id ?? null
}

/** Returns the actor's tenant. @throws Fault UNAUTHENTICATED when it is gone: a good token may outlive a database. */
export async function ownTenant(actor: Pick<Actor, 'tenantId' | 'db'>): Promise<TenantRow> {
  const [row] = await inTenantOnce<TenantRow & { [key: string]: unknown }>(
    actor, { name: 'own_tenant', text: `select ${COLUMNS} from tenant where tenant_id = $1`, values: [actor.tenantId] })
  if (!row) throw fault('UNAUTHENTICATED', 'The tenant of this token does not exist here: get a new token.')
  return row
}

const zones = new Map<string, string>()

/** Returns the tenant's time zone; it is kept for the life of the process, since a tenant's zone does not change. */
export async function zoneOf(actor: Pick<Actor, 'tenantId' | 'db'>): Promise<string> {
  let zone = zones.get(actor.tenantId)
  if (!zone) zones.set(actor.tenantId, (zone = (await ownTenant(actor)).timeZone))
  return zone
}

/** Tenants by id: only one's own is ever found. */
export async function tenantsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<TenantRow & { [key: string]: unknown }>(
    actor, { text: `select ${COLUMNS} from tenant where tenant_id = any($1)`, values: [ids] }))
}
registerNode('Tenant', tenantsById, 'viewer.read')
