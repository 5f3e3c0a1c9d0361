import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { LIMITS } from '../src/platform/limits.ts'
import { Connection, Pulse } from '../src/wire/socket.connection.ts'
import { readOrigin } from '../src/wire/origin.ts'
import { Census, MessageRate } from '../src/wire/socket.limits.ts'
import { type Person, tenant } from './harness.ts'

const FEED = 'subscription { feed(scope: TENANT) { __typename } }'

interface ProtocolMessage { id?: string; type: string; payload?: { extensions?: { code: string } }[] }

/** A client without manners: it says what it is told to, over a real socket. */
class Raw {
  readonly heard: ProtocolMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #ws: WebSocket
  constructor({ url }: Pick<Person, 'url'>, path = '/graphql', protocol = 'graphql-transport-ws') {
    this.#ws = new WebSocket(url.replace('http', 'ws') + path, protocol)
    this.#ws.on('message', (bytes: Buffer) => this.heard.push(JSON.parse(bytes.toString()) as ProtocolMessage))
    this.closed = once(this.#ws, 'close')
      .then(([code, reason]) => ({ code: code as number, reason: (reason as Buffer).toString() }))
  }

  static async opened(person: Person): Promise<Raw> {
    const raw = new Raw(person)
    await once(raw.#ws, 'open')
    return raw
  }

  /** Returns a client that has been acknowledged. */
  static async acknowledged(person: Person): Promise<Raw> {
    const raw = await Raw.opened(person)
    raw.say({ type: 'connection_init', payload: { authorization: `Bearer ${person.token}` } })
    await raw.hears('connection_ack')
    return raw
  }

  say(message: object | string): void {
    this.#ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  subscribe(id: string, query = FEED): void {
    this.say({ id, type: 'subscribe', payload: { query } })
  }

  /** Resolves with the first message of this type. */
  async hears(type: string): Promise<ProtocolMessage> {
    await expect.poll(() => this.heard.some(message => message.type === type), { timeout: 5_000 }).toBe(true)
    return this.heard.find(message => message.type === type)!
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN
  }

  end(): void {
    this.#ws.terminate()
  }
}

test('too many messages close with 1013', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  for (let sent = 0; sent < LIMITS.socketMessagesBurstMax + 50; sent++) raw.say({ type: 'ping' })
  expect(await raw.closed).toEqual({ code: 1013, reason: 'Too many messages; try again later' })
  expect(raw.heard.filter(({ type }) => type === 'pong').length).toBeLessThan(LIMITS.socketMessagesBurstMax + 10)
})

test('a message that is too big closes with 1009', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  raw.say({ id: '1', type: 'subscribe', payload: { query: `#${'x'.repeat(LIMITS.socketMessageBytesMax)}` } })
  expect(await raw.closed).toMatchObject({ code: 1009 })
})

test('too many operations are refused by an error message each, and the socket and what runs on it stay', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  for (let at = 1; at <= LIMITS.subscriptionsPerSocketMax; at++) raw.subscribe(`op-${at}`)
  const begun = () => raw.heard.filter(({ type }) => type === 'next').length
  await expect.poll(begun, { timeout: 10_000 }).toBe(LIMITS.subscriptionsPerSocketMax)
  raw.subscribe('one-more')
  expect(await raw.hears('error')).toMatchObject({ id: 'one-more', payload: [{ extensions: { code: 'RATE_LIMITED' } }] })
  expect(raw.isOpen).toBe(true)
  // A place that was given up can be taken again.
  raw.say({ id: 'op-1', type: 'complete' })
  raw.subscribe('again')
  await expect.poll(() => raw.heard.some(({ id, type }) => id === 'again' && type === 'next')).toBe(true)
  raw.end()
})

test('refused operations hold no places', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  for (let at = 0; at < LIMITS.subscriptionsPerSocketMax + 20; at++) raw.subscribe(`bad-${at}`, 'subscription { feed {')
  await expect.poll(() => raw.heard.filter(({ type }) => type === 'error').length).toBe(LIMITS.subscriptionsPerSocketMax + 20)
  raw.subscribe('good')
  await expect.poll(() => raw.heard.some(({ id, type }) => id === 'good' && type === 'next')).toBe(true)
  raw.end()
})

test('another path than /graphql is not found, and another subprotocol is not acceptable', async () => {
  await using acme = await tenant('ann')
  const place = acme.node.url.replace('http', 'ws')
  const refusalOf = async (path: string, protocol: string) =>
    (await once(new WebSocket(place + path, protocol), 'error') as [Error])[0].message
  expect(await refusalOf('/elsewhere', 'graphql-transport-ws')).toBe('Unexpected server response: 404')
  expect(await refusalOf('/graphql', 'graphql-ws')).toBe('Server sent no subprotocol')
})

test('a client that subscribes before it said who it is, is closed with 4401', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.opened(acme.as('ann'))
  raw.subscribe('1')
  expect(await raw.closed).toEqual({ code: 4401, reason: 'Unauthorized' })
})

test('a client that never says who it is, is closed with 4408', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.opened(acme.as('ann'))
  expect(await raw.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
}, 20_000)

test('a second connection_init closes with 4429', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  raw.say({ type: 'connection_init' })
  expect(await raw.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' })
})

test('an id that is in use closes with 4409', async () => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  raw.subscribe('same')
  raw.subscribe('same')
  expect(await raw.closed).toEqual({ code: 4409, reason: 'Subscriber for same already exists' })
})

const NONSENSE = ['no JSON at all', '{"type":"unknown"}', '{"type":"subscribe"}', '[]']
test.each(NONSENSE)('the message %s closes with 4400', async text => {
  await using acme = await tenant('ann')
  const raw = await Raw.acknowledged(acme.as('ann'))
  raw.say(text)
  expect(await raw.closed).toEqual({ code: 4400, reason: 'Invalid message received' })
})

test('the census admits so many sockets of a token and of a tenant, and those who leave make room', () => {
  const census = new Census()
  const ann = { tenantId: 'acme', token: 'ann' }
  for (let at = 0; at < LIMITS.socketsPerTokenMax; at++) expect(census.enter(ann)).toBe(true)
  expect(census.enter(ann)).toBe(false)
  for (let at = LIMITS.socketsPerTokenMax; at < LIMITS.socketsPerTenantMax; at++) {
    census.enter({ tenantId: 'acme', token: `other-${at}` })
  }
  expect(census.enter({ tenantId: 'acme', token: 'bob' })).toBe(false)
  expect(census.enter({ tenantId: 'rival', token: 'eve' })).toBe(true)
  census.leave(ann)
  expect([census.enter(ann), census.enter(ann)]).toEqual([true, false])
})

test('the rate admits a burst, then so many a second', () => {
  const rate = new MessageRate()
  const now = Date.now() + 1_000
  const admitted = (atMs: number, tries: number) =>
    Array.from({ length: tries }, () => rate.admits(atMs)).filter(Boolean).length
  expect(admitted(now, 1_000)).toBe(LIMITS.socketMessagesBurstMax)
  expect(admitted(now + 900, 1)).toBe(0) // Who goes on shouting pays for it.
  expect(admitted(now + 60_000, 1_000)).toBe(LIMITS.socketMessagesBurstMax)
})

test('who answers no ping is cut at the third beat, and who answers stays', async () => {
  const [server, wss, pulse] = [createServer(), new WebSocketServer({ noServer: true }), new Pulse(1, 3_600_000)]
  server.on('upgrade', (request: IncomingMessage, socket, head) =>
    wss.handleUpgrade(request, socket, head, ws => pulse.add(new Connection(ws, socket, readOrigin(request)))))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [present, absent] = [new WebSocket(url), new WebSocket(url)]
  await Promise.all([present, absent].map(client => once(client, 'open')))
  absent.pause()
  for (let beat = 0; beat < 3; beat++) {
    const asked = once(present, 'ping')
    if (beat < 2) expect(wss.clients.size).toBe(2)
    pulse.beat()
    await asked
    await new Promise(resolve => setTimeout(resolve, 50)) // The answer travels.
  }
  await expect.poll(() => wss.clients.size).toBe(1)
  expect(present.readyState).toBe(WebSocket.OPEN)
  pulse.stop()
  for (const client of [present, absent]) client.terminate()
  server.close()
})
