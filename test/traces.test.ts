import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { demoToken, pauseSimulator, startServer } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'laurel-traces-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Span {
  traceId: string; spanId: string; parentSpanId?: string; name: string; attributes: { key: string; value: object }[]
}

/** Opens a collector of OTLP/HTTP; `spans` fills as they come. */
async function openCollector() {
  const spans: Span[] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString()
    bodies.push(body)
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(scope => scope.spans)))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { spans, bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

test('a traced command is one tree under the client\'s own trace, and carries no value of it', async () => {
  const collector = await openCollector()
  const server = await startServer({ LAUREL_DATA: folder, LAUREL_TRACES: collector.url })
  try {
    await pauseSimulator(server.url)
    const token = await demoToken(server.url)
    const [traceId, parentId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const people = 'query PlantedName { users(first: 1) { nodes { id } } }'
    const ask = async (query: string, variables = {}, headers = {}) => (await fetch(`${server.url}/graphql`, {
      method: 'POST', body: JSON.stringify({ query, variables }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    })).json() as Promise<{ data: { users: { nodes: { id: string }[] } } }>
    const { data: { users: { nodes: [person] } } } = await ask(people)
    const input = { activityType: 'meeting_scheduled', idempotencyKey: 'planted-key-1', userId: person!.id, note: 'planted-note' }
    await ask('mutation($input: ActivityRecordInput!) { activityRecord(input: $input) { mark } }', { input },
      { traceparent: `00-${traceId}-${parentId}-01` })
    await server.kill('SIGTERM') // What waits is sent before the end.
    const own = collector.spans.filter(span => span.traceId === traceId)
    const root = own.find(span => span.parentSpanId === parentId)
    expect(root).toMatchObject({ name: 'GraphQL mutation' })
    expect(Object.fromEntries(root!.attributes.map(({ key, value }) => [key, value]))).toMatchObject({
      kind: { stringValue: 'mutation' }, outcome: { stringValue: 'ok' },
      fields: { arrayValue: { values: [{ stringValue: 'activityRecord' }] } },
    })
    const ids = new Set(own.map(({ spanId }) => spanId))
    expect(own.filter(span => span !== root && !ids.has(span.parentSpanId!))).toEqual([])
    const writes = own.filter(({ name, attributes }) =>
      name === 'PostgreSQL' && JSON.stringify(attributes).includes('record_activity_insert'))
    expect(writes).toHaveLength(1)
    expect(collector.spans.some(({ name }) => name === 'reaction feed')).toBe(true)
    for (const planted of ['planted-key', 'planted-note', 'PlantedName', token, person!.id]) {
      expect(collector.bodies.some(body => body.includes(planted))).toBe(false)
    }
  } finally {
    await server.kill('SIGKILL')
    collector.close()
  }
}, 90_000)
