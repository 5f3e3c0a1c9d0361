/** The memory of a block list: entries of 40 bytes side by side, a block of them in one page of 4 KB. */

/** Entries a block. Smaller blocks shift less; but every page an update reaches for costs more than what it shifts in it. */
export const BLOCK = 102
/** Numbers of 64 bits a block: 16 bytes stay free, which is how far a large array begins after the start of a page. */
export const BLOCK_CELLS = 512
/** Numbers of 64 bits an entry: points, seq, three pairs of words. */
export const CELLS = 5
/** Where the four words of the subject id stand in an entry that begins at a cell, counted from twice that cell. */
export const ID = 4
/** Where the hash of the subject id stands. */
export const HASH = 8
/** Where the previous rank stands; 0 is none. */
export const PREVIOUS = 9

const LINE_CELLS = 8 // A line of the processor's cache.

/** Entries by the cell where they begin, which `cellOf` tells. */
export class Arena {
  cells = new Float64Array(BLOCK_CELLS)
  words = new Int32Array(this.cells.buffer) // Signed, so that no number of them needs memory of its own.
  touched = 0

  /**
   * Has a block fetched from memory at once: here no read waits for another, as each would in a search. At a million subjects
   * waiting for memory is most of what an update costs.
   */
  touch(block: number): void {
    const { cells } = this
    const start = block * BLOCK_CELLS
    let sum = 0
    for (let at = start; at < start + BLOCK_CELLS; at += LINE_CELLS) sum += cells[at]!
    this.touched = sum
  }

  /** Writes an entry of the subject whose four words and hash stand in `words` from `from` on. */
  write(cell: number, points: number, seq: number, words: Int32Array, from: number, previousRank: number): void {
    this.cells[cell] = points
    this.cells[cell + 1] = seq
    for (let at = 0; at < 5; at++) this.words[cell * 2 + ID + at] = words[from + at]!
    this.words[cell * 2 + PREVIOUS] = previousRank
  }

  /** Makes room for this many blocks; the arrays are others after. */
  reserve(blocks: number): void {
    const held = this.cells.length / BLOCK_CELLS
    if (blocks <= held) return
    const cells = new Float64Array(Math.max(blocks, Math.ceil(held * 1.25)) * BLOCK_CELLS)
    cells.set(this.cells)
    this.cells = cells
    this.words = new Int32Array(cells.buffer)
  }
}

/** Returns the cell where an entry begins. */
export function cellOf(block: number, index: number): number {
  return block * BLOCK_CELLS + index * CELLS
}
