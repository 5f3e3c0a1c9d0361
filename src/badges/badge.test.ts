import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { recordRevenue } from '../facts/revenue.service.ts'
import { recordPoints } from '../metrics/metric.service.ts'
import { leadTeam } from '../users/user.service.ts'
import { installBadges, readRecognition } from './badge.service.ts'
import type { BadgeEarned } from './badge.reaction.ts'

const key = () => randomUUID()

/** A tenant whose badges are those of the pack. */
async function withBadges(...people: string[]): Promise<TestTenant> {
  const acme = await tenant(...people)
  await installBadges(acme.actor(), readRecognition(), new Date(Date.now() - 400 * 86_400_000))
  return acme
}

const owns = async (acme: TestTenant, name: string, amount: string, currency = 'EUR') => (await recordRevenue(
  acme.actor(), [{ amount: { amount, currency } as never, idempotencyKey: key(), ownerId: acme.id(name) }])).recordings
const did = (acme: TestTenant, name: string, activityType: string, quantity: number) =>
  recordInputs(acme.actor(), [{ activityType, idempotencyKey: key(), userId: acme.id(name), quantity }])
const rated = (acme: TestTenant, name: string, values: string[], from = Date.now()) => recordPoints(
  acme.actor(), values.map((value, at) => ({
    metric: 'client_satisfaction', idempotencyKey: key(), userId: acme.id(name), value, at: new Date(from - 60_000 * (at + 1)),
  })))

/** Resolves when the reaction has read the whole log. */
async function followed(acme: TestTenant): Promise<void> {
  const isFollowed = async () => {
    await acme.settled()
    const [row] = await acme.sql<{ left: number }>(`select (select max(pos) from event_log where topic like 'activity.%'
      or topic like 'revenue.%' or topic like 'metric.recorded')
      - coalesce((select pos from reaction_cursor where reaction = 'badges'), 0) as left`)
    return row!.left <= 0
  }
  await expect.poll(isFollowed, { timeout: 15_000 }).toBe(true)
  await acme.settled()
}

/** What was announced, in order: "ann Bronze". */
async function announced(acme: TestTenant): Promise<string[]> {
  await followed(acme)
  const names = new Map(['ann', 'bob'].flatMap(name => {
    try {
      return [[uuid('User', acme.id(name)), name] as const]
    } catch { return [] }
  }))
  const rows = await acme.sql<{ payload: BadgeEarned }>(`select payload from event_log where topic = 'badge.earned' order by pos`)
  return rows.map(({ payload: { userId, title } }) => `${names.get(userId)} ${title}`)
}
const earnedBy = (acme: TestTenant) =>
  acme.sql('select key, level, measured::float8 as measured, sample from earned_badge order by key, level')

test('BADGE-1, BADGE-R3: revenue that skips levels earns each, in order, once; revenue of others and other money do not count',
  async () => {
    await using acme = await withBadges('ann', 'bob')
    await owns(acme, 'ann', '99999.99')
    await owns(acme, 'ann', '900000.00', 'USD')
    expect(await announced(acme)).toEqual([])
    await owns(acme, 'ann', '0.01')
    expect(await announced(acme)).toEqual(['ann Bronze'])
    await owns(acme, 'ann', '900000.00')
    expect(await announced(acme)).toEqual(['ann Bronze', 'ann Silver', 'ann Gold'])
    await owns(acme, 'ann', '1.00')
    await owns(acme, 'bob', '500000.00')
    expect(await announced(acme)).toEqual(['ann Bronze', 'ann Silver', 'ann Gold', 'bob Bronze', 'bob Silver'])
    const { user } = (await acme.as('ann').run(`{ viewer { user { badges { key level title earnedAt badge { version name }
      user { name } } } } }`)).viewer
    expect(user.badges).toEqual([['Bronze', 1], ['Silver', 2], ['Gold', 3]].map(([title, level]) => ({
      key: 'revenue_generator', level, title, earnedAt: expect.any(String), badge: { version: 1, name: 'Revenue generator' },
      user: { name: 'ann' },
    })))
  })

test('BADGE-R1, A-14: the family\'s benefits are due with its first level, and not again', async () => {
  await using acme = await withBadges('ann')
  await owns(acme, 'ann', '500000.00')
  await announced(acme)
  const benefits = () => acme.sql(`select benefit, state from user_benefit where source = 'badge revenue_generator' order by 1`)
  const due = ['Commission bonus', 'Leadership opportunities', 'Recognition'].map(benefit => ({ benefit, state: 'PENDING' }))
  expect(await benefits()).toEqual(due)
  await owns(acme, 'ann', '500000.00')
  expect(await announced(acme)).toHaveLength(3)
  expect(await benefits()).toEqual(due)
})

test('BADGE-3, BADGE-R2, A-15: an average needs ten ratings, of each instant the last; once earned it stays', async () => {
  await using acme = await withBadges('ann')
  const from = Date.now()
  await rated(acme, 'ann', Array.from({ length: 9 }, () => '5'), from)
  await rated(acme, 'ann', ['1'], from) // The first instant again: it was a 1 after all.
  expect(await announced(acme)).toEqual([])
  await rated(acme, 'ann', ['5'], from) // And a 5 in the end. Nine ratings still.
  expect(await announced(acme)).toEqual([])
  await rated(acme, 'ann', ['2.5'], from - 86_400_000) // (9 × 5 + 2.5) ÷ 10 = 4.75
  expect(await announced(acme)).toEqual(['ann Advocate', 'ann Champion'])
  await rated(acme, 'ann', Array.from({ length: 20 }, () => '1'), from - 2 * 86_400_000)
  expect(await announced(acme)).toEqual(['ann Advocate', 'ann Champion'])
  expect(await earnedBy(acme)).toEqual([1, 2].map(level => ({ key: 'client_champion', level, measured: 4.75, sample: 10 })))
  const PROGRESS = '{ viewer { user { badgeProgress { badge { key } level next { title } value sample } } } }'
  const [row] = (await acme.as('ann').run(PROGRESS)).viewer.user.badgeProgress
  expect(row).toEqual(
    { badge: { key: 'client_champion' }, level: 2, next: { title: 'Hero' }, value: '2.25', sample: 30 })
})

test('BADGE-2, -4, -5: activities count by quantity; what is taken back counts no more, what was earned stays', async () => {
  await using acme = await withBadges('ann', 'boss:ADMIN')
  await did(acme, 'ann', 'automation_implemented', 9)
  await did(acme, 'ann', 'meeting_scheduled', 100)
  await did(acme, 'ann', 'time_saving_innovation', 2)
  expect(await announced(acme)).toEqual([])
  const input = { activityType: 'workflow_optimization', idempotencyKey: 'the-tenth-improvement' }
  const { activityRecord: { activity } } = await acme.as('ann').run(RECORD, { input })
  await did(acme, 'ann', 'innovation_contribution', 1)
  await did(acme, 'ann', 'team_mentoring', 15)
  expect((await announced(acme)).sort()).toEqual(['ann Collaborator', 'ann Contributor', 'ann Mentor', 'ann Process Optimizer'])
  await acme.as('boss').run('mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { userErrors { code } } }',
    { input: { activityId: activity.id, idempotencyKey: 'taken-back-again' } })
  await did(acme, 'ann', 'process_improvement', 15) // 9 + 15 = 24, one short of the next.
  expect(await announced(acme)).toHaveLength(4)
  await did(acme, 'ann', 'cost_reduction_achieved', 1)
  expect((await announced(acme)).at(-1)).toBe('ann Automation Expert')
  expect(await acme.sql('select type, quantity from activity_tally order by type')).toEqual([
    ['automation_implemented', 9], ['cost_reduction_achieved', 1], ['innovation_contribution', 1], ['meeting_scheduled', 100],
    ['process_improvement', 15], ['team_mentoring', 15], ['time_saving_innovation', 2], ['workflow_optimization', 0],
  ].map(([type, quantity]) => ({ type, quantity })))
})

test('what came before a badge was there counts with the next fact', async () => {
  await using acme = await tenant('ann')
  await did(acme, 'ann', 'team_mentoring', 14)
  await acme.settled()
  await installBadges(acme.actor(), readRecognition(), new Date(Date.now() - 60_000))
  await did(acme, 'ann', 'team_mentoring', 1)
  expect(await announced(acme)).toEqual(['ann Collaborator', 'ann Mentor'])
})

test('facts that come in at once earn each level once', async () => {
  await using acme = await withBadges('ann')
  await Promise.all(Array.from({ length: 12 }, (_, at) => at % 2 ? did(acme, 'ann', 'team_mentoring', 5)
    : did(acme, 'ann', 'automation_implemented', 5)))
  expect((await announced(acme)).sort())
    .toEqual(['ann Automation Expert', 'ann Collaborator', 'ann Leader', 'ann Mentor', 'ann Process Optimizer'])
  expect(await acme.sql(`select sum(quantity)::int as sum from activity_tally`)).toEqual([{ sum: 60 }])
})

const REVISE = `mutation($input: BadgeReviseInput!) { badgeRevise(input: $input) {
  badge { version active levels { number title threshold } measure { kind minSample activityTypes metric } }
  userErrors { code field } } }`

test('figures are the tenant\'s: a new version holds from its date, and what was earned stays', async () => {
  await using acme = await withBadges('ann', 'boss:ADMIN')
  await did(acme, 'ann', 'team_mentoring', 5)
  expect(await announced(acme)).toEqual(['ann Collaborator'])
  const revise = async (input: object) =>
    (await acme.as('boss').run(REVISE, { input: { key: 'team_builder', ...input } })).badgeRevise
  const levels = [{ title: 'Helper', threshold: '6' }, { title: 'Pillar', threshold: '7' }]
  expect((await revise({ levels, benefits: ['A parking space'] })).badge).toEqual({
    version: 2, active: true, levels: levels.map((level, at) => ({ number: at + 1, ...level })),
    measure: { kind: 'ACTIVITIES', minSample: 1, activityTypes: ['team_mentoring'], metric: null },
  })
  await did(acme, 'ann', 'team_mentoring', 2)
  expect(await announced(acme)).toEqual(['ann Collaborator', 'ann Pillar'])
  expect((await revise({ active: false, effectiveFrom: new Date(Date.now() + 86_400_000) })).userErrors).toEqual([])
  const badges = async () => (await acme.as('ann').run('{ badges { key version } }')).badges
  expect(await badges()).toEqual([
    ['client_champion', 1], ['efficiency_master', 1], ['innovation_leader', 1], ['revenue_generator', 1], ['team_builder', 2],
  ].map(([badge, version]) => ({ key: badge, version })))
  // Benefits came with the first level, as they were then.
  expect(await acme.sql(`select 1 from user_benefit where benefit = 'A parking space'`)).toEqual([])
  expect(await acme.sql('select key, level, title from earned_badge order by level')).toEqual(
    [{ key: 'team_builder', level: 1, title: 'Collaborator' }, { key: 'team_builder', level: 2, title: 'Pillar' }])
})

test.each<[wrong: string, input: object, code: string, field: string]>([
  ['an unknown key', { key: 'nothing' }, 'NOT_FOUND', 'key'],
  ['levels that descend', { levels: [{ title: 'A', threshold: '2' }, { title: 'B', threshold: '1' }] }, 'OUT_OF_RANGE', 'levels'],
  ['a sample of what counts', { minSample: 3 }, 'INVALID', 'minSample'],
  ['a date before the newest version', { active: false, effectiveFrom: new Date(0) }, 'OUT_OF_RANGE', 'effectiveFrom'],
  ['a date too far ahead', { active: false, effectiveFrom: new Date(Date.now() + 500 * 86_400_000) }, 'OUT_OF_RANGE',
    'effectiveFrom'],
])('a revision with %s is refused and writes nothing', async (_wrong, input, code, field) => {
  await using acme = await withBadges('boss:ADMIN')
  const { badgeRevise } = await acme.as('boss').run(REVISE, { input: { key: 'team_builder', ...input } })
  expect(badgeRevise).toEqual({ badge: null, userErrors: [{ code, field: [field] }] })
  expect(await acme.sql('select count(*)::int as versions from badge')).toEqual([{ versions: 5 }])
})

test('a badge is taken away with a reason, once, and is not earned again', async () => {
  await using acme = await withBadges('ann', 'boss:ADMIN')
  await did(acme, 'ann', 'team_mentoring', 5)
  await announced(acme)
  const BADGES = '{ viewer { user { badges { id title } } } }'
  const [{ id }] = (await acme.as('ann').run(BADGES)).viewer.user.badges
  const REVOKE = `mutation($id: ID!, $reason: String!) { badgeRevoke(input: { earnedBadgeId: $id, reason: $reason }) {
    earnedBadge { title revokedAt } userErrors { code } } }`
  const revoke = async (reason: string) => (await acme.as('boss').run(REVOKE, { id, reason })).badgeRevoke
  expect(await revoke(' ')).toEqual({ earnedBadge: null, userErrors: [{ code: 'INVALID' }] })
  expect((await acme.as('ann').run(BADGES)).viewer.user.badges).toHaveLength(1)
  expect(await revoke('Recorded for somebody else.'))
    .toEqual({ earnedBadge: { title: 'Collaborator', revokedAt: expect.any(String) }, userErrors: [] })
  expect((await revoke('Again.')).userErrors).toEqual([{ code: 'ALREADY_DECIDED' }])
  await did(acme, 'ann', 'team_mentoring', 1)
  expect(await announced(acme)).toEqual(['ann Collaborator'])
  expect((await acme.as('ann').run(BADGES)).viewer.user.badges).toEqual([])
  const { errors } = await acme.as('ann').ask(REVOKE, { id, reason: 'Mine.' })
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})

test('how far somebody is sees who it is, who leads them, and who sees all', async () => {
  await using acme = await withBadges('ann', 'bob', 'mia:MANAGER', 'boss:ADMIN')
  await owns(acme, 'ann', '250000.00')
  await announced(acme)
  const PROGRESS = `query($id: ID!) { node(id: $id) { ... on User { badgeProgress {
    badge { key } level next { number title threshold } value sample percent } } } }`
  const seen = async (name: string) => (await acme.as(name).run(PROGRESS, { id: acme.id('ann') })).node.badgeProgress
  const revenue = {
    badge: { key: 'revenue_generator' }, level: 1, next: { number: 2, title: 'Silver', threshold: '500000' }, value: '250000',
    sample: 1, percent: 50,
  }
  expect((await seen('ann'))).toContainEqual(revenue)
  expect((await seen('boss'))).toContainEqual(revenue)
  expect([await seen('bob'), await seen('mia')]).toEqual([[], []])
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('mia')) })
  expect((await seen('mia'))).toContainEqual(revenue)
})

test('an earned badge is news in the feed', async () => {
  await using acme = await withBadges('ann')
  await did(acme, 'ann', 'team_mentoring', 5)
  await announced(acme)
  const read = async () => (await acme.as('ann').run(`{ feedMessages(scope: TENANT, kinds: [BADGE_EARNED]) {
    ... on FeedSnapshot { items { kind text earnedBadge { key level } user { name } team { name } } } } }`)).feedMessages[0].items
  await expect.poll(read).toEqual([{
    kind: 'BADGE_EARNED', text: 'ann earned a badge: Team builder, Collaborator.', earnedBadge: { key: 'team_builder', level: 1 },
    user: { name: 'ann' }, team: { name: 'Reds' },
  }])
})
