import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { wireId } from '../src/platform/ids.ts'
import { LIMITS } from '../src/platform/limits.ts'
import { Payload } from '../src/wire/frames.ts'
import { SocketOutlet } from '../src/wire/socket.outlet.ts'
import { ResponseOutlet } from '../src/wire/sse.ts'
import { type Person, RECORD, tenant, type TestTenant } from './harness.ts'

// Aliases make a message of one change about 6 KB long, so that the credit is spent within a dozen.
const LONG = Array.from({ length: 40 }, (_, at) => `points_${at}_${'x'.repeat(130)}: points`).join(' ')
const BOARD = `subscription($id: ID!) { leaderboard(id: $id) { __typename
  ... on LeaderboardSnapshot { cursor reason standings { subjectId points } }
  ... on LeaderboardDelta { after cursor changes { subjectId points ${LONG} } } } }`
const FEED = `subscription { feed(scope: TENANT) { __typename
  ... on FeedSnapshot { cursor reason items { id } } ... on FeedDelta { after cursor items { id points ${LONG} } } } }`

interface Message {
  __typename: string; cursor: string; after?: string; reason?: string
  items?: { id: string; points: number }[]; standings?: { points: number }[]; changes?: { points: number }[]
}

/** A subscriber who can stop reading, as a client that hangs does. */
class PausingReader {
  readonly messages: Message[] = []
  bytes = 0
  readonly #ws: WebSocket
  constructor({ url, token }: Person, query: string, variables: object = {}) {
    const place = `${url.replace('http', 'ws')}/graphql`
    this.#ws = new WebSocket(place, 'graphql-transport-ws', { perMessageDeflate: false }) // Aliases would vanish in it.
    this.#ws.on('open', () => this.#say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
    this.#ws.on('message', (text: Buffer) => {
      const { type, payload } = JSON.parse(text.toString()) as { type: string; payload: { data: Record<string, Message> } }
      if (type === 'connection_ack') this.#say({ id: randomUUID(), type: 'subscribe', payload: { query, variables } })
      if (type !== 'next') return
      this.messages.push(Object.values(payload.data)[0]!)
      this.bytes += text.length
    })
  }

  #say(message: object): void {
    this.#ws.send(JSON.stringify(message))
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  /** Resolves when the newest message is as wished. */
  async reaches(wish: (newest: Message) => boolean): Promise<void> {
    await expect.poll(() => this.messages.length > 0 && wish(this.messages.at(-1)!), { timeout: 15_000, interval: 20 }).toBe(true)
  }

  end(): void {
    this.#ws.terminate()
  }
}

let keys = 0
const record = async (acme: TestTenant, times: number) => {
  for (let at = 0; at < times; at++) {
    const input = { activityType: 'meeting_scheduled', idempotencyKey: `slow-${String(keys++).padStart(6, '0')}` }
    await acme.as('ann').run(RECORD, { input })
    await new Promise(resolve => setTimeout(resolve, LIMITS.tickMs + 5)) // Each becomes a delta of its own.
  }
}

test('a board waits for a reader that stops, and gives it one snapshot of the newest when it reads again', async () => {
  await using acme = await tenant('ann')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY })
  await acme.settled()
  const id = wireId('Leaderboard', leaderboard.id)
  const [slow, quick] = [new PausingReader(acme.as('ann'), BOARD, { id }), new PausingReader(acme.as('ann'), BOARD, { id })]
  await Promise.all([slow, quick].map(reader => reader.reaches(({ reason }) => reason === 'FIRST')))
  slow.pause()
  await record(acme, 30)
  await quick.reaches(({ changes }) => changes?.[0]?.points === 1_500)
  slow.resume()
  await slow.reaches(({ cursor }) => cursor === quick.messages.at(-1)!.cursor)

  const [first, ...rest] = slow.messages
  expect(first).toMatchObject({ reason: 'FIRST' })
  expect(rest.at(-1)).toMatchObject({ __typename: 'LeaderboardSnapshot', reason: 'SLOW_CLIENT', standings: [{ points: 1_500 }] })
  expect(rest.filter(({ reason }) => reason)).toHaveLength(1)
  expect(rest.slice(0, -1)).toEqual(quick.messages.slice(1, rest.length)) // What was on its way when it stopped, in order.
  expect(rest.length).toBeLessThan(15)
  expect(slow.bytes).toBeLessThanOrEqual(LIMITS.creditBytes)

  await record(acme, 1)
  await slow.reaches(({ changes }) => changes?.[0]?.points === 1_550)
  expect(slow.messages.at(-1)).toEqual(quick.messages.at(-1))
  expect(quick.messages.filter(({ reason }) => reason)).toHaveLength(1)
  for (const reader of [slow, quick]) reader.end()
}, 30_000)

test('a feed keeps everything for a reader that stops, once and in order', async () => {
  await using acme = await tenant('ann')
  const [slow, quick] = [new PausingReader(acme.as('ann'), FEED), new PausingReader(acme.as('ann'), FEED)]
  await Promise.all([slow, quick].map(reader => reader.reaches(({ reason }) => reason === 'FIRST')))
  slow.pause()
  await record(acme, 30)
  const told = ({ messages }: PausingReader) => messages.slice(1).flatMap(({ items }) => items!)
  await expect.poll(() => told(quick).filter(({ points }) => points).length, { timeout: 10_000 }).toBe(30)
  slow.resume()
  await expect.poll(() => told(slow).length, { timeout: 10_000 }).toBe(told(quick).length)
  expect(told(slow)).toEqual(told(quick))
  expect(slow.messages.filter(({ reason }) => reason)).toHaveLength(1)
  expect(slow.messages.length).toBeLessThan(quick.messages.length) // What it missed came together.
  for (const reader of [slow, quick]) reader.end()
}, 30_000)

/** Returns a client and the outlet at the server's end of it. */
async function outletPair() {
  const server = createServer()
  const wss = new WebSocketServer({ noServer: true })
  const opened = new Promise<SocketOutlet>(resolve => server.on('upgrade', (request: IncomingMessage, socket, head) => {
    wss.handleUpgrade(request, socket, head, ws => {
      const outlet = new SocketOutlet(ws, socket)
      ws.on('pong', answer => outlet.hear(answer))
      resolve(outlet)
    })
  }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const outlet = await opened
  return { client, outlet, end: () => { client.terminate(); server.close() } }
}

test('a reader without progress for 60 s is closed with 1013, and one that makes some is not', async () => {
  const { client, outlet, end } = await outletPair()
  const closed = once(client, 'close')
  const payload = new Payload(JSON.stringify({ data: 'x'.repeat(5_000) }))
  const fill = () => { for (let sent = 0; outlet.ready() && sent < 100; sent++) outlet.send('1', payload) }
  client.pause()
  fill()
  expect(outlet.owed).toBeLessThanOrEqual(LIMITS.creditBytes)
  outlet.sweep(Date.now() + LIMITS.stalledMaxMs - 1_000)
  let proceeds = 0
  outlet.whenReady(() => proceeds++)
  client.resume()
  await expect.poll(() => outlet.owed).toBe(0)
  expect([outlet.ready(), proceeds]).toEqual([true, 1])
  outlet.sweep(Date.now() + 2 * LIMITS.stalledMaxMs) // Nothing is owed: it may be silent as long as it likes.
  expect(client.readyState).toBe(WebSocket.OPEN)

  client.pause()
  fill()
  outlet.sweep(Date.now() + LIMITS.stalledMaxMs + 1)
  client.resume()
  expect((await closed)[0]).toBe(1013)
  end()
})

test('a response that nobody has read for 60 s is cut, and one that somebody reads on is not', async () => {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  const [[, response], [answer]] = await Promise.all([
    (once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>).then(asked => {
      asked[1].writeHead(200).flushHeaders()
      return asked
    }),
    once(request, 'response') as Promise<[IncomingMessage]>,
  ])
  const outlet = new ResponseOutlet(response)
  const payload = new Payload(JSON.stringify({ data: 'x'.repeat(500_000) }))
  // Until the kernels at both ends hold what they can.
  const fill = async () => {
    for (let isStuck = false; !isStuck; isStuck = !outlet.ready()) {
      while (outlet.ready()) outlet.send('', payload)
      await wait(100)
    }
  }
  answer.pause()
  await fill()
  const beganMs = Date.now()
  outlet.sweep(beganMs + LIMITS.stalledMaxMs - 1_000)
  answer.resume()
  await expect.poll(() => outlet.ready()).toBe(true)
  outlet.sweep(beganMs + 2 * LIMITS.stalledMaxMs) // Nothing lies ready: it may be silent as long as it likes.
  expect(response.destroyed).toBe(false)

  answer.pause()
  await fill()
  outlet.keepAlive() // Adds nothing to what is not read.
  const left = response.writableLength
  outlet.keepAlive()
  expect([outlet.ready(), response.writableLength]).toEqual([false, left])
  response.end() // As when the token has expired: what lies before the end is still not read.
  outlet.keepAlive()
  expect(await Promise.race([once(response, 'error').then(([error]) => error as unknown), setImmediate()])).toBe(undefined)
  const cut = new Promise(done => answer.once('error', () => {}).once('close', done))
  outlet.sweep(Date.now() + LIMITS.stalledMaxMs + 1)
  answer.resume()
  await cut
  expect([response.destroyed, answer.complete]).toEqual([true, false])
  server.close()
})
