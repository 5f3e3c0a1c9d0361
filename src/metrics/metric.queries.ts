/** Reads of metrics: of each instant the last point recorded counts; one statement each, batched by the request's loaders. */
import {
  type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode,
} from '../platform/graphql.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import { changePercentOf, meanOf, millionthsOf } from './metric.rules.ts'

/** A definition's row as reads return it. */
export interface MetricRow { [column: string]: unknown; id: string; key: string; active: boolean }

/** A point's row as reads return it. */
export interface PointRow { [column: string]: unknown; id: string; value: string | null; at: Date; subjectId: string }

/** Whose values are read: the tenant's own, or those of a team or a person. */
export interface Subject { kind: 'TENANT' | 'TEAM' | 'USER'; id: string }

const METRIC = `select id, key, name, unit, direction, trim_scale(lowest)::text as lowest, trim_scale(highest)::text as highest,
  active, predefined from metric`
const POINT =
  `select p.id, trim_scale(p.value)::text as value, p.at, p.recorded_at as "recordedAt", p.subject_kind as "subjectKind",
  p.subject_id as "subjectId", p.metric_id as "metricId", p.baseline, p.source, p.source_id as "sourceId", p.note, p.seq,
  exists (select 1 from metric_point later where later.tenant_id = p.tenant_id and later.metric_id = p.metric_id
    and later.subject_id = p.subject_id and later.at = p.at and later.seq > p.seq) as superseded
  from metric_point p`

/** Metrics by id. */
export async function metricsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<MetricRow>(actor, {
    name: 'metrics_by_id', text: `${METRIC} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}

/** Points by id; those of people whom the reader's right does not reach do not exist. */
export async function pointsById({ actor }: Context, ids: readonly string[]) {
  const rows = await inTenantOnce<PointRow>(actor, {
    name: 'metric_points_by_id', text: `${POINT} where p.tenant_id = $1 and p.id = any($2::uuid[])`,
      values: [actor.tenantId, ids],
  })
  const seen = await Promise.all(rows.map(row =>
    maySee(actor, { kind: row.subjectKind as Subject['kind'], id: row.subjectId })))
  return inOrder(ids, rows.filter((_, at) => seen[at]))
}
registerNode('Metric', metricsById, 'metric.read')
registerNode('MetricPoint', pointsById, 'metric.read')

/** Returns the tenant's metrics by key, at most 200. */
export function listMetrics(actor: Actor): Promise<MetricRow[]> {
  const text = `${METRIC} where tenant_id = $1 order by key limit ${LIMITS.metricsMax}`
  return inTenantOnce<MetricRow>(actor, { text, values: [actor.tenantId] })
}

/** Returns the metric with this key, or null. */
export async function metricByKey(actor: Actor, key: string): Promise<MetricRow | null> {
  const metrics = await listMetrics(actor)
  return metrics.find(metric => metric.key === key) ?? null
}

/** Returns whether the reader may see values of the subject: of people only their own, those of teams they lead, or all. */
export async function maySee(actor: Actor, { kind, id }: Subject): Promise<boolean> {
  const decision = decisionFor(actor, 'metric.read')
  if (kind !== 'USER' || decision.reach === 'TENANT' || id === actor.userId) return true
  if (decision.reach !== 'TEAM' || !actor.userId) return false
  const { text, values } = teamsLedBy(actor.tenantId, [actor.userId])
  const [row] = await inTenantOnce(actor, {
    text: `select 1 from team_membership m where m.tenant_id = $1 and m.user_id = $3::uuid and m.is_primary is not false
      and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now()) and m.team_id in (select id from (${text}) led)`,
    values: [...values!, id],
  })
  return row !== undefined
}

// Of each instant the last point recorded, the latest instant first; $1 to $3 name the tenant, the metric and the subject.
const EFFECTIVE = (where = '') => `select distinct on (at) id, at, seq, value, baseline, day from metric_point
  where tenant_id = $1 and metric_id = $2 and subject_id = $3 ${where} order by at desc, seq desc`

/** Returns the id of the point that counts at the instant (the latest when null), or null. */
export async function pointAt(actor: Actor, metricId: string, subject: Subject, at: Date | null): Promise<string | null> {
  const [row] = await inTenantOnce<{ id: string }>(actor, {
    name: 'metric_value_at',
    text: `select id from (${EFFECTIVE('and at <= coalesce($4::timestamptz, \'infinity\')')}) e where value is not null
      order by at desc limit 1`,
    values: [actor.tenantId, metricId, subject.id, at],
  })
  return row?.id ?? null
}

/** Returns the days of a metric from `since` to `until` (local dates, both included, at most 366), each with its last value. */
export async function daysOf(actor: Actor, metricId: string, subject: Subject, since: string, until: string) {
  const days = (Date.parse(until) - Date.parse(since)) / 86_400_000 + 1
  if (!(days >= 1 && days <= LIMITS.analyticsDaysMax)) {
    throw fault('BAD_REQUEST', `since and until must span 1 to ${LIMITS.analyticsDaysMax} days.`, { argument: 'until' })
  }
  const rows = await inTenantOnce<{ day: string; value: string }>(actor, {
    name: 'metric_days',
    text: `select day, value::text as value from (${EFFECTIVE('and day between $4::date and $5::date')}) e
           where value is not null order by at`,
    values: [actor.tenantId, metricId, subject.id, since, until],
  })
  return [...Map.groupBy(rows, ({ day }) => day)].map(([day, own]) => {
    const values = own.map(({ value }) => millionthsOf(value)!)
    return { day, value: meanOf(values.slice(-1))!, average: meanOf(values)! }
  })
}

/** Returns the mean of the values marked as baseline, and how far the latest value is from it; null without any. */
export async function baselineOf(actor: Actor, metricId: string, subject: Subject) {
  const rows = await inTenantOnce<{ value: string; baseline: boolean; isLatest: boolean }>(actor, {
    name: 'metric_baseline',
    text: `select value::text as value, baseline, at = max(at) over () as "isLatest" from (${EFFECTIVE()}) e
           where value is not null and (baseline or at = (select max(at) from (${EFFECTIVE()}) l where l.value is not null))
           limit 10000`,
    values: [actor.tenantId, metricId, subject.id],
  })
  const mean = meanOf(rows.filter(({ baseline }) => baseline).map(({ value }) => millionthsOf(value)!))
  const latest = rows.find(({ isLatest }) => isLatest)
  return mean && { value: mean, changePercent: changePercentOf(millionthsOf(latest!.value)!, millionthsOf(mean)!) }
}

/** Returns a page of a metric's points of a subject as they were recorded, the last first, superseded ones included. */
export async function listPoints(actor: Actor, metricId: string, subject: Subject, first: number, after: string | null) {
  const size = pageSize(first)
  const list = `${listOf('points', metricId)} ${subject.id.slice(-8)}`
  const [seq] = after ? decodeCursor(list, after, ['number']) : [Number.MAX_SAFE_INTEGER]
  const rows = await inTenantOnce<PointRow>(actor, {
    text: `${POINT} where p.tenant_id = $1 and p.metric_id = $2 and p.subject_id = $3 and p.seq < $4::bigint
      order by p.seq desc limit $5`,
    values: [actor.tenantId, metricId, subject.id, seq, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.seq as number]), after)
}
