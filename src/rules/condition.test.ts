import { expect, test } from 'vitest'
import { compile, type Condition, type Op } from './condition.rules.ts'
import { parseRule } from './condition.shapes.ts'
import type { FactValue } from './fact.rules.ts'
import { parseCatalog } from './fact.shapes.ts'

const leads = { one: 'lead', many: 'leads' }
const WRITTEN = {
  events: {
    'lead.captured': { source: { type: 'text' }, value: { type: 'number', decimals: 2 } }, 'lead.converted': {},
    'plan.changed': { name: { type: 'text' }, isPaid: { type: 'flag' } },
  },
  facts: {
    leads: { kind: 'count', event: 'lead.captured', words: leads },
    'leads.month': { kind: 'count', event: 'lead.captured', window: 'MONTH', words: leads },
    'leadConversionPct.month': {
      kind: 'ratio', event: 'lead.converted', over: { event: 'lead.captured' }, percent: true, window: 'MONTH',
      words: { name: 'conversion' },
    },
    plan: { kind: 'last', event: 'plan.changed', of: 'name', words: { name: 'the plan' } },
    isPaid: { kind: 'last', event: 'plan.changed', of: 'isPaid', words: { name: 'paid' } },
  },
}
const CATALOG = parseCatalog(WRITTEN).value!
const cmp = (fact: string, op: Op = 'gte', value: unknown = 1) => ({ kind: 'cmp', fact, op, value })
const BH13 = {
  version: 1, on: ['lead.captured', 'lead.converted'], subject: 'USER',
  when: { kind: 'all', of: [cmp('leads.month', 'gte', 200), cmp('leadConversionPct.month', 'gte', 12)] },
  repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' },
}
const deep = (levels: number): unknown => levels === 1 ? cmp('leads') : { kind: 'all', of: [deep(levels - 1)] }
const wide = (count: number) => ({ kind: 'any', of: Array.from({ length: count }, () => cmp('leads')) })

test('RULE-11: the example of the reference is a rule as it stands', () => {
  expect(parseRule(BH13, CATALOG)).toEqual({ value: BH13 })
})

test('RULE-4: a rule may be 5 deep, have 50 conditions and lists of 100', () => {
  const widest = { kind: 'all', of: [cmp('leads', 'in', Array.from({ length: 100 }, (_, at) => at)), ...wide(48).of] }
  for (const when of [deep(5), widest]) expect(parseRule({ ...BH13, on: undefined, when }, CATALOG).mends).toBeUndefined()
})

type Case = [title: string, change: Record<string, unknown>, path: string, message: string]
test.each<Case>([
  [
    'RULE-3: a name that every object has', { when: cmp('constructor') }, 'when.fact',
    '"constructor" is not in the catalog: write isPaid, leadConversionPct.month, leads, leads.month, plan.',
  ],
  ['RULE-3: a path', { when: cmp('__proto__.x') }, 'when.fact', expect.stringContaining('is not in the catalog')],
  ['a name that is nearly right', { when: cmp('lead.month') }, 'when.fact', expect.stringMatching(/catalog: write lead/)],
  ['RULE-4: 6 deep', { when: deep(6) }, 'when', 'Conditions are 6 deep: nest them at most 5 deep.'],
  ['RULE-4: 51 conditions', { when: wide(50) }, 'when', 'There are 51 conditions: write at most 50, or split the rule.'],
  [
    'RULE-4: a list of 101', { when: cmp('leads', 'in', Array.from({ length: 101 }, (_, at) => at)) }, 'when.value',
    expect.stringContaining('write a number, a text, true or false, or a list'),
  ],
  [
    'RULE-4: more than 8 KB', { when: { kind: 'any', of: Array.from({ length: 45 }, () => cmp('x'.repeat(200))) } }, '',
    expect.stringMatching(/^This rule has \d+ bytes: write at most 8192/),
  ],
  ['RULE-4: an unknown key', { limits: {} }, '', '"limits" is not part of the language: take it out.'],
  [
    'an unknown key within', { when: { kind: 'all', of: [cmp('leads'), { ...cmp('leads'), regex: '.*' }] } }, 'when.of[1]',
    '"regex" is not part of the language: take it out.',
  ],
  [
    'an unknown kind', { when: { kind: 'every', of: [] } }, 'when.kind',
    '"every" cannot stand here: write "all", "any", "atLeast", "not" or "cmp".',
  ],
  [
    'an unknown op', { when: cmp('leads', 'like' as Op) }, 'when.op',
    expect.stringContaining('"like" cannot stand here: write "eq", "ne"'),
  ],
  ['RULE-4: no finite number', { when: cmp('leads', 'gte', Infinity) }, 'when.value', expect.stringContaining('write a number')],
  ['a text for a number', { when: cmp('leads', 'gte', '5') }, 'when.value', 'leads is compared with a number: write a number.'],
  ['a number for a text', { when: cmp('plan', 'eq', 5) }, 'when.value', 'plan is compared with a text: write a text.'],
  [
    'an order of texts', { when: cmp('plan', 'gte', 'pro') }, 'when.op',
    'plan is a text, which has no order: write eq, ne or in.',
  ],
  [
    'an order of flags', { when: cmp('isPaid', 'gt', true) }, 'when.op',
    'isPaid is true or false, which has no order: write eq, ne.',
  ],
  ['one value for a list', { when: cmp('leads', 'in', 5) }, 'when.value', 'in takes a list: write [1, 2].'],
  ['a list for one value', { when: cmp('leads', 'gte', [5]) }, 'when.value', 'gte takes one value: write a number.'],
  [
    'between upside down', { when: cmp('leads', 'between', [5, 1]) }, 'when.value',
    'between takes two numbers, the lower first: write [lowest, highest].',
  ],
  [
    'nothing in a group', { when: { kind: 'all', of: [] } }, 'when.of',
    '[] cannot stand here: write a list whose length is at least 1.',
  ],
  [
    '4 of 2', { when: { kind: 'atLeast', k: 4, of: [cmp('leads'), cmp('plan', 'eq', 'pro')] } }, 'when.k',
    '4 of 2 can never hold: write 1 to 2.',
  ],
  ['another version', { version: 2 }, 'version', '2 cannot stand here: write 1.'],
  ['no subject', { subject: undefined }, 'subject', 'This is missing: write "USER", "TEAM" or "TENANT".'],
  [
    'events that it does not read', { on: ['lead.captured'] }, 'on',
    'The facts of this rule come from other events: write ["lead.captured", "lead.converted"], or leave "on" out.',
  ],
  [
    'steps along two facts', { repeat: { mode: 'EVERY_STEP', step: 10 } }, 'repeat.mode',
    expect.stringContaining('write a single cmp with gte, or repeat EVERY_PERIOD'),
  ],
  [
    'steps along a month', { on: undefined, when: cmp('leads.month', 'gte', 10), repeat: { mode: 'EVERY_STEP', step: 10 } },
    'repeat.mode',
    expect.stringContaining('one fact that only grows, of all time'),
  ],
  [
    'a step of nothing', { repeat: { mode: 'EVERY_STEP', step: 0 } }, 'repeat.step',
    '0 cannot stand here: write a number of more than 0.',
  ],
  [
    'a date without a zone', { effectiveFrom: '2026-03-01' }, 'effectiveFrom',
    '"2026-03-01" cannot stand here: write a time such as 2026-03-01T00:00:00Z.',
  ],
  [
    'an end before the beginning', { effectiveFrom: '2026-03-01T00:00:00Z', effectiveTo: '2026-03-01T00:00:00Z' }, 'effectiveTo',
    'The rule ends before it begins: write a time after effectiveFrom.',
  ],
])('%s is refused with what to write instead', (_title, change, path, message) => {
  expect(parseRule({ ...BH13, ...change }, CATALOG)).toEqual({ mends: [{ path, message }] })
})

test.each([
  ['nothing', undefined], ['a text', 'rule'], ['a list', [BH13]], ['null', null],
  ['a prototype', JSON.parse(JSON.stringify(BH13).replace('"version"', '"__proto__":{"x":1},"version"'))],
])('%s is no rule', (_title, input) => {
  expect(parseRule(input, CATALOG).value).toBeUndefined()
})

test.each<[title: string, facts: Record<string, unknown>, path: string, message: string]>([
  ['an unknown event', { a: { kind: 'count', event: 'toString', words: leads } }, 'facts.a.event',
    'There are no events "toString": write one of lead.captured, lead.converted, plan.changed.'],
  [
    'a sum of nothing', { a: { kind: 'sum', event: 'lead.captured', words: leads } }, 'facts.a.of',
    'This is missing: a fact of kind sum needs "of".',
  ],
  ['a sum of texts', { a: { kind: 'sum', event: 'lead.captured', of: 'source', words: leads } }, 'facts.a.of',
    '"source" of lead.captured is a text: write an attribute that is a number.'],
  ['an attribute of no event', { a: { kind: 'count', event: 'lead.captured', where: { constructor: 'x' }, words: leads } },
    'facts.a.where.constructor',
    'lead.captured has no "constructor": write one of user, team, source, value.'],
  ['a filter of another type', { a: { kind: 'count', event: 'lead.captured', where: { source: 5 }, words: leads } },
    'facts.a.where.source',
    '"source" of lead.captured is a text: write a text.'],
  ['a sample of a count', { a: { kind: 'count', event: 'lead.captured', minSample: 5, words: leads } }, 'facts.a.minSample',
    'A fact of kind count has no "minSample": take it out.'],
  ['a window of 367 days', { a: { kind: 'count', event: 'lead.captured', window: { lastDays: 367 }, words: leads } },
    'facts.a.window.lastDays',
    '367 cannot stand here: write a number of at most 366.'],
  ['no words', { a: { kind: 'count', event: 'lead.captured', words: { one: 'lead' } } }, 'facts.a.words',
    'People read this: write one and many for what is counted, or name for a measure.'],
])('%s is no fact', (_title, facts, path, message) => {
  expect(parseCatalog({ ...WRITTEN, facts })).toEqual({ mends: [{ path, message }] })
})

const evaluate = (when: unknown, have: Record<string, FactValue>) => {
  const names = Object.keys(have)
  const { truth, progress } = compile(when as Condition, CATALOG, fact => names.indexOf(fact))
  const read = (slot: number) => have[names[slot]!]!
  return [truth(read), progress(read)]
}
const [few, some] = [cmp('leads', 'gte', 50), cmp('leads.month', 'gt', 10)]

// RULE-6 and RULE-8: unknown stays unknown, and progress is the least of all, the most of any, the k-th of at least k.
test.each<[when: unknown, have: Record<string, FactValue>, truth: boolean | null, percent: number]>([
  [few, { leads: 42 }, false, 84], [few, { leads: 50 }, true, 100], [few, { leads: 61 }, true, 100],
  [few, { leads: -5 }, false, 0],
  [few, { leads: null }, null, 0],
  [cmp('leads', 'gte', 3), { leads: 1 }, false, 33.33], [cmp('leads', 'gte', 3), { leads: 2 }, false, 66.67],
  [cmp('leads', 'gte', 100_000), { leads: 99_999 }, false, 99.99], [cmp('leads', 'gt', 50), { leads: 50 }, false, 99.99],
  [cmp('leads', 'gte', 0), { leads: 0 }, true, 100], [cmp('leads', 'gte', -1), { leads: -2 }, false, 0],
  [cmp('leads', 'lte', 2), { leads: 3 }, false, 0], [cmp('leads', 'lt', 3), { leads: 2 }, true, 100],
  [cmp('leads', 'eq', 2), { leads: 2 }, true, 100], [cmp('leads', 'ne', 2), { leads: 2 }, false, 0],
  [cmp('leads', 'in', [1, 2]), { leads: 2 }, true, 100], [cmp('leads', 'between', [1, 2]), { leads: 2.5 }, false, 0],
  [cmp('plan', 'eq', 'pro'), { plan: 'pro' }, true, 100], [cmp('isPaid', 'eq', true), { isPaid: false }, false, 0],
  [{ kind: 'all', of: [few, some] }, { leads: 42, 'leads.month': 1 }, false, 10],
  [{ kind: 'all', of: [few, some] }, { leads: 50, 'leads.month': null }, null, 0],
  [{ kind: 'all', of: [few, some] }, { leads: 1, 'leads.month': null }, false, 0],
  [{ kind: 'any', of: [few, some] }, { leads: 42, 'leads.month': 1 }, false, 84],
  [{ kind: 'any', of: [few, some] }, { leads: 50, 'leads.month': null }, true, 100],
  [{ kind: 'any', of: [few, some] }, { leads: 42, 'leads.month': null }, null, 84],
  [{ kind: 'atLeast', k: 2, of: [few, some, cmp('plan', 'eq', 'pro')] }, { leads: 50, 'leads.month': 5, plan: 'x' }, false, 50],
  [{ kind: 'atLeast', k: 2, of: [few, some, cmp('plan', 'eq', 'pro')] }, { leads: 50, 'leads.month': 5, plan: 'pro' }, true, 100],
  [{ kind: 'not', of: few }, { leads: 42 }, true, 100], [{ kind: 'not', of: few }, { leads: null }, null, 0],
])('%j of %j is %j, %d %%', (when, have, truth, percent) => {
  expect(evaluate(when, have)).toEqual([truth, percent])
})
