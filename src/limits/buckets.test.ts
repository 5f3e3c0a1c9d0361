import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { redisBroker } from '../wire/broker.redis.ts'
import { startRedis } from '../../test/redis.ts'
import { type Buckets, LocalBuckets } from './buckets.ts'
import { SharedBuckets } from './buckets.shared.ts'

const redisUrl = inject('redisUrl')
const closers: (() => Promise<unknown>)[] = []
afterAll(async () => { for (const close of closers.reverse()) await close() })

/** Takes one at a time until refused; returns how many were taken. */
async function drain(buckets: Buckets, key: string, perMinute: number, triesMax: number): Promise<number> {
  for (let taken = 0; taken < triesMax; taken++) if (!(await buckets.take(key, perMinute, 1)).isTaken) return taken
  return triesMax
}

test('a bucket holds a minute\'s worth, refills steadily, and says how long to wait', () => {
  let nowMs = 0
  const buckets = new LocalBuckets(() => nowMs)
  const take = (amount: number) => buckets.take('a', 60, amount)
  expect(take(20)).toEqual({ isTaken: true, left: 40, waitMs: 0 })
  expect(take(40)).toEqual({ isTaken: true, left: 0, waitMs: 0 })
  expect(take(5)).toEqual({ isTaken: false, left: 0, waitMs: 5_000 })
  nowMs += 2_500
  expect(take(5)).toEqual({ isTaken: false, left: 2, waitMs: 2_500 })
  nowMs += 2_500
  expect(take(5)).toEqual({ isTaken: true, left: 0, waitMs: 0 })
  nowMs += 3_600_000
  expect(take(1).left).toBe(59) // It never holds more than a minute's worth.
  buckets.give('a', 60, 1_000)
  expect(take(0).left).toBe(60)
  expect(buckets.take('b', 60, 1).left).toBe(59) // Another bucket is another's.
})

test('what is more than a bucket holds takes a whole bucket, so that it is late but not refused for ever', () => {
  let nowMs = 0
  const buckets = new LocalBuckets(() => nowMs)
  expect(buckets.take('a', 10, 500)).toEqual({ isTaken: true, left: 0, waitMs: 0 })
  expect(buckets.take('a', 10, 500)).toEqual({ isTaken: false, left: 0, waitMs: 60_000 })
  nowMs += 60_000
  expect(buckets.take('a', 10, 500).isTaken).toBe(true)
})

test('a flood of names does not fill the memory', () => {
  const buckets = new LocalBuckets(() => 0)
  for (let at = 0; at < 150_000; at++) buckets.take(`address-${at}`, 10, 1)
  expect(buckets.size).toBe(100_000)
})

test.runIf(!redisUrl)('NOTE: redis-server is not on the PATH, so buckets that nodes share were not tried', () => {})

describe.runIf(redisUrl)('buckets that nodes share', () => {
  const kinds: [string, () => Promise<string>][] = [
    ['a server', async () => redisUrl!],
    ['a cluster', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'laurel-buckets-'))
      const server = (await startRedis(folder, { cluster: true }))!
      closers.push(async () => {
        await server.end()
        rmSync(folder, { recursive: true })
      })
      return server.url
    }],
  ]
  const nodes = async (url: string, count: number) => {
    const prefix = `test-${process.pid}-${Math.random()}:`
    return Promise.all(Array.from({ length: count }, async () => {
      const broker = await redisBroker(url, prefix)
      closers.push(() => broker.close())
      return new SharedBuckets(broker.scripts!)
    }))
  }

  test.each(kinds)('by %s admit together what one would, however the requests are spread', async (_kind, urlOf) => {
    const begunMs = performance.now()
    const three = await nodes(await urlOf(), 3)
    const admitted = await Promise.all(three.map(node => drain(node, 'quota:{acme}', 600, 1_000)))
    const refilled = Math.ceil((performance.now() - begunMs) / 60_000 * 600)
    const total = admitted[0]! + admitted[1]! + admitted[2]!
    // A node may still hold what it took and did not need: at most a twentieth each.
    expect(total).toBeGreaterThanOrEqual(600 - 3 * 30)
    expect(total).toBeLessThanOrEqual(600 + refilled)
    const refusal = await three[0]!.take('quota:{acme}', 600, 60)
    expect(refusal).toMatchObject({ isTaken: false })
    expect(refusal.waitMs).toBeLessThanOrEqual(6_000)
    expect(refusal.waitMs).toBeGreaterThanOrEqual(1)
  }, 30_000)

  test('give back what a node that closes has not spent', async () => {
    const [one, other] = await nodes(redisUrl!, 2)
    expect((await one!.take('quota:{b}', 1_000, 1)).isTaken).toBe(true) // It takes 50 at once.
    await one!.close()
    expect((await other!.take('quota:{b}', 1_000, 999)).isTaken).toBe(true)
  })

  test('ask Redis once for many requests', async () => {
    let asked = 0
    const broker = await redisBroker(redisUrl!, `test-${process.pid}-${Math.random()}:`)
    closers.push(() => broker.close())
    const buckets = new SharedBuckets({ isReady: () => true, run: (...args) => {
      asked++
      return broker.scripts!.run(...args)
    } })
    for (let at = 0; at < 1_000; at++) expect((await buckets.take('quota:{c}', 10_000, 1)).isTaken).toBe(true)
    expect(asked).toBeLessThanOrEqual(6)
  })

  test('are each node\'s own while Redis is away, and shared again when it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'laurel-buckets-'))
    const server = (await startRedis(folder))!
    closers.push(async () => {
      await server.end()
      rmSync(folder, { recursive: true })
    })
    const [one, other] = await nodes(server.url, 2)
    expect((await one!.take('quota:{d}', 20, 20)).isTaken).toBe(true)
    expect((await other!.take('quota:{d}', 20, 20)).isTaken).toBe(false)
    await server.end('SIGKILL')
    // Whoever was refused just now is not let in by the outage before that time is over; others have their own buckets.
    expect(await drain(one!, 'quota:{e}', 20, 100)).toBe(20)
    expect(await drain(other!, 'quota:{e}', 20, 100)).toBe(20)
    await server.begin()
    await expect.poll(async () => {
      const key = `quota:{f${Math.random()}}`
      const first = await one!.take(key, 20, 20)
      return [first.isTaken, (await other!.take(key, 20, 20)).isTaken]
    }, { timeout: 15_000 }).toEqual([true, false])
  }, 30_000)
})
