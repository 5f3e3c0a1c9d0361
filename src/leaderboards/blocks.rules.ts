/** The counted block list of a rank index: entries in order in blocks of one arena; found, counted and moved in logarithmic time. */
import { BlockOrder } from './order.rules.ts'
import type { SubjectTable } from './subjects.rules.ts'
import { lastWordOf, type UuidPaper } from './uuids.rules.ts'

const BLOCK = 112 // Entries a block, which is one page of 4 KB: the hashes of the subjects, then the entries, 32 bytes each.
const FILL = 88 // Entries a block after a bulk build, so that the first updates do not split.
const SPARSE = 28 // A block with fewer entries joins a neighbor when both fit into FILL.
const BLOCK_CELLS = 512 // Numbers of 64 bits a block.
const BLOCK_WORDS = 1024 // Numbers of 32 bits a block.
const CELLS = 4 // Of an entry: points, seq, two pairs of words.
const WORDS = 8 // Of an entry: four of points and seq, the first three of the subject id, the previous rank (0 is none).

/** Entries to fill a list with, by row: four words hold the first three words of the subject id and its hash. */
export interface Rows { points: Float64Array; seqs: Float64Array; words: Uint32Array }

/**
 * Entries (points, seq, subject, previous rank) ordered by points descending, seq ascending, subject id ascending.
 * `block` and `index` are the cursor: where the last find, seek, locate, next, insert or move ended; after `find` it may stand one past the
 * last entry of a block. `key` holds the id in question as `parseUuid` writes it.
 */
export class BlockList {
  length = 0
  block: number
  index = 0
  readonly key = new Uint32Array(5)
  private readonly subjects: SubjectTable | null
  private readonly order = new BlockOrder()
  private cells = new Float64Array(BLOCK_CELLS)
  private words = new Uint32Array(this.cells.buffer)
  private subject = 0 // The entry of `subjects` that `locate` found.

  /** `subjects` learns the block of each entry; null where points never repeat and subjects do not matter. */
  constructor(subjects: SubjectTable | null) {
    this.subjects = subjects
    this.block = this.order.open(0)
    this.order.recount()
  }

  /** Returns the bytes held outside the JavaScript heap, without the subject table's. */
  get bytes(): number {
    return this.cells.byteLength + this.order.bytes
  }

  /** Returns the points of the entry at the cursor. */
  get points(): number {
    return this.cells[cellOf(this.block, this.index)]!
  }

  /** Returns the seq of the entry at the cursor. */
  get seq(): number {
    return this.cells[cellOf(this.block, this.index) + 1]!
  }

  set seq(seq: number) {
    this.cells[cellOf(this.block, this.index) + 1] = seq
  }

  /** Returns the previous rank kept with the entry at the cursor; 0 is none. */
  get previousRank(): number {
    return this.words[wordOf(this.block, this.index) + 7]!
  }

  set previousRank(rank: number) {
    this.words[wordOf(this.block, this.index) + 7] = rank
  }

  /** Returns the position of the cursor, from 0. */
  get position(): number {
    return this.order.before(this.block) + this.index
  }

  /** Writes the subject id of the entry at the cursor as the one numbered `at`. */
  writeSubject(paper: UuidPaper, at: number): void {
    const { words } = this
    const word = wordOf(this.block, this.index)
    const a = words[word + 4]!
    const b = words[word + 5]!
    const c = words[word + 6]!
    paper.write(at, a, b, c, lastWordOf(a, b, c, words[this.block * BLOCK_WORDS + this.index]!))
  }

  /** Moves the cursor to the first entry that does not stand before (points, seq, key). */
  find(points: number, seq: number): void {
    const { cells } = this
    const { firstPoints, blocks, counts, size } = this.order
    let low = 0
    let high = size
    while (low < high) {
      const middle = low + high >>> 1
      const first = firstPoints[middle]!
      if (first > points || (first === points && this.isBefore(blocks[middle]!, 0, seq))) low = middle + 1
      else high = middle
    }
    const block = blocks[low > 0 ? low - 1 : 0]!
    low = 0
    high = counts[block]!
    while (low < high) {
      const middle = low + high >>> 1
      const held = cells[cellOf(block, middle)]!
      if (held > points || (held === points && this.isBefore(block, middle, seq))) low = middle + 1
      else high = middle
    }
    this.block = block
    this.index = low
  }

  /** Moves the cursor to a position from 0 to `length` - 1. */
  seek(position: number): void {
    this.block = this.order.blocks[this.order.seek(position)]!
    this.index = position - this.order.before(this.block)
  }

  /** Moves the cursor to the entry of the subject in `key`; returns whether there is one. */
  locate(): boolean {
    const subjects = this.subjects!
    const { words, key } = this
    const hash = key[4]!
    for (let subject = subjects.first(hash); subject >= 0; subject = subjects.after(hash, subject)) {
      const block = subjects.valueAt(subject)
      const start = block * BLOCK_WORDS
      const end = start + this.order.counts[block]!
      for (let at = start; at < end; at++) {
        if (words[at] !== hash) continue
        const word = wordOf(block, at - start)
        if (words[word + 6] !== key[2] || words[word + 5] !== key[1] || words[word + 4] !== key[0]) continue
        this.block = block
        this.index = at - start
        this.subject = subject
        return true
      }
    }
    return false
  }

  /** Moves the cursor to the next entry; returns whether there is one. */
  next(): boolean {
    this.index++
    return this.settle()
  }

  /** Moves a cursor past the end of its block to the entry that follows; returns whether the cursor now stands on an entry. */
  settle(): boolean {
    const { counts, places, blocks, size } = this.order
    if (this.index < counts[this.block]!) return true
    const place = places[this.block]! + 1
    if (place >= size) return false
    this.block = blocks[place]!
    this.index = 0
    return true
  }

  /** Returns whether the entry at the cursor has this key. */
  holds(points: number, seq: number): boolean {
    const word = wordOf(this.block, this.index)
    const { key, words } = this
    return this.points === points && this.seq === seq && words[this.block * BLOCK_WORDS + this.index] === key[4]
      && words[word + 4] === key[0] && words[word + 5] === key[1] && words[word + 6] === key[2]
  }

  /** Returns the points of the entry before the cursor, or NaN when there is none. */
  pointsBefore(): number {
    if (this.index > 0) return this.cells[cellOf(this.block, this.index - 1)]!
    const { places, blocks, counts } = this.order
    const place = places[this.block]!
    if (place === 0) return NaN
    const before = blocks[place - 1]!
    return this.cells[cellOf(before, counts[before]! - 1)]!
  }

  /** Adds an entry of the subject in `key` at the cursor, which `find` has set, and leaves the cursor on it. */
  insert(points: number, seq: number): void {
    this.makeRoom()
    this.write(this.block, this.index, points, seq, this.key[0]!, this.key[1]!, this.key[2]!, this.key[4]!, 0)
    this.settleIn(points)
    this.subjects?.add(this.key[4]!, this.block)
  }

  /** Removes the entry at the cursor, which `locate` has set if there are subjects; the cursor is lost. */
  remove(): void {
    this.subjects?.remove(this.subject)
    this.takeOut(this.block, this.index)
  }

  /**
   * Gives the entry of the subject in `key`, which `locate` found at (`block`, `index`), another key and moves it to the cursor, which `find`
   * has set for that key; the cursor follows it. Returns its new position.
   */
  move(block: number, index: number, points: number, seq: number): number {
    const { key, order } = this
    const previousRank = this.words[wordOf(block, index) + 7]!
    if (this.block === block) {
      if (this.index > index) {
        this.shift(block, index + 1, this.index, block, index)
        this.index--
      } else this.shift(block, this.index, index, block, this.index + 1)
      this.write(block, this.index, points, seq, key[0]!, key[1]!, key[2]!, key[4]!, previousRank)
      if (this.index === 0 || index === 0) order.firstPoints[order.places[block]!] = this.cells[cellOf(block, 0)]!
      return this.position
    }
    const isDown = order.places[this.block]! > order.places[block]!
    this.makeRoom()
    this.write(this.block, this.index, points, seq, key[0]!, key[1]!, key[2]!, key[4]!, previousRank)
    this.settleIn(points)
    this.subjects!.setValue(this.subject, this.block)
    const position = isDown ? this.position - 1 : this.position
    if (this.takeOut(block, index)) this.locate()
    return position
  }

  /** Fills an empty list with `order.length` rows in this order and returns the block of each row. */
  fill(rows: Uint32Array, { points, seqs, words }: Rows): Uint32Array {
    const { order } = this
    const blockOf = new Uint32Array(rows.length)
    this.reserve(Math.ceil(rows.length / FILL * 1.05))
    for (let at = 0; at < rows.length; at++) {
      const index = at % FILL
      if (index === 0 && at > 0) this.block = order.open(order.size)
      const row = rows[at]!
      this.write(this.block, index, points[row]!, seqs[row]!, words[row * 4]!, words[row * 4 + 1]!, words[row * 4 + 2]!, words[row * 4 + 3]!, 0)
      if (index === 0) order.firstPoints[order.size - 1] = points[row]!
      order.counts[this.block] = index + 1
      blockOf[row] = this.block
    }
    this.length = rows.length
    order.recount()
    return blockOf
  }

  /** Returns whether an entry, whose points equal the key's, stands before the key. */
  private isBefore(block: number, index: number, seq: number): boolean {
    const { key, words } = this
    const held = this.cells[cellOf(block, index) + 1]!
    if (held !== seq) return held < seq
    const word = wordOf(block, index)
    for (let at = 0; at < 3; at++) if (words[word + 4 + at] !== key[at]) return words[word + 4 + at]! < key[at]!
    return lastWordOf(key[0]!, key[1]!, key[2]!, words[block * BLOCK_WORDS + index]!) < key[3]!
  }

  private write(block: number, index: number, points: number, seq: number, a: number, b: number, c: number, hash: number, previousRank: number): void {
    const { cells, words } = this
    const cell = cellOf(block, index)
    cells[cell] = points
    cells[cell + 1] = seq
    const word = cell * 2
    words[word + 4] = a
    words[word + 5] = b
    words[word + 6] = c
    words[word + 7] = previousRank
    words[block * BLOCK_WORDS + index] = hash
  }

  /** Opens a gap for an entry at the cursor. */
  private makeRoom(): void {
    if (this.order.counts[this.block] === BLOCK) this.split()
    this.shift(this.block, this.index, this.order.counts[this.block]!, this.block, this.index + 1)
  }

  /** Counts the entry that filled the gap. */
  private settleIn(points: number): void {
    const { order, block } = this
    order.add(block, 1)
    if (this.index === 0) order.firstPoints[order.places[block]!] = points
    this.length++
  }

  /** Copies entries `index` up to `end` of `block` to `target` of block `to`; they may overlap. */
  private shift(block: number, index: number, end: number, to: number, target: number): void {
    if (index >= end) return
    this.cells.copyWithin(cellOf(to, target), cellOf(block, index), cellOf(block, end))
    this.words.copyWithin(to * BLOCK_WORDS + target, block * BLOCK_WORDS + index, block * BLOCK_WORDS + end)
  }

  /** Removes an entry; returns whether blocks joined, so that the cursor may point elsewhere. */
  private takeOut(block: number, index: number): boolean {
    const { order } = this
    this.shift(block, index + 1, order.counts[block]!, block, index)
    order.add(block, -1)
    this.length--
    const place = order.places[block]!
    if (index === 0) order.firstPoints[place] = this.cells[cellOf(block, 0)]!
    const count = order.counts[block]!
    if (count >= SPARSE) return false
    const fits = (other: number): boolean => other >= 0 && other < order.size && (count === 0 || count + order.counts[order.blocks[other]!]! <= FILL)
    if (fits(place - 1)) this.join(place - 1)
    else if (fits(place + 1)) this.join(place)
    else return false
    return true
  }

  /** Moves the entries of the block after `place` to the end of the block at `place`. */
  private join(place: number): void {
    const { order } = this
    const left = order.blocks[place]!
    const isEmpty = order.counts[left] === 0
    this.carry(order.blocks[place + 1]!, 0, left)
    if (isEmpty) order.firstPoints[place] = order.firstPoints[place + 1]!
    order.close(place + 1)
    order.recount()
  }

  /** Halves the full block at the cursor and keeps the cursor before the same entry. Appending opens an empty block: newcomers come last. */
  private split(): void {
    const { order } = this
    const left = this.block
    const place = order.places[left]!
    const half = this.index === BLOCK && place + 1 === order.size ? BLOCK : BLOCK / 2
    const right = order.open(place + 1)
    this.reserve(order.blocksMax)
    this.carry(left, half, right)
    order.firstPoints[place + 1] = this.cells[cellOf(right, 0)]!
    order.recount()
    if (this.index > half || half === BLOCK) {
      this.block = right
      this.index -= half
    }
  }

  /** Moves the entries of block `from`, beginning at `index`, to the end of block `to`. */
  private carry(from: number, index: number, to: number): void {
    const { counts } = this.order
    const count = counts[from]! - index
    const target = counts[to]!
    this.shift(from, index, index + count, to, target)
    counts[from]! -= count
    counts[to]! += count
    const first = to * BLOCK_WORDS + target
    if (this.subjects) for (let at = first; at < first + count; at++) this.subjects.move(this.words[at]!, from, to)
  }

  private reserve(blocks: number): void {
    const held = this.cells.length / BLOCK_CELLS
    if (blocks <= held) return
    const cells = new Float64Array(Math.max(blocks, Math.ceil(held * 1.25)) * BLOCK_CELLS)
    cells.set(this.cells)
    this.cells = cells
    this.words = new Uint32Array(cells.buffer)
  }
}

/** Returns where the numbers of 64 bits of an entry begin. */
function cellOf(block: number, index: number): number {
  return block * BLOCK_CELLS + BLOCK / 2 + index * CELLS
}

/** Returns where the numbers of 32 bits of an entry begin. */
function wordOf(block: number, index: number): number {
  return block * BLOCK_WORDS + BLOCK + index * WORDS
}
