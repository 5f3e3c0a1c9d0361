import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { demoToken, pauseSimulator, startServer } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'laurel-logs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// What must never be read in a log: each stands in some request below.
const PLANTED = {
  name: 'Zelmira Quastenflosser', email: 'zelmira.quastenflosser@planted.example', note: 'planted-note-4711',
  key: 'planted-idempotency-key', source: 'planted-source-0815', secret: 'planted-password-123', agent: 'planted-agent/1.0',
  query: 'plantedFieldName', variable: 'planted-variable-value', hook: 'planted-hook-path',
}

type Send = (query: string, variables?: object, authorization?: string) => Promise<{ data?: any }> // eslint-disable-line

/** Makes, uses and takes back a key and a screen's link, and sets up an issuer that nobody reaches; returns the secrets. */
async function useCredentials(url: string, send: Send) {
  const { data: { apiKeyCreate } } = await send(`mutation { apiKeyCreate(input: {
    name: "Importer", role: ADMIN, scopes: ["viewer.read"] }) { secret apiKey { id } } }`)
  const { data: { leaderboards } } = await send('{ leaderboards(first: 1) { nodes { id } } }')
  const { data: { screenTokenCreate } } = await send(`mutation($ids: [ID!]!) { screenTokenCreate(input: {
    name: "Lobby", leaderboardIds: $ids }) { link screenToken { id } } }`, { ids: [leaderboards.nodes[0].id] })
  const [key, screen] = [apiKeyCreate.secret as string, screenTokenCreate.link.split('#screen=')[1] as string]
  for (const token of [key, screen, `${key}x`]) await send('{ viewer { role } }', {}, `Bearer ${token}`)
  await send(`mutation { apiKeyRevoke(input: { apiKeyId: "${apiKeyCreate.apiKey.id}" }) { mark } }`)
  await send('{ viewer { role } }', {}, `Bearer ${key}`)
  await send(`mutation($input: IssuerCreateInput!) { issuerCreate(input: $input) { issuer { keys { problem } } } }`, {
    input: {
      url: 'https://planted.invalid', audience: 'laurel',
      jwksUrl: `https://planted.invalid/${PLANTED.hook}?key=${PLANTED.secret}`,
    } })
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const jwt = `${part({ alg: 'RS256' })}.${part({ iss: 'https://planted.invalid', aud: 'laurel', email: PLANTED.email })}.AAAA`
  expect((await (await fetch(`${url}/graphql`, {
    method: 'POST', body: '{"query":"{ viewer { role } }"}',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${jwt}` } })).json()))
    .toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
  return { key, screen, jwt }
}

test('the logs of a whole day\'s mishaps, at the most talkative level, carry no personal data and no secret', async () => {
  const server = await startServer({ LAUREL_DATA: folder, LAUREL_LOG: 'trace' })
  try {
    await pauseSimulator(server.url)
    const token = await demoToken(server.url)
    const send = async (query: string, variables: object = {}, authorization = `Bearer ${token}`) => (await fetch(
      `${server.url}/graphql?secret=${PLANTED.secret}`, {
        method: 'POST', body: JSON.stringify({ query, variables }),
        headers: { 'content-type': 'application/json', 'user-agent': PLANTED.agent, authorization, 'x-api-key': PLANTED.secret },
      })).json() as Promise<{ data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] }>
    const CREATE = 'mutation($input: UserCreateInput!) { userCreate(input: $input) { user { id } userErrors { code } } }'
    const { name, email, note, key, source } = PLANTED
    const created = await send(CREATE, { input: { name, email } })
    const userId = (created.data!.userCreate as { user: { id: string } }).user.id
    await send(CREATE, { input: { name, email } }) // Taken.
    const RECORD = 'mutation($input: ActivityRecordInput!) { activityRecord(input: $input) { userErrors { code } } }'
    const input = { activityType: 'meeting_scheduled', idempotencyKey: key, userId, note, source, sourceId: source }
    expect(await send(RECORD, { input })).toMatchObject({ data: { activityRecord: { userErrors: [] } } })
    await send(RECORD, { input: { ...input, quantity: 5 } }) // Another body under the same key.
    await send(RECORD, { input: { ...input, occurredAt: PLANTED.variable } })
    await send(`{ ${PLANTED.query} }`)
    await send('{ node(id: "usr_' + PLANTED.variable + '") { id } }')
    await send('{ viewer { role } }', {}, `Bearer ${PLANTED.secret}.${PLANTED.secret}.${PLANTED.secret}`)
    await send(`mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) { userErrors { code } } }`,
      { input: { url: `https://${PLANTED.hook}.invalid/${PLANTED.hook}?key=${PLANTED.secret}`, topics: ['activity.recorded'] } })
    await fetch(`${server.url}/graphql`, {
      method: 'POST', body: `{"query": "${PLANTED.query}`, headers: { 'content-type': 'application/json' } })
    await fetch(`${server.url}/${PLANTED.variable}?token=${PLANTED.secret}`)
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await new Promise<void>(done => socket.on('close', () => done()).on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${PLANTED.secret}` } }))))
    await send(RECORD, { input: { ...input, idempotencyKey: `${key}-2`, sourceId: '2' } })
    await send('{ auditEntries { nodes { agent } } }')
    const credentials = await useCredentials(server.url, send)
    await server.kill('SIGTERM')
    const lines = server.output.join('\n')
    expect(server.output.filter(line => line.startsWith('{')).length).toBeGreaterThanOrEqual(2) // It did log.
    for (const [what, text] of Object.entries({ ...PLANTED, token, ...credentials })) {
      expect([what, lines.includes(text)]).toEqual([what, false])
    }
  } finally {
    await server.kill('SIGKILL')
  }
}, 90_000)
