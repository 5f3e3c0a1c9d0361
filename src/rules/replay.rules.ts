/** From scratch: what rules make of a list of events, as backfills and previews need it. Pure. */
import { type EngineSettings, RuleEngine } from './engine.rules.ts'
import type { RuleEvent } from './fact.rules.ts'

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
