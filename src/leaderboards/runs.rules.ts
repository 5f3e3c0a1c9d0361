/** Runs along a block list: standings read one after another, and previous ranks written one after another. */
import { BLOCK_CELLS, BLOCK_WORDS, HASHES, IDS, PREVIOUS, SEQS } from './arena.rules.ts'
import type { BlockList } from './blocks.rules.ts'
import type { Listed, TieRule } from './standing.rules.ts'
import { lastWordOf, uuidAt, type UuidPaper } from './uuids.rules.ts'

/** Returns `count` standings from the cursor on, whose first has this position (from 1) and rank. The cursor is lost. */
export function listRun(list: BlockList, tieRule: TieRule, count: number, position: number, rank: number, paper: UuidPaper): Listed[] {
  const { cells, words } = list.arena
  const listed: Listed[] = []
  paper.take(count)
  let pointsAbove = list.points
  for (let at = 0; at < count; at++, position++, list.index++) {
    list.settle()
    const cell = list.block * BLOCK_CELLS + list.index
    const word = list.block * BLOCK_WORDS + list.index
    const points = cells[cell]!
    if (at > 0 && (points !== pointsAbove || tieRule === 'ORDINAL')) rank = tieRule === 'DENSE' ? rank + 1 : position
    pointsAbove = points
    const previousRank = words[word + PREVIOUS]!
    const id = list.block * BLOCK_WORDS + IDS + list.index * 3
    const [a, b, c] = [words[id]!, words[id + 1]!, words[id + 2]!]
    paper.write(at, a, b, c, lastWordOf(a, b, c, words[word + HASHES]!))
    listed.push({ position, rank, points, seq: cells[cell + SEQS]!, subjectId: '', previousRank: previousRank === 0 ? null : previousRank })
  }
  const ids = paper.read(count)
  for (let at = 0; at < count; at++) listed[at]!.subjectId = uuidAt(ids, at)
  return listed
}

/**
 * Writes the rank they had into `count` entries after one with this position (from 1), rank and points; the cursor stands on the first of them
 * or one past a block's end. They had their rank plus `change`, those with `pointsMax` or more the same. The cursor is lost.
 */
export function markRun(list: BlockList, tieRule: TieRule, count: number, above: { position: number; rank: number; points: number },
  change: 1 | -1, pointsMax: number): void {
  const { cells, words } = list.arena
  let { position, rank, points } = above
  let left = count
  while (left > 0) {
    list.settle()
    const { block, index } = list
    const end = Math.min(index + left, list.order.counts[block]!)
    for (let at = index; at < end; at++) {
      const held = cells[block * BLOCK_CELLS + at]!
      position++
      if (held !== points || tieRule === 'ORDINAL') rank = tieRule === 'DENSE' ? rank + 1 : position
      points = held
      if (held < pointsMax) words[block * BLOCK_WORDS + PREVIOUS + at] = rank + change
    }
    left -= end - index
    list.index = end
  }
}
