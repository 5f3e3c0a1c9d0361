/** The difference between two top lists, and what of it a reader of the first N places sees. Pure. */
import type { Listed } from './rank.rules.ts'

/** A standing as it is published; `value` orders it where that is not the points, and more may be shown of it or less. */
export interface PublishedRow extends Listed { value?: number; pseudonym?: string | null }

/** A listed subject's move between two published lists; null = not listed. `row` is there when it shows more than points. */
export interface ListMove {
  subjectId: string; fromPosition: number | null; fromRank: number | null; toPosition: number; toRank: number
  points: number; row?: PublishedRow
}

/** What changed between two published lists. */
export interface ListDelta { moves: ListMove[]; gone: { subjectId: string; fromPosition: number }[] }

/** A change as a reader of a board sees it: `from` null = entered the reader's list. */
export interface SeenChange { subjectId: string; from: number | null; to: number; points: number }

/** Returns what changed from one list to the next, both in order of position. */
export function diffLists(before: ReadonlyMap<string, PublishedRow>, after: readonly PublishedRow[]): ListDelta {
  const moves: ListMove[] = []
  const listed = new Set<string>()
  for (const row of after) {
    const { subjectId, position, rank, points, value, pseudonym } = row
    listed.add(subjectId)
    const old = before.get(subjectId)
    if (old && old.position === position && old.rank === rank && old.points === points && old.value === value) continue
    const move: ListMove = {
      subjectId, fromPosition: old?.position ?? null, fromRank: old?.rank ?? null, toPosition: position, toRank: rank,
      points,
    }
    if (value !== undefined || pseudonym !== undefined) move.row = row
    moves.push(move)
  }
  const gone = [...before.values()].filter(({ subjectId }) => !listed.has(subjectId))
    .map(({ subjectId, position }) => ({ subjectId, fromPosition: position }))
  return { moves, gone }
}

/**
 * Returns the changes and departures a reader of the first `top` places sees. A move whose rank stayed is a change of
 * points only;
 * one that crosses the last place enters or leaves.
 */
export function seenBy({ moves, gone }: ListDelta, top: number): { changes: SeenChange[]; left: string[] } {
  const changes: SeenChange[] = []
  const left: string[] = []
  for (const { subjectId, fromPosition, fromRank, toPosition, toRank, points, row } of moves) {
    const wasSeen = fromPosition !== null && fromPosition <= top
    if (toPosition <= top) changes.push({ ...row, subjectId, from: wasSeen ? fromRank : null, to: toRank, points })
    else if (wasSeen) left.push(subjectId)
  }
  for (const { subjectId, fromPosition } of gone) if (fromPosition <= top) left.push(subjectId)
  return { changes, left }
}

/** A change of rank as integrators are told: `from` null = entered the first places, `to` null = left them. */
export type RankMove = [subjectId: string, from: number | null, to: number | null, points: number | null]

/** Returns the moves from the ranks that were told (rank by subject id) to the list of now, those who left last. */
export function rankMoves(told: Readonly<Record<string, number>>, list: Iterable<Listed>): RankMove[] {
  const moves: RankMove[] = []
  const left = new Set(Object.keys(told))
  for (const { subjectId, rank, points } of list) {
    left.delete(subjectId)
    if (told[subjectId] !== rank) moves.push([subjectId, told[subjectId] ?? null, rank, points])
  }
  return [...moves, ...[...left].map((subjectId): RankMove => [subjectId, told[subjectId]!, null, null])]
}
