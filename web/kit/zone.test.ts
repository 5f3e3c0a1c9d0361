import { expect, test } from 'vitest'
import { dayIn, nextDay, startOfDay } from './zone.ts'

test.each([
  ['Europe/Berlin', '2026-12-01', '2026-11-30T23:00:00.000Z'],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'], // Clocks go forward at 02:00 of this day.
  ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  ['America/New_York', '2026-11-02', '2026-11-02T05:00:00.000Z'],
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'], // Midnight was skipped: the day began at 01:00.
  ['America/Sao_Paulo', '2018-02-18', '2018-02-18T03:00:00.000Z'], // Midnight became 23:00 of the day before.
  ['Pacific/Auckland', '2026-01-01', '2025-12-31T11:00:00.000Z'],
  ['Asia/Kathmandu', '2026-01-01', '2025-12-31T18:15:00.000Z'],
  ['UTC', '2026-01-01', '2026-01-01T00:00:00.000Z'],
])('in %s the day %s begins at %s', (zone, day, expected) => {
  const ms = startOfDay(zone, day)
  expect(new Date(ms).toISOString()).toBe(expected)
  expect([dayIn(zone, ms - 1), dayIn(zone, ms)]).toEqual([new Date(Date.parse(day) - 1).toISOString().slice(0, 10), day])
})

test('the day after the last of a year is the first of the next', () => {
  expect(nextDay('2026-12-31')).toBe('2027-01-01')
  expect(nextDay('2028-02-28')).toBe('2028-02-29')
})
