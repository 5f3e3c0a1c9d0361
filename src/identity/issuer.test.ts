import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newKey, Provider } from '../../test/provider.ts'
import { Person, tenantOn, testNode, type TestTenant, tokenOf, uuid } from '../../test/harness.ts'
import { claimAt } from './issuer.rules.ts'

const CREATE = `mutation($input: IssuerCreateInput!) { issuerCreate(input: $input) {
  issuer { id url audience jwksUrl subjectClaim subjectKind roleClaim roles { value role } provedClaim active
    keys { isUsable keys { kid algorithm } problem readAt } }
  mark userErrors { code field message } } }`
const UPDATE = `mutation($input: IssuerUpdateInput!) { issuerUpdate(input: $input) {
  issuer { active roleClaim roles { value role } subjectKind } userErrors { code field } } }`
const DELETE = `mutation($input: IssuerDeleteInput!) { issuerDelete(input: $input) { deletedId userErrors { code field } } }`
const VIEWER = '{ viewer { role user { id name } tenant { slug } } }'
const FEED = 'subscription { feed(scope: TENANT) { __typename } }'
const COOL_MS = 300
const INACTIVE = 'The person of this token is not active here. Ask an admin of your tenant.'

const node = await testNode({ issuerKeys: { isPrivateAllowed: true, coolMs: COOL_MS, waitMs: 500 } })
const company = (...people: string[]) => tenantOn(node, { timeZone: 'UTC' }, ...people)
const aud = (acme: TestTenant) => `laurel-${acme.slug}`

/** Sets the provider up for a tenant and returns the answer. */
async function setUp(acme: TestTenant, provider: Provider, change: object = {}) {
  const input = { url: provider.url, audience: aud(acme), jwksUrl: provider.jwksUrl, ...change }
  return (await acme.as('ann').run(CREATE, { input })).issuerCreate as any // eslint-disable-line
}
const withToken = (token: string) => new Person(node.url, token)
const emailOf = (acme: TestTenant, name: string) => `${name}@${acme.slug}.example`

test('people sign in by tokens of their issuer, in each of three algorithms, and no other tenant\'s', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN', 'bob:MANAGER')
  await using rival = await company('ann:ADMIN', 'eve')
  const { issuer, userErrors, mark } = await setUp(acme, provider)
  expect([userErrors, mark]).toEqual([[], expect.any(String)])
  expect(issuer).toEqual({
    id: expect.stringMatching(/^iss_/), url: provider.url, audience: aud(acme), jwksUrl: provider.jwksUrl, subjectClaim: 'email',
    subjectKind: 'EMAIL', roleClaim: null, roles: [], provedClaim: 'auth_time', active: true,
    keys: {
      isUsable: true, problem: null, readAt: expect.any(String),
      keys: provider.keys.map(({ kid, algorithm }) => ({ kid, algorithm })),
    },
  })
  await setUp(rival, provider)
  for (const key of provider.keys) {
    const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'bob').toUpperCase() }, key)
    expect(await withToken(token).run(VIEWER))
      .toEqual({ viewer: { role: 'MANAGER', user: { id: acme.id('bob'), name: 'bob' }, tenant: { slug: acme.slug } } })
    const stream = withToken(token).subscribe(FEED)
    expect(await stream.next()).toEqual({ __typename: 'FeedSnapshot' })
    stream.close()
  }
  // The audience leads to the other tenant, where nobody has this address; a claim that names a tenant is not read.
  const elsewhere = await provider.sign({ aud: aud(rival), email: emailOf(acme, 'bob'), tenant: acme.tenantId })
  expect((await withToken(elsewhere).ask(VIEWER)).errors).toMatchObject([{
    message: INACTIVE, extensions: { code: 'UNAUTHENTICATED' } }])
  const both = await provider.sign({ aud: [aud(acme), aud(rival)], email: emailOf(acme, 'bob') })
  expect((await withToken(both).ask(VIEWER)).errors).toMatchObject([{
    message: 'This token is for more than one tenant: ask for one with a single audience.' }])
  const listed = await provider.sign({ aud: ['account', aud(acme)], email: emailOf(acme, 'bob') })
  expect((await withToken(listed).run(VIEWER)).viewer.user.name).toBe('bob')
})

test('the claims are read as the admins said: by id, by a path, with roles by the first that fits', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN', 'bob')
  await setUp(acme, provider, {
    subjectClaim: 'https://acme.example/user', subjectKind: 'USER_ID', roleClaim: 'realm_access.roles',
    roles: [{ value: 'finance', role: 'FINANCE' }, { value: 'staff', role: 'MEMBER' }],
  })
  const sign = (claims: object) => provider.sign({ aud: aud(acme), ...claims })
  const asked = async (claims: object) => (await withToken(await sign(claims)).ask(VIEWER))
  for (const id of [acme.id('bob'), uuid('User', acme.id('bob'))]) {
    const { data } = await asked({ 'https://acme.example/user': id, realm_access: { roles: ['x', 'staff', 'finance'] } })
    expect(data.viewer).toMatchObject({ role: 'FINANCE', user: { name: 'bob' } })
  }
  const user = { 'https://acme.example/user': acme.id('bob') }
  const NO_ROLE = 'The token grants no role here: ask an admin of your tenant which group you need.'
  for (const claims of [
    user, { ...user, realm_access: { roles: [] } }, { ...user, realm_access: { roles: ['FINANCE', '0', '__proto__'] } },
    { ...user, realm_access: 'finance' }, { ...user, realm_access: { roles: { finance: true } } },
  ]) {
    expect((await asked(claims)).errors).toMatchObject([{ message: NO_ROLE, extensions: { code: 'UNAUTHENTICATED' } }])
  }
  for (const id of ['', 'bob', 7, null, 'usr_zzz', acme.tenantId]) {
    const { errors } = await asked({ 'https://acme.example/user': id, realm_access: { roles: ['staff'] } })
    expect([id, errors?.[0]?.extensions.code]).toEqual([id, 'UNAUTHENTICATED'])
  }
})

test('an address that the issuer has not verified signs nobody in', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  await setUp(acme, provider)
  const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'ann'), email_verified: false })
  expect((await withToken(token).ask(VIEWER)).errors).toMatchObject([{
    message: 'The e-mail address of this token is not verified: verify it where you sign in.' }])
})

test('what hands out power asks for the time of the sign-in, which a token may not put ahead', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  await setUp(acme, provider)
  const seconds = Math.floor(Date.now() / 1_000)
  const answers: unknown[] = []
  for (const proved of [seconds, seconds - 16 * 60, seconds + 3_600, undefined, '2026', -1]) {
    const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'ann'), auth_time: proved })
    const { data, errors } = await withToken(token).ask(DELETE, { input: { issuerId: 'iss_00000000000000000000000000' } })
    answers.push(errors?.[0]?.message ?? data.issuerDelete.userErrors[0].code)
  }
  const AGAIN = 'Sign in again: this needs a sign-in of the last 15 minutes.'
  expect(answers).toEqual(['NOT_FOUND', AGAIN, AGAIN, AGAIN, AGAIN, AGAIN])
})

test('keys change: a new one is fetched when a token names it, an old one counts while it is kept, storms ask once', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  await setUp(acme, provider)
  const claims = { aud: aud(acme), email: emailOf(acme, 'ann') }
  const [old] = provider.keys
  const fresh = await newKey('ES256')
  provider.keys.splice(0, 1, fresh)
  expect((await withToken(await provider.sign({ ...claims, jti: '0' }, old)).run(VIEWER)).viewer.role).toBe('ADMIN')
  expect(provider.requests).toBe(1)
  await sleep(COOL_MS)
  expect((await withToken(await provider.sign(claims, fresh)).run(VIEWER)).viewer.role).toBe('ADMIN')
  expect(provider.requests).toBe(2)
  expect((await withToken(await provider.sign({ ...claims, jti: '1' }, old)).ask(VIEWER)).errors)
    .toMatchObject([{ message: 'The issuer publishes no key that signed this token: sign in again.' }])
  const stray = await newKey('ES256')
  const tokens = await Promise.all(Array.from({ length: 200 }, (_, at) => provider.sign(claims, stray, { kid: `stray-${at}` })))
  const begunMs = Date.now()
  const codes = await Promise.all(tokens.map(async token => (await withToken(token).ask(VIEWER)).errors?.[0]?.extensions.code))
  expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']))
  expect(provider.requests).toBeLessThanOrEqual(3 + Math.ceil((Date.now() - begunMs) / COOL_MS))
  expect((await withToken(await provider.sign({ ...claims, jti: '2' }, fresh)).run(VIEWER)).viewer.role).toBe('ADMIN')
})

test('admins are told of an issuer that is away, slow, too talkative or talks nonsense; kept keys count meanwhile', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  await setUp(acme, provider)
  const KEYS = '{ issuers { nodes { keys { isUsable problem } } } }'
  const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'ann') })
  const large = 'x'.repeat(300 * 1_024)
  for (const [reply, problem] of [
    [(_: unknown, response: any) => response.writeHead(500).end('secret page'), 'It answered with status 500 instead of 200.'],
    [(_: unknown, response: any) => response.writeHead(302, { location: provider.jwksUrl }).end(),
      'It answered with status 302 instead of 200.'],
    [(_: unknown, response: any) => response.end('<html>'), 'Its answer is not JSON.'],
    [(_: unknown, response: any) => response.end('[]'), 'Its answer is no key set (JWKS): an object with "keys".'],
    [(_: unknown, response: any) => response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"__proto__"},null]}'),
      'It publishes no key for RS256, ES256 or EdDSA.'],
    [(_: unknown, response: any) => response.end(large), 'Its answer is larger than 256 KB.'],
    [() => {}, 'It did not answer within 0.5 s.'],
    [(_: unknown, response: any) => { response.write('{"keys":'); response.destroySoon?.() }, 'It did not answer within 0.5 s.'],
  ] as [(request: unknown, response: any) => void, string][]) { // eslint-disable-line
    const other = await company('ann:ADMIN')
    provider.reply = reply
    const { issuer } = await setUp(other, provider, { jwksUrl: `${provider.jwksUrl}?${other.slug}` })
    expect(issuer.keys).toEqual({ isUsable: false, keys: [], problem, readAt: null })
    const early = await provider.sign({ aud: aud(other), email: emailOf(other, 'ann') })
    expect((await withToken(early).ask(VIEWER)).errors).toMatchObject([{
      message: 'The keys of your identity provider cannot be read at the moment. Try again.',
      extensions: { code: 'UNAVAILABLE', retryAfterMs: 5_000 } }])
    const socket = withToken(early).subscribe(FEED)
    await socket.until(() => socket.closedWith !== null)
    expect(socket.closedWith!.code).toBe(1013)
  }
  expect((await withToken(token).run(KEYS)).issuers.nodes).toEqual([{ keys: { isUsable: true, problem: null } }])
})

test('an issuer switched off, changed or removed is felt at once, also by open connections', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN', 'bob')
  const { issuer } = await setUp(acme, provider)
  const change = (input: object) => acme.as('ann').run(UPDATE, { input: { issuerId: issuer.id, ...input } })
  const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'bob'), groups: ['staff'] })
  const stream = withToken(token).subscribe(FEED)
  await stream.next()
  await change({ roleClaim: 'groups', roles: [{ value: 'staff', role: 'MEMBER' }] }) // The same role: nobody is disturbed.
  expect((await withToken(token).run(VIEWER)).viewer.role).toBe('MEMBER')
  await sleep(200)
  expect(stream.closedWith).toBeNull()
  await change({ roles: [{ value: 'staff', role: 'VIEWER' }] })
  await stream.until(() => stream.closedWith !== null)
  expect(stream.closedWith).toEqual({ code: 4401, reason: 'What this token grants has changed: connect again.' })
  expect((await withToken(token).run(VIEWER)).viewer.role).toBe('VIEWER')
  const again = withToken(token).subscribe(FEED)
  await again.next()
  expect((await change({ active: false })).issuerUpdate).toMatchObject({ issuer: { active: false }, userErrors: [] })
  await again.until(() => again.closedWith !== null)
  expect(again.closedWith).toEqual({ code: 4401, reason: 'Sign-in by this issuer is switched off: ask an admin of your tenant.' })
  expect((await withToken(token).ask(VIEWER)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  await change({ active: true })
  const last = withToken(token).subscribe(FEED)
  await last.next()
  const { issuerDelete } = await acme.as('ann').run(DELETE, { input: { issuerId: issuer.id } })
  expect(issuerDelete).toEqual({ deletedId: issuer.id, userErrors: [] })
  await last.until(() => last.closedWith !== null)
  expect(last.closedWith!.code).toBe(4401)
  expect((await withToken(token).ask(VIEWER)).errors).toMatchObject([{
    message: 'The issuer and audience of this token are not set up here: ask an admin.' }])
  expect((await acme.emitted()).filter(topic => topic.startsWith('identity.')))
    .toEqual(['identity.issuer_created', ...Array<string>(4).fill('identity.issuer_updated'), 'identity.issuer_deleted'])
})

test('a person who left is refused, though their token is good', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN', 'bob')
  await setUp(acme, provider)
  const token = await provider.sign({ aud: aud(acme), email: emailOf(acme, 'bob') })
  await withToken(token).run(VIEWER)
  await acme.as('ann').run(`mutation { userDeactivate(input: { userId: "${acme.id('bob')}" }) { mark } }`)
  expect((await withToken(token).ask(VIEWER)).errors).toMatchObject([{
    message: INACTIVE, extensions: { code: 'UNAUTHENTICATED' } }])
})

test('another tenant\'s issuer does not exist, and its audience is not given twice', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  await using rival = await company('ann:ADMIN')
  const { issuer } = await setUp(acme, provider)
  expect(await setUp(rival, provider, { audience: aud(acme) })).toMatchObject({
    issuer: null, mark: null, userErrors: [{ code: 'TAKEN', field: ['audience'] }] })
  expect(await rival.sql('select id from issuer')).toEqual([])
  expect(await rival.sql('select kind from directory')).toEqual([{ kind: 'slug' }])
  const eve = rival.as('ann')
  expect(await eve.run(`{ node(id: "${issuer.id}") { id } issuers { nodes { id } } }`))
    .toEqual({ node: null, issuers: { nodes: [] } })
  for (const [text, root] of [[UPDATE, 'issuerUpdate'], [DELETE, 'issuerDelete']] as const) {
    expect((await eve.run(text, { input: { issuerId: issuer.id } }))[root])
      .toMatchObject({ userErrors: [{ code: 'NOT_FOUND', field: ['issuerId'] }] })
  }
})

test.each<[string, object, string]>([
  ['no URL', { url: 'login' }, 'url'], ['a query in its name', { url: 'https://login.example.com/?a=1' }, 'url'],
  ['a password in its name', { url: 'https://a:b@login.example.com/' }, 'url'],
  ['keys in a file', { jwksUrl: 'file:///etc/passwd' }, 'jwksUrl'],
  ['keys at the metadata of a cloud', { jwksUrl: 'http://169.254.169.254/latest' }, 'jwksUrl'],
  ['no audience', { audience: ' ' }, 'audience'], ['NUL in its audience', { audience: 'a\0' }, 'audience'],
  ['roles without a claim', { roles: [{ value: 'a', role: 'ADMIN' }] }, 'roleClaim'],
  ['a role claim without roles', { roleClaim: 'groups' }, 'roles'],
  ['a value that grants two roles',
    { roleClaim: 'groups', roles: [{ value: 'a', role: 'ADMIN' }, { value: 'a', role: 'VIEWER' }] }, 'roles'],
])('an issuer with %s is refused and nothing is written', async (_title, change, field) => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN')
  expect(await setUp(acme, provider, change))
    .toMatchObject({ issuer: null, mark: null, userErrors: [{ code: 'INVALID', field: [field] }] })
  expect(await acme.sql('select kind from directory')).toEqual([{ kind: 'slug' }])
  expect([provider.requests, await acme.sql('select id from issuer')]).toEqual([0, []])
})

test('only an admin who signed in a short while ago changes whose tokens are believed', async () => {
  await using provider = await Provider.open()
  await using acme = await company('ann:ADMIN', 'bob:MANAGER')
  const input = { url: provider.url, audience: aud(acme), jwksUrl: provider.jwksUrl }
  expect((await acme.as('bob').ask(CREATE, { input })).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  const late = await tokenOf(acme.tenantId, uuid('User', acme.id('ann')), 'ADMIN', new Date(Date.now() - 16 * 60_000))
  expect((await withToken(late).ask(CREATE, { input })).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect(await acme.sql('select id from issuer')).toEqual([])
})

test('unless the operator allows it no key is fetched from a private address, also not by a name that leads there', async () => {
  await using provider = await Provider.open()
  const closed = await testNode({
    addresses: node.db.addresses, relay: false,
    issuerKeys: { isPrivateAllowed: false, resolve: async () => [{ address: '127.0.0.1', family: 4 }] },
  })
  await using acme = await company('ann:ADMIN')
  const ann = new Person(closed.url, acme.as('ann').token)
  const input = { url: 'https://login.example.com', audience: aud(acme), jwksUrl: provider.jwksUrl }
  expect((await ann.run(CREATE, { input })).issuerCreate.userErrors)
    .toMatchObject([{ code: 'INVALID', field: ['jwksUrl'], message: 'jwksUrl must begin with https://.' }])
  const { port } = new URL(provider.url)
  const named = await ann.run(CREATE, { input: { ...input, jwksUrl: `https://login.example.com:${port}/jwks.json` } })
  expect(named.issuerCreate.issuer.keys).toMatchObject({
    isUsable: false, problem: 'Its address is not public; the operator may allow private ones (LAUREL_ISSUERS_PRIVATE).' })
  expect(provider.requests).toBe(0)
  // Nor after the operator has changed their mind.
  await using early = await company('ann:ADMIN')
  expect((await setUp(early, provider)).issuer.keys.isUsable).toBe(true)
  const token = await provider.sign({ aud: aud(early), email: emailOf(early, 'ann') })
  expect((await new Person(closed.url, token).ask(VIEWER)).errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }])
  expect(provider.requests).toBe(1)
})

test('a claim is a token\'s own, by its whole name before its path, and never what every object has', () => {
  const claims = JSON.parse('{"a.b":1,"a":{"b":2,"c":[3]},"__proto__":{"d":4}}') as object
  expect(['a.b', 'a.c', 'a.c.0'].map(name => claimAt(claims, name))).toEqual([1, [3], 3])
  for (const name of [
    'b', 'd', 'a.d', 'constructor', 'constructor.name', 'toString', 'a.constructor.name', 'a.b.c.d', '', '.', 'a..b',
  ]) {
    expect([name, claimAt(claims, name)]).toEqual([name, undefined])
  }
})
