/** Figures of revenue: recurring revenue a month and a year, and growth,
  from exact sums. What cannot be said is said why. Pure. */
import { divideHalfEven, ratioOf } from '../platform/money.ts'
import { localDay, neighborKey } from '../platform/time.ts'
import { isClosed } from '../points/period.rules.ts'

/** Why there is no figure. */
export type NoFigure = 'NO_RECURRING_REVENUE' | 'NO_REVENUE' | 'NO_REVENUE_BEFORE'

/** Local days, both included. */
export interface Days { since: string; until: string }

/** What the figures are read over: the last closed month and the eleven before, and twice 28 full days. */
export interface Windows { month: string; quarterSince: string; yearSince: string; yearDays: Days; last: Days; before: Days }

const DAY_MS = 86_400_000
const dayBy = (day: string, days: number) => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)

/** Returns the windows at an instant; a month closes 24 hours after its end, and today is no full day. */
export function windowsAt(zone: string, nowMs: number): Windows {
  const { day: today, month: current } = localDay(zone, nowMs)
  let month = neighborKey('MONTHLY', current, -1)
  if (!isClosed('MONTHLY', zone, month, nowMs)) month = neighborKey('MONTHLY', month, -1)
  const monthsBack = (count: number) => {
    let key = month
    for (let step = 0; step < count; step++) key = neighborKey('MONTHLY', key, -1)
    return key
  }
  const yearSince = monthsBack(11)
  return {
    month, quarterSince: monthsBack(2), yearSince,
    yearDays: { since: yearSince, until: dayBy(neighborKey('MONTHLY', month, 1), -1) },
    last: { since: dayBy(today, -28), until: dayBy(today, -1) }, before: { since: dayBy(today, -56), until: dayBy(today, -29) },
  }
}

/** Sums in minor units: of monthly, quarterly and yearly revenue that pays for the month, of twelve months,
  and of twice 28 days. */
export interface Sums {
  monthly: bigint; quarterly: bigint; yearly: bigint; hasRecurring: boolean
  trailing: bigint; hasTrailing: boolean; last: bigint; before: bigint
}

/** A figure in minor units, or why there is none. */
export type Figure = { minor: bigint; reason: null } | { minor: null; reason: NoFigure }

/** Twelve times the recurring revenue of the month, exactly: a yearly amount once, a quarterly four times,
  a monthly twelve times. */
const annual = ({ monthly, quarterly, yearly }: Sums) => 12n * monthly + 4n * quarterly + yearly

/** Returns the recurring revenue of the month, rounded half-even once. */
export function mrrOf(sums: Sums): Figure {
  return sums.hasRecurring ? { minor: divideHalfEven(annual(sums), 12n), reason: null }
    : { minor: null, reason: 'NO_RECURRING_REVENUE' }
}

/** Returns annual recurring revenue: 12 × MRR before its rounding, or the revenue of the trailing twelve months. */
export function arrOf(sums: Sums, basis: 'RECURRING' | 'TRAILING_TWELVE_MONTHS'): Figure {
  if (basis === 'RECURRING') return sums.hasRecurring ? { minor: annual(sums), reason: null }
    : { minor: null, reason: 'NO_RECURRING_REVENUE' }
  return sums.hasTrailing ? { minor: sums.trailing, reason: null } : { minor: null, reason: 'NO_REVENUE' }
}

/** Returns growth in percent with two digits, half-even, or why there is none: without revenue before nothing has grown. */
export function growthOf({ last, before }: Sums): { percent: string; reason: null } | { percent: null; reason: NoFigure } {
  if (before <= 0n) return { percent: null, reason: 'NO_REVENUE_BEFORE' }
  return { percent: ratioOf((last - before) * 100n, before, 2), reason: null }
}
