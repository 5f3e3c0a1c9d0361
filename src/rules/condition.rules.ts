/**
 * The condition tree: truth in three values (null = unknown), progress in percent, and what more events can do to it. Compiled
 * once to closures; a condition holds no state. Pure.
 */
import type { Unit } from './calendar.rules.ts'
import { type AttributeValue, type Catalog, type FactValue, type Trend, trendOf, UNLOCK_EVENT } from './fact.rules.ts'

export const OPS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'between'] as const
export type Op = typeof OPS[number]

/** One comparison of a fact; `in` takes a list, `between` the lowest and the highest number that will do. */
export interface Comparison { kind: 'cmp'; fact: string; op: Op; value: AttributeValue | readonly AttributeValue[] }

/** A condition: comparisons joined by all, any, at least k, and not. */
export type Condition =
  | Comparison
  | { kind: 'all' | 'any'; of: readonly Condition[] }
  | { kind: 'atLeast'; k: number; of: readonly Condition[] }
  | { kind: 'not'; of: Condition }

/** How often a rule unlocks: once, once a period of the tenant's calendar, or at every further step of its one fact. */
export type Repeat =
  | { mode: 'ONCE' }
  | { mode: 'EVERY_PERIOD'; period: Unit; max?: number }
  | { mode: 'EVERY_STEP'; step: number; max?: number }

export const SUBJECTS = ['USER', 'TEAM', 'TENANT'] as const
export type SubjectKind = typeof SUBJECTS[number]

/**
 * A rule (RULE-1). `on` repeats which event types it listens to; `live` unlocks on the spot what could still fall again before
 * its day or period closes; dates are instants, the last one excluded.
 */
export interface Rule {
  version: 1; on?: readonly string[]; subject: SubjectKind; when: Condition; repeat?: Repeat; live?: boolean
  prerequisites?: readonly string[]; effectiveFrom?: string; effectiveTo?: string; onReversal?: 'KEEP' | 'REVOKE'
}

/** Returns the value of the fact in this slot. */
export type ReadFact = (slot: number) => FactValue

/** The open leaf that stands nearest to its goal in the way the tree needs it, with the numbers as read. */
export interface NextStep { comparison: Comparison; have: FactValue; percent: number }

/** A condition made ready. */
export interface Compiled {
  /** Returns whether it holds; null = unknown, which unlocks nothing. */
  truth(read: ReadFact): boolean | null
  /** Returns 0 to 100 with two decimals; 100 only if it holds (RULE-6). */
  progress(read: ReadFact): number
  /** Returns the leaf to work on next, or null when it holds. */
  next(read: ReadFact): NextStep | null
  /** Once it is true (false) more events leave it so: on the day itself, or on any day. */
  trueStays: Stays; falseStays: Stays
}
interface Stays { day: boolean; any: boolean }

/** How the facts are named that prerequisites read: this, and the key. */
export const UNLOCKED = 'unlocked:'

/** Returns the prerequisites as part of the condition: their unlocks are facts. */
export function wholeCondition({ when, prerequisites = [] }: Pick<Rule, 'when' | 'prerequisites'>): Condition {
  if (!prerequisites.length) return when
  const unlocked = prerequisites.map((key): Condition => ({ kind: 'cmp', fact: `${UNLOCKED}${key}`, op: 'gte', value: 1 }))
  return { kind: 'all', of: [...unlocked, when] }
}

/** Returns the catalog with the facts that prerequisites read. */
export function withPrerequisites(catalog: Catalog, keys: Iterable<string>): Catalog {
  const facts = new Map(catalog.facts)
  for (const key of keys) {
    facts.set(`${UNLOCKED}${key}`, {
      kind: 'count', event: UNLOCK_EVENT, where: { achievement: key },
      words: { one: `unlock of ${key}`, many: `unlocks of ${key}` },
    })
  }
  return { facts, events: new Map(catalog.events).set(UNLOCK_EVENT, { achievement: { type: 'text' } }) }
}

/** Returns the comparisons of a condition, in reading order. */
export function comparisonsOf(condition: Condition): Comparison[] {
  if (condition.kind === 'cmp') return [condition]
  return condition.kind === 'not' ? comparisonsOf(condition.of) : condition.of.flatMap(comparisonsOf)
}

/** Returns the names of the facts a condition reads, each once. */
export function factsIn(condition: Condition): string[] {
  return [...new Set(comparisonsOf(condition).map(({ fact }) => fact))]
}

/** Returns the event types that can change what a rule reads, sorted. */
export function topicsOf(catalog: Catalog, factNames: readonly string[]): string[] {
  const topics = factNames.flatMap(name => {
    const { event, over, freeze, rest } = catalog.facts.get(name)!
    return [event, over?.event, freeze, rest].filter(topic => topic !== undefined)
  })
  return [...new Set(topics)].sort()
}

/** Returns the condition made ready; `slotOf` gives each fact its place. All facts must be in the catalog. */
export function compile(condition: Condition, catalog: Catalog, slotOf: (fact: string) => number): Compiled {
  switch (condition.kind) {
    case 'cmp': return compileComparison(condition, catalog, slotOf(condition.fact))
    case 'not': {
      const inner = compile(condition.of, catalog, slotOf)
      const truth = (read: ReadFact) => {
        const held = inner.truth(read)
        return held === null ? null : !held
      }
      const [leaf] = comparisonsOf(condition.of)
      return {
        truth, progress: read => truth(read) === true ? 100 : 0, trueStays: inner.falseStays, falseStays: inner.trueStays,
        next: read => truth(read) === true ? null : { comparison: leaf!, have: read(slotOf(leaf!.fact)), percent: 0 },
      }
    }
    default: {
      const parts = condition.of.map(part => compile(part, catalog, slotOf))
      const k = condition.kind === 'atLeast' ? condition.k : condition.kind === 'all' ? parts.length : 1
      return compileGroup(parts, k)
    }
  }
}

/** At least k of the parts: `all` is k = all of them, `any` is k = 1. */
function compileGroup(parts: readonly Compiled[], k: number): Compiled {
  const truth = (read: ReadFact) => {
    let [held, unknown] = [0, 0]
    for (const part of parts) {
      const one = part.truth(read)
      if (one === true && ++held >= k) return true
      if (one === null) unknown++
    }
    return held + unknown >= k ? null : false
  }
  const kth = <T>(each: (part: Compiled) => T, percentOf: (one: T) => number): T =>
    parts.map(each).sort((one, other) => percentOf(other) - percentOf(one))[k - 1]!
  return {
    truth,
    progress: read => {
      if (parts.length === 1) return parts[0]!.progress(read)
      return kth(part => part.progress(read), percent => percent)
    },
    next: read => truth(read) === true
      ? null
      : kth(part => ({ step: part.next(read), percent: part.progress(read) }), ({ percent }) => percent).step,
    trueStays: everyStays(parts.map(part => part.trueStays)), falseStays: everyStays(parts.map(part => part.falseStays)),
  }
}

const everyStays = (all: readonly Stays[]): Stays => ({ day: all.every(({ day }) => day), any: all.every(({ any }) => any) })

function compileComparison(comparison: Comparison, catalog: Catalog, slot: number): Compiled {
  const { fact, op, value } = comparison
  const compare = comparer(op, value)
  const truth = (read: ReadFact) => {
    const have = read(slot)
    return have === null ? null : compare(have)
  }
  const isGraded = (op === 'gte' || op === 'gt') && (value as number) > 0
  const progress = (read: ReadFact) => {
    const have = read(slot)
    if (have !== null && compare(have)) return 100
    return isGraded && have !== null ? partDone(have as number, value as number) : 0
  }
  const next = (read: ReadFact) => truth(read) === true ? null : { comparison, have: read(slot), percent: progress(read) }
  const { day, any } = trendOf(catalog, catalog.facts.get(fact)!)
  const stays = (upward: boolean, trend: Trend): boolean => trend === (upward ? 'UP' : 'DOWN')
  const [isUpper, isLower] = [op === 'gte' || op === 'gt', op === 'lte' || op === 'lt']
  return {
    truth, progress, next,
    trueStays: isUpper || isLower ? { day: stays(isUpper, day), any: stays(isUpper, any) } : NEVER,
    falseStays: isUpper || isLower ? { day: stays(isLower, day), any: stays(isLower, any) } : NEVER,
  }
}

const NEVER: Stays = { day: false, any: false }

/** Returns how much of a goal is reached, in percent with two decimals, half-up: from 0 to 99.99, for it is not reached. */
export function partDone(have: number, goal: number): number {
  return Math.min(99.99, Math.max(0, Math.floor(have * 10_000 / goal + 0.5) / 100))
}

/** Returns the comparison with a value that its op allows. */
export function comparer(op: Op, value: Comparison['value']): (have: AttributeValue) => boolean {
  switch (op) {
    case 'eq': return have => have === value
    case 'ne': return have => have !== value
    case 'gt': return have => (have as number) > (value as number)
    case 'gte': return have => (have as number) >= (value as number)
    case 'lt': return have => (have as number) < (value as number)
    case 'lte': return have => (have as number) <= (value as number)
    case 'in': {
      const list = new Set(value as readonly AttributeValue[])
      return have => list.has(have)
    }
    case 'between': {
      const [low, high] = value as [number, number]
      return have => (have as number) >= low && (have as number) <= high
    }
  }
}
