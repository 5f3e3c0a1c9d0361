/**
 * The shape of a catalog as packs and admins write it: event types with their attributes, and facts made of them. Closed and
 * bounded.
 */
import * as z from 'zod'
import { LIMITS } from '../platform/limits.ts'
import { UNITS } from './calendar.rules.ts'
import type { Parsed } from './condition.shapes.ts'
import {
  attributeDefinition, type Catalog, type EventDefinition, FACT_KINDS, type FactDefinition, type FactKind, type Source,
} from './fact.rules.ts'
import { type Mend, mendOf } from './mend.rules.ts'

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
const source = {
  event: name, where: z.record(name, z.union([z.string().max(200), z.number(), z.boolean()])).optional(), of: name.optional(),
}
const word = z.string().min(1).max(80)
const places = z.int().min(0).max(4)
const count = z.int().min(1).max(1_000_000)
const fact = z.strictObject({
  kind: z.enum(FACT_KINDS), ...source,
  window: z.union([z.enum(['LIFETIME', ...UNITS]), z.strictObject({ lastDays: z.int().min(1).max(LIMITS.ruleWindowDaysMax) })])
    .optional(),
  zone: z.enum(['TENANT', 'USER']).optional(), over: z.strictObject(source).optional(), percent: z.boolean().optional(),
  minSample: count.optional(), round: places.optional(), perDayMax: count.optional(), unit: z.enum(UNITS).optional(),
  each: count.optional(), rising: z.boolean().optional(), freeze: name.optional(), rest: name.optional(),
  words: z.strictObject({ one: word.optional(), many: word.optional(), name: word.optional(), unit: word.optional() }),
})
const attribute = z.strictObject({
  type: z.enum(['number', 'text', 'flag']), decimals: places.optional(), signed: z.boolean().optional(),
})
const catalog = z.strictObject({ events: z.record(name, z.record(name, attribute)), facts: z.record(name, fact) })

/** What each kind may say besides its event, its words and its zone, and (*) what it must. */
const TERMS: Record<FactKind, string> = {
  count: 'window perDayMax', sum: 'of* window', avg: 'of* window minSample round',
  ratio: 'of over* percent window minSample round', distinct: 'of* window', max: 'of* window', min: 'of* window',
  last: 'of* window', periods: 'unit* each window',
  streak: 'of unit* each rising freeze rest', growth: 'of unit* round',
}
const ALL_TERMS = [...new Set(Object.values(TERMS).join(' ').replaceAll('*', '').split(' '))]

/** Returns the catalog that was written, or what to mend in it. */
export function parseCatalog(input: unknown): Parsed<Catalog> {
  const parsed = catalog.safeParse(input)
  if (!parsed.success) return { mends: parsed.error.issues.map(issue => mendOf(issue, input)) }
  const { events, facts } = parsed.data
  const value = {
    events: new Map<string, EventDefinition>(Object.entries(events as Record<string, EventDefinition>)),
    facts: new Map<string, FactDefinition>(Object.entries(facts as Record<string, FactDefinition>)),
  }
  const mends = [...value.facts].flatMap(([each, definition]) => factMends(definition, `facts.${each}`, value))
  return mends.length ? { mends } : { value }
}

/** Returns the fact that was written, of a catalog's events, or what to mend in it; paths begin at `facts.` and its name. */
export function parseFact(input: unknown, called: string, catalog: Catalog): Parsed<FactDefinition> {
  const path = `facts.${called}`
  const parsed = fact.safeParse(input)
  if (!parsed.success) {
    const mends = parsed.error.issues.map(issue => mendOf(issue, input))
    return { mends: mends.map(({ path: place, message }) => ({ path: place ? `${path}.${place}` : path, message })) }
  }
  const value = parsed.data as FactDefinition
  const mends = factMends(value, path, catalog)
  return mends.length ? { mends } : { value }
}

function factMends(fact: FactDefinition, path: string, catalog: Catalog): Mend[] {
  const mends: Mend[] = []
  const terms = TERMS[fact.kind].split(' ')
  for (const term of ALL_TERMS) {
    const isWritten = fact[term as keyof FactDefinition] !== undefined
    if (!isWritten && terms.includes(`${term}*`)) {
      mends.push({ path: `${path}.${term}`, message: `This is missing: a fact of kind ${fact.kind} needs "${term}".` })
    }
    if (isWritten && !terms.includes(term) && !terms.includes(`${term}*`)) {
      mends.push({ path: `${path}.${term}`, message: `A fact of kind ${fact.kind} has no "${term}": take it out.` })
    }
  }
  mends.push(...sourceMends(fact, path, catalog, numbersOnly(fact.kind)))
  if (fact.over) mends.push(...sourceMends(fact.over, `${path}.over`, catalog, true))
  for (const term of ['freeze', 'rest'] as const) {
    const type = fact[term]
    if (type !== undefined && !catalog.events.has(type)) mends.push(noEvent(`${path}.${term}`, type, catalog))
  }
  const { one, many, name: named } = fact.words
  if (!named && !(one && many)) {
    const message = 'People read this: write one and many for what is counted, or name for a measure.'
    mends.push({ path: `${path}.words`, message })
  }
  return mends
}

const numbersOnly = (kind: FactKind): boolean => kind !== 'distinct' && kind !== 'last'

function sourceMends({ event, where = {}, of }: Source, path: string, catalog: Catalog, isNumber: boolean): Mend[] {
  if (!catalog.events.has(event)) return [noEvent(`${path}.event`, event, catalog)]
  const known = ['user', 'team', ...Object.keys(catalog.events.get(event)!)].join(', ')
  const mends: Mend[] = []
  for (const [name, value] of Object.entries(where)) {
    const type = attributeDefinition(catalog, event, name)?.type
    if (!type) mends.push({ path: `${path}.where.${name}`, message: `${event} has no "${name}": write one of ${known}.` })
    else if (typeof value !== { number: 'number', text: 'string', flag: 'boolean' }[type]) {
      mends.push({ path: `${path}.where.${name}`, message: `"${name}" of ${event} is a ${type}: write a ${type}.` })
    }
  }
  const read = of === undefined ? undefined : attributeDefinition(catalog, event, of)
  if (of !== undefined && !read) mends.push({ path: `${path}.of`, message: `${event} has no "${of}": write one of ${known}.` })
  if (read && isNumber && read.type !== 'number') {
    mends.push({ path: `${path}.of`, message: `"${of}" of ${event} is a ${read.type}: write an attribute that is a number.` })
  }
  return mends
}

function noEvent(path: string, type: string, { events }: Catalog): Mend {
  return { path, message: `There are no events "${type}": write one of ${[...events.keys()].slice(0, 8).join(', ')}.` }
}
