import { expect, test } from 'vitest'
import { RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { readPack } from '../activities/type.service.ts'
import { createTeam, createUser, leadTeam } from '../users/user.service.ts'
import { UserRole } from '../users/user.entity.ts'
import { benefitsUpTo, levelFor, multipliedBonus, multiplierFor } from './level.rules.ts'

const { levels: LEVELS, activityTypes: TYPES } = readPack('revenue')

test('TV-01: one of each activity are 3,600 points, which is the level contributor', () => {
  const points = TYPES.reduce((sum, type) => sum + type.points, 0)
  expect([TYPES.length, points, levelFor(LEVELS, points).key]).toEqual([25, 3_600, 'contributor'])
})

test.each([[1, 10_000], [2, 10_000], [3, 10_000], [4, 15_000], [5, 15_000], [6, 15_000]])(
  'LEVEL-R1, A-12: the multiplier of level %i is %i basis points', (number, bp) => {
    expect(multiplierFor(LEVELS, number)).toBe(bp)
  })

test('LEVEL-R1: the multiplier of a lower level stays where a higher one names a smaller one', () => {
  const levels = LEVELS.map(level => level.number === 4 ? level : { ...level, multiplierBp: 10_000 })
  expect([3, 4, 6].map(number => multiplierFor(levels, number))).toEqual([10_000, 15_000, 15_000])
})

test.each<[who: string, bp: number, bonus: bigint, paid: bigint]>([
  ['an expert', 15_000, 500_000n, 750_000n], ['a specialist', 10_000, 500_000n, 500_000n],
  ['a half cent, to the even neighbor', 15_000, 1n, 2n], ['another half cent', 15_000, 3n, 4n],
])('TV-23, LEVEL-R2: an eligible bonus of %s', (_who, bp, bonus, paid) => {
  expect(multipliedBonus(bonus, bp)).toBe(paid)
})

test('LEVEL-R1: benefits accumulate, each named by its level', () => {
  expect(benefitsUpTo(LEVELS, 6)).toHaveLength(16)
  expect(benefitsUpTo(LEVELS, 2)).toEqual([
    { source: 'level rookie', benefit: 'Basic training access', levelNumber: 1 },
    { source: 'level rookie', benefit: 'Mentorship assignment', levelNumber: 1 },
    { source: 'level contributor', benefit: 'Advanced training', levelNumber: 2 },
    { source: 'level contributor', benefit: 'Project leadership opportunities', levelNumber: 2 },
  ])
})

const BENEFITS = '{ viewer { user { benefits { id benefit source state decidedAt } multiplierBp } } }'
const GRANT = `mutation($id: ID!) { benefitGrant(input: { benefitId: $id }) {
  benefit { state user { name } } mark userErrors { code field } } }`

interface Shown { id: string; benefit: string; source: string; state: string; decidedAt: string | null }
const benefitsOf = async (acme: TestTenant, name: string): Promise<Shown[]> =>
  (await acme.as(name).run(BENEFITS)).viewer.user.benefits
const statesOf = async (acme: TestTenant, name: string) => {
  const states: Record<string, string[]> = {}
  for (const { source, state } of await benefitsOf(acme, name)) (states[source] ??= []).push(state)
  return Object.fromEntries(Object.entries(states).map(([source, own]) => [source, own.join(' ')]))
}

/** Ann is paid as many points as a client is worth here; returns the activity. */
async function paid(acme: TestTenant, points: number): Promise<string> {
  await acme.sql(`update activity_type set points = $1 where key = 'new_client_signed'`, [points])
  const input = { activityType: 'new_client_signed', idempotencyKey: `client-worth-${points}` }
  return (await acme.as('ann').run(RECORD, { input })).activityRecord.activity.id
}
const reversed = (acme: TestTenant, activityId: string) => acme.as('boss').run(
  'mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { userErrors { code } } }',
  { input: { activityId, idempotencyKey: 'taken-back-again' } })
const hasLevel = (acme: TestTenant, number: number) => expect.poll(async () =>
  (await acme.sql<{ number: number }>('select number from user_level'))[0]?.number, { timeout: 10_000 }).toBe(number)

test('A-67, LEVEL-R1: when a level falls, what was granted stays and what waits is withdrawn, until it rises again', async () => {
  await using acme = await tenant('ann', 'boss:ADMIN')
  await expect.poll(() => statesOf(acme, 'ann')).toEqual({ 'level rookie': 'PENDING PENDING' })
  const before = new Date()
  const activityId = await paid(acme, 16_000)
  await hasLevel(acme, 4)
  expect(await statesOf(acme, 'ann')).toEqual({
    'level rookie': 'PENDING PENDING', 'level contributor': 'PENDING PENDING', 'level specialist': 'PENDING PENDING PENDING',
    'level expert': 'PENDING PENDING PENDING',
  })
  const conference = (await benefitsOf(acme, 'ann')).find(({ benefit }) => benefit === 'Conference attendance')!
  expect((await acme.as('boss').run(GRANT, { id: conference.id })).benefitGrant)
    .toEqual({ benefit: { state: 'GRANTED', user: { name: 'ann' } }, mark: expect.any(String), userErrors: [] })
  const [{ at: peak }] = await acme.sql<{ at: Date }>('select max(at) as at from level_crossing') as [{ at: Date }]
  expect((await acme.as('ann').run(BENEFITS)).viewer.user.multiplierBp).toBe(15_000)

  await reversed(acme, activityId)
  await hasLevel(acme, 1)
  expect(await statesOf(acme, 'ann')).toEqual({
    'level rookie': 'PENDING PENDING', 'level contributor': 'WITHDRAWN WITHDRAWN',
    'level specialist': 'WITHDRAWN GRANTED WITHDRAWN', 'level expert': 'WITHDRAWN WITHDRAWN WITHDRAWN',
  })
  const at = async (instant: Date) => (await acme.as('ann').run(
    'query($at: DateTime) { viewer { user { multiplierBp(at: $at) } } }', { at: instant })).viewer.user.multiplierBp
  // The multiplier is that of the level at the moment.
  expect([await at(before), await at(peak), await at(new Date())]).toEqual([10_000, 15_000, 10_000])

  await paid(acme, 15_000)
  await hasLevel(acme, 4)
  expect(await statesOf(acme, 'ann')).toEqual({
    'level rookie': 'PENDING PENDING', 'level contributor': 'PENDING PENDING', 'level specialist': 'PENDING GRANTED PENDING',
    'level expert': 'PENDING PENDING PENDING',
  })
  expect(await acme.sql('select number, multiplier_bp as bp from level_crossing order by seq')).toEqual([
    [2, 10_000], [3, 10_000], [4, 15_000], [3, 10_000], [2, 10_000], [1, 10_000], [2, 10_000], [3, 10_000], [4, 15_000],
  ].map(([number, bp]) => ({ number, bp })))
})

test('A-54: nobody grants themself, nor twice, nor beyond their teams; a refusal writes nothing', async () => {
  await using acme = await tenant('ann', 'boss:ADMIN', 'mia:MANAGER')
  const { team } = await createTeam(acme.actor(), { name: 'Blues' })
  await createUser(acme.actor(), { name: 'Zoe', email: `zoe@${acme.slug}.example`, role: UserRole.MEMBER, teamId: team.id })
  await expect.poll(async () => (await acme.sql('select 1 from user_benefit')).length).toBe(8)
  const [own] = await benefitsOf(acme, 'boss')
  const grant = async (name: string, id: string) => (await acme.as(name).run(GRANT, { id })).benefitGrant.userErrors
  expect(await grant('boss', own!.id)).toEqual([{ code: 'FORBIDDEN', field: ['benefitId'] }])
  const [hers] = await benefitsOf(acme, 'ann')
  expect(await grant('mia', hers!.id)).toEqual([{ code: 'NOT_FOUND', field: ['benefitId'] }])
  expect(await acme.sql(`select 1 from user_benefit where state <> 'PENDING'`)).toEqual([])
  const { errors } = await acme.as('ann').ask(GRANT, { id: hers!.id })
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')

  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('mia')) })
  const PENDING = '{ benefitsPending(first: 50) { nodes { benefit user { name } } } }'
  const names = async (name: string) => new Set((await acme.as(name).run(PENDING)).benefitsPending.nodes
    .map(({ user }: { user: { name: string } }) => user.name))
  expect([await names('ann'), await names('mia'), await names('boss')])
    .toEqual([new Set(['ann']), new Set(['ann', 'boss', 'mia']), new Set(['ann', 'boss', 'mia', 'Zoe'])])
  expect(await Promise.all([grant('mia', hers!.id), grant('boss', hers!.id)]).then(codes => codes.flat()))
    .toEqual([{ code: 'ALREADY_DECIDED', field: ['benefitId'] }])
  expect(await acme.sql(`select count(*)::int as granted from user_benefit where state = 'GRANTED'`)).toEqual([{ granted: 1 }])
  expect((await acme.emitted()).filter(topic => topic === 'benefit.granted')).toHaveLength(1)
})

test('colleagues see no benefits of each other, and a page of those that wait leads on to the next', async () => {
  await using acme = await tenant('ann', 'bob', 'boss:ADMIN')
  await expect.poll(async () => (await acme.sql('select 1 from user_benefit')).length).toBe(6)
  const OTHERS = 'query($id: ID!) { node(id: $id) { ... on User { benefits { benefit } } ... on Benefit { benefit } } }'
  const { node } = await acme.as('bob').run(OTHERS, { id: acme.id('ann') })
  expect(node.benefits).toEqual([])
  const [hers] = await benefitsOf(acme, 'ann')
  expect((await acme.as('bob').run(OTHERS, { id: hers!.id })).node).toBeNull()
  expect((await acme.as('boss').run(OTHERS, { id: hers!.id })).node).toEqual({ benefit: 'Basic training access' })
  const seen: string[] = []
  for (let after: string | null = null, more = true; more;) {
    const { benefitsPending: page } = await acme.as('boss').run(`query($after: Cursor) {
      benefitsPending(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`, { after }) as
      { benefitsPending: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } }
    seen.push(...page.nodes.map(({ id }) => id))
    after = page.pageInfo.endCursor
    more = page.pageInfo.hasNextPage
  }
  expect([seen.length, new Set(seen).size]).toEqual([6, 6])
})
