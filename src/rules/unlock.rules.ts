/** A rule made ready: when it is read, which occurrences it earns there, and how far it is. Pure. */
import { LIMITS } from '../platform/limits.ts'
import { dateOf, dayOf, endOf, startOf } from './calendar.rules.ts'
import {
  type Comparison, compile, type Compiled, factsIn, type NextStep, partDone, type ReadFact, type Repeat, type Rule, topicsOf,
  wholeCondition,
} from './condition.rules.ts'
import type { Catalog } from './fact.rules.ts'

/** A rule and its key: the achievement that it unlocks. */
export interface KeyedRule { key: string; rule: Rule }

/** An occurrence and the day at whose end its condition first held. */
export interface Earned { occurrence: string; day: number }

/** A rule made ready; `slots` are the facts it reads. */
export interface ReadyRule {
  key: string; rule: Rule; repeat: Repeat; slots: readonly number[]; topics: readonly string[]; compiled: Compiled
  /** Read as things happen, and not only once their day or period has closed. */
  isLive: boolean
  /** More events, late ones too, leave what is earned earned: then their order makes no difference, even to what is granted. */
  isGrowing: boolean
  index: number
}

/** Returns the rule made ready; `slotOf` gives a fact its place for subjects of the rule's kind. */
export function readyRule(
  { key, rule }: KeyedRule, catalog: Catalog, index: number, slotOf: (fact: string) => number,
): ReadyRule {
  const whole = wholeCondition(rule)
  const names = factsIn(whole)
  const compiled = compile(whole, catalog, slotOf)
  return {
    key, rule, index, compiled, repeat: rule.repeat ?? { mode: 'ONCE' }, slots: names.map(slotOf),
    topics: topicsOf(catalog, names),
    isLive: rule.live === true || compiled.trueStays.day,
    isGrowing: compiled.trueStays.any && (rule.repeat?.mode !== 'EVERY_PERIOD' || rule.repeat.max === undefined),
  }
}

/**
 * Returns the day on which a rule reads what happened on a day: that day, or the last of its period when it waits for the
 * close.
 */
export function readingDay({ repeat, isLive }: ReadyRule, day: number): number {
  return !isLive && repeat.mode === 'EVERY_PERIOD' ? endOf(repeat.period, day) : day
}

/** Returns the first day whose happenings are read together with those of the day. */
export function readingStart({ repeat, isLive }: ReadyRule, day: number): number {
  return !isLive && repeat.mode === 'EVERY_PERIOD' ? startOf(repeat.period, day) : day
}

/** Returns whether the rule is in force on the day; its dates are instants, read in the tenant's zone. */
export function isInForce({ rule: { effectiveFrom, effectiveTo } }: ReadyRule, day: number, zone: string): boolean {
  return (!effectiveFrom || day >= dayOf(zone, Date.parse(effectiveFrom)))
    && (!effectiveTo || day <= dayOf(zone, Date.parse(effectiveTo) - 1))
}

/** Returns whether the rule can earn nothing more after what it has earned. */
export function isSpent({ repeat }: ReadyRule, earned: readonly Earned[]): boolean {
  return earned.length >= (repeat.mode === 'ONCE' ? 1 : maxOf(repeat))
}

/** Adds the occurrences that are earned on the day to `earned`, which holds those of earlier days in their order. */
export function earnOn(ready: ReadyRule, earned: Earned[], day: number, read: ReadFact): void {
  const { repeat, compiled } = ready
  if (repeat.mode === 'EVERY_STEP') {
    const reached = Math.min(maxOf(repeat), stepsReached(ready, repeat.step, read))
    while (earned.length < reached) earned.push({ occurrence: `step:${earned.length + 1}`, day })
    return
  }
  const occurrence = occurrenceOn(repeat, day)
  if (earned.at(-1)?.occurrence !== occurrence && compiled.truth(read) === true) earned.push({ occurrence, day })
}

/** Returns the name of the occurrence that a day belongs to: `once`, or the period's unit and first date. */
export function occurrenceOn(repeat: Exclude<Repeat, { mode: 'EVERY_STEP' }>, day: number): string {
  return repeat.mode === 'ONCE' ? 'once' : `${repeat.period}:${dateOf(startOf(repeat.period, day))}`
}

/** Returns how far the occurrence under way is on the day, in percent with two decimals; what was granted stays at 100. */
export function percentOn(ready: ReadyRule, isGranted: (occurrence: string) => boolean, day: number, read: ReadFact): number {
  const { repeat, compiled } = ready
  if (repeat.mode !== 'EVERY_STEP') return isGranted(occurrenceOn(repeat, day)) ? 100 : compiled.progress(read)
  const steps = stepsReached(ready, repeat.step, read)
  if (steps >= maxOf(repeat)) return 100
  if (steps === 0) return compiled.progress(read)
  const goal = goalOf(ready.rule)
  return partDone((read(ready.slots[0]!) as number) - goal - (steps - 1) * repeat.step, repeat.step)
}

/** Returns the step to take next on the day, its goal raised to the next one of a rule that repeats; null when there is none. */
export function nextOn(
  ready: ReadyRule, isGranted: (occurrence: string) => boolean, day: number, read: ReadFact,
): NextStep | null {
  const { repeat, compiled, rule } = ready
  if (repeat.mode !== 'EVERY_STEP') return isGranted(occurrenceOn(repeat, day)) ? null : compiled.next(read)
  const steps = stepsReached(ready, repeat.step, read)
  if (steps >= maxOf(repeat)) return null
  const comparison = { ...rule.when as Comparison, value: goalOf(rule) + steps * repeat.step }
  return { comparison, have: read(ready.slots[0]!), percent: percentOn(ready, isGranted, day, read) }
}

const goalOf = (rule: Rule): number => (rule.when as Comparison).value as number

/** Returns how many occurrences there can be. */
export function maxOf(repeat: Repeat): number {
  if (repeat.mode === 'ONCE') return 1
  return repeat.max ?? (repeat.mode === 'EVERY_STEP' ? LIMITS.ruleStepsMax : Infinity)
}

/** The first step is the goal itself, each further one `step` above it. */
function stepsReached({ rule, compiled, slots: [slot] }: ReadyRule, step: number, read: ReadFact): number {
  return compiled.truth(read) === true ? Math.floor(((read(slot!) as number) - goalOf(rule)) / step + 1e-9) + 1 : 0
}
