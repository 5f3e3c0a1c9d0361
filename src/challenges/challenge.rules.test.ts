import { expect, test } from 'vitest'
import {
  type Aim, averageOf, combine, type Counted, decimal, enrollmentFor, isMet, millionths, percentOf, place, refusalForChallenge,
  settlesAt, spanFor, statusAt, type ChallengeWish,
} from './challenge.rules.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 12, minute))
const counted = (subjectId: string, value: string | null, minute = 0): Counted =>
  ({ subjectId, value: value === null ? null : millionths(value), reachedAt: value === null ? null : at(minute), parts: null })
const aim = (target: string | null, goal: Aim['goal'] = 'AT_LEAST', baseline: string | null = null): Aim =>
  ({ goal, target: target && millionths(target), baseline: baseline && millionths(baseline) }) as Aim

test.each<[tieRule: 'COMPETITION' | 'DENSE' | 'ORDINAL', ranks: number[]]>([
  ['COMPETITION', [1, 2, 2, 4]], ['DENSE', [1, 2, 2, 3]], ['ORDINAL', [1, 2, 3, 4]],
])('the scores 10, 9, 9, 8 rank by %s as TV-21 says, whoever was first among equals first', (tieRule, ranks) => {
  const given = [counted('d', '8'), counted('c', '9', 3), counted('b', '9', 7), counted('a', '10')]
  const placed = place(aim(null), tieRule, given)
  expect(placed.map(({ subjectId, rank }) => [subjectId, rank])).toEqual(['a', 'c', 'b', 'd'].map((id, n) => [id, ranks[n]]))
  // The order in which they are handed in says nothing.
  expect(place(aim(null), tieRule, given.toReversed())).toEqual(placed)
})

test('who has no value has no rank and stands last, and where less is better the least stands first', () => {
  expect(place(aim('5', 'AT_MOST'), 'COMPETITION', [counted('a', null), counted('b', '7'), counted('c', '5')])
    .map(({ subjectId, rank, percent }) => [subjectId, rank, percent])).toEqual([['c', 1, 10_000], ['b', 2, 0], ['a', null, 0]])
})

test.each<[name: string, aim: Aim, value: string | null, percent: number | null]>([
  ['a race has no percent', aim(null), '5', null],
  ['nothing yet', aim('100'), '0', 0],
  ['nothing measured', aim('4.8'), null, 0],
  ['part of the way', aim('3'), '1', 3_333],
  ['the half of a hundredth is rounded up (RULE-6)', aim('8000'), '1', 1],
  ['just below is never 100', aim('1000000'), '999999', 9_999],
  ['the target itself', aim('100'), '100', 10_000],
  ['beyond it', aim('100'), '250', 10_000],
  ['below zero is no progress', aim('100'), '-5', 0],
  ['less is better: half of the way down from the baseline', aim('6', 'AT_MOST', '10'), '8', 5_000],
  ['less is better: worse than the baseline', aim('6', 'AT_MOST', '10'), '11', 0],
  ['less is better: there', aim('6', 'AT_MOST', '10'), '6', 10_000],
  ['less is better, without a baseline', aim('6', 'AT_MOST'), '7', 0],
])('percent: %s', (_name, given, value, percent) => {
  const exact = value === null ? null : millionths(value)
  expect(percentOf(given, exact)).toBe(percent)
  expect(isMet(given, exact)).toBe(percent === 10_000)
})

test.each<[sum: string, count: bigint, mean: string | null]>([
  ['14.385', 3n, '4.8'], ['14.384', 3n, '4.79'], ['9.61', 2n, '4.81'], ['-9.61', 2n, '-4.81'], ['0', 0n, null],
    ['14.4', 3n, '4.8'],
])('the mean of %s over %s is rounded half-up to two digits (TCHAL-4)', (sum, count, mean) => {
  const average = averageOf(millionths(sum), count)
  expect(average === null ? null : decimal(average)).toBe(mean)
})

test('three measures weigh the same, each as a share of the best in it (TCHAL-2)', () => {
  const part = (...values: [string, string | null][]) => new Map(values.map(([id, value]) => [id, counted(id, value)]))
  const savings = part(['a', '4'], ['b', '2'], ['c', '0'])
  const costs = part(['a', '1'], ['b', '3'], ['c', '0'])
  const automation = part(['a', '0'], ['b', '0'], ['c', '0'])
  const values = combine([savings, costs, automation],
    ['a', 'b', 'c']).map(({ subjectId, value }) => [subjectId, decimal(value!)])
  // a: (100 + 33.33… + 0) / 3 = 44.44…; b: (50 + 100 + 0) / 3 = 50.
  expect(values).toEqual([['a', '44.44'], ['b', '50'], ['c', '0']])
  expect(combine([part(['a', null])], ['a'])).toMatchObject([{ value: null, parts: [null] }])
})

test('a challenge lasts so many local days, also when one of them has 23 hours, and settles a day after its end', () => {
  const span = spanFor('Europe/Berlin', '2026-03-28', 2)
  expect(span).toEqual({
    startsOn: '2026-03-28', endsOn: '2026-03-30', startsAt: new Date('2026-03-27T23:00:00Z'),
      endsAt: new Date('2026-03-29T22:00:00Z'),
  })
  expect(settlesAt(span.endsAt)).toEqual(new Date('2026-03-30T22:00:00Z'))
  const open = { state: 'OPEN' as const, ...span }
  const times = [span.startsAt.getTime() - 1, span.startsAt.getTime(), span.endsAt.getTime() - 1, span.endsAt.getTime()]
  expect(times.map(ms => statusAt(open, ms))).toEqual(['UPCOMING', 'RUNNING', 'RUNNING', 'ENDED'])
  expect(statusAt({ ...open, state: 'CANCELED' }, times[1]!)).toBe('CANCELED')
})

test.each<[string, Parameters<typeof enrollmentFor>, unknown]>([
  ['whoever wants to joins an open one', ['JOIN', null, 'OPEN', 'RUNNING'], 'ENROLLED'],
  ['who is invited joins', ['JOIN', 'INVITED', 'INVITED', 'UPCOMING'], 'ENROLLED'],
  ['who is not invited does not', ['JOIN', null, 'INVITED', 'RUNNING'], { code: 'FORBIDDEN' }],
  ['who has opted out may think again', ['JOIN', 'OPTED_OUT', 'INVITED', 'RUNNING'], 'ENROLLED'],
  ['twice is once', ['JOIN', 'ENROLLED', 'OPEN', 'RUNNING'], null],
  ['who takes part leaves', ['LEAVE', 'ENROLLED', 'ALL', 'RUNNING'], 'OPTED_OUT'],
  ['who is invited declines', ['LEAVE', 'INVITED', 'INVITED', 'UPCOMING'], 'OPTED_OUT'],
  ['who was never in it cannot leave', ['LEAVE', null, 'OPEN', 'RUNNING'], { code: 'NOT_FOUND' }],
  ['what has ended is over', ['LEAVE', 'ENROLLED', 'OPEN', 'ENDED'], { code: 'ALREADY_DECIDED' }],
])('enrollment: %s', (_name, given, expected) => {
  const decided = enrollmentFor(...given)
  if (typeof expected === 'object' && expected) expect(decided).toMatchObject(expected)
  else expect(decided).toBe(expected)
})

const WISH: ChallengeWish = {
  kind: 'TEAM', series: 'own', title: 'Race', description: '', subject: 'TEAM', measure: { kind: 'DEALS' }, goal: 'AT_LEAST',
    target: '10',
  baseline: null, enrollment: 'OPEN', tieRule: 'COMPETITION', payout: 'OWN', tiers: [], links: [], difficulty: null,
  startsOn: '2026-06-01', days: 30,
}
const points = [{ kind: 'POINTS' as const, points: 5 }]
test.each<[string, Partial<ChallengeWish>, string | null, string?]>([
  ['as it stands', {}, null],
  ['it would have ended', { startsOn: '2026-05-01', days: 31 }, 'OUT_OF_RANGE', 'startsOn'],
  ['it begins in years', { startsOn: '2028-06-01' }, 'OUT_OF_RANGE', 'startsOn'],
  ['no day', { days: 0 }, 'OUT_OF_RANGE', 'days'],
  ['no title', { title: '' }, 'INVALID', 'title'],
  ['a target of nothing', { target: '0' }, 'OUT_OF_RANGE', 'target'],
  ['a target of too many digits', { target: '0.0000001' }, 'OUT_OF_RANGE', 'target'],
  ['less of what is counted', { goal: 'AT_MOST' }, 'INVALID', 'goal'],
  ['a metric of departments', { subject: 'DEPARTMENT', measure: { kind: 'METRIC', metric: 'm1', take: 'LAST' } }, 'INVALID',
    'subject'],
  ['a judged one with a target', { measure: { kind: 'JUDGED', verdicts: ['best'] } }, 'INVALID', 'target'],
  ['a tier for a target without one', { target: null, tiers: [{ when: { kind: 'TARGET', outcome: 'MET' }, rewards: points }] },
    'INVALID', 'tiers'],
  ['a tier for ranks upside down', { tiers: [{ when: { kind: 'RANK', from: 2, to: 1 }, rewards: points }] }, 'INVALID', 'tiers'],
  ['a verdict where nobody judges', { tiers: [{ when: { kind: 'VERDICT', verdict: 'best' }, rewards: points }] }, 'INVALID',
    'tiers'],
])('a wish: %s', (_name, changed, code, field) => {
  const refusal = refusalForChallenge({ ...WISH, ...changed }, '2026-06-01')
  expect(refusal && [refusal.code, refusal.field[0]]).toEqual(code && [code, field])
})
