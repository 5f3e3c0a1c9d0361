/** Reads of boards, their archives and the recount that a rank index is built from. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { ALL_TIME_KEY, type Period } from '../platform/time.ts'
import { PERIOD_COLUMN, SUBJECT_COLUMN } from '../measures/measure.queries.ts'
import type { Visibility } from '../listings/listing.rules.ts'
import type { Measure, Metric } from '../measures/measure.rules.ts'
import type { PointChange } from '../points/change.rules.ts'
import type { TieRule } from '../ranks/rank.rules.ts'

/** A board's row as reads return it; `subjectIds` is set when it ranks a list. */
export interface LeaderboardRow {
  [column: string]: unknown
  id: string; name: string; metric: Metric; subject: 'USER' | 'TEAM' | 'DEPARTMENT' | 'TENANT'; scope: 'TENANT' | 'CUSTOM'
  subjectIds: string[] | null
  period: Period; tieRule: TieRule; archivedFrom: string; headRule: 'SUM' | 'AVERAGE'; growthFloor: number
  listMax: number | null; visibility: Visibility
}

const BOARD = `select id, name, metric, subject, scope, subject_ids as "subjectIds", period, tie_rule as "tieRule",
  archived_from as "archivedFrom", head_rule as "headRule", growth_floor as "growthFloor", list_max as "listMax",
  visibility from leaderboard`

/** Returns what a board measures. */
export function measureOf({ metric, headRule, growthFloor }: LeaderboardRow): Measure {
  return { metric, isPerHead: headRule === 'AVERAGE', growthFloor }
}

type Onlooker = Pick<Actor, 'tenantId' | 'db' | 'credential' | 'isOutsider' | 'role'>

/** Returns whether only some of the tenant's boards exist for this reader: a screen's own, an outsider's without employees. */
export function seesSome({ credential, isOutsider }: Onlooker): boolean {
  return Boolean(credential?.boards || isOutsider)
}

/** Returns whether a board that is not for everybody exists for this reader; a screen was given its boards by an admin. */
export function mayOpen({ credential, role }: Pick<Actor, 'credential' | 'role'>, { visibility }: LeaderboardRow): boolean {
  return visibility !== 'PRIVATE' || role === 'ADMIN' || role === 'MANAGER' || Boolean(credential?.boards)
}

const PRIVATE = { visibility: 'PRIVATE' } as LeaderboardRow

/** The boards that exist for this reader, as a condition over `leaderboard` whose parameter is number `at`. */
function visibleTo({ credential, isOutsider, role }: Onlooker, at: number): { text: string; values: unknown[] } {
  const text = [
    ...mayOpen({ role, ...credential ? { credential } : {} }, PRIVATE) ? [] : [`and visibility <> 'PRIVATE'`],
    ...credential?.boards ? [`and id = any($${at}::uuid[])`] : [],
    ...isOutsider ? [`and subject = 'USER' and scope = 'CUSTOM' and not exists (select 1 from users u
      where u.tenant_id = leaderboard.tenant_id and u.id = any(leaderboard.subject_ids) and u.kind = 'EMPLOYEE')`] : [],
  ]
  return { text: text.join(' '), values: credential?.boards ? [credential.boards] : [] }
}

// What most readers see; statements with these conditions are planned once.
const STEADY = new Set(['', `and visibility <> 'PRIVATE'`])

/** Boards by id. */
export async function boardsById({ actor }: Pick<Context, 'actor'>, ids: readonly string[]) {
  const { text, values } = visibleTo(actor, 3)
  return inOrder(ids, await inTenantOnce<LeaderboardRow>(actor, {
    ...STEADY.has(text) ? { name: `boards_by_id_${text.length}` } : {},
    text: `${BOARD} where tenant_id = $1 and id = any($2::uuid[]) ${text}`, values: [actor.tenantId, ids, ...values],
  }))
}
registerNode('Leaderboard', boardsById, 'leaderboard.read')

/** Which boards a list holds; all when nothing is given. */
export interface BoardFilter { metric?: string | null; period?: string | null; subject?: string | null }

/** Returns a page of the tenant's boards, oldest first. */
export async function listBoards(actor: Onlooker, first: number, after?: string | null, filter: BoardFilter = {}) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('boards', after, ['uuid']) : ['00000000-0000-0000-0000-000000000000']
  const visible = visibleTo(actor, 4)
  const values: unknown[] = [actor.tenantId, id, size + 1, ...visible.values]
  const asked = [['metric', filter.metric], ['period', filter.period], ['subject', filter.subject]] as const
  const wanted = asked.filter(([, value]) => value != null).map(([column, value]) => `and ${column} = $${values.push(value)}`)
  const rows = await inTenantOnce<LeaderboardRow>(actor, {
    text: `${BOARD} where tenant_id = $1 and id > $2::uuid ${visible.text} ${wanted.join(' ')} order by id limit $3`, values,
  })
  return pageOf(rows, size, row => encodeCursor('boards', [row.id]), after)
}


/**
 * The statement that recounts a board's period from the ledger: subjectId, points, seq (of the entry that last changed
 * the points).
 * The all-time board of users reads the balances; other periods read only partitions that can hold their entries. Of `without`,
 * changes that are committed already, nothing is counted.
 */
export function recountStatement(
  tenantId: string, board: LeaderboardRow, key: string, startMs: number, without: readonly PointChange[] = [],
): Statement {
  const subject = SUBJECT_COLUMN[board.subject]
  const values: unknown[] = [tenantId]
  const listed = board.scope === 'CUSTOM' ? `and ${subject} = any($${values.push(board.subjectIds)}::uuid[])` : ''
  // A subject is listed once its points have changed in the period; entries of zero points change nothing.
  if (board.period === 'ALL_TIME' && board.subject === 'USER') {
    const balances = `select user_id as "subjectId", points, last_seq as seq from user_points where tenant_id = $1
      and last_seq > 0 ${listed}`
    if (!without.length) return { text: balances, values }
    const users = `$${values.push([...new Set(without.map(({ userId }) => userId))])}::uuid[]`
    return {
      text: `${balances} and user_id <> all(${users})
             union all select user_id, sum(points)::bigint, max(seq) from point_entry where tenant_id = $1
               and user_id = any(${users}) and points <> 0 ${listed} ${apart(values, without)} group by 1`,
      values,
    }
  }
  // Nothing that counts in a period was recorded earlier than the few minutes by which a clock may be ahead of its start.
  const during = key === ALL_TIME_KEY ? '' : `and ${PERIOD_COLUMN[board.period as 'DAILY']} = $${values.push(
    key)}::date and recorded_at >= $${values.push(new Date(startMs - 3_600_000))}`
  return {
    text: `select ${subject} as "subjectId", sum(points)::bigint as points, max(seq) as seq
           from point_entry where tenant_id = $1 and ${subject} is not null and points <> 0
             ${during} ${listed} ${apart(values, without)} group by 1`,
    values,
  }
}

// Sequence numbers are one person's or another's, never both's.
function apart(values: unknown[], without: readonly PointChange[]): string {
  return without.length ? `and seq <> all($${values.push(without.map(({ seq }) => seq))}::bigint[])` : ''
}

/** A closed period of a board; `periodStart` is its first local day. */
export interface ArchiveRow {
  [column: string]: unknown; id: string; leaderboardId: string; periodStart: string; closedAt: Date; size: number
}

const ARCHIVE = `select id, leaderboard_id as "leaderboardId", period_start as "periodStart", closed_at as "closedAt", size
  from leaderboard_archive`

/** Archives by id. */
export async function archivesById({ actor }: Context, ids: readonly string[]) {
  const { text, values } = visibleTo(actor, 3)
  const shown = text && `and leaderboard_id in (select id from leaderboard where tenant_id = $1 ${text})`
  return inOrder(ids, await inTenantOnce<ArchiveRow>(
    actor,
    { text: `${ARCHIVE} where tenant_id = $1 and id = any($2::uuid[]) ${shown}`, values: [actor.tenantId, ids, ...values] }))
}
registerNode('LeaderboardArchive', archivesById, 'leaderboard.read')

/** Returns a page of a board's archives, newest period first. */
export async function listArchives(actor: Actor, boardId: string, first: number, after?: string | null) {
  const size = pageSize(first)
  const list = listOf('archives', boardId)
  const [start] = after ? decodeCursor(list, after, ['date']) : ['9999-12-31']
  const rows = await inTenantOnce<ArchiveRow>(actor, {
    text: `${ARCHIVE} where tenant_id = $1 and leaderboard_id = $2 and period_start < $3::date order by period_start desc
      limit $4`, values: [actor.tenantId, boardId, start, size + 1] })
  return pageOf(rows, size, row => encodeCursor(list, [row.periodStart]), after)
}

/** A standing of a closed period; `position` counts from 1 in order. */
export interface ArchivedRow {
  [column: string]: unknown; position: number; rank: number; subjectId: string; points: number; seq: number
  value: number | null; isNew: boolean | null
}

/** Returns a page of an archived period's standings, in order. */
export async function listArchived(actor: Actor, archiveId: string, first: number, after?: string | null) {
  const size = pageSize(first)
  const list = listOf('archived', archiveId)
  const [position] = after ? decodeCursor(list, after, ['number']) : [0]
  const rows = await inTenantOnce<ArchivedRow>(actor, {
    text: `select position, rank, subject_id as "subjectId", points, seq, value, is_new as "isNew" from archived_standing
      where tenant_id = $1 and archive_id = $2 and position > $3::bigint order by position limit $4`,
    values: [actor.tenantId, archiveId, position, size + 1] })
  return pageOf(rows, size, row => encodeCursor(list, [row.position]), after)
}

/** Returns the ranks at the close of the board's period that starts at `periodStart`, for these subjects. */
export async function closeRanks(
  actor: Pick<Actor, 'tenantId' | 'db'>, boardId: string, periodStart: string, subjectIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await inTenantOnce<{ subjectId: string; rank: number }>(actor, {
    name: 'close_ranks',
    text: `select s.subject_id as "subjectId", s.rank from leaderboard_archive a
           join archived_standing s on s.tenant_id = a.tenant_id and s.archive_id = a.id
           where a.tenant_id = $1 and a.leaderboard_id = $2 and a.period_start = $3::date and s.subject_id = any($4::uuid[])`,
    values: [actor.tenantId, boardId, periodStart, subjectIds] })
  return new Map(rows.map(({ subjectId, rank }) => [subjectId, rank]))
}
