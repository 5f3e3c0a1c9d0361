/** Tells a rule to people: what it asks, and how far somebody is ("42 of 50 orders; 8 to go"). Pure. */
import type { Unit } from './calendar.rules.ts'
import { comparer, type Comparison, type Condition, type Op, type Rule } from './condition.rules.ts'
import type { AttributeValue, Catalog, FactDefinition, FactValue } from './fact.rules.ts'

/** Reads a fact by its name; null = unknown. */
export type ReadNamed = (fact: string) => FactValue

const UNIT_WORDS: Record<Unit, [one: string, many: string, current: string]> = {
  DAY: ['day', 'days', 'today'], WEEK: ['week', 'weeks', 'this week'], MONTH: ['month', 'months', 'this month'],
  QUARTER: ['quarter', 'quarters', 'this quarter'], YEAR: ['year', 'years', 'this year'],
}
const OP_WORDS: Record<Op, string> = {
  eq: 'exactly', ne: 'not', gt: 'more than', gte: 'at least', lt: 'less than', lte: 'at most', in: 'one of', between: 'from',
}
const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })

/** Returns what a rule asks, as a sentence. */
export function requirementOf({ when, repeat }: Rule, catalog: Catalog): string {
  const asked = askedFor(when, catalog)
  const rhythm = repeat?.mode === 'EVERY_PERIOD' ? `, every ${UNIT_WORDS[repeat.period][0]}`
    : repeat?.mode === 'EVERY_STEP' ? `, and again every ${number(repeat.step)} more` : ''
  return sentence(`${asked}${rhythm}`)
}

/** Returns how far somebody is, as a sentence; `step` is the goal of the step under way of a rule that repeats by step. */
export function explanationOf(when: Condition, catalog: Catalog, read: ReadNamed, step?: number): string {
  return sentence(toldOf(step === undefined ? when : { ...when as Comparison, value: step }, catalog, read))
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`
const number = (value: number): string => numbers.format(value).replace('-', '−')

function askedFor(node: Condition, catalog: Catalog): string {
  switch (node.kind) {
    case 'cmp': return askedComparison(node, catalog.facts.get(node.fact)!)
    case 'not': return `not: ${askedFor(node.of, catalog)}`
    default: return joined(node, node.of.map(part => nested(part, askedFor(part, catalog))))
  }
}

function toldOf(node: Condition, catalog: Catalog, read: ReadNamed): string {
  switch (node.kind) {
    case 'cmp': return toldComparison(node, catalog.facts.get(node.fact)!, read(node.fact))
    case 'not': return `not: ${toldOf(node.of, catalog, read)}`
    default: return joined(node, node.of.map(part => nested(part, toldOf(part, catalog, read))))
  }
}

const nested = ({ kind }: Condition, text: string): string => kind === 'cmp' || kind === 'not' ? text : `(${text})`

function joined(node: Exclude<Condition, { kind: 'cmp' | 'not' }>, parts: string[]): string {
  if (node.kind === 'atLeast') return `at least ${node.k} of these ${parts.length}: ${parts.join(' · ')}`
  return parts.join(node.kind === 'all' ? ', and ' : ', or ')
}

/** Whether a fact is a number of things, so that "42 of 50" and "8 to go" can be said. */
function isCounted({ kind }: FactDefinition): boolean {
  return kind === 'count' || kind === 'sum' || kind === 'distinct' || kind === 'periods' || kind === 'streak'
}

function askedComparison({ op, value }: Comparison, fact: FactDefinition): string {
  if (!isCounted(fact)) return `${nameOf(fact)} ${OP_WORDS[op]} ${goalOf(op, value, fact)}${windowOf(fact)}`
  return `${OP_WORDS[op]} ${goalOf(op, value, fact)} ${thingsOf(fact, value)}${windowOf(fact)}`
}

function toldComparison({ op, value }: Comparison, fact: FactDefinition, have: FactValue): string {
  const isGoal = op === 'gte' || op === 'gt'
  if (isCounted(fact) && isGoal) {
    const [done, goal] = [have as number, value as number]
    const isReached = op === 'gte' ? done >= goal : done > goal
    const of = op === 'gt' ? ' more than' : ''
    const left = op === 'gt' ? `more than ${amount(goal - done, fact)} to go` : `${amount(goal - done, fact)} to go`
    const things = `${amount(goal, fact)} ${thingsOf(fact, goal)}${windowOf(fact)}`
    return `${amount(done, fact)} of${of} ${things}; ${isReached ? 'done' : left}`
  }
  const asked = `${OP_WORDS[op]} ${goalOf(op, value, fact)}`
  if (have === null) return `${nameOf(fact)}${windowOf(fact)} not known yet; ${asked} is needed`
  const isReached = comparer(op, value)(have)
  const needed = `${asked} is needed`
  return isCounted(fact)
    ? `${amount(have, fact)} ${thingsOf(fact, have)}${windowOf(fact)}; ${isReached ? `within ${asked}` : needed}`
    : `${nameOf(fact)} ${amount(have, fact)}${windowOf(fact)}; ${isReached ? `done (${asked})` : needed}`
}

function goalOf(op: Op, value: Comparison['value'], fact: FactDefinition): string {
  if (!Array.isArray(value)) return amount(value as AttributeValue, fact)
  return (value as readonly AttributeValue[]).map(one => amount(one, fact)).join(op === 'between' ? ' to ' : ', ')
}

function amount(value: AttributeValue, { words: { unit } }: FactDefinition): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'number' ? `${number(value)}${unit ? ` ${unit}` : ''}` : `"${value}"`
}

const nameOf = ({ words: { name, many } }: FactDefinition): string => name ?? many!

function thingsOf({ kind, unit, words }: FactDefinition, value: Comparison['value'] | number): string {
  const { one, many, name } = words
  if (kind !== 'periods' && kind !== 'streak') return value === 1 ? one ?? name! : many ?? name!
  const [single, several] = UNIT_WORDS[unit!]
  return `${value === 1 ? single : several}${kind === 'streak' ? ' in a row' : ''} with ${name ?? many!}`
}

function windowOf({ window = 'LIFETIME', kind, unit }: FactDefinition): string {
  if (kind === 'growth') return ` ${UNIT_WORDS[unit!][2]} over the ${UNIT_WORDS[unit!][0]} before`
  if (window === 'LIFETIME') return ''
  return typeof window === 'string' ? ` ${UNIT_WORDS[window][2]}` : ` in the last ${window.lastDays} days`
}
