/** The memory of a block list: blocks of one page of 4 KB each, in which every column of the entries lies together. */

/** Entries a block. */
export const BLOCK = 112
/** Numbers of 64 bits a block, of which the first are the points, the next the seqs. */
export const BLOCK_CELLS = 512
/** Numbers of 32 bits a block. */
export const BLOCK_WORDS = 1024
/** Where the seqs of a block begin, in cells. */
export const SEQS = BLOCK
/** Where the hashes of the subject ids begin, in words. */
export const HASHES = BLOCK * 4
/** Where the previous ranks begin, in words; 0 is none. */
export const PREVIOUS = BLOCK * 5
/** Where the first three words of the subject ids begin, in words; the fourth follows from them and the hash. */
export const IDS = BLOCK * 6

const LINE_CELLS = 8 // A line of the processor's cache.

/** Entries of 36 bytes in columns: what a search reads lies together, and a block is reached through one page. */
export class Arena {
  cells = new Float64Array(BLOCK_CELLS)
  words = new Uint32Array(this.cells.buffer)
  private touched = 0

  /** Reads each line of a block's points. Nothing waits for them, so they are fetched at once; a search alone would wait for one after another. */
  touch(block: number): void {
    const { cells } = this
    const start = block * BLOCK_CELLS
    let sum = 0
    for (let at = start; at < start + BLOCK; at += LINE_CELLS) sum += cells[at]!
    this.touched = sum
  }

  /** Writes an entry: points, seq, the id's first three words and hash, the previous rank. */
  write(block: number, index: number, points: number, seq: number, a: number, b: number, c: number, hash: number, previousRank: number): void {
    const { cells, words } = this
    cells[block * BLOCK_CELLS + index] = points
    cells[block * BLOCK_CELLS + SEQS + index] = seq
    const start = block * BLOCK_WORDS
    words[start + HASHES + index] = hash
    words[start + PREVIOUS + index] = previousRank
    words[start + IDS + index * 3] = a
    words[start + IDS + index * 3 + 1] = b
    words[start + IDS + index * 3 + 2] = c
  }

  /** Copies entries `index` up to `end` of block `from` to `target` of block `to`; they may overlap. */
  copy(from: number, index: number, end: number, to: number, target: number): void {
    if (index >= end) return
    const { cells, words } = this
    const fromCell = from * BLOCK_CELLS
    const toCell = to * BLOCK_CELLS + target
    cells.copyWithin(toCell, fromCell + index, fromCell + end)
    cells.copyWithin(toCell + SEQS, fromCell + SEQS + index, fromCell + SEQS + end)
    const fromWord = from * BLOCK_WORDS
    const toWord = to * BLOCK_WORDS + target
    words.copyWithin(toWord + HASHES, fromWord + HASHES + index, fromWord + HASHES + end)
    words.copyWithin(toWord + PREVIOUS, fromWord + PREVIOUS + index, fromWord + PREVIOUS + end)
    words.copyWithin(toWord + IDS + target * 2, fromWord + IDS + index * 3, fromWord + IDS + end * 3)
  }

  /** Makes room for this many blocks; `cells` and `words` are other arrays after. */
  reserve(blocks: number): void {
    const held = this.cells.length / BLOCK_CELLS
    if (blocks <= held) return
    const cells = new Float64Array(Math.max(blocks, Math.ceil(held * 1.25)) * BLOCK_CELLS)
    cells.set(this.cells)
    this.cells = cells
    this.words = new Uint32Array(cells.buffer)
  }
}
