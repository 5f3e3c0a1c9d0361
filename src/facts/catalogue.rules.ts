/**
 * The catalogue of facts: the closed list of what rules, challenges and boards may read (RULE-3). A name that is not in it is no
 * fact,
 * whatever it looks like; what a fact is made of and which events change it stands beside it. Pure.
 */

/** How a fact may be summed up. */
export type Aggregation = 'COUNT' | 'SUM' | 'AVERAGE' | 'LAST' | 'STREAK' | 'WINDOW' | 'RANK' | 'LEVEL' | 'ATTRIBUTE'

/** What a fact's value is: whole, exact decimal text, minor units of a currency, a text, an instant, or yes and no. */
export type FactType = 'INTEGER' | 'DECIMAL' | 'MONEY' | 'TEXT' | 'DATE' | 'BOOLEAN'

/** Whose fact it is. */
export type FactSubject = 'USER' | 'TEAM' | 'TENANT'

/** What a fact is narrowed by: a name out of a list of the tenant's, given by equality only. */
export interface FactParameter { name: string; of: string; required: boolean }

/** One fact of the catalogue. `changedBy` are the topics of the event log after which its value may differ. */
export interface CatalogueFact {
  name: string; source: 'ACTIVITIES' | 'POINTS' | 'REVENUE' | 'METRICS' | 'RANKS' | 'PEOPLE'
  type: FactType; unit: string; description: string
  aggregations: readonly Aggregation[]; subjects: readonly FactSubject[]; parameters: readonly FactParameter[]
  changedBy: readonly string[]
}

const ALL = ['USER', 'TEAM', 'TENANT'] as const
const ACTIVITIES = ['activity.recorded', 'activity.reversed'] as const
const POINTS = [...ACTIVITIES, 'points.granted', 'points.withdrawn'] as const
const REVENUE = ['revenue.recorded', 'revenue.refunded', 'revenue.reversed'] as const
const PEOPLE = ['user.created', 'user.moved', 'user.deactivated'] as const
const optional = (name: string, of: string): FactParameter => ({ name, of, required: false })
const OF_ACTIVITY = [optional('activityType', 'activityTypes.key'), optional('category', 'activityTypes.category')]
const OF_REVENUE = [
  optional('recurrence', 'Recurrence'), optional('currency', 'CurrencyCode'), optional('client', 'text'),
    optional('source', 'text'),
]
const METRIC = [{ name: 'metric', of: 'metrics.key', required: true }]

/** All facts, by name. */
export const CATALOGUE: readonly CatalogueFact[] = [
  {
    name: 'activity', source: 'ACTIVITIES', type: 'INTEGER', unit: 'activities', description: 'Activities that stand.',
    aggregations: ['COUNT', 'WINDOW', 'STREAK'], subjects: ALL, parameters: OF_ACTIVITY, changedBy: ACTIVITIES,
  },
  {
    name: 'activity.quantity', source: 'ACTIVITIES', type: 'INTEGER', unit: 'pieces',
      description: 'Quantities of activities that stand.',
    aggregations: ['SUM', 'AVERAGE', 'WINDOW'], subjects: ALL, parameters: OF_ACTIVITY, changedBy: ACTIVITIES,
  },
  {
    name: 'level.number', source: 'POINTS', type: 'INTEGER', unit: 'level',
      description: 'The level that the lifetime points reach.',
    aggregations: ['LEVEL'], subjects: ['USER'], parameters: [], changedBy: POINTS,
  },
  {
    name: 'metric', source: 'METRICS', type: 'DECIMAL', unit: 'of the metric', description: 'Values of a metric.',
    aggregations: ['LAST', 'AVERAGE', 'COUNT', 'WINDOW'], subjects: ALL, parameters: METRIC, changedBy: ['metric.recorded'],
  },
  {
    name: 'metric.change', source: 'METRICS', type: 'DECIMAL', unit: '%',
    description: 'How far the latest value of a metric is from its baseline (METRIC-13).',
    aggregations: ['LAST'], subjects: ALL, parameters: METRIC, changedBy: ['metric.recorded'],
  },
  {
    name: 'points', source: 'POINTS', type: 'INTEGER', unit: 'points', description: 'Points earned, minus what was taken back.',
    aggregations: ['SUM', 'AVERAGE', 'WINDOW', 'STREAK'], subjects: ALL, parameters: OF_ACTIVITY, changedBy: POINTS,
  },
  {
    name: 'points.lifetime', source: 'POINTS', type: 'INTEGER', unit: 'points',
      description: 'The balance: all points of a person.',
    aggregations: ['LAST'], subjects: ['USER'], parameters: [], changedBy: POINTS,
  },
  {
    name: 'rank', source: 'RANKS', type: 'INTEGER', unit: 'rank', description: 'The place on a board, 1 being the first.',
    aggregations: ['RANK'], subjects: ['USER', 'TEAM'],
      parameters: [{ name: 'leaderboard', of: 'leaderboards.id', required: true }],
    changedBy: [...POINTS, 'leaderboard.period_closed'],
  },
  {
    name: 'revenue', source: 'REVENUE', type: 'MONEY', unit: 'minor units',
    description: 'Revenue recognized, minus refunds and what was taken back; in the tenant\'s currency unless one is named.',
    aggregations: ['SUM', 'AVERAGE', 'WINDOW'], subjects: ALL, parameters: OF_REVENUE, changedBy: REVENUE,
  },
  {
    name: 'revenue.arr', source: 'REVENUE', type: 'MONEY', unit: 'minor units', description: 'Annual recurring revenue (A-62).',
    aggregations: ['LAST'], subjects: ['TENANT'], parameters: [optional('currency', 'CurrencyCode')],
    changedBy: [...REVENUE, 'revenue_basis.set'],
  },
  {
    name: 'revenue.deals', source: 'REVENUE', type: 'INTEGER', unit: 'facts',
      description: 'Recognized revenue facts of which something is left.',
    aggregations: ['COUNT', 'WINDOW', 'STREAK'], subjects: ALL, parameters: OF_REVENUE, changedBy: REVENUE,
  },
  {
    name: 'revenue.growth', source: 'REVENUE', type: 'DECIMAL', unit: '%',
    description: 'Revenue of the last 28 full days over the 28 before (A-62); no value without revenue before.',
    aggregations: ['LAST'], subjects: ['TENANT'], parameters: [optional('currency', 'CurrencyCode')], changedBy: REVENUE,
  },
  {
    name: 'revenue.mrr', source: 'REVENUE', type: 'MONEY', unit: 'minor units',
    description: 'Recurring revenue of the last closed month, normalized to a month (A-62).',
    aggregations: ['LAST'], subjects: ['TENANT'], parameters: [optional('currency', 'CurrencyCode')], changedBy: REVENUE,
  },
  {
    name: 'user.kind', source: 'PEOPLE', type: 'TEXT', unit: '', description: 'EMPLOYEE, PARTNER or CLIENT (A-66).',
    aggregations: ['ATTRIBUTE'], subjects: ['USER'], parameters: [], changedBy: PEOPLE,
  },
  {
    name: 'user.role', source: 'PEOPLE', type: 'TEXT', unit: '', description: 'The role of a person.',
    aggregations: ['ATTRIBUTE'], subjects: ['USER'], parameters: [], changedBy: PEOPLE,
  },
  {
    name: 'user.team', source: 'PEOPLE', type: 'TEXT', unit: '', description: 'The primary team of this moment, by id (A-64).',
    aggregations: ['ATTRIBUTE'], subjects: ['USER'], parameters: [], changedBy: PEOPLE,
  },
]

// A Map, never an object: a rule that names "constructor" must find nothing.
const byName = new Map(CATALOGUE.map(fact => [fact.name, fact]))

/** Returns the fact of this name, or null when the catalogue has none. */
export function factNamed(name: string): CatalogueFact | null {
  return byName.get(name) ?? null
}

/** Returns the facts whose value may differ after an event of this topic. */
export function factsChangedBy(topic: string): readonly CatalogueFact[] {
  return changed.get(topic) ?? []
}

const changed = new Map<string, CatalogueFact[]>()
for (const fact of CATALOGUE) for (const topic of fact.changedBy) changed.set(topic, [...changed.get(topic) ?? [], fact])
