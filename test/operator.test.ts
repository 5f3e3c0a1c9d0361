import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readPack } from '../src/activities/type.service.ts'
import type { Addresses } from '../src/platform/db.ts'
import { projectRoot } from '../src/platform/project.ts'
import { asOwner, freshDatabase, Person, testNode } from './harness.ts'
import { Provider } from './provider.ts'

const run = promisify(execFile)
const urlOf = ({ host, port, user, password, database }: Addresses['owner']) => {
  const secret = typeof password === 'string' ? `:${encodeURIComponent(password)}` : ''
  return `postgresql://${user}${secret}@/${database}?host=${encodeURIComponent(host!)}&port=${port}`
}

/** Runs the program on a database; returns what it printed, and how it ended. */
async function tenantProgram({ owner, app }: Addresses, args: string[]) {
  const env = {
    ...process.env, DATABASE_URL: urlOf(owner), DATABASE_APP_URL: urlOf(app), LAUREL_ISSUERS_PRIVATE: 'allow',
    NODE_ENV: 'production',
  }
  return run(process.execPath, ['--import', 'tsx', join(projectRoot, 'src/tenant.ts'), ...args], { cwd: projectRoot, env }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }))
}

test('an operator makes the first tenant, admin and issuer, and the admin signs in by a token of that issuer', async () => {
  await using provider = await Provider.open()
  const addresses = await freshDatabase()
  const issuer = ['--issuer', provider.url, '--audience', 'laurel-acme', '--jwks', provider.jwksUrl]
  const create = [
    'create', '--slug', 'acme', '--name', 'Acme', '--admin-email', 'Ann@acme.example', '--admin-name', 'Ann', ...issuer,
  ]
  const made = await tenantProgram(addresses, create)
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const ids = JSON.parse(made.stdout) as Record<string, string>
  expect(Object.values(ids).map(id => id.slice(0, 4))).toEqual(['tnt_', 'usr_', 'iss_'])
  const node = await testNode({ addresses, issuers: [], issuerKeys: { isPrivateAllowed: true } })
  const token = await provider.sign({ aud: 'laurel-acme', email: 'ann@acme.example' })
  const ann = new Person(node.url, token)
  const { activityTypes, metrics, badges, ...seen } = await ann.run(`{ viewer { role user { id name } tenant { id slug name } }
    activityTypes(first: 100) { nodes { key } } metrics { key } badges { key } issuers { nodes { id } } }`)
  expect(activityTypes.nodes).toHaveLength(28) // The 25 of revenue, and three that badges and skills count.
  expect(badges).toHaveLength(5)
  const keysOf = (all: readonly { key: string }[]) => all.map(({ key }) => key).sort()
  expect(keysOf(metrics)).toEqual(keysOf(readPack('revenue').metrics))
  expect(seen).toEqual({
    viewer: { role: 'ADMIN', user: { id: ids.adminId, name: 'Ann' }, tenant: { id: ids.tenantId, slug: 'acme', name: 'Acme' } },
    issuers: { nodes: [{ id: ids.issuerId }] },
  })
  const entries = await asOwner<{ entry: string }>(addresses.owner.database!,
    `select actor_kind || ' ' || action || ' ' || agent as entry from audit_entry order by id`)
  expect(entries.map(({ entry }) => entry)).toEqual(['HOUSE user.write npm run tenant', 'HOUSE issuer.write npm run tenant'])

  const counted = () => asOwner(addresses.owner.database!, `select (select count(*) from tenant) as tenants,
    (select count(*) from users) as users, (select count(*) from issuer) as issuers, (select count(*) from directory) as entries`)
  const before = await counted()
  const other = ['create', '--slug', 'other', '--name', 'Other', '--admin-email', 'eve@other.example']
  const elsewhere = ['--issuer', provider.url, '--audience', 'laurel-other', '--jwks', provider.jwksUrl]
  const taken = [...other, ...issuer]
  for (const [args, sentence] of [
    [create.map(arg => arg === 'laurel-acme' ? 'laurel-again' : arg), '--slug: The slug "acme" is taken: choose another.'],
    [taken, '--audience: This issuer is set up for this audience already: choose another audience.'],
    [[...other, ...elsewhere, '--currency', 'EURO'], '--currency: currency must be a code such as "EUR".'],
    [create.slice(0, -2), '--jwks is missing: npm run -s tenant -- --help shows what is needed.'],
    [['issuer', '--slug', 'nobody', ...elsewhere], '--slug: There is no tenant with this slug.'],
  ] as const) {
    expect(await tenantProgram(addresses, [...args])).toEqual({ code: 1, stdout: '', stderr: `${sentence}\n` })
  }
  expect(await counted()).toEqual(before)
  const added = await tenantProgram(addresses, ['issuer', '--slug', 'acme', ...elsewhere])
  expect(added.code).toBe(0)
  const second = await provider.sign({ aud: 'laurel-other', email: 'ann@acme.example' }, provider.keys[2])
  expect((await new Person(node.url, second).run('{ viewer { tenant { slug } } }')).viewer.tenant.slug).toBe('acme')
}, 120_000)
