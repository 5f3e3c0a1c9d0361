import { expect, test } from 'vitest'
import { asOwner, sharedNode, tenant } from '../../test/harness.ts'
import { wireId } from '../platform/ids.ts'
import { createTenant, findTenant, ownTenant } from './tenant.service.ts'

const INPUT = {
  slug: 'oak-and-sons', name: 'Oak & Sons', platforms: ['coreldove', 'bizosaas'], industry: 'Timber', timeZone: 'Europe/Paris',
  currency: 'EUR',
}

test('a tenant is found by its slug, has the first platform as default, and a history of its own', async () => {
  const { db } = await sharedNode()
  const tenantId = await createTenant(db, new Date(), INPUT)
  expect(await findTenant(db, 'oak-and-sons')).toBe(tenantId)
  expect(await findTenant(db, 'Oak-and-sons')).toBeNull()
  expect(await ownTenant({ tenantId, db })).toEqual({ ...INPUT, id: tenantId, defaultPlatform: 'coreldove' })
  const database = db.addresses.owner.database!
  const [head] = await asOwner<{ pos: string; epoch: string }>(
    database, 'select pos, epoch from event_head where tenant_id = $1', [tenantId])
  expect(head).toEqual({ pos: 0, epoch: expect.stringMatching(/^[A-Za-z0-9]{8}$/) })
  // The directory keeps a hash, not the slug.
  expect(await asOwner(database, 'select kind, length(key_hash) as bytes from directory where tenant_id = $1', [tenantId]))
    .toEqual([{ kind: 'slug', bytes: 32 }])
})

test('a slug belongs to one tenant, also when two want it at once', async () => {
  const { db } = await sharedNode()
  const wish = { ...INPUT, slug: 'wanted-by-many' }
  // Six connections are open from here on.
  await Promise.all(Array.from({ length: 6 }, () => db.pool.query('select pg_sleep(0.05)')))
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => createTenant(db, new Date(), wish)))
  const made = outcomes.filter(({ status }) => status === 'fulfilled')
  const codes = outcomes.flatMap(outcome => outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [])
  expect([made.length, codes]).toEqual([1, ['TAKEN', 'TAKEN', 'TAKEN', 'TAKEN', 'TAKEN']])
  expect(await asOwner(db.addresses.owner.database!, `select slug from tenant where slug = 'wanted-by-many'`))
    .toEqual([{ slug: 'wanted-by-many' }])
})

test('a zone that is not there is refused, and nothing is written', async () => {
  const { db } = await sharedNode()
  await expect(createTenant(db, new Date(), { ...INPUT, slug: 'nowhere', timeZone: 'Mars/Olympus' }))
    .rejects.toMatchObject({ code: 'INVALID', field: ['timeZone'] })
  expect(await findTenant(db, 'nowhere')).toBeNull()
})

test('one\'s own tenant is a node, another\'s is not there', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  const ids = [wireId('Tenant', acme.tenantId), wireId('Tenant', rival.tenantId)]
  const { nodes } = await acme.as('ann').run(
    'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Tenant { slug timeZone currency } } }', { ids })
  expect(nodes).toEqual([{ slug: acme.slug, timeZone: 'Europe/Berlin', currency: 'EUR' }, null])
})
