/**
 * The order of the blocks of a block list: which block stands where, how many entries each holds, and how many stand
 * before it.
 */

/**
 * Blocks by place. A Fenwick tree (Fenwick 1994) over the places counts entries; it is built again when a block opens or
 * closes.
 */
export class BlockOrder {
  size = 0
  /** By block: entries in it. Changed through `add`, or before `recount`. */
  counts = new Uint32Array(1)
  /** By block: its place. */
  places = new Uint32Array(1)
  /** By place: the block. */
  blocks = new Uint32Array(1)
  /** By place: points of the block's first entry. */
  firstPoints = new Float64Array(1)
  /** Blocks that were ever open at once. */
  blocksMax = 0
  private sums = new Uint32Array(2) // From 1; node n counts the places n - lowest bit of n … n - 1.
  private readonly freed: number[] = []

  /** Returns the bytes held outside the JavaScript heap. */
  get bytes(): number {
    const { counts, places, blocks, firstPoints, sums } = this
    return counts.byteLength + places.byteLength + blocks.byteLength + firstPoints.byteLength + sums.byteLength
  }

  /** Adds `change` (±1) to the entries of a block. */
  add(block: number, change: number): void {
    this.counts[block]! += change
    const { sums, size } = this
    for (let node = this.places[block]! + 1; node <= size; node += node & -node) sums[node]! += change
  }

  /** Returns how many entries stand in the blocks before this one. */
  before(block: number): number {
    const { sums } = this
    let sum = 0
    for (let node = this.places[block]!; node > 0; node &= node - 1) sum += sums[node]!
    return sum
  }

  /** Returns the place of the block that holds the entry at `position`, from 0 to the number of entries - 1. */
  seek(position: number): number {
    const { sums, size } = this
    let place = 0
    let left = position
    for (let step = 1 << 31 - Math.clz32(size); step > 0; step >>>= 1) {
      if (place + step <= size && sums[place + step]! <= left) {
        place += step
        left -= sums[place]!
      }
    }
    return place
  }

  /** Returns a new empty block at `place`; the caller sets its count and first points, then calls `recount`. */
  open(place: number): number {
    if (this.size === this.blocks.length) this.widen()
    const block = this.freed.pop() ?? this.blocksMax++
    this.blocks.copyWithin(place + 1, place, this.size)
    this.firstPoints.copyWithin(place + 1, place, this.size)
    this.blocks[place] = block
    this.counts[block] = 0
    this.size++
    return block
  }

  /** Takes the block at `place` out; the caller calls `recount` after. */
  close(place: number): void {
    this.freed.push(this.blocks[place]!)
    this.blocks.copyWithin(place, place + 1, this.size)
    this.firstPoints.copyWithin(place, place + 1, this.size)
    this.size--
  }

  /**
   * Builds places and sums again after blocks opened or closed; a step a block, and blocks open once in half a block of
   * inserts at most.
   */
  recount(): void {
    const { sums, size, blocks, places, counts } = this
    sums.fill(0)
    for (let place = 0; place < size; place++) {
      const block = blocks[place]!
      places[block] = place
      const node = place + 1
      const sum = sums[node]! + counts[block]!
      sums[node] = sum
      const parent = node + (node & -node)
      if (parent <= size) sums[parent]! += sum
    }
  }

  private widen(): void {
    const length = Math.ceil(this.blocks.length * 1.5)
    this.counts = widened(this.counts, new Uint32Array(length))
    this.places = widened(this.places, new Uint32Array(length))
    this.blocks = widened(this.blocks, new Uint32Array(length))
    this.firstPoints = widened(this.firstPoints, new Float64Array(length))
    this.sums = new Uint32Array(length + 1)
  }
}

function widened<T extends Uint32Array | Float64Array>(old: T, wider: T): T {
  wider.set(old)
  return wider
}
