/** The board as it stands: rows by subject, their order, and what a message changes. Pure; time comes in. */
import type { BoardStreamSubscription } from '../generated.ts'

type BoardMessage = BoardStreamSubscription['leaderboard']
export type BoardSnapshot = Extract<BoardMessage, { __typename: 'LeaderboardSnapshot' }>
export type BoardDelta = Extract<BoardMessage, { __typename: 'LeaderboardDelta' }>

/**
 * One row. `gain` is what the last change added, `gainNumber` tells one gain from the next; `raisedMs` is when it last
 * climbed.
 */
export interface Row {
  id: string
  name: string
  note: string | null
  rank: number
  closeRank: number | null
  points: number
  gain: number
  gainNumber: number
  raisedMs: number | null
}

/**
 * `order` lists subject ids by rank; `still` grows when rows are to be set without motion; `changesMs` are the last
 * minute's changes.
 */
export interface Board {
  rows: ReadonlyMap<string, Row>
  order: readonly string[]
  still: number
  changesMs: readonly number[]
  loaded: boolean
}

export const EMPTY_BOARD: Board = { rows: new Map(), order: [], still: 0, changesMs: [], loaded: false }

/** At most this many climbers are raised in one tick; more move without it. */
const RAISED_MAX = 3
/** How long a climber stays raised: as long as its chip is to be seen. */
export const RAISED_MS = 2_120
const MINUTE_MS = 60_000

interface Subjects {
  subjectId: string
  pseudonym: string | null
  user: { id: string; name: string; team: { name: string } | null } | null
  team: { id: string; name: string } | null
  department: { id: string; name: string } | null
}

/** Who is neither user, team nor department stands by another name, or is the company itself. */
function nameOf({ subjectId, pseudonym, user, team, department }: Subjects): { id: string; name: string; note: string | null } {
  const subject = user ?? team ?? department
  return { id: subjectId, name: pseudonym ?? subject?.name ?? 'The company', note: user?.team?.name ?? null }
}

/** Returns the ids by rank. Those who share a rank keep the order they had, and new ones follow by id. */
function orderOf(rows: ReadonlyMap<string, Row>, before: readonly string[]): string[] {
  const place = new Map(before.map((id, index) => [id, index]))
  return [...rows.values()]
    .sort((a, b) => a.rank - b.rank || (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity) || (a.id < b.id ? -1 : 1))
    .map(row => row.id)
}

/** Returns the board a snapshot describes; rows are set without motion. */
export function boardFromSnapshot(board: Board, { standings }: Pick<BoardSnapshot, 'standings'>): Board {
  const rows = new Map<string, Row>()
  for (const { rank, closeRank, points, ...subjects } of standings) {
    const named = nameOf(subjects)
    rows.set(named.id, { ...named, rank, closeRank, points, gain: 0, gainNumber: 0, raisedMs: null })
  }
  return { rows, order: [...rows.keys()], still: board.still + 1, changesMs: board.changesMs, loaded: true }
}

/** Returns the board after a delta at `nowMs`: new ranks and points at once, chips for gains, the best three climbers raised. */
export function boardAfterDelta(board: Board, { changes, left }: Pick<BoardDelta, 'changes' | 'left'>, nowMs: number): Board {
  const rows = new Map(board.rows)
  for (const id of left) rows.delete(id)
  const climbers = changes
    .filter(change => change.from !== null && change.to < change.from)
    .sort((a, b) => (b.from ?? 0) - b.to - ((a.from ?? 0) - a.to))
    .slice(0, RAISED_MAX)
    .map(change => change.subjectId)
  for (const { to, closeRank, points, ...subjects } of changes) {
    const { subjectId } = subjects
    const before = rows.get(subjectId)
    const named = nameOf(subjects)
    const gain = before ? points - before.points : 0
    rows.set(subjectId, {
      id: subjectId,
      name: named.name,
      note: named.note,
      rank: to,
      closeRank,
      points,
      gain: gain || (before?.gain ?? 0),
      gainNumber: (before?.gainNumber ?? 0) + (gain ? 1 : 0),
      raisedMs: climbers.includes(subjectId) ? nowMs : (before?.raisedMs ?? null),
    })
  }
  const recent = board.changesMs.filter(ms => nowMs - ms < MINUTE_MS)
  return {
    ...board,
    rows,
    order: orderOf(rows, board.order),
    changesMs: [...recent, ...changes.filter(c => c.points !== board.rows.get(c.subjectId)?.points).map(() => nowMs)],
  }
}

/** Returns the board with those lowered again whose time has passed; the same object when nothing changes. */
export function settledBoard(board: Board, nowMs: number): Board {
  const over = [...board.rows.values()].filter(row => row.raisedMs !== null && nowMs - row.raisedMs >= RAISED_MS)
  if (!over.length) return board
  const rows = new Map(board.rows)
  for (const row of over) rows.set(row.id, { ...row, raisedMs: null })
  return { ...board, rows }
}

/** Returns the rows by rank. */
export function rowsByRank(board: Board): Row[] {
  return board.order.flatMap(id => board.rows.get(id) ?? [])
}

/** One page of a wall: the leader's row stays, the others follow. `from` and `to` are places in the order, 1-based. */
export interface Page {
  ids: readonly string[]
  from: number
  to: number
}

/** Returns the pages of `rowsMax` rows each: ranks 1 to 8, then the leader with 9 to 15, and so on; at least one, maybe empty. */
export function pagesOf(order: readonly string[], rowsMax: number): Page[] {
  const pages: Page[] = [{ ids: order.slice(0, rowsMax), from: 1, to: Math.min(rowsMax, order.length) }]
  for (let at = rowsMax; at < order.length; at += rowsMax - 1) {
    const rest = order.slice(at, at + rowsMax - 1)
    pages.push({ ids: [...order.slice(0, 1), ...rest], from: at + 1, to: at + rest.length })
  }
  return pages
}

/**
 * Returns where a row lies on a page: its slot and whether it is to be seen. Rows of other pages wait at the edge they
 * would enter by.
 */
export function slotOn(page: Page, id: string, place: number): { slot: number; shown: boolean } {
  const slot = page.ids.indexOf(id)
  if (slot >= 0) return { slot, shown: true }
  return place + 1 > page.to ? { slot: page.ids.length, shown: false } : { slot: 0, shown: false }
}

/**
 * Returns what a row lacks to the next place above, or for the leader what it is ahead; null when there is nobody to
 * compare with.
 */
export function gapOf(rows: readonly Row[], place: number): number | null {
  const [above, own, below] = [rows[place - 1], rows[place], rows[place + 1]]
  if (!own) return null
  if (place === 0) return below ? own.points - below.points : null
  return above ? above.points - own.points : null
}

/** Returns those who climbed most since the period began, best first; nobody who fell or stayed. */
export function climbersOf(board: Board, max: number): (Row & { places: number })[] {
  return rowsByRank(board)
    .flatMap(row => (row.closeRank !== null && row.closeRank > row.rank ? { ...row, places: row.closeRank - row.rank } : []))
    .sort((a, b) => b.places - a.places || a.rank - b.rank)
    .slice(0, max)
}
