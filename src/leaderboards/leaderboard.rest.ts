/** Leaderboards by REST: the oldest board of a metric and period, with the reader's own place (RGW-01, LB-9). */
import { parse } from 'graphql'
import type { RestRoute } from '../rest/route.ts'

// What the older routes call performance is points in the period (LB-2).
const METRIC = { performance: 'POINTS', growth: 'GROWTH', engagement: 'ENGAGEMENT' } as const
const LIMIT = 50 // LB-7

export const leaderboardRoute: RestRoute = {
  name: 'leaderboards',
  paths: ['/api/v1/gamification/leaderboards', '/api/v1/leaderboards'],
  summary: 'A leaderboard of people: its rows, one\'s own row, and when the period ends.',
  parameters: [
    {
      name: 'metric', in: 'query', type: 'string', values: Object.keys(METRIC), default: 'performance',
      what: 'What is counted.',
    },
    {
      name: 'period', in: 'query', type: 'string', values: ['daily', 'weekly', 'monthly', 'all_time'], default: 'monthly',
      what: 'Over which period.',
    },
    { name: 'limit', in: 'query', type: 'integer', minimum: 1, maximum: 100, default: LIMIT, what: 'How many rows.' },
  ],
  document: parse(`query Leaderboards($metric: LeaderboardMetric!, $period: LeaderboardPeriod!, $limit: Int!) {
    leaderboards(first: 1, subject: USER, metric: $metric, period: $period) { nodes {
      id name period periodStart periodEnd timeZone size
      viewerStanding { rank previousRank points growthBp isNew daysActive actions }
      standings(first: $limit) { nodes { rank previousRank points growthBp isNew daysActive actions pseudonym user { id name } } }
    } }
  }`),
  answer: 'leaderboards.nodes.0',
  variables: ({ metric, period, limit }) => ({
    metric: METRIC[metric as keyof typeof METRIC], period: String(period).toUpperCase(), limit,
  }),
}
