/**
 * Kill -9 in the middle of a burst: what was acknowledged is there once, positions have no gap, and subscribers miss and
 * double nothing.
 */
import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { freshDatabase, Person } from './harness.ts'
import { demoToken, pauseSimulator, type ServerProcess, startServer } from './processes.ts'
import { BOARD, FEED, ResumingSubscriber } from './resuming.ts'

const BURST = 2_000
const IN_FLIGHT = 16
const RECORD = `mutation($input: ActivityRecordInput!) { activityRecord(input: $input) { activity { id }
  idempotencyHit userErrors { code } mark } }`
const folder = mkdtempSync(join(tmpdir(), 'laurel-crash-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Place { url: string; token: string }

/**
 * Sends the burst as a careful client would: the same key again until it is acknowledged; `at` is called after each
 * acknowledgment.
 */
async function burst(place: () => Place, userIds: string[], at: (acknowledged: number) => void): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>()
  let next = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (next < BURST) {
      const index = next++
      const input = {
        activityType: index % 3 ? 'meeting_scheduled' : 'team_support',
        idempotencyKey: `burst-${String(index).padStart(4, '0')}`, userId: userIds[index % userIds.length],
      }
      for (;;) {
        const { url, token } = place()
        const answer = await new Person(url, token).ask(RECORD, { input }).catch(() => null)
        const refused = answer?.data?.activityRecord?.userErrors?.[0]?.code
        if (refused) throw new Error(`refused: ${refused}`)
        const id = answer?.data?.activityRecord?.activity?.id as string | undefined
        if (id) {
          acknowledged.set(input.idempotencyKey, id)
          at(acknowledged.size)
          break
        }
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
  }))
  return acknowledged
}

interface Setting { place: () => Place; boardId: string; userIds: string[] }

async function lookAround(place: Place): Promise<Pick<Setting, 'boardId' | 'userIds'>> {
  const { users, leaderboards } = await new Person(place.url, place.token).run(
    '{ users(first: 100) { nodes { id } } leaderboards { nodes { id period subject } } }')
  const isMonthly = ({ period, subject }: { period: string; subject: string }) => period === 'MONTHLY' && subject === 'USER'
  return { userIds: users.nodes.map(({ id }: { id: string }) => id), boardId: leaderboards.nodes.find(isMonthly).id }
}

/** The independent oracle: reads the ledger and the log as their owner and compares them with what clients were told. */
async function judge(
  owner: Client, acknowledged: Map<string, string>, feeds: ResumingSubscriber[], boards: ResumingSubscriber[],
  { place, boardId }: Setting,
): Promise<void> {
  const { url, token } = place()
  const person = new Person(url, token)
  const again = await person.run(
    RECORD, { input: { activityType: 'team_support', idempotencyKey: 'after-all', userId: undefined } })
  const mark = again.activityRecord.mark as string
  const hold = () => [...feeds, ...boards].every(({ marks }) => marks.includes(mark))
  for (const until = Date.now() + 20_000; Date.now() < until && !hold();) await new Promise(resolve => setTimeout(resolve, 50))

  const stored = await owner.query(`select k.key, e.seq from command_key k join activity a on a.tenant_id = k.tenant_id
    and a.id = k.result_id
    join point_entry e on e.tenant_id = a.tenant_id and e.activity_id = a.id where k.key like 'burst-%' order by 2`)
  expect(stored.rows).toHaveLength(BURST)
  expect(new Set(stored.rows.map(({ key }) => key as string))).toEqual(new Set(acknowledged.keys()))
  const differing = await owner.query(`select 1 from user_points p where points <> coalesce((select sum(points)
    from point_entry e where e.tenant_id = p.tenant_id and e.user_id = p.user_id), 0)`)
  expect(differing.rowCount).toBe(0)
  const gaps = await owner.query(`select tenant_id from event_log
    group by 1 having count(*) <> max(pos) - min(pos) + 1 or count(distinct pos) <> count(*)`)
  expect(gaps.rowCount).toBe(0)

  const awards = (await owner.query<{ count: string }>(`select count(*) from command_key
    where key like 'burst-%' or key = 'after-all'`)).rows[0]!
  for (const feed of feeds) {
    expect(feed.broken).toEqual([])
    expect(feed.reasons).toEqual(['FIRST'])
    const told = feed.items.filter(({ kind }) => kind === 'POINTS_AWARDED')
    expect(told).toHaveLength(Number(awards.count))
    expect(new Set(feed.items.map(({ id }) => id)).size).toBe(feed.items.length)
    expect(feed.items.map(({ id }) => id)).toEqual(feeds[0]!.items.map(({ id }) => id))
  }
  const { leaderboard } = await person.run(`query($id: ID!, $mark: Mark) { leaderboard(id: $id) {
    standings(first: 100, atLeast: $mark) { nodes { subjectId rank points } } } }`, { id: boardId, mark })
  const nodes = leaderboard.standings.nodes as { subjectId: string; rank: number; points: number }[]
  const sums = await owner.query(`select sum(points)::bigint as points, rank() over (order by sum(points) desc) as rank
    from point_entry
    where tenant_id = (select tenant_id from command_key where key = 'after-all')
    and month = (select max(month) from point_entry) group by user_id order by rank`)
  expect(nodes.map(({ rank, points }) => [rank, points])).toEqual(
    sums.rows.map(({ rank, points }) => [Number(rank), Number(points)]))
  for (const board of boards) {
    expect(board.broken).toEqual([])
    expect(board.standings).toEqual(new Map(nodes.map(({ subjectId, rank, points }) => [subjectId, { rank, points }])))
  }
}

test('the whole process is killed twice, and the relay\'s session again and again', async () => {
  const settings = { LAUREL_DATA: join(folder, 'one') }
  let server = await startServer(settings)
  await pauseSimulator(server.url)
  let place: Place = { url: server.url, token: await demoToken(server.url) }
  const setting: Setting = { place: () => place, ...await lookAround(place) }
  const feeds = Array.from({ length: 4 }, () => new ResumingSubscriber(() => place, FEED))
  const boards = Array.from({ length: 4 }, () => new ResumingSubscriber(() => place, BOARD, { id: setting.boardId }))
  const begun = () => [...feeds, ...boards].every(({ cursor }) => cursor)
  for (const until = Date.now() + 5_000; Date.now() < until && !begun();) await new Promise(resolve => setTimeout(resolve, 20))

  const owner = new Client({ host: join(folder, 'one', 'run'), user: 'laurel_owner', database: 'laurel' })
  await owner.connect()
  const killing: Promise<unknown>[] = []
  const kills = new Set([600, 1_300])
  const acknowledged = await burst(() => place, setting.userIds, count => {
    if (kills.delete(count)) {
      killing.push(server.kill('SIGKILL').then(async () => {
        server = await startServer(settings)
        await pauseSimulator(server.url)
        place = { url: server.url, token: await demoToken(server.url) }
      }))
    } else if (count % 150 === 0) {
      killing.push(owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'laurel relay'`))
    }
    if (count % 97 === 0) [...feeds, ...boards][count % 8]!.cut()
  })
  await Promise.all(killing)
  try {
    await judge(owner, acknowledged, feeds, boards, setting)
  } finally {
    await Promise.all([...feeds, ...boards].map(subscriber => subscriber.close()))
    await owner.end()
    await server.kill('SIGTERM')
  }
  expect(server.child.exitCode).toBe(0)
}, 300_000)

test.runIf(inject('redisUrl'))('the relay is a process of its own and is killed three times while another serves', async () => {
  const { owner: address } = await freshDatabase()
  const owner = new Client(address)
  await owner.connect()
  const common = {
    DATABASE_URL: `postgresql://${address.user}@${encodeURIComponent(address.host!)}:${address.port}/${address.database}`,
    REDIS_URL: inject('redisUrl')!, LAUREL_DEMO: '1', LAUREL_DATA: join(folder, 'two'),
  }
  let post: ServerProcess = await startServer({ ...common, LAUREL_RELAY: 'on' })
  await pauseSimulator(post.url)
  const front = await startServer({ ...common, LAUREL_RELAY: 'off' })
  await pauseSimulator(front.url)
  const place = { url: front.url, token: await demoToken(front.url) }
  const setting: Setting = { place: () => place, ...await lookAround(place) }
  const feeds = Array.from({ length: 3 }, () => new ResumingSubscriber(() => place, FEED))
  const boards = Array.from({ length: 3 }, () => new ResumingSubscriber(() => place, BOARD, { id: setting.boardId }))
  const begun = () => [...feeds, ...boards].every(({ cursor }) => cursor)
  for (const until = Date.now() + 5_000; Date.now() < until && !begun();) await new Promise(resolve => setTimeout(resolve, 20))
  let restarting: Promise<void> = Promise.resolve()
  const acknowledged = await burst(() => place, setting.userIds, count => {
    if (count % 500 === 0 && count < BURST) {
      restarting = restarting.then(async () => {
        await post.kill('SIGKILL')
        post = await startServer({ ...common, LAUREL_RELAY: 'on' })
        await pauseSimulator(post.url)
      })
    }
  })
  await restarting
  try {
    await judge(owner, acknowledged, feeds, boards, setting)
  } finally {
    await Promise.all([...feeds, ...boards].map(subscriber => subscriber.close()))
    await owner.end()
    await Promise.all([front.kill('SIGTERM'), post.kill('SIGTERM')])
  }
}, 300_000)

