/** Sources: the rooms whose news are events for rules. Each says which facts it offers, and how its log events are read. */
import type { Batch } from '../platform/tenancy.ts'
import type { EventDefinition, FactDefinition, RuleEvent } from '../rules/fact.rules.ts'
import type { LogEvent } from '../wire/events.ts'

/** An event that happened (1) or was taken back (−1), with the position that told it. */
export interface Happening { event: RuleEvent; sign: 1 | -1; pos: number }

/** Sends statements in the transaction at hand. */
export type Run = Batch['run']

/** Whom it is read for; `isRead` says whether any rule reads events of a type, so that others need no reading. */
export interface Reading { tenantId: string; zone: string; run: Run; isRead(type: string): boolean }

/** Event types and facts by name. */
export interface Offer { events: Record<string, EventDefinition>; facts: Record<string, FactDefinition> }

/** From when to when things happened. */
export interface Span { since: Date; until: Date }

/** A room's news, as rules read them. What is taken back must be told with the same id, time and attributes as it happened. */
export interface RuleSource {
  name: string
  topics: readonly string[]
  /** Returns what rules of the tenant may read of it. */
  offer(tenantId: string, run: Run): Promise<Offer>
  /** Returns the events that log events tell, in their order. */
  read(reading: Reading, events: readonly LogEvent[]): Promise<Happening[]>
  /** Returns what stands of the time, in any order, at most `max`; for previews. Absent where nothing is kept to read. */
  history?(reading: Reading, span: Span, max: number): Promise<RuleEvent[]>
}

const sources: RuleSource[] = []
const byTopic = new Map<string, RuleSource[]>()

/** Teaches the rulebook a source of a room. */
export function registerRuleSource(source: RuleSource): void {
  if (sources.some(({ name }) => name === source.name)) throw new Error(`the rule source ${source.name} is registered twice`)
  sources.push(source)
  for (const topic of source.topics) byTopic.set(topic, [...byTopic.get(topic) ?? [], source])
}

/** Returns all sources. */
export const ruleSources = (): readonly RuleSource[] => sources

/** Returns whether any source tells of the topic. */
export const isRuleTopic = (topic: string): boolean => byTopic.has(topic)

/** Returns what log events tell rules, in the order of the log. */
export async function happeningsOf(reading: Reading, events: readonly LogEvent[]): Promise<Happening[]> {
  const told: Happening[] = []
  for (const source of sources) {
    const own = events.filter(({ topic }) => byTopic.get(topic)?.includes(source))
    if (own.length) told.push(...await source.read(reading, own))
  }
  return told.sort((one, other) => one.pos - other.pos)
}
