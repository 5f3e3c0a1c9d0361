/**
 * What is kept of one fact of one subject: a bucket a local day. Events are added and taken away in any order; equal sets
 * of events make equal buckets. Pure.
 */
import type { AttributeValue, FactDefinition } from './fact.rules.ts'

/** What an event is to a fact: counted, divided by, a freeze, or a rest. */
export type Part = 'TOP' | 'UNDER' | 'FREEZE' | 'REST'

/**
 * One local day. `n` events were counted, with the sum `sum`; `m` events make `under`, which is divided by. Sums are whole,
 * in the smallest unit of their attribute.
 */
export interface Bucket {
  day: number; n: number; sum: number; m: number; under: number; freezes: number; rests: number
  values: Map<AttributeValue, number> | null
  lasts: [atMs: number, id: string, value: AttributeValue][] | null
}

/** A bucket as it stands in a snapshot. */
export type PackedBucket = [
  day: number, n: number, sum: number, m: number, under: number, freezes: number, rests: number,
  values: [AttributeValue, number][] | null, lasts: Bucket['lasts'],
]

/** The buckets of one fact of one subject, in the order of their days, with the sums of the window read last. */
export class Buckets {
  readonly list: Bucket[] = []
  /** How often each thing stands in all buckets; of `distinct` only. */
  readonly totals: Map<AttributeValue, number> | null
  /** Changes with every event, so that what was read can be kept until then. */
  version = 0
  /** The last value read, for a day and a version. */
  memo: { day: number; version: number; value: AttributeValue | null } | null = null
  readonly #keeps: 'VALUES' | 'LASTS' | 'SUMS'
  readonly #perDayMax: number
  #window: Sums | null = null

  constructor({ kind, perDayMax }: FactDefinition) {
    this.#keeps = kind === 'last' ? 'LASTS' : kind === 'distinct' || kind === 'max' || kind === 'min' ? 'VALUES' : 'SUMS'
    this.#perDayMax = perDayMax ?? Infinity
    this.totals = kind === 'distinct' ? new Map() : null
  }

  /**
   * Adds an event (`sign` 1) or takes it away (−1); `value` is whole, in the smallest unit.
   * @throws Error when it takes away what was never added; nothing has changed then
   */
  change(sign: 1 | -1, part: Part, day: number, atMs: number, id: string, value: AttributeValue): void {
    const at = this.placeOf(day)
    let bucket = this.list[at]
    if (bucket?.day !== day) {
      if (sign < 0) throw neverAdded(id)
      bucket = { day, n: 0, sum: 0, m: 0, under: 0, freezes: 0, rests: 0, values: null, lasts: null }
      this.list.splice(at, 0, bucket)
      if (this.#window && at < this.#window.high) this.#window = null
    }
    const before = Math.min(bucket.n, this.#perDayMax)
    const { sum, under } = bucket
    this.#put(bucket, sign, part, atMs, id, value)
    this.version++
    const window = this.#window
    if (window && at >= window.low && at < window.high) {
      window.n += Math.min(bucket.n, this.#perDayMax) - before
      window.sum += bucket.sum - sum
      window.under += bucket.under - under
    }
    if (sign < 0 && bucket.n + bucket.m + bucket.freezes + bucket.rests === 0) {
      this.list.splice(at, 1)
      if (window && at < window.high) this.#window = null
    }
  }

  /** Returns the sums over the buckets from the day `from` to the day `to`, both included; they are not to be kept. */
  sumsOf(from: number, to: number): Readonly<Sums> {
    const { list } = this
    let window = this.#window
    if (!window || from < window.from || to < window.to) {
      const low = from === -Infinity ? 0 : this.placeOf(from)
      window = this.#window = { from, to, low, high: low, n: 0, sum: 0, under: 0 }
    }
    for (let next = list[window.high]; next && next.day <= to; next = list[window.high]) this.#count(window, window.high++, 1)
    for (let first = list[window.low]; first && first.day < from; first = list[window.low]) {
      this.#count(window, window.low++, -1)
    }
    window.from = from
    window.to = to
    return window
  }

  /** Returns the place of the first bucket of that day or later; most often there is none, or the last. */
  placeOf(day: number): number {
    const { list } = this
    const last = list.length - 1
    if (last < 0 || list[last]!.day < day) return last + 1
    if (list[last]!.day === day) return last
    let [low, high] = [0, last]
    while (low < high) {
      const middle = (low + high) >> 1
      if (list[middle]!.day < day) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Returns the buckets as JSON. */
  pack(): PackedBucket[] {
    return this.list.map(packed)
  }

  /** Returns a day's bucket as JSON, or null when nothing is in it. */
  packDay(day: number): PackedBucket | null {
    const bucket = this.list[this.placeOf(day)]
    return bucket?.day === day ? packed(bucket) : null
  }

  /** Puts packed buckets into an empty list. */
  unpack(packed: readonly PackedBucket[]): void {
    for (const [day, n, sum, m, under, freezes, rests, values, lasts] of packed) {
      this.list.push({ day, n, sum, m, under, freezes, rests, values: values && new Map(values), lasts })
      for (const [value, times] of values ?? []) this.totals?.set(value, (this.totals.get(value) ?? 0) + times)
    }
  }

  #count(window: Sums, at: number, sign: 1 | -1): void {
    const { n, sum, under } = this.list[at]!
    window.n += sign * Math.min(n, this.#perDayMax)
    window.sum += sign * sum
    window.under += sign * under
  }

  #put(bucket: Bucket, sign: 1 | -1, part: Part, atMs: number, id: string, value: AttributeValue): void {
    const field = part === 'TOP' ? 'n' : part === 'UNDER' ? 'm' : part === 'FREEZE' ? 'freezes' : 'rests'
    if (sign < 0 && bucket[field] < 1) throw neverAdded(id)
    if (part === 'TOP' && this.#keeps === 'VALUES') {
      tally(bucket.values ??= new Map(), sign, value, id)
      if (this.totals) tally(this.totals, sign, value, id)
    } else if (part === 'TOP' && this.#keeps === 'LASTS') {
      keepLast(bucket.lasts ??= [], sign, [atMs, id, value])
    } else if (part === 'TOP' || part === 'UNDER') {
      bucket[part === 'TOP' ? 'sum' : 'under'] += sign * (value as number)
    }
    bucket[field] += sign
  }
}

function packed({ day, n, sum, m, under, freezes, rests, values, lasts }: Bucket): PackedBucket {
  return [day, n, sum, m, under, freezes, rests, values && [...values], lasts]
}

/** Sums over a run of buckets: those at `low` up to, not including, `high`. */
export interface Sums { from: number; to: number; low: number; high: number; n: number; sum: number; under: number }

function neverAdded(id: string): Error {
  return new Error(`The event ${id} is taken away, but was never added`)
}

function tally(values: Map<AttributeValue, number>, sign: 1 | -1, value: AttributeValue, id: string): void {
  const times = (values.get(value) ?? 0) + sign
  if (times < 0) throw neverAdded(id)
  if (times === 0) values.delete(value)
  else values.set(value, times)
}

/** Keeps values in the order of their time, then their id: the latest is the last. */
function keepLast(lasts: NonNullable<Bucket['lasts']>, sign: 1 | -1, entry: NonNullable<Bucket['lasts']>[number]): void {
  const [atMs, id] = entry
  let at = lasts.length
  while (at > 0 && (lasts[at - 1]![0] > atMs || (lasts[at - 1]![0] === atMs && lasts[at - 1]![1] > id))) at--
  if (sign > 0) {
    lasts.splice(at, 0, entry)
    return
  }
  if (lasts[at - 1]?.[0] !== atMs || lasts[at - 1]?.[1] !== id) throw neverAdded(id)
  lasts.splice(at - 1, 1)
}
