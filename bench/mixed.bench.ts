/**
 * mixed: two nodes over one Redis and one PostgreSQL that keeps its promises, 2,000 screens of 50 boards, queries and mutations.
 * First as much as they can bear, then half of that at times drawn beforehand. Answers, screens and ledger are checked before a
 * time is told.
 */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { cpus, loadavg, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../src/embedded/postgres.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { uuidOf } from '../src/platform/ids.ts'
import { migrate } from '../src/platform/migrations.ts'
import { asOwner, checkCorrectness, type OwnerConfig } from './intake.check.ts'
import { type Program, requireFiles, startProgram } from './live.machine.ts'
import { quantiles } from './figures.ts'
import type { Kind, LoadWish, Stay } from './mixed.load.ts'
import type { CompanyWish, MixedCompany } from './mixed.node.ts'
import type { ScreensWish, Seen, Shown } from './mixed.screens.ts'
import type { BenchResult } from './run.ts'
import { compile, startRedis } from './services.ts'

/** How much is measured; `busy` are the numbers of connections that are tried, in turn, for the maximum. */
interface Extent extends CompanyWish {
  perCrowd: number; perNode: number; busy: number[]; warmMs: number; stepMs: number; restMs: number
}
const FULL: Extent = {
  teams: 49, peopleInTeam: 20, perCrowd: 20, perNode: 64, busy: [2, 4, 8, 16, 32, 64, 128], warmMs: 10_000, stepMs: 6_000,
  restMs: 60_000,
}
const QUICK: Extent = {
  teams: 4, peopleInTeam: 5, perCrowd: 3, perNode: 32, busy: [2, 4, 8], warmMs: 1_500, stepMs: 700, restMs: 3_000,
}
const GAIN_MIN = 1.03 // Two steps in a row that bring less end the search.
const QUEUES = ['outbox', 'commands', 'readers', 'statements', 'entities'] as const
const AHEAD = -10 // Whoever measures must not wait for whom it measures.

/** Runs the bench. @throws MissingBaseline without redis-server */
export default async function mixed(
  { quick, progress, seed = Date.now() % 2 ** 31 }: { quick: boolean; progress: (line: string) => void; seed?: number },
): Promise<BenchResult> {
  const extent = quick ? QUICK : FULL
  requireFiles((extent.teams + 1) * 2 * extent.perCrowd)
  await compile(progress)
  await using stack = new AsyncDisposableStack()
  const stand = await openStand(extent, seed, progress, stack)
  const recorded: string[] = []
  const play = async (command: 'closed' | 'open', wish: object) => {
    const stay = await stand.load.ask<Stay>(command, wish)
    const seen = await stand.screens.ask<Seen>('judge', stay.recorded)
    for (const { id } of stay.recorded) recorded.push(id)
    return { stay, seen }
  }
  await play('closed', { busy: 8, ms: extent.warmMs })
  const most = await findMost(extent, play, progress)
  const perSecond = most.perSecond / 2
  progress(`open load of ${perSecond.toFixed(0)} a second`)
  const before = await readUse(stand.programs)
  const idle = await play('open', { perSecond, ms: extent.restMs })
  const use = usedSince(before, await readUse(stand.programs))
  const told = await Promise.all(stand.ports.map(readMetrics))
  await checkCorrectness(stand.owner, stand.company.tenantId, recorded, progress)
  await checkScreens(stand)
  return report({ extent, seed, most, perSecond, ...idle, use, told, versions: stand.versions, screens: stand.screenCount })
}

type Play = (command: 'closed' | 'open', wish: object) => Promise<{ stay: Stay; seen: Seen }>

/** Finds the most requests a second that the nodes answer, over numbers of connections that ask without a pause. */
async function findMost({ busy, stepMs }: Extent, play: Play, progress: (line: string) => void) {
  let best = { busy: 0, perSecond: 0, p99: 0 }
  let poor = 0
  for (const connections of busy) {
    const { stay, seen } = await play('closed', { busy: connections, ms: stepMs })
    if (stay.failed) throw new Error(`${stay.failed} requests of ${connections} connections failed: ${stay.failures.join('\n')}`)
    const perSecond = stay.answered / stay.seconds
    const [p99] = quantiles(Object.values(stay.latencies).flat(), [0.99])
    const delays = `p99 ${p99!.toFixed(0)} ms; deltas p99 ${seen.p99.toFixed(0)} ms`
    progress(`${connections} connections: ${perSecond.toFixed(0)} a second, ${delays}`)
    poor = perSecond < best.perSecond * GAIN_MIN ? poor + 1 : 0
    if (perSecond > best.perSecond) best = { busy: connections, perSecond, p99: p99! }
    if (poor === 2) break
  }
  return best
}

/** Everything that is measured and that measures. */
interface Stand {
  company: MixedCompany; owner: OwnerConfig; ports: number[]; load: Program; screens: Program; screenCount: number
  programs: Record<string, Program>; versions: Record<string, string>
}

async function openStand(
  extent: Extent, seed: number, progress: (line: string) => void, stack: AsyncDisposableStack,
): Promise<Stand> {
  const { perCrowd, perNode, teams, peopleInTeam } = extent
  const folder = mkdtempSync(join(tmpdir(), 'laurel-bench-issuer-'))
  const base = mkdtempSync(join(tmpdir(), 'laurel-bench-postgres-'))
  for (const made of [folder, base]) stack.defer(() => rm(made, { recursive: true, force: true }))
  const redis = stack.use(await startRedis())
  const postgres = await startPostgres({ base, progress })
  stack.defer(() => postgres.stop())
  await asOwner(postgres.ownerConfig('postgres'), client => client.query('create database laurel'))
  const owner = postgres.ownerConfig('laurel')
  await migrate(owner, { make: true }, () => {})
  const addresses = { owner, app: { ...owner, user: 'laurel_app' }, relay: { ...owner, user: 'laurel_relay' } }
  const settings = { addresses, issuerFolder: folder, redisUrl: redis.url, relay: true }
  const start = async (file: string, own: object = {}) =>
    stack.use(await startProgram(file, { settings: own, isMeasured: false }))
  const nodes = [await start('mixed.node.ts', settings), await start('mixed.node.ts', settings)]
  const ports = await Promise.all(nodes.map(node => node.ask<number>('port')))
  progress(`a company of ${teams} teams of ${peopleInTeam}`)
  const company = await nodes[0]!.ask<MixedCompany>('found', { teams, peopleInTeam })
  await asOwner(owner, client => client.query('vacuum analyze'))
  const tokens = await signTokens(folder, company)
  const screens = await start('mixed.screens.ts')
  const load = await start('mixed.load.ts')
  for (const { pid } of [screens, load]) putAhead(pid)
  const { boardIds } = company
  progress('screens take their places')
  const screenCount = await screens.ask<number>(
    'begin', { ports, boardIds, perCrowd, tokens: await tokens(boardIds.length * 2 * perCrowd) } satisfies ScreensWish)
  await load.ask('begin', { ports, company, perNode, seed, tokens: await tokens(perNode * 2) } satisfies LoadWish)
  return {
    company, owner, ports, load, screens, screenCount,
    programs: { 'node 1': nodes[0]!, 'node 2': nodes[1]!, load, screens },
    versions: { postgres: postgres.version, redis: redis.version },
  }
}

/** Returns how to sign tokens of the company's people in turn, no two alike. */
async function signTokens(folder: string, { tenantId, people }: MixedCompany): Promise<(count: number) => Promise<string[]>> {
  const issuer = demoIssuer(folder)
  return count => Promise.all(Array.from({ length: count }, async (_, at) => {
    const signedAt = new Date(Date.now() - Math.floor(at / people.length) * 1_000) // Another second, another token.
    const userId = people[at % people.length]!.uuid
    return (await issuer.sign({ tenantId, userId, role: 'ADMIN' }, signedAt)).token
  }))
}

let isAhead = true
function putAhead(pid: number): void {
  try {
    setPriority(pid, AHEAD)
  } catch {
    isAhead = false
  }
}

/** CPU of each program in µs, of the machine in ms by what it did, and when. */
interface Use { atMs: number; programs: Record<string, number>; busyMs: number; allMs: number }

async function readUse(programs: Record<string, Program>): Promise<Use> {
  const each = await Promise.all(Object.entries(programs).map(async ([name, program]) => [name, await program.cpuUs()] as const))
  const times = cpus().map(({ times }) => times)
  const allMs = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  const busyMs = allMs - times.reduce((sum, { idle }) => sum + idle, 0)
  return { atMs: performance.now(), programs: Object.fromEntries(each), busyMs, allMs }
}

function usedSince(before: Use, after: Use) {
  const ms = after.atMs - before.atMs
  const cores = Object.entries(after.programs).map(([name, us]) => [name, (us - before.programs[name]!) / 1_000 / ms] as const)
  return { cores, machine: (after.busyMs - before.busyMs) / (after.allMs - before.allMs) }
}

/** Returns a node's series by name and labels. */
async function readMetrics(port: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return new Map(text.split('\n').filter(line => line.startsWith('laurel_')).map(line => {
    const end = line.lastIndexOf(' ')
    return [line.slice(0, end), Number(line.slice(end + 1))]
  }))
}

/** @throws Error unless every screen shows the points that the ledger sums to, best first */
async function checkScreens({ company: { tenantId, people, boardIds }, owner, screens }: Stand): Promise<void> {
  const { rows } = await asOwner(owner, client => client.query<{ id: string; points: string }>(
    'select user_id as id, sum(points) as points from point_entry where tenant_id = $1 group by user_id', [tenantId]))
  const points = new Map(rows.map(row => [row.id, Number(row.points)]))
  const topOf = (board: number) => people.filter(({ team }) => board === boardIds.length - 1 || team === board)
    .flatMap(({ uuid }) => points.get(uuid) ?? []).sort((one, other) => other - one).slice(0, 10)
  const isRight = ({ board, rows }: { board: number; rows: Shown[] }) =>
    rows.every(row => points.get(uuidOf('User', row.id)!) === row.points)
    && topOf(board).join() === rows.toSorted((one, other) => one.rank - other.rank).map(row => row.points).join()
  // A change of points may still be on its way to the screens.
  let wrong: number[] = []
  for (let tries = 0; tries < 100; tries++, await sleep(50)) {
    const { boards, strays } = await screens.ask<{ boards: { board: number; rows: Shown[] }[]; strays: number }>('shown')
    if (strays) throw new Error(`screens were told of ${strays} commits that nobody was told had happened`)
    wrong = boards.filter(board => !isRight(board)).map(({ board }) => board)
    if (!wrong.length) return
  }
  throw new Error(`boards ${wrong.join()} do not show what the ledger says`)
}

interface Outcome {
  extent: Extent; seed: number; most: { busy: number; perSecond: number; p99: number }; perSecond: number; stay: Stay; seen: Seen
  use: ReturnType<typeof usedSince>; told: Map<string, number>[]; versions: Record<string, string>; screens: number
}

function report({ extent, seed, most, perSecond, stay, seen, use, told, versions, screens }: Outcome): BenchResult {
  const shares = [0.5, 0.95, 0.99]
  const kinds = Object.keys(stay.latencies) as Kind[]
  const queries = kinds.filter(kind => kind !== 'record').flatMap(kind => stay.latencies[kind])
  const worse = [quantiles(queries, shares), quantiles(stay.latencies.record, shares)]
  const [p50, p95, p99] = shares.map((_, at) => Math.max(...worse.map(found => found[at]!)))
  const row = (label: string, values: readonly number[]) => {
    const [a, b, c, most] = quantiles(values, [...shares, 1]).map(value => value.toFixed(1).padStart(8))
    return `${label.padEnd(34)} p50 ${a}  p95 ${b}  p99 ${c}  most ${most} ms   (${values.length})`
  }
  const queue = (name: string) => Math.max(...told.map(series => series.get(`laurel_queue_waiting_most{queue="${name}"}`) ?? 0))
  const owed = Math.max(...told.map(series => series.get('laurel_socket_owed_bytes_most')!))
  const [late] = quantiles(stay.lateMs, [0.99])
  const ms = (value: number) => value.toFixed(1).padStart(8)
  return {
    metrics: {
      p50_ms: p50!, p95_ms: p95!, p99_ms: p99!, error_rate: stay.failed / (stay.failed + stay.answered), delta_p99_ms: seen.p99,
      max_per_second: most.perSecond,
    },
    rows: [
      `maximum ${most.perSecond.toFixed(0)} a second with ${most.busy} connections that ask without a pause, `
        + `p99 ${most.p99.toFixed(0)} ms`,
      `then ${perSecond.toFixed(0)} a second for ${extent.restMs / 1_000} s at times of a Poisson process, seed ${seed}:`,
      row('queries', queries), ...kinds.filter(kind => kind !== 'record').map(kind => row(`  ${kind}`, stay.latencies[kind])),
      row('mutations', stay.latencies.record),
      `${'mutation due to delta received'.padEnd(34)} p50 ${ms(seen.p50)}  p95 ${ms(seen.p95)}  p99 ${ms(seen.p99)}  `
        + `most ${ms(seen.most)} ms   (${seen.deliveries})`,
      `most that waited within the last minute, on either node: ${QUEUES.map(name => `${name} ${queue(name)}`).join(', ')}; `
        + `${owed} bytes owed by one reader; ${stay.waitingMost} requests for a connection here`,
      `cores used: ${use.cores.map(([name, share]) => `${name} ${share.toFixed(2)}`).join(', ')}; the machine was `
        + `${(use.machine * 100).toFixed(0)} % busy, load average ${loadavg()[0]!.toFixed(1)}`,
    ],
    versions,
    notes: [
      `${screens} screens of ${extent.teams + 1} boards: each team of ${extent.peopleInTeam} has one, and everybody; ten rows.`,
      'A quarter each: a board with its neighbors, the viewer, a list of 50 users, activityRecord for a random person.',
      'p50, p95 and p99 are the worse of queries and mutations, counted from when a request was due, not from when it left.',
      `Load and screens are processes of their own${isAhead ? ', before the others in the scheduler (nice -10)' : ''}; `
        + `the load came to send ${late!.toFixed(1)} ms late (p99).`,
      'Checked: each answer; each commit once on every screen of its boards and on no other; the ledger; what screens show last.',
    ],
  }
}
