/** What badges and skills measure, read from the ledgers: a statement for each kind, for many people at once. */
import { exponentOf } from '../platform/money.ts'
import type { Statement } from '../platform/tenancy.ts'
import { counted, type Measure, type Measured, NOTHING } from './measure.rules.ts'

/** Whom to measure, and what. */
export interface Wanted { measure: Measure; userIds: readonly string[] }

type Rows = Record<string, unknown>[]
type Run = (statements: Statement[]) => Promise<Rows[]>
type ByUser = (userId: string) => Measured

/**
 * Returns for each wish what is measured of a person, at the instant for what depends on it. Activities are those of the tallies:
 * bring them up to date before, where it matters.
 */
export async function measuredOf(
  run: Run, { tenantId, now }: { tenantId: string; now: Date }, wishes: readonly Wanted[],
): Promise<ByUser[]> {
  const of = (kind: Measure['kind']) => wishes.filter(({ measure }) => measure.kind === kind)
  const idsOf = (kind: Measure['kind']) => [...new Set(of(kind).flatMap(({ userIds }) => userIds))]
  const metrics = [...new Set(wishes.flatMap(({ measure }) => measure.kind === 'METRIC_AVERAGE' ? [measure.metric] : []))]
  const readers: Record<Measure['kind'], () => Statement> = {
    REVENUE: () => revenueStatement(tenantId, idsOf('REVENUE')),
    ACTIVITIES: () => talliesStatement(tenantId, idsOf('ACTIVITIES')),
    METRIC_AVERAGE: () => averagesStatement(tenantId, metrics, idsOf('METRIC_AVERAGE')),
    REVENUE_GROWTH: () => growthStatement(tenantId, idsOf('REVENUE_GROWTH'), now),
  }
  const kinds = (Object.keys(readers) as Measure['kind'][]).filter(kind => idsOf(kind).length)
  const answers = kinds.length ? await run(kinds.map(kind => readers[kind]())) : []
  const rowsOf = new Map(kinds.map((kind, at) => [kind, Map.groupBy(answers[at]!, ({ userId }) => userId as string)]))
  return wishes.map(({ measure }) => userId => readAs(measure, rowsOf.get(measure.kind)?.get(userId) ?? []))
}

function readAs(measure: Measure, rows: Rows): Measured {
  switch (measure.kind) {
    case 'ACTIVITIES': {
      const own = rows.filter(({ type }) => measure.activityTypes.includes(type as string))
      const pieces = own.reduce((sum, { quantity }) => sum + BigInt(quantity as number), 0n)
      return counted(pieces, Number(pieces))
    }
    case 'METRIC_AVERAGE': {
      const own = rows.find(({ metric }) => metric === measure.metric)
      return own ? { sum: BigInt(own.sum as string), per: BigInt(own.sample as number), sample: own.sample as number }
        : { ...NOTHING, per: 0n }
    }
    case 'REVENUE': {
      const [own] = rows
      if (!own) return NOTHING
      const finer = 10n ** BigInt(6 - exponentOf(own.currency as string)!)
      return { sum: BigInt(own.minor as string) * finer, per: 1n, sample: own.sample as number }
    }
    case 'REVENUE_GROWTH': {
      const [last, before] = rows.length ? [BigInt(rows[0]!.last as string), BigInt(rows[0]!.before as string)] : [0n, 0n]
      // Without revenue before nothing has grown.
      return before > 0n ? { sum: (last - before) * 100_000_000n, per: before, sample: 1 } : { ...NOTHING, per: 0n }
    }
  }
}

function revenueStatement(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'measure_revenue',
    text: `select f.owner_id as "userId", f.currency, sum(f.amount_minor)::text as minor, count(*)::int as sample
           from tenant t join revenue_fact f on f.tenant_id = t.tenant_id and f.currency = t.currency
           where t.tenant_id = $1 and f.owner_id = any($2::uuid[]) group by f.owner_id, f.currency`,
    values: [tenantId, userIds],
  }
}

function talliesStatement(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'measure_tallies',
    text: 'select user_id as "userId", type, quantity from activity_tally where tenant_id = $1 and user_id = any($2::uuid[])',
    values: [tenantId, userIds],
  }
}

function averagesStatement(tenantId: string, metrics: readonly string[], userIds: readonly string[]): Statement {
  return {
    // Of each instant the last value recorded counts; one that was taken back counts no more.
    name: 'measure_averages',
    text: `select metric, user_id as "userId", (sum(value) * 1000000)::numeric(40, 0)::text as sum, count(*)::int as sample
           from (
             select distinct on (m.key, p.subject_id, p.at) m.key as metric, p.subject_id as user_id, p.value
             from metric m join metric_point p on p.tenant_id = m.tenant_id and p.metric_id = m.id
             where m.tenant_id = $1 and m.key = any($2) and p.subject_kind = 'USER' and p.subject_id = any($3::uuid[])
             order by m.key, p.subject_id, p.at, p.seq desc
           ) counting where value is not null group by metric, user_id`,
    values: [tenantId, metrics, userIds],
  }
}

function growthStatement(tenantId: string, userIds: readonly string[], now: Date): Statement {
  return {
    name: 'measure_growth',
    text: `select f.owner_id as "userId",
             coalesce(sum(f.amount_minor) filter (where f.occurred_day >= today - 28), 0)::text as last,
             coalesce(sum(f.amount_minor) filter (where f.occurred_day < today - 28), 0)::text as before
           from tenant t cross join lateral (select ($3::timestamptz at time zone t.time_zone)::date as today) local
           join revenue_fact f on f.tenant_id = t.tenant_id and f.currency = t.currency
             and f.occurred_day >= today - 56 and f.occurred_day < today
           where t.tenant_id = $1 and f.owner_id = any($2::uuid[]) group by f.owner_id`,
    values: [tenantId, userIds, now],
  }
}
