import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_TIME_KEY, isZone, localDay, neighborKey, type Period, periodKey, periodRange } from './time.ts'

const at = (text: string) => Date.parse(text)
const HOUR_MS = 3_600_000
const hoursOf = (period: Period, zone: string, key: string) => {
  const { startMs, endMs } = periodRange(period, zone, key)
  return (endMs - startMs) / HOUR_MS
}

describe('localDay', () => {
  it.each<[zone: string, instant: string, day: string, week: string, month: string]>([
    ['UTC', '2026-03-10T00:00:00.000Z', '2026-03-10', '2026-03-09', '2026-03-01'],
    ['UTC', '2026-03-09T23:59:59.999Z', '2026-03-09', '2026-03-09', '2026-03-01'], // A Monday is its own week's start.
    ['UTC', '2026-03-08T23:59:59.999Z', '2026-03-08', '2026-03-02', '2026-03-01'], // A Sunday belongs to the week before.
    ['Europe/Berlin', '2026-03-31T21:59:59.999Z', '2026-03-31', '2026-03-30', '2026-03-01'],
    ['Europe/Berlin', '2026-03-31T22:00:00.000Z', '2026-04-01', '2026-03-30', '2026-04-01'],
    ['America/New_York', '2026-01-01T04:59:59.999Z', '2025-12-31', '2025-12-29', '2025-12-01'],
    ['America/New_York', '2026-01-01T05:00:00.000Z', '2026-01-01', '2025-12-29', '2026-01-01'],
    ['Asia/Kolkata', '2026-02-28T18:29:59.999Z', '2026-02-28', '2026-02-23', '2026-02-01'],
    ['Asia/Kolkata', '2026-02-28T18:30:00.000Z', '2026-03-01', '2026-02-23', '2026-03-01'],
    ['Asia/Kathmandu', '2026-02-28T18:15:00.000Z', '2026-03-01', '2026-02-23', '2026-03-01'],
    // The clock goes back by half an hour.
    ['Australia/Lord_Howe', '2026-04-04T14:59:59.999Z', '2026-04-05', '2026-03-30', '2026-04-01'],
    ['Pacific/Apia', '2026-06-30T11:00:00.000Z', '2026-07-01', '2026-06-29', '2026-07-01'],
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-29', '2011-12-26', '2011-12-01'],
    ['Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31', '2011-12-26', '2011-12-01'], // There was no 30 December.
    ['UTC', '2028-02-29T12:00:00.000Z', '2028-02-29', '2028-02-28', '2028-02-01'], // A leap day.
    ['UTC', '2028-03-01T00:00:00.000Z', '2028-03-01', '2028-02-28', '2028-03-01'],
    // The day begins at 01:00: midnight was skipped.
    ['America/Santiago', '2026-09-06T04:00:00.000Z', '2026-09-06', '2026-08-31', '2026-09-01'],
    ['America/Santiago', '2026-09-06T03:59:59.999Z', '2026-09-05', '2026-08-31', '2026-09-01'],
  ])('in %s, %s lies in the day %s, the week from %s and the month from %s', (zone, instant, day, week, month) => {
    expect(localDay(zone, at(instant))).toMatchObject({ day, week, month })
    expect([periodKey('DAILY', zone, at(instant)), periodKey(
      'WEEKLY', zone, at(instant)), periodKey('MONTHLY', zone, at(instant)), periodKey('ALL_TIME', zone, at(instant))])
      .toEqual([day, week, month, ALL_TIME_KEY])
  })

  it.each<[zone: string, noon: string, instant: string, day: string]>([
    ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-29T22:00:00Z', '2026-03-30'], // 23 hours
    ['Europe/Berlin', '2026-10-25T10:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25'], // 25 hours
    ['Australia/Lord_Howe', '2026-04-05T02:00:00Z', '2026-04-05T13:29:59Z', '2026-04-05'], // 24.5 hours
    ['Australia/Lord_Howe', '2026-10-04T02:00:00Z', '2026-10-04T13:00:00Z', '2026-10-05'], // 23.5 hours
  ])('in %s it remembers the day of %s by its real length', (zone, noon, instant, day) => {
    localDay(zone, at(noon))
    expect(localDay(zone, at(instant)).day).toBe(day)
  })

  it('answers the same from memory, in whatever order and zone it is asked', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kolkata']
    fc.assert(fc.property(fc.constantFrom(...zones),
      fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') }), (zone, instant) => {
      const local = localDay(zone, instant)
      expect(local.startMs).toBeLessThanOrEqual(instant)
      expect(local.endMs).toBeGreaterThan(instant)
      // The runtime's own calendar is the independent witness.
      expect(local.day).toBe(new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(instant))
      for (const [period, key] of [['DAILY', local.day], ['WEEKLY', local.week], ['MONTHLY', local.month]] as const) {
        const { startMs, endMs } = periodRange(period, zone, key)
        expect(startMs <= instant && instant < endMs).toBe(true)
        expect(periodKey(period, zone, startMs)).toBe(key)
        expect(periodKey(period, zone, endMs)).toBe(
          key === '2011-12-29' && zone === 'Pacific/Apia' && period === 'DAILY' ? '2011-12-31' : neighborKey(period, key, 1))
      }
    }), { numRuns: 300 })
  })
})

describe('periodRange', () => {
  it.each<[period: Period, zone: string, key: string, start: string, hours: number]>([
    ['DAILY', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 23], // Spring forward.
    ['DAILY', 'Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z', 25], // Fall back.
    ['WEEKLY', 'Europe/Berlin', '2026-03-23', '2026-03-22T23:00:00.000Z', 167],
    ['MONTHLY', 'Europe/Berlin', '2026-03-01', '2026-02-28T23:00:00.000Z', 743],
    ['DAILY', 'America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z', 23],
    ['DAILY', 'America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['DAILY', 'Asia/Kolkata', '2026-03-29', '2026-03-28T18:30:00.000Z', 24],
    ['DAILY', 'Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00.000Z', 24.5],
    ['DAILY', 'Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30:00.000Z', 23.5],
    ['DAILY', 'Pacific/Apia', '2011-12-29', '2011-12-29T10:00:00.000Z', 24],
    ['DAILY', 'Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z', 0],
    ['WEEKLY', 'Pacific/Apia', '2011-12-26', '2011-12-26T10:00:00.000Z', 144],
    ['DAILY', 'America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z', 23],
    ['MONTHLY', 'UTC', '2028-02-01', '2028-02-01T00:00:00.000Z', 29 * 24],
    ['MONTHLY', 'UTC', '2026-02-01', '2026-02-01T00:00:00.000Z', 28 * 24],
    ['MONTHLY', 'UTC', '2026-12-01', '2026-12-01T00:00:00.000Z', 31 * 24],
  ])('a period %s in %s from %s begins at %s and has %d hours', (period, zone, key, start, hours) => {
    expect(new Date(periodRange(period, zone, key).startMs).toISOString()).toBe(start)
    expect(hoursOf(period, zone, key)).toBe(hours)
  })

  it('has no end for all time', () => {
    expect(periodRange('ALL_TIME', 'UTC', ALL_TIME_KEY)).toEqual({ startMs: 0, endMs: Number.POSITIVE_INFINITY })
  })
})

it.each<['DAILY' | 'WEEKLY' | 'MONTHLY', string, string]>([
  ['DAILY', '2028-02-28', '2028-02-29'], ['DAILY', '2026-02-28', '2026-03-01'], ['DAILY', '2025-12-31', '2026-01-01'],
  ['WEEKLY', '2025-12-29', '2026-01-05'],
  ['WEEKLY', '2028-02-28', '2028-03-06'], ['MONTHLY', '2025-12-01', '2026-01-01'], ['MONTHLY', '2026-01-01', '2026-02-01'],
])('neighbors of a %s period: %s and %s', (period, before, after) => {
  expect([neighborKey(period, before, 1), neighborKey(period, after, -1)]).toEqual([after, before])
})

it.each([['Europe/Berlin', true], [
  'UTC', true,
], ['Asia/Calcutta', true], ['Europe/Atlantis', false], ['', false], ['Berlin', false]])('isZone(%s) is %s', (name, known) => {
  expect(isZone(name)).toBe(known)
})
