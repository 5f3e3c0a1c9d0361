/**
 * Several nodes over one PostgreSQL and one Redis: what one commits the others tell, and no outage loses or doubles a
 * message.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import type { LaurelNode } from '../src/node.ts'
import { wireId } from '../src/platform/ids.ts'
import { migrate } from '../src/platform/migrations.ts'
import { type EmbeddedPostgres, startPostgres } from '../src/embedded/postgres.ts'
import { freshDatabase, Person, RECORD, tenantOn, testNode, type TestTenant } from './harness.ts'
import { demoToken, pauseSimulator, startServer } from './processes.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { BOARD, FEED, ResumingSubscriber } from './resuming.ts'

const folder = mkdtempSync(join(tmpdir(), 'laurel-nodes-'))
chmodSync(folder, 0o755)
let redis: RedisServer | null = null
beforeAll(async () => { redis = await startRedis(folder) })
afterAll(async () => {
  await redis?.end()
  rmSync(folder, { recursive: true, force: true })
})

/** Two nodes, a tenant, a board, and subscribers on both. */
async function pair(nodes: [LaurelNode, LaurelNode]) {
  const acme = await tenantOn(nodes[0], { timeZone: 'UTC' }, 'ann', 'bob')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY })
  const id = wireId('Leaderboard', leaderboard.id)
  await acme.settled()
  const { token } = acme.as('ann')
  const subscribers = nodes.flatMap(({ url }) => [
    new ResumingSubscriber(() => ({ url, token }), FEED), new ResumingSubscriber(() => ({ url, token }), BOARD, { id }),
  ])
  await until(() => subscribers.every(({ cursor }) => cursor !== null))
  return { acme, subscribers, people: nodes.map(({ url }) => new Person(url, token)) }
}

async function until(condition: () => boolean, waitMs = 15_000): Promise<void> {
  for (const deadline = Date.now() + waitMs; !condition();) {
    if (Date.now() > deadline) throw new Error('it did not come to that')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

let key = 0
/** Records until it is acknowledged and returns the mark; the key stays the same, so a retry never doubles. */
async function record(person: Person): Promise<string> {
  const input = { activityType: 'meeting_scheduled', idempotencyKey: `nodes-${String(key++).padStart(6, '0')}` }
  for (;;) {
    const answer = await person.ask(RECORD, { input }).catch(() => null)
    const mark = answer?.data?.activityRecord?.mark as string | undefined
    if (answer?.data?.activityRecord?.activity) return mark ?? ''
    await new Promise(resolve => setTimeout(resolve, 30))
  }
}

/** By the ledger, the independent oracle: every award told once to every feed, and every board where the sums say. */
async function judge(acme: TestTenant, subscribers: ResumingSubscriber[]): Promise<void> {
  const entries = await acme.sql<{ points: number; userId: string }>(`select points, user_id as "userId" from point_entry
    order by seq`)
  const sum = entries.reduce((total, { points }) => total + points, 0)
  await until(() => subscribers.every(({ items, standings }) =>
    items.filter(({ kind }) => kind === 'POINTS_AWARDED').length === entries.length
    || [...standings.values()].reduce((total, { points }) => total + points, 0) === sum))
  for (const { broken, reasons, items, standings } of subscribers) {
    expect(broken).toEqual([])
    if (standings.size) expect([...standings.values()].reduce((total, { points }) => total + points, 0)).toBe(sum)
    else {
      expect(reasons).toEqual(['FIRST'])
      expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
      expect(items.filter(({ kind }) => kind === 'POINTS_AWARDED')).toHaveLength(entries.length)
    }
  }
}

async function close(subscribers: ResumingSubscriber[]): Promise<void> {
  await Promise.all(subscribers.map(subscriber => subscriber.close()))
}

const readiness = async ({ url }: LaurelNode) =>
  await (await fetch(`${url}/readyz`)).json() as { status: string; reasons: string[] }

test('what one node commits, the other tells, with or without the relay on its side', async context => {
  if (!redis) return context.skip('redis-server is not on the PATH')
  const addresses = await freshDatabase()
  const nodes = [
    await testNode({ addresses, redisUrl: redis.url }), await testNode({ addresses, redisUrl: redis.url, relay: false }),
  ] as [LaurelNode, LaurelNode]
  const { acme, subscribers, people } = await pair(nodes)
  const marks = [await record(people[0]!), await record(people[1]!)]
  await until(() => subscribers.every(subscriber => marks.every(mark => subscriber.marks.includes(mark))))
  const { leaderboards } = await people[1]!.run(`query($mark: Mark) { leaderboards { nodes { standings(atLeast: $mark) { nodes {
    points } } } } }`, { mark: await record(people[0]!) })
  expect(leaderboards.nodes).toEqual([{ standings: { nodes: [{ points: 150 }] } }])
  await judge(acme, subscribers)
  await close(subscribers)
})

test('Redis is killed and comes back empty in the middle of a burst: nodes say so, serve on, and nobody loses or doubles',
  async context => {
  if (!redis) return context.skip('redis-server is not on the PATH')
  const own = (await startRedis(folder))!
  const addresses = await freshDatabase()
  const nodes = [
    await testNode({ addresses, redisUrl: own.url }), await testNode({ addresses, redisUrl: own.url, relay: false }),
  ] as [LaurelNode, LaurelNode]
  const { acme, subscribers, people } = await pair(nodes)
  const burst = Promise.all(people.map(async person => { for (let at = 0; at < 150; at++) await record(person) }))
  await own.end('SIGKILL')
  await until(() => nodes.every(({ broker }) => !broker.healthy()))
  expect(await readiness(nodes[1])).toEqual({
    status: 'degraded',
    reasons: ['Redis cannot be reached: commits of other nodes arrive within a second instead of at once'],
  })
  await burst
  await judge(acme, subscribers) // Level by polling, without Redis.
  await own.begin()
  await until(() => nodes.every(({ broker }) => broker.healthy()))
  expect(await readiness(nodes[1])).toEqual({ status: 'ready', reasons: [] })
  for (let at = 0; at < 20; at++) await record(people[at % 2]!)
  await judge(acme, subscribers)
  await close(subscribers)
  await own.end()
}, 60_000)

test('whom a node meets for the first time while Redis is away is served like everybody else', async context => {
  if (!redis) return context.skip('redis-server is not on the PATH')
  const own = (await startRedis(folder))!
  const node = await testNode({ redisUrl: own.url })
  await own.end('SIGKILL')
  await until(() => !node.broker.healthy())
  const { acme, subscribers, people } = await pair([node, node])
  await record(people[0]!)
  await judge(acme, subscribers)
  await close(subscribers)
})

test('PostgreSQL restarts in the middle of a burst: the node says so, and every acknowledged activity is told once', async () => {
  const base = join(folder, 'pg')
  let server: EmbeddedPostgres = await startPostgres({ base, progress: () => {}, throwaway: true })
  const owner = server.ownerConfig('postgres')
  await migrate(owner, { make: true }, () => {})
  const addresses = { owner, app: { ...owner, user: 'laurel_app' }, relay: { ...owner, user: 'laurel_relay' } }
  const node = await testNode({ addresses })
  const { acme, subscribers, people } = await pair([node, node])
  const burst = Promise.all(people.map(async person => { for (let at = 0; at < 150; at++) await record(person) }))
  await new Promise(resolve => setTimeout(resolve, 100))
  await server.stop()
  expect(await readiness(node)).toEqual({ status: 'unready', reasons: ['PostgreSQL cannot be reached'] })
  const refused = await people[0]!.ask('{ viewer { role } }')
  expect(refused.errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }])
  // Who comes now is not turned away for good: whether they may come in cannot be told.
  const newcomer = acme.as('bob').subscribe(FEED)
  await newcomer.until(() => newcomer.closedWith !== null)
  expect(newcomer.closedWith).toEqual({ code: 1013, reason: 'The database cannot be reached at the moment. Try again.' })
  const stream = await fetch(`${node.url}/graphql/stream`, {
    method: 'POST', body: JSON.stringify({ query: FEED }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.as('bob').token}` },
  })
  expect([stream.status, await stream.json()]).toMatchObject([503, { errors: [{ extensions: { code: 'UNAVAILABLE' } }] }])
  server = await startPostgres({ base, progress: () => {}, throwaway: true })
  await burst
  await judge(acme, subscribers)
  await close(subscribers)
  await node.close()
  await server.stop()
}, 60_000)

test('a node that drains says 1012, and its readers resume on another without missing anything', async context => {
  if (!redis) return context.skip('redis-server is not on the PATH')
  const addresses = await freshDatabase()
  const [first, second] = [await testNode({ addresses, redisUrl: redis.url }), await testNode({ addresses, redisUrl: redis.url })]
  const acme = await tenantOn(first, { timeZone: 'UTC' }, 'ann')
  const { token } = acme.as('ann')
  let url = first.url
  const reader = new ResumingSubscriber(() => ({ url, token }), FEED)
  const watch = new Person(first.url, token).subscribe('subscription { feed { __typename } }')
  await until(() => reader.cursor !== null && watch.messages.length === 1)
  await record(new Person(first.url, token))
  const drained = first.close()
  url = second.url
  await watch.until(() => watch.closedWith !== null)
  expect(watch.closedWith).toMatchObject({ code: 1012 })
  await drained
  for (let at = 0; at < 5; at++) await record(new Person(second.url, token))
  await until(() => reader.items.length === 6)
  expect([reader.reasons, reader.broken]).toEqual([['FIRST'], []])
  await reader.close()
}, 30_000)

test('when the leading process is killed with -9, another leads in under 5 seconds', async context => {
  if (!redis) return context.skip('redis-server is not on the PATH')
  const { owner } = await freshDatabase()
  const settings = {
    DATABASE_URL: `postgresql://${owner.user}@${encodeURIComponent(owner.host!)}:${owner.port}/${owner.database}`,
    REDIS_URL: redis.url, LAUREL_DEMO: '1', LAUREL_DATA: join(folder, 'lead'),
  }
  const leader = await startServer(settings)
  await pauseSimulator(leader.url)
  const heir = await startServer(settings)
  await pauseSimulator(heir.url)
  const person = new Person(heir.url, await demoToken(heir.url))
  const reader = new ResumingSubscriber(() => person, FEED)
  await until(() => reader.cursor !== null)
  await leader.kill('SIGKILL')
  const killedMs = Date.now()
  const mark = await record(person)
  await until(() => reader.marks.includes(mark), 5_000)
  expect(Date.now() - killedMs).toBeLessThan(5_000)
  await reader.close()
  await heir.kill('SIGTERM')
}, 60_000)
