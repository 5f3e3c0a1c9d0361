/** Subject ids as numbers: a uuid is four signed words of 32 bits, so that a rank index keeps no strings. */

const NAME_LENGTH = 36
const KEPT = 256 // A power of two.
const DASH = 0x2d
const DIGITS = '0123456789abcdef'

const valueOf = new Int8Array(0x10000).fill(-1) // By character code; below zero is no digit.
const pairOf = new Uint16Array(256) // Two characters as they lie in memory, low byte first.
const dashThen = new Uint16Array(16)
const thenDash = new Uint16Array(16)
for (let value = 0; value < 16; value++) {
  const code = DIGITS.charCodeAt(value)
  valueOf[code] = valueOf[DIGITS.toUpperCase().charCodeAt(value)] = value
  dashThen[value] = DASH | code << 8
  thenDash[value] = code | DASH << 8
  for (let low = 0; low < 16; low++) pairOf[value << 4 | low] = code | DIGITS.charCodeAt(low) << 8
}

/** Returns the hash of a uuid. Time-ordered uuids share their head and some end alike, so every word is mixed in. */
export function hashOf(a: number, b: number, c: number, d: number): number {
  const mix = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f)
  const spread = Math.imul(mix ^ mix >>> 15, 0x2c1b3c6d)
  return spread ^ spread >>> 13
}

/** Writes the words of a uuid, in either case, and its hash into `words`. @throws RangeError when it is no uuid */
export function parseUuid(text: string, words: Int32Array): void {
  const a1 = digitsAt(text, 0)
  const a2 = digitsAt(text, 4)
  const b1 = digitsAt(text, 9)
  const b2 = digitsAt(text, 14)
  const c1 = digitsAt(text, 19)
  const c2 = digitsAt(text, 24)
  const d1 = digitsAt(text, 28)
  const d2 = digitsAt(text, 32)
  const dashes =
    (text.charCodeAt(8) ^ DASH) | (text.charCodeAt(13) ^ DASH) | (text.charCodeAt(18) ^ DASH) | (text.charCodeAt(23) ^ DASH)
  if (text.length !== NAME_LENGTH || dashes !== 0 || (a1 | a2 | b1 | b2 | c1 | c2 | d1 | d2) < 0) {
    throw new RangeError(`Not a uuid: ${text}`)
  }
  words[0] = a1 << 16 | a2
  words[1] = b1 << 16 | b2
  words[2] = c1 << 16 | c2
  words[3] = d1 << 16 | d2
  words[4] = hashOf(words[0]!, words[1]!, words[2]!, words[3]!)
}

/**
 * Uuids as strings: a list of them is written on one sheet, one native call makes it a string, and its ids are slices of that.
 * Ids listed a moment ago are kept, because the top of a board is listed again and again.
 */
export class UuidNames {
  private ink = new Uint16Array(0)
  private paper = Buffer.alloc(0) // The same bytes.
  private readonly kept: string[] = Array<string>(KEPT).fill('')
  private readonly keptWords = new Int32Array(KEPT * 4)

  /** Makes room for `count` ids on the sheet. */
  take(count: number): void {
    if (this.paper.length >= count * NAME_LENGTH) return
    this.ink = new Uint16Array(Math.max(64, count) * NAME_LENGTH / 2)
    this.paper = Buffer.from(this.ink.buffer)
  }

  /** Returns the id whose four words and hash stand in `words` from `from` on when it is kept, else an empty string. */
  find(words: Int32Array, from: number): string {
    const { keptWords } = this
    const at = words[from + 4]! & KEPT - 1
    const held = at * 4
    return keptWords[held] === words[from] && keptWords[held + 1] === words[from + 1] && keptWords[held + 2] === words[from + 2]
      && keptWords[held + 3] === words[from + 3] ? this.kept[at]! : ''
  }

  /** Keeps an id and the words it stands for. */
  keep(words: Int32Array, from: number, name: string): void {
    const at = words[from + 4]! & KEPT - 1
    this.kept[at] = name
    for (let word = 0; word < 4; word++) this.keptWords[at * 4 + word] = words[from + word]!
  }

  /** Writes the id whose four words stand in `words` from `from` on as the one numbered `at` of the sheet, from 0. */
  write(at: number, words: Int32Array, from: number): void {
    const { ink } = this
    const a = words[from]!
    const b = words[from + 1]!
    const c = words[from + 2]!
    const d = words[from + 3]!
    const to = at * NAME_LENGTH / 2
    ink[to] = pairOf[a >>> 24]!
    ink[to + 1] = pairOf[a >>> 16 & 255]!
    ink[to + 2] = pairOf[a >>> 8 & 255]!
    ink[to + 3] = pairOf[a & 255]!
    ink[to + 4] = dashThen[b >>> 28]!
    ink[to + 5] = pairOf[b >>> 20 & 255]!
    ink[to + 6] = thenDash[b >>> 16 & 15]!
    ink[to + 7] = pairOf[b >>> 8 & 255]!
    ink[to + 8] = pairOf[b & 255]!
    ink[to + 9] = dashThen[c >>> 28]!
    ink[to + 10] = pairOf[c >>> 20 & 255]!
    ink[to + 11] = thenDash[c >>> 16 & 15]!
    ink[to + 12] = pairOf[c >>> 8 & 255]!
    ink[to + 13] = pairOf[c & 255]!
    ink[to + 14] = pairOf[d >>> 24]!
    ink[to + 15] = pairOf[d >>> 16 & 255]!
    ink[to + 16] = pairOf[d >>> 8 & 255]!
    ink[to + 17] = pairOf[d & 255]!
  }

  /** Returns the first `count` ids of the sheet, one after another without a gap. */
  read(count: number): string {
    return this.paper.toString('latin1', 0, count * NAME_LENGTH)
  }
}

/** Returns the id numbered `at` of what `UuidNames.read` returned. */
export function uuidAt(text: string, at: number): string {
  return text.substring(at * NAME_LENGTH, at * NAME_LENGTH + NAME_LENGTH)
}

/** Returns the value of four hexadecimal digits, below zero when one is none. */
function digitsAt(text: string, at: number): number {
  return valueOf[text.charCodeAt(at)]! << 12 | valueOf[text.charCodeAt(at + 1)]! << 8
    | valueOf[text.charCodeAt(at + 2)]! << 4 | valueOf[text.charCodeAt(at + 3)]!
}
