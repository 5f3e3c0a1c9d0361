/** The statements that add point entries and move balances; whoever sends them holds the locks on user_points. */
import type { Statement } from '../platform/tenancy.ts'
import type { PointChange } from './change.rules.ts'
import type { PointReason } from './point.entity.ts'

/** A point entry to be written. */
export interface NewEntry { id: string; change: PointChange; isCorrection: boolean; recordedAt: Date }

/** The statement that adds point entries. */
export function entryInsert(tenantId: string, entries: readonly NewEntry[], reason: `${PointReason}`): Statement {
  const column = <T>(pick: (change: PointChange) => T) => entries.map(({ change }) => pick(change))
  return {
    name: 'entry_insert',
    text: `insert into point_entry (tenant_id, reason, user_id, seq, id, activity_id, points, is_correction,
             team_id, department_id, day, week, month, recorded_at)
           select $1, $2, * from unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[], $8::boolean[],
             $9::uuid[], $10::uuid[], $11::date[], $12::date[], $13::date[], $14::timestamptz[])`,
    values: [
      tenantId, reason, column(({ userId }) => userId), column(({ seq }) => seq), entries.map(({ id }) => id),
      column(({ activityId }) => activityId), column(({ points }) => points), entries.map(({ isCorrection }) => isCorrection),
      column(({ teamId }) => teamId), column(({ departmentId }) => departmentId), column(({ day }) => day),
      column(({ week }) => week), column(({ month }) => month), entries.map(({ recordedAt }) => recordedAt),
    ],
  }
}

/** The statement that brings balances to where their changes, in the order of their numbers, have left them. */
export function balanceUpdate(tenantId: string, changes: readonly PointChange[]): Statement {
  const balances = new Map<string, { total: number; seq: number }>()
  for (const change of changes) {
    const before = balances.get(change.userId)
    balances.set(change.userId, { total: change.total, seq: change.points ? change.seq : before?.seq ?? 0 })
  }
  return {
    name: 'entry_balance',
    text: `update user_points p set points = t.total, last_seq = greatest(p.last_seq, t.seq)
           from unnest($2::uuid[], $3::bigint[], $4::bigint[]) as t (user_id, total, seq)
           where p.tenant_id = $1 and p.user_id = t.user_id`,
    values: [
      tenantId, [...balances.keys()], [...balances.values()].map(({ total }) => total),
      [...balances.values()].map(({ seq }) => seq),
    ],
  }
}

/** The statement that locks balances in id order (no deadlocks) and answers them: whoever comes later sees what came before. */
export function balanceLock(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'entry_lock',
    text: `select user_id as "userId", points from user_points where tenant_id = $1 and user_id = any($2::uuid[])
           order by user_id for update`,
    values: [tenantId, [...new Set(userIds)].sort()],
  }
}

/** The statement that answers as many numbers for entries, in one text; to be sent after the lock. */
export function entryNumbers(count: number): Statement {
  return {
    name: 'entry_numbers',
    text: `select string_agg(nextval('point_entry_seq')::text, ' ') as numbers from generate_series(1, $1)`,
    values: [count],
  }
}
