/** Runs along a block list: standings read one after another, and previous ranks written one after another. */
import { CELLS, cellOf, ID, PREVIOUS } from './arena.rules.ts'
import type { BlockList } from './blocks.rules.ts'
import type { Listed, TieRule } from './standing.rules.ts'
import { uuidAt, UuidNames } from './uuids.rules.ts'

const names = new UuidNames()
const missing: number[] = [] // Pairs: a place in the list at hand whose id is to be written, and where its words stand.

/** Returns the same number, as one that needs no memory of its own where it fits 32 bits. */
export function small(value: number): number {
  const integer = value | 0
  return integer === value ? integer : value
}

/** Returns `count` standings from the cursor on, whose first has this position (from 1) and rank. The cursor is lost. */
export function listRun(list: BlockList, tieRule: TieRule, count: number, position: number, rank: number): Listed[] {
  const { cells, words } = list.arena
  const listed = new Array<Listed>(count)
  names.take(count)
  let missed = 0
  let pointsAbove = list.points
  for (let at = 0; at < count;) {
    list.settle()
    const run = Math.min(count - at, list.entriesLeft)
    const first = cellOf(list.block, list.index)
    for (let cell = first; cell < first + run * CELLS; cell += CELLS, at++, position++) {
      const points = cells[cell]!
      if (at > 0 && (points !== pointsAbove || tieRule === 'ORDINAL')) rank = tieRule === 'DENSE' ? rank + 1 : position
      pointsAbove = points
      const id = cell * 2 + ID
      const subjectId = names.find(words, id)
      if (subjectId === '') {
        names.write(missed >> 1, words, id)
        missing[missed++] = at
        missing[missed++] = id
      }
      const previousRank = words[cell * 2 + PREVIOUS]! || null
      listed[at] = { position, rank, points: small(points), seq: small(cells[cell + 1]!), subjectId, previousRank }
    }
    list.index += run
  }
  if (missed === 0) return listed
  const text = names.read(missed >> 1)
  for (let at = 0; at < missed; at += 2) {
    const subjectId = uuidAt(text, at >> 1)
    listed[missing[at]!]!.subjectId = subjectId
    names.keep(words, missing[at + 1]!, subjectId)
  }
  return listed
}

/**
 * Writes the rank they had into `count` entries after one with this position (from 1), rank and points; the cursor stands on the
 * first of them or one past a block's end. They had their rank plus `change`, those with `pointsMax` or more the same. The
 * cursor is lost.
 */
export function markRun(
  list: BlockList, tieRule: TieRule, count: number, above: { position: number; rank: number; points: number },
  change: 1 | -1, pointsMax: number,
): void {
  const { cells, words } = list.arena
  let { position, rank, points } = above
  for (let left = count; left > 0;) {
    list.settle()
    const run = Math.min(left, list.entriesLeft)
    const first = cellOf(list.block, list.index)
    for (let cell = first; cell < first + run * CELLS; cell += CELLS) {
      const held = cells[cell]!
      position++
      if (held !== points || tieRule === 'ORDINAL') rank = tieRule === 'DENSE' ? rank + 1 : position
      points = held
      if (held < pointsMax) words[cell * 2 + PREVIOUS] = rank + change
    }
    left -= run
    list.index += run
  }
}
