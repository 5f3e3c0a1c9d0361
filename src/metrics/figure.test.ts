import { expect, test } from 'vitest'
import { tenant, tenantOn, testNode, type TestTenant } from '../../test/harness.ts'
import { type RevenueInput, recordRevenue } from '../facts/revenue.service.ts'
import { refundRevenue, reverseRevenue } from '../facts/refund.service.ts'
import { arrOf, growthOf, mrrOf, type Sums, windowsAt } from './figure.rules.ts'
import { revenueFigures } from './figure.service.ts'

const NOTHING: Sums = {
  monthly: 0n, quarterly: 0n, yearly: 0n, hasRecurring: false, trailing: 0n, hasTrailing: false, last: 0n, before: 0n,
}

test('A-62: a year counts by twelfths, a quarter by thirds, rounded half-even once; ARR is twelve times what was not rounded',
  () => {
  const sums = { ...NOTHING, monthly: 10_000n, quarterly: 10_000n, yearly: 10_000n, hasRecurring: true }
  expect(mrrOf(sums)).toEqual({ minor: 14_167n, reason: null }) // 100.00 + 33.33… + 8.33… = 141.666…
  expect(arrOf(sums, 'RECURRING')).toEqual({ minor: 170_000n, reason: null })
  expect(mrrOf({ ...sums, monthly: 0n, quarterly: 0n, yearly: 6n }).minor).toBe(0n) // 0.5 to the even neighbor
  expect(mrrOf({ ...sums, monthly: 0n, quarterly: 0n, yearly: 18n }).minor).toBe(2n) // 1.5
})

test('A-62: what cannot be said is said why', () => {
  expect([mrrOf(NOTHING), arrOf(NOTHING, 'RECURRING')]).toEqual(Array(2).fill({ minor: null, reason: 'NO_RECURRING_REVENUE' }))
  expect(arrOf(NOTHING, 'TRAILING_TWELVE_MONTHS')).toEqual({ minor: null, reason: 'NO_REVENUE' })
  expect(arrOf({ ...NOTHING, trailing: 5n, hasTrailing: true }, 'TRAILING_TWELVE_MONTHS')).toEqual({ minor: 5n, reason: null })
  for (const before of [0n, -1n]) expect(growthOf({ ...NOTHING, last: 5n, before }))
    .toEqual({ percent: null, reason: 'NO_REVENUE_BEFORE' })
  expect([growthOf({ ...NOTHING, last: 1n, before: 3n }), growthOf({ ...NOTHING, last: 4n, before: 3n })])
    .toEqual([{ percent: '-66.67', reason: null }, { percent: '33.33', reason: null }])
})

test.each<[string, string, string, string, string]>([
  // In Berlin the 1st of March begins at 23:00 UTC of the 28th; February closes a day later.
  ['a month that ended is open for 24 hours', '2026-03-01T22:59:59.999Z', '2026-01-01', '2026-02-01', '2026-02-28'],
  ['and closed then', '2026-03-01T23:00:00.000Z', '2026-02-01', '2026-02-02', '2026-03-01'],
  ['over the turn of the year', '2026-01-10T12:00:00.000Z', '2025-12-01', '2025-12-13', '2026-01-09'],
  ['over a change of the clocks', '2026-04-10T22:30:00.000Z', '2026-03-01', '2026-03-14', '2026-04-10'],
])('windows: %s', (_title, now, month, since, until) => {
  const windows = windowsAt('Europe/Berlin', Date.parse(now))
  expect([windows.month, windows.last.since, windows.last.until]).toEqual([month, since, until])
  expect(Date.parse(windows.last.since) - Date.parse(windows.before.until)).toBe(86_400_000)
  expect((Date.parse(windows.before.until) - Date.parse(windows.before.since)) / 86_400_000).toBe(27)
})

const NOW = new Date('2026-06-15T10:00:00.000Z')
async function said(acme: TestTenant,
  facts: [amount: string, day: string, recurrence: string, currency?: string][]): Promise<string[]> {
  const inputs = facts.map(([amount, day, recurrence, currency = 'EUR'], at): RevenueInput => ({
    amount: { amount, currency }, recurrence, idempotencyKey: `figure-${at}-key`, occurredAt: new Date(`${day}T12:00:00Z`),
      ownerId: null,
  }))
  const { recordings } = await recordRevenue(acme.actor(undefined, NOW), inputs)
  return recordings.map(recording => recording.kind === 'REFUSED' ? recording.refusal.message : recording.revenueId)
}

test('A-62: MRR is of the last closed month, with what pays for it; refunds lower it and what was taken back never was',
  async () => {
  await using acme = await tenant('ann:ADMIN')
  const ids = await said(acme, [
    ['100.00', '2026-05-10', 'MONTH'], ['50.00', '2026-04-30', 'MONTH'], ['70.00', '2026-06-01', 'MONTH'],
      // only the first is of May
    ['300.00', '2026-03-01', 'QUARTER'], ['900.00', '2026-02-28', 'QUARTER'], // March to May; February to April
    ['1200.00', '2025-06-01', 'YEAR'], ['9999.00', '2025-05-31', 'YEAR'], // June to May; May to April
    ['500.00', '2026-05-01', 'ONE_OFF'], ['10.00', '2026-05-01', 'MONTH', 'USD'],
  ])
  const figures = (currency: string | null = null) => revenueFigures(acme.actor(undefined, NOW), currency)
  expect(await figures()).toMatchObject({
    currency: 'EUR', others: ['USD'], windows: { month: '2026-05-01' }, basis: 'RECURRING', mrr: { minor: 30_000n },
      arr: { minor: 360_000n },
  })
  expect(await figures('USD')).toMatchObject({ mrr: { minor: 1_000n }, others: ['EUR'] })
  expect((await figures('JPY')).mrr).toEqual({ minor: null, reason: 'NO_RECURRING_REVENUE' })
  await refundRevenue(acme.actor(undefined, NOW), { revenueId: ids[5]!, amount: '600.00', idempotencyKey: 'refund-of-year' })
  expect((await figures()).mrr.minor).toBe(25_000n)
  await reverseRevenue(acme.actor(undefined, NOW), { revenueId: ids[0]!, idempotencyKey: 'reversal-of-may' })
  expect((await figures()).mrr.minor).toBe(15_000n)
})

test('A-62: growth is of the last 28 full days over the 28 before, and ARR of twelve closed months where the tenant says so',
  async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const ids = await said(acme, [
    ['999.00', '2026-06-15', 'ONE_OFF'], ['100.00', '2026-06-14', 'ONE_OFF'], ['50.00', '2026-05-18', 'ONE_OFF'],
      // today; the ends
    ['100.00', '2026-05-17', 'ONE_OFF'], ['20.00', '2026-04-20', 'ONE_OFF'], ['777.00', '2026-04-19', 'ONE_OFF'],
    ['5000.00', '2026-06-10', 'ONE_OFF'], ['1.00', '2025-06-01', 'ONE_OFF'], ['2.00', '2025-05-31', 'ONE_OFF'],
  ])
  const now = acme.actor(undefined, NOW)
  await reverseRevenue(now, { revenueId: ids[6]!, idempotencyKey: 'was-a-mistake' }) // Today, and yet never was.
  await refundRevenue(acme.actor(undefined, NOW), {
    revenueId: ids[3]!, amount: '30.00', idempotencyKey: 'refund-in-june', occurredAt: new Date('2026-06-13T12:00:00Z') })
  expect(await revenueFigures(now, null)).toMatchObject({
    last: 12_000n, before: 12_000n, growth: { percent: '0.00', reason: null },
      mrr: { minor: null, reason: 'NO_RECURRING_REVENUE' },
    arr: { minor: null, reason: 'NO_RECURRING_REVENUE' },
  })
  const SET = `mutation { revenueBasisSet(input: { arrBasis: TRAILING_TWELVE_MONTHS }) { arrBasis userErrors { code } } }`
  expect((await acme.as('bob').ask(SET)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect(await acme.as('ann').run(SET)).toEqual({ revenueBasisSet: { arrBasis: 'TRAILING_TWELVE_MONTHS', userErrors: [] } })
  // June 2025 to May 2026: 50 + 100 + 20 + 777 + 1; the refund is of June.
  expect(await revenueFigures(now, null)).toMatchObject({ basis: 'TRAILING_TWELVE_MONTHS', arr: { minor: 94_800n } })
  expect(await acme.emitted()).toContain('revenue_basis.set')
})

test('the figures over the schema, for those who may see them, in the tenant\'s own zone and of its own facts', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenantOn(await testNode(), { timeZone: 'Pacific/Auckland' }, 'eve:ADMIN')
  const FIGURES = `{ revenueFigures { currency otherCurrencies mrr { amount } mrrReason arr { amount } arrReason arrBasis
    last28Days { amount } before28Days { amount } growthPercent growthReason } }`
  const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000)
  const record = (daysAgo: number, amount: string, at: number) => recordRevenue(acme.actor(), [{
    amount: { amount, currency: 'EUR' }, idempotencyKey: `schema-${at}-key`, occurredAt: day(daysAgo), ownerId: null }])
  await record(10, '150.00', 1)
  await record(40, '100.00', 2)
  expect((await acme.as('ann').run(FIGURES)).revenueFigures).toEqual({
    currency: 'EUR', otherCurrencies: [], mrr: null, mrrReason: 'NO_RECURRING_REVENUE', arr: null,
      arrReason: 'NO_RECURRING_REVENUE',
    arrBasis: 'RECURRING', last28Days: { amount: '150.00' }, before28Days: { amount: '100.00' }, growthPercent: '50.00',
      growthReason: null,
  })
  expect((await rival.as('eve').run(FIGURES)).revenueFigures).toMatchObject({
    last28Days: { amount: '0.00' }, growthPercent: null, growthReason: 'NO_REVENUE_BEFORE' })
  expect((await acme.as('bob').ask(FIGURES)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', action: 'figure.read' } }])
})
