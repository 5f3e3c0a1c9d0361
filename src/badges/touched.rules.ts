/** Which facts of whom came in, in words, and whether a measure reads them. Pure. */
import { revenueOf } from '../facts/change.rules.ts'
import { changesOf } from '../points/change.rules.ts'
import type { Measure } from './measure.rules.ts'

/** What of a person facts touched: activity types, metrics, revenue. */
export type Touched = Map<string, Set<string>>

/** Returns of whom these events changed what, by words that `isTouched` knows. */
export function touchedBy(events: readonly { topic: string; payload: unknown }[]): Touched {
  const touched: Touched = new Map()
  const touch = (userId: string, what: string) => {
    const known = touched.get(userId)
    if (known) known.add(what)
    else touched.set(userId, new Set([what]))
  }
  for (const { topic, payload } of events) {
    if (topic === 'activity.recorded') for (const { userId, type } of changesOf(payload)) touch(userId, `activity ${type}`)
    else if (topic === 'metric.recorded') {
      for (const [, metric, kind, subjectId] of (payload as { points: string[][] }).points) {
        if (kind === 'USER') touch(subjectId!, `metric ${metric}`)
      }
    } else for (const { ownerId } of revenueOf(payload)) if (ownerId) touch(ownerId, 'revenue')
  }
  return touched
}

/** Returns whether a measure reads what was touched. */
export function isTouched(measure: Measure, touched: ReadonlySet<string>): boolean {
  switch (measure.kind) {
    case 'ACTIVITIES': return measure.activityTypes.some(type => touched.has(`activity ${type}`))
    case 'METRIC_AVERAGE': return touched.has(`metric ${measure.metric}`)
    default: return touched.has('revenue')
  }
}
