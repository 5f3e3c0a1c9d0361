/**
 * Every fault point, by name: a real process is killed exactly there and started again. What was acknowledged is there once,
 * positions are dense, and whoever resumes misses and doubles nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { randomFrom } from '../src/demo.seed.ts'
import { FAULT_POINTS, type FaultPoint } from '../src/platform/faults.ts'
import { wireId } from '../src/platform/ids.ts'
import { begun, foundCompany, judge, placeWitnesses, until } from './company.ts'
import { NodeProcess } from './fleet.ts'
import { freshDatabase, issuerFolder, Person, testNode } from './harness.ts'
import { Receiver } from './receiver.ts'
import { subscribe } from './webhooks.ts'
import { Workload } from './workload.ts'

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 1_000_000)
const POINTS = Object.keys(FAULT_POINTS) as FaultPoint[]
const NTH_MAX = 4
// While writers write, levels react first and nearly always; what reacts more slowly is met once they have stopped.
const VISITS = POINTS.flatMap(point => point.startsWith('reaction.') ? [{ point, isLate: false }, { point, isLate: true }]
  : [{ point, isLate: false }])
const LEVELS_MS = 150
const STANDINGS = '{ leaderboards(first: 100) { nodes { standings(first: 1) { nodes { points } } } } }'

test.runIf(inject('redisUrl'))(`a process is killed at each of the ${POINTS.length} fault points (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  const addresses = await freshDatabase()
  const owner = new Client(addresses.owner)
  await owner.connect()
  await using receiver = await Receiver.open()
  const company = await foundCompany(addresses)
  const { acme, people, newBoard } = company
  await subscribe(acme, receiver.url(), ['activity.recorded'])
  const redisUrl = inject('redisUrl')!
  await using post = new NodeProcess({
    addresses, redisUrl, relay: true, webhooks: { isPrivateAllowed: true, schedule: Array.from({ length: 50 }, () => 30) },
    issuerFolder,
  })
  const front = await testNode({ addresses, redisUrl, relay: false })
  const { token } = acme.as('ann')
  const urls = () => [post.url, front.url].filter(url => url !== null)
  const anywhere = () => urls()[Math.floor(Math.random() * urls().length)]!
  const witnesses = placeWitnesses(company, at => at % 4 < 2 ? post.url ?? 'http://127.0.0.1:1' : anywhere(), 12)
  const workload = new Workload('faults', () => ({ url: anywhere(), token }), people, random)
  try {
    await post.start()
    await begun(witnesses)
    for (const { point, isLate } of VISITS) {
      if (isLate) {
        workload.begin(4, 10)
        await sleep(2 * LEVELS_MS)
        await workload.stop()
        await sleep(LEVELS_MS)
      }
      const nth = isLate || point === 'board.recounted' ? 1 : 1 + Math.floor(random() * NTH_MAX)
      await post.plan(`${point}:${nth}:crash`)
      if (point === 'board.recounted') await newBoard()
      if (isLate) await sleep(1_000) // A second at most until all have reacted.
      workload.begin(4, 10)
      await until(async () => {
        if (point === 'board.recounted' && post.url) void new Person(post.url, token).ask(STANDINGS).catch(() => {})
        return !post.isRunning
      }, () => `${point} was not reached`)
      expect([point, post.endedBy]).toEqual([point, 'SIGKILL'])
      await workload.stop()
      // What died while it was worked on is taken over 10 s after its last sign of life; the test moves that back.
      await owner.query(`update laurel_jobs.job set heartbeat_on = now() - interval '1 minute' where state = 'active'`)
      await post.start()
      await judge(company, owner, workload, witnesses)
    }
    expect(post.unheard).toEqual([])
    const firstsOf = () => {
      const seen = new Set<string>()
      return receiver.received.filter(({ headers }) => !seen.has(headers['webhook-id']) && seen.add(headers['webhook-id']))
    }
    await until(
      () => firstsOf().length >= workload.recorded.size, () => `${firstsOf().length} of ${workload.recorded.size} arrived`)
    const { rows } = await owner.query<{ userId: string; activityId: string }>(`select user_id as "userId",
      activity_id as "activityId" from point_entry where reason = 'ACTIVITY' order by user_id, seq`)
    const owed = Map.groupBy(
      rows.map(row => [wireId('User', row.userId), wireId('Activity', row.activityId)] as const), ([userId]) => userId)
    const told = Map.groupBy(
      firstsOf().map(({ json }) => [json.subject as string, json.data.activityId as string] as const), ([userId]) => userId)
    expect(told).toEqual(owed) // Each fact once, and each person's in order.
  } finally {
    await Promise.all(witnesses.map(witness => witness.close()))
    await workload.stop()
    await owner.end()
  }
}, 600_000)
