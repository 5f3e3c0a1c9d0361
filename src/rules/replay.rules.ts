/** From scratch, and on from where it was left: what rules make of events, and the state of an engine as JSON. Pure. */
import { type EngineSettings, RuleEngine } from './engine.rules.ts'
import type { RuleEvent } from './fact.rules.ts'
import type { PackedSubject } from './standing.rules.ts'

/**
 * Returns an engine that has seen these events and nothing else, in the order of their times, then their ids: what the rules
 * make of them from scratch.
 */
export function replay(settings: EngineSettings, events: readonly RuleEvent[], nowMs: number): RuleEngine {
  const engine = new RuleEngine(settings)
  const ordered = [...events].sort((one, other) => one.atMs - other.atMs || (one.id < other.id ? -1 : 1))
  for (const event of ordered) engine.apply(event, Math.min(event.atMs, nowMs))
  engine.settle(nowMs)
  return engine
}

/** The state of an engine as JSON; `facts` names each fact's definition, for state of another definition is of no use. */
export interface EngineSnapshot { version: 1; facts: Record<string, string>; subjects: PackedSubject[] }

/** Returns the state of an engine as JSON. */
export function snapshotOf(engine: RuleEngine): EngineSnapshot {
  return { version: 1, facts: engine.definitions(), subjects: engine.pack() }
}

/**
 * Returns an engine with the state of a snapshot. Rules may have changed: what they read carries over by fact, unlocks by key.
 * @throws Error when the snapshot is of another version, or a fact is defined otherwise now and must be made again
 */
export function restored(settings: EngineSettings, { version, facts, subjects }: EngineSnapshot): RuleEngine {
  if (version !== 1) throw new Error(`A snapshot of version ${String(version)} cannot be read: replay events`)
  const engine = new RuleEngine(settings)
  const now = engine.definitions()
  for (const [name, definition] of Object.entries(facts)) {
    if (now[name] !== undefined && now[name] !== definition) {
      throw new Error(`${name} is defined otherwise now: replay its events`)
    }
  }
  engine.load(structuredClone(subjects))
  return engine
}
