import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { LIMITS } from '../src/platform/limits.ts'
import { projectRoot } from '../src/platform/project.ts'
import { JSON_TYPE, ROLE, send } from './asking.ts'
import { type Person, RECORD, type TestTenant, tenant } from './harness.ts'

/** Fails unless the node answers, its event loop turns, and nothing of the inside has been told. */
async function expectHealthy(person: Person, told = '') {
  const [turned] = await Promise.all([new Promise(resolve => setImmediate(() => resolve(true))), person.run(ROLE)])
  expect(turned).toBe(true)
  expect((await fetch(`${person.url}/readyz`)).status).toBe(200)
  expect(told).not.toMatch(/node_modules|\bat .*:\d+:\d+|\.ts\b|select |insert |laurel_app/)
  expect([projectRoot, tmpdir()].filter(place => told.includes(place))).toEqual([])
}

const TEAM = 'mutation($name: String!) { teamCreate(input: { name: $name }) { team { name } userErrors { code field } } }'
const teams = async (acme: TestTenant) =>
  (await acme.sql<{ name: string }>('select name from team')).map(({ name }) => name).sort()

test.each<[title: string, name: string, isTaken: boolean]>([
  ['a NUL byte', 'Blues\0', false], ['half a character', 'Blues\ud800', false], ['the other half', '\udc00Blues', false],
  ['nothing', '', false], ['201 characters', 'x'.repeat(201), false],
  ['text that turns its direction', 'Blues\u202e\u2066sdeR', true],
  ['no width at all', '\u200b\u200d\ufeffx', true],
  ['a tower of accents', `Z${'\u0301'.repeat(150)}`, true],
  ['emoji of a family', '👩‍👩‍👧‍👦🏳️‍🌈', true],
  ['letters that look alike', 'Rеds', true], ['markup', '<script>alert(1)</script>', true],
  ['SQL', `'; drop table team; --`, true],
  ['a template', '${7*7}{{7*7}}', true], ['the name of every object', '__proto__', true],
])('a name of %s is kept as it is or refused, and nothing else happens', async (_title, name, isTaken) => {
  await using acme = await tenant('ann:ADMIN')
  const answer = await acme.as('ann').ask(TEAM, { name })
  const { team, userErrors } = answer.data.teamCreate
  expect([team, userErrors.length]).toEqual(isTaken ? [{ name }, 0] : [null, 1])
  expect(await teams(acme)).toEqual(isTaken ? ['Reds', name].sort() : ['Reds'])
  await expectHealthy(acme.as('ann'), JSON.stringify(answer))
})

test('names of every object in variables reach nothing, at any door', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { token } = acme.as('ann')
  const bodies = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'].flatMap(name => [
    `{"query":${JSON.stringify(ROLE)},"variables":{"${name}":{"polluted":true}}}`,
    `{"query":${JSON.stringify(ROLE)},"${name}":{"polluted":true}}`,
    `{"query":"mutation($i: TeamCreateInput!) { teamCreate(input: $i) { mark } }",
      "variables":{"i":{"name":"x","${name}":{"polluted":true}}}}`,
    `{"query":"query(${'$'}${name}: Int) { users(first: ${'$'}${name}) { nodes { id } } }","variables":{}}`,
  ])
  for (const body of bodies) {
    for (const path of ['/graphql', '/graphql/stream']) {
      const { code, status } = await send(acme.node.url, { path, body }, token)
      expect([body, status < 500, code === undefined || code === 'BAD_REQUEST']).toEqual([body, true, true])
    }
  }
  const ws = new WebSocket(`${acme.node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await once(ws, 'open')
  ws.send(`{"type":"connection_init","payload":{"authorization":"Bearer ${token}","__proto__":{"polluted":true}}}`)
  await once(ws, 'message')
  ws.send(`{"id":"__proto__","type":"subscribe","payload":{"query":"${ROLE}","variables":{"__proto__":{"polluted":true}}}}`)
  await Promise.race([once(ws, 'message'), once(ws, 'close')])
  ws.terminate()
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect(await teams(acme)).toEqual(['Reds'])
  await expectHealthy(acme.as('ann'))
})

test.each<[title: string, query: string, variables: string, code: string]>([
  ['a page beyond 32 bits', 'query($n: Int!) { users(first: $n) { nodes { id } } }', '{"n":2147483648}', 'BAD_REQUEST'],
  ['a page beyond all numbers', 'query($n: Int!) { users(first: $n) { nodes { id } } }', '{"n":1e999}', 'BAD_REQUEST'],
  ['half a page', 'query($n: Int!) { users(first: $n) { nodes { id } } }', '{"n":0.5}', 'BAD_REQUEST'],
  ['a page below none', 'query($n: Int!) { users(first: $n) { nodes { id } } }', '{"n":-1}', 'BAD_REQUEST'],
  ['a page in words', 'query($n: Int!) { users(first: $n) { nodes { id } } }', '{"n":"NaN"}', 'BAD_REQUEST'],
  ['points beyond 2^53', 'mutation($p: Points!) { activityTypeRevise(input: { key: "team_support", points: $p }) { mark } }',
    '{"p":9007199254740993}', 'BAD_REQUEST'],
  ['points as a fraction', 'mutation($p: Points!) { activityTypeRevise(input: { key: "team_support", points: $p }) { mark } }',
    '{"p":1e-9}', 'BAD_REQUEST'],
  ['a thousand digits', 'query($n: Int!) { users(first: $n) { nodes { id } } }', `{"n":${'9'.repeat(1_000)}}`, 'BAD_REQUEST'],
])('%s is told by its argument, and nothing is written', async (_title, query, variables, code) => {
  await using acme = await tenant('ann:ADMIN')
  const before = await acme.sql('select count(*) from activity_type')
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`
  const answer = await send(acme.node.url, { body }, acme.as('ann').token)
  expect(answer.code).toBe(code)
  expect(await acme.sql('select count(*) from activity_type')).toEqual(before)
  await expectHealthy(acme.as('ann'), answer.text)
})

test('a quantity, a time and a note beyond their range are refused by name', async () => {
  await using acme = await tenant('ann')
  const inputs: [object, string][] = [
    [{ quantity: 2_147_483_647 }, 'OUT_OF_RANGE'], [{ quantity: -2_147_483_648 }, 'OUT_OF_RANGE'], [{ note: 'x\0y' }, 'INVALID'],
    [{ note: '\ud83d' }, 'INVALID'], [{ occurredAt: '9999-12-31T23:59:59.999Z' }, 'OUT_OF_RANGE'],
    [{ occurredAt: '0001-01-01T00:00:00Z' }, 'OUT_OF_RANGE'], [{ activityType: '__proto__' }, 'NOT_FOUND'],
  ]
  for (const [input, code] of inputs) {
    const whole = { activityType: 'team_support', idempotencyKey: 'bad-input', ...input }
    const { activityRecord } = await acme.as('ann').run(RECORD, { input: whole })
    const codes = activityRecord.userErrors.map((error: { code: string }) => error.code)
    expect([input, activityRecord.activity, codes]).toEqual([input, null, [code]])
  }
  expect(await acme.sql('select 1 from activity')).toEqual([])
  await expectHealthy(acme.as('ann'))
})

test('bodies and messages that are nested a million deep, or inflate without end, are survived', async () => {
  await using acme = await tenant('ann')
  const { token } = acme.as('ann')
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  for (const body of [deep, `{"query":${JSON.stringify(ROLE)},"variables":{"a":${deep}}}`, `{"a":`.repeat(500_000)]) {
    for (const path of ['/graphql', '/graphql/stream']) {
      const { status, text } = await send(acme.node.url, { path, body }, token)
      expect([status === 400 || status === 200, text.length < 1_000]).toEqual([true, true])
    }
  }
  const address = `${acme.node.url.replace('http', 'ws')}/graphql`
  const ws = new WebSocket(address, 'graphql-transport-ws', { perMessageDeflate: { threshold: 0 } })
  await once(ws, 'open')
  ws.send(`{"type":"connection_init","payload":{"authorization":"Bearer ${token}"}}`)
  await once(ws, 'message')
  ws.send(`{"id":"1","type":"subscribe","payload":{"query":"${ROLE}","variables":{"a":${deep.slice(900_000, 1_100_000)}}}}`)
  expect(JSON.parse(String((await once(ws, 'message'))[0]))).toMatchObject({
    id: '1', type: 'error', payload: [{ extensions: { code: 'BAD_REQUEST' } }],
  })
  ws.send(' '.repeat(LIMITS.socketMessageBytesMax * 50)) // 50 MB in 50 KB.
  expect((await once(ws, 'close'))[0]).toBe(1009)
  await expectHealthy(acme.as('ann'))
}, 60_000)

test('a flood of bad requests by every door leaves the node as it was', async () => {
  await using acme = await tenant('ann')
  const { url } = acme.node
  const bad = [
    '{ viewer {', '{ nothing }', `{ ${'a '.repeat(900)} }`, '', '{ viewer { role } } { x }',
    'subscription { feed { __typename } }',
  ]
  const before = acme.node.sockets()
  const answers = await Promise.all(Array.from({ length: 300 }, (_, at) =>
    send(url, { path: at % 2 ? '/graphql' : '/graphql/stream', headers: JSON_TYPE, body: { query: bad[at % bad.length] } })))
  expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  const sockets = await Promise.all(Array.from({ length: 100 }, async () => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    ws.on('error', () => {})
    await once(ws, 'open')
    ws.send('{"type":')
    return (await once(ws, 'close'))[0] as number
  }))
  expect(new Set(sockets)).toEqual(new Set([4400]))
  await expect.poll(() => acme.node.sockets()).toBeLessThanOrEqual(before)
  await expectHealthy(acme.as('ann'))
}, 60_000)
