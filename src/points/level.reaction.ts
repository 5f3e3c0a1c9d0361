/** The first reaction to points: a user's level follows lifetime points, and every crossing is an event of its own (LEVEL-R3). */
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { changesOf, POINT_TOPICS, type PointChange } from './change.rules.ts'
import { crossings, levelFor, type LevelRow } from './level.rules.ts'
import { levelsStatement } from './point.queries.ts'

/** What `level.changed` says: the level entered, upward or downward. */
export interface LevelChanged {
  userId: string; teamId: string | null; number: number; key: string; title: string; badge: string; threshold: number
  direction: 'UP' | 'DOWN'; points: number
}

export const levelReaction: Reaction = {
  name: 'levels',
  hears: topic => POINT_TOPICS.has(topic),
  gatherMs: 20, // Nobody sees the difference, and under load a reaction reads four times fewer.
  react: (actor, batch, events) => followLevels(actor, batch, events),
}

async function followLevels(actor: Actor, batch: Batch, events: LogEvent[]): Promise<Statement[]> {
  const { tenantId, now } = actor
  // Each total is judged in order, so that a level passed and lost within one batch is announced both ways.
  const steps = new Map<string, PointChange[]>()
  for (const event of events) {
    for (const change of changesOf(event.payload)) {
      const known = steps.get(change.userId)
      if (known) known.push(change)
      else steps.set(change.userId, [change])
    }
  }
  const userIds = [...steps.keys()].sort()
  const [levels, stored] = await batch.run([
    levelsStatement(tenantId),
    {
      name: 'levels_stored',
      text: 'select user_id as "userId", number from user_level where tenant_id = $1 and user_id = any($2::uuid[])',
      values: [tenantId, userIds],
    },
  ]) as unknown as [LevelRow[], { userId: string; number: number }[]]
  if (!levels.length) return []

  const storedNumbers = new Map(stored.map(({ userId, number }) => [userId, number]))
  const announced: LevelChanged[] = []
  const changed: { userId: string; number: number }[] = []
  for (const userId of userIds) {
    let number = storedNumbers.get(userId) ?? levels[0]!.number
    for (const { total, teamId } of steps.get(userId)!) {
      const next = levelFor(levels, total).number
      if (next === number) continue
      const direction = next > number ? 'UP' : 'DOWN'
      for (const { number: entered, key, title, badge, threshold } of crossings(levels, number, next)) {
        announced.push({ userId, teamId, number: entered, key, title, badge, threshold, direction, points: total })
      }
      number = next
    }
    if (number !== (storedNumbers.get(userId) ?? levels[0]!.number)) changed.push({ userId, number })
  }
  if (!announced.length) return []
  return [
    {
      name: 'levels_store',
      text: `insert into user_level (tenant_id, user_id, number, changed_at) select $1, user_id, number, $4
             from unnest($2::uuid[], $3::int[]) as t (user_id, number)
             on conflict (tenant_id, user_id) do update set number = excluded.number, changed_at = excluded.changed_at`,
      values: [tenantId, changed.map(({ userId }) => userId), changed.map(({ number }) => number), now],
    },
    ...announced.map(level => emitStatement(tenantId, 'level.changed', level)),
  ]
}
