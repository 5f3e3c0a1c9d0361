/** What a board ranks by, as one whole number that the rank index can order, and what is shown of it (LB-2). Pure. */

export type Metric = 'POINTS' | 'GROWTH' | 'ENGAGEMENT'

/** What a board measures; `isPerHead` divides a team's points by its people, `growthFloor` is the least divisor of growth. */
export interface Measure { metric: Metric; isPerHead: boolean; growthFloor: number }

/** What is counted of a subject in a period; `heads` are the people it has. */
export interface Figures { points: number; previous: number; days: number; actions: number; heads: number }

/** What a board shows beside points; fields of other metrics are null. `averagePoints` is a decimal with three places. */
export interface Shown {
  growthBp: number | null; isNew: boolean | null; daysActive: number | null; actions: number | null; averagePoints: string | null
}

const GROWTH_BP_MAX = 2 ** 31 - 1 // What GraphQL's Int holds: 21 million percent.
const ACTIONS_BASE = 100_000_000 // Days stand above actions, as digits do.
const DAYS_MAX = 90_000_000
const PARTS = 1_000 // Averages are ranked in thousandths of a point.

/** Returns whether a board ranks plain sums of points, which need no figures beside the rank index. */
export function isPlain({ metric, isPerHead }: Pick<Measure, 'metric' | 'isPerHead'>): boolean {
  return metric === 'POINTS' && !isPerHead
}

/**
 * Returns what the subject is ranked by, more being better. Growth is (points − previous) / max(previous, floor) in basis
 * points, rounded half up; engagement is days active, then actions; an average is in thousandths, rounded half up, of at least
 * one head.
 */
export function valueOf({ metric, isPerHead, growthFloor }: Measure, figures: Figures): number {
  const { points, previous, days, actions, heads } = figures
  if (metric === 'GROWTH') {
    return within(GROWTH_BP_MAX, Math.round((points - previous) * 10_000 / Math.max(previous, growthFloor)))
  }
  if (metric === 'ENGAGEMENT') {
    return Math.min(days, DAYS_MAX) * ACTIONS_BASE + Math.max(0, Math.min(actions, ACTIONS_BASE - 1))
  }
  return isPerHead ? within(Number.MAX_SAFE_INTEGER, Math.round(points * PARTS / Math.max(heads, 1))) : points
}

/** Returns what is shown of a value; `isNew` says that there was nothing in the previous period. */
export function shownOf({ metric, isPerHead }: Pick<Measure, 'metric' | 'isPerHead'>, value: number, isNew: boolean): Shown {
  const isEngagement = metric === 'ENGAGEMENT'
  return {
    growthBp: metric === 'GROWTH' ? value : null,
    isNew: metric === 'GROWTH' ? isNew : null,
    daysActive: isEngagement ? Math.floor(value / ACTIONS_BASE) : null,
    actions: isEngagement ? value % ACTIONS_BASE : null,
    averagePoints: metric === 'POINTS' && isPerHead ? decimalOf(value) : null,
  }
}

function decimalOf(parts: number): string {
  const digits = String(Math.abs(parts)).padStart(4, '0')
  return `${parts < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`
}

const within = (max: number, value: number) => Math.max(-max, Math.min(max, value)) || 0 // Never −0.
