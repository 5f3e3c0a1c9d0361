/** Point changes inside an event: a compact table, since a batch of 1,000 activities is one event. Pure. */
import type { Told } from '../feed/feed.rules.ts'

/**
 * One signed change of one user's points. `total` is the user's lifetime points after it; dates name the periods it
 * counts in.
 */
export interface PointChange {
  activityId: string | null; userId: string; teamId: string | null; departmentId: string | null
  type: string; points: number; seq: number; total: number; day: string; week: string; month: string
}

/** The topics of the event log whose payloads carry point changes. */
export const POINT_TOPICS: ReadonlySet<string> = new Set([
  'activity.recorded', 'activity.reversed', 'points.granted', 'points.withdrawn',
])

/** The table as it stands in the payload under `changes`. */
export interface PackedChanges {
  users: [userId: string, teamId: string | null, departmentId: string | null][]
  periods: [day: string, week: string, month: string][]
  types: string[]
  rows: [activityId: string | null, user: number, type: number, points: number, seq: number, total: number, period: number][]
}

/** Returns the changes packed, in their order. */
export function packChanges(changes: PointChange[]): PackedChanges {
  const users = new Interned<PackedChanges['users'][number]>()
  const periods = new Interned<PackedChanges['periods'][number]>()
  const types = new Interned<string>()
  const rows = changes.map((change): PackedChanges['rows'][number] => [
    change.activityId,
    users.place(`${change.userId}|${change.teamId}`, () => [change.userId, change.teamId, change.departmentId]),
    types.place(change.type, () => change.type), change.points, change.seq, change.total,
    periods.place(`${change.day}${change.week}${change.month}`, () => [change.day, change.week, change.month]),
  ])
  return { users: users.values, periods: periods.values, types: types.values, rows }
}

/** Returns the changes an event carries, in their order; none when its payload has no `changes`. */
export function changesOf(payload: unknown): readonly PointChange[] {
  const packed = (payload as { changes?: PackedChanges }).changes
  if (!packed) return []
  let changes = unpacked.get(packed)
  if (!changes) unpacked.set(packed, (changes = unpack(packed)))
  return changes
}

/** Returns how point changes are told, one item each; those of zero points are not news. */
export function tellChanges(payload: unknown, kind: 'POINTS_AWARDED' | 'POINTS_REVERSED'): Told[] {
  return changesOf(payload).filter(({ points }) => points !== 0)
    .map(({ userId, teamId, points, type }) => ({ kind, userId, teamId, facts: { points, type } }))
}

const toldApart = new Set<string>()

/** Has the feed leave out awards of this type: their room tells them itself, with more than their points. */
export function tellApart(type: string): void {
  toldApart.add(type)
}

/** Returns how awards are told, but those that their room tells itself. */
export function tellAwards(payload: unknown): Told[] {
  return tellChanges(payload, 'POINTS_AWARDED').filter(({ facts }) => !toldApart.has(facts.type as string))
}

// Every board of a tenant reads the same event: it is unpacked once.
const unpacked = new WeakMap<PackedChanges, PointChange[]>()

function unpack(packed: PackedChanges): PointChange[] {
  return packed.rows.map(([activityId, user, type, points, seq, total, period]) => {
    const [userId, teamId, departmentId] = packed.users[user]!
    const [day, week, month] = packed.periods[period]!
    return { activityId, userId, teamId, departmentId, type: packed.types[type]!, points, seq, total, day, week, month }
  })
}

/** A table of distinct values that rows name by their place. */
export class Interned<T> {
  readonly values: T[] = []
  readonly #places = new Map<string, number>()
  /** Returns the place of the value with this key, made when it is new. */
  place(key: string, make: () => T): number {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.values.push(make()) - 1
      this.#places.set(key, place)
    }
    return place
  }
}
