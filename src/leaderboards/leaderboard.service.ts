/** The only writer of leaderboards and of their archives. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { newId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emit, emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenant, inTenantBatch, inTenantOnce, type Tx } from '../platform/tenancy.ts'
import { neighborKey, periodKey, periodRange } from '../platform/time.ts'
import { isClosed } from '../points/period.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { Department, Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import {
  HeadRule, Leaderboard, LeaderboardMetric, LeaderboardPeriod, LeaderboardScope, LeaderboardSubject, TieRule, Visibility,
} from './leaderboard.entity.ts'
import { type LeaderboardRow, measureOf, recountStatement } from './leaderboard.queries.ts'
import { refusalForMeasure } from '../measures/question.rules.ts'
import { listingsStatement } from '../listings/listing.queries.ts'
import { type ListingRow, Listings } from '../listings/listing.rules.ts'
import { readTally, type Run } from '../measures/measure.queries.ts'
import { isPlain } from '../measures/measure.rules.ts'
import { Tally } from '../measures/tally.rules.ts'
import { type Listed, RankIndex, type StandingRow } from '../ranks/rank.rules.ts'

/** A new board as a command asks for it; ids are uuids, `archivedFrom` is the local day from which periods are archived. */
export interface LeaderboardInput {
  name: string; subject: LeaderboardSubject; period: LeaderboardPeriod; tieRule?: TieRule; subjectIds?: string[] | null
  archivedFrom?: string; metric?: LeaderboardMetric; headRule?: HeadRule; growthFloor?: number; listMax?: number | null
  visibility?: Visibility
}

/**
 * Creates a board and returns it with the commit's mark; emits `leaderboard.created`. With `subjectIds` it ranks only those.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND
 */
export async function createLeaderboard(actor: Actor, input: LeaderboardInput) {
  const { tenantId, now } = actor
  const name = input.name.trim()
  if (!isPlainText(name, 200, 1)) {
    throw new Refusal(ErrorCode.INVALID, 'name must have 1 to 200 characters.', ['name'])
  }
  const subjectIds = input.subjectIds ? [...new Set(input.subjectIds)] : null
  const measure = {
    metric: input.metric ?? LeaderboardMetric.POINTS, headRule: input.headRule ?? HeadRule.SUM,
    growthFloor: input.growthFloor ?? GROWTH_FLOOR, listMax: input.listMax ?? null,
    visibility: input.visibility ?? Visibility.PUBLIC,
  }
  const refusal = refusalForMeasure({ ...measure, subject: input.subject, period: input.period, subjectIds })
  if (refusal) throw refusal
  if (subjectIds && (!subjectIds.length || subjectIds.length > LIMITS.leaderboardSubjectsMax)) {
    throw new Refusal(
      ErrorCode.OUT_OF_RANGE,
      `subjectIds must name 1 to ${LIMITS.leaderboardSubjectsMax} subjects; leave it out to rank everybody.`,
      ['subjectIds'])
  }
  const zone = await zoneOf(actor)
  return inTenant(actor, async tx => {
    if (subjectIds) await requireSubjects(tx, input.subject, subjectIds)
    const leaderboard = tx.em.create(Leaderboard, {
      id: newId(now), tenantId, name, ...measure, subject: input.subject, period: input.period,
      tieRule: input.tieRule ?? TieRule.COMPETITION,
      scope: subjectIds ? LeaderboardScope.CUSTOM : LeaderboardScope.TENANT, subjectIds, createdAt: now,
      archivedFrom: input.archivedFrom ?? periodKey(input.period, zone, now.getTime()),
    })
    const mark = await emit(tx, 'leaderboard.created', { leaderboardId: leaderboard.id })
    return { leaderboard, mark }
  })
}

const GROWTH_FLOOR = 100

const SUBJECT = {
  USER: { entity: User, kind: 'User' }, TEAM: { entity: Team, kind: 'Team' },
  DEPARTMENT: { entity: Department, kind: 'Department' },
} as const

async function requireSubjects({ em }: Tx, subject: LeaderboardSubject, ids: readonly string[]): Promise<void> {
  if (subject === LeaderboardSubject.TENANT) return // Lists of it are refused.
  const rows: { id: string }[] = await em.find<User | Team | Department>(SUBJECT[subject].entity, { id: { $in: [...ids] } })
  const known = new Set(rows.map(({ id }) => id)) // Row security hides other tenants.
  const missing = ids.find(id => !known.has(id))
  if (missing === undefined) return
  const shown = wireId(SUBJECT[subject].kind, missing)
  throw new Refusal(ErrorCode.NOT_FOUND, `There is no ${subject.toLowerCase()} ${shown}: leave it out.`, ['subjectIds'])
}

const ARCHIVE_MARGIN_MS = 60_000 // Longer than any statement may run: nothing that counts in the period is still on its way.

/**
 * Archives every closed period of the board that has no archive yet, oldest first; returns how many it wrote. Emits
 * `leaderboard.period_closed`.
 */
export async function archiveClosed(actor: Actor, board: LeaderboardRow): Promise<number> {
  const { period } = board
  if (period === 'ALL_TIME') return 0
  const zone = await zoneOf(actor)
  const nowMs = actor.now.getTime() - ARCHIVE_MARGIN_MS
  const [newest] = await inTenantOnce<{ start: string }>(actor, {
    text: `select period_start as start from leaderboard_archive where tenant_id = $1 and leaderboard_id = $2
      order by period_start desc limit 1`, values: [actor.tenantId, board.id] })
  let key = newest
    ? neighborKey(period, newest.start, 1)
    : periodKey(period, zone, periodRange('DAILY', zone, board.archivedFrom).startMs)
  let written = 0
  for (; isClosed(period, zone, key, nowMs); key = neighborKey(period, key, 1)) {
    written += await archivePeriod(actor, board, zone, key)
  }
  return written
}

/** Returns the final ranking of a closed period, in order. */
async function finalStandings(
  actor: Actor, board: LeaderboardRow, zone: string, key: string,
): Promise<(Listed & { value?: number; isNew?: boolean | null })[]> {
  const { tenantId } = actor
  const { startMs, endMs } = periodRange(board.period, zone, key)
  const measure = measureOf(board)
  const listings = board.subject === 'USER' ? new Listings(board.id, board.visibility,
    await inTenantOnce(actor, listingsStatement(tenantId, board.id)) as unknown as ListingRow[]) : null
  const areListed = <Row extends { subjectId: string }>(rows: Iterable<Row>): Iterable<Row> =>
    !listings || listings.isPlain ? rows : [...rows].filter(({ subjectId }) => listings.isListed(subjectId))
  if (isPlain(measure)) {
    const rows = await inTenantOnce<StandingRow & { [column: string]: unknown }>(
      actor, recountStatement(tenantId, board, key, startMs))
    const index = RankIndex.from(areListed(rows), board.tieRule)
    return index.range(0, index.size)
  }
  const run: Run = statement => inTenantOnce(actor, statement)
  const { rows } = await readTally(run, tenantId, { ...board, measure }, zone, key, endMs - 1)
  const tally = new Tally(measure, board.period, key, rows, [])
  const index = RankIndex.from(areListed(tally.ranked()), board.tieRule)
  return index.range(0, index.size).map(row => tally.shown(row))
}

async function archivePeriod(actor: Actor, board: LeaderboardRow, zone: string, key: string): Promise<number> {
  const { tenantId, now } = actor
  const standings = await finalStandings(actor, board, zone, key)
  const archiveId = newId(now)
  return inTenantBatch(actor, async ({ run, last }) => {
    const [won] = await run([{
      text: `insert into leaderboard_archive (tenant_id, id, leaderboard_id, period_start, closed_at, size)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, leaderboard_id, period_start) do nothing returning id`,
      values: [tenantId, archiveId, board.id, key, now, standings.length],
    }])
    if (!won!.length) return 0 // Another node was faster.
    await last([
      {
        text: `insert into archived_standing (tenant_id, archive_id, position, rank, subject_id, points, seq, value, is_new)
               select $1, $2, * from unnest($3::int[], $4::int[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[],
                 $9::boolean[])`,
        values: [tenantId, archiveId, standings.map(({ position }) => position), standings.map(({ rank }) => rank),
          standings.map(({ subjectId }) => subjectId),
          standings.map(({ points }) => points), standings.map(({ seq }) => seq),
          standings.map(({ value }) => value ?? null), standings.map(({ isNew }) => isNew ?? null)],
      },
      emitStatement(tenantId, 'leaderboard.period_closed', { leaderboardId: board.id, periodStart: key, archiveId }),
    ])
    return 1
  })
}
