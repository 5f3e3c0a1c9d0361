/** The counted block list of a rank index: entries in order in blocks of one arena, found and moved in logarithmic time. */
import { Arena, BLOCK, CELLS, cellOf, HASH, ID, PREVIOUS } from './arena.rules.ts'
import { BlockOrder } from './order.rules.ts'
import type { SubjectTable } from './subjects.rules.ts'

/** Entries a block after a bulk build, so that the first updates do not split. */
export const FILL = 82
const SPARSE = 26 // A block with fewer entries joins a neighbor when both fit into FILL.

/**
 * Entries (points, seq, subject, previous rank) ordered by points descending, seq ascending, subject id ascending.
 * `block` and `index` are the cursor: where the last search, insert or move ended; after a find it may stand one past the
 * last entry of a block.
 * `key` holds the id in question as `parseUuid` writes it.
 */
export class BlockList {
  length = 0
  block: number
  index = 0
  readonly key = new Int32Array(5)
  readonly arena = new Arena()
  readonly order = new BlockOrder()
  readonly subjects: SubjectTable | null
  private subject = 0 // The entry of `subjects` that `locate` found.

  /** `subjects` learns the block of each entry; null where points never repeat and subjects do not matter. */
  constructor(subjects: SubjectTable | null) {
    this.subjects = subjects
    this.block = this.order.open(0)
    this.order.recount()
  }

  /** Returns the points of the entry at the cursor. */
  get points(): number {
    return this.arena.cells[cellOf(this.block, this.index)]!
  }

  /** Returns the seq of the entry at the cursor. */
  get seq(): number {
    return this.arena.cells[cellOf(this.block, this.index) + 1]!
  }

  set seq(seq: number) {
    this.arena.cells[cellOf(this.block, this.index) + 1] = seq
  }

  /** Keeps a previous rank with the entry at the cursor; 0 is none. */
  set previousRank(rank: number) {
    this.arena.words[cellOf(this.block, this.index) * 2 + PREVIOUS] = rank
  }

  /** Returns the position of the cursor, from 0. */
  get position(): number {
    return this.order.before(this.block) + this.index
  }

  /** Returns how many entries the block holds from the cursor on. */
  get entriesLeft(): number {
    return this.order.counts[this.block]! - this.index
  }

  /** Moves the cursor to the first entry that does not stand before (points, seq, key). */
  find(points: number, seq: number): void {
    this.findIn(this.blockFor(points, seq), points, seq)
  }

  /** Returns the block in which (points, seq, key) stands or would: the last that begins before it, or the first; fetches it. */
  blockFor(points: number, seq: number): number {
    const { firstPoints, blocks, size } = this.order
    let low = 1
    let high = size
    while (low < high) {
      const middle = low + high >>> 1
      const first = firstPoints[middle]!
      if (first > points || (first === points && this.isBefore(cellOf(blocks[middle]!, 0), seq))) low = middle + 1
      else high = middle
    }
    const block = blocks[low - 1]!
    this.arena.touch(block)
    return block
  }

  /** Moves the cursor to the first entry of the block that does not stand before (points, seq, key), or past its end. */
  findIn(block: number, points: number, seq: number): void {
    const { cells } = this.arena
    let low = 0
    let high = this.order.counts[block]!
    while (low < high) {
      const middle = low + high >>> 1
      const cell = cellOf(block, middle)
      const held = cells[cell]!
      if (held > points || (held === points && this.isBefore(cell, seq))) low = middle + 1
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

  /** Moves the cursor to the first entry; returns whether there is one. */
  rewind(): boolean {
    this.block = this.order.blocks[0]!
    this.index = 0
    return this.length > 0
  }

  /** Moves the cursor to the next entry; returns whether there is one. */
  next(): boolean {
    this.index++
    return this.settle()
  }

  /** Moves the cursor to the entry of the subject in `key`; returns whether there is one. */
  locate(): boolean {
    const subjects = this.subjects!
    const { words } = this.arena
    const hash = this.key[4]!
    for (let subject = subjects.first(hash); subject >= 0; subject = subjects.after(hash, subject)) {
      const block = subjects.valueAt(subject)
      this.arena.touch(block)
      const count = this.order.counts[block]!
      for (let index = 0, cell = cellOf(block, 0); index < count; index++, cell += CELLS) {
        if (words[cell * 2 + HASH] !== hash || !this.isSubject(cell)) continue
        this.block = block
        this.index = index
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
    return this.points === points && this.seq === seq && this.isSubject(cellOf(this.block, this.index))
  }

  /** Returns the points of the entry before the cursor, or NaN when there is none. */
  pointsBefore(): number {
    const { cells } = this.arena
    if (this.index > 0) return cells[cellOf(this.block, this.index - 1)]!
    const { places, blocks, counts } = this.order
    const place = places[this.block]!
    return place === 0 ? NaN : cells[cellOf(blocks[place - 1]!, counts[blocks[place - 1]!]! - 1)]!
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
   * Gives the entry of the subject in `key`, which `locate` found at (`block`, `index`), another key and moves it to the cursor,
   * which a find has set for that key; the cursor follows it. Returns its new position.
   */
  move(block: number, index: number, points: number, seq: number): number {
    const { order, arena } = this
    const previousRank = arena.words[cellOf(block, index) * 2 + PREVIOUS]!
    if (this.block === block) {
      if (this.index > index) {
        this.shift(block, index + 1, this.index, index)
        this.index--
      } else this.shift(block, this.index, index, this.index + 1)
      arena.write(cellOf(block, this.index), points, seq, this.key, 0, previousRank)
      this.keepFirst(block)
      return this.position
    }
    const isDown = order.places[this.block]! > order.places[block]!
    this.place(points, seq, previousRank)
    this.subjects!.setValue(this.subject, this.block)
    const position = isDown ? this.position - 1 : this.position
    if (this.takeOut(block, index)) this.locate()
    return position
  }

  /** Returns whether an entry, whose points equal the key's, stands before the key. */
  private isBefore(cell: number, seq: number): boolean {
    const { key } = this
    const { cells, words } = this.arena
    const held = cells[cell + 1]!
    if (held !== seq) return held < seq
    const id = cell * 2 + ID
    for (let at = 0; at < 4; at++) if (words[id + at] !== key[at]) return words[id + at]! >>> 0 < key[at]! >>> 0
    return false
  }

  private isSubject(cell: number): boolean {
    const { key } = this
    const { words } = this.arena
    const id = cell * 2 + ID
    return words[id + 3] === key[3] && words[id + 2] === key[2] && words[id + 1] === key[1] && words[id] === key[0]
  }

  /** Tells the order the points of a block's first entry. */
  private keepFirst(block: number): void {
    this.order.firstPoints[this.order.places[block]!] = this.arena.cells[cellOf(block, 0)]!
  }

  /** Copies the entries of a block from `index` up to `end` to `target`. */
  private shift(block: number, index: number, end: number, target: number): void {
    if (index < end) this.arena.cells.copyWithin(cellOf(block, target), cellOf(block, index), cellOf(block, end))
  }

  /** Puts an entry of the subject in `key` at the cursor. */
  private place(points: number, seq: number, previousRank: number): void {
    const { order, arena } = this
    if (order.counts[this.block] === BLOCK) this.split()
    this.shift(this.block, this.index, order.counts[this.block]!, this.index + 1)
    arena.write(cellOf(this.block, this.index), points, seq, this.key, 0, previousRank)
    order.add(this.block, 1)
    if (this.index === 0) this.keepFirst(this.block)
    this.length++
  }

  /** Removes an entry; returns whether blocks joined, so that the cursor may point elsewhere. */
  private takeOut(block: number, index: number): boolean {
    const { order } = this
    this.shift(block, index + 1, order.counts[block]!, index)
    order.add(block, -1)
    this.length--
    if (index === 0) this.keepFirst(block)
    return order.counts[block]! < SPARSE && (this.join(order.places[block]! - 1) || this.join(order.places[block]!))
  }

  /** Moves the entries of the block after `place` to the end of the one at `place` when they are few; returns whether it did. */
  private join(place: number): boolean {
    const { order } = this
    if (place < 0 || place + 1 >= order.size) return false
    const [left, right] = [order.blocks[place]!, order.blocks[place + 1]!]
    const [leftCount, rightCount] = [order.counts[left]!, order.counts[right]!]
    if (leftCount + rightCount > FILL && leftCount > 0 && rightCount > 0) return false
    this.carry(right, 0, left)
    if (leftCount === 0) this.keepFirst(left)
    order.close(place + 1)
    order.recount()
    return true
  }

  /** Halves the full block at the cursor, which stays before its entry. Appending opens an empty block: newcomers come last. */
  private split(): void {
    const { order, arena } = this
    const left = this.block
    const place = order.places[left]!
    const half = this.index === BLOCK && place + 1 === order.size ? BLOCK : BLOCK / 2
    const right = order.open(place + 1)
    arena.reserve(order.blocksMax)
    this.carry(left, half, right)
    order.recount()
    this.keepFirst(right)
    if (this.index > half || half === BLOCK) {
      this.block = right
      this.index -= half
    }
  }

  /** Moves the entries of block `from`, beginning at `index`, to the end of block `to`. */
  private carry(from: number, index: number, to: number): void {
    const { arena, subjects } = this
    const { counts } = this.order
    const count = counts[from]! - index
    const target = cellOf(to, counts[to]!)
    arena.cells.copyWithin(target, cellOf(from, index), cellOf(from, index + count))
    counts[from]! -= count
    counts[to]! += count
    if (!subjects) return
    for (let cell = target; cell < target + count * CELLS; cell += CELLS) subjects.move(arena.words[cell * 2 + HASH]!, from, to)
  }
}
