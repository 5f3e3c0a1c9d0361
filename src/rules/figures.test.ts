/**
 * Figures of badges, skill milestones and challenges that are rules: the language says each of them, and keeps strict what is
 * strict.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../platform/project.ts'
import { levelFor } from '../points/level.rules.ts'
import type { Condition, Op, Rule } from './condition.rules.ts'
import { parseRule } from './condition.shapes.ts'
import { RuleEngine } from './engine.rules.ts'
import type { AttributeValue } from './fact.rules.ts'
import { parseCatalog } from './fact.shapes.ts'

const number = (decimals: number) => ({ type: 'number', decimals })
const CATALOG = parseCatalog({
  events: {
    'revenue.recorded': { amount: number(2) }, 'improvement.implemented': {}, 'client.rated': { rating: number(2) },
    'innovation.implemented': {},
    'user.mentored': { mentee: { type: 'text' } },
    'week.measured': { growth: number(1), efficiency: number(1), satisfaction: number(2) },
    'challenge.progressed': { progress: number(4), timeLeft: number(4) }, 'skill.shown': { skill: { type: 'text' } },
    'milestone.attested': { milestone: { type: 'text' } },
  },
  facts: {
    revenue: { kind: 'sum', event: 'revenue.recorded', of: 'amount', words: { name: 'revenue', unit: 'USD' } },
    improvements: { kind: 'count', event: 'improvement.implemented', words: { one: 'improvement', many: 'improvements' } },
    satisfaction: { kind: 'avg', event: 'client.rated', of: 'rating', minSample: 10, words: { name: 'client satisfaction' } },
    league: {
      kind: 'avg', event: 'client.rated', of: 'rating', round: 2, window: 'QUARTER', words: { name: 'client satisfaction' },
    },
    innovations: { kind: 'count', event: 'innovation.implemented', words: { one: 'innovation', many: 'innovations' } },
    mentored: { kind: 'distinct', event: 'user.mentored', of: 'mentee', words: { one: 'user mentored', many: 'users mentored' } },
    growth: { kind: 'last', event: 'week.measured', of: 'growth', words: { name: 'revenue growth', unit: '%' } },
    efficiency: { kind: 'last', event: 'week.measured', of: 'efficiency', words: { name: 'delivery efficiency', unit: '%' } },
    rating: { kind: 'last', event: 'week.measured', of: 'satisfaction', words: { name: 'client satisfaction' } },
    progress: { kind: 'last', event: 'challenge.progressed', of: 'progress', words: { name: 'progress' } },
    timeLeft: { kind: 'last', event: 'challenge.progressed', of: 'timeLeft', words: { name: 'time left' } },
    automations: {
      kind: 'count', event: 'skill.shown', where: { skill: 'workflow_automated' }, words: { one: 'workflow', many: 'workflows' },
    },
  },
}).value!
const cmp = (fact: string, op: Op, value: number): Condition => ({ kind: 'cmp', fact, op, value })
const all = (...of: Condition[]): Condition => ({ kind: 'all', of })
const rule = (when: Condition, more: Partial<Rule> = {}): Rule => {
  const { value, mends } = parseRule({ version: 1, subject: 'USER', when, ...more }, CATALOG)
  expect(mends).toBeUndefined()
  return value!
}

/** An engine whose events happen one day after the other. */
function engineWith(rules: Record<string, Rule>) {
  const keyed = Object.entries(rules).map(([key, one]) => ({ key, rule: one }))
  const engine = new RuleEngine({ catalog: CATALOG, rules: keyed, zone: 'UTC' })
  let day = Date.parse('2026-01-05T12:00:00Z')
  let count = 0
  const happen = (type: string, attributes: Record<string, AttributeValue> = {}): string[] => {
    const event = { id: `e${++count}`, type, atMs: day, userId: 'ann', teamId: null, zone: null, attributes }
    return engine.apply(event, day).unlocked.map(({ rule: key }) => key)
  }
  const close = (): string[] => {
    day += 3 * 86_400_000
    return engine.settle(day).unlocked.map(({ rule: key }) => key)
  }
  return { engine, happen, close }
}

/** The levels of a badge, each a rule of its own. */
const ladder = (badge: string, fact: string, levels: number[]): Record<string, Rule> =>
  Object.fromEntries(levels.map((level, at) => [`${badge}.${at + 1}`, rule(cmp(fact, 'gte', level))]))

type Badge = [badge: string, fact: string, levels: number[], event: string, attributes: (at: number) => Record<string, string>]
test.each<Badge>([
  ['BADGE-2', 'improvements', [10, 25, 50, 100], 'improvement.implemented', () => ({})],
  ['BADGE-4', 'innovations', [3, 10, 25, 50], 'innovation.implemented', () => ({})],
  // Everybody twice, counted once.
  ['BADGE-5', 'mentored', [5, 15, 30, 50], 'user.mentored', at => ({ mentee: `user${at >> 1}` })],
])('%s: %s unlock %j', (badge, fact, levels, event, attributes) => {
  const { happen } = engineWith(ladder(badge, fact, levels))
  const found: [string, number][] = []
  for (let at = 0; found.length < 4; at++) for (const key of happen(event, attributes(at))) found.push([key, at + 1])
  const each = badge === 'BADGE-5' ? (level: number) => 2 * level - 1 : (level: number) => level
  expect(found).toEqual(levels.map((level, at) => [`${badge}.${at + 1}`, each(level)]))
})

test('BADGE-1, BADGE-R3: revenue of 1,000,000 at once grants Bronze, Silver and Gold in order', () => {
  const levels = [100_000, 500_000, 1_000_000, 5_000_000]
  const { happen } = engineWith(ladder('BADGE-1', 'revenue', levels))
  expect(happen('revenue.recorded', { amount: 99_999.99 })).toEqual([])
  expect(happen('revenue.recorded', { amount: 900_000.01 })).toEqual(['BADGE-1.1', 'BADGE-1.2', 'BADGE-1.3'])
})

test('BADGE-3, BADGE-R2: an average of 4.5, 4.7, 4.8, 4.9 over at least 10 ratings; once earned it stays', () => {
  const levels = [4.5, 4.7, 4.8, 4.9]
  const { engine, happen, close } = engineWith(ladder('BADGE-3', 'satisfaction', levels))
  for (let at = 0; at < 9; at++) happen('client.rated', { rating: 5 })
  expect(close()).toEqual([])
  happen('client.rated', { rating: 2 }) // 4.7 exactly.
  expect(close()).toEqual(['BADGE-3.1', 'BADGE-3.2'])
  for (let at = 0; at < 10; at++) happen('client.rated', { rating: 1 })
  expect(close()).toEqual([])
  expect(engine.unlocks().map(({ rule: key }) => key)).toEqual(['BADGE-3.1', 'BADGE-3.2'])
})

test('SKILL-2.2: 5 workflows automated, and only after SKILL-2.1', () => {
  const attested = { ...CATALOG.facts.get('automations')!, event: 'milestone.attested', where: { milestone: 'SKILL-2.1' } }
  const catalog = { ...CATALOG, facts: new Map(CATALOG.facts).set('attested', attested) }
  const rules = [
    { key: 'SKILL-2.2', rule: rule(cmp('automations', 'gte', 5), { prerequisites: ['SKILL-2.1'] }) },
    { key: 'SKILL-2.1', rule: { version: 1 as const, subject: 'USER' as const, when: cmp('attested', 'gte', 1) } },
  ]
  const engine = new RuleEngine({ catalog, rules, zone: 'UTC' })
  const happen = (id: string, type: string, attributes: Record<string, AttributeValue>) =>
    engine.apply({ id, type, atMs: 1e12, userId: 'ann', teamId: null, zone: null, attributes }, 1e12).unlocked
      .map(({ rule: key }) => key)
  for (let at = 0; at < 6; at++) expect(happen(`e${at}`, 'skill.shown', { skill: 'workflow_automated' })).toEqual([])
  expect(happen('e6', 'milestone.attested', { milestone: 'SKILL-2.1' })).toEqual(['SKILL-2.1', 'SKILL-2.2'])
})

test('TV-24: all 20 skill milestones are 50,900 points, and those alone make a master', () => {
  const { levels } = JSON.parse(readFileSync(join(projectRoot, 'packs/revenue.json'), 'utf8')) as
    { levels: { key: string; threshold: number }[] }
  const points = [
    [500, 1_000, 2_500, 5_000], [300, 800, 2_000, 4_000], [400, 1_000, 2_500, 5_000], [600, 1_500, 3_000, 6_000],
    [800, 2_000, 4_000, 8_000],
  ]
  expect(points.map(path => path.reduce((sum, one) => sum + one))).toEqual([9_000, 7_100, 8_900, 11_100, 14_800]) // SKILL-1..5
  expect(levelFor(levels, points.flat().reduce((sum, one) => sum + one)).key).toBe('master')
  expect(points.flat().reduce((sum, one) => sum + one)).toBe(50_900)
})

const GAPS = {
  'WCHAL-1': rule(cmp('growth', 'lt', 20)), 'WCHAL-2': rule(cmp('efficiency', 'lt', 90)),
  'WCHAL-3': rule(cmp('rating', 'lt', 4.7)),
}
test.each<[title: string, measured: Record<string, number>, generated: string[]]>([
  [
    'TV-08: growth 19.9, efficiency 90, satisfaction 4.6', { growth: 19.9, efficiency: 90, satisfaction: 4.6 },
    ['WCHAL-1', 'WCHAL-3'],
  ],
  ['20, 90 and 4.7', { growth: 20, efficiency: 90, satisfaction: 4.7 }, []],
  ['all below', { growth: -1, efficiency: 89.9, satisfaction: 4.69 }, ['WCHAL-1', 'WCHAL-2', 'WCHAL-3']],
  ['nothing measured is no gap', { efficiency: 89.9 }, ['WCHAL-2']],
])('WCHAL: %s', (_title, measured, generated) => {
  const { happen, close } = engineWith(GAPS)
  happen('week.measured', measured)
  expect(close()).toEqual(generated)
})

const ADAPT = {
  'ADAPT-5': rule(all(cmp('progress', 'gt', 0.8), cmp('timeLeft', 'gt', 0.5), cmp('progress', 'lt', 1))),
  'ADAPT-6': rule(all(cmp('progress', 'lt', 0.3), cmp('timeLeft', 'lt', 0.3))),
}
test.each<[title: string, progress: number, timeLeft: number, adapted: string[]]>([
  ['TV-14: 81 of 100, 60 % left', 0.81, 0.6, ['ADAPT-5']], ['TV-15: 80 of 100, 60 % left', 0.8, 0.6, []],
  ['TV-15: 81 of 100, 50 % left', 0.81, 0.5, []], ['TV-16: 29 of 100, 29 % left', 0.29, 0.29, ['ADAPT-6']],
  ['30 of 100, 29 % left', 0.3, 0.29, []], ['A-30: complete', 1, 0.6, []],
])('%s', (_title, progress, timeLeft, adapted) => {
  const { happen, close } = engineWith(ADAPT)
  happen('challenge.progressed', { progress, timeLeft })
  expect(close()).toEqual(adapted)
})

// TV-26, TCHAL-4: the average of the quarter is rounded half-up to two places; above 4.80 is exceeded, exactly 4.80 is met.
test.each<[ratings: number[], tiers: string[]]>([
  [[4.8, 4.8], ['met']], [[4.81, 4.81], ['exceeded']], [[4.79, 4.79], []], [[4.79, 4.8], ['met']], [[4.8, 4.81], ['exceeded']],
])('TV-26: ratings %j are %j', (ratings, tiers) => {
  const { happen, close } = engineWith({ exceeded: rule(cmp('league', 'gt', 4.8)), met: rule(cmp('league', 'eq', 4.8)) })
  for (const rating of ratings) happen('client.rated', { rating })
  expect(close()).toEqual(tiers)
})
