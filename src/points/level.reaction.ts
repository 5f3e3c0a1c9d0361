/** The first reaction to points: a user's level follows lifetime points, and every crossing is an event of its own (LEVEL-R3). */
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { type Entitlement, entitleStatement, withdrawStatement } from './benefit.service.ts'
import { changesOf, POINT_TOPICS, type PointChange } from './change.rules.ts'
import { benefitsUpTo, crossings, levelFor, type LevelRow, multiplierFor } from './level.rules.ts'
import { levelsStatement } from './point.queries.ts'

/** What `level.changed` says: the level entered, upward or downward. */
export interface LevelChanged {
  userId: string; teamId: string | null; number: number; key: string; title: string; badge: string; threshold: number
  direction: 'UP' | 'DOWN'; points: number
}

export const levelReaction: Reaction = {
  name: 'levels',
  hears: topic => POINT_TOPICS.has(topic) || topic === 'user.created',
  gatherMs: 20, // Nobody sees the difference, and under load a reaction reads four times fewer.
  react: (actor, batch, events) => followLevels(actor, batch, events),
}

/** One entry of a person's points, and when it was committed. */
interface Step { change: PointChange; at: Date }
/** A level that was entered, and when. */
interface Crossing extends LevelChanged { multiplierBp: number; at: Date }
/** How a person's level ends up after a batch of events. */
interface Moved { userId: string; from: number; to: number }

async function followLevels(actor: Actor, batch: Batch, events: LogEvent[]): Promise<Statement[]> {
  const { tenantId, now } = actor
  // Each total is judged in order, so that a level passed and lost within one batch is announced both ways.
  const steps = new Map<string, Step[]>()
  const newcomers: string[] = []
  for (const { topic, payload, at } of events) {
    if (topic === 'user.created') newcomers.push((payload as { userId: string }).userId)
    for (const change of changesOf(payload)) {
      const known = steps.get(change.userId)
      if (known) known.push({ change, at })
      else steps.set(change.userId, [{ change, at }])
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
  const crossed: Crossing[] = []
  const moved: Moved[] = []
  for (const userId of userIds) {
    const from = storedNumbers.get(userId) ?? levels[0]!.number
    const own = crossingsOf(levels, from, steps.get(userId)!)
    crossed.push(...own)
    const to = own.at(-1)?.number ?? from
    if (to !== from) moved.push({ userId, from, to })
  }
  const begun = newcomers.map(userId => ({ userId, from: 0, to: levelFor(levels, 0).number }))
  return [
    ...crossed.length ? [levelsStore(tenantId, moved, now), crossingsInsert(tenantId, crossed)] : [],
    ...benefitStatements(tenantId, levels, [...begun, ...moved], now),
    ...crossed.map(({ multiplierBp: _, at: __, ...level }) => emitStatement(tenantId, 'level.changed', level)),
  ]
}

function crossingsOf(levels: readonly LevelRow[], from: number, steps: readonly Step[]): Crossing[] {
  const crossed: Crossing[] = []
  let number = from
  for (const { change: { userId, teamId, total: points }, at } of steps) {
    const next = levelFor(levels, points).number
    if (next === number) continue
    const direction = next > number ? 'UP' : 'DOWN'
    for (const { number: entered, key, title, badge, threshold } of crossings(levels, number, next)) {
      const multiplierBp = multiplierFor(levels, entered)
      crossed.push({ userId, teamId, number: entered, key, title, badge, threshold, direction, points, multiplierBp, at })
    }
    number = next
  }
  return crossed
}

function levelsStore(tenantId: string, moved: readonly Moved[], now: Date): Statement {
  return {
    name: 'levels_store',
    text: `insert into user_level (tenant_id, user_id, number, changed_at) select $1, user_id, number, $4
           from unnest($2::uuid[], $3::int[]) as t (user_id, number)
           on conflict (tenant_id, user_id) do update set number = excluded.number, changed_at = excluded.changed_at`,
    values: [tenantId, moved.map(({ userId }) => userId), moved.map(({ to }) => to), now],
  }
}

function crossingsInsert(tenantId: string, crossed: readonly Crossing[]): Statement {
  return {
    name: 'level_crossings',
    text: `insert into level_crossing (tenant_id, user_id, number, multiplier_bp, at)
           select $1, user_id, number, bp, at from unnest($2::uuid[], $3::int[], $4::int[], $5::timestamptz[])
             with ordinality as t (user_id, number, bp, at, place) order by place`,
    values: [tenantId, crossed.map(({ userId }) => userId), crossed.map(({ number }) => number),
      crossed.map(({ multiplierBp }) => multiplierBp), crossed.map(({ at }) => at)],
  }
}

/** Upward all benefits so far are due (LEVEL-R1); downward those that wait for approval are withdrawn. */
function benefitStatements(tenantId: string, levels: readonly LevelRow[], moved: readonly Moved[], now: Date): Statement[] {
  const due: Entitlement[] = moved.filter(({ from, to }) => to > from)
    .flatMap(({ userId, to }) => benefitsUpTo(levels, to).map(benefit => ({ userId, ...benefit })))
  const fallen = moved.filter(({ from, to }) => to < from)
  return [
    ...due.length ? [entitleStatement(tenantId, now, due)] : [],
    ...fallen.length ? [withdrawStatement(tenantId, now, fallen)] : [],
  ]
}
