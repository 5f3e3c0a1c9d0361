import { expect, test } from 'vitest'
import { recordInputs } from '../activities/intake.service.ts'
import { localDay, neighborKey, periodRange } from '../platform/time.ts'
import { sharedNode, tenantOn, type TestTenant } from '../../test/harness.ts'
import { LeaderboardPeriod, LeaderboardSubject } from './leaderboard.entity.ts'
import { archiveJob } from './leaderboard.jobs.ts'
import { createLeaderboard } from './leaderboard.service.ts'

const ZONE = 'America/New_York'
const HOUR_MS = 3_600_000

/** Records one activity of bob that occurred at `occurredMs` and arrives at `recordedMs`. */
const record = (acme: TestTenant, key: string, activityType: string, occurredMs: number, recordedMs = occurredMs) =>
  recordInputs(
    { ...acme.actor('bob'), now: new Date(recordedMs) },
    [{ activityType, idempotencyKey: `archive-${key}`, occurredAt: new Date(occurredMs) }])
const runJob = (acme: TestTenant, nowMs = Date.now()) => archiveJob.run({ ...acme.actor(), now: new Date(nowMs) })
const archives = (acme: TestTenant) => acme.sql(`select period_start as day, size, rank, s.points from leaderboard_archive a
  left join archived_standing s on s.archive_id = a.id order by 1, 3`)

test('a period is archived once, 24 hours after its end, and never changes; what comes later is a correction in the open one',
  async () => {
  const today = localDay(ZONE, Date.now())
  const day = neighborKey('DAILY', neighborKey('DAILY', neighborKey('DAILY', today.day, -1), -1), -1) // Three days ago.
  const { startMs, endMs } = periodRange('DAILY', ZONE, day)
  await using acme = await tenantOn(await sharedNode(), { timeZone: ZONE, since: new Date(startMs - 10 * HOUR_MS) }, 'ann', 'bob')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Daily', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.DAILY, archivedFrom: day })
  await record(acme, 'in-time', 'meeting_scheduled', startMs + 9 * HOUR_MS)
  await record(acme, 'in-grace', 'team_support', endMs - 1, endMs + 23 * HOUR_MS)
  await runJob(acme, endMs + 24 * HOUR_MS) // Closed this very moment; archived a minute later, when nothing can be on its way.
  expect(await archives(acme)).toEqual([])
  // Two nodes at once.
  await Promise.all([runJob(acme, endMs + 24 * HOUR_MS + 60_000), runJob(acme, endMs + 24 * HOUR_MS + 61_000)])
  expect(await archives(acme)).toEqual([{ day, size: 1, rank: 1, points: 75 }])

  await record(acme, 'too-late', 'new_client_signed', startMs + HOUR_MS, Date.now())
  expect(await acme.sql('select points, day, is_correction as late from point_entry order by seq')).toEqual([
    { points: 50, day, late: false }, { points: 25, day, late: false }, { points: 500, day: today.day, late: true }])
  await runJob(acme) // Catches up the day before yesterday, which was quiet.
  expect(await archives(acme))
    .toEqual([{ day, size: 1, rank: 1, points: 75 }, { day: neighborKey('DAILY', day, 1), size: 0, rank: null, points: null }])
  const board = (await acme.node.boards.of(acme.tenantId, leaderboard.id))!
  expect(board.index.range(0, 9)).toMatchObject([{ rank: 1, points: 500 }])
  for (const statement of [
    'update archived_standing set points = 0', 'delete from archived_standing', 'delete from leaderboard_archive',
    'update leaderboard_archive set size = 0',
  ]) {
    await expect(acme.sql(statement)).rejects.toThrow(/permission denied/)
  }
})

test('the rank at the previous close is shown beside the current rank, and an archive is read page by page', async () => {
  const today = localDay(ZONE, Date.now())
  const day = neighborKey('DAILY', today.day, -1)
  const { startMs } = periodRange('DAILY', ZONE, day)
  await using acme = await tenantOn(
    await sharedNode(), { timeZone: ZONE, since: new Date(startMs - 10 * HOUR_MS) }, 'ann', 'bob', 'cid')
  await createLeaderboard(
    acme.actor(), { name: 'Daily', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.DAILY, archivedFrom: day })
  for (const [name, activityType] of [['ann', 'meeting_scheduled'], ['bob', 'new_client_signed']] as const) {
    await recordInputs(
      { ...acme.actor(name), now: new Date(startMs + HOUR_MS) },
      [{ activityType, idempotencyKey: 'yesterday-1', occurredAt: new Date(startMs + HOUR_MS) }])
    await recordInputs(acme.actor(name), [{
      activityType: name === 'ann' ? 'new_client_signed' : 'team_support', idempotencyKey: 'today-0001',
    }])
  }
  await recordInputs(acme.actor('cid'), [{ activityType: 'meeting_scheduled', idempotencyKey: 'today-0001' }])
  await runJob(acme, Date.now() + 24 * HOUR_MS)
  await acme.settled()
  const { leaderboards } = await acme.as('ann').run(`{ leaderboards(first: 1) { nodes { standings {
    nodes { rank closeRank user { name } } }
    archives { nodes { periodStart size
    standings(first: 1) { nodes { rank points closeRank user { name } } pageInfo { hasNextPage } } } } } } }`)
  expect(leaderboards.nodes).toEqual([{
    standings: { nodes: [
      { rank: 1, closeRank: 2, user: { name: 'ann' } }, { rank: 2, closeRank: null, user: { name: 'cid' } },
      { rank: 3, closeRank: 1, user: { name: 'bob' } },
    ] },
    archives: { nodes: [{
      periodStart: day, size: 2,
      standings: { nodes: [{ rank: 1, points: 500, closeRank: null, user: { name: 'bob' } }], pageInfo: { hasNextPage: true } },
    }] },
  }])
})
