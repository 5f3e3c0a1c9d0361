/**
 * Revenue and metrics as events for rules: `revenue` with signed amounts, whatever moved them; `revenue.deal` for what was
 * recognized; `metric.` and its key for each value, a corrected one in place of the one before.
 */
import { revenueOf } from '../facts/change.rules.ts'
import { decimalOf } from '../platform/money.ts'
import type { FactDefinition, RuleEvent } from '../rules/fact.rules.ts'
import { type Happening, type Offer, type Reading, registerRuleSource, type Span } from './source.service.ts'

const TEXTS = { currency: { type: 'text' }, recurrence: { type: 'text' }, client: { type: 'text' } } as const
const AMOUNT = { type: 'number', decimals: 4 } as const

interface FactRow {
  [column: string]: unknown
  id: string; kind: string; originalId: string | null; amountMinor: string; currency: string; recurrence: string
  client: string | null; ownerId: string | null; teamId: string | null; occurredAt: Date; recordedAt: Date
}

const COLUMNS = `id, kind, original_id as "originalId", amount_minor::text as "amountMinor", currency, recurrence, client,
  owner_id as "ownerId", team_id as "teamId", occurred_at as "occurredAt", recorded_at as "recordedAt"`

function eventOf(row: FactRow, type: 'revenue' | 'revenue.deal'): RuleEvent {
  const { id, amountMinor, currency, recurrence, client, ownerId, teamId, occurredAt, recordedAt } = row
  return {
    id, type, atMs: occurredAt.getTime(), recordedMs: recordedAt.getTime(), userId: ownerId, teamId, zone: null,
    attributes: {
      amount: Number(decimalOf(BigInt(amountMinor), currency)), currency, recurrence, ...client === null ? {} : { client },
    },
  }
}

/** What a row tells: its amount; and a deal when it is one, or takes one back. */
function toldOf(row: FactRow, original: FactRow | undefined): [event: RuleEvent, sign: 1 | -1][] {
  const own = [eventOf(row, 'revenue'), 1] as [RuleEvent, 1]
  if (row.kind === 'RECOGNIZED') return [own, [eventOf(row, 'revenue.deal'), 1]]
  if (row.kind === 'REVERSAL' && original?.kind === 'RECOGNIZED') return [own, [eventOf(original, 'revenue.deal'), -1]]
  return [own]
}

registerRuleSource({
  name: 'revenue', topics: ['revenue.recorded', 'revenue.refunded', 'revenue.reversed'],
  async offer(tenantId, run) {
    const [[tenant]] = await run([{
      name: 'rule_currency', text: 'select currency from tenant where tenant_id = $1', values: [tenantId],
    }]) as unknown as [[{ currency: string }]]
    const { currency } = tenant
    const words = { name: 'of revenue', unit: currency }
    const amount = { kind: 'sum', event: 'revenue', of: 'amount', where: { currency }, words }
    const deals = { kind: 'count', event: 'revenue.deal', words: { one: 'deal', many: 'deals' } }
    const facts = Object.fromEntries([undefined, 'MONTH', 'QUARTER', 'YEAR'].flatMap(window => {
      const [suffix, within] = window ? [`.${window.toLowerCase()}`, { window }] : ['', {}]
      return [[`revenue${suffix}`, { ...amount, ...within }], [`deals${suffix}`, { ...deals, ...within }]]
    })) as Record<string, FactDefinition>
    return {
      events: { revenue: { amount: { ...AMOUNT, signed: true }, ...TEXTS }, 'revenue.deal': { amount: AMOUNT, ...TEXTS } },
      facts: {
        ...facts,
        'revenue.growth.month': {
          kind: 'growth', event: 'revenue', of: 'amount', where: { currency }, unit: 'MONTH', round: 2,
          words: { name: 'growth of revenue', unit: '%' },
        },
        largestDeal: {
          kind: 'max', event: 'revenue.deal', of: 'amount', where: { currency },
          words: { name: 'the largest deal', unit: currency },
        },
        clients: { kind: 'distinct', event: 'revenue.deal', of: 'client', words: { one: 'client', many: 'clients' } },
      },
    }
  },
  async read({ tenantId, run, isRead }, events) {
    if (!isRead('revenue') && !isRead('revenue.deal')) return []
    const told = events.flatMap(({ pos, payload }) => revenueOf(payload).map(({ revenueId, originalId }) =>
      ({ pos, revenueId, originalId })))
    const ids = told.flatMap(({ revenueId, originalId }) => originalId ? [revenueId, originalId] : [revenueId])
    const [rows] = await run([{
      name: 'rule_revenue', text: `select ${COLUMNS} from revenue_fact where tenant_id = $1 and id = any($2::uuid[])`,
      values: [tenantId, [...new Set(ids)]],
    }]) as unknown as [FactRow[]]
    const byId = new Map(rows.map(row => [row.id, row]))
    return told.flatMap(({ pos, revenueId, originalId }): Happening[] =>
      toldOf(byId.get(revenueId)!, byId.get(originalId ?? '')).map(([event, sign]) => ({ pos, event, sign })))
  },
  async history({ tenantId, run, isRead }, { since, until }, max) {
    if (!isRead('revenue') && !isRead('revenue.deal')) return []
    const [rows] = await run([{
      text: `select ${COLUMNS}, exists (select 1 from revenue_fact v where v.tenant_id = f.tenant_id and v.original_id = f.id
               and v.kind = 'REVERSAL') as "isReversed" from revenue_fact f
             where tenant_id = $1 and occurred_at >= $2 and occurred_at < $3 order by recorded_at desc limit $4`,
      values: [tenantId, since, until, max],
    }]) as unknown as [(FactRow & { isReversed: boolean })[]]
    return rows.flatMap(row => [
      eventOf(row, 'revenue'), ...row.kind === 'RECOGNIZED' && !row.isReversed ? [eventOf(row, 'revenue.deal')] : [],
    ])
  },
})

interface PointRow {
  [column: string]: unknown
  id: string; metric: string; kind: string; subjectId: string; at: Date; recordedAt: Date; value: number | null
}

const POINT = `p.id, m.key as metric, p.subject_kind as kind, p.subject_id as "subjectId", p.at, p.recorded_at as "recordedAt",
  p.value::float8 as value`
const OF_METRIC = 'join metric m on m.tenant_id = p.tenant_id and m.id = p.metric_id'

const measured = ({ id, metric, kind, subjectId, at, recordedAt, value }: PointRow): RuleEvent => ({
  id, type: `metric.${metric}`, atMs: at.getTime(), recordedMs: recordedAt.getTime(), zone: null,
  userId: kind === 'USER' ? subjectId : null, teamId: kind === 'TEAM' ? subjectId : null, attributes: { of: kind, value: value! },
})

registerRuleSource({
  name: 'metrics', topics: ['metric.recorded'],
  async offer(tenantId, run) {
    const [metrics] = await run([{
      name: 'rule_metrics', text: 'select key, name, unit from metric where tenant_id = $1', values: [tenantId],
    }]) as unknown as [{ key: string; name: string; unit: string }[]]
    const offered: Offer = { events: {}, facts: {} }
    for (const { key, name, unit } of metrics) {
      const event = `metric.${key}`
      offered.events[event] = { of: { type: 'text' }, value: { type: 'number', decimals: 4, signed: true } }
      for (const [suffix, of] of [['', 'USER'], ['.team', 'TEAM'], ['.tenant', 'TENANT']] as const) {
        const source = { event, of: 'value', where: { of }, words: { name, unit: unit.slice(0, 80) } }
        offered.facts[`${event}${suffix}`] = { kind: 'last', ...source }
        offered.facts[`${event}${suffix}.avg.month`] = { kind: 'avg', ...source, window: 'MONTH', round: 2 }
      }
    }
    return offered
  },
  async read({ tenantId, run, isRead }: Reading, events) {
    const told = events.flatMap(({ pos, payload }) => (payload as { points: [id: string, metric: string][] }).points
      .filter(([, metric]) => isRead(`metric.${metric}`)).map(([id]) => ({ pos, id })))
    if (!told.length) return []
    const [rows] = await run([{
      // Beside each value the one that it corrects.
      name: 'rule_metric_points',
      text: `select ${POINT}, (select b.id from metric_point b where b.tenant_id = p.tenant_id and b.metric_id = p.metric_id
               and b.subject_id = p.subject_id and b.at = p.at and b.seq < p.seq order by b.seq desc limit 1) as "correctedId"
             from metric_point p ${OF_METRIC} where p.tenant_id = $1 and p.id = any($2::uuid[])`,
      values: [tenantId, told.map(({ id }) => id)],
    }]) as unknown as [(PointRow & { correctedId: string | null })[]]
    const [corrected] = await run([{
      name: 'rule_metric_corrected',
      text: `select ${POINT} from metric_point p ${OF_METRIC} where p.tenant_id = $1 and p.id = any($2::uuid[])`,
      values: [tenantId, rows.flatMap(({ correctedId }) => correctedId ?? [])],
    }]) as unknown as [PointRow[]]
    const byId = new Map([...corrected, ...rows].map(row => [row.id, row as PointRow & { correctedId?: string | null }]))
    return told.flatMap(({ pos, id }): Happening[] => {
      const row = byId.get(id)!
      const before = byId.get(row.correctedId ?? '')
      return [
        ...before && before.value !== null ? [{ pos, sign: -1 as const, event: measured(before) }] : [],
        ...row.value === null ? [] : [{ pos, sign: 1 as const, event: measured(row) }],
      ]
    })
  },
  async history({ tenantId, run, isRead }: Reading, { since, until }: Span, max) {
    const [metrics] = await run([{
      name: 'rule_metric_keys', text: 'select id, key from metric where tenant_id = $1', values: [tenantId] }])
    const ids = metrics!.filter(({ key }) => isRead(`metric.${key as string}`)).map(({ id }) => id as string)
    if (!ids.length) return []
    const [rows] = await run([{
      text: `select distinct on (p.metric_id, p.subject_id, p.at) ${POINT} from metric_point p ${OF_METRIC}
             where p.tenant_id = $1 and p.metric_id = any($2::uuid[]) and p.at >= $3 and p.at < $4
             order by p.metric_id, p.subject_id, p.at, p.seq desc limit $5`,
      values: [tenantId, ids, since, until, max],
    }]) as unknown as [PointRow[]]
    return rows.filter(({ value }) => value !== null).map(measured)
  },
})
