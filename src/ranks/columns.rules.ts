/**
 * Rows of a board as columns, the shape a rank index is built from in bulk, and their order without comparing rows one by
 * one.
 */
import { CELLS, HASH, ID } from './arena.rules.ts'
import { hashOf } from './uuids.rules.ts'

const WORDS = CELLS * 2
const TWO_TO_32 = 2 ** 32
const HIGH_BIAS = 2 ** 21 // Turns the upper 22 bits of a safe integer into a number from 0.
const RADIX_FROM = 2048 // Below this many rows a comparing sort is faster than clearing histograms.
const DIGIT_MASK = 0x7ff // 11 bits, so that the places written to by turns fit the processor's cache.
const DIGITS = [[0, 0], [0, 11], [0, 22], [1, 0], [1, 11]] as const // Word and first bit: a safe integer and its sign fill 54.

/** Returns the value; a safe integer, with zero unsigned. @throws RangeError otherwise */
export function safeInteger(value: number, name: string): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a safe integer, not ${value}`)
  return value === 0 ? 0 : value
}

/** Rows to rank, each as an entry of the arena: row r begins at cell r * CELLS. */
export class StandingColumns {
  size = 0
  cells: Float64Array
  words: Int32Array // The same memory.

  /** `sizeExpected` rows cost no growing. */
  constructor(sizeExpected = 1_000) {
    this.cells = new Float64Array(Math.max(1, sizeExpected) * CELLS)
    this.words = new Int32Array(this.cells.buffer)
  }

  /** Adds a row; the four words are the subject id's, signed. @throws RangeError when a number is no safe integer */
  push(a: number, b: number, c: number, d: number, points: number, seq: number): void {
    if (this.size * CELLS === this.cells.length) this.widen()
    const { cells, words } = this
    const cell = this.size * CELLS
    cells[cell] = safeInteger(points, 'points')
    cells[cell + 1] = safeInteger(seq, 'seq')
    const id = cell * 2 + ID
    words[id] = a
    words[id + 1] = b
    words[id + 2] = c
    words[id + 3] = d
    words[cell * 2 + HASH] = hashOf(a, b, c, d)
    this.size++
  }

  /**
   * Returns the row numbers ordered by points descending, then seq ascending. Rows in order cost one pass. Ties in both are left
   * to `settle`, so that a large board reads its rows once more instead of twice.
   */
  sorted(): Uint32Array {
    const { size } = this
    const rows = new Uint32Array(size)
    for (let row = 0; row < size; row++) rows[row] = row
    let inOrder = 1
    while (inOrder < size && this.compareKeys(inOrder - 1, inOrder) <= 0) inOrder++
    if (inOrder >= size) return rows
    if (size < RADIX_FROM) return rows.sort((a, b) => this.compareKeys(a, b))
    return radixSorted(radixSorted(rows, this.cells, 1, 1), this.cells, 0, -1)
  }

  /** Orders by subject id the rows from place `at` on that are tied in points and seq; returns the place after them. */
  settle(rows: Uint32Array, at: number): number {
    let end = at + 1
    while (end < rows.length && this.compareKeys(rows[at]!, rows[end]!) === 0) end++
    if (end - at > 1) rows.subarray(at, end).sort((a, b) => this.compareSubjects(a, b))
    return end
  }

  private compareKeys(a: number, b: number): number {
    const { cells } = this
    return cells[b * CELLS]! - cells[a * CELLS]! || cells[a * CELLS + 1]! - cells[b * CELLS + 1]!
  }

  private compareSubjects(rowA: number, rowB: number): number {
    const { words } = this
    const [a, b] = [rowA * WORDS + ID, rowB * WORDS + ID]
    for (let at = 0; at < 4; at++) if (words[a + at] !== words[b + at]) return (words[a + at]! >>> 0) - (words[b + at]! >>> 0)
    return 0
  }

  private widen(): void {
    const cells = new Float64Array(Math.ceil(this.size * 1.5) * CELLS)
    cells.set(this.cells)
    this.cells = cells
    this.words = new Int32Array(cells.buffer)
  }
}

/**
 * Returns `rows` in a stable order of the safe integers at their cell `column`, times `sign`; digits that all rows share cost no
 * pass. Overwrites `rows`.
 */
function radixSorted(rows: Uint32Array, cells: Float64Array, column: number, sign: 1 | -1): Uint32Array {
  const size = rows.length
  const keys = new Uint32Array(size * 2) // Low and high word of row r at 2r and 2r + 1.
  const varying = new Uint32Array(2) // Bits in which some row differs from the first.
  for (let row = 0; row < size; row++) {
    const key = cells[row * CELLS + column]! * sign
    const high = Math.floor(key / TWO_TO_32)
    keys[row * 2] = key - high * TWO_TO_32
    keys[row * 2 + 1] = high + HIGH_BIAS
    varying[0]! |= keys[row * 2]! ^ keys[0]!
    varying[1]! |= keys[row * 2 + 1]! ^ keys[1]!
  }
  let from = rows
  let to: Uint32Array = new Uint32Array(size)
  const starts = new Uint32Array(DIGIT_MASK + 2)
  for (const [word, bit] of DIGITS) {
    if ((varying[word]! >>> bit & DIGIT_MASK) === 0) continue
    starts.fill(0)
    for (let row = 0; row < size; row++) starts[(keys[row * 2 + word]! >>> bit & DIGIT_MASK) + 1]!++
    for (let value = 0; value < DIGIT_MASK; value++) starts[value + 1]! += starts[value]!
    for (let at = 0; at < size; at++) {
      const row = from[at]!
      const value = keys[row * 2 + word]! >>> bit & DIGIT_MASK
      to[starts[value]!] = row
      starts[value]!++
    }
    ;[from, to] = [to, from]
  }
  return from
}
