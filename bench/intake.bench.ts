/**
 * The intake of activities through the public API with everything on (identity, row security, idempotency keys, events, relay,
 * reactions), beside what the same PostgreSQL does with the least: single-row inserts, and pgbench's TPC-B at 16 connections.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { startPostgres } from '../src/embedded/postgres.ts'
import { median, quantiles, whole } from './figures.ts'
import { connectTo } from './http.ts'
import { asOwner, checkCorrectness, type OwnerConfig } from './intake.check.ts'
import type { ServerReady, ServerWish } from './intake.server.ts'
import { compile, MissingBaseline, versionOf } from './services.ts'

const CONNECTIONS = 16
const BATCH = 1_000

const SINGLE = `mutation Record($input: ActivityRecordInput!) { activityRecord(input: $input) {
  activity { id type { key points } user { id } occurredAt quantity pointEntries { id points } }
  duplicate idempotencyHit userErrors { code message field } mark } }`
const MANY = `mutation RecordMany($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) {
  results { index activity { id } duplicate idempotencyHit userErrors { code message field } }
  userErrors { code message field } mark } }`

/** How long and how often: seconds a round, batches a round, rounds, people, TPC-B scale. */
interface Effort {
  seconds: number
  batches: number
  rounds: number
  people: number
  scale: number
}
const FULL: Effort = { seconds: 6, batches: 60, rounds: 5, people: 1_000, scale: 50 }
const QUICK: Effort = { seconds: 1, batches: 5, rounds: 1, people: 100, scale: 5 }

/** `clientShare` is the CPU that the client itself took, of one core. */
interface Round {
  perSecond: number
  latencies: number[]
  clientShare: number
}

interface Pair {
  baseline: number
  single: Round
  insert: number
  batch: Round
}

/** Returns the two ratios of the intake. @throws MissingBaseline when pgbench is not installed */
export default async function intake({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const effort = quick ? QUICK : FULL
  const pgbench = findPgbench()
  if (!pgbench)
    throw new MissingBaseline(
      'pgbench is not installed: it is in the package postgresql of Debian and Ubuntu (postgresql-contrib elsewhere).',
    )
  await compile(progress)
  const folder = mkdtempSync(join(tmpdir(), 'laurel-bench-intake-'))
  const server = await startPostgres({ base: folder, progress })
  let node: ChildProcess | null = null
  try {
    const owner = server.ownerConfig('laurel')
    await asOwner(server.ownerConfig('postgres'), client =>
      client.query('create database laurel').then(() => client.query('create database tpcb')),
    )
    progress(`TPC-B tables of scale ${effort.scale}`)
    await run(pgbench, ['-i', '-q', '-s', String(effort.scale), ...addressOf(server.ownerConfig('tpcb'))])
    progress(`a node with ${effort.people} people`)
    const [child, ready] = await startServer({
      addresses: { owner, app: { ...owner, user: 'laurel_app' }, relay: { ...owner, user: 'laurel_relay' } },
      people: effort.people,
    })
    node = child
    await asOwner(owner, client => client.query('vacuum analyze')) // As pgbench does with its own tables.
    const load = await openLoad(ready)
    await warmUp(load, quick)

    const rounds: Pair[] = []
    for (let round = 1; round <= effort.rounds; round++) {
      const baseline = await runTpcb(pgbench, server.ownerConfig('tpcb'), effort.seconds)
      const single = await load.singles(effort.seconds)
      const insert = await insertSingly(owner, ready.tenantId, effort.seconds / 2)
      const batch = await load.batches(effort.batches)
      rounds.push({ baseline, single, insert, batch })
      progress(
        `round ${round}: TPC-B ${whole(baseline)}/s, activityRecord ${whole(single.perSecond)}/s, ` +
          `single-row inserts ${whole(insert)}/s, activitiesRecord ${whole(batch.perSecond)} rows/s`,
      )
    }
    const drainMs = await checkCorrectness(owner, ready.tenantId, load.acknowledged, progress)
    load.close()
    return {
      ...reportOf(rounds),
      notes: [
        `Checked: ${load.acknowledged.length} acknowledged activities are there once, the entries sum to the balances, ` +
          'positions have no gap.',
        `The last events were numbered ${drainMs} ms after the last answer.`,
        `The client took ${Math.round(median(rounds.map(({ single }) => single.clientShare)) * 100)} % of a core; ` +
          `load average ${loadavg()[0]!.toFixed(1)}.`,
      ],
      versions: { postgres: server.version, pgbench: versionOf(pgbench) ?? '' },
    }
  } finally {
    if (node) await endChild(node)
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function reportOf(rounds: Pair[]): { metrics: Record<string, number>; rows: string[][] } {
  const [baselines, inserts] = [rounds.map(({ baseline }) => baseline), rounds.map(({ insert }) => insert)]
  const [singles, batches] = [rounds.map(({ single }) => single), rounds.map(({ batch }) => batch)]
  const perSecond = (measured: Round[]) => measured.map(round => round.perSecond)
  const latencies = (measured: Round[]) => {
    const all = measured.flatMap(round => round.latencies)
    return ['  p50 / p99 ms', quantiles(all, [0.5, 0.99]).map(ms => ms.toFixed(1)).join(' / '), '']
  }
  return {
    metrics: {
      batch_over_single_rows: medianRatio(perSecond(batches), inserts),
      single_http_over_tpcb: medianRatio(perSecond(singles), baselines),
    },
    rows: [
      ['TPC-B, 16 clients, tx/s', whole(median(baselines)), spread(baselines)],
      ['activityRecord over HTTP, 16 connections, 1/s', whole(median(perSecond(singles))), spread(perSecond(singles))],
      latencies(singles),
      ['single-row inserts, 1 connection, rows/s', whole(median(inserts)), spread(inserts)],
      ['activitiesRecord of 1,000, 1 connection, rows/s', whole(median(perSecond(batches))), spread(perSecond(batches))],
      latencies(batches),
    ],
  }
}

/** Returns the path of pgbench, or null when it is not installed. */
export function findPgbench(): string | null {
  const installed = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql')
        .sort()
        .reverse()
        .map(version => `/usr/lib/postgresql/${version}/bin/pgbench`)
    : []
  return ['pgbench', ...installed].find(path => spawnSync(path, ['--version']).status === 0) ?? null
}

function addressOf({ host, port, user, database }: OwnerConfig): string[] {
  return ['-h', host, '-p', String(port), '-U', user, database]
}

async function run(program: string, args: string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said, failed, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${failed}`)
  return said
}

async function runTpcb(pgbench: string, config: OwnerConfig, seconds: number): Promise<number> {
  const effort = ['-c', String(CONNECTIONS), '-j', '2', '-T', String(Math.ceil(seconds))]
  const said = await run(pgbench, ['-M', 'prepared', ...effort, ...addressOf(config)])
  return Number(/tps = ([\d.]+)/.exec(said)?.[1])
}

/** Returns the rows a second of one connection that inserts one activity a statement, each committed for itself. */
async function insertSingly(config: OwnerConfig, tenantId: string, seconds: number): Promise<number> {
  return asOwner(config, async client => {
    // A tenant of its own, so that these rows stay out of the check.
    const values = ['00000000-0000-7000-8000-000000000000', tenantId, 1, new Date(), 'bench']
    const begun = performance.now()
    let rows = 0
    for (; performance.now() - begun < seconds * 1_000; rows++) {
      await client.query({
        name: 'insert_singly',
        values,
        text: `insert into activity
          (tenant_id, id, type_id, user_id, recorded_by, quantity, occurred_at, recorded_at, source, source_id, note, entry_seq)
               values ($1, gen_random_uuid(), $2, $2, $2, $3, $4, now(), null, null, $5, 1)`,
      })
    }
    return (rows / (performance.now() - begun)) * 1_000
  })
}

async function startServer(wish: ServerWish): Promise<[ChildProcess, ServerReady]> {
  const child = fork(new URL('intake.server.ts', import.meta.url), {
    execArgv: ['--import', new URL('compiled.mjs', import.meta.url).href],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  child.send(wish)
  const ready = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the node did not start')
    }),
  ])
  return [child, ready[0] as ServerReady]
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  child.disconnect()
  await end
}

interface Load {
  /** Wire ids of every activity that the node has said it recorded. */
  acknowledged: string[]
  singles(seconds: number): Promise<Round>
  batches(count: number): Promise<Round>
  close(): void
}

async function openLoad({ url, token, userIds }: ServerReady): Promise<Load> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTo(url, token)))
  const acknowledged: string[] = []
  const types = ['meeting_scheduled', 'proposal_accepted', 'new_client_signed', 'team_support', 'training_completion']
  let count = 0
  const activity = () => ({
    activityType: types[count % types.length],
    idempotencyKey: `bench-${String(++count).padStart(8, '0')}`,
    userId: userIds[Math.floor(Math.random() * userIds.length)],
  })
  const bodyOf = (query: string, input: object) => Buffer.from(JSON.stringify({ query, variables: { input } }))
  return {
    acknowledged,
    async singles(seconds) {
      const answers: Buffer[] = []
      const latencies: number[] = []
      const [begun, spent] = [performance.now(), process.cpuUsage()]
      const until = begun + seconds * 1_000
      await Promise.all(
        connections.map(async connection => {
          for (let now = performance.now(); now < until;) {
            answers.push(await connection.post(bodyOf(SINGLE, activity())))
            const then = now
            latencies.push((now = performance.now()) - then)
          }
        }),
      )
      const [spentMs, { user, system }] = [performance.now() - begun, process.cpuUsage(spent)]
      for (const answer of answers) acknowledged.push(idIn(answer, JSON.parse(answer.toString()).data?.activityRecord))
      return { perSecond: (answers.length / spentMs) * 1_000, latencies, clientShare: (user + system) / 1_000 / spentMs }
    },
    async batches(batches) {
      const bodies = Array.from({ length: batches }, () => bodyOf(MANY, { items: Array.from({ length: BATCH }, activity) }))
      const answers: Buffer[] = []
      const latencies: number[] = []
      const [begun, spent] = [performance.now(), process.cpuUsage()]
      for (const body of bodies) {
        const then = performance.now()
        answers.push(await connections[0]!.post(body))
        latencies.push(performance.now() - then)
      }
      const [spentMs, { user, system }] = [performance.now() - begun, process.cpuUsage(spent)]
      for (const answer of answers) {
        for (const result of JSON.parse(answer.toString()).data?.activitiesRecord.results ?? [null])
          acknowledged.push(idIn(answer, result))
      }
      const clientShare = (user + system) / 1_000 / spentMs
      return { perSecond: ((batches * BATCH) / spentMs) * 1_000, latencies, clientShare }
    },
    close: () => connections.forEach(connection => connection.close()),
  }
}

function idIn(answer: Buffer, result: { activity: { id: string } | null; userErrors: object[] } | null | undefined): string {
  if (!result?.activity || result.userErrors.length)
    throw new Error(`an activity was not recorded: ${answer.toString().slice(0, 500)}`)
  return result.activity.id
}

async function warmUp(load: Load, quick: boolean): Promise<void> {
  await load.singles(quick ? 0.5 : 3)
  await load.batches(quick ? 1 : 10)
}

// Of each round's own pair, since the machine's speed drifts between rounds.
const medianRatio = (values: number[], baselines: number[]) => median(values.map((value, round) => value / baselines[round]!))
const spread = (values: number[]) => `${whole(Math.min(...values))} – ${whole(Math.max(...values))}`
