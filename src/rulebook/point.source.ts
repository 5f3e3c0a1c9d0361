/** Points, people and closed boards as events for rules: `points` with the total and its level, `user.created`, and ranks. */
import { LIMITS } from '../platform/limits.ts'
import { localDay, type Period, periodRange } from '../platform/time.ts'
import { changesOf, POINT_TOPICS, type PointChange } from '../points/change.rules.ts'
import { levelFor, type LevelRow } from '../points/level.rules.ts'
import { levelsStatement } from '../points/point.queries.ts'
import type { FactDefinition, RuleEvent } from '../rules/fact.rules.ts'
import { registerRuleSource } from './source.service.ts'

const signed = { type: 'number', signed: true } as const
const points = { event: 'points', words: { one: 'point', many: 'points' } }
const level = { event: 'points', of: 'level', words: { name: 'the level' } }
const POINT_FACTS: Record<string, FactDefinition> = {
  ...Object.fromEntries((['DAY', 'WEEK', 'MONTH', 'QUARTER'] as const).map(window =>
    [`points.${window.toLowerCase()}`, { kind: 'sum', of: 'points', ...points, window }])),
  'points.lifetime': { kind: 'last', event: 'points', of: 'total', words: { name: 'lifetime points' } },
  'points.reached': { kind: 'max', event: 'points', of: 'total', words: { name: 'lifetime points ever' } },
  level: { kind: 'last', ...level }, 'level.reached': { kind: 'max', ...level, words: { name: 'the highest level' } },
}

type Entry = Pick<PointChange, 'userId' | 'teamId' | 'points' | 'seq' | 'total' | 'day'>

/** An entry counts on the day that the ledger counts it on, at its end when that was before. */
function eventOf(
  { userId, teamId, points: moved, seq, total, day }: Entry, at: Date, zone: string, levels: LevelRow[],
): RuleEvent {
  const atMs = localDay(zone, at.getTime()).day === day ? at.getTime() : periodRange('DAILY', zone, day).endMs - 1
  return {
    id: `points ${seq}`, type: 'points', atMs, recordedMs: at.getTime(), userId, teamId, zone: null,
    attributes: { points: moved, total, level: levels.length ? levelFor(levels, total).number : 1 },
  }
}

registerRuleSource({
  name: 'points', topics: [...POINT_TOPICS],
  offer: async () => ({ events: { points: { points: signed, total: signed, level: { type: 'number' } } }, facts: POINT_FACTS }),
  async read({ tenantId, zone, run, isRead }, events) {
    if (!isRead('points')) return []
    const [levels] = await run([levelsStatement(tenantId)]) as unknown as [LevelRow[]]
    return events.flatMap(({ pos, payload, at }) => changesOf(payload).filter(({ points: moved }) => moved !== 0)
      .map(change => ({ pos, sign: 1 as const, event: eventOf(change, at, zone, levels) })))
  },
  async history({ tenantId, zone, run, isRead }, { since, until }, max) {
    if (!isRead('points')) return []
    const [levels, entries] = await run([levelsStatement(tenantId), {
      text: `select * from (select user_id as "userId", team_id as "teamId", points, seq, day::text as day, recorded_at as at,
               sum(points) over (partition by user_id order by seq)::float8 as total
               from point_entry where tenant_id = $1) e
             where at >= $2 and at < $3 and points <> 0 order by at desc limit $4`,
      values: [tenantId, since, until, max],
    }]) as unknown as [LevelRow[], (Entry & { at: Date })[]]
    return entries.map(entry => eventOf(entry, entry.at, zone, levels))
  },
})

registerRuleSource({
  name: 'users', topics: ['user.created'],
  offer: async () => ({ events: { 'user.created': {} }, facts: {} }),
  async read({ tenantId, run, isRead }, events) {
    if (!isRead('user.created')) return []
    const [rows] = await run([{
      name: 'rule_users', text: 'select id, created_at as "createdAt" from users where tenant_id = $1 and id = any($2::uuid[])',
      values: [tenantId, events.map(({ payload }) => (payload as { userId: string }).userId)],
    }])
    const byId = new Map(rows!.map(row => [row.id as string, row.createdAt as Date]))
    return events.map(({ pos, payload }) => {
      const { userId } = payload as { userId: string }
      const atMs = byId.get(userId)!.getTime()
      const event = { id: userId, type: 'user.created', atMs, recordedMs: atMs, userId, teamId: null, zone: null, attributes: {} }
      return { pos, sign: 1 as const, event }
    })
  },
})

interface RankRow {
  [column: string]: unknown
  archiveId: string; board: string; subject: 'USER' | 'TEAM'; period: Period; start: string; closedAt: Date; subjectId: string
  rank: number
}

/** A rank at a close happened in the last moment of its period. */
function rankEvent({ archiveId, board, subject, period, start, closedAt, subjectId, rank }: RankRow, zone: string): RuleEvent {
  return {
    id: `${archiveId} ${subjectId}`, type: 'leaderboard.period_closed', atMs: periodRange(period, zone, start).endMs - 1,
    recordedMs: closedAt.getTime(), zone: null, userId: subject === 'USER' ? subjectId : null,
    teamId: subject === 'TEAM' ? subjectId : null, attributes: { period, rank, board },
  }
}

const RANKS = `select a.id as "archiveId", a.leaderboard_id as board, l.subject, l.period, a.period_start::text as start,
    a.closed_at as "closedAt", s.subject_id as "subjectId", s.rank
  from leaderboard_archive a join leaderboard l on l.tenant_id = a.tenant_id and l.id = a.leaderboard_id
  join archived_standing s on s.tenant_id = a.tenant_id and s.archive_id = a.id
  where a.tenant_id = $1 and l.subject in ('USER', 'TEAM') and l.period <> 'ALL_TIME' and s.position <= ${LIMITS.ruleRanksMax}`

registerRuleSource({
  name: 'leaderboards', topics: ['leaderboard.period_closed'],
  offer: async () => ({
    events: { 'leaderboard.period_closed': { period: { type: 'text' }, rank: { type: 'number' }, board: { type: 'text' } } },
    facts: Object.fromEntries((['DAILY', 'WEEKLY', 'MONTHLY'] as const).map((period, at) => [
      `rankAtClose.${['day', 'week', 'month'][at]}`,
      {
        kind: 'min', event: 'leaderboard.period_closed', of: 'rank', where: { period },
        window: (['DAY', 'WEEK', 'MONTH'] as const)[at]!,
        words: { name: `the rank at a ${period.toLowerCase()} close` },
      },
    ])) as Record<string, FactDefinition>,
  }),
  async read({ tenantId, zone, run, isRead }, events) {
    if (!isRead('leaderboard.period_closed')) return []
    const [rows] = await run([{
      name: 'rule_ranks', text: `${RANKS} and a.id = any($2::uuid[])`,
      values: [tenantId, events.map(({ payload }) => (payload as { archiveId: string }).archiveId)],
    }]) as unknown as [RankRow[]]
    const byArchive = Map.groupBy(rows, ({ archiveId }) => archiveId)
    return events.flatMap(({ pos, payload }) => (byArchive.get((payload as { archiveId: string }).archiveId) ?? [])
      .map(row => ({ pos, sign: 1 as const, event: rankEvent(row, zone) })))
  },
  async history({ tenantId, zone, run, isRead }, { since, until }, max) {
    if (!isRead('leaderboard.period_closed')) return []
    const [rows] = await run([{
      text: `${RANKS} and a.closed_at >= $2 and a.closed_at < $3 order by a.closed_at desc limit $4`,
      values: [tenantId, since, until, max],
    }]) as unknown as [RankRow[]]
    return rows.map(row => rankEvent(row, zone))
  },
})
