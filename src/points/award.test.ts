import { expect, test } from 'vitest'
import { tenant, type TestTenant } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { uuidOf } from '../platform/ids.ts'
import { inTenantBatch, retried } from '../platform/tenancy.ts'
import { type Award, awardPoints, withdrawAwards } from './award.service.ts'

const AT = new Date('2026-03-10T09:00:00Z')

/** Awards in a transaction of their own; returns how many statements there were. */
function award(acme: TestTenant, awards: readonly Award[], now = AT): Promise<number> {
  return retried(() => inTenantBatch(acme.actor('ann'), async batch => {
    const statements = await awardPoints(batch, { tenantId: acme.tenantId, now }, awards)
    if (statements.length) await batch.last(statements)
    return statements.length
  }))
}

function withdraw(acme: TestTenant, keys: readonly string[], now = AT): Promise<number> {
  return retried(() => inTenantBatch(acme.actor('ann'), async batch => {
    const statements = await withdrawAwards(batch, { tenantId: acme.tenantId, now }, keys)
    if (statements.length) await batch.last(statements)
    return statements.length
  }))
}

const entriesOf = (acme: TestTenant) => acme.sql(
  'select points, reason, day::text, is_correction as corrected from point_entry order by seq')

test('the same key never pays twice, neither in one call, nor in the next, nor by sixteen at once', async () => {
  await using acme = await tenant('ann')
  const first = {
    key: 'achievement:first', userId: uuidOf('User', acme.id('ann'))!, points: 50, type: 'achievement first', occurredAt: AT,
  }
  await Promise.all(Array.from({ length: 16 }, () => award(acme, [first, first])))
  expect(await award(acme, [first])).toBe(0)
  expect(await entriesOf(acme)).toEqual([{ points: 50, reason: 'AWARD', day: '2026-03-10', corrected: false }])
  await expectBooksAgree(acme)
})

test('a level follows awards, and falls when they are taken back (LEVEL-R3)', async () => {
  await using acme = await tenant('ann')
  const gift = { key: 'gift', userId: uuidOf('User', acme.id('ann'))!, points: 1_000, type: 'gift', occurredAt: AT }
  await award(acme, [gift])
  await expect.poll(() => acme.sql('select number from user_level')).toEqual([{ number: 2 }])
  await Promise.all([withdraw(acme, ['gift']), withdraw(acme, ['gift', 'never given'])])
  await expect.poll(() => acme.sql('select number from user_level')).toEqual([{ number: 1 }])
  expect((await entriesOf(acme)).map(({ points }) => points)).toEqual([1_000, -1_000])
  expect(await withdraw(acme, ['gift'])).toBe(0)
  await expectBooksAgree(acme)
})

test('what is taken back after its day has closed counts in the open periods, and says so', async () => {
  await using acme = await tenant('ann')
  await award(acme, [{ key: 'gift', userId: uuidOf('User', acme.id('ann'))!, points: 10, type: 'gift', occurredAt: AT }])
  await withdraw(acme, ['gift'], new Date('2026-03-14T09:00:00Z'))
  expect(await entriesOf(acme)).toEqual([
    { points: 10, reason: 'AWARD', day: '2026-03-10', corrected: false },
    { points: -10, reason: 'WITHDRAWAL', day: '2026-03-14', corrected: true },
  ])
})

test('an award of nothing is a fault of the asking room', async () => {
  await using acme = await tenant('ann')
  await expect(award(acme, [{ key: 'none', userId: uuidOf('User', acme.id('ann'))!, points: 0, type: 'none', occurredAt: AT }]))
    .rejects.toThrow('none awards 0 points')
  expect(await entriesOf(acme)).toEqual([])
})
