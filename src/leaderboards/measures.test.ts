import { expect, test } from 'vitest'
import { recordInputs } from '../activities/intake.service.ts'
import { reverseActivity } from '../activities/reversal.service.ts'
import { uuidOf } from '../platform/ids.ts'
import { localDay, neighborKey, periodRange } from '../platform/time.ts'
import { createTeam, moveUser } from '../users/user.service.ts'
import { sharedNode, tenant, tenantOn, type TestTenant } from '../../test/harness.ts'
import { archiveJob } from './leaderboard.jobs.ts'

const ZONE = 'America/New_York'
const CREATE = `mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) {
  leaderboard { id } userErrors { code field message } } }`
const SHOWN = 'rank points growthBp isNew daysActive actions averagePoints'
const STANDINGS = `query($id: ID!, $first: Int = 25, $after: Cursor, $around: ID, $mark: Mark) { leaderboard(id: $id) {
  standings(first: $first, after: $after, around: $around, atLeast: $mark) {
    nodes { ${SHOWN} user { name } team { name } tenant { name } } pageInfo { hasNextPage endCursor } }
  viewerStanding { rank points } } }`

let key = 0
/** Records activities of a person; `at` is when they occurred and arrived. */
async function record(acme: TestTenant, name: string, types: string[], at = new Date(), arrivedAt = at) {
  const { recordings, mark } = await recordInputs({ ...acme.actor(name), now: arrivedAt }, types.map(activityType => (
    { activityType, idempotencyKey: `measure-${key++}`, occurredAt: at })))
  const ids = recordings.map(recording => recording.kind === 'NEW' ? recording.activity.id : null)
  expect(ids).not.toContain(null)
  return { ids: ids as string[], mark }
}

async function create(acme: TestTenant, input: object): Promise<string> {
  const { leaderboardCreate } = await acme.as('ann').run(CREATE, { input: { name: 'Board', period: 'MONTHLY', ...input } })
  expect(leaderboardCreate.userErrors).toEqual([])
  return leaderboardCreate.leaderboard.id
}

/** Expects the board to show these rows, by the events it heard and again when it is counted anew. */
async function expectRows(acme: TestTenant, id: string, rows: object[]): Promise<void> {
  await acme.settled()
  const board = (await acme.node.boards.of(acme.tenantId, uuidOf('Leaderboard', id)!))!
  await board.log.catchUp()
  await board.reach(board.log.pos)
  const read = async () => (await acme.as('ann').run(STANDINGS, { id })).leaderboard.standings.nodes
  expect(await read()).toMatchObject(rows)
  expect(board.published.list.size).toBe(rows.length)
  const orderOf = () => board.index.range(0, 100).map(({ subjectId, points, seq, rank }) => ({ subjectId, points, seq, rank }))
  const followed = orderOf()
  await board.rebuild()
  expect(orderOf()).toEqual(followed)
  expect(await read()).toMatchObject(rows)
}

const noon = (day: string) => new Date(periodRange('DAILY', ZONE, day).startMs + 12 * 3_600_000)

test('LB-2: growth is measured against the previous period or the floor; who had none is new (UX-23)', async () => {
  const today = localDay(ZONE, Date.now()).day
  const yesterday = neighborKey('DAILY', today, -1)
  await using acme = await tenantOn(await sharedNode(), { timeZone: ZONE }, 'ann:ADMIN', 'bob', 'cid', 'dan', 'eva')
  await record(acme, 'bob', ['client_satisfaction_5star'], noon(yesterday)) // 200
  await record(acme, 'cid', ['meeting_scheduled'], noon(yesterday)) // 50, below the floor of 100
  await record(acme, 'eva', ['new_client_signed'], noon(yesterday)) // Nothing today: not listed.
  const id = await create(acme, { metric: 'GROWTH', period: 'DAILY' })
  await expectRows(acme, id, [])
  await record(acme, 'bob', ['upsell_completion']) // (300 − 200) / 200
  await record(acme, 'cid', ['proposal_accepted']) // (150 − 50) / 100
  await record(acme, 'dan', ['team_support']) // 25 / 100
  await expectRows(acme, id, [
    { rank: 1, points: 150, growthBp: 10_000, isNew: false, user: { name: 'cid' }, daysActive: null, averagePoints: null },
    { rank: 2, points: 300, growthBp: 5_000, isNew: false, user: { name: 'bob' } },
    { rank: 3, points: 25, growthBp: 2_500, isNew: true, user: { name: 'dan' } },
  ])
  await record(acme, 'dan', ['meeting_scheduled'], noon(yesterday), new Date()) // Late, in the day that is still open.
  await expectRows(acme, id, [
    { rank: 1, growthBp: 10_000, user: { name: 'cid' } }, { rank: 2, growthBp: 5_000, user: { name: 'bob' } },
    { rank: 3, points: 25, growthBp: -2_500, isNew: false, user: { name: 'dan' } },
  ])
})

test('LB-2: engagement ranks by days active, then by actions; a day whose only activity was taken back is none', async () => {
  const now = Date.now()
  const [today, yesterday] = [now, now - 86_400_000].map(at => localDay(ZONE, at).day) as [string, string]
  await using acme = await tenantOn(await sharedNode(), { timeZone: ZONE }, 'ann:ADMIN', 'bob', 'cid', 'dan')
  await record(acme, 'bob', ['team_support'], noon(yesterday))
  const id = await create(acme, { metric: 'ENGAGEMENT', period: 'ALL_TIME' })
  const teams = await create(acme, { metric: 'ENGAGEMENT', period: 'ALL_TIME', subject: 'TEAM' })
  await expectRows(acme, teams, [{ rank: 1, daysActive: 1, actions: 1 }])
  await record(acme, 'bob', ['team_support'])
  await record(acme, 'cid', ['new_client_signed', 'new_client_signed', 'new_client_signed'])
  const { ids: [only] } = await record(acme, 'dan', ['meeting_scheduled'])
  await expectRows(acme, id, [
    { rank: 1, daysActive: 2, actions: 2, points: 50, user: { name: 'bob' } },
    { rank: 2, daysActive: 1, actions: 3, points: 1_500, user: { name: 'cid' } },
    { rank: 3, daysActive: 1, actions: 1, points: 50, user: { name: 'dan' } },
  ])
  await reverseActivity(acme.actor('ann'), { activityId: only!, idempotencyKey: 'take-back-1', reason: null })
  await expectRows(acme, id, [
    { rank: 1, daysActive: 2, actions: 2 }, { rank: 2, daysActive: 1, actions: 3 },
    { rank: 3, daysActive: 0, actions: 0, points: 0, growthBp: null, user: { name: 'dan' } },
  ])
  await expectRows(acme, teams, [{ rank: 1, daysActive: 3, actions: 5, points: 1_550, team: { name: 'Reds' } }])
  expect(today > yesterday).toBe(true)
})

test('a board of averages divides by the people a team has, and follows them when they move', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuidOf('User', acme.id('dan'))!, teamId: blues.id })
  const id = await create(acme, { subject: 'TEAM', headRule: 'AVERAGE' })
  await expectRows(acme, id, [])
  await record(acme, 'bob', ['proposal_accepted']) // Reds: 150 of three.
  await record(acme, 'dan', ['team_mentoring']) // Blues: 100 of one.
  await expectRows(acme, id, [
    { rank: 1, averagePoints: '100.000', points: 100, team: { name: 'Blues' } },
    { rank: 2, averagePoints: '50.000', points: 150, team: { name: 'Reds' } },
  ])
  await moveUser(acme.actor(), { userId: uuidOf('User', acme.id('bob'))!, teamId: blues.id })
  await moveUser(acme.actor(), { userId: uuidOf('User', acme.id('cid'))!, teamId: blues.id })
  await acme.settled()
  await expect.poll(async () => (await acme.as('ann').run(STANDINGS, { id })).leaderboard.standings.nodes).toMatchObject([
    { rank: 1, averagePoints: '150.000', team: { name: 'Reds' } }, { rank: 2, averagePoints: '33.333', team: { name: 'Blues' } },
  ])
})

test('a board of the company has one row, and its points are everybody\'s', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const id = await create(acme, { subject: 'TENANT' })
  await expectRows(acme, id, [])
  await record(acme, 'bob', ['team_mentoring'])
  await record(acme, 'ann', ['meeting_scheduled'])
  await expectRows(acme, id, [{ rank: 1, points: 150, user: null, team: null, tenant: { name: `Tenant ${acme.slug}` } }])
})

test('A-36: the list ends at listMax, everybody is ranked, and one\'s own row is answered', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan')
  const id = await create(acme, { listMax: 2 })
  await record(acme, 'bob', ['upsell_completion'])
  await record(acme, 'cid', ['proposal_accepted'])
  const { mark } = await record(acme, 'dan', ['team_support'])
  const wireMark = (await acme.as('dan').run(`mutation { activityRecord(input: {
    activityType: "team_support", idempotencyKey: "measure-own" }) { mark } }`)).activityRecord.mark
  expect(mark).not.toBeNull()
  const { leaderboard } = await acme.as('dan').run(STANDINGS, { id, first: 1, mark: wireMark })
  expect(leaderboard).toMatchObject({
    standings: { nodes: [{ user: { name: 'bob' } }], pageInfo: { hasNextPage: true } }, viewerStanding: { rank: 3, points: 50 },
  })
  const { leaderboard: rest } = await acme.as('dan').run(
    STANDINGS, { id, first: 25, after: leaderboard.standings.pageInfo.endCursor })
  expect(rest.standings).toMatchObject({ nodes: [{ rank: 2, user: { name: 'cid' } }], pageInfo: { hasNextPage: false } })
  const { leaderboard: around } = await acme.as('dan').run(STANDINGS, { id, around: acme.id('dan') })
  expect(around.standings.nodes).toEqual([])
})

test('an archive keeps what its rows were ranked by', async () => {
  const today = localDay(ZONE, Date.now()).day
  const [day, before] = [-2, -3].map(
    by => localDay(ZONE, noon(today).getTime() + by * 86_400_000).day) as [string, string]
  await using acme = await tenantOn(await sharedNode(), { timeZone: ZONE }, 'ann:ADMIN', 'bob', 'cid')
  const ids = await Promise.all([{ metric: 'GROWTH' }, { metric: 'ENGAGEMENT' }, { subject: 'TEAM', headRule: 'AVERAGE' }]
    .map(input => create(acme, { period: 'DAILY', ...input })))
  await acme.sql('update leaderboard set archived_from = $1', [day])
  await record(acme, 'bob', ['client_satisfaction_5star'], noon(before))
  await record(acme, 'bob', ['upsell_completion'], noon(day))
  await record(acme, 'cid', ['meeting_scheduled', 'team_support'], noon(day))
  await archiveJob.run(acme.actor())
  const shown = await Promise.all(ids.map(async id => (await acme.as('ann').run(`query($id: ID!) { leaderboard(id: $id) {
    archives(first: 1) { nodes { periodStart standings { nodes { ${SHOWN} } } } } } }`, { id })).leaderboard.archives.nodes[0]))
  const none = { growthBp: null, isNew: null, daysActive: null, actions: null, averagePoints: null }
  expect(shown).toEqual([
    { periodStart: day, standings: { nodes: [
      { ...none, rank: 1, points: 75, growthBp: 7_500, isNew: true },
      { ...none, rank: 2, points: 300, growthBp: 5_000, isNew: false },
    ] } },
    { periodStart: day, standings: { nodes: [
      { ...none, rank: 1, points: 75, daysActive: 1, actions: 2 }, { ...none, rank: 2, points: 300, daysActive: 1, actions: 1 },
    ] } },
    { periodStart: day, standings: { nodes: [{ ...none, rank: 1, points: 375, averagePoints: '125.000' }] } },
  ])
})

test('a question that makes no sense is refused and makes no board', async () => {
  await using acme = await tenant('ann:ADMIN')
  const refusals = await Promise.all([
    { metric: 'GROWTH', period: 'ALL_TIME' }, { headRule: 'AVERAGE' },
    { metric: 'ENGAGEMENT', subject: 'TEAM', headRule: 'AVERAGE' },
    { subject: 'TENANT', subjectIds: [] }, { growthFloor: 0 }, { listMax: 0 },
  ].map(async input => (await acme.as('ann').run(CREATE, { input: { name: 'Board', ...input } })).leaderboardCreate))
  expect(refusals.map(({ leaderboard, userErrors }) => [leaderboard, ...userErrors.map(({ code, field }: {
    code: string; field: string[]
  }) => `${code} ${field}`)])).toEqual([
    [null, 'INVALID period'], [null, 'INVALID headRule'], [null, 'INVALID headRule'], [null, 'INVALID subjectIds'],
    [null, 'OUT_OF_RANGE growthFloor'], [null, 'OUT_OF_RANGE listMax'],
  ])
  expect(await acme.sql('select 1 from leaderboard')).toEqual([])
})
