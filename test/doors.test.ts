import { createHash } from 'node:crypto'
import { getIntrospectionQuery } from 'graphql'
import { expect, test } from 'vitest'
import { manifestOf } from '../web/documents.ts'
import { over, ROLE, send } from './asking.ts'
import { RECORD, type TestTenant, tenant, tenantOn, testNode } from './harness.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const persisted = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } })

/** Says the same through each door; returns the code of what each answered. */
async function everywhere({ node, as }: TestTenant, query: string, variables: object = {}) {
  const { token } = as('ann')
  const http = await send(node.url, { body: { query, variables } }, token)
  const sse = await send(node.url, { path: '/graphql/stream', body: { query, variables } }, token)
  const [first] = await over(node.url, token, { query, variables })
  const socket = (first.payload[0] ?? first.payload.errors?.[0])?.extensions.code
  return [http.code, sse.code ?? /"code":"(\w+)"/.exec(sse.text)?.[1], socket]
}

test.each([
  ['a depth of 50 through lists', `{ leaderboards { nodes { ${'archives { nodes { '.repeat(24)} id ${'} }'.repeat(24)} } } }`],
  ['a document of two to the power of thirty fields', `{ teams { nodes { ...F0 } } } fragment F30 on Team { id } ${
    Array.from({ length: 30 }, (_, at) => `fragment F${at} on Team { lead { team { ...F${at + 1} } }
      ... on Team { lead { team { ...F${at + 1} } } } }`).join(' ')}`],
  ['a thousand aliases', `{ viewer { ${Array.from({ length: 600 }, (_, at) => `a${at}: role`).join(' ')} } }`],
  ['lists within lists', '{ leaderboards(first: 50) { nodes { standings(first: 100) { nodes { user { name } } } } } }'],
])('%s is TOO_COSTLY at every door', async (_title, query) => {
  await using acme = await tenant('ann')
  expect(await everywhere(acme, query)).toEqual(['TOO_COSTLY', 'TOO_COSTLY', 'TOO_COSTLY'])
})

test('a query of depth 50 holds up nobody: who came after it is answered as well', async () => {
  await using acme = await tenant('ann')
  const bomb = `{ ${Array.from({ length: 12 }, (_, at) =>
    `a${at}: leaderboards { nodes { ${'archives { nodes { '.repeat(24)} id ${'} }'.repeat(24)} } }`).join(' ')} }`
  const order: string[] = []
  const bombs = Array.from({ length: 20 }, async () => {
    const { errors } = await acme.as('ann').ask(bomb)
    order.push(errors![0]!.extensions.code)
  })
  const beats = setInterval(() => order.push('beat'), 5)
  const health = fetch(`${acme.node.url}/healthz`).then(() => order.push('health'))
  await Promise.all([...bombs, health])
  clearInterval(beats)
  // Stock servers validate one of these for longer than 20 s, and nothing else happens meanwhile: no beat, no health.
  expect(order.filter(each => each === 'TOO_COSTLY')).toHaveLength(20)
  expect(order).toContain('health')
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
})

test('every answer tells its cost, by each door that answers once', async () => {
  await using acme = await tenant('ann')
  const query = '{ users(first: 10) { nodes { name team { name } } } }'
  const cost = { requested: 20, limit: 1_000, remaining: null }
  const { token } = acme.as('ann')
  expect((await send(acme.node.url, { body: { query } }, token)).json.extensions).toEqual({ cost })
  expect((await send(acme.node.url, { path: '/graphql/stream', body: { query } }, token)).text)
    .toContain(`"extensions":${JSON.stringify({ cost })}`)
  expect((await over(acme.node.url, token, { query }))[0].payload.extensions).toEqual({ cost })
  const wide = 'query($n: Int!) { leaderboards(first: $n) { nodes { standings(first: 100) { nodes { rank } } } } }'
  const many = await acme.as('ann').ask(wide, { n: 10 })
  expect(many.errors).toEqual([{
    message: expect.stringMatching(/^This operation costs 1010; at most 1000 is allowed\. Ask for smaller pages/),
    extensions: { code: 'TOO_COSTLY', cost: { requested: 1_010, limit: 1_000 } },
  }])
})

test('a subscription that costs too much does not begin', async () => {
  await using acme = await tenant('ann')
  const query = `subscription { leaderboard(id: "x", top: 500) {
    ... on LeaderboardSnapshot { standings { user { team { name } } } } } }`
  expect((await over(acme.node.url, acme.as('ann').token, { query }))[0])
    .toMatchObject({ type: 'error', payload: [{ extensions: { code: 'TOO_COSTLY', cost: { requested: 1_500, limit: 1_000 } } }] })
})

test('quotas bind a person and a tenant, answer when to come again, and nothing is written', async () => {
  const quotas = { tenant: { requests: 8, cost: 1_000 }, user: { requests: 4, cost: 1_000 }, key: null, anonymous: 3 }
  const node = await testNode({ limits: { quotas } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann', 'bob', 'cy')
  await using rival = await tenantOn(node, { timeZone: 'UTC' }, 'eve')
  const { token } = acme.as('ann')
  for (const requests of [3, 2, 1, 0]) {
    expect((await acme.as('ann').ask(ROLE)).extensions)
      .toEqual({ cost: { requested: 1, limit: 1_000, remaining: { requests, cost: expect.any(Number) } } })
  }
  const input = { activityType: 'team_support', idempotencyKey: 'beyond-quota' }
  const refused = await send(node.url, { body: { query: RECORD, variables: { input } } }, token)
  const { code, retryAfterMs } = refused.json.errors[0].extensions
  expect([refused.status, code]).toEqual([429, 'RATE_LIMITED'])
  expect(Number(refused.headers.get('retry-after'))).toBe(Math.ceil(retryAfterMs / 1_000))
  expect(retryAfterMs).toBeLessThanOrEqual(15_000)
  expect(await acme.sql('select 1 from activity')).toEqual([])
  // Over a socket it is an error message of the operation, and the socket stays.
  expect((await over(node.url, token, { query: ROLE }))[0])
    .toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] })
  // Whoever else is there asks until the tenant's own quota ends, and the neighbor is not touched by any of it.
  for (const name of ['bob', 'bob', 'bob']) await acme.as(name).run(ROLE)
  const codes = []
  for (const name of ['cy', 'cy']) codes.push((await acme.as(name).ask(ROLE)).errors?.[0]!.extensions.code ?? 'good')
  expect(codes).toEqual(['good', 'RATE_LIMITED'])
  expect(await rival.as('eve').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
  // Without a token, addresses are counted.
  const strangers = await Promise.all([1, 2, 3, 4].map(() => send(node.url, { body: { query: '{ __typename }' } })))
  expect(strangers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429])
})

test('a document is known by its hash after it was sent once; in strict mode only trusted ones are answered', async () => {
  await using acme = await tenant('ann')
  const { token } = acme.as('ann')
  const text = '{ viewer { role tenant { name } } }'
  const unknown = await send(acme.node.url, { body: { extensions: persisted(text) } }, token)
  expect(unknown.json.errors)
    .toEqual([{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }])
  const wrong = await send(acme.node.url, { body: { query: ROLE, extensions: persisted(text) } }, token)
  expect([wrong.status, wrong.code]).toEqual([400, 'BAD_REQUEST'])
  const first = await send(acme.node.url, { body: { query: text, extensions: persisted(text) } }, token)
  expect(first.json.data.viewer.role).toBe('MEMBER')
  const byHash = { extensions: persisted(text) }
  expect((await send(acme.node.url, { body: byHash }, token)).json.data.viewer.role).toBe('MEMBER')
  const search = `?${new URLSearchParams({ extensions: JSON.stringify(byHash.extensions) })}`
  const byLink = await send(acme.node.url, { method: 'GET', path: `/graphql${search}` }, token)
  expect(byLink.json.data.viewer.role).toBe('MEMBER')
  expect((await over(acme.node.url, token, { query: '', ...byHash }))[0].payload.data.viewer.role).toBe('MEMBER')

  const trusted = new Map(Object.entries(manifestOf([ROLE])))
  const strict = await testNode({ limits: { trusted, isStrict: true } })
  await using acme2 = await tenantOn(strict, { timeZone: 'UTC' }, 'ann')
  const own = acme2.as('ann').token
  const asked = async (body: object) => {
    const { json, code } = await send(strict.url, { body }, own)
    return code ?? json.data.viewer.role
  }
  expect(await asked({ extensions: persisted(ROLE) })).toBe('MEMBER')
  expect(await asked({ query: ROLE })).toBe('MEMBER')
  expect(await asked({ query: text })).toBe('FORBIDDEN')
  expect(await asked({ query: text, extensions: persisted(text) })).toBe('FORBIDDEN')
  expect(await asked(byHash)).toBe('PERSISTED_QUERY_NOT_FOUND')
  expect((await over(strict.url, own, { query: text }))[0].payload[0].extensions.code).toBe('FORBIDDEN')
  expect((await send(strict.url, { path: '/graphql/stream', body: { query: text } }, own)).code).toBe('FORBIDDEN')
  expect((await send(strict.url, { path: '/api/v1/openapi.json', method: 'GET' })).status).toBe(200)
})

test('where introspection is closed, nothing tells what else there is', async () => {
  const node = await testNode({ limits: { introspection: false } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  await using open = await tenant('ann')
  const guesses: [string, object][] = [
    ['{ viewr { role } }', {}], ['{ viewer { rol } }', {}], ['{ users(frst: 1) { nodes { id } } }', {}],
    ['{ feedMessages(scope: TENAN) { __typename } }', {}],
    ['query($s: FeedScope!) { feedMessages(scope: $s) { __typename } }', { s: 'TENAN' }],
    ['mutation($i: TeamCreateInput!) { teamCreate(input: $i) { mark } }', { i: { nam: 'x', name: 'y' } }],
    ['{ node(id: "x") { ... on Usr { id } } }', {}],
  ]
  for (const [query, variables] of guesses) {
    const [shown, told] = await Promise.all([acme.as('ann').ask(query, variables), open.as('ann').ask(query, variables)])
    expect([query, shown.errors?.[0]!.extensions.code, shown.errors!.map(({ message }) => message).join()])
      .toEqual([query, 'BAD_REQUEST', expect.not.stringContaining('Did you mean')])
    expect([query, told.errors!.map(({ message }) => message).join()]).toEqual([query, expect.stringContaining('Did you mean')])
    const [first] = await over(node.url, acme.as('ann').token, { query, variables })
    expect(JSON.stringify(first)).not.toContain('Did you mean')
  }
  for (const query of [getIntrospectionQuery(), '{ __type(name: "User") { fields { name } } }']) {
    expect((await acme.as('ann').ask(query)).errors![0]!.extensions.code).toBe('BAD_REQUEST')
  }
  expect(await acme.as('ann').run('{ viewer { __typename role } }')).toEqual({ viewer: { __typename: 'Viewer', role: 'MEMBER' } })
})

test('what was sent is repeated up to a hundred characters', async () => {
  await using acme = await tenant('ann')
  const long = 'x'.repeat(20_000)
  const asked: [string, object][] = [
    [`{ ${long} }`, {}], [`{ viewer { ${long} } }`, {}], [`{ users(${long}: 1) { nodes { id } } }`, {}],
    [`{ node(id: "${long}") { id } }`, {}],
    ['query($n: Int!) { users(first: $n) { nodes { id } } }', { n: long }],
    ['query($n: Int!) { users(first: $n) { nodes { id } } }', { n: `${'word '.repeat(4_000)}` }],
    ['query($s: FeedScope!) { feedMessages(scope: $s) { __typename } }', { s: long }],
    ['mutation($i: TeamCreateInput!) { teamCreate(input: $i) { mark } }', { i: { name: 'x', [long]: 1 } }],
    [`query ${long} { viewer { role } } query B { viewer { role } }`, {}],
  ]
  for (const [query, variables] of asked) {
    const { errors } = await acme.as('ann').ask(query, variables)
    for (const { message } of errors!) {
      expect(message.length).toBeLessThanOrEqual(501)
      expect(message).not.toMatch(/x{101}|(word ){25}/)
    }
  }
})
