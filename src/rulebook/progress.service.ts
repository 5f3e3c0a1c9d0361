/**
 * How far subjects are with rules, read afresh from what is kept: windows pass by time alone, so what the last event told may be
 * old. Each node remembers the compiled rules, never the subjects.
 */
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import {
  comparer, type Comparison, comparisonsOf, type Condition, factsIn, wholeCondition, withPrerequisites,
} from '../rules/condition.rules.ts'
import type { RuleEngine } from '../rules/engine.rules.ts'
import { explanationOf, requirementOf } from '../rules/explanation.rules.ts'
import type { Catalog, FactValue } from '../rules/fact.rules.ts'
import {
  engineId, packedFrom, type Rulebook, rulebookOf, type RuleRow, type SubjectName, subjectStatements,
} from './rule.queries.ts'
import { engineOf } from './rulings.ts'

/** How far a subject is with a rule in force: in percent, in a sentence, and what to do next as one. */
export interface RuleProgress { key: string; version: number; percent: number; sentence: string; next: string | null }

/** A comparison of a rule with the value as it stands; `holds` is null while the value is not known. */
export interface Leaf {
  fact: string; op: string; wanted: Comparison['value']; have: FactValue; holds: boolean | null; sentence: string
}

/** A rule in force with the values of a subject (RULE-7). */
export interface RuleExplanation extends RuleProgress { condition: Condition; leaves: Leaf[] }

interface Reader { rulesVersion: number; book: Rulebook; engine: RuleEngine }
const readers = new Map<string, Reader>()

/** Returns how far a subject is with each rule in force for its kind that is asked for, by key. */
export async function progressOf(
  actor: Actor, subject: SubjectName, isAsked: (rule: RuleRow) => boolean,
): Promise<Map<string, RuleProgress>> {
  return withSubject(actor, subject, ({ engine, book }) => new Map([...book.rules.values()]
    .filter(rule => rule.document.subject === subject.kind && isAsked(rule))
    .map(rule => [rule.key, progressWith(actor, engine, book.catalog, rule, subject)])))
}

/** Returns a rule in force with the values of the subject, or null when there is none of the key for its kind. */
export function explainRule(actor: Actor, subject: SubjectName, key: string): Promise<RuleExplanation | null> {
  return withSubject(actor, subject, ({ engine, book }) => {
    const rule = book.rules.get(key)
    if (rule?.document.subject !== subject.kind) return null
    const read = readerOf(actor, engine, rule, subject)
    const condition = wholeCondition(rule.document)
    const catalog = withUnlocks(book.catalog, rule.document.prerequisites)
    const leaves = comparisonsOf(condition).map((leaf): Leaf => {
      const have = read(leaf.fact)
      const holds = have === null ? null : comparer(leaf.op, leaf.value)(have)
      return { fact: leaf.fact, op: leaf.op, wanted: leaf.value, have, holds, sentence: explanationOf(leaf, catalog, read) }
    })
    return { ...progressWith(actor, engine, book.catalog, rule, subject), condition, leaves }
  })
}

/** Returns what each rule in force asks, as a sentence, by key. */
export async function requirementsOf(actor: Actor): Promise<Map<string, string>> {
  const { book } = await readerFor(actor)
  return new Map([...book.rules.values()].map(({ key, document }) => [key, requirementOf(document, book.catalog)]))
}

function progressWith(
  actor: Actor, engine: RuleEngine, catalog: Catalog, rule: RuleRow, subject: SubjectName,
): RuleProgress {
  const { key, version, document } = rule
  const whole = withUnlocks(catalog, document.prerequisites)
  const { percent, next } = engine.progressOf(key, engineId(actor.tenantId, subject), actor.now.getTime())
  const read = readerOf(actor, engine, rule, subject)
  const step = document.repeat?.mode === 'EVERY_STEP' ? next?.comparison.value as number | undefined : undefined
  return {
    key, version, percent, sentence: explanationOf(document.when, whole, read, step),
    next: next && explanationOf(next.comparison, whole, read),
  }
}

function readerOf(actor: Actor, engine: RuleEngine, { key, document }: RuleRow, subject: SubjectName) {
  const { ready, read } = engine.progressOf(key, engineId(actor.tenantId, subject), actor.now.getTime())
  const slots = new Map(factsIn(wholeCondition(document)).map((fact, at) => [fact, ready.slots[at]!]))
  return (fact: string): FactValue => read(slots.get(fact)!)
}

function withUnlocks(catalog: Catalog, keys: readonly string[] = []): Catalog {
  return keys.length ? withPrerequisites(catalog, keys) : catalog
}

/** Reads a subject into the node's engine, works with it at once, and forgets it again. */
async function withSubject<T>(actor: Actor, subject: SubjectName, work: (reader: Reader) => T): Promise<T> {
  const reader = await readerFor(actor)
  const { tenantId } = actor
  const [packed] = await inTenantBatch(actor, async ({ last }) =>
    packedFrom(tenantId, [subject], await last(subjectStatements(tenantId, [subject]))))
  // Nothing waits from here on, so that the next reader finds the engine empty.
  reader.engine.load([packed!])
  try {
    return work(reader)
  } finally {
    reader.engine.forget(subject.kind, engineId(tenantId, subject))
  }
}

async function readerFor(actor: Actor): Promise<Reader> {
  const { tenantId } = actor
  const zone = await zoneOf(actor)
  const reader = await inTenantBatch(actor, async ({ run }): Promise<Reader> => {
    const [states] = await run([{
      name: 'rules_version', text: 'select rules_version as "rulesVersion" from rule_state where tenant_id = $1',
      values: [tenantId] }])
    const rulesVersion = states![0]?.rulesVersion as number | undefined ?? 0
    const known = readers.get(tenantId)
    if (known?.rulesVersion === rulesVersion) return known
    const book = await rulebookOf(tenantId, zone, run)
    return { rulesVersion, book, engine: engineOf(book).engine }
  })
  readers.delete(tenantId)
  readers.set(tenantId, reader)
  for (const oldest of readers.keys()) {
    if (readers.size <= LIMITS.ruleReadersMax) break
    readers.delete(oldest)
  }
  return reader
}
