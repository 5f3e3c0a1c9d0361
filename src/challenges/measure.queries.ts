/**
 * Counts what a challenge measures, from the ledgers as they stand: what was taken back never was, and what occurred in the
 * window counts whenever it was recorded. One statement for each part of a measure. And tells which events may move it.
 */
import { revenueOf } from '../facts/change.rules.ts'
import { LIMITS } from '../platform/limits.ts'
import { decimalOf } from '../platform/money.ts'
import type { Batch, Statement } from '../platform/tenancy.ts'
import { changesOf, POINT_TOPICS } from '../points/change.rules.ts'
import type { LogEvent } from '../wire/events.ts'
import {
  averageOf, combine, type Counted, type EntryMeasure, type Measure, millionths, type SimpleMeasure, type Subject,
} from './challenge.rules.ts'

/** What is counted, of whom, from when to when; days are local, the end not included. */
export interface Counting {
  measure: Measure; subject: Subject; startsAt: Date; endsAt: Date; startsOn: string; endsOn: string
}

/** Points that challenges have paid do not count in challenges. */
export const CHALLENGE_AWARD = 'challenge'

const ENTRY_COLUMN = { USER: 'e.user_id', TEAM: 'e.team_id', DEPARTMENT: 'e.department_id', TENANT: 'e.tenant_id' } as const
const FACT_COLUMN = { USER: 'f.owner_id', TEAM: 'f.team_id', DEPARTMENT: 'f.department_id', TENANT: 'f.tenant_id' } as const

// A team's entries are found by the people who ever were in it: the ledger is read by person. The entry keeps the team of then.
const OF_PEOPLE = `and e.user_id in (select m.user_id from team_membership m where m.tenant_id = $1
  and m.team_id = any($2::uuid[]))`

function activityStatement(
  tenantId: string, { kind, activityTypes, categories }: EntryMeasure,
  { subject, startsAt, endsAt }: Counting, subjectIds: readonly string[],
): Statement {
  const column = ENTRY_COLUMN[subject]
  const own = `e.tenant_id = $1 and ${column} = any($2::uuid[]) ${subject === 'TEAM' ? OF_PEOPLE : ''}
    and e.recorded_at >= $3::timestamptz - interval '${LIMITS.occurredAheadMaxMs / 1_000} seconds'`
  const activities = `select ${column} as id, ${kind === 'POINTS' ? 'e.points' : '1::bigint'} as amount, a.occurred_at as at
    from point_entry e
    join activity a on a.tenant_id = e.tenant_id and a.id = e.activity_id and a.recorded_at = e.recorded_at
    join activity_type t on t.tenant_id = a.tenant_id and t.id = a.type_id
    where ${own} and e.reason = 'ACTIVITY' and a.occurred_at >= $3 and a.occurred_at < $4
      and ($5::text[] is null and $6::text[] is null or t.key = any($5::text[]) or t.category = any($6::text[]))
      and not exists (select 1 from activity_reversal r where r.tenant_id = a.tenant_id and r.activity_id = a.id)`
  const awards = `union all select ${column}, e.points, w.occurred_at from point_entry e
    join point_award w on w.tenant_id = e.tenant_id and w.user_id = e.user_id and w.entry_seq = e.seq
    where ${own} and e.reason = 'AWARD' and w.withdrawn_seq is null and w.occurred_at >= $3 and w.occurred_at < $4
      and split_part(w.type, ' ', 1) <> '${CHALLENGE_AWARD}' and $5::text[] is null and $6::text[] is null`
  return {
    name: `count_${kind}_${subject}`.toLowerCase(),
    text: `select id, sum(amount)::text as sum, count(*)::text as count, max(at) as "reachedAt"
           from (${activities} ${kind === 'POINTS' ? awards : ''}) counted group by id`,
    values: [tenantId, subjectIds, startsAt, endsAt, activityTypes ?? null, categories ?? null],
  }
}

// A fact that was taken back never was, nor were the refunds of it. Refunds count when they occur.
const STANDS = `not exists (select 1 from revenue_fact v where v.tenant_id = f.tenant_id and v.kind = 'REVERSAL'
  and v.original_id in (f.id, f.original_id))`

function revenueStatement(
  tenantId: string, kind: 'REVENUE' | 'DEALS', { subject, startsOn, endsOn }: Counting, subjectIds: readonly string[],
): Statement {
  const column = FACT_COLUMN[subject]
  const [amount, join, stands] = kind === 'REVENUE'
    ? ['f.amount_minor', '', `f.kind <> 'REVERSAL' and ${STANDS}`]
    : ['1', 'join revenue_rest r on r.tenant_id = f.tenant_id and r.revenue_id = f.id and r.rest_minor > 0',
      `f.kind = 'RECOGNIZED'`]
  return {
    name: `count_${kind}_${subject}`.toLowerCase(),
    text: `select ${column} as id, sum(${amount})::text as sum, count(*)::text as count, max(f.occurred_at) as "reachedAt",
             f.currency::text as currency
           from revenue_fact f ${join}
           where f.tenant_id = $1 and f.currency = (select currency from tenant where tenant_id = $1)
             and f.occurred_day >= $3::date and f.occurred_day < $4::date and ${column} = any($2::uuid[]) and ${stands}
           group by 1, f.currency`,
    values: [tenantId, subjectIds, startsOn, endsOn],
  }
}

function metricStatement(
  tenantId: string, { metric }: { metric: string }, { subject, startsAt, endsAt }: Counting, subjectIds: readonly string[],
): Statement {
  return {
    name: 'count_metric',
    text: `select id, sum(value)::text as sum, count(*)::text as count, max(at) as "reachedAt",
             trim_scale((array_agg(value order by at desc))[1])::text as last
           from (select distinct on (p.subject_id, p.at) p.subject_id as id, p.at, p.value
                 from metric_point p join metric m on m.tenant_id = p.tenant_id and m.id = p.metric_id
                 where p.tenant_id = $1 and m.key = $5 and p.subject_kind = $6 and p.subject_id = any($2::uuid[])
                   and p.at >= $3 and p.at < $4
                 order by p.subject_id, p.at, p.seq desc) effective
           where value is not null group by id`,
    values: [tenantId, subjectIds, startsAt, endsAt, metric, subject],
  }
}

function statementFor(tenantId: string, part: SimpleMeasure, counting: Counting, subjectIds: readonly string[]): Statement {
  if (part.kind === 'METRIC') return metricStatement(tenantId, part, counting, subjectIds)
  if (part.kind === 'REVENUE' || part.kind === 'DEALS') return revenueStatement(tenantId, part.kind, counting, subjectIds)
  return activityStatement(tenantId, part, counting, subjectIds)
}

interface CountRow { id: string; sum: string; count: string; reachedAt: Date; last?: string; currency?: string }

function valueIn(part: SimpleMeasure, { sum, count, last, currency }: CountRow): bigint {
  if (part.kind === 'REVENUE') return millionths(decimalOf(BigInt(sum), currency!))
  if (part.kind !== 'METRIC') return millionths(sum)
  return part.take === 'LAST' ? millionths(last!) : averageOf(millionths(sum), BigInt(count))!
}

/** Returns what stands to the account of each of the subjects; what is counted begins at 0, what is measured without a value. */
export async function countFor(
  batch: Batch, tenantId: string, counting: Counting, subjectIds: readonly string[],
): Promise<Counted[]> {
  const { measure } = counting
  if (measure.kind === 'JUDGED' || !subjectIds.length) {
    return subjectIds.map(subjectId => ({ subjectId, value: null, reachedAt: null, parts: null }))
  }
  const parts = measure.kind === 'COMBINED' ? measure.of : [measure]
  const answers = await batch.run(parts.map(part => statementFor(tenantId, part, counting, subjectIds)))
  const counted = parts.map((part, at) => {
    const rows = new Map((answers[at] as CountRow[]).map(row => [row.id, row]))
    return new Map(subjectIds.map((subjectId): [string, Counted] => {
      const row = rows.get(subjectId)
      const value = row ? valueIn(part, row) : part.kind === 'METRIC' ? null : 0n
      return [subjectId, { subjectId, value, reachedAt: row?.reachedAt ?? null, parts: null }]
    }))
  })
  return measure.kind === 'COMBINED' ? combine(counted, subjectIds) : [...counted[0]!.values()]
}

const REVENUE_TOPICS = new Set(['revenue.recorded', 'revenue.refunded', 'revenue.reversed'])
const SUBJECT_FIELD = { USER: 'userId', TEAM: 'teamId', DEPARTMENT: 'departmentId' } as const

/** Returns whether events of a topic may move a challenge. */
export const isCounted = (topic: string): boolean =>
  POINT_TOPICS.has(topic) || REVENUE_TOPICS.has(topic) || topic === 'metric.recorded'

interface Fact {
  source: 'POINTS' | 'REVENUE' | 'METRIC'; type: string | null
  userId: string | null; teamId: string | null; departmentId: string | null
}

/** Returns what an event says happened, of whom. A metric is of one subject, whatever its kind. */
function factsOf({ topic, payload }: Pick<LogEvent, 'topic' | 'payload'>): Fact[] {
  if (POINT_TOPICS.has(topic)) return changesOf(payload).map(change => ({ ...change, source: 'POINTS' }))
  if (REVENUE_TOPICS.has(topic)) {
    return revenueOf(payload).map(({ ownerId, ...change }) => ({ ...change, userId: ownerId, source: 'REVENUE', type: null }))
  }
  const { points } = payload as { points?: [id: string, metric: string, kind: string, subjectId: string][] }
  return (points ?? []).map(([, type, , id]) => ({ source: 'METRIC', type, userId: id, teamId: id, departmentId: id }))
}

/** Returns whether a fact may move a part of a measure. Which category a type is in only the ledger knows. */
function isOf(part: SimpleMeasure, { source, type }: Fact): boolean {
  if (part.kind === 'METRIC') return source === 'METRIC' && type === part.metric
  if (part.kind === 'REVENUE' || part.kind === 'DEALS') return source === 'REVENUE'
  const { activityTypes, categories } = part
  return source === 'POINTS' && (!activityTypes || Boolean(categories) || activityTypes.includes(type!))
}

/** Returns the subjects of a challenge that facts may have moved. */
export function concernedBy(measure: Measure, subject: Subject, tenantId: string, events: readonly LogEvent[]): Set<string> {
  const parts = measure.kind === 'COMBINED' ? measure.of : measure.kind === 'JUDGED' ? [] : [measure]
  const moved = events.flatMap(factsOf).filter(fact => parts.some(part => isOf(part, fact)))
  if (subject === 'TENANT') return new Set(moved.length ? [tenantId] : [])
  return new Set(moved.flatMap(fact => fact[SUBJECT_FIELD[subject]] ?? []))
}
