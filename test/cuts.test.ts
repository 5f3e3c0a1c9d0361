/**
 * Everybody's connection is cut at random moments, again and again, while writers write over two nodes and, in between, each
 * process dies in turn, Redis and PostgreSQL restart, and readers stop reading. The oracle then judges what each was told.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { randomFrom } from '../src/demo.seed.ts'
import { migrate } from '../src/platform/migrations.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { begun, foundCompany, judge, placeWitnesses } from './company.ts'
import { killAll, processesOf } from './embedded.ts'
import { NodeProcess } from './fleet.ts'
import { issuerFolder } from './harness.ts'
import { startRedis } from './redis.ts'
import { SocketWitness, type Witness } from './witness.ts'
import { Workload } from './workload.ts'

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 1_000_000)
/** The short form cuts 1,000 times in all; the long one cuts each witness 1,000 times. */
const isLong = process.env.LAUREL_CUTS === 'long'
const ON_SOCKETS = 34
const CUT_EVERY_MS = 20
const AWAY_MS = 1_500
const CALM_MS = isLong ? 4_000 : 400
// Aliases make a message some KB long, so that a reader that stops has soon spent its credit.
const LONG = Array.from({ length: 15 }, (_, at) => `u${at}: user { id name email role kind }`).join(' ')

/** Cuts everybody once a round, in another order each time, until `isOver`; returns how often. */
async function cutThem(witnesses: readonly Witness[], random: () => number, rounds: number): Promise<number> {
  let cuts = 0
  for (let round = 0; round < rounds; round++) {
    const order = witnesses.map(witness => ({ witness, place: random() })).sort((one, other) => one.place - other.place)
    for (const { witness } of order) {
      witness.cut()
      cuts++
      await sleep(2 * CUT_EVERY_MS * random())
    }
  }
  return cuts
}

/** Two nodes, a PostgreSQL and a Redis of their own, and what can happen to them. */
async function openStage(folder: string) {
  const base = join(folder, 'pg')
  const open = () => startPostgres({ base, progress: () => {}, throwaway: true })
  let server = await open()
  const address = server.ownerConfig('postgres')
  await migrate(address, { make: true }, () => {})
  const addresses = { owner: address, app: { ...address, user: 'laurel_app' }, relay: { ...address, user: 'laurel_relay' } }
  const redis = (await startRedis(folder))!
  const nodes = [1, 2].map(() => new NodeProcess({ addresses, redisUrl: redis.url, relay: true, issuerFolder }))
  const killed = (node: NodeProcess) => async () => {
    await node.kill('SIGKILL')
    await node.start()
  }
  const restarted = (end: () => Promise<void>) => async () => {
    await end()
    server = await open()
  }
  // Each resolves when it is over.
  const mishaps: (() => Promise<void>)[] = [
    killed(nodes[0]!),
    killed(nodes[1]!),
    async () => {
      await redis.end('SIGKILL')
      await sleep(AWAY_MS)
      await redis.begin() // Empty.
    },
    restarted(() => server.stop()),
    restarted(async () => {
      killAll(processesOf(base))
      await server.stop()
    }),
  ]
  const close = async () => {
    await Promise.all(nodes.map(node => node.kill('SIGTERM')))
    await redis.end()
    await server.stop()
  }
  return { addresses, nodes, mishaps, close }
}

const how = isLong ? 'each connection is cut 1,000 times' : '1,000 cuts at random moments'
const title = `${how}, while everything dies in turn: nobody misses or doubles anything (seed ${seed})`
test.runIf(inject('redisUrl'))(title, async () => {
  const random = randomFrom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'laurel-cuts-'))
  chmodSync(folder, 0o755)
  const { addresses, nodes, mishaps, close } = await openStage(folder)
  const company = await foundCompany(addresses)
  const { token } = company.acme.as('ann')
  await Promise.all(nodes.map(node => node.start()))
  const anywhere = () => {
    const urls = nodes.map(({ url }) => url).filter(url => url !== null)
    return urls[Math.floor(Math.random() * urls.length)] ?? 'http://127.0.0.1:1'
  }
  const place = () => ({ url: anywhere(), token })
  const slow = [
    new SocketWitness('slow feed', place, { kind: 'feed', scope: 'TENANT', extra: LONG }),
    new SocketWitness('slow board', place, { kind: 'leaderboard', id: company.boards[0]!, top: 20, extra: LONG }),
  ]
  const witnesses = placeWitnesses(company, anywhere, ON_SOCKETS)
  const workload = new Workload('cuts', place, company.people, random)
  try {
    await begun([...witnesses, ...slow])
    workload.begin(4, 40)
    let isCutting = true
    const rounds = isLong ? 1_000 : Math.ceil(1_000 / witnesses.length)
    const cutting = cutThem(witnesses, random, rounds).finally(() => { isCutting = false })
    for (const each of slow) each.pause(true)
    let at = 0
    do {
      await sleep(CALM_MS)
      await mishaps[at++ % mishaps.length]!()
      for (const each of slow) each.pause(at % 3 === 0)
    } while (isCutting || at < mishaps.length)
    for (const each of slow) each.pause(false)
    expect(await cutting).toBeGreaterThanOrEqual(1_000)
    await workload.stop()
    const owner = new Client(addresses.owner)
    await owner.connect()
    try {
      await judge(company, owner, workload, [...witnesses, ...slow])
    } finally {
      await owner.end()
    }
    expect(nodes.flatMap(({ unheard }) => unheard)).toEqual([])
  } finally {
    await workload.stop()
    await Promise.all([...witnesses, ...slow].map(witness => witness.close()))
    await company.acme.node.close()
    await close()
    rmSync(folder, { recursive: true, force: true })
  }
}, isLong ? 3_600_000 : 300_000)
