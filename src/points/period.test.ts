import { describe, expect, it, test } from 'vitest'
import { sharedNode, tenantOn, type TestTenant } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { changesOf } from './change.rules.ts'
import { countingFor, isClosed, recountingFor } from './period.rules.ts'
import type { Period } from '../platform/time.ts'

const at = (text: string) => Date.parse(text)

describe('a period closes 24 hours after its end', () => {
  it.each<[period: Period, zone: string, key: string, lastOpen: string]>([
    ['DAILY', 'UTC', '2026-03-10', '2026-03-11T23:59:59.999Z'],
    ['WEEKLY', 'UTC', '2026-03-09', '2026-03-16T23:59:59.999Z'],
    ['MONTHLY', 'UTC', '2026-02-01', '2026-03-01T23:59:59.999Z'],
    ['MONTHLY', 'UTC', '2028-02-01', '2028-03-01T23:59:59.999Z'], // 29 days.
    ['DAILY', 'Europe/Berlin', '2026-03-10', '2026-03-11T22:59:59.999Z'],
    ['DAILY', 'Europe/Berlin', '2026-03-28', '2026-03-29T22:59:59.999Z'], // The grace is 24 hours, also when the next day has 23.
    ['DAILY', 'Europe/Berlin', '2026-03-29', '2026-03-30T21:59:59.999Z'],
    ['DAILY', 'Europe/Berlin', '2026-10-24', '2026-10-25T21:59:59.999Z'],
    ['DAILY', 'America/New_York', '2026-11-01', '2026-11-03T04:59:59.999Z'],
    ['MONTHLY', 'Asia/Kolkata', '2026-02-01', '2026-03-01T18:29:59.999Z'],
    ['DAILY', 'Australia/Lord_Howe', '2026-04-05', '2026-04-06T13:29:59.999Z'],
    ['DAILY', 'Pacific/Apia', '2011-12-29', '2011-12-31T09:59:59.999Z'],
  ])('%s in %s from %s is open until %s', (period, zone, key, lastOpen) => {
    expect(isClosed(period, zone, key, at(lastOpen))).toBe(false)
    expect(isClosed(period, zone, key, at(lastOpen) + 1)).toBe(true)
  })

  it('never, for all time', () => {
    expect(isClosed('ALL_TIME', 'UTC', '1970-01-01', at('9999-01-01T00:00:00Z'))).toBe(false)
  })
})

type Late = [
  title: string, zone: string, occurred: string, now: string, day: string, week: string, month: string, isCorrection: boolean,
]
const LATE: Late[] = [
  ['at once', 'UTC', '2026-03-10T12:00:00Z', '2026-03-10T12:00:01Z', '2026-03-10', '2026-03-09', '2026-03-01', false],
  [
    'in the grace of everything', 'UTC', '2026-03-31T23:59:59Z', '2026-04-01T12:00:00Z', '2026-03-31', '2026-03-30',
    '2026-03-01', false,
  ],
  ['with the day closed', 'UTC', '2026-03-10T12:00:00Z', '2026-03-12T00:00:00Z', '2026-03-12', '2026-03-09', '2026-03-01', true],
  [
    'with day and week closed', 'UTC', '2026-03-08T12:00:00Z', '2026-03-10T00:00:00Z', '2026-03-10', '2026-03-09',
    '2026-03-01', true,
  ],
  [
    'with day and month closed, the week open', 'UTC', '2026-03-31T12:00:00Z', '2026-04-02T00:00:00Z', '2026-04-02',
    '2026-03-30', '2026-04-01', true,
  ],
  ['with all closed', 'UTC', '2026-02-27T12:00:00Z', '2026-03-10T00:00:00Z', '2026-03-10', '2026-03-09', '2026-03-01', true],
  ['a year late', 'UTC', '2025-03-10T12:00:00Z', '2026-03-10T12:00:00Z', '2026-03-10', '2026-03-09', '2026-03-01', true],
  [
    'one millisecond before the day closes', 'Europe/Berlin', '2026-03-10T22:59:59.999Z', '2026-03-11T22:59:59.999Z',
    '2026-03-10', '2026-03-09', '2026-03-01', false,
  ],
  [
    'as the day closes', 'Europe/Berlin', '2026-03-10T22:59:59.999Z', '2026-03-11T23:00:00.000Z', '2026-03-12',
    '2026-03-09', '2026-03-01', true,
  ],
  [
    'a little ahead, past midnight', 'UTC', '2026-03-31T00:01:00Z', '2026-03-30T23:58:00Z', '2026-03-31', '2026-03-30',
    '2026-03-01', false,
  ],
  [
    'ahead into the next month', 'UTC', '2026-04-01T00:01:00Z', '2026-03-31T23:58:00Z', '2026-04-01', '2026-03-30',
    '2026-04-01', false,
  ],
  [
    'on a leap day, in time', 'UTC', '2028-02-29T23:00:00Z', '2028-03-01T23:00:00Z', '2028-02-29', '2028-02-28',
    '2028-02-01', false,
  ],
  [
    'on a leap day, with day and month closed', 'UTC', '2028-02-29T23:00:00Z', '2028-03-02T00:00:00Z', '2028-03-02',
    '2028-02-28', '2028-03-01', true,
  ],
  [
    'in the evening of New York, next day in UTC', 'America/New_York', '2026-01-01T03:00:00Z', '2026-01-01T23:00:00Z',
    '2025-12-31', '2025-12-29', '2025-12-01', false,
  ],
  [
    'on the day Apia skipped a date', 'Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-31T09:00:00Z', '2011-12-29',
    '2011-12-26', '2011-12-01', false,
  ],
]

test.each(LATE)('what is recorded %s counts where it is open, kind by kind',
  (_title, zone, occurred, now, day, week, month, isCorrection) => {
  expect(countingFor(zone, at(occurred), at(now))).toEqual({ day, week, month, isCorrection })
})

test('a change to what was corrected before counts in the periods of the correction while these are open', () => {
  const counted = { day: '2026-03-12', week: '2026-03-09', month: '2026-03-01' }
  expect(recountingFor('UTC', counted, at('2026-03-13T10:00:00Z'))).toEqual({ ...counted, isCorrection: false })
  expect(recountingFor('UTC', counted, at('2026-03-14T10:00:00Z'))).toEqual({ ...counted, day: '2026-03-14', isCorrection: true })
})

async function settledTenant(timeZone: string): Promise<TestTenant> {
  return tenantOn(await sharedNode(), { timeZone, since: new Date('2024-06-01T00:00:00Z') }, 'ann')
}

test('entries, the payload and the event say where an activity counts, in the zone of the tenant', async () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York']) {
    await using acme = await settledTenant(zone)
    const cases = LATE.filter(([, of, occurred]) => of === zone && occurred > '2024-06-02')
    for (const [place, [, , occurred, now]] of cases.entries()) {
      const { recordings: [recording] } = await recordInputs(acme.actor('ann', new Date(now)), [
        { activityType: 'team_support', idempotencyKey: `late-${place}-key`, occurredAt: new Date(occurred) }])
      expect(recording).toMatchObject({
        kind: 'NEW', entry: { isCorrection: cases[place]![7] },
        activity: { occurredAt: new Date(occurred), recordedAt: new Date(now) },
      })
    }
    const expected = cases.map(([, , , , day, week, month, isCorrection]) => ({ day, week, month, isCorrection }))
    expect(await acme.sql(`select day, week, month, is_correction as "isCorrection" from point_entry
      order by seq`)).toEqual(expected)
    await acme.settled()
    const events = await acme.sql<{ payload: unknown }>(`select payload from event_log where topic = 'activity.recorded'
      order by pos`)
    expect(events.flatMap(({ payload }) => changesOf(payload)).map(({ day, week, month }) => ({ day, week, month })))
      .toEqual(expected.map(({ day, week, month }) => ({ day, week, month })))
    await expectBooksAgree(acme)
  }
})

test('a late activity counts at once in lifetime points, whatever is closed', async () => {
  await using acme = await settledTenant('UTC')
  const now = new Date('2026-03-10T12:00:00Z')
  const days = ['2024-07-01', '2025-12-31', '2026-02-28', '2026-03-01', '2026-03-08', '2026-03-09', '2026-03-10']
  await recordInputs(
    acme.actor('ann', now),
    days.map(day => ({ activityType: 'team_support', idempotencyKey: `on-${day}`, occurredAt: new Date(`${day}T10:00:00Z`) })))
  expect(await acme.points('ann')).toBe(7 * 25)
  const sums = (column: string) => acme.sql(`select ${column} as start, count(*) as entries from point_entry group by 1
    order by 1`)
  expect(await sums('month')).toEqual([{ start: '2026-03-01', entries: 7 }])
  expect(await sums('week')).toEqual([{ start: '2026-03-09', entries: 7 }]) // The week of 2 March closed as the 10th began.
  expect(await sums('day')).toEqual([{ start: '2026-03-09', entries: 1 }, { start: '2026-03-10', entries: 6 }])
  expect(await acme.sql(`select is_correction as "isCorrection", count(*) as entries from point_entry group by 1
    order by 1`)).toEqual([
    { isCorrection: false, entries: 2 }, { isCorrection: true, entries: 5 }])
})
