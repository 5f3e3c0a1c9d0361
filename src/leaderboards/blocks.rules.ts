/** The counted block list of a rank index: entries in order in blocks of one arena; found, counted and moved in logarithmic time. */
import { Arena, BLOCK, BLOCK_CELLS, BLOCK_WORDS, HASHES, IDS, PREVIOUS, SEQS } from './arena.rules.ts'
import { BlockOrder } from './order.rules.ts'
import type { SubjectTable } from './subjects.rules.ts'
import { lastWordOf } from './uuids.rules.ts'

const FILL = 88 // Entries a block after a bulk build, so that the first updates do not split.
const SPARSE = 28 // A block with fewer entries joins a neighbor when both fit into FILL.

/** Entries to fill a list with, by row: four words hold the first three words of the subject id and its hash. */
export interface Rows { points: Float64Array; seqs: Float64Array; words: Uint32Array }

/**
 * Entries (points, seq, subject, previous rank) ordered by points descending, seq ascending, subject id ascending.
 * `block` and `index` are the cursor: where the last search, insert or move ended; after a find it may stand one past the last entry of a block.
 * `key` holds the id in question as `parseUuid` writes it.
 */
export class BlockList {
  length = 0
  block: number
  index = 0
  readonly key = new Uint32Array(5)
  readonly arena = new Arena()
  readonly order = new BlockOrder()
  private readonly subjects: SubjectTable | null
  private subject = 0 // The entry of `subjects` that `locate` found.

  /** `subjects` learns the block of each entry; null where points never repeat and subjects do not matter. */
  constructor(subjects: SubjectTable | null) {
    this.subjects = subjects
    this.block = this.order.open(0)
    this.order.recount()
  }

  /** Returns the points of the entry at the cursor. */
  get points(): number {
    return this.arena.cells[this.block * BLOCK_CELLS + this.index]!
  }

  /** Returns the seq of the entry at the cursor. */
  get seq(): number {
    return this.arena.cells[this.block * BLOCK_CELLS + SEQS + this.index]!
  }

  set seq(seq: number) {
    this.arena.cells[this.block * BLOCK_CELLS + SEQS + this.index] = seq
  }

  /** Keeps a previous rank with the entry at the cursor; 0 is none. */
  set previousRank(rank: number) {
    this.arena.words[this.block * BLOCK_WORDS + PREVIOUS + this.index] = rank
  }

  /** Returns the position of the cursor, from 0. */
  get position(): number {
    return this.order.before(this.block) + this.index
  }

  /** Moves the cursor to the first entry that does not stand before (points, seq, key). */
  find(points: number, seq: number): void {
    this.findIn(this.blockFor(points, seq), points, seq)
  }

  /** Returns the block in which (points, seq, key) stands or would stand, and has it fetched. */
  blockFor(points: number, seq: number): number {
    const { firstPoints, blocks, size } = this.order
    let low = 0
    let high = size
    while (low < high) {
      const middle = low + high >>> 1
      const first = firstPoints[middle]!
      if (first > points || (first === points && this.isBefore(blocks[middle]!, 0, seq))) low = middle + 1
      else high = middle
    }
    const block = blocks[low > 0 ? low - 1 : 0]!
    this.arena.touch(block)
    return block
  }

  /** Moves the cursor to the first entry of the block that does not stand before (points, seq, key), or past its end. */
  findIn(block: number, points: number, seq: number): void {
    const { cells } = this.arena
    const start = block * BLOCK_CELLS
    let low = 0
    let high = this.order.counts[block]!
    while (low < high) {
      const middle = low + high >>> 1
      const held = cells[start + middle]!
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
    const { words } = this.arena
    const hash = this.key[4]!
    for (let subject = subjects.first(hash); subject >= 0; subject = subjects.after(hash, subject)) {
      const block = subjects.valueAt(subject)
      this.arena.touch(block)
      const start = block * BLOCK_WORDS + HASHES
      const end = start + this.order.counts[block]!
      for (let at = start; at < end; at++) {
        if (words[at] !== hash || !this.isSubject(block, at - start)) continue
        this.block = block
        this.index = at - start
        this.subject = subject
        return true
      }
    }
    return false
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

  /** Returns whether the entry at the cursor has the key (points, seq, key). */
  holds(points: number, seq: number): boolean {
    return this.points === points && this.seq === seq && this.isSubject(this.block, this.index)
  }

  /** Returns the points of the entry before the cursor, or NaN when there is none. */
  pointsBefore(): number {
    const { cells } = this.arena
    if (this.index > 0) return cells[this.block * BLOCK_CELLS + this.index - 1]!
    const { places, blocks, counts } = this.order
    const place = places[this.block]!
    if (place === 0) return NaN
    const before = blocks[place - 1]!
    return cells[before * BLOCK_CELLS + counts[before]! - 1]!
  }

  /** Adds an entry of the subject in `key` at the cursor, which a find has set, and leaves the cursor on it. */
  insert(points: number, seq: number): void {
    this.place(points, seq, 0)
    this.subjects?.add(this.key[4]!, this.block)
  }

  /** Removes the entry at the cursor, which `locate` has set if there are subjects; the cursor is lost. */
  remove(): void {
    this.subjects?.remove(this.subject)
    this.takeOut(this.block, this.index)
  }

  /**
   * Gives the entry of the subject in `key`, which `locate` found at (`block`, `index`), another key and moves it to the cursor, which a find
   * has set for that key; the cursor follows it. Returns its new position.
   */
  move(block: number, index: number, points: number, seq: number): number {
    const { key, order, arena } = this
    const previousRank = arena.words[block * BLOCK_WORDS + PREVIOUS + index]!
    if (this.block === block) {
      if (this.index > index) {
        arena.copy(block, index + 1, this.index, block, index)
        this.index--
      } else arena.copy(block, this.index, index, block, this.index + 1)
      arena.write(block, this.index, points, seq, key[0]!, key[1]!, key[2]!, key[4]!, previousRank)
      order.firstPoints[order.places[block]!] = arena.cells[block * BLOCK_CELLS]!
      return this.position
    }
    const isDown = order.places[this.block]! > order.places[block]!
    this.place(points, seq, previousRank)
    this.subjects!.setValue(this.subject, this.block)
    const position = isDown ? this.position - 1 : this.position
    if (this.takeOut(block, index)) this.locate()
    return position
  }

  /** Fills an empty list with rows in this order and returns the block of each row. */
  fill(rows: Uint32Array, { points, seqs, words }: Rows): Uint32Array {
    const { order, arena } = this
    const blockOf = new Uint32Array(rows.length)
    arena.reserve(Math.ceil(rows.length / FILL * 1.05))
    for (let at = 0; at < rows.length; at++) {
      const index = at % FILL
      if (index === 0 && at > 0) this.block = order.open(order.size)
      const row = rows[at]!
      const word = row * 4
      arena.write(this.block, index, points[row]!, seqs[row]!, words[word]!, words[word + 1]!, words[word + 2]!, words[word + 3]!, 0)
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
    const { key } = this
    const { cells, words } = this.arena
    const held = cells[block * BLOCK_CELLS + SEQS + index]!
    if (held !== seq) return held < seq
    const id = block * BLOCK_WORDS + IDS + index * 3
    for (let at = 0; at < 3; at++) if (words[id + at] !== key[at]) return words[id + at]! < key[at]!
    return lastWordOf(key[0]!, key[1]!, key[2]!, words[block * BLOCK_WORDS + HASHES + index]!) < key[3]!
  }

  private isSubject(block: number, index: number): boolean {
    const { key } = this
    const { words } = this.arena
    const id = block * BLOCK_WORDS + IDS + index * 3
    return words[block * BLOCK_WORDS + HASHES + index] === key[4]
      && words[id] === key[0] && words[id + 1] === key[1] && words[id + 2] === key[2]
  }

  /** Puts an entry of the subject in `key` at the cursor. */
  private place(points: number, seq: number, previousRank: number): void {
    const { order, arena, key } = this
    if (order.counts[this.block] === BLOCK) this.split()
    const { block, index } = this
    arena.copy(block, index, order.counts[block]!, block, index + 1)
    arena.write(block, index, points, seq, key[0]!, key[1]!, key[2]!, key[4]!, previousRank)
    order.add(block, 1)
    if (index === 0) order.firstPoints[order.places[block]!] = points
    this.length++
  }

  /** Removes an entry; returns whether blocks joined, so that the cursor may point elsewhere. */
  private takeOut(block: number, index: number): boolean {
    const { order, arena } = this
    arena.copy(block, index + 1, order.counts[block]!, block, index)
    order.add(block, -1)
    this.length--
    const place = order.places[block]!
    if (index === 0) order.firstPoints[place] = arena.cells[block * BLOCK_CELLS]!
    const count = order.counts[block]!
    if (count >= SPARSE) return false
    const fits = (other: number): boolean =>
      other >= 0 && other < order.size && (count === 0 || count + order.counts[order.blocks[other]!]! <= FILL)
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
    const { order, arena } = this
    const left = this.block
    const place = order.places[left]!
    const half = this.index === BLOCK && place + 1 === order.size ? BLOCK : BLOCK / 2
    const right = order.open(place + 1)
    arena.reserve(order.blocksMax)
    this.carry(left, half, right)
    order.firstPoints[place + 1] = arena.cells[right * BLOCK_CELLS]!
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
    this.arena.copy(from, index, index + count, to, target)
    counts[from]! -= count
    counts[to]! += count
    const first = to * BLOCK_WORDS + HASHES + target
    if (this.subjects) for (let at = first; at < first + count; at++) this.subjects.move(this.arena.words[at]!, from, to)
  }
}
