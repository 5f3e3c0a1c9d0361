/** Activities as events for rules: one of the type's key with what its type declares, and one of `activity` for any type. */
import { changesOf } from '../points/change.rules.ts'
import type { AttributeDefinition, EventDefinition, FactDefinition, RuleEvent } from '../rules/fact.rules.ts'
import { type Happening, type Offer, type Reading, registerRuleSource, type Run, type Span } from './source.service.ts'

const NATIVE: Record<string, AttributeDefinition> = { quantity: { type: 'number' }, points: { type: 'number', signed: true } }

interface ActivityRow {
  [column: string]: unknown
  id: string; userId: string; type: string; category: string; quantity: number; occurredAt: Date; recordedAt: Date
  attributes: Record<string, string | number | boolean> | null
}

const COLUMNS = `a.id, a.user_id as "userId", t.key as type, t.category, a.quantity, a.occurred_at as "occurredAt",
  a.recorded_at as "recordedAt", a.attributes`
const FROM = 'from activity a join activity_type t on t.tenant_id = a.tenant_id and t.id = a.type_id'

function eventsOf(row: ActivityRow, teamId: string | null, points: number): RuleEvent[] {
  const { id, userId, type, category, quantity, occurredAt, recordedAt } = row
  const own = { id, atMs: occurredAt.getTime(), recordedMs: recordedAt.getTime(), userId, teamId, zone: null }
  return [
    { ...own, type, attributes: { ...row.attributes, quantity, points } },
    { ...own, type: 'activity', attributes: { type, category, quantity, points } },
  ]
}

async function offer(tenantId: string, run: Run): Promise<Offer> {
  const [types] = await run([{
    name: 'rule_activity_types',
    text: `select distinct on (key) key, name, attributes from activity_type where tenant_id = $1 order by key, version desc`,
    values: [tenantId],
  }]) as unknown as [{ key: string; name: string; attributes: EventDefinition | null }[]]
  const events: Offer['events'] = { activity: { type: { type: 'text' }, category: { type: 'text' }, ...NATIVE } }
  const facts: Offer['facts'] = {
    ...counted('activities', { event: 'activity', words: { one: 'activity', many: 'activities' } }),
    activeDays: { kind: 'periods', event: 'activity', unit: 'DAY', words: { name: 'activity' } },
    activeStreak: { kind: 'streak', event: 'activity', unit: 'DAY', words: { name: 'activity' } },
  }
  for (const { key, name, attributes } of types) {
    events[key] = { ...attributes, ...NATIVE }
    Object.assign(facts, counted(`activity.${key}`, { event: key, words: { one: `× ${name}`, many: `× ${name}` } }))
  }
  return { events, facts }
}

/** A count of all time, and of the windows that people ask for. */
function counted(name: string, fact: Pick<FactDefinition, 'event' | 'words'>): Offer['facts'] {
  const windows = ['DAY', 'WEEK', 'MONTH', 'QUARTER'] as const
  return {
    [name]: { kind: 'count', ...fact },
    ...Object.fromEntries(windows.map(window => [`${name}.${window.toLowerCase()}`, { kind: 'count', ...fact, window }])),
  }
}

registerRuleSource({
  name: 'activities', topics: ['activity.recorded', 'activity.reversed'], offer,
  async read({ tenantId, run, isRead }, events) {
    const isAll = isRead('activity')
    const told = events.flatMap(({ pos, topic, payload }) => changesOf(payload)
      .filter(({ activityId, type }) => activityId && (isAll || isRead(type)))
      .map(change => ({ pos, sign: topic === 'activity.reversed' ? -1 as const : 1 as const, change })))
    if (!told.length) return []
    const ids = [...new Set(told.map(({ change }) => change.activityId!))].sort()
    // An id carries the instant of its recording, which names the partitions to look in.
    const [rows] = await run([{
      name: 'rule_activities',
      text: `select ${COLUMNS} ${FROM} where a.tenant_id = $1 and a.id = any($2::uuid[]) and a.recorded_at between $3 and $4`,
      values: [tenantId, ids, instantOf(ids[0]!), instantOf(ids.at(-1)!)],
    }]) as unknown as [ActivityRow[]]
    const byId = new Map(rows.map(row => [row.id, row]))
    return told.flatMap(({ pos, sign, change }): Happening[] =>
      eventsOf(byId.get(change.activityId!)!, change.teamId, sign * change.points || 0).map(event => ({ pos, sign, event })))
  },
  history,
})

async function history({ tenantId, run, isRead }: Reading, { since, until }: Span, max: number): Promise<RuleEvent[]> {
  const isAll = isRead('activity')
  const [types] = await run([{
    name: 'rule_activity_keys', text: 'select distinct key from activity_type where tenant_id = $1', values: [tenantId] }])
  const keys = types!.map(({ key }) => key as string).filter(key => isAll || isRead(key))
  if (!keys.length) return []
  const [rows] = await run([{
    text: `select ${COLUMNS}, e.team_id as "teamId", e.points ${FROM}
           join point_entry e on e.tenant_id = a.tenant_id and e.user_id = a.user_id and e.seq = a.entry_seq
             and e.recorded_at = a.recorded_at
           left join activity_reversal r on r.tenant_id = a.tenant_id and r.activity_id = a.id
           where a.tenant_id = $1 and r.activity_id is null and t.key = any($2) and a.occurred_at >= $3 and a.occurred_at < $4
             and a.recorded_at >= $3::timestamptz - interval '1 hour'
           order by a.recorded_at desc limit $5`,
    values: [tenantId, keys, since, until, max],
  }]) as unknown as [(ActivityRow & { teamId: string | null; points: number })[]]
  return rows.flatMap(row => eventsOf(row, row.teamId, row.points))
}

const instantOf = (uuid: string): Date => new Date(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16))
