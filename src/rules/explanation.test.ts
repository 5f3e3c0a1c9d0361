import { expect, test } from 'vitest'
import type { Condition, Op, Rule } from './condition.rules.ts'
import { explanationOf, requirementOf } from './explanation.rules.ts'
import type { Catalog, FactDefinition, FactValue } from './fact.rules.ts'

const orders = { one: 'order', many: 'orders' }
const FACTS: Record<string, FactDefinition> = {
  orders: { kind: 'count', event: 'order', words: orders },
  ordersMonth: { kind: 'count', event: 'order', window: 'MONTH', words: orders },
  ordersWeek: { kind: 'count', event: 'order', window: { lastDays: 7 }, words: orders },
  sales: { kind: 'sum', event: 'order', of: 'amount', words: { name: 'in sales', unit: 'USD' } },
  rating: { kind: 'avg', event: 'review', of: 'rating', window: 'QUARTER', words: { name: 'the average rating' } },
  onTime: {
    kind: 'ratio', event: 'order', over: { event: 'order' }, percent: true, words: { name: 'orders on time', unit: '%' },
  },
  growth: { kind: 'growth', event: 'order', unit: 'MONTH', words: { name: 'growth of sales', unit: '%' } },
  days: { kind: 'periods', event: 'order', unit: 'DAY', window: { lastDays: 7 }, words: { name: 'an order' } },
  streak: { kind: 'streak', event: 'report', unit: 'WEEK', words: { name: 'a report opened' } },
  rank: { kind: 'min', event: 'closed', of: 'rank', window: 'MONTH', words: { name: 'the best rank' } },
  plan: { kind: 'last', event: 'plan', of: 'name', words: { name: 'the plan' } },
  failures: { kind: 'count', event: 'failure', window: 'MONTH', words: { one: 'failed run', many: 'failed runs' } },
}
const CATALOG: Catalog = { events: new Map(), facts: new Map(Object.entries(FACTS)) }
const cmp = (fact: string, op: Op, value: number | string | number[]): Condition => ({ kind: 'cmp', fact, op, value })

test.each<[condition: Condition, have: Record<string, FactValue>, told: string]>([
  [cmp('orders', 'gte', 50), { orders: 42 }, '42 of 50 orders; 8 to go.'],
  [cmp('orders', 'gte', 1), { orders: 0 }, '0 of 1 order; 1 to go.'],
  [cmp('orders', 'gte', 50), { orders: 61 }, '61 of 50 orders; done.'],
  [cmp('orders', 'gt', 50), { orders: 50 }, '50 of more than 50 orders; more than 0 to go.'],
  [cmp('ordersMonth', 'gte', 1_000), { ordersMonth: 999 }, '999 of 1,000 orders this month; 1 to go.'],
  [cmp('ordersWeek', 'gte', 3), { ordersWeek: 1 }, '1 of 3 orders in the last 7 days; 2 to go.'],
  [cmp('sales', 'gte', 10_000), { sales: 9_999.5 }, '9,999.5 USD of 10,000 USD in sales; 0.5 USD to go.'],
  [cmp('days', 'gte', 5), { days: 4 }, '4 of 5 days with an order in the last 7 days; 1 to go.'],
  [cmp('streak', 'gte', 12), { streak: 9 }, '9 of 12 weeks in a row with a report opened; 3 to go.'],
  [cmp('rating', 'gte', 4.7), { rating: 4.625 }, 'The average rating 4.63 this quarter; at least 4.7 is needed.'],
  [cmp('rating', 'gte', 4.7), { rating: null }, 'The average rating this quarter not known yet; at least 4.7 is needed.'],
  [cmp('onTime', 'gte', 95), { onTime: 97.5 }, 'Orders on time 97.5 %; done (at least 95 %).'],
  [cmp('growth', 'gte', 25), { growth: -3 }, 'Growth of sales −3 % this month over the month before; at least 25 % is needed.'],
  [cmp('rank', 'lte', 3), { rank: 2 }, 'The best rank 2 this month; done (at most 3).'],
  [cmp('rank', 'between', [1, 3]), { rank: 4 }, 'The best rank 4 this month; from 1 to 3 is needed.'],
  [cmp('plan', 'eq', 'pro'), { plan: 'free' }, 'The plan "free"; exactly "pro" is needed.'],
  [cmp('failures', 'lte', 0), { failures: 0 }, '0 failed runs this month; within at most 0.'],
  [cmp('failures', 'lte', 0), { failures: 1 }, '1 failed run this month; at most 0 is needed.'],
  [
    { kind: 'all', of: [cmp('orders', 'gte', 50), cmp('onTime', 'gte', 95)] }, { orders: 42, onTime: null },
    '42 of 50 orders; 8 to go, and orders on time not known yet; at least 95 % is needed.',
  ],
  [
    { kind: 'any', of: [cmp('orders', 'gte', 50), { kind: 'all', of: [cmp('streak', 'gte', 2), cmp('rank', 'lte', 3)] }] },
    { orders: 50, streak: 1, rank: 9 },
    '50 of 50 orders; done, or (1 of 2 weeks in a row with a report opened; 1 to go, and the best rank 9 this month; ' +
      'at most 3 is needed).',
  ],
  [
    { kind: 'atLeast', k: 1, of: [cmp('orders', 'gte', 2), { kind: 'not', of: cmp('failures', 'gt', 3) }] },
    { orders: 1, failures: 4 },
    'At least 1 of these 2: 1 of 2 orders; 1 to go · not: 4 of more than 3 failed runs this month; done.',
  ],
])('%j reads %j as "%s"', (condition, have, told) => {
  expect(explanationOf(condition, CATALOG, fact => have[fact]!)).toBe(told)
})

test('the step under way of a rule that repeats by step is told with its own goal', () => {
  expect(explanationOf(cmp('orders', 'gte', 100), CATALOG, () => 142, 200)).toBe('142 of 200 orders; 58 to go.')
})

test.each<[change: Partial<Rule>, asked: string]>([
  [{ when: cmp('orders', 'gte', 50) }, 'At least 50 orders.'],
  [
    { when: cmp('orders', 'gte', 100), repeat: { mode: 'EVERY_STEP', step: 50 } },
    'At least 100 orders, and again every 50 more.',
  ],
  [{ when: cmp('streak', 'gte', 12) }, 'At least 12 weeks in a row with a report opened.'],
  [
    {
      when: { kind: 'all', of: [cmp('onTime', 'gte', 95), cmp('ordersMonth', 'gte', 20)] },
      repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' },
    },
    'Orders on time at least 95 %, and at least 20 orders this month, every month.',
  ],
  [{ when: { kind: 'not', of: cmp('plan', 'in', [1, 2]) } }, 'Not: the plan one of 1, 2.'],
])('%j asks "%s"', (change, asked) => {
  expect(requirementOf({ version: 1, subject: 'USER', when: cmp('orders', 'gte', 1), ...change }, CATALOG)).toBe(asked)
})
