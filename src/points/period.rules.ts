/**
 * Which local day, week and month an entry counts in. A period closes 24 h after its end; what comes later counts in the
 * open one. Pure.
 */
import { LIMITS } from '../platform/limits.ts'
import { localDay, type Period, periodRange } from '../platform/time.ts'

/** The periods an entry counts in, each by its first local date, and whether any of them is not the one it occurred in. */
export interface Counting { day: string; week: string; month: string; isCorrection: boolean }

/** Returns whether a period is closed: it ended more than 24 h before `nowMs`. */
export function isClosed(period: Period, zone: string, key: string, nowMs: number): boolean {
  return nowMs >= periodRange(period, zone, key).endMs + LIMITS.periodGraceMs
}

/** Returns where something that occurred at `occurredMs` and is recorded at `nowMs` counts. */
export function countingFor(zone: string, occurredMs: number, nowMs: number): Counting {
  return recountingFor(zone, localDay(zone, occurredMs), nowMs)
}

/**
 * Returns where a change to something that counted in these periods counts now: there while they are open, else in the
 * open ones.
 */
export function recountingFor(zone: string, counted: { day: string; week: string; month: string }, nowMs: number): Counting {
  const today = localDay(zone, nowMs)
  const day = isClosed('DAILY', zone, counted.day, nowMs) ? today.day : counted.day
  const week = isClosed('WEEKLY', zone, counted.week, nowMs) ? today.week : counted.week
  const month = isClosed('MONTHLY', zone, counted.month, nowMs) ? today.month : counted.month
  return { day, week, month, isCorrection: day !== counted.day || week !== counted.week || month !== counted.month }
}
