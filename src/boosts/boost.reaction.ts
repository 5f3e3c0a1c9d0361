/**
 * Pays what boosts add: a reaction to activities, so that recording knows nothing of boosts and costs nothing for them. Each is
 * an award with a key that names boost and activity, and is taken back with the activity.
 */
import { LIMITS } from '../platform/limits.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { type Award, awardPoints, withdrawAwards } from '../points/award.service.ts'
import { changesOf } from '../points/change.rules.ts'
import { balanceLock } from '../points/entry.service.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { boostsStatement, keysOf } from './boost.queries.ts'
import { addedBy, boostFor, boostKey, type BoostRow } from './boost.rules.ts'

export const boostReaction: Reaction = {
  name: 'boosts',
  hears: topic => topic === 'activity.recorded' || topic === 'activity.reversed',
  gatherMs: 200,
  eventsAtOnce: 100, // Of up to 1,000 activities each.
  concerns: tenantId => (
    { name: 'boosts_any', text: 'select 1 as found from boost where tenant_id = $1 limit 1', values: [tenantId] }),
  react: (actor, batch, events) => followBoosts(actor, batch, events),
}

interface Paid { activityId: string; userId: string; type: string; points: number }

async function followBoosts(actor: Actor, batch: Batch, events: readonly LogEvent[]): Promise<Statement[]> {
  const { tenantId } = actor
  const recorded = new Map<string, Paid>()
  const reversed: string[] = []
  const people = new Set<string>()
  for (const { topic, payload } of events) {
    for (const { activityId, userId, type, points } of changesOf(payload)) {
      if (!activityId) continue
      people.add(userId)
      if (topic === 'activity.recorded') recorded.set(activityId, { activityId, userId, type, points })
      // What was recorded and taken back before it was looked at is neither.
      else if (!recorded.delete(activityId)) reversed.push(activityId)
    }
  }
  const ids = [...recorded.keys(), ...reversed]
  if (!ids.length) return []
  const [occurred] = await batch.run([{
    name: 'boosts_occurred',
    text: 'select id, occurred_at as "occurredAt" from activity where tenant_id = $1 and id = any($2::uuid[])',
    values: [tenantId, ids],
  }])
  const at = new Map(occurred!.map(row => [row.id as string, row.occurredAt as Date]))
  const times = [...at.values()].map(time => time.getTime())
  // What occurred by a clock that is ahead may have been paid by a boost that was canceled meanwhile.
  const from = new Date(Math.min(...times) - 2 * LIMITS.occurredAheadMaxMs)
  const [found] = await batch.run([boostsStatement(tenantId, from, new Date(Math.max(...times)))])
  const boosts = found as BoostRow[]
  if (!boosts.length) return []
  const awards = [...recorded.values()].flatMap(paid => awardFor(boosts, paid, at.get(paid.activityId)!) ?? [])
  if (!awards.length && !reversed.length) return []
  await batch.run([balanceLock(tenantId, [...people])]) // All of them first, in order: what follows locks some of them again.
  const paying = await awardPoints(batch, actor, awards)
  if (!reversed.length) return paying
  if (paying.length) await batch.run(paying) // What is taken back starts from the balances after.
  return withdrawAwards(batch, actor, keysOf(boosts, reversed))
}

function awardFor(boosts: readonly BoostRow[], { activityId, userId, type, points }: Paid, occurredAt: Date): Award | null {
  const boost = boostFor(boosts, type, occurredAt)
  const added = boost ? addedBy(boost, points) : 0
  if (!boost || !added) return null
  return { key: boostKey(boost.id, activityId), userId, points: added, type: `boost ${boost.name}`, occurredAt }
}
