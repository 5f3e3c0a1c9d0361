import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, Person, RECORD, sharedNode, tokenOf } from '../../test/harness.ts'
import { refusalForTenant, type TenantInput } from './tenant.rules.ts'
import { createTenant } from './tenant.service.ts'

const INPUT = { slug: 'elm-works', name: 'Elm Works', platforms: ['bizosaas'], timeZone: 'Europe/Berlin', currency: 'EUR' }
const many = (count: number) => Array.from({ length: count }, (_, at) => `platform-${at}`)

test.each<[string, Partial<TenantInput>]>([
  ['a slug of 2 characters', { slug: 'a1' }], ['a slug of 63 characters', { slug: 'a'.repeat(63) }],
  ['a name of 200 characters', { name: '木'.repeat(200) }],
  ['20 platforms', { platforms: many(20) }], ['no industry', { industry: '' }],
  ['a zone by its old name', { timeZone: 'Asia/Calcutta' }],
])('a tenant may have %s', (_title, change) => {
  expect(refusalForTenant({ ...INPUT, ...change })).toBeNull()
})

test.each<[string, Partial<TenantInput>, string]>([
  ['a slug of one character', { slug: 'a' }, 'slug'], ['a slug of 64 characters', { slug: 'a'.repeat(64) }, 'slug'],
  ['a slug with a capital', { slug: 'Acme' }, 'slug'], ['a slug that begins with a hyphen', { slug: '-acme' }, 'slug'],
  ['a slug with a NUL', { slug: 'ac\0me' }, 'slug'], ['a slug of two lines', { slug: 'acme\n' }, 'slug'],
  ['no name', { name: '' }, 'name'],
  ['a name of 201 characters', { name: 'n'.repeat(201) }, 'name'], ['half a character in the name', { name: '\ud83d' }, 'name'],
  ['no platform', { platforms: [] }, 'platforms'], ['21 platforms', { platforms: many(21) }, 'platforms'],
  ['a platform without a name', { platforms: [''] }, 'platforms'], ['a platform twice', { platforms: ['a', 'a'] }, 'platforms'],
  ['a NUL in the industry', { industry: '\0' }, 'industry'],
  ['a zone that is not there', { timeZone: 'Europe/Atlantis' }, 'timeZone'],
  ['an offset for a zone', { timeZone: '+02:00' }, 'timeZone'], ['a small currency', { currency: 'eur' }, 'currency'],
  ['a currency of four', { currency: 'EURO' }, 'currency'],
])('a tenant with %s is refused and nothing is written', async (_title, change, field) => {
  const { db } = await sharedNode()
  const count = () => asOwner(
    db.addresses.owner.database!, 'select (select count(*) from tenant) as tenants, (select count(*) from directory) as slugs')
  const before = await count()
  await expect(createTenant(db, new Date(), { ...INPUT, ...change }))
    .rejects.toMatchObject({ name: 'Refusal', code: 'INVALID', field: [field] })
  expect(await count()).toEqual(before)
})

test('a good token for a tenant that is not there is a bad token', async () => {
  const node = await sharedNode()
  const lost = new Person(node.url, await tokenOf(randomUUID(), randomUUID(), 'ADMIN'))
  const input = { activityType: 'team_support', idempotencyKey: 'for-nobody-now' }
  const asked = [['{ viewer { tenant { name } } }', {}], [RECORD, { input }]] as const
  for (const [query, variables] of asked) {
    expect((await lost.ask(query, variables)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  }
})
