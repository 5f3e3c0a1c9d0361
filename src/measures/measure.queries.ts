/** Reads what a tally begins with, from the ledger. */
import type { Statement } from '../platform/tenancy.ts'
import { ALL_TIME_KEY, dayAfter, localDay, neighborKey, type Period, periodRange } from '../platform/time.ts'
import type { PointChange } from '../points/change.rules.ts'
import type { Measure } from './measure.rules.ts'
import type { OpenDay, TallyRow } from './tally.rules.ts'

/** Who is counted, over which kind of period, and how; `subjectIds` is null for everybody. */
export interface Measured {
  subject: 'USER' | 'TEAM' | 'DEPARTMENT' | 'TENANT'; period: Period; subjectIds: readonly string[] | null; measure: Measure
}

/** The column of a point entry that names the subject. */
export const SUBJECT_COLUMN = {
  USER: 'user_id', TEAM: 'team_id', DEPARTMENT: 'department_id', TENANT: 'tenant_id',
} as const
/** The column of a point entry that names the period it counts in. */
export const PERIOD_COLUMN = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month' } as const

/** Runs statements where their rows belong to one instant. */
export type Run = (statement: Statement) => Promise<Record<string, unknown>[]>

/**
 * Returns the figures of a period as of `atMs`, and the actions of days that are still open; of `without`, changes that are
 * committed already, nothing is counted.
 */
export async function readTally(
  run: Run, tenantId: string, measured: Measured, zone: string, key: string, atMs: number, without: readonly PointChange[] = [],
): Promise<{ rows: TallyRow[]; openDays: OpenDay[] }> {
  const question = { tenantId, measured, zone, key, atMs, without }
  const rows = await run(figuresStatement(question)) as unknown as TallyRow[]
  const isOpen = measured.measure.metric === 'ENGAGEMENT'
  return { rows, openDays: isOpen ? await run(openDaysStatement(question)) as unknown as OpenDay[] : [] }
}

interface Question {
  tenantId: string; measured: Measured; zone: string; key: string; atMs: number; without: readonly PointChange[]
}

/** The entries that count, as a condition; `periods` are keys of the kind of period. */
function counted({ tenantId, measured, zone, without }: Question, periods: readonly string[]) {
  const { subject, period, subjectIds } = measured
  const column = SUBJECT_COLUMN[subject]
  const values: unknown[] = [tenantId]
  const parts = ['tenant_id = $1', `${column} is not null`]
  if (period !== 'ALL_TIME') {
    // Nothing that counts in a period was recorded earlier than the few minutes by which a clock may be ahead of its start.
    const since = new Date(Math.min(...periods.map(key => periodRange(period, zone, key).startMs)) - 3_600_000)
    parts.push(`${PERIOD_COLUMN[period]} = any($${values.push(periods)}::date[])`, `recorded_at >= $${values.push(since)}`)
  }
  if (subjectIds) parts.push(`${column} = any($${values.push(subjectIds)}::uuid[])`)
  if (without.length) parts.push(`seq <> all($${values.push(without.map(({ seq }) => seq))}::bigint[])`)
  return { column, values, where: parts.join(' and ') }
}

const ACTIONS = `sum(case reason when 'ACTIVITY' then 1 when 'REVERSAL' then -1 else 0 end)`

function figuresStatement(question: Question): Statement {
  const { measured: { period, measure: { metric } }, key } = question
  if (metric === 'ENGAGEMENT') {
    const { column, values, where } = counted(question, [key])
    return {
      text: `select "subjectId", sum(points)::bigint as points, 0 as previous, count(*) filter (where acted > 0)::int as days,
               sum(acted)::int as actions, 1 as heads, coalesce(max(seq), 0)::bigint as seq, max(seq) is not null as "isRanked"
             from (select ${column} as "subjectId", sum(points) as points, ${ACTIONS} as acted,
                     max(seq) filter (where reason in ('ACTIVITY', 'REVERSAL')) as seq
                   from point_entry where ${where} group by ${column}, user_id, day) as person_day
             group by 1`,
      values,
    }
  }
  if (metric === 'POINTS') return averagesStatement(question)
  const previous = period === 'ALL_TIME' ? ALL_TIME_KEY : neighborKey(period, key, -1)
  const { column, values, where } = counted(question, [key, previous])
  const isNow = `${PERIOD_COLUMN[period as 'DAILY']} = $${values.push(key)}::date`
  return {
    text: `select ${column} as "subjectId", coalesce(sum(points) filter (where ${isNow}), 0)::bigint as points,
             coalesce(sum(points) filter (where not ${isNow}), 0)::bigint as previous, 0 as days, 0 as actions, 1 as heads,
             max(seq)::bigint as seq, bool_or(${isNow}) as "isRanked"
           from point_entry where ${where} and points <> 0 group by 1`,
    values,
  }
}

/** Sums of points beside the people that each team or department has at the instant. */
function averagesStatement(question: Question): Statement {
  const { column, values, where } = counted(question, [question.key])
  const own = question.measured.subject === 'DEPARTMENT' ? 't.department_id' : 't.id'
  const at = `$${values.push(new Date(question.atMs))}::timestamptz`
  return {
    text: `with sums as (
             select ${column} as subject_id, sum(points)::bigint as points, max(seq)::bigint as seq
             from point_entry where ${where} and points <> 0 group by 1),
           heads as (
             select ${own} as subject_id, count(*)::int as heads
             from team_membership m
             join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
             join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
             where m.tenant_id = $1 and m.is_primary is not false and m.starts_at <= ${at}
               and (m.ends_at is null or m.ends_at > ${at}) and (u.deactivated_at is null or u.deactivated_at > ${at})
             group by 1)
           select coalesce(s.subject_id, h.subject_id) as "subjectId", coalesce(s.points, 0)::bigint as points, 0 as previous,
             0 as days, 0 as actions, coalesce(h.heads, 0) as heads, coalesce(s.seq, 0)::bigint as seq,
             s.seq is not null as "isRanked"
           from sums s full join heads h on h.subject_id = s.subject_id
           where coalesce(s.subject_id, h.subject_id) is not null`,
    values,
  }
}

function openDaysStatement(question: Question): Statement {
  const { column, values, where } = counted(question, [question.key])
  const from = dayAfter(localDay(question.zone, question.atMs).day, -2)
  return {
    text: `select ${column} as "subjectId", user_id as "userId", day, ${ACTIONS}::int as actions
           from point_entry where ${where} and day >= $${values.push(from)}::date and reason in ('ACTIVITY', 'REVERSAL')
           group by 1, 2, 3`,
    values,
  }
}
