import { expect, test } from 'vitest'
import { Person, RECORD, tenant, type TestTenant, tokenOf, uuid } from '../../test/harness.ts'
import { wireId } from '../platform/ids.ts'
import { createDepartment, createTeam, createUser } from './user.service.ts'
import { UserRole } from './user.entity.ts'

const NOBODY_ID = wireId('User', '01890000-0000-7000-8000-000000000000')
const userUuid = (acme: TestTenant, name: string) => uuid('User', acme.id(name))

test('the viewer is the person, the tenant and the role of the token; a screen has no person', async () => {
  await using acme = await tenant('ann:MANAGER')
  const VIEWER = `{ viewer { role user { id name email role kind team { name } manager { id } points level { number key } }
    tenant { id slug name timeZone currency platforms } } }`
  const { viewer } = await acme.as('ann').run(VIEWER)
  expect(viewer).toEqual({
    role: 'MANAGER',
    user: {
      id: acme.id('ann'), name: 'ann', email: `ann@${acme.slug}.example`, role: 'MANAGER', kind: 'EMPLOYEE',
      team: { name: 'Reds' }, manager: null,
      points: 0, level: { number: 1, key: 'rookie' },
    },
    tenant: {
      id: wireId('Tenant', acme.tenantId), slug: acme.slug, name: `Tenant ${acme.slug}`, timeZone: 'Europe/Berlin',
      currency: 'EUR', platforms: ['bizosaas'],
    },
  })
  const screen = await new Person(acme.node.url, await tokenOf(acme.tenantId, null, 'VIEWER')).run(VIEWER)
  expect(screen.viewer).toMatchObject({ role: 'VIEWER', user: null, tenant: { slug: acme.slug } })
  // The token's role decides, not the person's.
  expect((await acme.as('ann', 'VIEWER').run('{ viewer { role user { role } } }')).viewer)
    .toEqual({ role: 'VIEWER', user: { role: 'MANAGER' } })
})

test.each([
  ['nothing', ''], ['nonsense', 'a.b.c'], ['a token of nobody we know', 'eyJhbGciOiJub25lIn0.eyJyb2xlIjoiQURNSU4ifQ.'],
])('without a valid token (%s) nothing is told', async (_title, token) => {
  await using acme = await tenant('ann')
  const { errors, data } = await new Person(acme.node.url, token).ask(`{ viewer { role } users { nodes { name } }
    node(id: "x") { id } }`)
  expect(data ?? null).toBeNull()
  expect(errors!.map(({ extensions }) => extensions.code)).toContain('UNAUTHENTICATED')
})

interface Page {
  nodes: { id: string; name: string }[]; edges: { cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

async function pagesOf(person: Person, list: string, first: number): Promise<Page[]> {
  const pages: Page[] = []
  for (let after: string | null = null; ;) {
    const answer = await person.run(`query($first: Int!, $after: Cursor) { ${list}(first: $first, after: $after) {
      nodes { id name } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor
      endCursor } } }`, { first, after })
    const page = answer[list] as Page
    pages.push(page)
    if (!page.pageInfo.hasNextPage || pages.length > 50) return pages
    after = page.pageInfo.endCursor
  }
}

const LONG_NAME = 'Ottilie '.repeat(25).trim() // 199 characters: a cursor must carry it.

test('people are listed by name page by page, each once, with long, equal and foreign names', async () => {
  await using acme = await tenant('zoe')
  const names = ['Bo', 'Bo', LONG_NAME, '"\\ quoted', 'Ωmega', '李小龍', '👏 clap', 'O’Hara', 'a'.repeat(200)]
  for (const [at, name] of names.entries()) {
    await createUser(acme.actor(), { name, email: `u${at}@x.example`, role: UserRole.MEMBER })
  }
  const expected = await acme.sql<{ id: string; name: string }>('select id, name from users order by name, id')
  for (const first of [1, 3, 10, 100]) {
    const pages = await pagesOf(acme.as('zoe'), 'users', first)
    expect(pages.flatMap(({ nodes }) => nodes)).toEqual(expected.map(({ id, name }) => ({ id: wireId('User', id), name })))
    expect(pages.map(({ nodes }) => nodes.length)).toEqual(
      Array.from({ length: Math.ceil(10 / first) }, (_, page) => Math.min(first, 10 - page * first)))
    expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual(pages.map((_, page) => page > 0))
    for (const { edges, pageInfo } of pages) {
      expect([edges[0]!.cursor, edges.at(-1)!.cursor]).toEqual([pageInfo.startCursor, pageInfo.endCursor])
    }
  }
})

test('teams and departments are listed by name, with their lead, head and department', async () => {
  await using acme = await tenant('ann', 'bob')
  const departmentId = await createDepartment(acme.actor(), 'Delivery')
  await createTeam(acme.actor(), { name: 'A-Team', departmentId, leadId: userUuid(acme, 'bob') })
  await createTeam(acme.actor(), { name: LONG_NAME })
  await acme.sql('update department set head_id = $1 where id = $2', [userUuid(acme, 'ann'), departmentId])
  expect((await pagesOf(acme.as('ann'), 'teams', 1)).flatMap(({ nodes }) => nodes.map(({ name }) => name)))
    .toEqual(['A-Team', LONG_NAME, 'Reds'])
  expect((await pagesOf(acme.as('ann'), 'departments', 1)).flatMap(({ nodes }) => nodes.map(({ name }) => name)))
    .toEqual(['Delivery', 'Sales'])
  const { teams } = await acme.as('ann').run('{ teams { nodes { name lead { name } department { name head { name } } } } }')
  expect(teams.nodes).toEqual([
    { name: 'A-Team', lead: { name: 'bob' }, department: { name: 'Delivery', head: { name: 'ann' } } },
    { name: LONG_NAME, lead: null, department: null }, { name: 'Reds', lead: null, department: { name: 'Sales', head: null } },
  ])
})

const listCursor = (...key: unknown[]) => Buffer.from(JSON.stringify(key)).toString('base64url')
test.each([
  ['first 0', { first: 0 }], ['first 101', { first: 101 }], ['first −1', { first: -1 }],
  ['a cursor that is no base64', { after: 'not a cursor!' }],
  ['a cursor that is no JSON', { after: 'abcd' }], ['a cursor of three parts', { after: listCursor('ann', 'bob', 'cy') }],
  ['a cursor of numbers', { after: listCursor(1, 2) }],
  ['a cursor whose id is no id', { after: listCursor('ann', 'bob') }],
  ['a cursor with a NUL', { after: listCursor('a\0', '01890000-0000-7000-8000-000000000000') }],
  ['a cursor with half a character', { after: listCursor('\ud83d', '01890000-0000-7000-8000-000000000000') }],
  ['a cursor that is too long', { after: 'a'.repeat(5_000) }],
])('a list asked for with %s is a bad request', async (_title, page) => {
  await using acme = await tenant('ann')
  for (const list of ['users', 'teams', 'departments', 'activities', 'activityTypes']) {
    const { errors } = await acme.as('ann').ask(`query($first: Int! = 5, $after: Cursor) { ${list}(first: $first, after:
      $after) { nodes { id } } }`, page)
    expect([list, errors?.map(({ extensions }) => extensions.code)]).toEqual([list, ['BAD_REQUEST']])
  }
})

test('node and nodes answer things by their ids, in order, null where one does not exist or is another tenant\'s', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  const { activityRecord } = await acme.as('ann').run(
    RECORD, { input: { activityType: 'team_support', idempotencyKey: 'for-the-node' } })
  const [typeRow] = await acme.sql<{ id: string }>(`select id from activity_type where key = 'team_support'`)
  const [departmentRow] = await acme.sql<{ id: string }>('select id from department')
  const ids = [
    acme.id('ann'), wireId('Team', acme.teamId), wireId('Department', departmentRow!.id), wireId('Tenant', acme.tenantId),
    activityRecord.activity.id,
    wireId('ActivityType', typeRow!.id), rival.id('eve'), NOBODY_ID, wireId('Tenant', rival.tenantId),
    wireId('Team', rival.teamId), acme.id('ann').toUpperCase().replace('USR_', 'usr_'),
  ]
  const kinds = ['User', 'Team', 'Department', 'Tenant', 'Activity', 'ActivityType', null, null, null, null, 'User']
  const expected = kinds.map((kind, at) => kind && { __typename: kind, id: at === 10 ? ids[0] : ids[at] })
  const { nodes } = await acme.as('ann').run('query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids })
  expect(nodes).toEqual(expected)
  for (const [at, id] of ids.entries()) {
    expect((await acme.as('ann').run('query($id: ID!) { node(id: $id) { __typename id } }', { id })).node).toEqual(expected[at])
  }
  const { node } = await acme.as('ann').run(`query($id: ID!) { node(id: $id) { ... on User { name team {
    name } } } }`, { id: ids[0] })
  expect(node).toEqual({ name: 'ann', team: { name: 'Reds' } })
})

test.each([
  ['bob'], [''], ['usr_'], ['usr_!!!!!!!!!!!!!!!!!!!!!!!!!!'], ['usr_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['xyz_01h5m0000070000g0000000000'], ['01890000-0000-7000-8000-000000000000'],
])(
  'an id like "%s" is a bad request', async id => {
    await using acme = await tenant('ann:ADMIN')
    const codes = async (query: string, variables: object) =>
      (await acme.as('ann').ask(query, variables)).errors?.map(({ extensions }) => extensions.code)
    expect(await codes('query($id: ID!) { node(id: $id) { id } }', { id })).toEqual(['BAD_REQUEST'])
    expect(await codes('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [acme.id('ann'), id] })).toEqual(['BAD_REQUEST'])
    expect(await codes('query($id: ID!) { activities(userId: $id) { nodes { id } } }', { id })).toEqual(['BAD_REQUEST'])
    expect(await codes('mutation($id: ID!) { userMove(input: { userId: $id, teamId: $id }) { mark } }', { id }))
      .toEqual(['BAD_REQUEST'])
    expect(await codes('mutation($id: ID!) { teamCreate(input: { name: "Blues", leadId: $id }) { mark } }', { id }))
      .toEqual(['BAD_REQUEST'])
    expect(await codes(`mutation($id: ID!) { userCreate(input: { name: "Bo", email: "b@x.example", managerId: $id }) {
      mark } }`, { id })).toEqual(['BAD_REQUEST'])
    expect(await acme.sql('select (select count(*) from users) as users, (select count(*) from team) as teams'))
      .toEqual([{ users: 1, teams: 1 }])
  })

test('at most 100 nodes at once', async () => {
  await using acme = await tenant('ann')
  const ask = (length: number) =>
    acme.as('ann').ask('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array.from({ length }, () => acme.id('ann')) })
  expect((await ask(100)).data.nodes).toHaveLength(100)
  expect((await ask(101)).errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST', argument: 'ids' } }])
})

const CREATE = `mutation($input: UserCreateInput!) { userCreate(input: $input) {
  user { id name email role kind deactivatedAt manager { name } team { name } points level { key } } userErrors { code field }
  mark } }`

test('userCreate adds a person with manager and team, who can record at once', async () => {
  await using acme = await tenant('ann:ADMIN')
  const input = {
    name: '  Bo Diaz ', email: ' Bo.Diaz@Example.COM ', role: 'PARTNER', kind: 'PARTNER', managerId: acme.id('ann'),
    teamId: wireId('Team', acme.teamId),
  }
  const { userCreate } = await acme.as('ann').run(CREATE, { input })
  expect(userCreate).toMatchObject({
    user: {
      name: 'Bo Diaz', email: 'bo.diaz@example.com', role: 'PARTNER', kind: 'PARTNER', deactivatedAt: null,
      manager: { name: 'ann' }, team: { name: 'Reds' },
      points: 0, level: { key: 'rookie' },
    }, userErrors: [], mark: expect.stringMatching(/^m/) })
  const { activityRecord } = await acme.as('ann').run(
    RECORD, { input: { activityType: 'team_support', idempotencyKey: 'first-day-of-bo', userId: userCreate.user.id } })
  expect(activityRecord).toMatchObject({ userErrors: [], activity: { user: { id: userCreate.user.id } } })
  expect((await acme.emitted()).filter(topic => topic === 'user.created')).toHaveLength(2)
  const plain = await acme.as('ann').run(CREATE, { input: { name: 'Cy', email: 'cy@example.com' } })
  expect(plain.userCreate.user).toMatchObject({ role: 'MEMBER', kind: 'EMPLOYEE', manager: null, team: null })
})

test.each<[string, (acme: TestTenant, rival: TestTenant) => object, string, string]>([
  ['an address that is taken', acme => ({ email: `ANN@${acme.slug}.example` }), 'TAKEN', 'email'],
  ['no name', () => ({ name: '  ' }), 'INVALID', 'name'],
  ['a name of 201 characters', () => ({ name: 'n'.repeat(201) }), 'INVALID', 'name'],
  ['a NUL in the name', () => ({ name: 'a\0b' }), 'INVALID', 'name'],
  ['half a character in the name', () => ({ name: 'a\ud83d' }), 'INVALID', 'name'],
  ['a NUL in the address', () => ({ email: 'a\0@b.example' }), 'INVALID', 'email'],
  ['half a character in the address', () => ({ email: '\udc4f@b.example' }), 'INVALID', 'email'],
  ['no address', () => ({ email: '' }), 'INVALID', 'email'],
  ['an address without a host', () => ({ email: 'bo@' }), 'INVALID', 'email'],
  ['an address of 255 characters', () => ({ email: `${'b'.repeat(247)}@x.ample` }), 'INVALID', 'email'],
  ['a manager who does not exist', () => ({ managerId: NOBODY_ID }), 'NOT_FOUND', 'managerId'],
  ['a manager of another tenant', (_, rival) => ({ managerId: rival.id('eve') }), 'NOT_FOUND', 'managerId'],
  ['a team of another tenant', (_, rival) => ({ teamId: wireId('Team', rival.teamId) }), 'NOT_FOUND', 'teamId'],
])('userCreate refuses %s and writes nothing', async (_title, change, code, field) => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve')
  const { userCreate } = await acme.as('ann').run(
    CREATE, { input: { name: 'Bo', email: 'bo@example.com', ...change(acme, rival) } })
  expect(userCreate).toEqual({ user: null, userErrors: [{ code, field: [field] }], mark: null })
  expect(await acme.sql('select (select count(*) from users) as users, (select count(*) from user_points) as balances'))
    .toEqual([{ users: 1, balances: 1 }])
  expect(await acme.emitted()).toEqual(['team.created', 'user.created'])
})

const TEAM = `mutation($input: TeamCreateInput!) { teamCreate(input: $input) { team { name lead { name } department { name } }
  userErrors { code field } mark } }`

test('teamCreate adds a team and refuses a name that is taken or cannot be, and ids that are not ours', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve')
  const create = async (input: object) => (await acme.as('ann').run(TEAM, { input })).teamCreate
  const [department] = await acme.sql<{ id: string }>('select id from department')
  const [foreign] = await rival.sql<{ id: string }>('select id from department')
  expect(await create({ name: ' Blues ', leadId: acme.id('ann'), departmentId: wireId('Department', department!.id) })).toEqual({
    team: { name: 'Blues', lead: { name: 'ann' }, department: { name: 'Sales' } }, userErrors: [],
    mark: expect.stringMatching(/^m/) })
  const refusals: [object, string, string][] = [
    [{ name: 'Blues' }, 'TAKEN', 'name'], [{ name: ' ' }, 'INVALID', 'name'], [{ name: 'n'.repeat(201) }, 'INVALID', 'name'],
    [{ name: 'a\0b' }, 'INVALID', 'name'],
    [{ name: 'a\udc4f' }, 'INVALID', 'name'], [{ name: 'Greens', leadId: rival.id('eve') }, 'NOT_FOUND', 'leadId'],
    [{ name: 'Greens', departmentId: wireId('Department', foreign!.id) }, 'NOT_FOUND', 'departmentId'],
  ]
  for (const [input, code, field] of refusals) {
    expect(await create(input)).toEqual({ team: null, userErrors: [{ code, field: [field] }], mark: null })
  }
  expect(await acme.sql('select name from team order by name')).toEqual([{ name: 'Blues' }, { name: 'Reds' }])
})

test('a list shows of each person what the person alone shows, whatever is asked of it', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  await createUser(acme.actor('ann'), { name: 'dan', email: 'dan@acme.example', role: UserRole.MEMBER })
  const input = { activityType: 'new_client_signed', userId: acme.id('bob') }
  for (const at of [1, 2, 3]) await acme.as('ann').run(RECORD, { input: { ...input, idempotencyKey: `beside-${at}` } })
  await acme.settled()
  for (const asked of [
    'name', 'points', 'level { number title benefits }', 'team { id name department { name } lead { name } }',
    'name email role', 'points level { badge } team { name } kind manager { name } deactivatedAt',
    '__typename name team { id } points level { number }',
  ]) {
    const { users, edges } = await acme.as('bob').run(`{ users { nodes { id ...F } } edges: users { edges { node { ...F } } } }
      fragment F on User { ${asked} }`)
    const ids = users.nodes.map(({ id }: { id: string }) => id)
    const { nodes } = await acme.as('bob').run(
      `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { ${asked} } } }`, { ids })
    expect(users.nodes, asked).toEqual(nodes)
    expect(edges.edges.map(({ node }: { node: object }) => node), asked)
      .toEqual(nodes.map(({ id: _, ...node }: { id: string }) => node))
  }
  const { users } = await acme.as('bob').run('{ users { nodes { name points team { name } level { number } } } }')
  expect(users.nodes).toEqual([
    { name: 'ann', points: 0, team: { name: 'Reds' }, level: { number: 1 } },
    { name: 'bob', points: 1_500, team: { name: 'Reds' }, level: { number: 2 } },
    { name: 'cid', points: 0, team: { name: 'Reds' }, level: { number: 1 } },
    { name: 'dan', points: 0, team: null, level: { number: 1 } },
  ])
})
