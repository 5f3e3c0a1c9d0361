import { expect, test } from 'vitest'
import type { Condition, Op, Rule } from './condition.rules.ts'
import { RuleEngine } from './engine.rules.ts'
import type { AttributeValue, Catalog, FactDefinition, RuleEvent } from './fact.rules.ts'
import { restored, snapshotOf } from './replay.rules.ts'

const words = { one: 'order', many: 'orders' }
const FACTS: Record<string, FactDefinition> = {
  orders: { kind: 'count', event: 'order', words }, 'orders.month': { kind: 'count', event: 'order', window: 'MONTH', words },
  calls: { kind: 'count', event: 'call', words }, bigOrders: { kind: 'count', event: 'order', where: { size: 'big' }, words },
  rating: { kind: 'avg', event: 'review', of: 'rating', minSample: 2, window: 'MONTH', words: { name: 'rating' } },
  ratingEver: { kind: 'avg', event: 'review', of: 'rating', words: { name: 'rating' } },
  streak: { kind: 'streak', event: 'order', unit: 'DAY', zone: 'USER', freeze: 'freeze', rest: 'holiday', words },
  sales: { kind: 'sum', event: 'order', of: 'amount', words },
}
const CATALOG: Catalog = {
  events: new Map(Object.entries({
    order: { size: { type: 'text' }, amount: { type: 'number', decimals: 2 } }, call: {}, freeze: {}, holiday: {},
    review: { rating: { type: 'number', decimals: 1 } },
  }) as [string, Record<string, never>][]),
  facts: new Map(Object.entries(FACTS)),
}
const cmp = (fact: string, value: number, op: Op = 'gte'): Condition => ({ kind: 'cmp', fact, op, value })
const rule = (when: Condition, more: Partial<Rule> = {}): Rule => ({ version: 1, subject: 'USER', when, ...more })

/** An engine for a tenant in Berlin; events are told by day and time of March 2026, UTC. */
function engineWith(rules: Record<string, Rule>) {
  const keyed = Object.entries(rules).map(([key, one]) => ({ key, rule: one }))
  const settings = { catalog: CATALOG, zone: 'Europe/Berlin', rules: keyed }
  const engine = new RuleEngine(settings)
  let count = 0
  const event = (
    type: string, at: string, attributes: Record<string, AttributeValue> = {}, zone: string | null = null,
  ): RuleEvent =>
    ({ id: `e${String(++count).padStart(4, '0')}`, type, atMs: ms(at), userId: 'ann', teamId: 'red', zone, attributes })
  const happen = (type: string, at: string, attributes?: Record<string, AttributeValue>, now = at) =>
    engine.apply(event(type, at, attributes), ms(now))
  return { engine, settings, event, happen }
}
const ms = (at: string): number => Date.parse(at.length > 16 ? at : `2026-03-${at}Z`)
const told = ({ unlocked }: { unlocked: { rule: string; occurrence: string }[] }) =>
  unlocked.map(({ rule: key, occurrence }) => `${key} ${occurrence}`)

test('an unlock is told once, with the day and the instant of the event that completed it', () => {
  const { happen } = engineWith({ two: rule(cmp('orders', 2)) })
  expect(happen('order', '10T08:00')).toEqual({
    unlocked: [], revoked: [], parked: [], progress: [{ rule: 'two', kind: 'USER', subjectId: 'ann', percent: 50 }],
  })
  expect(happen('order', '10T23:30')).toEqual({ // In Berlin it is the 11th.
    unlocked: [{ rule: 'two', kind: 'USER', subjectId: 'ann', occurrence: 'once', day: '2026-03-11', atMs: ms('10T23:30') }],
    revoked: [], parked: [], progress: [{ rule: 'two', kind: 'USER', subjectId: 'ann', percent: 100 }],
  })
  expect(happen('order', '12T08:00')).toEqual({ unlocked: [], revoked: [], parked: [], progress: [] })
})

test('RULE-5: an event touches only the rules that read what it changes', () => {
  const rules = { orders: rule(cmp('orders', 9)), calls: rule(cmp('calls', 9)), big: rule(cmp('bigOrders', 9)) }
  const { engine, happen } = engineWith({ ...rules, both: rule({ kind: 'any', of: [cmp('orders', 9), cmp('calls', 5)] }) })
  const touched = (type: string, at: string, size = 'small') => happen(type, at, { size }).progress.map(({ rule: key }) => key)
  expect(touched('order', '10T08:00')).toEqual(['orders', 'both'])
  expect(touched('order', '10T09:00', 'big')).toEqual(['orders', 'big', 'both'])
  expect(touched('call', '10T10:00')).toEqual(['calls']) // A fifth is less than two ninths.
  expect(touched('holiday', '10T11:00')).toEqual([])
  expect(engine.readers()).toEqual([
    { fact: 'orders', kind: 'USER', rules: ['orders', 'both'] }, { fact: 'calls', kind: 'USER', rules: ['calls', 'both'] },
    { fact: 'bigOrders', kind: 'USER', rules: ['big'] },
  ])
})

test('a rule that repeats by period unlocks once in each, in the tenant\'s zone', () => {
  const { happen } = engineWith({ busy: rule(cmp('orders.month', 2), { repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' } }) })
  expect(['10T08:00', '11T08:00', '12T08:00'].flatMap(at => told(happen('order', at)))).toEqual(['busy MONTH:2026-03-01'])
  expect(happen('order', '31T21:59').progress).toEqual([])
  expect(happen('order', '31T22:00').progress).toEqual([{ rule: 'busy', kind: 'USER', subjectId: 'ann', percent: 50 }])
  expect(told(happen('order', '2026-04-02T10:00:00Z'))).toEqual(['busy MONTH:2026-04-01'])
})

test('a rule that repeats by step unlocks every step on the way, up to its maximum', () => {
  const { engine, happen } = engineWith({ steps: rule(cmp('sales', 100), { repeat: { mode: 'EVERY_STEP', step: 50, max: 4 } }) })
  expect(told(happen('order', '10T08:00', { amount: 99.99 }))).toEqual([])
  expect(told(happen('order', '10T09:00', { amount: 100.01 }))).toEqual(['steps step:1', 'steps step:2', 'steps step:3'])
  expect(happen('order', '10T10:00', { amount: 12.5 }).progress)
    .toEqual([{ rule: 'steps', kind: 'USER', subjectId: 'ann', percent: 25 }])
  expect(engine.progressOf('steps', 'ann', ms('10T10:00')).next)
    .toEqual({ comparison: cmp('sales', 250), have: 212.5, percent: 25 })
  expect(told(happen('order', '10T11:00', { amount: 1_000 }))).toEqual(['steps step:4'])
})

test('what can fall again is read once its day or period has closed, 24 hours after its end', () => {
  const month = rule(cmp('rating', 4.5), { repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' } })
  const [ever, live] = [rule(cmp('ratingEver', 4.5)), rule(cmp('ratingEver', 4.5), { live: true })]
  const { engine, happen } = engineWith({ month, ever, live })
  expect(told(happen('review', '10T08:00', { rating: 5 }))).toEqual(['live once'])
  happen('review', '10T09:00', { rating: 3.9 })
  expect(told(engine.settle(ms('12T12:00')))).toEqual([]) // 4.45 at the end of the 10th.
  happen('review', '20T08:00', { rating: 4.8 })
  expect(told(engine.settle(ms('21T22:59:59.999')))).toEqual([])
  expect(engine.settle(ms('21T23:00')).unlocked).toEqual([ // The 20th of Berlin ended 24 hours ago.
    { rule: 'ever', kind: 'USER', subjectId: 'ann', occurrence: 'once', day: '2026-03-20', atMs: ms('20T22:59:59.999') },
  ])
  expect(told(engine.settle(ms('2026-04-01T21:59:59.999Z')))).toEqual([])
  expect(engine.settle(ms('2026-04-01T22:00:00.000Z')).unlocked).toEqual([
    {
      rule: 'month', kind: 'USER', subjectId: 'ann', occurrence: 'MONTH:2026-03-01', day: '2026-03-31',
      atMs: ms('31T21:59:59.999'),
    },
  ])
  expect(told(engine.settle(ms('2026-04-01T22:00:00.000Z')))).toEqual([])
})

test('UX-01, UX-03: what is taken back stays unlocked unless the rule revokes it, and is not told twice', () => {
  const { engine, event } = engineWith({ keep: rule(cmp('orders', 1)), revoke: rule(cmp('orders', 1), { onReversal: 'REVOKE' }) })
  const order = event('order', '10T08:00')
  expect(told(engine.apply(order, ms('10T08:00')))).toEqual(['keep once', 'revoke once'])
  const back = engine.reverse(order, ms('11T08:00'))
  expect(back.revoked.map(({ rule: key }) => key)).toEqual(['revoke'])
  expect(back.progress).toEqual([{ rule: 'revoke', kind: 'USER', subjectId: 'ann', percent: 0 }])
  expect(engine.unlocks().map(({ rule: key }) => key)).toEqual(['keep'])
  expect(told(engine.apply(event('order', '12T08:00'), ms('12T08:00')))).toEqual(['revoke once'])
  expect(() => engine.reverse(order, ms('12T09:00'))).toThrow('e0001 is taken away, but was never added')
  expect(engine.unlocks().map(({ rule: key }) => key)).toEqual(['keep', 'revoke'])
})

test('UX-30: a missed day uses up a freeze, a day of rest none, and the day under way breaks nothing', () => {
  const { engine, happen } = engineWith({ five: rule(cmp('streak', 5)) })
  const streak = (now: string) => engine.progressOf('five', 'ann', ms(now)).next?.have
  for (const at of ['02T08:00', '03T08:00']) happen('order', at)
  expect([streak('03T20:00'), streak('04T20:00'), streak('05T20:00')]).toEqual([2, 2, 0])
  happen('freeze', '03T09:00')
  expect([streak('05T20:00'), streak('06T20:00')]).toEqual([2, 0])
  happen('order', '05T08:00')
  happen('holiday', '06T08:00')
  happen('order', '07T08:00')
  expect([streak('08T20:00'), streak('09T20:00')]).toEqual([4, 0])
  expect(told(happen('order', '08T08:00'))).toEqual(['five once'])
})

test('UX-28: a streak goes by the user\'s own days', () => {
  const { engine, event } = engineWith({ two: rule(cmp('streak', 2)) })
  const order = (at: string) => engine.apply(event('order', at, {}, 'Pacific/Auckland'), ms(at))
  for (const at of ['10T11:30', '11T10:30']) expect(told(order(at))).toEqual([]) // Two days in Berlin, both the 11th in Auckland.
  expect(told(order('11T11:00'))).toEqual(['two once'])
})

test('level m needs level m − 1: an unlock is a fact for other rules, in the same breath', () => {
  const { engine, happen } = engineWith({
    third: rule(cmp('orders', 1), { prerequisites: ['second'] }), second: rule(cmp('orders', 1), { prerequisites: ['first'] }),
    first: rule(cmp('calls', 1)),
  })
  expect(told(happen('order', '10T08:00'))).toEqual([])
  expect(told(happen('call', '10T09:00'))).toEqual(['first once', 'second once', 'third once'])
  expect(engine.unlocks()).toHaveLength(3)
})

test('RULE-10: a chain of more than 8 unlocks is parked', () => {
  const keys = Array.from({ length: 11 }, (_, at) => `link${at}`)
  const rules = keys.map((key, at) => [key, rule(cmp('orders', 1), { prerequisites: at ? [keys[at - 1]!] : [] })])
  const { unlocked, parked } = engineWith(Object.fromEntries(rules)).happen('order', '10T08:00')
  expect(unlocked.map(({ rule: key }) => key)).toEqual(keys.slice(0, 9))
  expect(parked.map(({ rule: key }) => key)).toEqual(['link8'])
})

test('a prerequisite that is no rule of the same kind of subject, a key twice and an unknown fact are told at once', () => {
  expect(() => engineWith({ a: rule(cmp('orders', 1), { prerequisites: ['b'] }) }))
    .toThrow('a needs b, which is no rule for a USER')
  expect(() => engineWith({ a: rule(cmp('constructor', 1)) })).toThrow('There is no fact constructor')
  const twice = [{ key: 'a', rule: rule(cmp('orders', 1)) }, { key: 'a', rule: rule(cmp('orders', 1)) }]
  expect(() => new RuleEngine({ catalog: CATALOG, zone: 'UTC', rules: twice })).toThrow('There are two rules a')
})

test('RULE-9: a rule unlocks from its date on, with what was counted before', () => {
  const { happen } = engineWith({
    spring: rule(cmp('orders', 2), { effectiveFrom: '2026-03-11T23:00:00Z', effectiveTo: '2026-03-13T23:00:00Z' }),
    past: rule(cmp('orders', 1), { effectiveTo: '2026-03-01T00:00:00Z' }),
  })
  expect(['10T08:00', '11T08:00', '11T22:59'].flatMap(at => told(happen('order', at)))).toEqual([])
  expect(told(happen('order', '11T23:00'))).toEqual(['spring once'])
})

test('teams and the tenant have counts of their own, and a late arrival is told for its own day', () => {
  const { happen } = engineWith({
    team: rule(cmp('orders', 2), { subject: 'TEAM' }),
    tenant: rule(cmp('orders.month', 2), { subject: 'TENANT', repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' } }),
  })
  happen('order', '2026-02-10T08:00:00Z')
  expect(happen('order', '2026-02-11T08:00:00Z', {}, '10T08:00').unlocked).toEqual([
    { rule: 'team', kind: 'TEAM', subjectId: 'red', occurrence: 'once', day: '2026-02-11', atMs: ms('2026-02-11T08:00:00Z') },
    {
      rule: 'tenant', kind: 'TENANT', subjectId: 'tenant', occurrence: 'MONTH:2026-02-01', day: '2026-02-11',
      atMs: ms('2026-02-11T08:00:00Z'),
    },
  ])
})

test('a snapshot continues where it was taken; another version, and a fact that is defined otherwise now, are refused', () => {
  const { engine, settings, event } = engineWith({ two: rule(cmp('orders', 2)), rated: rule(cmp('ratingEver', 4)) })
  engine.apply(event('order', '10T08:00'), ms('10T08:00'))
  engine.apply(event('review', '10T08:00', { rating: 4 }), ms('10T08:00'))
  const snapshot = JSON.parse(JSON.stringify(snapshotOf(engine)))
  const more = { ...settings, rules: [...settings.rules, { key: 'three', rule: rule(cmp('orders', 3)) }] }
  const again = restored(more, snapshot)
  expect(told(again.apply(event('order', '11T08:00'), ms('11T08:00')))).toEqual(['two once'])
  expect(again.progressOf('three', 'ann', ms('11T08:00')).percent).toBe(66.67) // What was counted carries over.
  expect(told(again.settle(ms('13T08:00')))).toEqual(['rated once'])
  expect(() => restored(settings, { ...snapshot, version: 2 })).toThrow('version 2 cannot be read')
  const catalog = { ...CATALOG, facts: new Map(CATALOG.facts).set('orders', { ...FACTS.orders!, where: { size: 'big' } }) }
  expect(() => restored({ ...settings, catalog }, snapshot)).toThrow('USER orders is defined otherwise now')
})
