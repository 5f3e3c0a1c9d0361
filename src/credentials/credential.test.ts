import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Person, RECORD, tenant, testNode, type TestTenant, tokenOf, uuid } from '../../test/harness.ts'

const KEY_CREATE = `mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  apiKey { id name prefix role scopes expiresAt lastUsedAt revokedAt createdBy { name } } secret mark
  userErrors { code field message } } }`
const KEY_REVOKE = `mutation($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) {
  apiKey { id revokedAt } mark userErrors { code field } } }`
const KEYS = '{ apiKeys { nodes { id name prefix lastUsedAt revokedAt } } }'
const SCREEN_CREATE = `mutation($input: ScreenTokenCreateInput!) { screenTokenCreate(input: $input) {
  screenToken { id name prefix leaderboards { id } createdBy { name } } link mark userErrors { code field message } } }`
const SCREEN_REVOKE = `mutation($input: ScreenTokenRevokeInput!) { screenTokenRevoke(input: $input) {
  screenToken { id revokedAt } userErrors { code field } } }`
const BOARD = 'mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) { leaderboard { id } } }'
const FOLLOW = `subscription($id: ID!) { leaderboard(id: $id) { __typename
  ... on LeaderboardSnapshot { standings { user { id name team { name } } } } ... on LeaderboardDelta { changes { points } } } }`

/** Returns the answer of an API key's creation. */
async function keyOf(acme: TestTenant, input: object = {}) {
  const { apiKeyCreate } = await acme.as('ann').run(
    KEY_CREATE, { input: { name: 'Importer', role: 'ADMIN', scopes: ['activity.*', 'viewer.read'], ...input } })
  return apiKeyCreate as { apiKey: any; secret: string; mark: string; userErrors: object[] } // eslint-disable-line
}
const boardOf = async (acme: TestTenant, name = 'Board'): Promise<string> =>
  (await acme.as('ann').run(BOARD, { input: { name, subject: 'USER', period: 'ALL_TIME' } })).leaderboardCreate.leaderboard.id
/** Returns a screen's link and the token in it. */
async function screenOf(acme: TestTenant, leaderboardIds: string[], input: object = {}) {
  const { screenTokenCreate } = await acme.as('ann').run(SCREEN_CREATE, { input: { name: 'Lobby', leaderboardIds, ...input } })
  const { screenToken, link, userErrors } = screenTokenCreate
  return { screenToken, link: link as string, token: link?.split('#screen=')[1] as string, userErrors }
}

test('an API key is shown once, acts without a person, and its commands are audited under it', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const { apiKey, secret, mark, userErrors } = await keyOf(acme)
  expect(userErrors).toEqual([])
  expect(secret).toMatch(/^lk_[0-9a-z]{8}_[\w-]{43}$/)
  expect(mark).toEqual(expect.any(String))
  expect(apiKey).toEqual({
    id: expect.stringMatching(/^key_/), name: 'Importer', prefix: secret.slice(0, 11), role: 'ADMIN',
    scopes: ['activity.*', 'viewer.read'], expiresAt: null, lastUsedAt: null, revokedAt: null, createdBy: { name: 'ann' },
  })
  const key = new Person(acme.node.url, secret)
  expect(await key.run('{ viewer { user { id } role tenant { slug } } }'))
    .toEqual({ viewer: { user: null, role: 'ADMIN', tenant: { slug: acme.slug } } })
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'from-a-key', userId: acme.id('bob') }
  expect((await key.run(RECORD, { input })).activityRecord)
    .toMatchObject({ activity: { user: { id: acme.id('bob') } }, userErrors: [] })
  expect(await acme.points('bob')).toBeGreaterThan(0)
  await acme.audited()
  expect(await acme.sql(`select actor_kind as kind, actor_id as "actorId", credential_id as id from audit_entry
    where action = 'activity.record'`)).toEqual([{ kind: 'KEY', actorId: null, id: uuid('ApiKey', apiKey.id) }])
  expect(await acme.sql(`select subject from audit_entry where action = 'apiKey.write'`))
    .toEqual([{ subject: `api_key:${uuid('ApiKey', apiKey.id)}` }])
})

test('idempotency keys of two API keys are two: neither reads what the other sent', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const scopes = ['activity.*', 'revenue.*', 'metric.*']
  const keys = await Promise.all([keyOf(acme, { scopes }), keyOf(acme, { scopes })])
  for (const [at, { secret }] of keys.entries()) {
    const answers = await new Person(acme.node.url, secret).run(`mutation($userId: ID!, $client: String!, $value: Decimal!) {
      activityRecord(input: { activityType: "meeting_scheduled", idempotencyKey: "same-key-1", userId: $userId }) { ...Answer }
      revenueRecord(input: { amount: { amount: "10.00", currency: "EUR" }, idempotencyKey: "same-key-2", client: $client }) {
        idempotencyHit userErrors { code } }
      metricRecord(input: { metric: "headcount", value: $value, idempotencyKey: "same-key-3" }) {
        idempotencyHit userErrors { code } }
    } fragment Answer on ActivityRecordPayload { idempotencyHit userErrors { code } }`,
    { userId: acme.id('bob'), client: `Client ${at}`, value: String(at + 1) })
    for (const answer of Object.values(answers)) expect(answer).toEqual({ idempotencyHit: false, userErrors: [] })
  }
})

test('a key reaches as far as its scopes and its role, whichever is less', async () => {
  await using acme = await tenant('ann:ADMIN')
  const narrow = new Person(acme.node.url, (await keyOf(acme, { scopes: ['leaderboard.read'] })).secret)
  expect(await narrow.run('{ leaderboards { nodes { id } } }')).toEqual({ leaderboards: { nodes: [] } })
  expect((await narrow.ask('{ users { nodes { id } } }')).errors).toMatchObject([{
    message: 'This key was not given user.read: make one with that scope, or use another.',
    extensions: { code: 'FORBIDDEN', action: 'user.read' },
  }])
  const reader = new Person(acme.node.url, (await keyOf(acme, { role: 'VIEWER', scopes: ['user.*', 'team.*'] })).secret)
  expect((await reader.run('{ users { nodes { name } } }')).users.nodes).toEqual([{ name: 'ann' }])
  expect((await reader.ask(`mutation { teamCreate(input: { name: "Greens" }) { mark } }`)).errors)
    .toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
})

test('what hands out power takes a person who signed in within 15 minutes; taking it back does not', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { apiKey, secret } = await keyOf(acme, { scopes: ['apiKey.*', 'user.*'] })
  const late = await tokenOf(acme.tenantId, uuid('User', acme.id('ann')), 'ADMIN', new Date(Date.now() - 16 * 60_000))
  const wish = { input: { name: 'More', role: 'ADMIN', scopes: ['user.read'] } }
  expect((await new Person(acme.node.url, late).ask(KEY_CREATE, wish)).errors).toMatchObject([{
    message: 'Sign in again: this needs a sign-in of the last 15 minutes.', extensions: { code: 'FORBIDDEN' } }])
  expect((await new Person(acme.node.url, secret).ask(KEY_CREATE, wish)).errors).toMatchObject([{
    message: 'This needs a person who is signed in.', extensions: { code: 'FORBIDDEN' } }])
  expect(await acme.sql('select count(*)::int as count from api_key')).toEqual([{ count: 1 }])
  const { apiKeyRevoke } = await new Person(acme.node.url, late).run(KEY_REVOKE, { input: { apiKeyId: apiKey.id } })
  expect(apiKeyRevoke).toMatchObject({ apiKey: { id: apiKey.id, revokedAt: expect.any(String) }, userErrors: [] })
})

const YEARS_AHEAD = new Date(Date.now() + 11 * 366 * 86_400_000).toISOString()
test.each<[string, object, string, string]>([
  ['without a scope', { scopes: [] }, 'OUT_OF_RANGE', 'scopes'],
  ['with a scope that is no action', { scopes: ['everything'] }, 'INVALID', 'scopes'],
  ['with a wildcard for all', { scopes: ['*'] }, 'INVALID', 'scopes'],
  ['with a wildcard of no room', { scopes: ['prize.*'] }, 'INVALID', 'scopes'],
  ['with a scope of the prototype', { scopes: ['__proto__'] }, 'INVALID', 'scopes'],
  ['with a scope that keys may not take', { scopes: ['apiKey.write'] }, 'INVALID', 'scopes'],
  ['with 51 scopes', { scopes: Array.from({ length: 51 }, (_, at) => `activity.${at}`) }, 'OUT_OF_RANGE', 'scopes'],
  ['without a name', { name: '  ' }, 'INVALID', 'name'],
  ['with NUL in its name', { name: 'a\0b' }, 'INVALID', 'name'],
  ['that has expired', { expiresAt: '2020-01-01T00:00:00.000Z' }, 'OUT_OF_RANGE', 'expiresAt'],
  ['for eleven years', { expiresAt: YEARS_AHEAD }, 'OUT_OF_RANGE', 'expiresAt'],
])('a key %s is refused and nothing is written', async (_title, change, code, field) => {
  await using acme = await tenant('ann:ADMIN')
  const { apiKey, secret, mark, userErrors } = await keyOf(acme, change)
  expect({ apiKey, secret, mark, userErrors })
    .toEqual({ apiKey: null, secret: null, mark: null, userErrors: [{ code, field: [field], message: expect.any(String) }] })
  expect(await acme.sql('select (select count(*)::int from api_key) as keys, (select count(*)::int from directory) as entries'))
    .toEqual([{ keys: 0, entries: 1 }]) // The slug.
})

test('a key taken back closes its sockets and streams at once, and does not exist from then on', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { apiKey, secret } = await keyOf(acme, { scopes: ['feed.*', 'viewer.read'] })
  const key = new Person(acme.node.url, secret)
  const socket = key.subscribe('subscription { feed(scope: TENANT) { __typename } }')
  await socket.next()
  const events = await fetch(`${acme.node.url}/graphql/stream`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ query: 'subscription { feed(scope: TENANT) { __typename } }' }) })
  const begunMs = Date.now()
  for (const mark of [expect.any(String), null]) {
    const { apiKeyRevoke } = await acme.as('ann').run(KEY_REVOKE, { input: { apiKeyId: apiKey.id } })
    expect(apiKeyRevoke).toMatchObject({ mark, userErrors: [] })
  }
  await socket.until(() => socket.closedWith !== null)
  expect(socket.closedWith).toEqual({ code: 4401, reason: 'The API key was taken back: ask an admin for a new one.' })
  expect(await events.text()).toMatch(/event: complete/)
  expect(Date.now() - begunMs).toBeLessThan(5_000)
  const late = await key.ask('{ viewer { role } }')
  expect(late.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  const again = key.subscribe('subscription { feed(scope: TENANT) { __typename } }')
  await again.until(() => again.closedWith !== null)
  expect(again.closedWith!.code).toBe(4401)
  expect((await acme.as('ann').run(KEYS)).apiKeys.nodes).toMatchObject([{ id: apiKey.id, revokedAt: expect.any(String) }])
})

test('a node that did not take the key back hears of it by the event', async () => {
  await using acme = await tenant('ann:ADMIN')
  const other = await testNode({ addresses: acme.node.db.addresses, relay: false })
  const { apiKey, secret } = await keyOf(acme, { scopes: ['feed.*', 'viewer.read'] })
  const socket = new Person(other.url, secret).subscribe('subscription { feed(scope: TENANT) { __typename } }')
  await socket.next()
  await acme.as('ann').run(KEY_REVOKE, { input: { apiKeyId: apiKey.id } })
  await socket.until(() => socket.closedWith !== null)
  expect(socket.closedWith!.code).toBe(4401)
  expect((await new Person(other.url, secret).ask('{ viewer { role } }')).errors)
    .toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
})

test('a key that expires is refused, and its last use is noted at most once a minute, beside the requests', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { apiKey, secret } = await keyOf(acme, { expiresAt: new Date(Date.now() + 1_500).toISOString() })
  const key = new Person(acme.node.url, secret)
  await key.run('{ viewer { role } }')
  const usedAt = async () => (await acme.as('ann').run(KEYS)).apiKeys.nodes[0].lastUsedAt as string | null
  for (let tries = 0; tries < 100 && !await usedAt(); tries++) await sleep(10)
  const first = await usedAt()
  expect(Date.now() - Date.parse(first!)).toBeLessThan(10_000)
  await key.run('{ viewer { role } }')
  await sleep(100)
  expect(await usedAt()).toBe(first)
  await sleep(Math.max(0, Date.parse(apiKey.expiresAt) - Date.now()) + 50)
  expect((await key.ask('{ viewer { role } }')).errors).toMatchObject([{
    message: 'The API key has expired: ask an admin for a new one.', extensions: { code: 'UNAUTHENTICATED' } }])
})

test('another tenant\'s keys and links do not exist, nor do invented ones', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('ann:ADMIN')
  const { apiKey, secret } = await keyOf(acme)
  const board = await boardOf(acme)
  const { screenToken } = await screenOf(acme, [board])
  const eve = rival.as('ann')
  expect((await eve.run(KEY_REVOKE, { input: { apiKeyId: apiKey.id } })).apiKeyRevoke)
    .toEqual({ apiKey: null, mark: null, userErrors: [{ code: 'NOT_FOUND', field: ['apiKeyId'] }] })
  expect((await eve.run(SCREEN_REVOKE, { input: { screenTokenId: screenToken.id } })).screenTokenRevoke)
    .toEqual({ screenToken: null, userErrors: [{ code: 'NOT_FOUND', field: ['screenTokenId'] }] })
  expect(await eve.run(`{ key: node(id: "${apiKey.id}") { id } screen: node(id: "${screenToken.id}") { id }
    apiKeys { nodes { id } } screenTokens { nodes { id } } }`))
    .toEqual({ key: null, screen: null, apiKeys: { nodes: [] }, screenTokens: { nodes: [] } })
  expect(await screenOf(rival, [board])).toMatchObject({
    screenToken: null, link: null, userErrors: [{ code: 'NOT_FOUND', field: ['leaderboardIds'] }] })
  expect(await rival.sql('select id from screen_token')).toEqual([])
  expect(await rival.sql('select kind from directory')).toEqual([{ kind: 'slug' }])
  const sentence = 'There is no such API key, or it was taken back: ask an admin for a new one.'
  for (const wrong of [`${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`, `lk_00000000_${'a'.repeat(43)}`]) {
    expect((await new Person(acme.node.url, wrong).ask('{ viewer { role } }')).errors)
      .toMatchObject([{ message: sentence, extensions: { code: 'UNAUTHENTICATED' } }])
  }
  expect((await new Person(acme.node.url, `${secret}x`).ask('{ viewer { role } }')).errors)
    .toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
})

test('a screen shows its boards live, without a person, and nothing else of the tenant', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const [shown, other] = [await boardOf(acme), await boardOf(acme, 'Other')]
  const { screenToken, link, token } = await screenOf(acme, [shown])
  expect(screenToken).toEqual({
    id: expect.stringMatching(/^scr_/), name: 'Lobby', prefix: token.slice(0, 11), leaderboards: [{ id: shown }],
    createdBy: { name: 'ann' } })
  expect(link).toMatch(new RegExp(`^/live/${shown}#screen=ls_[0-9a-z]{8}_[\\w-]{43}$`))
  const screen = new Person(acme.node.url, token)
  expect(await screen.run(`{ viewer { user { id } role } leaderboards { nodes { id } } other: leaderboard(id: "${other}") { id }
    bob: node(id: "${acme.id('bob')}") { id } }`))
    .toEqual({ viewer: { user: null, role: 'VIEWER' }, leaderboards: { nodes: [{ id: shown }] }, other: null, bob: null })
  const stream = screen.subscribe(FOLLOW, { id: shown })
  expect(await stream.next()).toEqual({ __typename: 'LeaderboardSnapshot', standings: [] })
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'on-a-screen', userId: acme.id('bob') }
  await acme.as('ann').run(RECORD, { input })
  expect(await stream.next()).toMatchObject({ __typename: 'LeaderboardDelta', changes: [{ points: expect.any(Number) }] })
  stream.close()
  for (const refused of [
    '{ feedMessages(scope: TENANT) { __typename } }', '{ users { nodes { id } } }', '{ teams { nodes { id } } }',
    '{ activities { nodes { id } } }', '{ apiKeys { nodes { id } } }', 'mutation { teamCreate(input: { name: "X" }) { mark } }',
  ]) {
    expect([refused, (await screen.ask(refused)).errors?.[0]?.extensions.code]).toEqual([refused, 'FORBIDDEN'])
  }
  const elsewhere = screen.subscribe(FOLLOW, { id: other })
  await elsewhere.until(() => elsewhere.errors.length > 0)
  expect(elsewhere.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  elsewhere.close()
})

test('of a person a screen learns the name and the team, by no way round anything more', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const board = await boardOf(acme)
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'name-only-1', userId: acme.id('bob') }
  await acme.as('ann').run(RECORD, { input })
  const screen = new Person(acme.node.url, (await screenOf(acme, [board])).token)
  const standings = (fields: string) => `{ leaderboard(id: "${board}") { standings { nodes { ${fields} } } } }`
  const SHOWN = 'rank points user { __typename id name team { id name department { name } } }'
  const { leaderboard } = await screen.run(standings(SHOWN))
  expect(leaderboard.standings.nodes).toMatchObject([{ rank: 1, user: { name: 'bob', team: { name: 'Reds' } } }])
  for (const [fields, field] of [
    ['user { email }', 'User.email'], ['user { role }', 'User.role'], ['user { manager { name } }', 'User.manager'],
    ['user { team { lead { name } } }', 'Team.lead'], ['user { ...F }', 'User.email'],
    ['user { ... on Node { ... on User { points } } }', 'User.points'],
  ] as const) {
    const fragment = fields.includes('...F') ? ' fragment F on User { email }' : ''
    const { data, errors } = await screen.ask(standings(fields) + fragment)
    expect([data, errors]).toMatchObject([{ leaderboard: null }, [{
      message: `A screen does not show ${field}: take it out, or use a personal token.`, extensions: { code: 'FORBIDDEN' } }]])
  }
  const stream = screen.subscribe(`subscription { leaderboard(id: "${board}") { ... on LeaderboardSnapshot {
    standings { user { email } } } } }`)
  await stream.until(() => stream.errors.length > 0)
  expect([stream.messages, stream.errors]).toMatchObject([[], [{ extensions: { code: 'FORBIDDEN' } }]])
  stream.close()
})

test('a link taken back closes the screens that show it', async () => {
  await using acme = await tenant('ann:ADMIN')
  const board = await boardOf(acme)
  const { screenToken, token } = await screenOf(acme, [board])
  const screen = new Person(acme.node.url, token).subscribe(FOLLOW, { id: board })
  await screen.next()
  const { screenTokenRevoke } = await acme.as('ann').run(SCREEN_REVOKE, { input: { screenTokenId: screenToken.id } })
  expect(screenTokenRevoke).toMatchObject({ screenToken: { revokedAt: expect.any(String) }, userErrors: [] })
  await screen.until(() => screen.closedWith !== null)
  expect(screen.closedWith).toEqual({ code: 4401, reason: 'The link of this screen was taken back: ask an admin for a new one.' })
})

test('no secret is in any table, event or audit entry, nor what it could be found by', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { secret } = await keyOf(acme)
  const { token } = await screenOf(acme, [await boardOf(acme)])
  await new Person(acme.node.url, secret).run('{ viewer { role } }')
  await acme.settled()
  await acme.audited()
  const texts: string[] = []
  for (const table of ['api_key', 'screen_token', 'directory', 'event_log', 'audit_entry', 'command_key']) {
    const rows = await acme.sql<{ text: string }>(`select row_to_json(${table})::text as text from ${table}`)
    texts.push(...rows.map(({ text }) => text))
  }
  expect(texts.length).toBeGreaterThan(5)
  for (const part of [secret, secret.slice(12), token, token.slice(12)]) {
    expect(texts.filter(text => text.includes(part))).toEqual([])
    expect(texts.filter(text => text.includes(Buffer.from(part).toString('hex')))).toEqual([])
  }
})
