/**
 * How boards are told to integrators. `leaderboard.rank_changed` is made here, by a reaction that compares a board with the
 * ranks it told last; they move in the commit of the event, so that each event continues the one before, exactly once.
 */
import { type Kind, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { periodKey } from '../platform/time.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import { isSubscribedStatement } from '../webhooks/endpoint.queries.ts'
import type { Reaction } from '../wire/reactions.ts'
import type { BoardProjection } from './board.projection.ts'
import type { Boards } from './boards.ts'
import { type RankMove, rankMoves } from '../ranks/delta.rules.ts'

const RANK_CHANGED = 'leaderboard.rank_changed'
const SUBJECT_KIND = {
  USER: 'User', TEAM: 'Team', DEPARTMENT: 'Department', TENANT: 'Tenant',
} as const satisfies Record<string, Kind>

const HEARD = /^(activity\.|points\.|listing\.changed$|webhook_endpoint\.(created|updated)$|leaderboard\.created$)/

interface RankChanged { leaderboardId: string; subject: keyof typeof SUBJECT_KIND; periodStart: string; moves: RankMove[] }

registerTopic({
  name: RANK_CHANGED, event: RANK_CHANGED,
  description: 'Ranks among a board\'s first 500 places moved, gathered over a second: { leaderboardId, subject, periodStart, '
    + 'changes: [{ subjectId, from, to, points }] }. `from` null entered, `to` null left.',
  factsOf({ leaderboardId, subject, periodStart, moves }: RankChanged) {
    const id = wireId('Leaderboard', leaderboardId)
    const kind = SUBJECT_KIND[subject]
    const changes = moves.map(([subjectId, from, to, points]) => ({ subjectId: wireId(kind, subjectId), from, to, points }))
    return [{ subject: id, said: { leaderboardId: id, subject, periodStart, changes } }]
  },
})
registerTopic({
  name: 'leaderboard.period_closed', event: 'leaderboard.period_closed',
  description: 'A period of a board was archived: { leaderboardId, periodStart, archiveId }.',
  factsOf({ leaderboardId, periodStart, archiveId }: { leaderboardId: string; periodStart: string; archiveId: string }) {
    const id = wireId('Leaderboard', leaderboardId)
    return [{ subject: id, said: { leaderboardId: id, periodStart, archiveId: wireId('LeaderboardArchive', archiveId) } }]
  },
})

/** Returns the reaction that tells changes of rank while somebody subscribes to them. */
export function rankReaction(boards: Boards): Reaction {
  const atHand = new Map<string, BoardProjection[] | null>()
  return {
    name: 'ranks',
    // A new subscriber and a new board make the ranks of then be remembered, from which changes begin.
    hears: topic => HEARD.test(topic),
    gatherMs: LIMITS.rankTellMs,
    concerns: concernsStatement,
    async prepare(actor) {
      atHand.set(actor.tenantId, await levelBoards(actor, boards))
    },
    async react({ tenantId }, batch, events) {
      const watched = atHand.get(tenantId)
      // Nobody subscribes: whoever does later begins with the ranks of then.
      const forget = { name: 'told_forget', text: 'delete from leaderboard_told where tenant_id = $1', values: [tenantId] }
      if (!watched) return [forget]
      if (watched.some(({ pos }) => pos < events.at(-1)!.pos)) throw new Error('a board is behind the events it shall tell of')
      const [rows] = await batch.run([{
        name: 'told_ranks', values: [tenantId],
        text: `select leaderboard_id as id, period_start as "periodStart", listing_version as "listingVersion", ranks
               from leaderboard_told where tenant_id = $1`,
      }])
      const told = new Map((rows as ToldRow[]).map(row => [row.id, row]))
      const writes = watched.map(board => tellBoard(tenantId, board, told.get(board.row.id)))
      return [...writes.flatMap(({ store }) => store), ...writes.flatMap(({ event }) => event)] // Outbox rows last.
    },
  }
}

// Somebody subscribes, or something is remembered that is to be forgotten.
function concernsStatement(tenantId: string): Statement {
  return {
    name: 'told_concerns', values: [tenantId, RANK_CHANGED],
    text: `select 1 as found where exists (select 1 from leaderboard_told where tenant_id = $1) or exists (
             select 1 from webhook_endpoint
             where tenant_id = $1 and $2 = any (topics) and state in ('ACTIVE', 'PAUSED') and deleted_at is null)`,
  }
}

interface ToldRow { id: string; periodStart: string; listingVersion: number; ranks: Record<string, number> }

/** Returns the tenant's boards, level with the event log, or null when nobody subscribes to their changes. */
async function levelBoards(actor: Actor, boards: Boards): Promise<BoardProjection[] | null> {
  const { tenantId } = actor
  const [subscribed, rows] = await inTenantBatch(actor, ({ last }) => last([
    isSubscribedStatement(tenantId, RANK_CHANGED),
    {
      name: 'told_boards', values: [tenantId],
      text: `select id from leaderboard where tenant_id = $1 order by id limit ${LIMITS.rankTellBoardsMax}`,
    },
  ]))
  if (!subscribed!.length) return null
  const level: BoardProjection[] = []
  for (const { id } of rows as { id: string }[]) {
    const board = await boards.of(tenantId, id)
    if (!board) continue
    await board.log.catchUp()
    await board.reach(board.log.pos)
    if (board.key !== periodKey(board.row.period, board.zone, Date.now())) await board.rebuild()
    level.push(board)
  }
  return level
}

/** Returns what is to be stored of a board, and the event when ranks moved. A new period begins with nobody told. */
function tellBoard(
  tenantId: string, { row, key, published, listedVersion }: BoardProjection, told: ToldRow | undefined,
): { store: Statement[]; event: Statement[] } {
  const isRelisted = told !== undefined && told.listingVersion !== listedVersion
  const moves = rankMoves(told?.periodStart === key ? told.ranks : {}, published.list.values())
  if (told && !moves.length && !isRelisted) return { store: [], event: [] }
  const ranks = Object.fromEntries([...published.list.values()].map(({ subjectId, rank }) => [subjectId, rank]))
  const store: Statement = {
    name: 'told_store',
    text: `insert into leaderboard_told (tenant_id, leaderboard_id, period_start, ranks, listing_version)
           values ($1, $2, $3, $4, $5)
           on conflict (tenant_id, leaderboard_id) do update set period_start = excluded.period_start, ranks = excluded.ranks,
             listing_version = excluded.listing_version`,
    values: [tenantId, row.id, key, JSON.stringify(ranks), listedVersion],
  }
  // The first time there is nothing to compare with: the ranks of now are where changes begin. So they are when somebody appeared
  // or disappeared: a move would say who.
  if (!told || isRelisted) return { store: [store], event: [] }
  const changed: RankChanged = { leaderboardId: row.id, subject: row.subject, periodStart: key, moves }
  return { store: [store], event: [emitStatement(tenantId, 'leaderboard.rank_changed', changed)] }
}
