/**
 * What rules must answer, told naively: every fact is read by walking over all events, every day on which something happened is
 * looked at. It shares nothing with the engine but dates and the condition's closures.
 */
import { dayOf, endOf, firstDayOf, startOf, unitOf } from '../src/rules/calendar.rules.ts'
import { comparisonsOf, compile, type Rule } from '../src/rules/condition.rules.ts'
import {
  attributeOf, type Catalog, type FactDefinition, type FactValue, isFrom, type RuleEvent,
} from '../src/rules/fact.rules.ts'

const dayIn = (fact: FactDefinition, event: RuleEvent, zone: string): number =>
  dayOf(fact.zone === 'USER' ? event.zone ?? zone : zone, event.atMs)

/** Returns a fact as it stood at the end of a day. Numbers of the tests are whole. */
export function factAt(fact: FactDefinition, events: readonly RuleEvent[], day: number, zone: string): FactValue {
  const { window = 'LIFETIME' } = fact
  const from = window === 'LIFETIME' ? -Infinity : typeof window === 'string' ? startOf(window, day) : day - window.lastDays + 1
  const within = events.filter(event => dayIn(fact, event, zone) >= from && dayIn(fact, event, zone) <= day)
  const own = within.filter(event => isFrom(fact, event) && (fact.of === undefined || attributeOf(event, fact.of) !== undefined))
  const valueOf = (event: RuleEvent) => fact.of === undefined ? 1 : attributeOf(event, fact.of) as number
  const sum = (list: readonly RuleEvent[]) => list.reduce((total, event) => total + valueOf(event), 0)
  switch (fact.kind) {
    case 'count': {
      const days = Map.groupBy(own, event => dayIn(fact, event, zone))
      return [...days.values()].reduce((total, list) => total + Math.min(list.length, fact.perDayMax ?? Infinity), 0)
    }
    case 'sum': return sum(own)
    case 'avg': return own.length < (fact.minSample ?? 1) ? null : sum(own) / own.length
    case 'distinct': return new Set(own.map(valueOf)).size
    case 'max': return own.length ? Math.max(...own.map(valueOf)) : null
    case 'min': return own.length ? Math.min(...own.map(valueOf)) : null
    case 'last': {
      const [latest] = [...own].sort((one, other) => other.atMs - one.atMs || (one.id < other.id ? 1 : -1))
      return latest ? attributeOf(latest, fact.of!)! : null
    }
    case 'ratio': {
      const under = within.filter(event => isFrom(fact.over!, event)).length
      return under < Math.max(1, fact.minSample ?? 1) ? null : sum(own) * (fact.percent ? 100 : 1) / under
    }
    case 'periods': return unitsDone(fact, own, zone).size
    case 'growth': {
      const unit = unitOf(fact.unit!, day)
      const sumIn = (number: number) => sum(own.filter(event => unitOf(fact.unit!, dayIn(fact, event, zone)) === number))
      return sumIn(unit - 1) > 0 ? (sumIn(unit) - sumIn(unit - 1)) * 100 / sumIn(unit - 1) : null
    }
    case 'streak': return streakAt(fact, own, within, day, zone)
  }
}

function unitsDone(fact: FactDefinition, own: readonly RuleEvent[], zone: string): Set<number> {
  const units = Map.groupBy(own, event => unitOf(fact.unit!, dayIn(fact, event, zone)))
  return new Set([...units].filter(([, list]) => list.length >= (fact.each ?? 1)).map(([unit]) => unit))
}

/** Walks over every unit of the calendar from the first that was done. */
function streakAt(
  fact: FactDefinition, own: readonly RuleEvent[], within: readonly RuleEvent[], day: number, zone: string,
): number {
  const done = unitsDone(fact, own, zone)
  const unitsOf = (type: string | undefined) =>
    within.filter(event => event.type === type).map(event => unitOf(fact.unit!, dayIn(fact, event, zone)))
  const [freezes, rests, today] = [unitsOf(fact.freeze), new Set(unitsOf(fact.rest)), unitOf(fact.unit!, day)]
  let [length, stock] = [0, 0]
  for (let unit = Math.min(today, ...done, ...freezes); unit <= today; unit++) {
    stock += freezes.filter(granted => granted === unit).length
    if (done.has(unit)) length++
    else if (unit === today || rests.has(unit) || length === 0) continue
    else if (stock > 0) stock--
    else length = 0
  }
  return length
}

/** Returns the occurrences that the events earn by the last closed day (`closed`), sorted; `isLive` as the rule's. */
export function occurrencesOf(
  rule: Rule, isLive: boolean, catalog: Catalog, events: readonly RuleEvent[], zone: string, closed: number,
): string[] {
  const names = [...new Set(comparisonsOf(rule.when).map(({ fact }) => fact))]
  const facts = names.map(name => catalog.facts.get(name)!)
  const { truth } = compile(rule.when, catalog, name => names.indexOf(name))
  const touches = (fact: FactDefinition, event: RuleEvent) =>
    (isFrom(fact, event) && (fact.of === undefined || attributeOf(event, fact.of) !== undefined))
    || (fact.over !== undefined && isFrom(fact.over, event)) || event.type === fact.freeze || event.type === fact.rest
  const days = new Set(facts.flatMap(fact => events.filter(event => touches(fact, event)).map(event => dayIn(fact, event, zone))))
  const repeat = rule.repeat ?? { mode: 'ONCE' }
  const found = new Set<string>()
  for (const happened of days) {
    const day = !isLive && repeat.mode === 'EVERY_PERIOD' ? endOf(repeat.period, happened) : happened
    if (!isLive && day > closed) continue
    const read = (slot: number) => factAt(facts[slot]!, events, day, zone)
    if (truth(read) !== true) continue
    if (repeat.mode === 'ONCE') found.add('once')
    else if (repeat.mode === 'EVERY_PERIOD') {
      const first = firstDayOf(repeat.period, unitOf(repeat.period, day))
      found.add(`${repeat.period}:${new Date(first * 86_400_000).toISOString().slice(0, 10)}`)
    } else {
      const goal = (rule.when as { value: number }).value
      const steps = Math.floor(((read(0) as number) - goal) / repeat.step) + 1
      for (let step = 1; step <= Math.min(steps, repeat.max ?? 1_000); step++) found.add(`step:${step}`)
    }
  }
  return [...found].sort().slice(0, repeat.mode === 'EVERY_PERIOD' ? repeat.max : undefined)
}
