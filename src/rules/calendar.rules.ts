/** Local days as numbers, and the weeks, months, quarters and years they lie in: what windows and streaks count in. Pure. */
import { LIMITS } from '../platform/limits.ts'
import { localDay } from '../platform/time.ts'

/** What a calendar window, a streak or a repetition counts in; weeks begin on Monday. */
export const UNITS = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const
export type Unit = typeof UNITS[number]

const DAY_MS = 86_400_000
const recent = new Map<string, { startMs: number; endMs: number; day: number }[]>()

/** Returns the local day of an instant in a zone: days since 1970-01-01. */
export function dayOf(zone: string, atMs: number): number {
  let days = recent.get(zone)
  if (!days) recent.set(zone, days = [])
  for (const known of days) if (atMs >= known.startMs && atMs < known.endMs) return known.day
  const { day, startMs, endMs } = localDay(zone, atMs)
  days.unshift({ startMs, endMs, day: Date.parse(day) / DAY_MS })
  days.length = Math.min(days.length, 4) // Today, the day that closed last, and days that came late.
  return days[0]!.day
}

/** Returns the date of a day as YYYY-MM-DD. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** Returns the number of a date, as YYYY-MM-DD. */
export function dayNumber(date: string): number {
  return Date.parse(date) / DAY_MS
}

/** Returns the last day that is closed in the zone: it ended more than 24 h before `nowMs`, as periods of points do. */
export function closedThrough(zone: string, nowMs: number): number {
  return dayOf(zone, nowMs - LIMITS.periodGraceMs) - 1
}

/** Returns the number of the unit a day lies in; the unit after it has the next number. */
export function unitOf(unit: Unit, day: number): number {
  if (unit === 'DAY') return day
  if (unit === 'WEEK') return Math.floor((day + 3) / 7) // 1970-01-01 was a Thursday.
  const date = new Date(day * DAY_MS)
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth()
  return unit === 'MONTH' ? months : Math.floor(months / (unit === 'QUARTER' ? 3 : 12))
}

/** Returns the first day of the unit of this number. */
export function firstDayOf(unit: Unit, number: number): number {
  if (unit === 'DAY') return number
  if (unit === 'WEEK') return number * 7 - 3
  const months = number * (unit === 'MONTH' ? 1 : unit === 'QUARTER' ? 3 : 12)
  return Date.UTC(Math.floor(months / 12), months % 12) / DAY_MS
}

/** Returns the first day of the unit that the day lies in. */
export function startOf(unit: Unit, day: number): number {
  return firstDayOf(unit, unitOf(unit, day))
}

/** Returns the last day of the unit that the day lies in. */
export function endOf(unit: Unit, day: number): number {
  return firstDayOf(unit, unitOf(unit, day) + 1) - 1
}
