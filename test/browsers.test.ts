import { once } from 'node:events'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { LIMITS } from '../src/platform/limits.ts'
import { JSON_TYPE, over, ROLE, send, type Sent } from './asking.ts'
import { sharedNode, tenant, tenantOn, testNode } from './harness.ts'

const GRAPHQL_TYPE = { ...JSON_TYPE, accept: 'application/graphql-response+json' }

test.each<[title: string, sent: Sent, status: number]>([
  ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query=%7Bviewer%7Brole%7D%7D' }, 415],
  ['plain text', { headers: { 'content-type': 'text/plain' }, body: { query: ROLE } }, 415],
  ['a link', { method: 'GET', headers: {}, path: `/graphql?query=${encodeURIComponent(ROLE)}` }, 400],
  ['plain text to the stream door',
    { path: '/graphql/stream', headers: { 'content-type': 'text/plain' }, body: { query: ROLE } }, 415],
  ['a foreign page', { headers: { ...JSON_TYPE, origin: 'https://evil.example' }, body: { query: ROLE } }, 403],
  ['a page without an origin', { headers: { ...JSON_TYPE, origin: 'null' }, body: { query: ROLE } }, 403],
  ['a foreign page at the stream door',
    { path: '/graphql/stream', headers: { ...JSON_TYPE, origin: 'https://evil.example' }, body: { query: ROLE } }, 403],
  ['a foreign page that asks first', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }, 403],
  ['a list of operations', { body: [{ query: ROLE }, { query: ROLE }] }, 400],
  ['a list at the stream door', { path: '/graphql/stream', body: [{ query: ROLE }] }, 400],
  ['a command by GET', {
    method: 'GET', headers: { 'apollo-require-preflight': '1' },
    path: `/graphql?query=${encodeURIComponent('mutation { teamCreate(input: { name: "x" }) { mark } }')}`,
  }, 405],
  ['a body that is packed by gzip',
    { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync(JSON.stringify({ query: ROLE })) }, 415],
  ['a body that is packed by deflate',
    { headers: { ...JSON_TYPE, 'content-encoding': 'deflate' }, body: deflateSync('{}') }, 415],
  ['a body that is said to be packed twice', { headers: { ...JSON_TYPE, 'content-encoding': 'gzip, br' }, body: '{}' }, 415],
  ['a bomb: 100 MB of spaces in 100 KB',
    { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(1e8, ' ')) }, 415],
  ['a body that is too large', { body: { query: `#${'x'.repeat(LIMITS.requestBytesMax)}` } }, 413],
  ['a body that is no JSON', { body: '{"query":' }, 400],
  ['no body', { body: '' }, 400],
  ['a number for a body', { body: '7' }, 400],
])('%s is refused', async (_title, sent, status) => {
  await using acme = await tenant('ann')
  const refused = await send(acme.node.url, sent, acme.as('ann').token)
  expect([refused.status, refused.json?.data, refused.text])
    .toEqual([status, undefined, expect.not.stringMatching(/node_modules|\bat .*:\d+/)])
  expect(refused.headers.get('access-control-allow-origin')).toBeNull()
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
})

test('a page of this host, and one on the list, may call by every door', async () => {
  const node = await testNode({ limits: { origins: ['https://app.example'], isBehindTls: true } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  const { token } = acme.as('ann')
  for (const origin of ['https://app.example', node.url]) {
    const headers = { ...JSON_TYPE, origin }
    const asked = await send(node.url, { method: 'OPTIONS', headers: { origin } })
    expect([asked.status, asked.headers.get('access-control-allow-origin'), asked.headers.get('access-control-allow-headers')])
      .toEqual([204, origin, expect.stringContaining('authorization')])
    for (const path of ['/graphql', '/graphql/stream']) {
      const answer = await send(node.url, { path, headers, body: { query: ROLE } }, token)
      expect([answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')])
        .toEqual([200, origin, expect.stringContaining('Origin')])
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after')
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
    expect((await over(node.url, token, { query: ROLE }, { origin }))[0].payload.data.viewer.role).toBe('MEMBER')
  }
  const address = `${node.url.replace('http', 'ws')}/graphql`
  const stranger = new WebSocket(address, 'graphql-transport-ws', { headers: { origin: 'https://evil.example' } })
  expect((await once(stranger, 'error') as [Error])[0].message).toBe('Unexpected server response: 403')
  const { headers } = await send(node.url, { method: 'GET', path: '/healthz' })
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
})

test('every answer carries the headers that protect browsers', async () => {
  const { url } = await sharedNode()
  const asked: Sent[] = [
    { body: { query: '{ __typename }' } }, { body: '{' }, { method: 'GET', path: '/healthz' },
    { method: 'GET', path: '/nowhere' },
    { method: 'GET', path: '/metrics' }, { path: '/graphql/stream', body: { query: '{ __typename }' } }, { method: 'OPTIONS' },
    { headers: { ...JSON_TYPE, origin: 'https://evil.example' }, body: {} },
  ]
  for (const sent of asked) {
    const { headers } = await send(url, sent)
    expect(Object.fromEntries([
      'x-content-type-options', 'referrer-policy', 'x-frame-options', 'cross-origin-opener-policy',
      'cross-origin-resource-policy', 'content-security-policy', 'strict-transport-security',
    ].map(name => [name, headers.get(name)]))).toEqual({
      'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      'strict-transport-security': null,
    })
  }
})

test('statuses say what became of a request to those who ask for GraphQL\'s own type', async () => {
  await using acme = await tenant('ann')
  const { token } = acme.as('ann')
  const statuses = async (body: object) => [
    (await send(acme.node.url, { headers: GRAPHQL_TYPE, body }, token)).status,
    (await send(acme.node.url, { body }, token)).status,
  ]
  expect(await statuses({ query: ROLE })).toEqual([200, 200])
  expect(await statuses({ query: '{ viewer {' })).toEqual([400, 200])
  expect(await statuses({ query: '{ nothing }' })).toEqual([400, 200])
  const sized = 'query($n: Int!) { users(first: $n) { nodes { id } } }'
  const wide = '{ leaderboards(first: 100) { nodes { standings(first: 100) { nodes { rank } } } } }'
  expect(await statuses({ query: sized, variables: { n: 'x' } })).toEqual([400, 200])
  expect(await statuses({ query: wide })).toEqual([400, 200])
  expect(await statuses({ query: 7 })).toEqual([400, 400])
})
