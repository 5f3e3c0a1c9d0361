/**
 * The shape of rules as people write them: closed, bounded, over facts that are in the catalog. Every error names the place and
 * what to write instead. Checked when a rule is written, and again when it is loaded.
 */
import * as z from 'zod'
import { LIMITS } from '../platform/limits.ts'
import { UNITS } from './calendar.rules.ts'
import {
  type Comparison, type Condition, factsIn, OPS, type Rule, SUBJECTS, topicsOf, wholeCondition, withPrerequisites,
} from './condition.rules.ts'
import { attributeDefinition, type Catalog, trendOf } from './fact.rules.ts'
import { mendOf, type Mend } from './mend.rules.ts'

export type { Mend }

/** What was read, or what to mend. */
export type Parsed<T> = { value: T; mends?: undefined } | { value?: undefined; mends: Mend[] }

const key = z.string().regex(/^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/)
const finite = z.number()
const value = z.union([finite, z.boolean(), z.string().max(200), z.array(z.union([finite, z.string().max(200)]))
  .min(1).max(LIMITS.ruleListMax)])

const condition: z.ZodType<Condition> = z.lazy(() => z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all'), of: z.array(condition).min(1) }),
  z.strictObject({ kind: z.literal('any'), of: z.array(condition).min(1) }),
  z.strictObject({ kind: z.literal('atLeast'), k: z.int().min(1), of: z.array(condition).min(1) }),
  z.strictObject({ kind: z.literal('not'), of: condition }),
  z.strictObject({ kind: z.literal('cmp'), fact: z.string(), op: z.enum(OPS), value }),
]))

const max = z.int().min(1).optional()
const rule = z.strictObject({
  version: z.literal(1), on: z.array(z.string()).optional(), subject: z.enum(SUBJECTS), when: condition,
  repeat: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('ONCE') }),
    z.strictObject({ mode: z.literal('EVERY_PERIOD'), period: z.enum(UNITS), max }),
    z.strictObject({ mode: z.literal('EVERY_STEP'), step: z.number().positive(), max }),
  ]).optional(),
  live: z.boolean().optional(), prerequisites: z.array(key).max(LIMITS.ruleListMax).optional(),
  effectiveFrom: z.iso.datetime({ offset: true }).optional(), effectiveTo: z.iso.datetime({ offset: true }).optional(),
  onReversal: z.enum(['KEEP', 'REVOKE']).optional(),
})

/** Returns the rule that was written, or what to mend in it; bounds as in LIMITS.rule…. */
export function parseRule(input: unknown, catalog: Catalog): Parsed<Rule> {
  const size = sizeMend(input)
  if (size) return { mends: [size] }
  const parsed = rule.safeParse(input)
  if (!parsed.success) return { mends: parsed.error.issues.map(issue => mendOf(issue, input)) }
  const value = parsed.data as Rule
  const mends = conditionMends(value.when, 'when', catalog)
  if (!mends.length) mends.push(...ruleMends(value, catalog))
  return mends.length ? { mends } : { value }
}

/** Too much is refused before anything walks into it. */
function sizeMend(input: unknown): Mend | null {
  const bytes = Buffer.byteLength(JSON.stringify(input) ?? '')
  if (bytes > LIMITS.ruleBytesMax) {
    return { path: '', message: `This rule has ${bytes} bytes: write at most ${LIMITS.ruleBytesMax}, or split it into several.` }
  }
  let [level, depth, nodes] = [[(input as { when?: unknown } | null)?.when], 0, 0]
  while (level.length) {
    depth++
    nodes += level.length
    level = level.flatMap(node => (node as { of?: unknown } | null)?.of ?? []).filter(node => typeof node === 'object')
  }
  if (depth > LIMITS.ruleDepthMax) {
    return { path: 'when', message: `Conditions are ${depth} deep: nest them at most ${LIMITS.ruleDepthMax} deep.` }
  }
  return nodes <= LIMITS.ruleNodesMax ? null : {
    path: 'when', message: `There are ${nodes} conditions: write at most ${LIMITS.ruleNodesMax}, or split the rule.`,
  }
}

function conditionMends(node: Condition, path: string, catalog: Catalog): Mend[] {
  if (node.kind === 'cmp') return comparisonMends(node, path, catalog)
  if (node.kind === 'not') return conditionMends(node.of, `${path}.of`, catalog)
  const mends = node.of.flatMap((part, at) => conditionMends(part, `${path}.of[${at}]`, catalog))
  if (node.kind === 'atLeast' && node.k > node.of.length) {
    mends.push({ path: `${path}.k`, message: `${node.k} of ${node.of.length} can never hold: write 1 to ${node.of.length}.` })
  }
  return mends
}

function comparisonMends({ fact: name, op, value }: Comparison, path: string, catalog: Catalog): Mend[] {
  const fact = catalog.facts.get(name)
  if (!fact) return [{ path: `${path}.fact`, message: `"${name}" is not in the catalog: write ${nearest(name, catalog)}.` }]
  const type = fact.kind === 'last' ? attributeDefinition(catalog, fact.event, fact.of!)!.type : 'number'
  const jsType = { number: 'number', text: 'string', flag: 'boolean' }[type]
  const written = { number: 'a number', text: 'a text', flag: 'true or false' }[type]
  const isOrdered = op !== 'eq' && op !== 'ne' && op !== 'in'
  if (isOrdered && type !== 'number') {
    const ops = type === 'text' ? 'eq, ne or in' : 'eq, ne'
    return [{ path: `${path}.op`, message: `${name} is ${written}, which has no order: write ${ops}.` }]
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const mend = (message: string): Mend[] => [{ path: `${path}.value`, message }]
  if ((op === 'in' || op === 'between') !== Array.isArray(value)) {
    return mend(op === 'in' ? 'in takes a list: write [1, 2].' : op === 'between'
      ? 'between takes two numbers: write [lowest, highest].' : `${op} takes one value: write ${written}.`)
  }
  if (values.some(one => typeof one !== jsType)) return mend(`${name} is compared with ${written}: write ${written}.`)
  if (op === 'between' && (values.length !== 2 || (values[0] as number) > (values[1] as number))) {
    return mend('between takes two numbers, the lower first: write [lowest, highest].')
  }
  return []
}

function ruleMends(rule: Rule, catalog: Catalog): Mend[] {
  const mends: Mend[] = []
  const whole = withPrerequisites(catalog, rule.prerequisites ?? [])
  const topics = topicsOf(whole, factsIn(wholeCondition(rule)))
  if (rule.on && [...new Set(rule.on)].sort().join() !== topics.join()) {
    const message = `The facts of this rule come from other events: write ${quoted(topics)}, or leave "on" out.`
    mends.push({ path: 'on', message })
  }
  const { repeat, when } = rule
  if (repeat?.mode === 'EVERY_STEP') {
    const fact = when.kind === 'cmp' && when.op === 'gte' ? catalog.facts.get(when.fact) : undefined
    const isLifelong = fact && (fact.window ?? 'LIFETIME') === 'LIFETIME' && trendOf(catalog, fact).day === 'UP'
    if (!isLifelong || rule.prerequisites?.length) {
      mends.push({
        path: 'repeat.mode', message: 'Steps are taken along one fact that only grows, of all time and without prerequisites: ' +
          'write a single cmp with gte, or repeat EVERY_PERIOD.',
      })
    }
  }
  const { effectiveFrom, effectiveTo } = rule
  if (effectiveFrom && effectiveTo && Date.parse(effectiveFrom) >= Date.parse(effectiveTo)) {
    mends.push({ path: 'effectiveTo', message: 'The rule ends before it begins: write a time after effectiveFrom.' })
  }
  return mends
}

const quoted = (names: readonly string[]): string => `[${names.map(name => `"${name}"`).join(', ')}]`

/** Returns up to five facts, those that begin alike first. */
function nearest(name: string, { facts }: Catalog): string {
  const alike = (other: string): number => [...other].findIndex((letter, at) => letter !== name[at]) >>> 0
  const names = [...facts.keys()].sort((one, other) => alike(other) - alike(one) || (one < other ? -1 : 1))
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ' or another that it lists' : '')
}
