/** The rank index is a projection: whatever happens, in whatever order, it equals a plain recount of the ledger. */
import { expect, test } from 'vitest'
import { recordInputs } from '../src/activities/intake.service.ts'
import { reverseActivity } from '../src/activities/reversal.service.ts'
import { randomFrom } from '../src/demo.seed.ts'
import { LeaderboardPeriod, LeaderboardSubject, TieRule } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { createTeam, moveUser } from '../src/users/user.service.ts'
import { tenant, uuid, type TestTenant } from './harness.ts'

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 1_000_000)
const TYPES = ['meeting_scheduled', 'team_support', 'proposal_accepted', 'new_client_signed', 'team_mentoring', 'nothing_paid']

/** A plain answer: the ledger grouped by subject, in the order of the rule (points, then who reached them first, then id). */
async function recount(acme: TestTenant, column: string, during: string): Promise<unknown[]> {
  return acme.sql(`select s as "subjectId", p::bigint as points, rank() over (order by p desc)::int as rank,
      dense_rank() over (order by p desc)::int as dense,
      row_number() over (order by p desc, q, s)::int as position
    from (select ${column} as s, sum(points) as p, max(seq) as q from point_entry where points <> 0 and ${column} is not null
    and ${during} group by 1) sums order by position`)
}

interface Board { id: string; column: string; period: LeaderboardPeriod; tieRule: TieRule }

/** Expects that a board's index, its published list and its rebuilt index are what a recount in SQL says. */
async function compare(acme: TestTenant, { id, column, period, tieRule }: Board, pos: number): Promise<void> {
  const board = (await acme.node.boards.of(acme.tenantId, id))!
  await board.reach(pos)
  const during = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', ALL_TIME: null }[period]
  const counted = await recount(acme, column, during ? `${during} = '${board.key}'` : 'true')
  const rows = counted as { subjectId: string; points: number; rank: number; dense: number; position: number }[]
  const expected = rows.map(({ subjectId, points, rank, dense, position }) => ({
    subjectId, points, position, rank: tieRule === TieRule.DENSE ? dense : tieRule === TieRule.ORDINAL ? position : rank,
  }))
  const held = board.index.range(0, board.index.size)
    .map(({ subjectId, points, position, rank }) => ({ subjectId, points, position, rank }))
  expect(held).toEqual(expected)
  expect([...board.published.list.keys()]).toEqual(expected.map(({ subjectId }) => subjectId))
  await board.rebuild()
  expect(board.index.range(0, board.index.size)
    .map(({ subjectId, points, position, rank }) => ({ subjectId, points, position, rank }))).toEqual(expected)
}

test(`every board equals a recount after random commands at once (seed ${seed}; set LAUREL_SEED to repeat)`, async () => {
  const random = randomFrom(seed)
  const names = Array.from({ length: 12 }, (_, at) => `user${at}`)
  await using acme = await tenant('ann:ADMIN', ...names)
  await acme.sql(`insert into activity_type (tenant_id, id, key, version, category, name, points, effective_from)
    values ($1, gen_random_uuid(), 'nothing_paid', 1, 'none', 'Nothing paid', 0, '2020-01-01')`, [acme.tenantId])
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  const kinds = [
    [LeaderboardSubject.USER, LeaderboardPeriod.MONTHLY, 'user_id'],
    [LeaderboardSubject.USER, LeaderboardPeriod.ALL_TIME, 'user_id'],
    [LeaderboardSubject.USER, LeaderboardPeriod.DAILY, 'user_id'],
    [LeaderboardSubject.TEAM, LeaderboardPeriod.WEEKLY, 'team_id'],
    [LeaderboardSubject.DEPARTMENT, LeaderboardPeriod.MONTHLY, 'department_id'],
  ] as const
  const boards = await Promise.all(kinds.map(async ([subject, period, column], at) => {
    const tieRule = [TieRule.COMPETITION, TieRule.DENSE, TieRule.ORDINAL][at % 3]!
    const { leaderboard } = await createLeaderboard(acme.actor(), { name: `${subject} ${period}`, subject, period, tieRule })
    return { id: leaderboard.id, column, period, tieRule }
  }))
  const activityIds: string[] = []
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const command = async (at: number) => {
    const dice = random()
    if (dice < 0.12 && activityIds.length) {
      const activityId = activityIds.splice(Math.floor(random() * activityIds.length), 1)[0]!
      await reverseActivity(acme.actor(), { activityId, idempotencyKey: `reverse-${at}`, reason: null })
    } else if (dice < 0.17) {
      await moveUser(acme.actor(), { userId: uuid('User', acme.id(pick(names))), teamId: pick([acme.teamId, blues.id]) })
    } else {
      const inputs = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, item) => ({
        activityType: pick(TYPES), idempotencyKey: `record-${at}-${item}`, userId: acme.id(pick(names)),
        quantity: 1 + Math.floor(random() * 3),
        occurredAt: new Date(Date.now() - random() ** 3 * 50 * 86_400_000),
      }))
      const { recordings } = await recordInputs(acme.actor(), inputs)
      for (const recording of recordings) if (recording.kind === 'NEW') activityIds.push(recording.activity.id)
    }
  }
  let next = 0
  const opened = new Set<string>()
  // Eight clients at once; each board is first asked for at its own moment, in the middle of it all.
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (next < 320) {
      const at = next++
      await command(at)
      const board = boards[at >> 6]
      if (board && at % 64 === 20 && !opened.has(board.id)) {
        opened.add(board.id)
        await acme.node.boards.of(acme.tenantId, board.id)
      }
    }
  }))
  await acme.settled()
  const log = await acme.node.logs.of(acme.tenantId)
  await log.catchUp()
  for (const board of boards) await compare(acme, board, log.pos)
  const [sums] = await acme.sql<{ differing: number }>(`select count(*) as differing from user_points p
    where points <> coalesce((select sum(points) from point_entry e where e.user_id = p.user_id), 0)`)
  expect(sums).toEqual({ differing: 0 })
  const positions = (await acme.sql<{ pos: number }>('select pos from event_log order by pos')).map(({ pos }) => pos)
  expect(positions).toEqual(positions.map((_, at) => at + 1))
}, 60_000)
