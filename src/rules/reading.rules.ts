/** Reads a fact from its buckets as it stood at the end of a day, and says what an event adds to it. Pure. */
import type { Bucket, Buckets, Part } from './bucket.rules.ts'
import { startOf, type Unit, unitOf } from './calendar.rules.ts'
import {
  attributeDefinition, attributeOf, type AttributeValue, type Catalog, type FactDefinition, type FactValue, type RuleEvent,
  type Source,
} from './fact.rules.ts'

/** A fact made ready: its definition with the scales of its numbers. */
export interface Reader {
  fact: FactDefinition
  scale: number // Smallest units in one of what is counted or summed.
  underScale: number
  /** Returns the fact's value at the end of the day. */
  read(buckets: Buckets, day: number): FactValue
}

/** Returns the fact made ready to be read; the catalog knows its attributes. */
export function readerOf(catalog: Catalog, fact: FactDefinition): Reader {
  const scale = scaleOf(catalog, fact)
  const underScale = fact.over ? scaleOf(catalog, fact.over) : 1
  const read = kindReader(fact, scale, underScale)
  return {
    fact, scale, underScale,
    read(buckets, day) {
      const { memo, version } = buckets
      if (memo && memo.day === day && memo.version === version) return memo.value
      const value = read(buckets, day)
      buckets.memo = { day, version, value }
      return value
    },
  }
}

/**
 * Returns what the event puts into the fact's bucket, or null when it lacks the attribute that is read. Numbers come in
 * the smallest unit of their attribute, rounded half-up.
 */
export function contributionOf(reader: Reader, source: Source, part: Part, event: RuleEvent): AttributeValue | null {
  if (part === 'FREEZE' || part === 'REST') return 1
  if (source.of === undefined) return 1
  const value = attributeOf(event, source.of)
  const { kind } = reader.fact
  if (part === 'TOP' && (kind === 'distinct' || kind === 'last')) {
    return value === undefined ? null : typeof value === 'number' && kind === 'last' ? whole(value, reader.scale) : value
  }
  return typeof value === 'number' ? whole(value, part === 'TOP' ? reader.scale : reader.underScale) : null
}

/** Returns the first day that belongs to the fact's window at the end of the day. */
export function windowStart({ window = 'LIFETIME' }: FactDefinition, day: number): number {
  if (window === 'LIFETIME') return -Infinity
  return typeof window === 'string' ? startOf(window, day) : day - window.lastDays + 1
}

/** Returns the value rounded half-up to so many places. */
export function rounded(value: number, places: number): number {
  const scale = 10 ** places
  // A step of 1e-9 makes 4.805, which a binary fraction cannot hold, round as people do.
  return Math.floor(value * scale + 0.5 + 1e-9) / scale
}

function whole(value: number, scale: number): number | null {
  const units = Math.floor(value * scale + 0.5)
  return Number.isSafeInteger(units) ? units : null
}

function scaleOf(catalog: Catalog, { event, of }: Source): number {
  return of === undefined ? 1 : 10 ** (attributeDefinition(catalog, event, of)?.decimals ?? 0)
}

type Read = (buckets: Buckets, day: number) => FactValue

function kindReader(fact: FactDefinition, scale: number, underScale: number): Read {
  const from = (day: number): number => windowStart(fact, day)
  const at = (value: number): number => fact.round === undefined ? value : rounded(value, fact.round)
  const sample = Math.max(1, fact.minSample ?? 1)
  switch (fact.kind) {
    case 'count': return (buckets, day) => buckets.sumsOf(from(day), day).n
    case 'sum': return (buckets, day) => buckets.sumsOf(from(day), day).sum / scale
    case 'avg': return (buckets, day) => {
      const { n, sum } = buckets.sumsOf(from(day), day)
      return n < sample ? null : at(sum / (n * scale))
    }
    case 'ratio': return (buckets, day) => {
      const { sum, under } = buckets.sumsOf(from(day), day)
      if (under <= 0 || under < (fact.minSample ?? 0) * underScale) return null
      return at(sum * (fact.percent ? 100 : 1) * underScale / (under * scale))
    }
    case 'distinct': return (buckets, day) => distinctIn(buckets, from(day), day)
    case 'max': case 'min': return (buckets, day) => extremeIn(buckets, from(day), day, fact.kind === 'max' ? 1 : -1, scale)
    case 'last': return (buckets, day) => lastIn(buckets, from(day), day, scale)
    case 'periods': return (buckets, day) => unitsIn(buckets, fact, from(day), day).length
    case 'streak': return (buckets, day) => streakAt(buckets, fact, day)
    case 'growth': return (buckets, day) => {
      const growth = growthAt(buckets, fact.unit!, day)
      return growth === null ? null : at(growth)
    }
  }
}

function* run(buckets: Buckets, from: number, to: number): Generator<Bucket> {
  const { list } = buckets
  for (let at = from === -Infinity ? 0 : buckets.placeOf(from); at < list.length && list[at]!.day <= to; at++) yield list[at]!
}

function distinctIn(buckets: Buckets, from: number, day: number): number {
  if (from === -Infinity && (buckets.list.at(-1)?.day ?? day) <= day) return buckets.totals!.size
  const seen = new Set<AttributeValue>()
  for (const { values } of run(buckets, from, day)) for (const value of values?.keys() ?? []) seen.add(value)
  return seen.size
}

function extremeIn(buckets: Buckets, from: number, day: number, sign: 1 | -1, scale: number): number | null {
  let extreme: number | null = null
  for (const { values } of run(buckets, from, day)) {
    for (const value of values?.keys() ?? []) {
      if (extreme === null || (value as number) * sign > extreme * sign) extreme = value as number
    }
  }
  return extreme === null ? null : extreme / scale
}

function lastIn(buckets: Buckets, from: number, day: number, scale: number): FactValue {
  let found: AttributeValue | null = null
  for (const { lasts } of run(buckets, from, day)) found = lasts?.at(-1)?.[2] ?? found
  return typeof found === 'number' ? found / scale : found
}

/** A unit with what happened in it. */
interface Done { unit: number; isDone: boolean; sum: number; freezes: number; rests: number }

function unitsWith(buckets: Buckets, { unit: each, rising, each: least = 1 }: FactDefinition, from: number, to: number): Done[] {
  const units: (Done & { n: number })[] = []
  for (const { day, n, sum, freezes, rests } of run(buckets, from, to)) {
    const unit = unitOf(each!, day)
    let last = units.at(-1)
    if (last?.unit !== unit) units.push(last = { unit, isDone: false, sum: 0, freezes: 0, rests: 0, n: 0 })
    last.n += n
    last.sum += sum
    last.freezes += freezes
    last.rests += rests
  }
  for (const [at, one] of units.entries()) {
    const before = units[at - 1]
    one.isDone = rising ? before?.unit === one.unit - 1 && before.sum > 0 && one.sum > before.sum : one.n >= least
  }
  return units
}

function unitsIn(buckets: Buckets, fact: FactDefinition, from: number, to: number): Done[] {
  return unitsWith(buckets, fact, from, to).filter(({ isDone }) => isDone)
}

/**
 * Returns the units in a row that were done, up to the day. A missed unit uses up a freeze, the oldest first, while there
 * is a streak to protect; a unit of rest is passed over; the unit of the day itself breaks nothing, for it is not over.
 */
function streakAt(buckets: Buckets, fact: FactDefinition, day: number): number {
  const today = unitOf(fact.unit!, day)
  let [length, freezes, next] = [0, 0, -Infinity]
  for (const { unit, isDone, freezes: granted, rests } of unitsWith(buckets, fact, -Infinity, day)) {
    const missed = Math.min(unit - next, length > 0 ? Infinity : 0)
    if (missed > freezes) length = 0
    freezes = Math.max(0, freezes - missed) + granted
    if (isDone) length++
    else if (unit !== today && rests === 0 && length > 0) {
      if (freezes > 0) freezes--
      else length = 0
    }
    next = unit + 1
  }
  return length > 0 && today - next > freezes ? 0 : length
}

/** Returns by how many percent the sum of the day's unit, so far, is above that of the unit before; null without one. */
function growthAt(buckets: Buckets, unit: Unit, day: number): number | null {
  const start = startOf(unit, day)
  let [sum, before] = [0, 0]
  for (const bucket of run(buckets, startOf(unit, start - 1), day)) {
    if (bucket.day < start) before += bucket.sum
    else sum += bucket.sum
  }
  return before <= 0 ? null : (sum - before) * 100 / before
}
