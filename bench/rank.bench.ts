/**
 * rank: an update that answers its old and new rank, the top 10 and five neighbors either side, in process against Redis with
 * exact ties; its growth from 10,000 to 1,000,000 entries; and the rebuild of a board from PostgreSQL against COPY of its rows.
 */
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { to } from 'pg-copy-streams'
import { createClient } from 'redis'
import { type Listed, RankIndex, type StandingRow } from '../src/ranks/rank.rules.ts'
import '../src/platform/db.ts' // Reads int8 as numbers.
import { copyColumns } from '../src/leaderboards/recount.ts'
import { startRedis, startThrowawayPostgres } from './services.ts'

const IN_FLIGHT = 64
const ROUNDS = 3
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

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!
}

/** Returns rows of distinct subjects with few enough distinct points that ties are common. */
function makeRows(count: number): StandingRow[] {
  return Array.from({ length: count }, (_, at) => ({
    subjectId: randomUUID(), points: Math.floor(Math.random() * count / 4), seq: at + 1,
  }))
}

/** What one update answers. */
function update(index: RankIndex, subjectId: string, points: number, seq: number): { top: Listed[]; around: Listed[] } {
  index.set(subjectId, points, seq)
  return { top: index.range(0, 10), around: index.around(subjectId, 11) }
}

/** Checks the index against a plain sort. @throws Error */
function check(index: RankIndex, rows: readonly StandingRow[]): void {
  const sorted = [...rows].sort((one, other) => other.points - one.points || one.seq - other.seq)
  const listed = index.range(0, rows.length)
  let rank = 0
  for (const [at, row] of sorted.entries()) {
    if (at === 0 || row.points !== sorted[at - 1]!.points) rank = at + 1
    const held = listed[at]!
    if (held.subjectId !== row.subjectId || held.points !== row.points || held.rank !== rank) {
      throw new Error(`place ${at + 1} is wrong: the index differs from a sort`)
    }
  }
}

/** Returns updates a second of an index of so many entries, checked to be right before and after. */
function inProcess(count: number, updates: number): number {
  const rows = makeRows(count)
  const index = RankIndex.from(rows, 'COMPETITION')
  check(index, rows)
  let seq = count + 1
  const touch = () => {
    const row = rows[Math.floor(Math.random() * count)]!
    row.points += 1 + Math.floor(Math.random() * 500)
    row.seq = seq++
    return update(index, row.subjectId, row.points, row.seq)
  }
  for (let at = 0; at < updates / 4; at++) touch() // Warm.
  const begun = performance.now()
  for (let at = 0; at < updates; at++) touch()
  const perSecond = updates / (performance.now() - begun) * 1_000
  check(index, rows)
  return perSecond
}

/** Returns a Redis board of so many entries, ready to be timed. */
async function redisBoard(url: string, count: number) {
  const client = await createClient({ url }).connect()
  const rows = makeRows(count)
  const keys = ['{board}:z', '{board}:h']
  const entryOf = ({ seq, subjectId }: StandingRow) => String(seq).padStart(13, '0') + subjectId
  for (let at = 0; at < count; at += 2_000) {
    const part = rows.slice(at, at + 2_000)
    await Promise.all([
      client.zAdd(keys[0]!, part.map(row => ({ score: -row.points, value: entryOf(row) }))),
      client.hSet(keys[1]!, part.flatMap(row => [row.subjectId, entryOf(row)])),
    ])
  }
  const sha = await client.scriptLoad(LUA)
  let seq = count + 1
  const touch = async () => {
    const row = rows[Math.floor(Math.random() * count)]!
    row.points += 1 + Math.floor(Math.random() * 500)
    row.seq = seq++
    return client.evalSha(sha, {
      keys, arguments: [row.subjectId, String(row.points), String(row.seq).padStart(13, '0')],
    }) as Promise<[number, number, string[], string[]]>
  }
  return { client, rows, touch, async time(updates: number): Promise<number> {
    let left = updates
    const begun = performance.now()
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => { while (left-- > 0) await touch() }))
    return updates / (performance.now() - begun) * 1_000
  } }
}

/** Returns the median time (ms) of a rebuild from PostgreSQL and of COPY of the same rows to nowhere. */
async function rebuild(
  count: number, progress: (line: string) => void,
): Promise<{ rebuildMs: number; copyMs: number; version: string }> {
  await using postgres = await startThrowawayPostgres(progress)
  const client = new Client(postgres.config)
  await client.connect()
  await client.query(
    'create table user_points (tenant_id uuid, user_id uuid, points bigint, last_seq bigint, primary key (tenant_id, user_id))')
  await client.query(`insert into user_points select $1, gen_random_uuid(), (random() * $2)::bigint, n
    from generate_series(1, $2::int) n`, [TENANT, count])
  await client.query('vacuum analyze user_points')
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    let begun = performance.now()
    const bytes = await copyOut(client)
    times[1].push(performance.now() - begun)
    begun = performance.now()
    const index = RankIndex.fromColumns(await copyColumns(client, SELECT), 'COMPETITION')
    times[0].push(performance.now() - begun)
    if (index.size !== count || bytes < count * 36) throw new Error('the rebuild lost rows')
    if (round === 0) check(index, (await client.query<StandingRow>(NAMED)).rows)
    progress(`rebuild of ${count}: ${times[0].at(-1)!.toFixed(0)} ms, COPY ${times[1].at(-1)!.toFixed(0)} ms`)
  }
  await client.end()
  return { rebuildMs: median(times[0]), copyMs: median(times[1]), version: postgres.version }
}

/** Sends COPY … TO STDOUT and counts the bytes that come. */
async function copyOut(client: Client): Promise<number> {
  let bytes = 0
  for await (const chunk of client.query(to(`copy (${SELECT}) to stdout (format binary)`))) bytes += (chunk as Buffer).length
  return bytes
}

/** Runs the bench. @throws MissingBaseline without redis-server */
export default async function rank({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const [few, many] = quick ? [1_000, 20_000] : [10_000, 1_000_000]
  const updates = quick ? 5_000 : 200_000
  await using redis = await startRedis()
  progress(`filling Redis with ${many} entries`)
  const board = await redisBoard(redis.url, many)
  const [own, ownFew, theirs]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    own.push(inProcess(many, updates))
    ownFew.push(inProcess(few, updates))
    theirs.push(await board.time(quick ? 500 : 20_000))
    const [ours, oursFew, redis] = [own, ownFew, theirs].map(rates => rates.at(-1)!.toFixed(0))
    progress(`round ${round + 1}: in process ${ours}/s at ${many}, ${oursFew}/s at ${few}; Redis ${redis}/s`)
  }
  const sorted = [...board.rows].sort((one, other) => other.points - one.points || one.seq - other.seq)
  const top = await board.client.zRange('{board}:z', 0, 9)
  if (top.some((value, at) => value.slice(13) !== sorted[at]!.subjectId)) throw new Error('Redis ranks otherwise than a sort')
  await board.client.close()
  const { rebuildMs, copyMs, version } = await rebuild(many, progress)
  return {
    metrics: {
      update_over_redis_1m: median(own) / median(theirs), growth_10k_1m: median(ownFew) / median(own),
      rebuild_over_copy_1m: rebuildMs / copyMs,
    },
    versions: { redis: redis.version, postgresql: version },
    rows: [
      `in process, ${many} entries      ${median(own).toFixed(0)} updates/s`,
      `in process, ${few} entries        ${median(ownFew).toFixed(0)} updates/s`,
      `Redis (Lua, ${IN_FLIGHT} in flight)        ${median(theirs).toFixed(0)} updates/s`,
      `rebuild ${rebuildMs.toFixed(0)} ms, COPY ${copyMs.toFixed(0)} ms`,
    ],
    notes: [
      'Redis also pays the network on loopback; the index in process pays neither network nor durability, ' +
        'and is fed by the event log.',
    ],
  }
}
