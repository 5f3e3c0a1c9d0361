import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Payload, writtenId } from './frames.ts'

const server = createServer()
const wss = new WebSocketServer({ noServer: true })
const sockets: Duplex[] = []
beforeAll(async () => {
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    wss.handleUpgrade(request, socket, head, () => {})
    sockets.push(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  for (const client of wss.clients) client.terminate()
  server.close()
})

/** Returns a real client and the TCP socket at the server's end of it. */
async function pair(): Promise<{ client: WebSocket; socket: Duplex }> {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { maxPayload: 2 ** 24 })
  await once(client, 'open')
  return { client, socket: sockets.at(-1)! }
}

async function read(client: WebSocket): Promise<string> {
  const [bytes] = await once(client, 'message') as [Buffer]
  return bytes.toString()
}

const BARE = '{"id":"1","type":"next","payload":{"data":""}}'.length
/** Returns a result whose `next` message for an id of one character has so many bytes. */
const resultOf = (bytes: number) => JSON.stringify({ data: 'x'.repeat(bytes - BARE) })

test.each([[125, 2], [126, 4], [127, 4], [65_535, 4], [65_536, 10], [200_000, 10]])(
  'a message of %i bytes has a header of %i and is read back by a real client', async (bytes, header) => {
    const { client, socket } = await pair()
    const json = resultOf(bytes)
    const arrives = read(client)
    expect(new Payload(json).writeTo(socket, '1')).toBe(bytes + header)
    const text = await arrives
    expect(text).toHaveLength(bytes)
    expect(JSON.parse(text)).toEqual({ id: '1', type: 'next', payload: JSON.parse(json) })
    client.terminate()
  })

test.each([
  ['a UUID', '4f5c1c0e-8f0e-4c68-9d4f-3c1f0a3e9b11'], ['a quote and a backslash', 'a"b\\c'], ['a line break', 'a\nb'],
  ['no ASCII', 'né 東京 🏆'],
  ['half a surrogate pair', 'a\ud83c'], ['a line separator', 'a\u2028b'], ['nothing', ''], ['many characters', 'i'.repeat(5_000)],
])('an id of %s comes back as it was given', async (_what, id) => {
  const { client, socket } = await pair()
  const arrives = read(client)
  new Payload('{"data":{"name":"Ünal"}}').writeTo(socket, writtenId(id))
  expect(JSON.parse(await arrives)).toEqual({ id, type: 'next', payload: { data: { name: 'Ünal' } } })
  client.terminate()
})

test('one message goes to many readers, each under its own id, whatever their lengths', async () => {
  const pairs: Awaited<ReturnType<typeof pair>>[] = []
  while (pairs.length < 40) pairs.push(await pair())
  const payload = new Payload('{"data":1}')
  const ids = pairs.map((_, at) => writtenId('i'.repeat(1 + at % 7) + at))
  const arrive = pairs.map(({ client }) => read(client))
  for (const [at, { socket }] of pairs.entries()) {
    payload.writeTo(socket, ids[at]!)
  }
  expect((await Promise.all(arrive)).map(text => (JSON.parse(text) as { id: string }).id)).toEqual(ids)
  for (const { client } of pairs) client.terminate()
})

test('what waits in a full socket keeps its id while others are served', async () => {
  const held: Socket[] = []
  const tcp = createTcpServer(socket => held.push(socket)).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const client = connect((tcp.address() as AddressInfo).port, '127.0.0.1')
  await once(client, 'connect')
  client.pause()
  const { client: reader, socket: free } = await pair()
  await expect.poll(() => held.length).toBe(1)
  const full = held[0]!
  const payload = new Payload(JSON.stringify({ data: 'x'.repeat(10_000) }))
  let sent = 0
  while (full.writableLength < 100_000) payload.writeTo(full, `full-${String(sent++).padStart(5, '0')}`)
  const arrives = read(reader)
  payload.writeTo(free, 'free-00000')
  expect(JSON.parse(await arrives)).toMatchObject({ id: 'free-00000' })

  const chunks: Buffer[] = []
  client.on('data', (chunk: Buffer) => chunks.push(chunk))
  client.resume()
  const size = payload.json.length + '{"id":"full-00000","type":"next","payload":}'.length + 4
  await expect.poll(() => chunks.reduce((sum, { length }) => sum + length, 0)).toBe(size * sent)
  const bytes = Buffer.concat(chunks)
  const ids = Array.from({ length: sent }, (_, at) => bytes.toString('latin1', at * size + 4 + 7, at * size + 4 + 7 + 10))
  expect(ids).toEqual(Array.from({ length: sent }, (_, at) => `full-${String(at).padStart(5, '0')}`))
  client.destroy()
  full.destroy()
  tcp.close()
  reader.terminate()
})

describe('where a client wishes compression', () => {
  const options = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: Infinity }
  const place = createServer()
  const compressing = new WebSocketServer({ noServer: true, perMessageDeflate: options })
  const ends: { ws: WebSocket; socket: Duplex }[] = []
  beforeAll(async () => {
    place.on('upgrade', (request: IncomingMessage, socket, head) =>
      compressing.handleUpgrade(request, socket, head, ws => ends.push({ ws, socket })))
    await once(place.listen(0, '127.0.0.1'), 'listening')
  })
  afterAll(() => {
    for (const client of compressing.clients) client.terminate()
    place.close()
  })
  const open = async (perMessageDeflate: boolean | object) => {
    const client = new WebSocket(`ws://127.0.0.1:${(place.address() as AddressInfo).port}`, { perMessageDeflate })
    await once(client, 'open')
    return { client, ...ends.at(-1)! }
  }
  const rows = Array.from({ length: 40 }, (_, rank) => ({ rank, name: `Ünal ${rank}`, points: rank * 31 }))
  const payload = () => new Payload(JSON.stringify({ data: { rows } }))

  test.each([[true, 'anything'], [{ clientNoContextTakeover: true, serverNoContextTakeover: true }, 'no context takeover']])(
    'a client that offers %j (%s) inflates the group\'s message with its own id, of any length', async (offer, _what) => {
      const { client, ws, socket } = await open(offer)
      expect(ws.extensions).toBe('permessage-deflate')
      expect(client.extensions).toBe('permessage-deflate')
      for (const length of [0, 1, 7, 36, 125, 255, 256, 4_000, 59_999, 60_001, 70_000]) {
        const arrives = read(client)
        const bytes = payload().writeTo(socket, 'i'.repeat(length), true)
        expect(JSON.parse(await arrives)).toEqual({ id: 'i'.repeat(length), type: 'next', payload: { data: { rows } } })
        if (length < 60_000) expect(bytes - length).toBeLessThan(payload().json.length / 3)
      }
      client.terminate()
    })

  test('compressed, short and ws\'s own messages reach it in order, each whole', async () => {
    const { client, ws, socket } = await open(true)
    const heard: string[] = []
    client.on('message', (bytes: Buffer) => heard.push(bytes.toString()))
    const [long, short] = [payload(), new Payload('{"data":1}')]
    for (let at = 0; at < 50; at++) {
      long.writeTo(socket, `long-${at}`, true)
      short.writeTo(socket, `short-${at}`, true)
      ws.send(JSON.stringify({ type: 'complete', id: `own-${at}`, filling: 'x'.repeat(at * 100) }))
    }
    await expect.poll(() => heard.length).toBe(150)
    const ids = heard.map(text => (JSON.parse(text) as { id: string }).id)
    expect(ids).toEqual(Array.from({ length: 50 }, (_, at) => [`long-${at}`, `short-${at}`, `own-${at}`]).flat())
    client.terminate()
  })

  test('one message serves who compresses and who does not, and clients\' compressed messages are read', async () => {
    const [one, two] = [await open(true), await open(false)]
    expect(two.ws.extensions).toBe('')
    const shared = payload()
    const arrive = [read(one.client), read(two.client)]
    const sizes = [shared.writeTo(one.socket, 'one', true), shared.writeTo(two.socket, 'two', false)]
    expect((await Promise.all(arrive)).map(text => (JSON.parse(text) as { id: string }).id)).toEqual(['one', 'two'])
    expect(sizes[0]!).toBeLessThan(sizes[1]! / 3)
    const text = 'x'.repeat(5_000)
    for (let at = 0; at < 3; at++) {
      const heard = once(one.ws, 'message')
      one.client.send(`${text}${at}`)
      expect(((await heard)[0] as Buffer).toString()).toBe(`${text}${at}`)
    }
    for (const { client } of [one, two]) client.terminate()
  })
})
