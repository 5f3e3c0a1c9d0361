import { expect, test, vi } from 'vitest'
import type { Database } from './db.ts'
import { commandsWaiting, Depth, Gathering } from './gathering.ts'
import { LIMITS } from './limits.ts'
import type { Actor } from './tenancy.ts'

interface Said { actor: Actor; items: string[] }

/** A gathering whose transactions end when they are told to; `carried` lists what each one carried. */
function stage() {
  const carried: string[][] = []
  const ends: ((error?: Error) => void)[] = []
  const gathering = new Gathering<Said, string>(commands => {
    carried.push(commands.map(({ items }) => items[0]!))
    return new Promise((resolve, reject) => {
      ends.push(error => error ? reject(error) : resolve(commands.map(({ items }) => `${items[0]} done`)))
    })
  })
  const db = {} as Database
  const say = (item: string, tenantId = 'acme', count = 1) =>
    gathering.add({ actor: { tenantId, db } as Actor, items: Array.from({ length: count }, () => item) })
  const end = async (at: number, error?: Error) => {
    ends[at]!(error)
    await new Promise(setImmediate)
  }
  return { carried, say, end }
}

const sqlError = (code: string) => Object.assign(new Error(code), { code })

test('a command that meets nobody starts at once; what comes while two transactions last shares the next, in order', async () => {
  const { carried, say, end } = stage()
  const answers = Promise.all(['a', 'b', 'c', 'd', 'e'].map(item => say(item)))
  expect(carried).toEqual([['a'], ['b']])
  await end(0)
  expect(carried).toEqual([['a'], ['b'], ['c', 'd', 'e']])
  await end(2)
  await end(1)
  expect(await answers).toEqual(['a done', 'b done', 'c done', 'd done', 'e done'])
})

test('tenants do not wait for each other', async () => {
  const { carried, say } = stage()
  for (const tenantId of ['acme', 'rival']) for (const item of ['1', '2', '3']) void say(tenantId + item, tenantId)
  expect(carried).toEqual([['acme1'], ['acme2'], ['rival1'], ['rival2']])
})

test('a transaction carries at most 1,000 items', async () => {
  const { carried, say, end } = stage()
  for (const [item, count] of [['a', 1], ['b', 1], ['c', 400], ['d', 600], ['e', 1], ['f', 1_000]] as const) {
    void say(item, 'acme', count)
  }
  await end(0)
  await end(1)
  expect(carried).toEqual([['a'], ['b'], ['c', 'd'], ['e']])
  await end(2)
  expect(carried.at(-1)).toEqual(['f'])
})

test('one command at fault does not take with it those that shared its transaction', async () => {
  const { carried, say, end } = stage()
  const answers = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(item => say(item)))
  await end(0)
  await end(1)
  await end(2, sqlError('22003'))
  expect(carried.slice(3)).toEqual([['c'], ['d']])
  await end(3)
  await end(4, sqlError('22003'))
  await end(5)
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(carried).toHaveLength(6)
})

test.each([
  ['57P01'], ['08006'], ['ECONNRESET'], [undefined],
])('a lost connection (%s) fails all that it carried, and nothing is done twice', async code => {
  const { carried, say, end } = stage()
  const answers = Promise.allSettled(['a', 'b', 'c', 'd'].map(item => say(item)))
  await end(0)
  await end(1)
  await end(2, Object.assign(new Error('lost'), code ? { code } : {}))
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
  expect(carried).toHaveLength(3)
})

test('commands that wait are counted while they wait; one that starts at once never did', async () => {
  const { say, end } = stage()
  const before = commandsWaiting.now
  const waiting = () => commandsWaiting.now - before
  const answers = Promise.allSettled(['a', 'b'].map(item => say(item)))
  expect(waiting()).toBe(0)
  const later = Promise.allSettled(['c', 'd', 'e'].map(item => say(item)))
  expect(waiting()).toBe(3)
  await end(0)
  expect(waiting()).toBe(0)
  await end(1)
  await end(2, sqlError('22003'))
  expect(waiting()).toBe(1) // Each by itself now, two at a time.
  await end(3)
  await end(4)
  await end(5)
  await Promise.all([answers, later])
  expect(waiting()).toBe(0)
})

test('the most that waited is remembered for half a minute to a whole one', () => {
  vi.useFakeTimers({ now: new Date('2026-11-24T12:00:00Z') })
  try {
    const depth = new Depth()
    for (const now of [3, 9, 2]) depth.set(now)
    expect([depth.now, depth.most]).toEqual([2, 9])
    vi.advanceTimersByTime(29_000)
    expect(depth.most).toBe(9)
    vi.advanceTimersByTime(2_000)
    depth.set(4)
    expect(depth.most).toBe(9)
    vi.advanceTimersByTime(30_000)
    expect(depth.most).toBe(4)
    depth.set(0)
    vi.advanceTimersByTime(120_000)
    expect(depth.most).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('too many waiting commands are turned away, and told to come again', async () => {
  const { say } = stage()
  for (let count = 0; count < LIMITS.commandsWaitingMax + LIMITS.transactionsGatheringMax; count++) void say('a')
  await expect(say('b')).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } })
})
