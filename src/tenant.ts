/** `npm run -s tenant`: the operator's way to the first tenant, its admin and its issuer, outside the demo. */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { findGround } from './embedded/addresses.ts'
import { IssuerSubject } from './identity/issuer.entity.ts'
import { isIssuerTaken } from './identity/issuer.queries.ts'
import { refusalForIssuer } from './identity/issuer.rules.ts'
import { createIssuer, type IssuerInput, wishOf } from './identity/issuer.service.ts'
import { ENTITIES } from './node.ts'
import { entryOf } from './platform/audit.ts'
import { readConfig } from './platform/config.ts'
import { type Database, openDatabase } from './platform/db.ts'
import { ErrorCode, Refusal } from './platform/errors.ts'
import { wireId } from './platform/ids.ts'
import { log } from './platform/log.ts'
import { migrate } from './platform/migrations.ts'
import type { Action } from './platform/policy.rules.ts'
import { UserRole } from './platform/policy.ts'
import { StartError } from './platform/start-error.ts'
import type { Actor } from './platform/tenancy.ts'
import { installTemplate } from './templates/template.service.ts'
import { createTenant, findTenant } from './tenants/tenant.service.ts'
import { refusalForTenant, type TenantInput } from './tenants/tenant.rules.ts'
import { refusalForUser } from './users/user.rules.ts'
import { createUser } from './users/user.service.ts'

const HELP = `Makes a tenant with its first admin and the issuer that signs them in; works on the database of the same settings as
the server. With the embedded PostgreSQL stop the server first.
  npm run -s tenant -- create --slug acme --name "Acme" --admin-email ann@acme.example --admin-name "Ann"
                              --issuer https://login.example.com --audience laurel-acme
                              --jwks https://login.example.com/.well-known/jwks.json
  npm run -s tenant -- issuer --slug acme --issuer … --audience … --jwks …     one more issuer for a tenant that is there
  --time-zone      in which days, weeks and months begin (UTC)     --currency       of the tenant (EUR)
  --platform       the first platform (main)                       --industry       in words ("")
  --subject-claim  claim that names the person (email)             --subject-kind   EMAIL or USER_ID (EMAIL)
  --pack           template of activities and levels: revenue or none (revenue)`

/** What each field of a refusal is called here. */
const OPTION: Record<string, string> = {
  slug: 'slug', name: 'name', platforms: 'platform', industry: 'industry', timeZone: 'time-zone', currency: 'currency',
  email: 'admin-email', url: 'issuer', audience: 'audience', jwksUrl: 'jwks', subjectClaim: 'subject-claim',
}
const text = { type: 'string' } as const

async function run(): Promise<void> {
  const { values, positionals: [verb] } = parseArgs({ allowPositionals: true, options: {
    slug: text, name: text, 'admin-email': text, 'admin-name': text, issuer: text, audience: text, jwks: text,
    'time-zone': { ...text, default: 'UTC' }, currency: { ...text, default: 'EUR' }, platform: { ...text, default: 'main' },
    industry: { ...text, default: '' }, 'subject-claim': text, 'subject-kind': { ...text, default: 'EMAIL' },
    pack: { ...text, default: 'revenue' }, help: { type: 'boolean', short: 'h' },
  } })
  if (values.help || (verb !== 'create' && verb !== 'issuer')) return console.log(HELP)
  const given = (name: 'slug' | 'name' | 'admin-email' | 'issuer' | 'audience' | 'jwks'): string => {
    const value = values[name]?.trim()
    if (!value) throw new StartError(`--${name} is missing: npm run -s tenant -- --help shows what is needed.`)
    return value
  }
  const subjectKind = values['subject-kind'] as IssuerSubject
  if (!(subjectKind in IssuerSubject)) throw new StartError('--subject-kind must be EMAIL or USER_ID.')
  if (values.pack !== 'revenue' && values.pack !== 'none') throw new StartError('--pack must be revenue or none.')
  const slug = given('slug')
  const issuer = {
    url: given('issuer'), audience: given('audience'), jwksUrl: given('jwks'), subjectKind,
    subjectClaim: values['subject-claim'] ?? null,
  }
  if (verb === 'issuer') return onDatabase((db, isPrivateAllowed) => addIssuer(db, new Date(), slug, issuer, isPrivateAllowed))
  const email = given('admin-email')
  const opening = {
    tenant: {
      slug, name: given('name'), platforms: [values.platform], industry: values.industry, timeZone: values['time-zone'],
      currency: values.currency,
    },
    admin: { email, name: values['admin-name'] ?? email.split('@')[0]! }, issuer,
    pack: values.pack === 'none' ? null : 'revenue' as const,
  }
  await onDatabase((db, isPrivateAllowed) => openTenant(db, new Date(), opening, isPrivateAllowed))
}

/** Prints what `work` returns as JSON, done on the database of the settings. */
async function onDatabase(work: (db: Database, isPrivateAllowed: boolean) => Promise<object>): Promise<void> {
  const config = readConfig()
  log.level = 'error'
  const ground = await findGround(config, () => {})
  try {
    await migrate(ground.addresses.owner, ground.roles, () => {})
    const db = await openDatabase(ground.addresses, ENTITIES)
    try {
      console.log(JSON.stringify(await work(db, config.issuersPrivate)))
    } finally {
      await db.close()
    }
  } finally {
    await ground.stop()
  }
}

/** A new tenant as the operator asks for it. */
interface Opening {
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
async function openTenant(db: Database, now: Date, { tenant, admin, issuer, pack }: Opening, isPrivateAllowed: boolean) {
  const kind = 'EMPLOYEE'
  const refusal = refusalForTenant(tenant) ?? refusalForUser({ ...admin, role: UserRole.ADMIN, kind })
    ?? refusalForIssuer(wishOf(issuer), isPrivateAllowed)
  if (refusal) throw refusal
  if (await isIssuerTaken(db, wishOf(issuer))) {
    throw new Refusal(ErrorCode.TAKEN, 'This issuer is set up for this audience already: choose another audience.', ['audience'])
  }
  const tenantId = await createTenant(db, now, tenant)
  const house = (action: Action) => houseOf(db, tenantId, now, action)
  if (pack) await installTemplate(house('activityType.write'), pack, now)
  const { user } = await createUser(house('user.write'), { ...admin, role: UserRole.ADMIN })
  const made = await createIssuer(house('issuer.write'), issuer, isPrivateAllowed)
  return {
    tenantId: wireId('Tenant', tenantId), adminId: wireId('User', user.id), issuerId: wireId('Issuer', made.issuer.id),
  }
}

/** Adds an issuer to a tenant and returns its id as the API shows it. @throws Refusal NOT_FOUND | INVALID | OUT_OF_RANGE */
async function addIssuer(db: Database, now: Date, slug: string, issuer: IssuerInput, isPrivateAllowed: boolean) {
  const tenantId = await findTenant(db, slug)
  if (!tenantId) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no tenant with this slug.', ['slug'])
  const made = await createIssuer(houseOf(db, tenantId, now, 'issuer.write'), issuer, isPrivateAllowed)
  return { issuerId: wireId('Issuer', made.issuer.id) }
}

await run().catch((error: Error) => {
  const option = error instanceof Refusal ? OPTION[error.field[0] ?? ''] : undefined
  console.error(option ? `--${option}: ${error.message}` : error.message)
  process.exitCode = 1
})
