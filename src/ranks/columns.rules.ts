/**
 * Rows of a board as columns, the shape a rank index is built from in bulk, and their order without comparing rows one by
 * one.
 */
import { SubjectTable } from './subjects.rules.ts'
import { hashOf } from './uuids.rules.ts'

const TWO_TO_32 = 2 ** 32
const RADIX_FROM = 4096 // Below this many rows a comparing sort is faster than clearing histograms of 65,536.
const DIGITS = 4 // 16 bits each: a safe integer in two's complement, sign turned, fills 54.

/** Returns the value; a safe integer, with zero unsigned. @throws RangeError otherwise */
export function safeInteger(value: number, name: string): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a safe integer, not ${value}`)
  return value === 0 ? 0 : value
}

/** Rows to rank, with a table that knows the row of each subject. */
export class StandingColumns {
  size = 0
  readonly subjects: SubjectTable
  points: Float64Array
  seqs: Float64Array
  words: Int32Array // Five a row: the subject id and its hash.

  constructor(sizeExpected = 1024) {
    this.subjects = new SubjectTable(sizeExpected)
    this.points = new Float64Array(sizeExpected)
    this.seqs = new Float64Array(sizeExpected)
    this.words = new Int32Array(sizeExpected * 5)
  }

  /**
   * Adds a row; the four words are the subject id's, signed. @throws Error when the subject has a row | RangeError when a
   * number is not safe
   */
  push(a: number, b: number, c: number, d: number, points: number, seq: number): void {
    const { subjects, size: row } = this
    const hash = hashOf(a, b, c, d)
    if (row === this.points.length) this.widen()
    const { words } = this
    for (let entry = subjects.first(hash); entry >= 0; entry = subjects.after(hash, entry)) {
      const held = subjects.valueAt(entry) * 5
      if (words[held] === a && words[held + 1] === b && words[held + 2] === c && words[held + 3] === d) {
        throw new Error(`A subject has two rows, the second is row ${row}`)
      }
    }
    this.points[row] = safeInteger(points, 'points')
    this.seqs[row] = safeInteger(seq, 'seq')
    words[row * 5] = a
    words[row * 5 + 1] = b
    words[row * 5 + 2] = c
    words[row * 5 + 3] = d
    words[row * 5 + 4] = hash
    subjects.add(hash, row)
    this.size++
  }

  /** Returns the row numbers ordered by points descending, seq ascending, subject id ascending. Rows in order cost one pass. */
  sorted(): Uint32Array {
    const { points, seqs, size } = this
    const rows = new Uint32Array(size)
    for (let row = 0; row < size; row++) rows[row] = row
    const compare = (a: number, b: number): number => points[b]! - points[a]! || seqs[a]! - seqs[b]! || this.compareSubjects(a, b)
    let inOrder = 1
    while (inOrder < size && compare(inOrder - 1, inOrder) < 0) inOrder++
    if (inOrder >= size) return rows
    if (size < RADIX_FROM) return rows.sort(compare)
    const sorted = radixSorted(radixSorted(rows, seqs, false), points, true)
    for (let first = 0; first < size;) {
      let end = first + 1
      while (end < size && points[sorted[end]!] === points[sorted[first]!] && seqs[sorted[end]!] === seqs[sorted[first]!]) end++
      if (end - first > 1) sorted.subarray(first, end).sort((a, b) => this.compareSubjects(a, b))
      first = end
    }
    return sorted
  }

  private compareSubjects(rowA: number, rowB: number): number {
    const { words } = this
    for (let a = rowA * 5, b = rowB * 5; a < rowA * 5 + 4; a++, b++) {
      if (words[a] !== words[b]) return (words[a]! >>> 0) - (words[b]! >>> 0)
    }
    return 0
  }

  private widen(): void {
    const length = Math.ceil(this.points.length * 1.5) + 1
    const [points, seqs, words] = [new Float64Array(length), new Float64Array(length), new Int32Array(length * 5)]
    points.set(this.points)
    seqs.set(this.seqs)
    words.set(this.words)
    Object.assign(this, { points, seqs, words })
  }
}

/** Returns `rows` in a stable order of their keys (safe integers); digits that all rows share cost no pass. Overwrites `rows`. */
function radixSorted(rows: Uint32Array, keys: Float64Array, isDescending: boolean): Uint32Array {
  const size = rows.length
  const words = new Uint32Array(size * 2) // Low and high word of row r at 2r and 2r + 1.
  let [lowVarying, highVarying] = [0, 0] // Bits in which some row differs from the first.
  for (let row = 0; row < size; row++) {
    const key = isDescending ? -keys[row]! : keys[row]!
    const high = Math.floor(key / TWO_TO_32)
    words[row * 2] = key - high * TWO_TO_32
    words[row * 2 + 1] = high ^ 0x80000000
    lowVarying |= words[row * 2]! ^ words[0]!
    highVarying |= words[row * 2 + 1]! ^ words[1]!
  }
  let from = rows
  let to: Uint32Array = new Uint32Array(size)
  const starts = new Uint32Array(0x10001)
  for (let digit = 0; digit < DIGITS; digit++) {
    const word = digit >> 1
    const bits = (digit & 1) * 16
    if (((word === 0 ? lowVarying : highVarying) >>> bits & 0xffff) === 0) continue
    starts.fill(0)
    for (let row = 0; row < size; row++) starts[(words[row * 2 + word]! >>> bits & 0xffff) + 1]!++
    for (let value = 0; value < 0xffff; value++) starts[value + 1]! += starts[value]!
    for (const row of from) to[starts[words[row * 2 + word]! >>> bits & 0xffff]!++] = row
    ;[from, to] = [to, from]
  }
  return from
}
