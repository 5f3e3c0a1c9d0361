/** Analytics by REST: `/api/v1/analytics/gamification/{tenant}` (RGW-01, API-7). */
import { parse } from 'graphql'
import { fault } from '../platform/errors.ts'
import type { RestRoute } from '../rest/route.ts'

const METRICS = ['people', 'activeUsers', 'participation', 'activities', 'points', 'byDay', 'levels']
const FIELDS: Record<string, string> = {
  byDay: '{ day activities points activeUsers }', levels: '{ number title people }',
}

export const analyticsRoute: RestRoute = {
  name: 'analytics',
  paths: ['/api/v1/analytics/gamification/{tenant}'],
  summary: 'What happened over the last days.',
  parameters: [
    { name: 'tenant', in: 'path', type: 'string', what: 'The slug or id of the token\'s own tenant.' },
    { name: 'period', in: 'query', type: 'string', pattern: '^[1-9]\\d{0,2}d$', default: '30d', what: 'How many days: 30d.' },
    {
      name: 'metrics', in: 'query', type: 'string', pattern: '^(all|\\w+(,\\w+)*)$', default: 'all',
      what: `all, or some of ${METRICS.join(', ')}, parted by commas.`,
    },
  ],
  document: parse(`query Analytics($days: Int!, ${METRICS.map(name => `$${name}: Boolean!`).join(', ')}) {
    viewer { tenant { id slug } }
    analytics(days: $days) { since until
      ${METRICS.map(name => `${name} @include(if: $${name}) ${FIELDS[name] ?? ''}`).join(' ')} }
  }`),
  answer: 'analytics',
  variables({ period, metrics }) {
    const wanted = metrics === 'all' ? METRICS : String(metrics).split(',')
    const unknown = wanted.find(name => !METRICS.includes(name))
    if (unknown) throw fault('BAD_REQUEST', `metrics must be all, or some of ${METRICS.join(', ')}.`, { argument: 'metrics' })
    return {
      days: Number.parseInt(String(period), 10), ...Object.fromEntries(METRICS.map(name => [name, wanted.includes(name)])),
    }
  },
}
