/**
 * Calendar of a tenant: which local day, week and month an instant falls in, and when such a period ends. Pure; zones are
 * IANA names.
 */
import { Temporal } from 'temporal-polyfill'

export type Period = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'ALL_TIME'

/** One local day: its dates as YYYY-MM-DD (week starts Monday, month on the 1st) and its half-open range in epoch ms. */
export interface LocalDay { day: string; week: string; month: string; startMs: number; endMs: number }

const recentDays = new Map<string, LocalDay[]>()

/** Returns the local day that holds the instant. Days of 23 and 25 hours are what the zone's rules make of them. */
export function localDay(zone: string, atMs: number): LocalDay {
  let days = recentDays.get(zone)
  if (!days) recentDays.set(zone, (days = []))
  for (const known of days) if (atMs >= known.startMs && atMs < known.endMs) return known
  const date = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate()
  const found = {
    day: date.toString(),
    week: date.subtract({ days: date.dayOfWeek - 1 }).toString(),
    month: date.with({ day: 1 }).toString(),
    startMs: startOf(date, zone),
    endMs: startOf(date.add({ days: 1 }), zone),
  }
  days.unshift(found)
  days.length = Math.min(days.length, 16)
  return found
}

/** Returns the key of the period that holds the instant: the local date it starts on; `ALL_TIME` has the key of the epoch. */
export function periodKey(period: Period, zone: string, atMs: number): string {
  if (period === 'ALL_TIME') return ALL_TIME_KEY
  const local = localDay(zone, atMs)
  return period === 'DAILY' ? local.day : period === 'WEEKLY' ? local.week : local.month
}

/** The key of the one all-time period. */
export const ALL_TIME_KEY = '1970-01-01'

const recentRanges = new Map<string, { startMs: number; endMs: number }>()

/** Returns the half-open range of a period in epoch ms; the end of `ALL_TIME` is never. */
export function periodRange(period: Period, zone: string, key: string): { startMs: number; endMs: number } {
  if (period === 'ALL_TIME') return { startMs: 0, endMs: Number.POSITIVE_INFINITY }
  const name = `${period}|${zone}|${key}`
  const known = recentRanges.get(name)
  if (known) return known
  const start = Temporal.PlainDate.from(key)
  const end = start.add(period === 'DAILY' ? { days: 1 } : period === 'WEEKLY' ? { days: 7 } : { months: 1 })
  const range = { startMs: startOf(start, zone), endMs: startOf(end, zone) }
  if (recentRanges.size > 4_096) recentRanges.clear()
  recentRanges.set(name, range)
  return range
}

/** Returns the key of the period after (`by` = 1) or before (`by` = −1) the one with this key. */
export function neighborKey(period: Exclude<Period, 'ALL_TIME'>, key: string, by: 1 | -1): string {
  const step = period === 'DAILY' ? { days: by } : period === 'WEEKLY' ? { days: 7 * by } : { months: by }
  return Temporal.PlainDate.from(key).add(step).toString()
}

/** Returns the local date so many days after (or before) a date. */
export function dayAfter(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

/** Returns whether the name is a zone this runtime knows. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false // An offset such as "+02:00" has no summer.
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    return true
  } catch {
    return false // The one way to ask is to try.
  }
}

function startOf(date: Temporal.PlainDate, zone: string): number {
  return date.toZonedDateTime(zone).epochMilliseconds
}
