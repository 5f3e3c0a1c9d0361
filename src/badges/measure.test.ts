import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BadgeRow, missingLevels, refusalForBadge, revisedMeasure } from './badge.rules.ts'
import { readRecognition } from './badge.service.ts'
import { counted, isReached, type Measure, type Measured, percentOf, thresholdOf, valueOf } from './measure.rules.ts'

const { badges: BADGES, activityTypes: TYPES } = readRecognition()
const badgeOf = (key: string) => BADGES.find(badge => badge.key === key)!
const NONE: ReadonlySet<number> = new Set()

/** What the reference says of each badge: titles, thresholds, benefits. */
const FIGURES: [id: string, key: string, levels: [title: string, threshold: string][], benefits: string[]][] = [
  ['BADGE-1', 'revenue_generator', [['Bronze', '100000'], ['Silver', '500000'], ['Gold', '1000000'], ['Platinum', '5000000']],
    ['Commission bonus', 'Recognition', 'Leadership opportunities']],
  ['BADGE-2', 'efficiency_master',
    [['Process Optimizer', '10'], ['Automation Expert', '25'], ['Systems Architect', '50'], ['Efficiency Guru', '100']],
    ['Innovation budget', 'Team leadership', 'Strategic planning involvement']],
  ['BADGE-3', 'client_champion', [['Advocate', '4.5'], ['Champion', '4.7'], ['Hero', '4.8'], ['Legend', '4.9']],
    ['Client relationship bonuses', 'VIP client access', 'Customer success leadership']],
  ['BADGE-4', 'innovation_leader', [['Contributor', '3'], ['Creator', '10'], ['Innovator', '25'], ['Visionary', '50']],
    ['R&D budget', 'Patent recognition', 'Innovation committee membership']],
  ['BADGE-5', 'team_builder', [['Collaborator', '5'], ['Mentor', '15'], ['Leader', '30'], ['Inspirator', '50']],
    ['Leadership training', 'Management track', 'Team building budget']],
]

test.each(FIGURES)('%s: %s has the levels and benefits of the reference', (_id, key, levels, benefits) => {
  const badge = badgeOf(key)
  expect([badge.levels.map(({ title, threshold }) => [title, threshold]), badge.benefits]).toEqual([levels, benefits])
  expect(refusalForBadge(badge)).toBeNull()
})

test('there are five badges; what they count beside the 25 activities is worth no points', () => {
  expect(BADGES).toHaveLength(5)
  expect(TYPES.map(({ points }) => points)).toEqual([0, 0, 0])
})

const STEPS = FIGURES.flatMap(([id, key, levels]) =>
  levels.map(([title, threshold], at) => [`${id}.${at + 1}`, title, threshold, key, at + 1] as const))

/** A value so many millionths above a threshold, of a large enough sample; an average is of 12 values. */
function around(measure: Measure, threshold: string, millionths: bigint): Measured {
  const per = measure.kind === 'METRIC_AVERAGE' ? 12n : 1n
  return { sum: thresholdOf(threshold)! * per + millionths, per, sample: 12 }
}

test.each(STEPS)('%s: %s is earned at %s and not a millionth below (≥)', (_id, _title, threshold, key, level) => {
  const badge = badgeOf(key)
  const levelsAt = (millionths: bigint) =>
    missingLevels(badge, around(badge.measure, threshold, millionths), NONE).map(missing => missing.level)
  expect(levelsAt(0n)).toEqual(Array.from({ length: level }, (_, at) => at + 1)) // BADGE-R3: all below, in order.
  expect(levelsAt(-1n)).toEqual(Array.from({ length: level - 1 }, (_, at) => at + 1))
})

test('BADGE-R2, A-15: the best average needs ten ratings; nine are none', () => {
  const badge = badgeOf('client_champion')
  const rated = (sample: number): Measured => ({ sum: 5_000_000n * BigInt(sample), per: BigInt(sample), sample })
  expect(missingLevels(badge, rated(9), NONE)).toEqual([])
  expect(missingLevels(badge, rated(10), NONE).map(({ title }) => title)).toEqual(['Advocate', 'Champion', 'Hero', 'Legend'])
  expect(missingLevels(badge, { sum: 0n, per: 0n, sample: 0 }, NONE)).toEqual([])
})

test('BADGE-R2: what is earned is neither granted again nor missed when the average has fallen', () => {
  const badge = badgeOf('client_champion')
  expect(missingLevels(badge, { sum: 46_000_000n, per: 10n, sample: 10 }, new Set([1, 2, 3]))).toEqual([])
  expect(missingLevels(badge, { sum: 47_000_000n, per: 10n, sample: 10 }, new Set([1])).map(({ level }) => level)).toEqual([2])
})

test('BADGE-R3: values that only grow, seen in any steps, earn the same levels as the last value alone', () => {
  const badge = badgeOf('efficiency_master')
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 12 }), steps => {
    const earned = new Set<number>()
    const order: number[] = []
    let sum = 0n
    for (const step of steps) {
      sum += BigInt(step)
      for (const { level } of missingLevels(badge, counted(sum, 1), earned)) {
        earned.add(level)
        order.push(level)
      }
    }
    expect(order).toEqual(missingLevels(badge, counted(sum, 1), NONE).map(({ level }) => level))
  }))
})

test.each<[text: string, millionths: bigint | null]>([
  ['4.7', 4_700_000n], ['100000', 100_000_000_000n], ['0.000001', 1n], ['0', 0n], ['-1', null], ['4.7000001', null], ['', null],
  ['1e3', null],
])('a threshold %j is %s millionths', (text, millionths) => {
  expect(thresholdOf(text)).toBe(millionths)
})

test('RULE-6: progress has two digits and is 100 only when the level is reached', () => {
  const revenue: Measure = { kind: 'REVENUE' }
  const percents = [0n, 1n, 33_333n, 50_000n, 99_999n, 100_000n, 300_000n].map(units =>
    percentOf(revenue, counted(units, 1), '100000'))
  expect(percents).toEqual([0, 0, 33.33, 50, 99.99, 100, 100])
  expect(percentOf(revenue, counted(-5n, 1), '100000')).toBe(0)
  const average = badgeOf('client_champion').measure
  // The value would do, the sample does not.
  expect(percentOf(average, { sum: 45_000_000n, per: 9n, sample: 9 }, '4.5')).toBe(99.99)
  expect(isReached(average, { sum: 45_000_000n, per: 10n, sample: 10 }, '4.5')).toBe(true)
})

test.each<[Measured, string | null]>([
  [{ sum: 13_999_999n, per: 3n, sample: 3 }, '4.666666'], [{ sum: 4_500_000n, per: 1n, sample: 1 }, '4.5'],
  [{ sum: -1_500_000n, per: 1n, sample: 1 }, '-1.5'], [{ sum: 0n, per: 0n, sample: 0 }, null],
  [{ sum: 20_000_000n, per: 1n, sample: 20 }, '20'],
])('a value is shown cut, never above what there is: %o is %s', (measured, text) => {
  expect(valueOf(measured)).toBe(text)
})

const VALID: Pick<BadgeRow, 'name' | 'measure' | 'benefits' | 'levels'> = badgeOf('client_champion')
test.each<[wrong: string, change: Partial<typeof VALID>, field: string]>([
  ['no level', { levels: [] }, 'levels'],
  ['too many levels', { levels: Array.from({ length: 21 }, (_, at) => ({ title: 'T', threshold: String(at + 1) })) }, 'levels'],
  ['a level without a name', { levels: [{ title: '', threshold: '1' }] }, 'levels'],
  ['no decimal', { levels: [{ title: 'T', threshold: 'many' }] }, 'levels'],
  ['descending', { levels: [{ title: 'T', threshold: '2' }, { title: 'U', threshold: '2' }] }, 'levels'],
  ['nothing to reach', { levels: [{ title: 'T', threshold: '0' }] }, 'levels'],
  ['no sample', { measure: { kind: 'METRIC_AVERAGE', metric: 'm', minSample: 0 } }, 'minSample'],
  ['no types', { measure: { kind: 'ACTIVITIES', activityTypes: [] } }, 'activityTypes'],
  ['a type that is no key', { measure: { kind: 'ACTIVITIES', activityTypes: ['A b'] } }, 'activityTypes'],
  ['no name', { name: '' }, 'name'], ['an empty benefit', { benefits: [''] }, 'benefits'],
])('a badge with %s cannot be', (_wrong, change, field) => {
  expect(refusalForBadge({ ...VALID, ...change })?.field).toEqual([field])
})

test('a figure that a measure does not have cannot be revised', () => {
  expect(() => revisedMeasure({ kind: 'REVENUE' }, { key: 'k', minSample: 3 })).toThrow('only an average has a sample')
  expect(() => revisedMeasure({ kind: 'REVENUE' }, { key: 'k', activityTypes: ['a_b'] })).toThrow('does not count activities')
  expect(revisedMeasure({ kind: 'METRIC_AVERAGE', metric: 'm', minSample: 10 }, { key: 'k', minSample: 3 }))
    .toEqual({ kind: 'METRIC_AVERAGE', metric: 'm', minSample: 3 })
})
