/**
 * rank: an update that answers its old and new rank, the top 10 and five neighbors either side, in process against Redis with
 * exact ties; its growth from 10,000 to 1,000,000 entries; and the rebuild of a board from PostgreSQL against COPY of its rows.
 */
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { to } from 'pg-copy-streams'
import { createClient } from 'redis'
import { RankIndex, type StandingRow, type TieRule } from '../src/ranks/rank.rules.ts'
import '../src/platform/db.ts' // Reads int8 as numbers.
import { copyColumns } from '../src/measures/recount.queries.ts'
import { median } from './figures.ts'
import { startRedis, startThrowawayPostgres } from './services.ts'

const IN_FLIGHT = 64
const ROUNDS = 5
const GAIN_MAX = 500
const TIES = ['COMPETITION', 'DENSE'] as const
const TENANT = randomUUID()
const NAMED = `select user_id as "subjectId", points, last_seq as seq from user_points`
const SELECT = `select user_id, points, last_seq from user_points where tenant_id = '${TENANT}'`

/** Members are the tie (13 digits) and the id, so that Redis orders equal scores by who reached them first. */
const LUA = `
local old = redis.call('HGET', KEYS[2], ARGV[1])
local from = old and redis.call('ZRANK', KEYS[1], old) or false
if old then redis.call('ZREM', KEYS[1], old) end
local member = ARGV[3] .. ARGV[1]
redis.call('HSET', KEYS[2], ARGV[1], member)
redis.call('ZADD', KEYS[1], -tonumber(ARGV[2]), member)
local to = redis.call('ZRANK', KEYS[1], member)
return { from, to, redis.call('ZRANGE', KEYS[1], 0, 9, 'WITHSCORES'),
  redis.call('ZRANGE', KEYS[1], math.max(0, to - 5), to + 5, 'WITHSCORES') }`

/** Updates a second: of the processor's time, which neighbors on the machine hardly change, and of the clock's. */
interface Speed { cpu: number; wall: number }

/** Subjects with points and seq, in columns: objects of them would have the garbage collector mark more than the index holds. */
interface Subjects { ids: string[]; points: Float64Array; seqs: Float64Array }

/** Updates as they come in from outside, each id a string of its own. */
interface Updates { rows: Uint32Array; ids: string[]; points: Float64Array; firstSeq: number }

/** Returns so many of the subjects, with few enough distinct points that ties are common. */
function subjectsOf(ids: string[], count: number): Subjects {
  return {
    ids: ids.slice(0, count), points: Float64Array.from({ length: count }, () => Math.floor(Math.random() * count / 4)),
    seqs: Float64Array.from({ length: count }, (_, row) => row + 1),
  }
}

/** Returns updates that add points to random subjects, and notes them in `subjects`. */
function drawUpdates({ ids, points, seqs }: Subjects, count: number, firstSeq: number): Updates {
  const updates: Updates = { rows: new Uint32Array(count), ids: [], points: new Float64Array(count), firstSeq }
  for (let at = 0; at < count; at++) {
    const row = Math.floor(Math.random() * ids.length)
    updates.rows[at] = row
    updates.points[at] = points[row]! += 1 + Math.floor(Math.random() * GAIN_MAX)
    seqs[row] = firstSeq + at
    updates.ids.push(Buffer.from(ids[row]!).toString('latin1'))
  }
  return updates
}

/** Returns the row numbers as a plain sort puts them. */
function sortedOf({ points, seqs }: Subjects): Uint32Array {
  return Uint32Array.from(points.keys()).sort((one, other) => points[other]! - points[one]! || seqs[one]! - seqs[other]!)
}

/** Checks every place of the index against a plain sort. @throws Error */
function check(index: RankIndex, subjects: Subjects): void {
  let rank = 0
  let pointsAbove = NaN
  for (const [at, row] of sortedOf(subjects).entries()) {
    const points = subjects.points[row]!
    if (points !== pointsAbove || index.tieRule === 'ORDINAL') rank = index.tieRule === 'DENSE' ? rank + 1 : at + 1
    pointsAbove = points
    const [held] = index.range(at, 1)
    if (held?.subjectId !== subjects.ids[row] || held?.points !== points || held.rank !== rank || held.position !== at + 1) {
      throw new Error(`place ${at + 1} is wrong: the index differs from a sort`)
    }
  }
}

/** What one update answers: both places, the top 10, five neighbors either side. Returns how many standings it listed. */
function update(index: RankIndex, subjectId: string, points: number, seq: number): number {
  const { to: { position } } = index.set(subjectId, points, seq)
  const top = index.range(0, 10)
  const neighbors = index.range(position - 6, 11)
  return top.length + neighbors.length
}

/** A board in process, which is checked against what it was told. */
function ownBoard(ids: string[], count: number, tieRule: TieRule) {
  const subjects = subjectsOf(ids, count)
  const { points, seqs } = subjects
  const rows = subjects.ids.map((subjectId, row) => ({ subjectId, points: points[row]!, seq: seqs[row]! }))
  const index = RankIndex.from(rows, tieRule)
  check(index, subjects)
  let seq = count + 1
  const time = (count: number): Speed => {
    const updates = drawUpdates(subjects, count, seq)
    seq += count
    let listed = 0
    const cpu = process.cpuUsage()
    const begun = performance.now()
    for (let at = 0; at < count; at++) listed += update(index, updates.ids[at]!, updates.points[at]!, updates.firstSeq + at)
    const wallMs = performance.now() - begun
    const { user, system } = process.cpuUsage(cpu)
    if (listed < count * 16) throw new Error('an update listed too little')
    return { cpu: count / (user + system) * 1e6, wall: count / wallMs * 1_000 }
  }
  time(Math.min(count * 5, 100_000)) // Warm.
  return { index, time, check: () => check(index, subjects) }
}

/** A board in Redis. */
async function redisBoard(url: string, ids: string[], count: number) {
  const client = await createClient({ url }).connect()
  const subjects = subjectsOf(ids, count)
  const { points, seqs } = subjects
  const keys = ['{board}:z', '{board}:h']
  const padded = (seq: number): string => String(seq).padStart(13, '0')
  const entryOf = (row: number): string => padded(seqs[row]!) + ids[row]!
  for (let from = 0; from < count; from += 2_000) {
    const rows = Array.from({ length: Math.min(2_000, count - from) }, (_, at) => from + at)
    await Promise.all([
      client.zAdd(keys[0]!, rows.map(row => ({ score: -points[row]!, value: entryOf(row) }))),
      client.hSet(keys[1]!, rows.flatMap(row => [ids[row]!, entryOf(row)])),
    ])
  }
  const sha = await client.scriptLoad(LUA)
  const cpuSeconds = async (): Promise<number> => {
    const told = await client.info('cpu')
    return Number(/used_cpu_user:([\d.]+)/.exec(told)![1]) + Number(/used_cpu_sys:([\d.]+)/.exec(told)![1])
  }
  let seq = count + 1
  const time = async (count: number): Promise<Speed> => {
    const updates = drawUpdates(subjects, count, seq)
    seq += count
    let next = 0
    const work = async (): Promise<void> => {
      while (next < count) {
        const at = next++
        const row = [updates.ids[at]!, String(updates.points[at]), padded(updates.firstSeq + at)]
        await client.evalSha(sha, { keys, arguments: row })
      }
    }
    const cpu = await cpuSeconds()
    const begun = performance.now()
    await Promise.all(Array.from({ length: IN_FLIGHT }, work))
    const wallMs = performance.now() - begun
    return { cpu: count / (await cpuSeconds() - cpu), wall: count / wallMs * 1_000 }
  }
  /** Checks every place against a plain sort. @throws Error */
  const checkAll = async (): Promise<void> => {
    const held = await client.zRange(keys[0]!, 0, -1)
    const isWrong = sortedOf(subjects).some((row, at) => held[at] !== entryOf(row))
    if (isWrong || held.length !== count) throw new Error('Redis ranks otherwise than a sort')
  }
  return { time, check: checkAll, close: () => client.close() }
}

/** Returns the median time (ms) of a rebuild from PostgreSQL and of COPY of the same rows to nowhere. */
async function rebuild(count: number, progress: (line: string) => void) {
  await using postgres = await startThrowawayPostgres(progress)
  const client = new Client(postgres.config)
  await client.connect()
  await client.query(
    'create table user_points (tenant_id uuid, user_id uuid, points bigint, last_seq bigint, primary key (tenant_id, user_id))')
  await client.query(`insert into user_points select $1, gen_random_uuid(), (random() * $2)::bigint, n
    from generate_series(1, $2::int) n`, [TENANT, count])
  await client.query('vacuum analyze user_points')
  const [rebuilds, copies]: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    let begun = performance.now()
    const bytes = await copyOut(client)
    const copyMs = performance.now() - begun
    begun = performance.now()
    const index = RankIndex.fromColumns(await copyColumns(client, SELECT), 'COMPETITION')
    const rebuildMs = performance.now() - begun
    if (index.size !== count || bytes < count * 36) throw new Error('the rebuild lost rows')
    if (round === 0) check(index, columnsOf((await client.query<StandingRow>(NAMED)).rows))
    else [rebuilds[round - 1], copies[round - 1]] = [rebuildMs, copyMs]
    progress(`rebuild of ${count}: ${rebuildMs.toFixed(0)} ms, COPY ${copyMs.toFixed(0)} ms${round === 0 ? ' (warm-up)' : ''}`)
  }
  await client.end()
  return { rebuildMs: median(rebuilds), copyMs: median(copies), version: postgres.version }
}

function columnsOf(rows: StandingRow[]): Subjects {
  return {
    ids: rows.map(({ subjectId }) => subjectId), points: Float64Array.from(rows, ({ points }) => points),
    seqs: Float64Array.from(rows, ({ seq }) => seq),
  }
}

/** Sends COPY … TO STDOUT and counts the bytes that come. */
async function copyOut(client: Client): Promise<number> {
  let bytes = 0
  for await (const chunk of client.query(to(`copy (${SELECT}) to stdout (format binary)`))) bytes += (chunk as Buffer).length
  return bytes
}

/** Returns the table line of some measured speeds. */
function rowFor(label: string, speeds: readonly Speed[]): string {
  const [cpu, wall] = [median(speeds.map(speed => speed.cpu)), median(speeds.map(speed => speed.wall))]
  return `${label.padEnd(44)} ${cpu.toFixed(0).padStart(9)} updates a CPU second, ${wall.toFixed(0).padStart(9)} a second`
}

/** Runs the bench. @throws MissingBaseline without redis-server */
export default async function rank({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const [few, many] = quick ? [1_000, 20_000] : [10_000, 1_000_000]
  const updates = quick ? 5_000 : 100_000
  const ids = Array.from({ length: many }, () => randomUUID() as string)
  await using redis = await startRedis()
  progress(`filling Redis with ${many} entries`)
  const theirs = await redisBoard(redis.url, ids, many)
  progress(`building ${many} entries in process`)
  const [own, ownFew] = [ownBoard(ids, many, 'ORDINAL'), ownBoard(ids, few, 'ORDINAL')]
  const [ownSpeeds, fewSpeeds, redisSpeeds]: [Speed[], Speed[], Speed[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    ownSpeeds.push(own.time(updates))
    fewSpeeds.push(ownFew.time(updates))
    redisSpeeds.push(await theirs.time(quick ? 500 : 10_000))
    const [ours, oursFew, redis] = [ownSpeeds, fewSpeeds, redisSpeeds].map(speeds => speeds.at(-1)!.cpu.toFixed(0))
    progress(`round ${round + 1}: ${ours} updates a CPU second at ${many}, ${oursFew} at ${few}; Redis ${redis}`)
  }
  for (const board of [own, ownFew, theirs]) await board.check()
  await theirs.close()
  const otherRows = TIES.map(tieRule => {
    const board = ownBoard(ids, many, tieRule)
    const speeds = Array.from({ length: ROUNDS }, () => board.time(updates))
    board.check()
    return rowFor(`in process, ${many} entries, ${tieRule}`, speeds)
  })
  const { rebuildMs, copyMs, version } = await rebuild(many, progress)
  const speedOf = (speeds: Speed[], by: keyof Speed): number => median(speeds.map(speed => speed[by]))
  return {
    metrics: {
      update_over_redis_1m: speedOf(ownSpeeds, 'wall') / speedOf(redisSpeeds, 'wall'),
      update_cpu_over_redis_1m: speedOf(ownSpeeds, 'cpu') / speedOf(redisSpeeds, 'cpu'),
      growth_10k_1m: speedOf(fewSpeeds, 'cpu') / speedOf(ownSpeeds, 'cpu'),
      rebuild_over_copy_1m: rebuildMs / copyMs, bytes_per_entry_1m: own.index.bytes / many,
    },
    versions: { redis: redis.version, postgresql: version },
    rows: [
      rowFor(`in process, ${many} entries, ORDINAL`, ownSpeeds), rowFor(`in process, ${few} entries, ORDINAL`, fewSpeeds),
      ...otherRows,
      rowFor(`Redis, ${many} entries, ${IN_FLIGHT} in flight`, redisSpeeds),
      `rebuild of ${many} entries ${rebuildMs.toFixed(0)} ms, COPY of their rows ${copyMs.toFixed(0)} ms`,
    ],
    notes: [
      'update_over_redis compares updates a second as a node gets them, update_cpu_over_redis the CPU that they cost: of this ' +
        'process with its garbage collector, of Redis alone without its client.',
      'Redis ranks as ORDINAL does; it also pays the network on loopback. The index pays neither network nor durability, ' +
        'and is fed by the event log; unlike Redis it also keeps the former ranks of the subjects an update passed.',
    ],
  }
}
