/** The client's stream against a real graphql-transport-ws server, over our plain socket and over graphql-ws's client. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
} from 'graphql'
import { CloseCode, createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { connect } from './socket.ts'
import { endingFor, follow, retryDelayMs, type Connection, type StreamState } from './stream.ts'

type Message = { cursor: string; total: number } | { after: string; cursor: string; added: number[] }
const QUERY = `subscription ($after: String) { sum(after: $after) {
  ... on Snapshot { cursor total } ... on Delta { after cursor added } } }`

const string = { type: new GraphQLNonNull(GraphQLString) }
const Snapshot = new GraphQLObjectType({ name: 'Snapshot', fields: { cursor: string, total: { type: GraphQLInt } } })
const Delta = new GraphQLObjectType({
  name: 'Delta',
  fields: { after: string, cursor: string, added: { type: new GraphQLList(GraphQLInt) } },
})
const Sum = new GraphQLUnionType({
  name: 'Sum',
  types: [Snapshot, Delta],
  resolveType: row => ('after' in row ? 'Delta' : 'Snapshot'),
})

/** Returns a server that adds numbers: a log of deltas with cursors "0", "1", … of which the newest `ring` can be resumed. */
async function adder(port = 0) {
  const log: number[] = []
  const waiting = new Set<() => void>()
  const asked: (string | null)[] = []
  const world = { ring: 100, refusal: null as string | null, skip: false, broken: false }
  const add = (n: number) => {
    log.push(n)
    for (const wake of [...waiting]) wake()
  }
  async function* sum(after: string | null) {
    asked.push(after)
    if (world.refusal) throw new GraphQLError('Refused.', { extensions: { code: world.refusal } })
    let at = after !== null && log.length - Number(after) <= world.ring ? Number(after) : -1
    if (at < 0) yield { sum: { cursor: String((at = log.length)), total: log.reduce((a, b) => a + b, 0) } }
    for (;;) {
      while (at < log.length) {
        if (world.skip) {
          world.skip = false
          at++
          continue
        }
        if (world.broken) {
          world.broken = false
          yield { sum: new GraphQLError('Late.', { extensions: { code: 'UNAVAILABLE' } }) }
        }
        yield { sum: { after: String(at), cursor: String(at + 1), added: [log[at++]] } }
      }
      await new Promise<void>(wake => waiting.add(wake))
    }
  }
  const query = new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLInt } } })
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    fields: { sum: { type: Sum, args: { after: { type: GraphQLString } }, subscribe: (_root, { after }) => sum(after) } },
  })
  const http = createServer().listen(port, '127.0.0.1')
  await once(http, 'listening')
  const sockets = new WebSocketServer({ server: http })
  const server = useServer(
    {
      schema: new GraphQLSchema({ query, subscription }),
      onConnect: ({ connectionParams }) => connectionParams?.authorization === 'Bearer t',
    },
    sockets,
  )
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await server.dispose()
    http.close()
  })
  return { add, asked, world, sockets, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}` }
}

const TRANSPORTS: [string, (url: string, token?: string) => Connection][] = [
  ['plain WebSocket', (url, token = 't') => connect({ url, authorization: () => `Bearer ${token}` })],
  [
    'graphql-ws client',
    (url, token = 't') =>
      createClient({ url, connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0, webSocketImpl: WebSocket }),
  ],
]

/** Returns a stream on its total, with its states and messages on record. */
function total(connection: Connection, after: string | null = null, random = 0) {
  const seen = { total: 0, snapshots: 0, deltas: 0, states: [] as StreamState[] }
  const stream = follow<Message>(connection, {
    query: QUERY,
    after,
    random: () => random, // 0: attempts come after 200 ms, 400 ms, …
    onSnapshot: message => {
      seen.total = message.total
      seen.snapshots++
    },
    onDelta: message => {
      seen.total += message.added.reduce((a, b) => a + b, 0)
      seen.deltas++
    },
    onState: state => seen.states.push(state),
  })
  onTestFinished(() => stream.stop())
  const phases = () => seen.states.map(state => state.phase).join(' ')
  return { seen, stream, phases }
}
const soon = <T>(check: () => T) => vi.waitFor(check, { timeout: 5_000, interval: 10 })

test.each([
  ['the first attempt waits between 0.2 s', 0, null, 0, 200],
  ['and 1 s', 0, 1012, 1, 1_000],
  ['then doubles', 3, null, 1, 8_000],
  ['up to 30 s', 20, null, 1, 30_000],
  ['and an overloaded server gets 5 s at first', 0, 1013, 1, 5_000],
])('%s', (_case, attempt, code, random, ms) => expect(retryDelayMs(attempt, code, random)).toBe(ms))

test.each([
  ['a bad token is final', { code: 4401, reason: 'no' }, { code: 4401, reason: 'no', final: true }],
  ['a draining node is not', { code: 1012, reason: '' }, { code: 1012, reason: null, final: false }],
  ['nor is a network error', new Error('gone'), { code: null, reason: null, final: false }],
  [
    'a board that is not there is final',
    [{ message: 'None.', extensions: { code: 'NOT_FOUND' } }],
    { code: 'NOT_FOUND', reason: 'None.', final: true },
  ],
  [
    'a late projection is not',
    [{ message: 'Late.', extensions: { code: 'UNAVAILABLE' } }],
    { code: 'UNAVAILABLE', reason: 'Late.', final: false },
  ],
])('%s', (_case, cause, ending) => expect(endingFor(cause)).toEqual(ending))

test.each(TRANSPORTS)('%s: a snapshot comes first, deltas follow in order', async (_name, transport) => {
  const server = await adder()
  server.add(5)
  const { seen, stream, phases } = total(transport(server.url))
  await soon(() => expect(seen.snapshots).toBe(1))
  for (const n of [1, 2, 3]) server.add(n)
  await soon(() => expect(seen).toMatchObject({ total: 11, snapshots: 1, deltas: 3 }))
  expect(phases()).toBe('live')
  expect(stream.state.newestMs).toBeGreaterThanOrEqual(stream.state.sinceMs)
})

test.each(TRANSPORTS)('%s: a cut line resumes from the cursor, nothing lost, nothing doubled', async (_name, transport) => {
  const server = await adder()
  const { seen, stream, phases } = total(transport(server.url))
  await soon(() => expect(seen.snapshots).toBe(1))
  for (let cut = 0; cut < 3; cut++) {
    server.add(1)
    await soon(() => expect(seen.total).toBe(cut * 11 + 1))
    for (const socket of server.sockets.clients) socket.terminate()
    await soon(() => expect(stream.state.phase).toBe('reconnecting'))
    server.add(10)
    await soon(() => expect(seen.total).toBe(cut * 11 + 11))
  }
  expect(seen).toMatchObject({ total: 33, snapshots: 1, deltas: 6 })
  expect(server.asked).toEqual([null, '1', '3', '5'])
  expect(phases()).toBe('live reconnecting live reconnecting live reconnecting live')
})

test.each(TRANSPORTS)('%s: what cannot be resumed comes as a snapshot, which replaces', async (_name, transport) => {
  const server = await adder()
  const { seen, stream } = total(transport(server.url))
  await soon(() => expect(seen.snapshots).toBe(1))
  server.world.ring = 0
  for (const socket of server.sockets.clients) socket.close(1012, 'draining')
  await soon(() => expect(stream.state).toMatchObject({ phase: 'reconnecting', code: 1012, reason: 'draining' }))
  server.add(7)
  await soon(() => expect(seen).toMatchObject({ total: 7, snapshots: 2, deltas: 0 }))
})

test.each(TRANSPORTS)(
  '%s: a delta that does not fit is not applied; the stream subscribes again from its cursor',
  async (_name, transport) => {
    const server = await adder()
    const { seen, phases } = total(transport(server.url))
    await soon(() => expect(seen.snapshots).toBe(1))
    server.world.skip = true
    server.add(1)
    server.add(2)
    await soon(() => expect(seen).toMatchObject({ total: 3, snapshots: 1, deltas: 2 }))
    expect(server.asked).toEqual([null, '0'])
    expect(phases()).toBe('live')
  },
)

test.each(
  TRANSPORTS.flatMap(([name, transport]) => [4400, 4401, 4403, 4406, 4409].map(code => [name, code, transport] as const)),
)('%s: close code %i ends the stream', async (_name, code, transport) => {
  const server = await adder()
  const { seen, stream } = total(transport(server.url))
  await soon(() => expect(seen.snapshots).toBe(1))
  for (const socket of server.sockets.clients) socket.close(code, 'final')
  await soon(() => expect(stream.state).toMatchObject({ phase: 'ended', code, reason: 'final' }))
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(server.asked).toEqual([null])
})

test.each(TRANSPORTS)('%s: a refused operation ends, a passing refusal is tried again', async (_name, transport) => {
  const server = await adder()
  server.world.refusal = 'UNAVAILABLE'
  const first = total(transport(server.url))
  await soon(() => expect(first.stream.state.code).toBe('UNAVAILABLE'))
  server.world.refusal = null
  await soon(() => expect(first.seen.snapshots).toBe(1))
  server.world.refusal = 'NOT_FOUND'
  const second = total(transport(server.url))
  await soon(() => expect(second.stream.state).toMatchObject({ phase: 'ended', code: 'NOT_FOUND', reason: 'Refused.' }))
})

test.each(TRANSPORTS)(
  '%s: a message that carries only an error is a passing refusal too: the stream goes on from its cursor',
  async (_name, transport) => {
    const server = await adder()
    const { seen, phases } = total(transport(server.url))
    await soon(() => expect(seen.snapshots).toBe(1))
    server.world.broken = true
    server.add(3)
    await soon(() => expect(seen).toMatchObject({ total: 3, snapshots: 1, deltas: 1 }))
    expect(server.asked).toEqual([null, '0'])
    expect(phases()).toBe('live reconnecting live')
  },
)

test.each(TRANSPORTS)('%s: a wrong token ends the stream', async (_name, transport) => {
  const server = await adder()
  const { stream } = total(transport(server.url, 'wrong'))
  await soon(() => expect(stream.state).toMatchObject({ phase: 'ended', code: CloseCode.Forbidden }))
})

test.each(TRANSPORTS)('%s: a server that starts late is waited for', async (_name, transport) => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise(resolve => free.close(resolve))
  const { seen, stream, phases } = total(transport(`ws://127.0.0.1:${port}`))
  await soon(() => expect(stream.state.phase).toBe('reconnecting'))
  await adder(port)
  await soon(() => expect(seen.snapshots).toBe(1))
  expect(phases()).toMatch(/^connecting connecting (reconnecting )+live$/)
})

test.each(TRANSPORTS)('%s: the streams of a connection come back together, in the same attempts', async (_name, transport) => {
  const server = await adder()
  const connection = transport(server.url)
  const [first, second] = [total(connection, null, 0), total(connection, null, 1)] // Alone they would wait 0.2 s and 1 s.
  await soon(() => expect([first.seen.snapshots, second.seen.snapshots]).toEqual([1, 1]))
  let opened = 0
  server.sockets.on('connection', socket => {
    if (++opened < 3) socket.terminate()
  })
  for (const socket of server.sockets.clients) socket.terminate()
  await soon(() => expect(opened).toBe(3))
  server.add(1)
  await soon(() => expect([first.seen.total, second.seen.total]).toEqual([1, 1]))
  expect(opened).toBe(3)
})

test('plain WebSocket: a line that stops answering counts as lost and is opened again', async () => {
  const server = await adder()
  const { seen, stream, phases } = total(connect({ url: server.url, authorization: () => 'Bearer t', silenceMs: 100 }))
  await soon(() => expect(seen.snapshots).toBe(1))
  for (const socket of server.sockets.clients) socket.pause() // The socket stays open and nothing comes back.
  await soon(() => expect(stream.state).toMatchObject({ phase: 'reconnecting', code: 4499 }))
  server.add(4)
  await soon(() => expect(seen).toMatchObject({ total: 4, snapshots: 1 }))
  expect(phases()).toBe('live reconnecting live')
})

test.each(TRANSPORTS)('%s: a stopped stream is silent', async (_name, transport) => {
  const server = await adder()
  const { seen, stream } = total(transport(server.url))
  await soon(() => expect(seen.snapshots).toBe(1))
  stream.stop()
  server.add(1)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(seen).toMatchObject({ total: 0, deltas: 0 })
  expect(stream.state.phase).toBe('ended')
})
