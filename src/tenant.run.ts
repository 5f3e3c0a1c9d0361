/** What `npm run tenant` does: a tenant with its first admin and issuer, or one more issuer for a tenant that is there. */
import { randomUUID } from 'node:crypto'
import { installPack, readPack } from './activities/type.service.ts'
import { refusalForIssuer } from './identity/issuer.rules.ts'
import { createIssuer, type IssuerInput, wishOf } from './identity/issuer.service.ts'
import { isIssuerTaken } from './identity/issuer.queries.ts'
import { entryOf } from './platform/audit.ts'
import type { Database } from './platform/db.ts'
import { ErrorCode, Refusal } from './platform/errors.ts'
import { wireId } from './platform/ids.ts'
import type { Action } from './platform/policy.rules.ts'
import { UserRole } from './platform/policy.ts'
import type { Actor } from './platform/tenancy.ts'
import { createTenant, findTenant } from './tenants/tenant.service.ts'
import { refusalForTenant, type TenantInput } from './tenants/tenant.rules.ts'
import { refusalForUser } from './users/user.rules.ts'
import { createUser } from './users/user.service.ts'

/** A new tenant as the operator asks for it. */
export interface Opening {
  tenant: TenantInput; admin: { name: string; email: string }; issuer: IssuerInput; pack: 'revenue' | null
}

/** Who the operator is to the audit: the house itself, by this program. */
function houseOf(db: Database, tenantId: string, now: Date, action: Action): Actor {
  const actor: Actor = { tenantId, userId: null, role: 'ADMIN', now, db }
  const origin = { correlationId: randomUUID(), ip: null, agent: 'npm run tenant' }
  return { ...actor, command: { entry: entryOf(actor, action, origin), isWritten: false } }
}

/**
 * Creates a tenant, its first admin and its issuer, and returns their ids as the API shows them. All that can be refused is
 * looked at first, so that nothing is left half made.
 * @throws Refusal INVALID | TAKEN
 */
export async function openTenant(db: Database, now: Date, { tenant, admin, issuer, pack }: Opening, isPrivateAllowed: boolean) {
  const kind = 'EMPLOYEE'
  const refusal = refusalForTenant(tenant) ?? refusalForUser({ ...admin, role: UserRole.ADMIN, kind })
    ?? refusalForIssuer(wishOf(issuer), isPrivateAllowed)
  if (refusal) throw refusal
  if (await isIssuerTaken(db, wishOf(issuer))) {
    throw new Refusal(ErrorCode.TAKEN, 'This issuer is set up for this audience already: choose another audience.', ['audience'])
  }
  const tenantId = await createTenant(db, now, tenant)
  const house = (action: Action) => houseOf(db, tenantId, now, action)
  if (pack) await installPack(house('activityType.write'), readPack(pack), now)
  const { user } = await createUser(house('user.write'), { ...admin, role: UserRole.ADMIN })
  const made = await createIssuer(house('issuer.write'), issuer, isPrivateAllowed)
  return {
    tenantId: wireId('Tenant', tenantId), adminId: wireId('User', user.id), issuerId: wireId('Issuer', made.issuer.id),
  }
}

/** Adds an issuer to a tenant and returns its id as the API shows it. @throws Refusal NOT_FOUND | INVALID | OUT_OF_RANGE */
export async function addIssuer(db: Database, now: Date, slug: string, issuer: IssuerInput, isPrivateAllowed: boolean) {
  const tenantId = await findTenant(db, slug)
  if (!tenantId) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no tenant with this slug.', ['slug'])
  const made = await createIssuer(houseOf(db, tenantId, now, 'issuer.write'), issuer, isPrivateAllowed)
  return { issuerId: wireId('Issuer', made.issuer.id) }
}
