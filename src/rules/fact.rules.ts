/**
 * Facts: what a rule may read. A closed catalog says which events make each of them, in which window, and how it is told.
 * Pure.
 */
import type { Unit } from './calendar.rules.ts'

/** How a fact is made of its events. `last`, `max` and `min` also hold levels, ranks and measured values. */
export const FACT_KINDS = [
  'count', 'sum', 'avg', 'ratio', 'distinct', 'max', 'min', 'last', 'periods', 'streak', 'growth',
] as const
export type FactKind = typeof FACT_KINDS[number]

export type AttributeValue = string | number | boolean

/** What a fact is read as; null = unknown. */
export type FactValue = AttributeValue | null

/** An attribute that events of a type may carry. Numbers are kept exact: `decimals` places (0 by default) and no more. */
export interface AttributeDefinition { type: 'number' | 'text' | 'flag'; decimals?: number; signed?: boolean }

/** The attributes of an event type. Every event has `user` and `team` (texts) besides. */
export type EventDefinition = Readonly<Record<string, AttributeDefinition>>

/** Events of one type, those whose attributes equal all of `where`; `of` names the number, or the thing, that is read. */
export interface Source { event: string; where?: Readonly<Record<string, AttributeValue>>; of?: string }

/** All time, the calendar unit under way, or the last so many local days, today included. */
export type Window = 'LIFETIME' | Unit | { lastDays: number }

/** How a fact is told: what is counted, what is measured, and its unit. */
export interface FactWords { one?: string; many?: string; name?: string; unit?: string }

/** One fact. `zone` says whose days: the tenant's, unless it says USER. */
export interface FactDefinition extends Source {
  kind: FactKind
  window?: Window
  zone?: 'TENANT' | 'USER'
  over?: Source // ratio: what is divided by.
  percent?: boolean // ratio: times 100.
  minSample?: number // avg, ratio: with fewer (of what is divided by) the fact is unknown.
  round?: number // avg, ratio, growth: half-up to so many places.
  perDayMax?: number // count: no more of them count a day.
  unit?: Unit // periods, streak, growth: counted in these.
  each?: number // periods, streak: so many events make a unit count; 1 by default.
  rising?: boolean // streak: a unit counts when its sum is above that of the unit before.
  freeze?: string // streak: an event of this type is a freeze, which bridges one missed unit.
  rest?: string // streak: an event of this type excuses its unit.
  words: FactWords
}

/** What rules may read: event types with their attributes, and facts by name. Looked up, never walked into. */
export interface Catalog { events: ReadonlyMap<string, EventDefinition>; facts: ReadonlyMap<string, FactDefinition> }

/**
 * An event as rules see it. `zone` is the user's at that time; `attributes` are those the catalog declares for its type,
 * others are not looked at.
 */
export interface RuleEvent {
  id: string; type: string; atMs: number; userId: string | null; teamId: string | null; zone: string | null
  attributes: Readonly<Record<string, AttributeValue>>
  /** When it was recorded, where that is known: facts count what was recorded since they are read. */
  recordedMs?: number
}

/** The event type by which an unlock is a fact for other rules; its attribute `achievement` is the rule's key. */
export const UNLOCK_EVENT = 'achievement.unlocked'

/** Returns an attribute's value, or undefined when the event has none of its own of that name. */
export function attributeOf(event: RuleEvent, name: string): AttributeValue | undefined {
  if (name === 'user') return event.userId ?? undefined
  if (name === 'team') return event.teamId ?? undefined
  return Object.hasOwn(event.attributes, name) ? event.attributes[name] : undefined
}

/** Returns whether the event is of the source's type and its attributes equal all of `where`. */
export function isFrom({ event: type, where }: Source, event: RuleEvent): boolean {
  if (event.type !== type) return false
  for (const name in where) if (attributeOf(event, name) !== where[name]) return false
  return true
}

/** Returns what an attribute of the event type is, or undefined. */
export function attributeDefinition(catalog: Catalog, type: string, name: string): AttributeDefinition | undefined {
  if (name === 'user' || name === 'team') return { type: 'text' }
  const event = catalog.events.get(type)
  return event && Object.hasOwn(event, name) ? event[name] : undefined
}

/** Whether more events can move a fact: UP only, DOWN only, or any way (FREE). */
export type Trend = 'UP' | 'DOWN' | 'FREE'

/**
 * Returns how a fact moves, as read at the end of a fixed day, when events are added: on that very day (`day`), or on
 * any day, late ones included (`any`).
 */
export function trendOf(catalog: Catalog, fact: FactDefinition): { day: Trend; any: Trend } {
  const isSigned = fact.of !== undefined && attributeDefinition(catalog, fact.event, fact.of)?.signed === true
  switch (fact.kind) {
    case 'count': case 'distinct': case 'max': case 'periods': return { day: 'UP', any: 'UP' }
    case 'min': return { day: 'DOWN', any: 'DOWN' }
    case 'sum': return isSigned ? { day: 'FREE', any: 'FREE' } : { day: 'UP', any: 'UP' }
    case 'growth': return { day: isSigned ? 'FREE' : 'UP', any: 'FREE' } // A late event in the unit before lowers it.
    case 'streak':
      if (fact.rising && isSigned) return { day: 'FREE', any: 'FREE' }
      // A late event can begin an earlier streak, which then uses up the freezes of a later one.
      return { day: 'UP', any: fact.freeze || fact.rising ? 'FREE' : 'UP' }
    default: return { day: 'FREE', any: 'FREE' }
  }
}
