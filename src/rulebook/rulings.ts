/**
 * The engines of the node that leads: of each tenant one, with the subjects heard of last. They are only remembered: what is true
 * stands in rows, and a version that another has written, or that failed to be, makes them forget.
 */
import { randomInt } from 'node:crypto'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { RuleEngine } from '../rules/engine.rules.ts'
import { Changes, emptyOutcome, type Outcome } from '../rules/standing.rules.ts'
import type { LogEvent } from '../wire/events.ts'
import { engineId, packedFrom, type Rulebook, rulebookOf, type SubjectName, subjectStatements } from './rule.queries.ts'
import { happeningsOf, type Happening } from './source.service.ts'
import { keepStatements, stateLock, versionStatement } from './state.service.ts'

interface Ruling {
  book: Rulebook; engine: RuleEngine; changes: Changes; rulesVersion: number; version: number
  /** Subjects at hand, the one heard of last at the end. */
  known: Map<string, SubjectName>
}

const KINDS = ['USER', 'TEAM', 'TENANT'] as const

/** The engines of all tenants. */
export class Rulings {
  readonly #rulings = new Map<string, Ruling>()

  /** Returns what is to be written after these events happened to the tenant, within the batch. */
  async hear(actor: Actor, batch: Batch, events: readonly LogEvent[]) {
    return this.#change(actor, batch, ruling => this.#apply(actor, batch, ruling, events))
  }

  /** Returns what is to be written once these subjects' days and periods have closed, within the batch. */
  async settle(actor: Actor, batch: Batch, subjects: readonly SubjectName[]) {
    return this.#change(actor, batch, async ruling => {
      await this.#bring(actor.tenantId, batch, ruling, subjects)
      return ruling.engine.settle(actor.now.getTime())
    })
  }

  async #apply(actor: Actor, batch: Batch, ruling: Ruling, events: readonly LogEvent[]): Promise<Outcome> {
    const { engine, book: { zone } } = ruling
    const isRead = (type: string) => KINDS.some(kind => engine.isReader(kind, type))
    const reading = { tenantId: actor.tenantId, zone, run: (statements: Statement[]) => batch.run(statements), isRead }
    const happenings = await happeningsOf(reading, events)
    await this.#bring(actor.tenantId, batch, ruling, happenings.flatMap(one => subjectsOf(actor.tenantId, engine, one)))
    const outcome = emptyOutcome()
    for (const { event, sign } of happenings) {
      const one = sign > 0 ? engine.apply(event, actor.now.getTime()) : engine.reverse(event, actor.now.getTime())
      gather(outcome, one)
    }
    return outcome
  }

  /** An engine that stopped halfway is forgotten. */
  async #change(actor: Actor, batch: Batch, work: (ruling: Ruling) => Promise<Outcome>): Promise<Statement[]> {
    const ruling = await this.#lock(actor, batch)
    if (!ruling) return []
    try {
      return await this.#keep(actor, batch, ruling, await work(ruling))
    } catch (error) {
      this.#rulings.delete(actor.tenantId)
      throw error
    }
  }

  /** Returns the tenant's engine as its rows stand, which nobody else changes until the batch ends; null without rules. */
  async #lock(actor: Actor, batch: Batch): Promise<Ruling | null> {
    const { tenantId } = actor
    const [states] = await batch.run([stateLock(tenantId)])
    const state = states![0] as { rulesVersion: number; version: number } | undefined
    if (!state) return null
    const known = this.#rulings.get(tenantId)
    if (known && known.rulesVersion === state.rulesVersion && known.version === state.version) return known
    const book = known?.rulesVersion === state.rulesVersion
      ? known.book : await rulebookOf(tenantId, await zoneOf(actor), statements => batch.run(statements))
    const ruling = { ...state, book, ...engineOf(book), known: new Map() }
    this.#rulings.set(tenantId, ruling)
    return ruling
  }

  /** Takes in the subjects that are not at hand. */
  async #bring(tenantId: string, batch: Batch, { engine, known }: Ruling, wanted: readonly SubjectName[]): Promise<void> {
    const missing = new Map<string, SubjectName>()
    for (const subject of wanted) {
      const name = `${subject.kind} ${subject.id}`
      if (known.delete(name)) known.set(name, subject)
      else missing.set(name, subject)
    }
    if (!missing.size) return
    const subjects = [...missing.values()]
    engine.load(packedFrom(tenantId, subjects, await batch.run(subjectStatements(tenantId, subjects))))
    for (const [name, subject] of missing) known.set(name, subject)
  }

  async #keep(actor: Actor, batch: Batch, ruling: Ruling, outcome: Outcome): Promise<Statement[]> {
    const { tenantId } = actor
    for (const { rule, kind, subjectId } of outcome.parked) {
      log.error({ tenantId, rule, kind, subjectId }, 'a chain of unlocks is too long: other rules are not told of this one')
    }
    const statements = await keepStatements(
      actor, batch, ruling.engine, ruling.book.rules, { outcome, changes: ruling.changes.take() })
    // Should the batch fail, the row keeps the version before, and this engine is forgotten.
    const isChanged = statements.length > 0
    if (isChanged) ruling.version = randomInt(2 ** 47)
    for (const [name, subject] of ruling.known) {
      if (ruling.known.size <= LIMITS.ruleSubjectsMax) break
      ruling.known.delete(name)
      ruling.engine.forget(subject.kind, engineId(tenantId, subject))
    }
    return isChanged ? [versionStatement(tenantId, ruling.version), ...statements] : []
  }
}

/** Returns an engine of the rulebook, and what tells its changes. */
export function engineOf({ zone, catalog, rules, sinceMs }: Rulebook): { engine: RuleEngine; changes: Changes } {
  const changes = new Changes()
  const keyed = [...rules.values()].map(({ key, document }) => ({ key, rule: document }))
  const engine = new RuleEngine({
    catalog, zone, rules: keyed, changes, sinceMs: (kind, fact) => sinceMs.get(`${kind} ${fact}`) ?? -Infinity,
  })
  return { engine, changes }
}

function subjectsOf(tenantId: string, engine: RuleEngine, { event: { type, userId, teamId } }: Happening): SubjectName[] {
  const ids = { USER: userId, TEAM: teamId, TENANT: tenantId }
  return KINDS.flatMap(kind => ids[kind] !== null && engine.isReader(kind, type) ? [{ kind, id: ids[kind] }] : [])
}

function gather(all: Outcome, one: Outcome): void {
  all.unlocked.push(...one.unlocked)
  all.revoked.push(...one.revoked)
  all.parked.push(...one.parked)
}
