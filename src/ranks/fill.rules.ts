/** Fills a block list with the rows of a whole board at once. */
import { CELLS, cellOf, HASH, ID } from './arena.rules.ts'
import { type BlockList, FILL } from './blocks.rules.ts'
import type { StandingColumns } from './columns.rules.ts'

const WORDS = CELLS * 2

/** Fills an empty list with the rows in any order. @throws Error when a subject has two */
export function fillList(list: BlockList, columns: StandingColumns): void {
  const { order, arena, subjects } = list
  const { cells, words } = columns
  const rows = columns.sorted()
  arena.reserve(Math.ceil(rows.length / FILL * 1.05))
  let settled = 0
  for (let first = 0; first < rows.length; first += FILL) {
    const end = Math.min(rows.length, first + FILL)
    const block = first === 0 ? list.block : order.open(order.size)
    // Rows and the places of their subjects lie anywhere in memory: fetched in a loop of their own, none waits for another.
    for (let at = first; at < end; at++) subjects?.touch(words[rows[at]! * WORDS + HASH]!)
    for (let at = first; at < end; at++) {
      if (at === settled) settled = columns.settle(rows, at)
      const cell = rows[at]! * CELLS
      order.counts[block] = at - first
      enroll(list, block, words, cell * 2 + ID)
      arena.write(cellOf(block, at - first), cells[cell]!, cells[cell + 1]!, words, cell * 2 + ID, 0)
    }
    order.counts[block] = end - first
    order.firstPoints[order.size - 1] = arena.cells[cellOf(block, 0)]!
  }
  list.length = rows.length
  order.recount()
}

/** Tells the subjects that one of them, whose words and hash stand in `words` from `id` on, is in a block. */
function enroll(list: BlockList, block: number, words: Int32Array, id: number): void {
  const { subjects } = list
  if (!subjects) return
  const hash = words[id + HASH - ID]!
  if (subjects.first(hash) >= 0) {
    list.key.set(words.subarray(id, id + 5))
    if (list.locate()) throw new Error('A subject has two rows')
  }
  subjects.add(hash, block)
}
