import { expect, test } from 'vitest'
import { readPack } from '../activities/type.service.ts'
import { readRecognition } from '../badges/badge.service.ts'
import { counted, type Measure, NOTHING } from '../badges/measure.rules.ts'
import { levelFor } from '../points/level.rules.ts'
import {
  countedLevels, nextLevelOf, type PathRow, percentCompleted, percentOfMilestone, refusalForClaim, refusalForPath,
  revisedMilestones,
} from './skill.rules.ts'

const PATHS = readRecognition().skills
const pathOf = (key: string): PathRow => ({
  ...PATHS.find(path => path.key === key)!, id: 'id', version: 1, active: true, effectiveFrom: new Date(0),
})

/** What the reference says of each milestone: level, title, points, and what is counted where a number stands. */
const FIGURES: [id: string, key: string, level: number, title: string, points: number, count: string | null][] = [
  ['SKILL-1.1', 's_streamline_mastery', 1, 'Process Identifier', 500, '5'],
  ['SKILL-1.2', 's_streamline_mastery', 2, 'Efficiency Expert', 1_000, '10'],
  ['SKILL-1.3', 's_streamline_mastery', 3, 'Streamline Master', 2_500, null],
  ['SKILL-1.4', 's_streamline_mastery', 4, 'Efficiency Guru', 5_000, null],
  ['SKILL-2.1', 'a_automation_expertise', 1, 'Automation Rookie', 300, '1'],
  ['SKILL-2.2', 'a_automation_expertise', 2, 'Process Automator', 800, '5'],
  ['SKILL-2.3', 'a_automation_expertise', 3, 'Automation Architect', 2_000, null],
  ['SKILL-2.4', 'a_automation_expertise', 4, 'AI Integration Expert', 4_000, null],
  ['SKILL-3.1', 'i_integration_specialist', 1, 'System Connector', 400, '3'],
  ['SKILL-3.2', 'i_integration_specialist', 2, 'Integration Designer', 1_000, null],
  ['SKILL-3.3', 'i_integration_specialist', 3, 'Platform Architect', 2_500, null],
  ['SKILL-3.4', 'i_integration_specialist', 4, 'Ecosystem Master', 5_000, null],
  ['SKILL-4.1', 'a_acceleration_champion', 1, 'Growth Contributor', 600, '20'],
  ['SKILL-4.2', 'a_acceleration_champion', 2, 'Acceleration Specialist', 1_500, null],
  ['SKILL-4.3', 'a_acceleration_champion', 3, 'Growth Strategist', 3_000, null],
  ['SKILL-4.4', 'a_acceleration_champion', 4, 'Market Disruptor', 6_000, null],
  ['SKILL-5.1', 's_scaling_architect', 1, 'Scale Supporter', 800, null],
  ['SKILL-5.2', 's_scaling_architect', 2, 'Scaling Specialist', 2_000, null],
  ['SKILL-5.3', 's_scaling_architect', 3, 'Scale Strategist', 4_000, null],
  ['SKILL-5.4', 's_scaling_architect', 4, 'Enterprise Builder', 8_000, null],
]

test.each(FIGURES)('%s: %s level %i is "%s" for %i points', (_id, key, level, title, points, count) => {
  const milestone = pathOf(key).milestones[level - 1]!
  expect([milestone.title, milestone.points, milestone.threshold ?? null]).toEqual([title, points, count])
  expect(Boolean(milestone.measure)).toBe(count !== null)
})

test.each([
  ['SKILL-1', 's_streamline_mastery', 9_000], ['SKILL-2', 'a_automation_expertise', 7_100],
  ['SKILL-3', 'i_integration_specialist', 8_900], ['SKILL-4', 'a_acceleration_champion', 11_100],
  ['SKILL-5', 's_scaling_architect', 14_800],
])('%s: the milestones of %s pay %i points together', (_id, key, sum) => {
  expect(pathOf(key).milestones.reduce((all, { points }) => all + points, 0)).toBe(sum)
  expect(refusalForPath(pathOf(key))).toBeNull()
})

test('TV-24, A-60: all twenty pay 50,900 points, which is above the threshold of the level master', () => {
  const milestones = PATHS.flatMap(path => path.milestones)
  const points = milestones.reduce((all, milestone) => all + milestone.points, 0)
  expect([milestones.length, points, levelFor(readPack('revenue').levels, points).key]).toEqual([20, 50_900, 'master'])
})

test('A-16: six are counted, the other fourteen attested', () => {
  const milestones = PATHS.flatMap(path => path.milestones)
  expect(milestones.filter(({ measure }) => measure)).toHaveLength(6)
  expect(milestones.filter(({ measure }) => !measure)).toHaveLength(14)
})

test.each(FIGURES.filter(([, , , , , count]) => count))(
  '%s: counted at %6$s and not a millionth below', (_id, key, level, _title, _points, count) => {
    const before = new Set(Array.from({ length: level - 1 }, (_, at) => at + 1))
    const reachedBy = (millionths: bigint) => countedLevels(
      pathOf(key).milestones, before, () => ({ sum: BigInt(count!) * 1_000_000n + millionths, per: 1n, sample: 1 }),
    ).map(reached => reached.level)
    expect(reachedBy(0n)).toContain(level)
    expect(reachedBy(-1n)).toEqual([])
  })

test('level m needs m−1: what was counted early completes in order once its turn has come', () => {
  const { milestones } = pathOf('a_automation_expertise')
  const measuredBy = (trained: bigint, automated: bigint) => (measure: Measure) =>
    measure.kind === 'ACTIVITIES' && measure.activityTypes.includes('automation_implemented') ? counted(automated, 1)
      : measure.kind === 'ACTIVITIES' ? counted(trained, 1) : NOTHING
  const levels = (completed: number[], trained: bigint, automated: bigint) =>
    countedLevels(milestones, new Set(completed), measuredBy(trained, automated)).map(({ level }) => level)
  expect(levels([], 0n, 99n)).toEqual([])
  expect(levels([], 1n, 99n)).toEqual([1, 2])
  expect(levels([1], 0n, 5n)).toEqual([2])
  expect(levels([1, 2], 1n, 99n)).toEqual([])
  expect([nextLevelOf(new Set()), nextLevelOf(new Set([1, 2])), nextLevelOf(new Set([2]))]).toEqual([1, 3, 1])
})

test('METRIC-05: progress is completed levels of the path', () => {
  const { milestones } = pathOf('s_scaling_architect')
  const percents = [[], [1], [1, 2, 3], [1, 2, 3, 4]].map(levels => percentCompleted(milestones, new Set(levels)))
  expect(percents).toEqual([0, 25, 75, 100])
  expect(percentCompleted([1, 2, 3], new Set([1]))).toBe(33.33)
  expect(percentOfMilestone(milestones[0]!, NOTHING)).toBeNull()
  expect(percentOfMilestone(pathOf('s_streamline_mastery').milestones[0]!, counted(4n, 4))).toBe(80)
})

const CLAIM = { level: 3, evidence: 'I led it.' }
test.each<[wrong: string, change: Partial<typeof CLAIM>, completed: number[], code: string | undefined]>([
  ['the next one', {}, [1, 2], undefined],
  ['one too early', { level: 4 }, [1, 2], 'OUT_OF_RANGE'],
  ['one that is counted', { level: 1 }, [], 'INVALID'],
  ['one that is completed', {}, [1, 2, 3], 'ALREADY_DECIDED'],
  ['one that is not there', { level: 5 }, [1, 2, 3, 4], 'OUT_OF_RANGE'],
  ['level zero', { level: 0 }, [], 'OUT_OF_RANGE'],
  ['without evidence', { evidence: '' }, [1, 2], 'INVALID'],
  ['with too much evidence', { evidence: 'x'.repeat(2_001) }, [1, 2], 'INVALID'],
])('a claim of %s', (_wrong, change, completed, code) => {
  expect(refusalForClaim({ ...CLAIM, ...change }, { path: pathOf('s_streamline_mastery'), completed: new Set(completed) })?.code)
    .toBe(code)
})

test('a claim of a path that is not there, or is switched off', () => {
  expect(refusalForClaim(CLAIM, { path: undefined, completed: new Set() })?.code).toBe('NOT_FOUND')
  const path = { ...pathOf('s_streamline_mastery'), active: false }
  expect(refusalForClaim(CLAIM, { path, completed: new Set([1, 2]) })?.code).toBe('NOT_FOUND')
})

test.each<[wrong: string, revision: Parameters<typeof revisedMilestones>[1][number], message: string]>([
  ['a level that is not there', { level: 5 }, 'There is no level 5'],
  ['a threshold of what is attested', { level: 3, threshold: '2' }, 'Level 3 is attested'],
  ['types of what counts no activities', { level: 3, activityTypes: ['a_b'] }, 'Level 3 does not count activities'],
])('%s cannot be revised', (_wrong, revision, message) => {
  expect(() => revisedMilestones(pathOf('s_streamline_mastery').milestones, [revision])).toThrow(message)
})

test.each<[wrong: string, revision: Parameters<typeof revisedMilestones>[1][number], code: string]>([
  ['no points', { level: 1, points: 0 }, 'OUT_OF_RANGE'], ['too many points', { level: 1, points: 1_000_001 }, 'OUT_OF_RANGE'],
  ['no title', { level: 1, title: '' }, 'INVALID'], ['a threshold of zero', { level: 1, threshold: '0' }, 'INVALID'],
  ['no types', { level: 1, activityTypes: [] }, 'INVALID'],
])('a milestone with %s cannot be', (_wrong, revision, code) => {
  const path = pathOf('s_streamline_mastery')
  expect(refusalForPath({ ...path, milestones: revisedMilestones(path.milestones, [revision]) })?.code).toBe(code)
})
