/** Looks at a tenant's books from behind: what was written, and whether balances, entries and events tell the same story. */
import { expect } from 'vitest'
import { changesOf } from '../src/points/change.rules.ts'
import type { TestTenant } from './harness.ts'

/** How many rows a tenant's commands have written; `events` counts emitted `activity.*` events, numbered or not yet. */
export interface Books { activities: number; entries: number; keys: number; sources: number; reversals: number; events: number }

/** Returns how many rows the tenant's commands have written. */
export async function booksOf(acme: TestTenant): Promise<Books> {
  const [books] = await acme.sql<Books & Record<string, unknown>>(`select
    (select count(*) from activity) as activities, (select count(*) from point_entry) as entries, (select count(*)
    from command_key) as keys,
    (select count(*) from activity_source) as sources, (select count(*) from activity_reversal) as reversals,
    (select count(*) from outbox where topic like 'activity.%') + (select count(*) from event_log
    where topic like 'activity.%') as events`)
  return books!
}

/** Runs `work` and proves that it wrote nothing; returns what it answered. */
export async function writingNothing<T>(acme: TestTenant, work: () => Promise<T>): Promise<T> {
  const before = await booksOf(acme)
  const answer = await work()
  expect(await booksOf(acme)).toEqual(before)
  return answer
}

/**
 * Proves that the books agree: each balance is the sum of its entries and names the last entry that moved it, each activity and
 * each reversal has its one entry, and the events carry every entry once, numbered in commit order with running totals.
 */
export async function expectBooksAgree(acme: TestTenant): Promise<void> {
  await acme.settled()
  expect(await acme.sql(`select user_id from user_points p where points <> (select coalesce(sum(points), 0) from point_entry e
    where e.user_id = p.user_id)
    or last_seq <> (select coalesce(max(seq), 0) from point_entry e where e.user_id = p.user_id and points <> 0)`)).toEqual([])
  expect(await acme.sql(`select a.id from activity a full join point_entry e on e.activity_id = a.id and e.user_id = a.user_id
    and e.seq = a.entry_seq
    where (e.reason = 'ACTIVITY' or e.reason is null) and (a.id is null or e.id is null)`)).toEqual([])
  expect(await acme.sql(`select 1 from activity_reversal r full join point_entry e on e.activity_id = r.activity_id
    and e.seq = r.entry_seq
    where (e.reason = 'REVERSAL' or e.reason is null) and (r.activity_id is null or e.id is null)`)).toEqual([])
  expect(await acme.sql(`select key from point_award a full join point_entry e on e.user_id = a.user_id
    and e.seq in (a.entry_seq, a.withdrawn_seq) where (e.reason in ('AWARD', 'WITHDRAWAL') or e.reason is null)
    and (a.key is null or e.id is null)`)).toEqual([])
  const events = await acme.sql<{ payload: unknown }>(`select payload from event_log
    where topic like 'activity.%' or topic like 'points.%' order by pos`)
  const changes = events.flatMap(({ payload }) => changesOf(payload))
  const entries = await acme.sql<{ seq: number; points: number }>('select seq, points from point_entry order by seq')
  const told = changes.map(({ seq, points }) => ({ seq, points })).sort((one, other) => one.seq - other.seq)
  expect(told).toEqual(entries)
  for (const own of Map.groupBy(changes, ({ userId }) => userId).values()) {
    let [last, total] = [0, 0]
    for (const change of own) {
      expect(change.seq).toBeGreaterThan(last)
      expect(change.total).toBe(total + change.points)
      last = change.seq
      total = change.total
    }
  }
}
