import { expect, test } from 'vitest'
import { tenant, type TestTenant } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { reverseActivities } from '../activities/reversal.batch.service.ts'
import { wireId } from '../platform/ids.ts'
import { addedBy, boostFor, type BoostRow, type Rounding } from './boost.rules.ts'

test.each<[string, number, Rounding, number, number]>([
  ['half of 25, a half up', 15_000, 'HALF_UP', 25, 13], ['half of 25, down', 15_000, 'DOWN', 25, 12],
  ['half of 25, up', 15_000, 'UP', 25, 13], ['a tenth of 24 to the nearest', 11_000, 'HALF_UP', 24, 2],
  ['a tenth of 24, up', 11_000, 'UP', 24, 3], ['a tenth of 4 is nothing', 11_000, 'HALF_UP', 4, 0],
  ['what comes out whole stays so', 20_000, 'UP', 50, 50], ['nothing of nothing', 20_000, 'UP', 0, 0],
  ['nothing of what is taken away', 20_000, 'HALF_UP', -50, 0],
  ['no float in between', 27_777, 'DOWN', 900_719_925_474_103, 1_601_209_811_515_312],
])('%s', (_, multiplierBp, rounding, points, added) => {
  expect(addedBy({ multiplierBp, rounding }, points)).toBe(added)
})

test('of several boosts the largest holds, from its beginning to before its end, for its types', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 2, 1, hour))
  const boost = (id: string, multiplierBp: number, from: number, to: number, activityTypes: string[] | null = null) =>
    ({ id, multiplierBp, startsAt: at(from), endsAt: at(to), activityTypes }) as BoostRow
  const boosts = [boost('a', 15_000, 8, 12), boost('b', 20_000, 10, 11, ['team_support'])]
  const holds = [7, 8, 10, 11, 12].map(hour => boostFor(boosts, 'team_support', at(hour))?.id ?? null)
  expect(holds).toEqual([null, 'a', 'b', 'a', null])
  expect(boostFor(boosts, 'meeting_scheduled', at(10))?.id).toBe('a')
})

const CREATE = `mutation($input: BoostCreateInput!) { boostCreate(input: $input) {
  boost { id startsAt endsAt } userErrors { code field } mark } }`
const SEEN = `{ activities(first: 10) { nodes {
  pointEntries { points } boost { points boost { name multiplierBp rounding } } } } }`
let key = 0
async function record(acme: TestTenant, ...types: string[]): Promise<string[]> {
  const { recordings } = await recordInputs(acme.actor('bob'),
    types.map(activityType => ({ activityType, idempotencyKey: `boost-key-${key++}` })))
  return recordings.map(recording => recording.kind === 'NEW' ? recording.activity.id : '')
}
const create = async (acme: TestTenant, input: object = {}) => (await acme.as('ann').run(CREATE, {
  input: { name: 'Sales week', multiplierBp: 15_000, endsAt: new Date(Date.now() + 86_400_000).toISOString(), ...input },
})).boostCreate
const entries = (acme: TestTenant) => acme.sql('select reason, points from point_entry order by seq')

test('a boost adds an entry of its own, shown with multiplier and rounding, and it goes with the activity', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await record(acme, 'team_support') // Before it began.
  const { boost, userErrors } = await create(acme, { activityTypes: ['team_support', 'team_mentoring'] })
  expect(userErrors).toEqual([])
  const [support, other] = await record(acme, 'team_support', 'meeting_scheduled')
  await expect.poll(() => acme.points('bob'), { timeout: 5_000 }).toBe(25 + 25 + 50 + 13)
  const { activities } = await acme.as('bob').run(SEEN)
  expect(activities.nodes.filter((node: { boost: unknown }) => node.boost)).toEqual([{
    pointEntries: [{ points: 25 }],
    boost: { points: 13, boost: { name: 'Sales week', multiplierBp: 15_000, rounding: 'HALF_UP' } },
  }])
  expect((await entries(acme)).at(-1)).toEqual({ reason: 'AWARD', points: 13 })
  await reverseActivities(acme.actor('ann'), { activityIds: [support!, other!], keyPrefix: null, senderId: null },
    { idempotencyKey: 'boost-back-1', reason: null })
  await expect.poll(() => acme.points('bob'), { timeout: 5_000 }).toBe(25)
  expect((await entries(acme)).at(-1)).toEqual({ reason: 'WITHDRAWAL', points: -13 })
  await expectBooksAgree(acme)
  // Canceled, it adds to nothing that comes later.
  const CANCEL = 'mutation($id: ID!) { boostCancel(input: { boostId: $id }) { boost { canceledAt } userErrors { code } } }'
  expect((await acme.as('ann').run(CANCEL, { id: boost.id })).boostCancel).toMatchObject({ userErrors: [] })
  expect((await acme.as('ann').run(CANCEL, { id: boost.id })).boostCancel.userErrors).toEqual([{ code: 'ALREADY_DECIDED' }])
  await record(acme, 'team_mentoring')
  await acme.settled()
  const head = (await acme.sql<{ pos: number }>('select pos from event_head'))[0]!.pos
  await expect.poll(() => acme.sql(`select 1 from reaction_cursor where reaction = 'boosts' and pos >= $1`, [head]),
    { timeout: 5_000 }).toHaveLength(1)
  expect(await acme.points('bob')).toBe(125)
})

test('what is recorded and taken back together leaves one person\'s books in order', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await create(acme, { multiplierBp: 20_000 })
  const [first] = await record(acme, 'team_mentoring')
  await expect.poll(() => acme.points('bob'), { timeout: 5_000 }).toBe(200)
  const undo = (activityId: string, at: number) => reverseActivities(
    acme.actor('ann'), { activityIds: [activityId], keyPrefix: null, senderId: null },
    { idempotencyKey: `boost-undo-${at}`, reason: null })
  const [second] = await record(acme, 'meeting_scheduled')
  await undo(first!, 1)
  const [third] = await record(acme, 'team_support')
  await undo(third!, 2)
  await expect.poll(() => acme.points('bob'), { timeout: 5_000 }).toBe(100)
  expect(wireId('Activity', second!)).toMatch(/^act_/)
  await expectBooksAgree(acme)
})

test('a boost that cannot be is refused and makes nothing', async () => {
  await using acme = await tenant('ann:ADMIN')
  const past = new Date(Date.now() - 60_000).toISOString()
  const refused = async (input: object) => {
    const { boost, userErrors: [error] } = await create(acme, input)
    expect(boost).toBeNull()
    return `${error.code} ${error.field}`
  }
  expect([
    await refused({ multiplierBp: 10_000 }), await refused({ multiplierBp: 100_001 }), await refused({ name: ' ' }),
    await refused({ startsAt: past }), await refused({ endsAt: past }), await refused({ activityTypes: [] }),
    await refused({ activityTypes: ['nothing_such'] }),
    await refused({ endsAt: new Date(Date.now() + 93 * 86_400_000).toISOString() }),
  ]).toEqual([
    'OUT_OF_RANGE multiplierBp', 'OUT_OF_RANGE multiplierBp', 'INVALID name', 'INVALID startsAt', 'INVALID endsAt',
    'OUT_OF_RANGE activityTypes', 'NOT_FOUND activityTypes', 'OUT_OF_RANGE endsAt',
  ])
  expect(await acme.sql('select 1 from boost')).toEqual([])
  expect(wireId('Boost', acme.tenantId)).toMatch(/^bst_/)
})
