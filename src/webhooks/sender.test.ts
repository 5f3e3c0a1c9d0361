import { expect, test } from 'vitest'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Receiver } from '../../test/receiver.ts'
import { Sender, type SenderOptions } from './sender.ts'

const NEVER = new AbortController().signal

async function post(url: string, options: Partial<SenderOptions> = {}, signal = NEVER) {
  const sender = new Sender({ isPrivateAllowed: true, ...options })
  try {
    const { durationMs, ...outcome } = await sender.post(url, '{"a":1}', { 'webhook-id': 'whm_1' }, signal)
    expect(durationMs).toBeGreaterThanOrEqual(0)
    return outcome
  } finally {
    sender.close()
  }
}

test('a message is posted as JSON, and any status of 2xx delivers it', async () => {
  await using receiver = await Receiver.open()
  for (const status of [200, 202, 204, 299]) {
    receiver.reply = () => status
    expect(await post(receiver.url())).toEqual({ status, failure: null })
  }
  const { path, headers, body } = receiver.received[0]!
  expect([path, headers['content-type'], headers['content-length'], headers['webhook-id'], body]).toEqual([
    '/hook',
    'application/json',
    '7',
    'whm_1',
    '{"a":1}',
  ])
  expect(headers['user-agent']).toMatch(/^Laurel-Webhooks\/\d/)
})

test('other statuses fail, and a redirect is not followed', async () => {
  await using receiver = await Receiver.open()
  await using secret = await Receiver.open()
  for (const status of [300, 400, 404, 410, 429, 500, 503]) {
    receiver.reply = () => status
    expect(await post(receiver.url())).toEqual({ status, failure: 'STATUS' })
  }
  receiver.reply = (_, response) => {
    response.writeHead(307, { location: secret.url() }).end()
  }
  expect(await post(receiver.url())).toEqual({ status: 307, failure: 'STATUS' })
  expect(secret.received).toEqual([])
})

test('a receiver that takes the message and never answers, and one that accepts and says nothing, are out of time', async () => {
  await using receiver = await Receiver.open()
  receiver.reply = () => {}
  expect(await post(receiver.url(), { responseMs: 100 })).toEqual({ status: null, failure: 'TIMEOUT' })
  const deaf = createServer().listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  const { port } = deaf.address() as { port: number }
  expect(await post(`http://127.0.0.1:${port}/`, { responseMs: 100 })).toEqual({ status: null, failure: 'TIMEOUT' })
  // The handshake belongs to connecting.
  expect(await post(`https://127.0.0.1:${port}/`, { connectMs: 100 })).toEqual({ status: null, failure: 'TIMEOUT' })
  deaf.close()
  expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ status: null, failure: 'CONNECTION' })
})

test('a receiver that drips its headers is out of time, whatever it sent', async () => {
  const dripping = createServer(socket => {
    const timer = setInterval(() => socket.write('x'), 20)
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
    socket.on('close', () => clearInterval(timer)).on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(dripping, 'listening')
  expect(await post(`http://127.0.0.1:${(dripping.address() as { port: number }).port}/`, { responseMs: 150 })).toEqual({
    status: null,
    failure: 'TIMEOUT',
  })
  dripping.close()
})

test('an endless answer delivers by its status, and its connection is cut after little of it', async () => {
  await using receiver = await Receiver.open()
  let sent = 0
  const cut = new Promise<void>(resolve => {
    receiver.reply = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384
        sent += 16_384
      }
      response
        .on('drain', more)
        .on('close', resolve)
        .on('error', () => {})
      response.writeHead(200)
      more()
    }
  })
  const sender = new Sender({ isPrivateAllowed: true })
  expect(await sender.post(receiver.url(), '{}', {}, NEVER)).toMatchObject({ status: 200, failure: null })
  await cut
  expect(sent).toBeLessThan(8 * 1_024 * 1_024) // What lay in the buffers of two sockets, not what would have come.
  sender.close()
})

test('a name that resolves to a loopback address is refused unless private ones are allowed', async () => {
  await using receiver = await Receiver.open()
  const url = receiver.url('/hook', 'localhost')
  expect(await post(url.replace('http:', 'https:'), { isPrivateAllowed: false })).toEqual({ status: null, failure: 'ADDRESS' })
  expect(receiver.received).toEqual([])
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
  expect(await post(receiver.url('/hook', 'receiver.example'), { resolve })).toEqual({ status: 200, failure: null })
})

test('the checked address is the one that is connected to: the name is asked for once', async () => {
  await using receiver = await Receiver.open()
  const answers: string[] = []
  const resolve = async () => [{ address: answers.shift()!, family: 4 }]
  // A second question would be answered otherwise (DNS rebinding).
  answers.push('127.0.0.1', '192.0.2.1')
  expect(await post(receiver.url('/hook', 'evil.example'), { resolve })).toEqual({ status: 200, failure: null })
  expect(answers).toEqual(['192.0.2.1'])
  expect(await post(receiver.url('/hook', 'evil.example'), { resolve })).toEqual({ status: null, failure: 'ADDRESS' })
  expect(receiver.received).toHaveLength(1)
})

test('a name is refused when any of its addresses is, or when it has none', async () => {
  await using receiver = await Receiver.open()
  const url = receiver.url('/hook', 'both.example')
  for (const addresses of [['127.0.0.1', '169.254.169.254'], ['::ffff:127.0.0.1'], []]) {
    const resolve = async () => addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    expect(await post(url, { resolve })).toEqual({ status: null, failure: 'ADDRESS' })
  }
  expect(await post('http://nowhere.invalid/')).toEqual({ status: null, failure: 'NAME' })
  expect(receiver.received).toEqual([])
})

test.each([
  'http://127.0.0.1:9/',
  'https://127.0.0.1:9/',
  'https://[::1]:9/',
  'https://10.1.2.3/',
  'https://[::ffff:127.0.0.1]:9/',
  'http://example.com/',
])('a spelled-out %s is refused at each delivery, whatever was allowed when the endpoint was made', async url => {
  expect(await post(url, { isPrivateAllowed: false, connectMs: 200 })).toEqual({ status: null, failure: 'ADDRESS' })
})

test('a connection that the receiver closed between two messages is no failure', async () => {
  await using receiver = await Receiver.open()
  const sender = new Sender({ isPrivateAllowed: true })
  const sockets = new Set<{ destroy(): void }>()
  receiver.reply = (_, response) => {
    sockets.add(response.socket!)
    return 200
  }
  for (let round = 0; round < 20; round++) {
    expect(await sender.post(receiver.url(), '{}', {}, NEVER)).toMatchObject({ status: 200, failure: null })
    if (round % 2) for (const socket of sockets) socket.destroy()
  }
  expect(receiver.received).toHaveLength(20)
  expect(sockets.size).toBeLessThan(20) // Kept open in between.
  sender.close()
})

test('an aborted delivery throws, so that it is written down by nobody', async () => {
  await using receiver = await Receiver.open()
  receiver.reply = () => {}
  const stop = new AbortController()
  const posting = post(receiver.url(), {}, stop.signal)
  await receiver.until(received => received.length === 1)
  stop.abort()
  await expect(posting).rejects.toMatchObject({ name: 'AbortError' })
})
