import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fanout from './fanout.bench.ts'
import idle from './idle.bench.ts'
import { openWorld, type World } from './live.world.ts'
import resume from './resume.bench.ts'
import { versionOf } from './services.ts'
import stall from './stall.bench.ts'

// A smoke run shows that the benches run, check their results and answer their keys; its figures mean nothing.
const isPositive = expect.toSatisfy((value: number) => value > 0)

describe.skipIf(!versionOf('redis-server'))('the live benches in their quick form', () => {
  let world: World
  const quickly = () => ({ quick: true, progress: () => {}, world })
  beforeAll(async () => { world = await openWorld(() => {}) })
  afterAll(() => world[Symbol.asyncDispose]())

  test('fanout answers its ratios', async () => {
    const peers = existsSync(new URL('node_modules/graphql-ws/package.json', import.meta.url)) ? ['graphqlws'] : []
    const { metrics } = await fanout({ ...quickly(), peers })
    expect(metrics).toEqual({
      cpu_over_floor_1k: isPositive, cpu_over_floor_10k: isPositive, p99_over_floor_10k: isPositive,
      ...peers.length ? { cpu_over_graphqlws: isPositive } : {},
    })
  }, 120_000)

  test('idle answers its ratio', async () => {
    expect((await idle(quickly())).metrics).toEqual({ kb_over_floor_10k: expect.any(Number) })
  }, 120_000)

  // The quick form measures for a second: on a crowded machine one run may be disturbed, three in a row may not.
  test('stalled readers end on the newest within their credit', { retry: 2, timeout: 120_000 }, async () => {
    const { metrics } = await stall(quickly())
    expect(metrics).toEqual({ kb_per_stalled_1000_events: expect.any(Number), kb_until_newest: isPositive })
    expect(metrics.kb_until_newest).toBeLessThanOrEqual(64)
  })

  test('2,000 clients are cut at once and come back without losing or doubling anything', async () => {
    const { metrics } = await resume(quickly())
    expect(metrics).toMatchObject({ clients: 2_000, lost: 0, doubled: 0, seconds: isPositive })
  }, 120_000)
})
