import { expect, test } from 'vitest'
import { averageOf, type Counted, millionths, place, type Tier } from '../challenges/challenge.rules.ts'
import { mayDecide, outcomesFor, paymentsFor, type Terms } from './settlement.rules.ts'

const points = (amount: number, title?: string) => ({ ...title ? { title } : {},
  rewards: [{ kind: 'POINTS' as const, points: amount }] })
const race = (...tiers: [from: number, to: number, points: number, minimum?: string][]): Tier[] =>
  tiers.map(([from, to, amount, minimum]) => ({ when: { kind: 'RANK', from, to, minimum }, ...points(amount) }))
// TCHAL-1 and TCHAL-4 as the reference gives them.
const REVENUE_RACE = race([1, 1, 1_000], [2, 2, 750], [3, 3, 500])
const LEAGUE: Tier[] = [
  { when: { kind: 'TARGET', outcome: 'EXCEEDED' }, ...points(1_200, 'Client Champions') },
  { when: { kind: 'TARGET', outcome: 'MET' }, ...points(800, 'Client Advocates') },
]

/** Settles these values and returns points by subject; null where no tier is theirs. */
function settle(values: Record<string, string | null>, tiers: Tier[], more: Partial<Terms> & { target?: string } = {}) {
  const { target, ...terms } = more
  const aim = more.aim ?? { goal: 'AT_LEAST' as const, target: target === undefined ? null : millionths(target), baseline: null }
  const counted = Object.entries(values).map(([subjectId, value], at): Counted => ({
    subjectId, value: value === null ? null : millionths(value), reachedAt: new Date(at * 1_000), parts: null }))
  const placed = place(aim, 'COMPETITION', counted)
  const outcomes = outcomesFor(placed, { measure: { kind: 'REVENUE' }, verdicts: new Map(), tiers, ...terms, aim })
  return Object.fromEntries(outcomes.map(({ subjectId, tier, points: paid }) => [subjectId, tier === null ? null : paid]))
}

test.each<[string, Record<string, string | null>, Record<string, number | null>]>([
  ['winner, second and third are paid, the rest is not', { a: '10', b: '30', c: '20', d: '5' },
    { b: 1_000, c: 750, a: 500, d: null }],
  ['a tie for the first place: both win, nobody is second', { a: '30', b: '30', c: '20' }, { a: 1_000, b: 1_000, c: 500 }],
  ['a tie for the second: nobody is third', { a: '30', b: '20', c: '20', d: '10' }, { a: 1_000, b: 750, c: 750, d: null }],
  ['nothing done is nothing won', { a: '0', b: '0' }, { a: null, b: null }],
  ['who was not measured has no rank', { a: '1', b: null }, { a: 1_000, b: null }],
])('the revenue race (TCHAL-1): %s', (_name, values, paid) => {
  expect(settle(values, REVENUE_RACE)).toEqual(paid)
})

test.each<[mean: string, points: number | null]>([['4.80', 800], ['4.81', 1_200], ['4.79', null]])(
  'the satisfaction league at %s pays %s (TCHAL-4, TV-26)', (mean, paid) => {
    expect(settle({ reds: mean }, LEAGUE, { target: '4.8' })).toEqual({ reds: paid })
  })

test.each<[sum: string, count: bigint, points: number | null]>([
  ['14.385', 3n, 800], // 4.795 is 4.80 after rounding half-up: met, not exceeded.
  ['14.384', 3n, null], ['14.415', 3n, 1_200], ['14.414', 3n, 800],
])('the league rounds the mean of %s over %s before it compares (TCHAL-4)', (sum, count, paid) => {
  const mean = averageOf(millionths(sum), count)!
  expect(settle({ reds: (Number(mean) / 1e6).toFixed(2) }, LEAGUE, { target: '4.8' })).toEqual({ reds: paid })
})

test('of tiers that fit, a subject gets only the first: the winner of the olympics is not paid for taking part too (TCHAL-2)',
  () => {
  const tiers: Tier[] = [...race([1, 1, 800]), { when: { kind: 'TOOK_PART' }, ...points(200) }]
  expect(settle({ a: '90', b: '10', c: '0' }, tiers)).toEqual({ a: 800, b: 200, c: null })
})

test('a judged sprint pays by verdict, not by rank (TCHAL-3)', () => {
  const tiers: Tier[] = [
    { when: { kind: 'VERDICT', verdict: 'best_innovation' }, ...points(1_500) },
    { when: { kind: 'VERDICT', verdict: 'implementation' }, ...points(500) },
  ]
  const terms = {
    measure: { kind: 'JUDGED' as const, verdicts: ['best_innovation', 'implementation'] },
    verdicts: new Map([['b', 'best_innovation'], ['a', 'implementation']]),
  }
  expect(settle({ a: null, b: null, c: null }, tiers, terms)).toEqual({ a: 500, b: 1_500, c: null })
})

test('the other kinds of payout: a rank with a minimum, steps, and a pot shared by what was counted (UX-26)', () => {
  expect(settle({ a: '99', b: '50' }, race([1, 2, 100, '60']))).toEqual({ a: 100, b: null })
  const steps: Tier[] = ['30', '20', '10'].map(value => ({ when: { kind: 'REACHED', value }, ...points(Number(value)) }))
  expect(settle({ a: '25', b: '30', c: '9' }, steps)).toEqual({ a: 20, b: 30, c: null })
  const pot: Tier[] = [{ when: { kind: 'POT' }, ...points(100) }]
  // 100 × 2/3 = 66, 100 × 1/3 = 33: what is left over stays with the house.
  expect(settle({ a: '20', b: '10', c: '0' }, pot)).toEqual({ a: 66, b: 33, c: null })
})

test('where less is better, below the target exceeds it', () => {
  const aim = { goal: 'AT_MOST' as const, target: millionths('6'), baseline: null }
  expect(settle({ a: '5.9', b: '6', c: '6.1' }, LEAGUE, { aim })).toEqual({ a: 1_200, b: 800, c: null })
})

test.each<[string, Parameters<typeof paymentsFor>, [string | null, number][]]>([
  ['a person gets their own', ['USER', 'OWN', 'ann', 300, []], [['ann', 300]]],
  ['a team\'s own account by default', ['TEAM', 'OWN', 'reds', 1_000, ['ann', 'bob']], [[null, 1_000]]],
  ['the whole to each of its people', ['TEAM', 'EACH_USER', 'reds', 1_000, ['bob', 'ann']], [['ann', 1_000], ['bob', 1_000]]],
  ['in equal parts, the rest point by point', ['TEAM', 'SPLIT_EQUAL', 'reds', 1_000, ['cid', 'ann', 'bob']],
    [['ann', 334], ['bob', 333], ['cid', 333]]],
  ['fewer points than people', ['DEPARTMENT', 'SPLIT_EQUAL', 'north', 1, ['ann', 'bob']], [['ann', 1]]],
  ['nobody is left: the account keeps it', ['TEAM', 'SPLIT_EQUAL', 'reds', 1_000, []], [[null, 1_000]]],
])('payout (A-08): %s', (_name, given, paid) => {
  expect(paymentsFor(...given).map(({ userId, points: amount }) => [userId, amount])).toEqual(paid)
})

test('neither who set the challenge nor who gets the reward decides, and a program never', () => {
  const grant = { createdBy: 'ann', userId: 'bob' }
  expect(['ann', 'bob', 'cid', null].map(id => mayDecide(id, grant))).toEqual([false, false, true, false])
  expect(mayDecide('ann', { createdBy: null, userId: null })).toBe(true)
})
