/**
 * The only writer of points that no activity paid: awards, and what is taken back of them. The key of an award says what for;
 * the same key never pays twice, whoever asks. Statements are for the caller's transaction.
 */
import assert from 'node:assert'
import { derivedId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { packChanges, type PointChange } from './change.rules.ts'
import { balanceLock, balanceUpdate, entryInsert, entryNumbers, type NewEntry } from './entry.service.ts'
import { countingFor, recountingFor } from './period.rules.ts'

/** Points for something; `key` is unique in the tenant, `type` is the word that feeds show, such as "achievement first_sale". */
export interface Award { key: string; userId: string; points: number; type: string; occurredAt: Date }

type Giver = Pick<Actor, 'tenantId' | 'now'>

const zoneStatement = (tenantId: string): Statement =>
  ({ name: 'award_zone', text: 'select time_zone as zone from tenant where tenant_id = $1', values: [tenantId] })

/**
 * Returns the statements that pay these awards, none for keys that were paid before; the outbox row (`points.granted`) is the
 * last. Locks the balances concerned. An award counts in the period it occurred in while that is open, for the team of then.
 */
export async function awardPoints(batch: Batch, { tenantId, now }: Giver, awards: readonly Award[]): Promise<Statement[]> {
  const wanted = [...new Map(awards.map(award => [award.key, award])).values()]
  if (!wanted.length) return []
  for (const { key, points } of wanted) assert(Number.isSafeInteger(points) && points > 0, `${key} awards ${points} points`)
  const [locked, paid, zones, teams, numbered] = await batch.run([
    balanceLock(tenantId, wanted.map(({ userId }) => userId)),
    {
      name: 'award_paid', text: 'select key from point_award where tenant_id = $1 and key = any($2)',
      values: [tenantId, wanted.map(({ key }) => key)],
    },
    zoneStatement(tenantId),
    {
      name: 'award_teams',
      text: `select a.place::int as place, t.id as "teamId", t.department_id as "departmentId"
             from unnest($2::uuid[], $3::timestamptz[]) with ordinality a (user_id, at, place)
             join team_membership m on m.tenant_id = $1 and m.user_id = a.user_id and m.is_primary is not false
               and m.starts_at <= a.at and (m.ends_at is null or m.ends_at > a.at)
             join team t on t.tenant_id = m.tenant_id and t.id = m.team_id`,
      values: [tenantId, wanted.map(({ userId }) => userId), wanted.map(({ occurredAt }) => occurredAt)],
    },
    entryNumbers(wanted.length),
  ])
  const isPaid = new Set(paid!.map(({ key }) => key as string))
  const teamOf = new Map(teams!.map(row => [row.place as number, row as { teamId: string; departmentId: string | null }]))
  const fresh: (NewEntry & { award: Award })[] = []
  const totals = totalsOf(locked!)
  const seqs = (numbered![0]!.numbers as string).split(' ').map(Number)
  for (const [at, award] of wanted.entries()) {
    if (isPaid.has(award.key)) continue
    const { isCorrection, ...periods } = countingFor(zones![0]!.zone as string, award.occurredAt.getTime(), now.getTime())
    const { teamId = null, departmentId = null } = teamOf.get(at + 1) ?? {}
    const { key, userId, points, type } = award
    const change = {
      activityId: null, userId, teamId, departmentId, type, points, seq: seqs[at]!, total: added(totals, userId, points),
      ...periods,
    }
    fresh.push({ award, id: derivedId(tenantId, 'award', key), change, isCorrection, recordedAt: now })
  }
  if (!fresh.length) return []
  const column = <T>(pick: (award: Award) => T) => fresh.map(({ award }) => pick(award))
  return [
    {
      name: 'award_insert',
      text: `insert into point_award (tenant_id, key, user_id, type, entry_seq, occurred_at)
             select $1, * from unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::timestamptz[])`,
      values: [tenantId, column(({ key }) => key), column(({ userId }) => userId), column(({ type }) => type),
        fresh.map(({ change }) => change.seq), column(({ occurredAt }) => occurredAt)],
    },
    ...written(tenantId, fresh, 'AWARD'),
  ]
}

/**
 * Returns the statements that take awards back, none for keys that never paid or were taken back before; the outbox row
 * (`points.withdrawn`) is the last. They count where the award counted while that is open, else in the open periods.
 */
export async function withdrawAwards(batch: Batch, { tenantId, now }: Giver, keys: readonly string[]): Promise<Statement[]> {
  const wanted = [...new Set(keys)]
  if (!wanted.length) return []
  const named = { text: 'tenant_id = $1 and key = any($2)', values: [tenantId, wanted] }
  const [owners] = await batch.run([{
    name: 'award_owners', text: `select user_id as "userId" from point_award where ${named.text}`, values: named.values,
  }])
  if (!owners!.length) return []
  const [locked, standing, zones, numbered] = await batch.run([
    balanceLock(tenantId, owners!.map(({ userId }) => userId as string)),
    {
      name: 'award_standing', // Read under the lock, so that two who take back the same meet.
      text: `select a.key, a.type, e.user_id as "userId", e.points, e.team_id as "teamId", e.department_id as "departmentId",
               e.day, e.week, e.month
             from point_award a
             join point_entry e on e.tenant_id = a.tenant_id and e.user_id = a.user_id and e.seq = a.entry_seq
             where a.tenant_id = $1 and a.key = any($2) and a.withdrawn_seq is null order by a.entry_seq`,
      values: named.values,
    },
    zoneStatement(tenantId),
    entryNumbers(wanted.length),
  ])
  const totals = totalsOf(locked!)
  const seqs = (numbered![0]!.numbers as string).split(' ').map(Number)
  const zone = zones![0]!.zone as string
  const fresh = (standing as unknown as (PointChange & { key: string })[]).map(({ key, ...before }, at) => {
    const { isCorrection, ...periods } = recountingFor(zone, before, now.getTime())
    const points = -before.points
    const total = added(totals, before.userId, points)
    const change: PointChange = { ...before, activityId: null, points, seq: seqs[at]!, total, ...periods }
    return { key, id: derivedId(tenantId, 'withdrawal', key), change, isCorrection, recordedAt: now }
  })
  if (!fresh.length) return []
  return [
    {
      name: 'award_withdraw',
      text: `update point_award a set withdrawn_seq = t.seq from unnest($2::text[], $3::bigint[]) t (key, seq)
             where a.tenant_id = $1 and a.key = t.key`,
      values: [tenantId, fresh.map(({ key }) => key), fresh.map(({ change }) => change.seq)],
    },
    ...written(tenantId, fresh, 'WITHDRAWAL'),
  ]
}

function written(tenantId: string, entries: readonly NewEntry[], reason: 'AWARD' | 'WITHDRAWAL'): Statement[] {
  const changes = entries.map(({ change }) => change)
  const topic = reason === 'AWARD' ? 'points.granted' : 'points.withdrawn'
  return [
    entryInsert(tenantId, entries, reason), balanceUpdate(tenantId, changes),
    emitStatement(tenantId, topic, { changes: packChanges(changes) }),
  ]
}

const totalsOf = (locked: readonly Record<string, unknown>[]) =>
  new Map(locked.map(({ userId, points }) => [userId as string, points as number]))

function added(totals: Map<string, number>, userId: string, points: number): number {
  const before = totals.get(userId)
  assert(before !== undefined, `user ${userId} has no balance`)
  totals.set(userId, before + points)
  return before + points
}
