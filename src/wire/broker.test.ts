import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { createClient } from 'redis'
import { startRedis } from '../../test/redis.ts'
import type { Broker } from './broker.ts'
import { memoryBroker } from './broker.memory.ts'
import { redisBroker } from './broker.redis.ts'

const redisUrl = inject('redisUrl')
let prefixes = 0
const kinds: [string, () => Promise<[Broker, Broker]>][] = [
  ['memory', async () => {
    const one = memoryBroker()
    return [one, one] // One process has one broker.
  }],
]
if (redisUrl) {
  kinds.push(['redis', async () => {
    const prefix = `test-${process.pid}-${prefixes++}:`
    return [await redisBroker(redisUrl, prefix), await redisBroker(redisUrl, prefix)]
  }])
  const folder = mkdtempSync(join(tmpdir(), 'laurel-cluster-'))
  const cluster = (await startRedis(folder, { cluster: true }))!
  afterAll(async () => {
    await cluster.end()
    rmSync(folder, { recursive: true })
  })
  kinds.push(['redis cluster', async () => {
    const prefix = `test-${process.pid}-${prefixes++}:`
    return [await redisBroker(cluster.url, prefix), await redisBroker(cluster.url, prefix)]
  }])
} else test('NOTE: redis-server is not on the PATH, so the Redis half of the broker\'s contract was not run', () => {})

/** Waits until the list holds `count` messages. */
async function arrived(list: unknown[], count: number): Promise<void> {
  for (const until = Date.now() + 3_000; list.length < count && Date.now() < until;) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe.each(kinds)('the %s broker', (_kind, make) => {
  test('delivers a channel\'s messages in order to each of its listeners and to no other', async () => {
    const [here, there] = await make()
    const [first, second, other]: string[][] = [[], [], []]
    await here.subscribe('one', message => first!.push(message))
    await there.subscribe('one', message => second!.push(message))
    await there.subscribe('two', message => other!.push(message))
    const sent = Array.from({ length: 100 }, (_, at) => String(at))
    for (const message of sent) await here.publish('one', message)
    await Promise.all([arrived(first!, 100), arrived(second!, 100)])
    expect([first, second, other]).toEqual([sent, sent, []])
    await Promise.all([here.close(), there.close()])
  })

  test('stops one listener without touching another on the same channel, also when both are one function', async () => {
    const [here, there] = await make()
    const heard: string[] = []
    const listen = (message: string) => heard.push(message)
    const stop = await there.subscribe('one', listen)
    await there.subscribe('one', listen)
    await here.publish('one', 'both')
    await arrived(heard, 2)
    await stop()
    await stop() // Twice is once.
    await here.publish('one', 'last')
    await arrived(heard, 3)
    expect(heard).toEqual(['both', 'both', 'last'])
    await Promise.all([here.close(), there.close()])
  })

  test('hears a channel again after everybody had left it', async () => {
    const [here, there] = await make()
    const heard: string[] = []
    await (await there.subscribe('one', message => heard.push(`early ${message}`)))()
    await there.subscribe('one', message => heard.push(message))
    await here.publish('one', 'again')
    await arrived(heard, 1)
    expect(heard).toEqual(['again'])
    await Promise.all([here.close(), there.close()])
  })

  test('a listener that throws does not take the others with it', async () => {
    const [here, there] = await make()
    const heard: string[] = []
    await there.subscribe('one', () => { throw new Error('a listener\'s own fault') })
    await there.subscribe('one', message => heard.push(message))
    await here.publish('one', 'message')
    await arrived(heard, 1)
    expect(heard).toEqual(['message'])
    await Promise.all([here.close(), there.close()])
  })

  test('is healthy until it is closed', async () => {
    const [here, there] = await make()
    expect(here.healthy()).toBe(true)
    await Promise.all([here.close(), there.close()])
    expect(here.healthy()).toBe(false)
  })
})

test.runIf(redisUrl)('a Redis broker finds its way back after its connections were cut, and listens again', async () => {
  const prefix = `test-${process.pid}-cut:`
  const [here, there] = [await redisBroker(redisUrl!, prefix), await redisBroker(redisUrl!, prefix)]
  const heard: string[] = []
  await there.subscribe('one', message => heard.push(message))
  const admin = await createClient({ url: redisUrl! }).connect()
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub'])
  for (const until = Date.now() + 5_000; !heard.length && Date.now() < until;) {
    await here.publish('one', 'back')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  expect(heard[0]).toBe('back')
  await Promise.all([here.close(), there.close(), admin.close()])
})

test('a Redis that cannot be reached is one sentence', async () => {
  await expect(redisBroker('redis://127.0.0.1:1')).rejects.toThrow(
    /^Redis at REDIS_URL cannot be reached \(.*\): start it, correct REDIS_URL, or unset it/)
})
