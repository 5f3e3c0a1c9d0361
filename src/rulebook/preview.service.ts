/** What a rule would have unlocked: read from what has happened, evaluated from scratch, and nothing is written. */
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { factsIn, type Rule, topicsOf } from '../rules/condition.rules.ts'
import { requirementOf } from '../rules/explanation.rules.ts'
import type { RuleEvent } from '../rules/fact.rules.ts'
import { replay } from '../rules/replay.rules.ts'
import type { Unlock } from '../rules/standing.rules.ts'
import type { KeyedRule } from '../rules/unlock.rules.ts'
import { catalogOf, rowId, type Rulebook, rulebookOf } from './rule.queries.ts'
import { checkedRule } from './rule.service.ts'
import { ruleSources } from './source.service.ts'

/** What would have been unlocked over the last days. `isPartial` when more had happened than is read. */
export interface RulePreview {
  days: number; requirement: string; count: number; subjects: number; events: number; isPartial: boolean; sample: Unlock[]
}

const KEY = 'preview'
const LONG_AGO = new Date(0)

/**
 * Returns whom a rule would have unlocked for over the last `days`, the newest first, with all that had happened before (UX-09).
 * Writes nothing. @throws Refusal INVALID | OUT_OF_RANGE
 */
export async function previewRule(actor: Actor, document: unknown, days: number): Promise<RulePreview> {
  if (!(days >= 1 && days <= LIMITS.analyticsDaysMax)) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `days must be 1 to ${LIMITS.analyticsDaysMax}.`, ['days'])
  }
  const { tenantId, now } = actor
  const zone = await zoneOf(actor)
  const { book, rule, events } = await inTenantBatch(actor, async ({ run }) => {
    const catalog = await catalogOf(tenantId, run)
    const rule = checkedRule(document, catalog)
    const book = { ...await rulebookOf(tenantId, zone, run), catalog }
    const rules = [{ key: KEY, rule }, ...neededBy(rule, book)]
    const read = new Set(rules.flatMap(each => topicsOf(catalog, factsIn(each.rule.when))))
    const reading = { tenantId, zone, run, isRead: (type: string) => read.has(type) }
    const events: RuleEvent[] = []
    for (const { history } of ruleSources()) {
      events.push(...await history?.(reading, { since: LONG_AGO, until: now }, LIMITS.rulePreviewEvents) ?? [])
    }
    return { book: { ...book, preview: rules }, rule, events }
  })
  const newest = events.sort((one, other) => other.atMs - one.atMs).slice(0, LIMITS.rulePreviewEvents)
  const engine = replay({ catalog: book.catalog, rules: book.preview, zone }, newest, now.getTime())
  const sinceMs = now.getTime() - days * 86_400_000
  const unlocks = engine.unlocks().filter(({ rule: key, atMs }) => key === KEY && atMs >= sinceMs)
    .sort((one, other) => other.atMs - one.atMs || (one.subjectId < other.subjectId ? -1 : 1))
    .map(unlock => ({ ...unlock, subjectId: rowId(tenantId, unlock.kind, unlock.subjectId) }))
  return {
    days, requirement: requirementOf(rule, book.catalog), count: unlocks.length,
    subjects: new Set(unlocks.map(({ subjectId }) => subjectId)).size, events: newest.length,
    isPartial: events.length >= LIMITS.rulePreviewEvents, sample: unlocks.slice(0, LIMITS.rulePreviewSample),
  }
}

/** Returns the rules in force that a rule needs, and those that they need. */
function neededBy(rule: Rule, { rules }: Rulebook): KeyedRule[] {
  const needed = new Map<string, Rule>()
  const keys = [...rule.prerequisites ?? []]
  for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
    const found = rules.get(key)?.document
    if (!found || found.subject !== rule.subject) {
      throw new Refusal(ErrorCode.INVALID, `The rule needs "${key}", which is not in force for a ${rule.subject}.`, ['rule'])
    }
    if (needed.has(key)) continue
    needed.set(key, found)
    keys.push(...found.prerequisites ?? [])
  }
  return [...needed].map(([key, each]) => ({ key, rule: each }))
}
