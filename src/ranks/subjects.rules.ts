/** Where the subjects of a rank index are: a hash table of numbers, which holds no id and no string. */

const LENGTH_MIN = 8
const LOAD_MAX = 0.6 // Open addressing with steps of one stays near two probes below this.

/**
 * Entries (hash, value): 8 bytes each, 13 to 27 with their spare room. Two subjects may share a hash, so whoever asks
 * compares ids at the value.
 * A Map of a million uuid strings costs about 106 bytes a subject and twice the lookup.
 */
export class SubjectTable {
  size = 0
  touched = 0
  private pairs: Int32Array // Hash and value + 1 of entry e at 2e and 2e + 1; 0 is empty.

  constructor(sizeExpected = 0) {
    this.pairs = new Int32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(LENGTH_MIN, sizeExpected / LOAD_MAX))))
  }

  /** Returns the bytes held outside the JavaScript heap. */
  get bytes(): number {
    return this.pairs.byteLength
  }

  /** Has the place of this hash fetched from memory while the caller goes on with other things. */
  touch(hash: number): void {
    this.touched = this.pairs[(hash & this.mask) * 2]!
  }

  /** Returns the first entry with this hash, or -1. */
  first(hash: number): number {
    return this.seek(hash, hash & this.mask)
  }

  /** Returns the entry with this hash after `entry`, or -1. */
  after(hash: number, entry: number): number {
    return this.seek(hash, entry + 1 & this.mask)
  }

  /** Returns the value of an entry. */
  valueAt(entry: number): number {
    return this.pairs[entry * 2 + 1]! - 1
  }

  /** Gives an entry another value. */
  setValue(entry: number, value: number): void {
    this.pairs[entry * 2 + 1] = value + 1
  }

  /** Gives one entry of this hash whose value is `from` the value `to`; entries alike in both may stand for each other. */
  move(hash: number, from: number, to: number): void {
    let entry = this.first(hash)
    while (this.valueAt(entry) !== from) entry = this.after(hash, entry)
    this.setValue(entry, to)
  }

  /** Adds an entry, also beside one of the same hash. Entry numbers asked for before are void. */
  add(hash: number, value: number): void {
    if (++this.size > (this.mask + 1) * LOAD_MAX) {
      const old = this.pairs
      this.pairs = new Int32Array(old.length * 2)
      for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.put(old[at]!, old[at + 1]!)
    }
    this.put(hash, value + 1)
  }

  /** Takes an entry out. Entry numbers asked for before are void. */
  remove(entry: number): void {
    const { pairs, mask } = this
    let hole = entry
    // Later entries of the same run move back, so that a search may stop at the first empty place.
    for (let at = hole + 1 & mask; pairs[at * 2 + 1] !== 0; at = at + 1 & mask) {
      const home = pairs[at * 2]! & mask
      if ((at - home & mask) < (at - hole & mask)) continue
      pairs[hole * 2] = pairs[at * 2]!
      pairs[hole * 2 + 1] = pairs[at * 2 + 1]!
      hole = at
    }
    pairs[hole * 2 + 1] = 0
    this.size--
  }

  private get mask(): number {
    return (this.pairs.length >>> 1) - 1
  }

  private seek(hash: number, start: number): number {
    const { pairs, mask } = this
    for (let at = start; ; at = at + 1 & mask) {
      if (pairs[at * 2 + 1] === 0) return -1
      if (pairs[at * 2] === hash) return at
    }
  }

  private put(hash: number, held: number): void {
    const { pairs, mask } = this
    let at = hash & mask
    while (pairs[at * 2 + 1] !== 0) at = at + 1 & mask
    pairs[at * 2] = hash
    pairs[at * 2 + 1] = held
  }
}
