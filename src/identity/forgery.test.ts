import { createHmac, createPublicKey, generateKeyPairSync, KeyObject, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactSign, exportJWK } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newKey, Provider } from '../../test/provider.ts'
import { Person, tenantOn, testNode, type TestTenant } from '../../test/harness.ts'

const CREATE = 'mutation($input: IssuerCreateInput!) { issuerCreate(input: $input) { userErrors { code } } }'
const VIEWER = '{ viewer { role } }'
const FEED = 'subscription { feed(scope: TENANT) { __typename } }'
const node = await testNode({ issuerKeys: { isPrivateAllowed: true, coolMs: 60_000 } })
let provider: Provider
let acme: TestTenant
const seconds = () => Math.floor(Date.now() / 1_000)
const encode = (part: unknown) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
const claims = (more: object = {}) => ({
  iss: provider.url, aud: `laurel-${acme.slug}`, email: `ann@${acme.slug}.example`, iat: seconds(), exp: seconds() + 600,
  ...more,
})
const sign = (more: object = {}, ...rest: [key?: Awaited<ReturnType<typeof newKey>>, header?: object]) =>
  provider.sign(claims(more), ...rest as [])
/** Returns a token of parts that no library would sign. */
const handmade = (header: object, payload: unknown, signature = '') => `${encode(header)}.${encode(payload)}.${signature}`

beforeAll(async () => {
  provider = await Provider.open()
  acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  const input = { url: provider.url, audience: `laurel-${acme.slug}`, jwksUrl: provider.jwksUrl }
  const { issuerCreate } = await acme.as('ann').run(CREATE, { input })
  expect(issuerCreate.userErrors).toEqual([])
  expect((await new Person(node.url, await sign()).run(VIEWER)).viewer.role).toBe('ADMIN')
})
afterAll(() => provider[Symbol.asyncDispose]())

/** Returns the sentence with which all doors refuse a token: HTTP, WebSocket and server-sent events, twice over HTTP. */
async function refusalOf(token: string): Promise<string> {
  const person = new Person(node.url, token)
  const [first, second] = [await person.ask(VIEWER), await person.ask(VIEWER)]
  expect(second).toMatchObject({ errors: [{ message: first.errors?.[0]?.message }] })
  expect([first.data ?? null, first.errors?.map(({ extensions }) => extensions.code)]).toEqual([null, ['UNAUTHENTICATED']])
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const http = await fetch(`${node.url}/graphql`, { method: 'POST', body: JSON.stringify({ query: VIEWER }), headers })
  expect([http.status, http.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  const events = await fetch(`${node.url}/graphql/stream`, {
    method: 'POST', body: JSON.stringify({ query: FEED }), headers })
  expect([events.status, await events.json()]).toMatchObject([401, { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
  const socket = person.subscribe(FEED)
  await socket.until(() => socket.closedWith !== null)
  const { message } = first.errors![0]!
  expect([socket.messages, socket.closedWith]).toEqual([[], { code: 4401, reason: message.slice(0, 120) }])
  return message
}

const NOT_VALID = 'The token is not valid here: sign in again.'
const UNKNOWN_KEY = 'The issuer publishes no key that signed this token: sign in again.'
const NOT_SET_UP = 'The issuer and audience of this token are not set up here: ask an admin.'
const NO_TOKEN = /^The token is not valid here or has expired: get a new one\. /

test.each<[string, () => string | Promise<string>, string | RegExp]>([
  ['no algorithm', () => handmade({ alg: 'none', typ: 'JWT' }, claims()), NOT_VALID],
  ['no algorithm, in other letters', () => handmade({ alg: 'NoNe' }, claims()), NOT_VALID],
  ['no algorithm and the signature of another', async () => {
    const [, , signature] = (await sign()).split('.')
    return handmade({ alg: 'none' }, claims(), signature)
  }, NOT_VALID],
  ['the public key as an HMAC secret', async () => {
    const { jwk, kid } = provider.keys[0]!
    const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const body = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${encode(claims())}`
    return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`
  }, NOT_VALID],
  ['an algorithm that is not allowed, by the right key', () => {
    const { privateKey, kid } = provider.keys[0]!
    const body = `${encode({ alg: 'RS512', kid })}.${encode(claims())}`
    return `${body}.${signBytes('sha512', Buffer.from(body), KeyObject.from(privateKey)).toString('base64url')}`
  }, NOT_VALID],
  ['the algorithm of another of the keys', async () => {
    const { privateKey } = provider.keys[0]!
    const body = `${encode({ alg: 'ES256', kid: provider.keys[1]!.kid })}.${encode(claims())}`
    return `${body}.${signBytes('sha256', Buffer.from(body), KeyObject.from(privateKey)).toString('base64url')}`
  }, NOT_VALID],
  ['a key that only has the right name', async () => sign({}, await newKey('RS256', provider.keys[0]!.kid)), NOT_VALID],
  ['an unknown key', async () => sign({}, await newKey('ES256')), UNKNOWN_KEY],
  ['a path as the name of its key', async () => sign({}, await newKey('ES256'), { kid: '../../../../dev/null' }), UNKNOWN_KEY],
  ['SQL as the name of its key', async () => sign({}, await newKey('ES256'), { kid: `' or 1=1 --` }), UNKNOWN_KEY],
  ['the prototype as the name of its key', async () => sign({}, await newKey('ES256'), { kid: '__proto__' }), UNKNOWN_KEY],
  ['an object as the name of its key', async () => {
    const [, payload, signature] = (await sign()).split('.')
    return `${encode({ alg: 'RS256', kid: { $ne: null } })}.${payload}.${signature}`
  }, UNKNOWN_KEY],
  ['a critical header that nobody knows', () => {
    const { privateKey, kid } = provider.keys[2]!
    return new CompactSign(Buffer.from(JSON.stringify(claims())))
      .setProtectedHeader({ alg: 'EdDSA', kid, crit: ['x-admin'], 'x-admin': true })
      .sign(privateKey, { crit: { 'x-admin': true } })
  }, NOT_VALID],
  ['a type that is no sign-in', () => sign({}, provider.keys[0], { typ: 'logout+jwt' }),
    'This is no access token and no ID token.'],
  ['an expiry in the past', () => sign({ exp: seconds() - 61 }), 'The token has expired: sign in again.'],
  ['no expiry', () => sign({ exp: undefined }), 'The token must say when it expires (exp).'],
  ['a word for its expiry', () => sign({ exp: 'tomorrow' as never }), 'The token must say when it expires (exp).'],
  ['a beginning in the future', () => sign({ nbf: seconds() + 120 }), 'The token is not valid yet: check the clocks.'],
  ['another audience', () => sign({ aud: 'somebody-else' }), NOT_SET_UP],
  ['no audience', () => sign({ aud: undefined }), NO_TOKEN],
  ['eleven audiences', () => sign({ aud: Array.from({ length: 11 }, () => `laurel-${acme.slug}`) }), NO_TOKEN],
  ['another issuer', () => sign({ iss: 'https://login.example.com' }), NOT_SET_UP],
  ['an issuer that is nearly the same', () => sign({ iss: `${provider.url}/` }), NOT_SET_UP],
  ['a list of issuers', () => sign({ iss: [provider.url] as never }), NO_TOKEN],
  ['NUL in its issuer', () => sign({ iss: `${provider.url}\0` }), NOT_SET_UP],
  ['half a character in its audience', () => sign({ aud: '\ud800' }), NOT_SET_UP],
  ['nobody', () => sign({ email: undefined }), 'The token has no claim "email" that names a person.'],
  ['somebody by the prototype', () => {
    const { privateKey, kid } = provider.keys[1]!
    const payload = `{"__proto__":{"email":"ann@${acme.slug}.example"},${JSON.stringify(claims({ email: undefined })).slice(1)}`
    return new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
  }, 'The token has no claim "email" that names a person.'],
  ['a name with NUL', () => sign({ email: `ann@${acme.slug}.example\0` }), 'The token has no claim "email" that names a person.'],
  ['another name that looks the same', () => sign({ email: `аnn@${acme.slug}.example` }),
    /^The person of this token is not active/],
  ['claims that were changed', async () => {
    const [head, , signature] = (await sign()).split('.')
    return `${head}.${encode(claims({ admin: true }))}.${signature}`
  }, NOT_VALID],
  ['no signature', async () => `${(await sign()).split('.').slice(0, 2).join('.')}.`, NOT_VALID],
  ['two parts', async () => (await sign()).split('.').slice(0, 2).join('.'), NO_TOKEN],
  ['five parts', async () => `${await sign()}.a.b`, NO_TOKEN],
  ['a list for its claims', () => handmade({ alg: 'RS256' }, [claims()]), NO_TOKEN],
  ['no JSON', () => `${encode('{')}.${encode('}')}.a`, NO_TOKEN],
  ['a thousand brackets', () => handmade({ alg: 'RS256' }, '['.repeat(3_000)), NO_TOKEN],
  ['dots only', () => '...', NO_TOKEN],
])('a token with %s is refused at every door, and is not remembered', async (_title, forge, sentence) => {
  const refusal = await refusalOf(await forge())
  if (typeof sentence === 'string') expect(refusal).toBe(sentence)
  else expect(refusal).toMatch(sentence)
})

test('what a token brings along to be checked by is never looked at', async () => {
  const evil = await newKey('RS256', 'evil')
  const asked: string[] = []
  const trap = createServer((request, response) => {
    asked.push(request.url!)
    response.end(JSON.stringify({ keys: [evil.jwk] }))
  }).listen(0, '127.0.0.1')
  await once(trap, 'listening')
  try {
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`
    const { publicKey } = generateKeyPairSync('ed25519')
    for (const header of [
      { jku: `${url}/jku` }, { x5u: `${url}/x5u` }, { jwk: evil.jwk }, { jwk: await exportJWK(publicKey) }, { x5c: ['MIIB'] },
      { jku: `${url}/jku`, kid: provider.keys[0]!.kid },
    ]) {
      const message = await refusalOf(await sign({}, evil, header as object))
      expect([UNKNOWN_KEY, NOT_VALID]).toContain(message)
    }
    expect(asked).toEqual([])
    // Beside a good signature they do no harm either.
    const good = await sign({}, provider.keys[0], { jku: `${url}/jku` })
    expect((await new Person(node.url, good).run(VIEWER)).viewer.role).toBe('ADMIN')
    expect(asked).toEqual([])
  } finally {
    trap.close()
  }
})

test('a token that was refused is read anew: whoever joins later comes in with it', async () => {
  const token = await sign({ email: `late@${acme.slug}.example` })
  expect(await refusalOf(token)).toMatch(/^The person of this token is not active/)
  const input = { name: 'Late', email: `late@${acme.slug}.example` }
  await acme.as('ann').run('mutation($input: UserCreateInput!) { userCreate(input: $input) { mark } }', { input })
  expect((await new Person(node.url, token).run(VIEWER)).viewer.role).toBe('MEMBER')
})

test('a token may be a minute late, a minute early, and for others too', async () => {
  for (const more of [{ exp: seconds() - 50 }, { nbf: seconds() + 50 }, { aud: ['account', `laurel-${acme.slug}`] }]) {
    expect((await new Person(node.url, await sign(more)).run(VIEWER)).viewer.role).toBe('ADMIN')
  }
})

test('a huge token, letters from elsewhere and other schemes are refused before they are read', async () => {
  const huge = await sign({ padding: 'x'.repeat(8_192) })
  expect(huge.length).toBeGreaterThan(8_192)
  for (const authorization of [`Bearer ${huge}`, 'Bearer', 'Bearer ', 'Basic YW5uOmFubg==', 'bearer', 'Bearer a b', 'Token a']) {
    const response = await fetch(`${node.url}/graphql`, {
      method: 'POST', body: JSON.stringify({ query: VIEWER }), headers: { 'content-type': 'application/json', authorization } })
    const { errors } = await response.json() as { errors: { message: string; extensions: { code: string } }[] }
    expect([authorization.slice(0, 20), errors[0]!.extensions.code]).toEqual([authorization.slice(0, 20), 'UNAUTHENTICATED'])
    expect(errors[0]!.message.length).toBeLessThan(200)
  }
  for (const token of ['töken', '\u0000', 'a\u202eb', '😀']) {
    const socket = new Person(node.url, token).subscribe(FEED)
    await socket.until(() => socket.closedWith !== null)
    expect(socket.closedWith!.code).toBe(4401)
  }
})

test('no sentence, audit entry or event repeats a token', async () => {
  const secret = 'planted-in-a-token-4711'
  const stray = await sign({ jti: secret }, await newKey('RS256', secret))
  for (const token of [await sign({ email: secret }), stray, `${secret}.a.b`]) {
    const message = await refusalOf(token)
    expect(message).not.toContain(secret)
    expect(message).not.toContain(token.slice(0, 40))
  }
  await acme.settled()
  await acme.audited()
  const rows = await acme.sql<{ text: string }>(`select row_to_json(audit_entry)::text as text from audit_entry
    union all select row_to_json(event_log)::text from event_log`)
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.filter(({ text }) => text.includes(secret))).toEqual([])
})

test('after all of that the issuer was asked once for its keys, and good tokens are as good as before', async () => {
  expect(provider.requests).toBe(1)
  expect((await new Person(node.url, await sign({ jti: 'after' })).run(VIEWER)).viewer.role).toBe('ADMIN')
})
