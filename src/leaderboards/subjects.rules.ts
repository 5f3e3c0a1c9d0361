/** Subjects of a rank index: each uuid gets a small number, its slot; about 25 bytes a subject, because no string is kept. */

const WORDS = 4 // A uuid is four unsigned words, first character in the highest bits of the first.
const SLOTS_MIN = 8
const LOAD_MAX = 0.6 // Open addressing with steps of one stays near two probes below this.
const NAME_LENGTH = 36
const DASH = 0x2d
const NOT_HEX = 0xff

const hexValue = new Uint8Array(128).fill(NOT_HEX)
const hexPair = new Uint16Array(256) // Two characters as they lie in memory, low byte first.
const dashThenHex = new Uint16Array(16)
const hexThenDash = new Uint16Array(16)
for (let value = 0; value < 16; value++) {
  const code = '0123456789abcdef'.charCodeAt(value)
  hexValue[code] = hexValue['0123456789ABCDEF'.charCodeAt(value)] = value
  dashThenHex[value] = DASH | code << 8
  hexThenDash[value] = code | DASH << 8
  for (let other = 0; other < 16; other++) hexPair[value << 4 | other] = code | '0123456789abcdef'.charCodeAt(other) << 8
}

/** Returns the hash of four words, 32 bits unsigned. Time-ordered uuids share their head, so every word is mixed in. */
function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35)
  hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d)
  return (hash ^ hash >>> 13) >>> 0
}

/**
 * Slots by subject id. `key` holds the id last asked for, so that a search which already parsed it can compare without parsing.
 * A JavaScript Map of a million uuid strings costs about 106 bytes a subject and 2.7 times the lookup (bench/rank.bench.ts).
 */
export class SubjectTable {
  size = 0
  readonly key = new Uint32Array(WORDS)
  private words: Uint32Array
  private table: Uint32Array // Slot + 1, or 0.
  private freed: number[] = []
  private nextSlot = 0
  private ink = new Uint16Array(NAME_LENGTH / 2 * 64)

  constructor(sizeExpected = 0) {
    this.words = new Uint32Array(Math.max(SLOTS_MIN, sizeExpected) * WORDS)
    this.table = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(SLOTS_MIN, sizeExpected) / LOAD_MAX)))
  }

  /** Returns the bytes held outside the JavaScript heap. */
  get bytes(): number {
    return this.words.byteLength + this.table.byteLength
  }

  /** Parses a uuid into `key`; either case is read, lower case is written. @throws RangeError when it is not a uuid */
  parse(subjectId: string): void {
    if (subjectId.length !== NAME_LENGTH) throw new RangeError(`Not a uuid: ${subjectId}`)
    const { key } = this
    let word = 0
    let seen = 0
    let digits = 0
    for (let at = 0; at < NAME_LENGTH; at++) {
      const code = subjectId.charCodeAt(at)
      if (at === 8 || at === 13 || at === 18 || at === 23) {
        if (code !== DASH) throw new RangeError(`Not a uuid: ${subjectId}`)
        continue
      }
      const value = code < 128 ? hexValue[code]! : NOT_HEX
      seen |= value
      word = word << 4 | value
      if ((++digits & 7) === 0) key[(digits >> 3) - 1] = word
    }
    if (seen > 15) throw new RangeError(`Not a uuid: ${subjectId}`)
  }

  /** Returns the slot of a subject, or -1. */
  slotOf(subjectId: string): number {
    this.parse(subjectId)
    return this.table[this.probe()]! - 1
  }

  /** Returns the slot of the subject in `key`, a new one when it has none (then `size` grew by one). */
  slotOfKey(): number {
    let at = this.probe()
    if (this.table[at] !== 0) return this.table[at]! - 1
    if (this.size + 1 > this.table.length * LOAD_MAX) {
      this.widen()
      at = this.probe()
    }
    const slot = this.freed.pop() ?? this.nextSlot++
    if (slot * WORDS >= this.words.length) {
      const wider = new Uint32Array(Math.ceil(this.words.length / WORDS * 1.5) * WORDS)
      wider.set(this.words)
      this.words = wider
    }
    const { key, words } = this
    const first = slot * WORDS
    words[first] = key[0]!
    words[first + 1] = key[1]!
    words[first + 2] = key[2]!
    words[first + 3] = key[3]!
    this.table[at] = slot + 1
    this.size++
    return slot
  }

  /** Forgets a slot; the next new subject may get it. */
  free(slot: number): void {
    const { table } = this
    this.key.set(this.words.subarray(slot * WORDS, slot * WORDS + WORDS))
    const mask = table.length - 1
    let hole = this.probe()
    // Later subjects of the same run move back, so that a lookup may stop at the first empty place.
    for (let at = hole + 1 & mask; table[at] !== 0; at = at + 1 & mask) {
      const home = this.homeOf(table[at]! - 1) & mask
      if ((at - home & mask) >= (at - hole & mask)) {
        table[hole] = table[at]!
        hole = at
      }
    }
    table[hole] = 0
    this.freed.push(slot)
    this.size--
  }

  /** Returns below, at or above zero as `key` stands before, at or after the subject of `slot` in byte order. */
  compareKey(slot: number): number {
    const { key, words } = this
    for (let word = 0; word < WORDS; word++) {
      const difference = key[word]! - words[slot * WORDS + word]!
      if (difference !== 0) return difference
    }
    return 0
  }

  /** Returns below or above zero as the subject of slot `a` stands before or after that of `b` in byte order. */
  compare(a: number, b: number): number {
    this.key.set(this.words.subarray(a * WORDS, a * WORDS + WORDS))
    return this.compareKey(b)
  }

  /** Returns the ids of the first `count` slots. They are slices of one string: a single native call for the whole list. */
  names(slots: ArrayLike<number>, count: number): string[] {
    if (this.ink.length * 2 < count * NAME_LENGTH) this.ink = new Uint16Array(count * NAME_LENGTH / 2)
    for (let at = 0; at < count; at++) this.write(slots[at]! * WORDS, at * NAME_LENGTH / 2)
    const text = Buffer.from(this.ink.buffer, 0, count * NAME_LENGTH).latin1Slice()
    const names: string[] = []
    for (let at = 0; at < count; at++) names.push(text.substring(at * NAME_LENGTH, at * NAME_LENGTH + NAME_LENGTH))
    return names
  }

  private write(first: number, at: number): void {
    const { words, ink } = this
    const a = words[first]!
    const b = words[first + 1]!
    const c = words[first + 2]!
    const d = words[first + 3]!
    ink[at] = hexPair[a >>> 24]!
    ink[at + 1] = hexPair[a >>> 16 & 255]!
    ink[at + 2] = hexPair[a >>> 8 & 255]!
    ink[at + 3] = hexPair[a & 255]!
    ink[at + 4] = dashThenHex[b >>> 28]!
    ink[at + 5] = hexPair[b >>> 20 & 255]!
    ink[at + 6] = hexThenDash[b >>> 16 & 15]!
    ink[at + 7] = hexPair[b >>> 8 & 255]!
    ink[at + 8] = hexPair[b & 255]!
    ink[at + 9] = dashThenHex[c >>> 28]!
    ink[at + 10] = hexPair[c >>> 20 & 255]!
    ink[at + 11] = hexThenDash[c >>> 16 & 15]!
    ink[at + 12] = hexPair[c >>> 8 & 255]!
    ink[at + 13] = hexPair[c & 255]!
    ink[at + 14] = hexPair[d >>> 24]!
    ink[at + 15] = hexPair[d >>> 16 & 255]!
    ink[at + 16] = hexPair[d >>> 8 & 255]!
    ink[at + 17] = hexPair[d & 255]!
  }

  /** Returns the place in `table` where `key` stands or would stand. */
  private probe(): number {
    const { key, words, table } = this
    const a = key[0]!
    const b = key[1]!
    const c = key[2]!
    const d = key[3]!
    const mask = table.length - 1
    for (let at = hashOf(a, b, c, d) & mask; ; at = at + 1 & mask) {
      const held = table[at]!
      if (held === 0) return at
      const first = (held - 1) * WORDS
      if (words[first + 3] === d && words[first + 2] === c && words[first + 1] === b && words[first] === a) return at
    }
  }

  private homeOf(slot: number): number {
    const first = slot * WORDS
    return hashOf(this.words[first]!, this.words[first + 1]!, this.words[first + 2]!, this.words[first + 3]!)
  }

  private widen(): void {
    const old = this.table
    this.table = new Uint32Array(old.length * 2)
    const mask = this.table.length - 1
    for (const held of old) {
      if (held === 0) continue
      let at = this.homeOf(held - 1) & mask
      while (this.table[at] !== 0) at = at + 1 & mask
      this.table[at] = held
    }
  }
}
