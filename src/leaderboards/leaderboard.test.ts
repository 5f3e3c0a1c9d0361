import { expect, test } from 'vitest'
import { type Person, RECORD, tenant, uuid } from '../../test/harness.ts'

const CREATE = `mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) {
  leaderboard { id name subject scope metric period tieRule timeZone size } userErrors { code message field } } }`
const STANDINGS = `query($id: ID!, $first: Int = 25, $after: Cursor, $around: ID, $mark: Mark) { leaderboard(id: $id) { size
  standings(first: $first, after: $after, around: $around, atLeast: $mark) {
  edges { cursor node { rank previousRank closeRank points subjectId user { name } team { name } department { name } } }
  pageInfo { hasNextPage hasPreviousPage endCursor } } } }`

async function board(person: Person, input: object = {}): Promise<string> {
  const { leaderboardCreate } = await person.run(CREATE, { input: { name: 'Board', period: 'MONTHLY', ...input } })
  expect(leaderboardCreate.userErrors).toEqual([])
  return leaderboardCreate.leaderboard.id
}

let key = 0
/** Records activities of these types for a person and returns the last mark. */
async function record(person: Person, ...types: string[]): Promise<string> {
  let mark = ''
  for (const activityType of types) {
    ({ activityRecord: { mark } } = await person.run(RECORD, { input: { activityType, idempotencyKey: `board-key-${key++}` } }))
  }
  return mark
}

const rows = ({ leaderboard }: {
  leaderboard: { standings: { edges: { node: { rank: number; points: number; user: { name: string } } }[] } }
}) =>
  leaderboard.standings.edges.map(({ node: { rank, points, user } }) => [rank, user.name, points])

test('a board ranks what was recorded, ties in the order in which they were reached, and answers the reader\'s own commit',
  async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan')
  const id = await board(acme.as('ann'))
  await record(acme.as('bob'), 'meeting_scheduled') // 50
  await record(acme.as('cid'), 'proposal_accepted') // 150
  await record(acme.as('dan'), 'meeting_scheduled', 'meeting_scheduled') // 100
  const mark = await record(acme.as('bob'), 'meeting_scheduled') // 100, reached after dan
  expect(rows(await acme.as('ann').run(STANDINGS, { id, mark }))).toEqual([[1, 'cid', 150], [2, 'dan', 100], [2, 'bob', 100]])
})

test('competition, dense and ordinal boards rank the scores 10, 9, 9, 8 as TV-21 says', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan', 'eva')
  const ids = [
    await board(acme.as('ann')), await board(acme.as('ann'), { tieRule: 'DENSE' }),
    await board(acme.as('ann'), { tieRule: 'ORDINAL' }),
  ]
  await record(acme.as('bob'), 'client_satisfaction_5star') // 200
  await record(acme.as('cid'), 'proposal_accepted') // 150
  await record(acme.as('dan'), 'proposal_accepted') // 150
  const mark = await record(acme.as('eva'), 'team_mentoring') // 100
  const ranks = await Promise.all(
    ids.map(async id => rows(await acme.as('ann').run(STANDINGS, { id, mark })).map(([rank]) => rank)))
  expect(ranks).toEqual([[1, 2, 2, 4], [1, 2, 2, 3], [1, 2, 3, 4]])
})

test('pages continue after their cursor while ranks move, and neighbors stand around one subject', async () => {
  const names = Array.from({ length: 9 }, (_, at) => `user${at}`)
  await using acme = await tenant('ann:ADMIN', ...names)
  const id = await board(acme.as('ann'))
  let mark = ''
  for (const [at, name] of names.entries()) {
    mark = await record(acme.as(name), ...Array.from({ length: at + 1 }, () => 'meeting_scheduled'))
  }
  const first = await acme.as('ann').run(STANDINGS, { id, first: 3, mark })
  expect(rows(first)).toEqual([[1, 'user8', 450], [2, 'user7', 400], [3, 'user6', 350]])
  expect(first.leaderboard.standings.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
  // user0 jumps to 550 and to the top: the page after user6 stays the same.
  mark = await record(acme.as('user0'), 'new_client_signed')
  const second = await acme.as('ann').run(
    STANDINGS, { id, first: 3, after: first.leaderboard.standings.pageInfo.endCursor, mark })
  expect(rows(second)).toEqual([[5, 'user5', 300], [6, 'user4', 250], [7, 'user3', 200]])
  const around = await acme.as('ann').run(STANDINGS, { id, first: 3, around: acme.id('user5') })
  expect(rows(around)).toEqual([[4, 'user6', 350], [5, 'user5', 300], [6, 'user4', 250]])
  const { leaderboard } = await acme.as('ann').run(`query($id: ID!, $who: ID!) { leaderboard(id: $id) { size
    standing(subjectId: $who) { rank previousRank points } } }`, { id, who: acme.id('user0') })
  expect(leaderboard).toEqual({ size: 9, standing: { rank: 1, previousRank: 9, points: 550 } })
})

test('a board of teams and departments sums their people, and a custom board ranks only its list', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const teams = await board(acme.as('ann'), { subject: 'TEAM' })
  const departments = await board(acme.as('ann'), { subject: 'DEPARTMENT' })
  const custom = await board(acme.as('ann'), { subjectIds: [acme.id('cid')] })
  await record(acme.as('bob'), 'meeting_scheduled')
  const mark = await record(acme.as('cid'), 'team_support')
  const [team, department, listed] = await Promise.all(
    [teams, departments, custom].map(id => acme.as('ann').run(STANDINGS, { id, mark })))
  expect(team.leaderboard.standings.edges)
    .toMatchObject([{ node: { rank: 1, points: 75, user: null, team: { name: 'Reds' }, department: null } }])
  expect(department.leaderboard.standings.edges)
    .toMatchObject([{ node: { rank: 1, points: 75, user: null, team: null, department: { name: 'Sales' } } }])
  expect(rows(listed)).toEqual([[1, 'cid', 25]])
})

test('a list of people shows where each stands on a board of people, and null where there is nothing to show', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  await using rival = await tenant('eve:ADMIN')
  const id = await board(acme.as('ann'))
  const listed = async (leaderboardId: string) => (await acme.as('bob').run(`query($id: ID!) {
    users { nodes { name standing(leaderboardId: $id) { rank previousRank points user { name } team { name } } } } }`,
  { id: leaderboardId })).users.nodes
  await record(acme.as('bob'), 'meeting_scheduled')
  const mark = await record(acme.as('cid'), 'proposal_accepted')
  await acme.as('ann').run(STANDINGS, { id, mark })
  const rest = { previousRank: null, team: null }
  expect(await listed(id)).toEqual([
    { name: 'ann', standing: null },
    { name: 'bob', standing: { ...rest, rank: 2, previousRank: 1, points: 50, user: { name: 'bob' } } },
    { name: 'cid', standing: { ...rest, rank: 1, points: 150, user: { name: 'cid' } } },
  ])
  const nobody = [{ name: 'ann', standing: null }, { name: 'bob', standing: null }, { name: 'cid', standing: null }]
  expect(await listed(await board(acme.as('ann'), { subject: 'TEAM' }))).toEqual(nobody)
  expect(await listed(await board(rival.as('eve')))).toEqual(nobody)
  expect(await acme.as('bob').ask('{ users { nodes { name standing(leaderboardId: "ldb_1") { rank } } } }')).toMatchObject({
    data: { users: { nodes: nobody } },
    errors: [0, 1, 2].map(at => ({
      message: 'leaderboardId must be an id like "ldb_…", as the API returns them.', path: ['users', 'nodes', at, 'standing'],
      extensions: { code: 'BAD_REQUEST', argument: 'leaderboardId' },
    })),
  })
})

test('another tenant\'s board does not exist, and wrong input says what to do', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const id = await board(acme.as('ann'))
  expect(await rival.as('eve').run(STANDINGS, { id })).toEqual({ leaderboard: null })
  const stream = rival.as('eve').subscribe('subscription($id: ID!) { leaderboard(id: $id) { __typename } }', { id })
  await stream.until(() => stream.errors.length > 0)
  expect(stream.errors).toMatchObject([{ message: 'There is no such leaderboard.', extensions: { code: 'NOT_FOUND' } }])
  stream.close()
  for (const [variables, message] of [
    [{ id: 'nonsense' }, 'id must be an id like "ldb_…", as the API returns them.'],
    [{ id, first: 101 }, 'first must be between 1 and 100.'],
    [{ id, after: 'bm9uc2Vuc2U' }, 'after must be a cursor that this list returned.'],
  ] as const) expect((await acme.as('ann').ask(STANDINGS, variables)).errors)
    .toMatchObject([{ message, extensions: { code: 'BAD_REQUEST' } }])
  const refused = await acme.as('ann').run(CREATE, { input: { name: ' ', period: 'DAILY' } })
  expect(refused.leaderboardCreate).toMatchObject({ leaderboard: null, userErrors: [{ code: 'INVALID', field: ['name'] }] })
  expect(await acme.sql('select name from leaderboard')).toEqual([{ name: 'Board' }])
})

test('a board of a list names only subjects of its tenant, each once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenant('eve:ADMIN')
  const nobody = 'usr_00000000000000000000000000'
  for (const stranger of [rival.id('eve'), nobody]) {
    const input = { name: 'Board', period: 'MONTHLY', subjectIds: [acme.id('bob'), stranger] }
    expect((await acme.as('ann').run(CREATE, { input })).leaderboardCreate).toMatchObject({
      leaderboard: null, userErrors: [{ code: 'NOT_FOUND', message: `There is no user ${stranger}: leave it out.`,
        field: ['subjectIds'] }] })
  }
  expect(await acme.sql('select name from leaderboard')).toEqual([])
  await board(acme.as('ann'), { subjectIds: [acme.id('bob'), acme.id('bob')] })
  expect(await acme.sql('select subject_ids as ids from leaderboard')).toEqual([{ ids: [uuid('User', acme.id('bob'))] }])
})

test('a mark that never arrives is UNAVAILABLE within the wait', async () => {
  await using acme = await tenant('ann:ADMIN')
  const id = await board(acme.as('ann'))
  expect((await acme.as('ann').ask(STANDINGS, { id, mark: 'mzzzzzz' })).errors)
    .toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }])
})
