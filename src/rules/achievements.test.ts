/**
 * The 60 predefined achievements of the pack, figure by figure, and those figures of badges, milestones and challenges that
 * are rules.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../platform/project.ts'
import { compile, type Condition, comparisonsOf, type Rule } from './condition.rules.ts'
import { parseRule } from './condition.shapes.ts'
import { RuleEngine } from './engine.rules.ts'
import { explanationOf } from './explanation.rules.ts'
import type { AttributeValue, RuleEvent } from './fact.rules.ts'
import { parseCatalog } from './fact.shapes.ts'

interface Achievement {
  id: string; platform: string; name: string; category: string; type: string; difficulty: number; points: number; rule: Rule
  gap?: { kind: string; reason: string }
}
interface Pack { key: string; version: number; categories: string[]; catalog: unknown; achievements: Achievement[] }

const packNamed = (name: string) => JSON.parse(readFileSync(join(projectRoot, 'packs', `${name}.json`), 'utf8'))
const PACK = packNamed('achievements') as Pack
const CATALOG = parseCatalog(PACK.catalog).value!
const byId = new Map(PACK.achievements.map(one => [one.id, one]))

const SIGNS: Partial<Record<string, string>> = { gte: '≥', lte: '≤' }
const told = (node: Condition): string => node.kind === 'cmp'
  ? `${node.fact} ${SIGNS[node.op]} ${String(node.value)}` : (node.of as Condition[]).map(told).join(' & ')

/** Section 20 of the reference, row by row: category·type·difficulty·repeats, subject, condition. */
const REFERENCE = `
ACH-BH-01|First Campaign|1·M·1·n|USER|campaigns ≥ 1
ACH-BH-02|Profile Complete|1·M·1·n|USER|profilePct ≥ 100
ACH-BH-03|Channel Connected|1·M·1·n|USER|channels ≥ 1
ACH-BH-04|First Lead|1·M·1·n|USER|leads ≥ 1
ACH-BH-05|Triple Channel|2·M·2·n|USER|channelsActive ≥ 3|gap
ACH-BH-06|Hundred Leads|2·P·2·n|USER|leads ≥ 100
ACH-BH-07|Thousand Leads|2·P·3·n|USER|leads ≥ 1000
ACH-BH-08|Rising Reach|2·P·3·y month|USER|reachGrowthPct.month ≥ 25
ACH-BH-09|First 10k|2·M·2·n|USER|attributed ≥ 10000
ACH-BH-10|Six Figures|2·M·4·n|USER|attributed ≥ 100000
ACH-BH-11|On Time Month|3·P·2·y month|USER|onTimePct.month ≥ 100 & deliveries.month ≥ 5
ACH-BH-12|Five Star|3·P·2·n|USER|fiveStarReviews ≥ 10
ACH-BH-13|Conversion Crafter|3·P·3·y month|USER|leads.month ≥ 200 & leadConversionPct.month ≥ 12
ACH-BH-14|Return Booster|3·P·4·y quarter|USER|campaignReturn.quarter ≥ 4 & spent.quarter ≥ 1000
ACH-BH-15|First Referral|4·S·1·n|USER|referralsConverted ≥ 1
ACH-BH-16|Network Builder|4·S·3·n|USER|referralsConverted ≥ 10
ACH-BH-17|Story Teller|4·S·2·n|USER|portfoliosVerified ≥ 1
ACH-BH-18|Shared Success|4·S·1·n|USER|achievementsShared ≥ 5
ACH-BH-19|Podium|5·P·4·y month|USER|bestRank.month ≤ 3
ACH-BH-20|Growth Engine|5·P·5·n|USER|growingMonths ≥ 12
ACH-CD-01|Open for Business|1·M·1·n|TENANT|stores ≥ 1
ACH-CD-02|First Listing|1·M·1·n|TENANT|listings ≥ 1
ACH-CD-03|First Sale|1·M·1·n|TENANT|orders ≥ 1
ACH-CD-04|Supplier Linked|1·M·1·n|TENANT|suppliers ≥ 1
ACH-CD-05|Catalogue 50|2·M·2·n|TENANT|productsActive ≥ 50|gap
ACH-CD-06|Hundred Orders|2·P·2·n|TENANT|orders ≥ 100
ACH-CD-07|Thousand Orders|2·P·3·n|TENANT|orders ≥ 1000
ACH-CD-08|Sales Surge|2·P·3·y month|TENANT|salesGrowthPct.month ≥ 25
ACH-CD-09|First 10k|2·M·2·n|TENANT|sales ≥ 10000
ACH-CD-10|Six Figures|2·M·4·n|TENANT|sales ≥ 100000
ACH-CD-11|Fast Hands|3·P·2·y month|TENANT|shippedIn48hPct.month ≥ 95 & shipped.month ≥ 20|gap
ACH-CD-12|Loved Store|3·P·3·n|TENANT|reviews ≥ 50 & reviewRating ≥ 4.5
ACH-CD-13|Low Returns|3·P·3·y month|TENANT|returnPct.month ≤ 2 & orders.month ≥ 100
ACH-CD-14|Repeat Buyers|3·P·4·y quarter|TENANT|repeatPct.quarter ≥ 30 & orders.quarter ≥ 100|gap
ACH-CD-15|First Referral|4·S·1·n|USER|referralsConverted ≥ 1
ACH-CD-16|Network Builder|4·S·3·n|USER|referralsConverted ≥ 10
ACH-CD-17|Brand Story|4·S·2·n|USER|portfoliosVerified ≥ 1
ACH-CD-18|Shared Success|4·S·1·n|USER|achievementsShared ≥ 5
ACH-CD-19|Podium|5·P·4·y month|USER|bestRank.month ≤ 3
ACH-CD-20|Marketplace Master|5·M·5·n|TENANT|sales ≥ 1000000
ACH-BS-01|Workspace Ready|1·M·1·n|TENANT|setupPct ≥ 100
ACH-BS-02|First Login Week|1·M·1·n|USER|activeDays.last7 ≥ 5
ACH-BS-03|First Integration|1·M·1·n|TENANT|systems ≥ 1
ACH-BS-04|Team Up|1·S·1·n|USER|joined ≥ 3
ACH-BS-05|Automator|2·M·2·n|TENANT|workflowsActive ≥ 5|gap
ACH-BS-06|Power Team|2·P·2·n|TENANT|activeUsers.last30 ≥ 10
ACH-BS-07|Connected Stack|2·M·3·n|TENANT|systems ≥ 5
ACH-BS-08|Usage Surge|2·P·3·y month|TENANT|useGrowthPct.month ≥ 25
ACH-BS-09|First 1k MRR|2·M·2·n|TENANT|recurringRevenue ≥ 1000|gap
ACH-BS-10|10k MRR|2·M·4·n|TENANT|recurringRevenue ≥ 10000|gap
ACH-BS-11|Clean Month|3·P·2·y month|TENANT|failedRuns.month ≤ 0 & runs.month ≥ 100
ACH-BS-12|Support Star|3·P·3·y quarter|TENANT|satisfaction.quarter ≥ 4.7 & ratings.quarter ≥ 20
ACH-BS-13|Retention Keeper|3·P·4·y quarter|TENANT|churnPct.quarter ≤ 2 & accounts.quarter ≥ 50|gap
ACH-BS-14|Data Driven|3·P·2·n|USER|reportWeeks ≥ 12
ACH-BS-15|First Referral|4·S·1·n|USER|referralsConverted ≥ 1
ACH-BS-16|Network Builder|4·S·3·n|USER|referralsConverted ≥ 10
ACH-BS-17|Case Maker|4·S·2·n|USER|portfoliosVerified ≥ 1
ACH-BS-18|Shared Success|4·S·1·n|USER|achievementsShared ≥ 5
ACH-BS-19|Podium|5·P·4·y month|USER|bestRank.month ≤ 3
ACH-BS-20|Platform Pillar|5·M·5·n|TENANT|activeMonths ≥ 24 & satisfaction ≥ 4.5`.trim().split('\n').map(line => line.split('|'))

test('the pack has the 60 of section 20, in order, 20 for each platform', () => {
  expect(PACK.achievements.map(({ id }) => id)).toEqual(REFERENCE.map(([id]) => id))
  const platforms = Map.groupBy(PACK.achievements, ({ platform }) => platform)
  expect([...platforms].map(([platform, list]) => [platform, list.length]))
    .toEqual([['bizoholic', 20], ['coreldove', 20], ['bizosaas', 20]])
})

test.each(REFERENCE)('%s %s is %s for the %s: %s', (id, name, kind, subject, condition, gap) => {
  const { rule, ...one } = byId.get(id!)!
  const repeats = rule.repeat?.mode === 'EVERY_PERIOD' ? `y ${rule.repeat.period.toLowerCase()}` : 'n'
  const place = PACK.categories.indexOf(one.category) + 1
  expect([one.name, `${place}·${one.type[0]}·${one.difficulty}·${repeats}`, rule.subject, told(rule.when)])
    .toEqual([name, kind, subject, condition])
  expect(one.points).toBe([50, 100, 250, 500, 1_000][one.difficulty - 1]) // For difficulty 1 to 5.
  // What the catalog cannot make of events is said, with its reason.
  expect(one.gap?.kind).toBe(gap ? 'MEASURED_BY_SOURCE' : undefined)
  if (one.gap) expect(one.gap.reason).toMatch(/^[A-Z].{30,}\.$/)
  expect(parseRule(rule, CATALOG).mends).toBeUndefined()
  expect(explanationOf(rule.when, CATALOG, () => 0)).toMatch(/^.{15,}\.$/)
})

test.each(REFERENCE)('%s %s holds exactly from its figures on', id => {
  const { when } = byId.get(id!)!.rule
  const goals = comparisonsOf(when)
  const { truth } = compile(when, CATALOG, fact => goals.findIndex(goal => goal.fact === fact))
  const exactly = goals.map(({ value }) => value as number)
  expect(truth(slot => exactly[slot]!)).toBe(true)
  for (const [missed, { op }] of goals.entries()) {
    expect(truth(slot => exactly[slot]! + (slot === missed ? op === 'lte' ? 0.01 : -0.01 : 0))).toBe(false)
  }
})

/**
 * Runs the achievements of these ids over events told as [time, type, attributes, user], and returns what was unlocked when
 * all closed.
 */
function unlocksOf(
  ids: string[], events: [at: string, type: string, attributes?: Record<string, AttributeValue>, user?: string][],
) {
  const rules = ids.map(id => ({ key: id, rule: byId.get(id)!.rule }))
  const engine = new RuleEngine({ catalog: CATALOG, rules, zone: 'Europe/Berlin' })
  for (const [at, [time, type, attributes = {}, userId = 'ann']] of events.entries()) {
    const atMs = Date.parse(`${time}T10:00:00Z`)
    const event: RuleEvent = { id: `e${String(at).padStart(5, '0')}`, type, atMs, userId, teamId: null, zone: null, attributes }
    engine.apply(event, atMs)
  }
  engine.settle(Date.parse('2030-01-01T00:00:00Z'))
  return engine.unlocks().map(({ rule, occurrence, day }) => `${rule} ${occurrence} ${day}`)
}
type Story = Parameters<typeof unlocksOf>[1]
const times = (count: number, one: (at: number) => Story[number]): Story => Array.from({ length: count }, (_, at) => one(at))
const month = (at: number): string => new Date(Date.UTC(2026, at, 15)).toISOString().slice(0, 10)

describe('as things happen', () => {
  test('BH-06 comes with the hundredth lead, BH-13 when the month has closed', () => {
    const story: Story = [
      ...times(200, at => [at < 99 ? '2026-03-02' : '2026-03-20', 'lead.captured']),
      ...times(24, () => ['2026-03-21', 'lead.converted']),
      ...times(200, () => ['2026-04-20', 'lead.captured']), ...times(23, () => ['2026-04-21', 'lead.converted']), // 11.5 %.
    ]
    expect(unlocksOf(['ACH-BH-06', 'ACH-BH-13'], story))
      .toEqual(['ACH-BH-06 once 2026-03-20', 'ACH-BH-13 MONTH:2026-03-01 2026-03-31'])
  })

  test('BH-11 needs every one of at least 5 deliveries on time, until the month is over', () => {
    const deliver = (day: string, count: number, onTime: boolean): Story => times(count, () => [day, 'delivery.made', { onTime }])
    expect(unlocksOf(['ACH-BH-11'], [
      ...deliver('2026-03-02', 5, true), ...deliver('2026-03-30', 1, false), ...deliver('2026-04-02', 4, true),
      ...deliver('2026-05-02', 5, true),
    ])).toEqual(['ACH-BH-11 MONTH:2026-05-01 2026-05-31'])
  })

  test('BH-08, CD-08 and BS-08 compare a month with the one before it', () => {
    expect(unlocksOf(['ACH-BH-08'], [
      ['2026-01-15', 'reach.measured', { reach: 400 }], ['2026-02-15', 'reach.measured', { reach: 499 }],
      ['2026-03-15', 'reach.measured', { reach: 624 }], ['2026-04-15', 'reach.measured', { reach: 780 }],
    ])).toEqual(['ACH-BH-08 MONTH:2026-03-01 2026-03-15', 'ACH-BH-08 MONTH:2026-04-01 2026-04-15']) // 24.75, 25.05, exactly 25 %.
  })

  test('BH-14 reads a quarter: 4 for 1 of at least 1,000', () => {
    expect(unlocksOf(['ACH-BH-14'], [
      ['2026-02-01', 'campaign.spent', { amount: 1_000 }], ['2026-03-01', 'campaign.earned', { amount: 3_999.99 }],
      ['2026-04-01', 'campaign.spent', { amount: 1_000 }], ['2026-06-01', 'campaign.earned', { amount: 4_000 }],
      ['2026-07-01', 'campaign.spent', { amount: 999.99 }], ['2026-08-01', 'campaign.earned', { amount: 9_000 }],
    ])).toEqual(['ACH-BH-14 QUARTER:2026-04-01 2026-06-30'])
  })

  test('BH-19, CD-19, BS-19: the top 3 at the close of a monthly board', () => {
    const close = (day: string, rank: number, period = 'MONTHLY'): Story[number] =>
      [day, 'leaderboard.period_closed', { period, rank }]
    expect(unlocksOf(['ACH-BH-19'], [close('2026-03-31', 4), close('2026-04-30', 3), close('2026-05-30', 1, 'DAILY')]))
      .toEqual(['ACH-BH-19 MONTH:2026-04-01 2026-04-30'])
  })

  test('BH-20 counts 12 growing months in a row; the first month grows over nothing', () => {
    const grow = (months: number, broken = -1) => times(months, (at): Story[number] =>
      [month(at), 'revenue.attributed', { amount: at === broken ? 1 : 100 + at }])
    expect(unlocksOf(['ACH-BH-20'], grow(12))).toEqual([])
    expect(unlocksOf(['ACH-BH-20'], grow(13))).toEqual(['ACH-BH-20 once 2027-01-15'])
    expect(unlocksOf(['ACH-BH-20'], grow(18, 6))).toEqual([])
    expect(unlocksOf(['ACH-BH-20'], grow(19, 6))).toEqual(['ACH-BH-20 once 2027-07-15']) // July is the low from which it grows.
  })

  test('CD-12 needs 50 reviews with an average of 4.5', () => {
    const review = (count: number, rating: number): Story => times(count, () => ['2026-03-02', 'review.received', { rating }])
    expect(unlocksOf(['ACH-CD-12'], [...review(25, 4), ...review(24, 5)])).toEqual([])
    expect(unlocksOf(['ACH-CD-12'], [...review(25, 4), ...review(25, 5)])).toEqual(['ACH-CD-12 once 2026-03-02'])
    expect(unlocksOf(['ACH-CD-12'], [...review(26, 4), ...review(25, 5)])).toEqual([])
  })

  test('BS-02 is 5 of any 7 days, BS-06 is 10 people in 30 days, BS-11 a month of 100 runs without a failure', () => {
    const active = (days: number[]): Story => days.map(day => [`2026-03-${String(day).padStart(2, '0')}`, 'user.active'])
    expect(unlocksOf(['ACH-BS-02'], active([1, 2, 3, 4, 8, 8]))).toEqual([])
    expect(unlocksOf(['ACH-BS-02'], active([1, 2, 3, 5, 7]))).toEqual(['ACH-BS-02 once 2026-03-07'])
    const people = (last: string): Story => times(10, at => [at < 9 ? '2026-03-01' : last, 'user.active', {}, `user${at}`])
    expect(unlocksOf(['ACH-BS-06'], people('2026-03-31'))).toEqual([])
    expect(unlocksOf(['ACH-BS-06'], people('2026-03-30'))).toEqual(['ACH-BS-06 once 2026-03-30'])
    const runs = (day: string, failed: number): Story => times(100, at => [day, 'automation.ran', { failed: at < failed }])
    expect(unlocksOf(['ACH-BS-11'], [...runs('2026-03-05', 1), ...runs('2026-04-05', 0)]))
      .toEqual(['ACH-BS-11 MONTH:2026-04-01 2026-04-30'])
  })

  test('BS-14 is 12 weeks in a row, and a week left out begins again', () => {
    const open = (weeks: number[]): Story => weeks.map(week =>
      [new Date(Date.UTC(2026, 0, 7 + 7 * week)).toISOString().slice(0, 10), 'report.opened', { weekly: true }])
    const row = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
    expect(unlocksOf(['ACH-BS-14'], open([...row(0, 10), ...row(12, 22)]))).toEqual([])
    expect(unlocksOf(['ACH-BS-14'], open(row(0, 11)))).toEqual(['ACH-BS-14 once 2026-03-25'])
  })
})

test('the rules and facts that the guide shows are of the language', () => {
  const guide = readFileSync(join(projectRoot, 'docs/guides/rules.md'), 'utf8')
  const shown = [...guide.matchAll(/^```json\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block!.trim().split('\n'))
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const [rules, facts] = [shown.filter(({ when }) => when), shown.filter(({ words }) => words)]
  expect([shown.length, rules.length, facts.length]).toEqual([6, 3, 3])
  expect(rules.flatMap(rule => parseRule(rule, CATALOG).mends ?? [])).toEqual([])
  const catalog = { ...PACK.catalog as object, facts: Object.fromEntries(facts.map((fact, at) => [`fact${at}`, fact])) }
  expect(parseCatalog(catalog).mends).toBeUndefined()
})
