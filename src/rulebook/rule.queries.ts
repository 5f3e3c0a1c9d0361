/** Reads of the rulebook: what rules of a tenant may read, which are in force, and what is kept of subjects. */
import { log } from '../platform/log.ts'
import { type Actor, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { PackedBucket } from '../rules/bucket.rules.ts'
import { comparisonsOf, type Rule, type SubjectKind } from '../rules/condition.rules.ts'
import { parseRule } from '../rules/condition.shapes.ts'
import type { Catalog, EventDefinition, FactDefinition } from '../rules/fact.rules.ts'
import { type PackedStanding, type PackedSubject, TENANT_SUBJECT } from '../rules/standing.rules.ts'
import { type Run, ruleSources } from './source.service.ts'

/** A rule as it stands in its row. */
export interface RuleRow {
  [column: string]: unknown
  id: string; key: string; owner: string; version: number; status: 'DRAFT' | 'ACTIVE' | 'RETIRED'; document: Rule
}

/** The name of the reaction, by which its place in the log is found. */
export const RULES = 'rules'

/** The columns of a rule as reads return them. */
export const RULE_COLUMNS = 'id, key, owner, version, status, document'

/** The event by which unlocks are facts for other rules; rules tell it themselves. */
const UNLOCKED_EVENT: [string, EventDefinition] = ['achievement.unlocked', { achievement: { type: 'text' } }]

/** Returns what rules of the tenant may read: what sources offer, and its own facts. */
export async function catalogOf(tenantId: string, run: Run): Promise<Catalog> {
  const events = new Map<string, EventDefinition>([UNLOCKED_EVENT])
  const facts = new Map<string, FactDefinition>()
  for (const source of ruleSources()) {
    const offered = await source.offer(tenantId, run)
    for (const [name, definition] of Object.entries(offered.events)) events.set(name, definition)
    for (const [name, definition] of Object.entries(offered.facts)) facts.set(name, definition)
  }
  const [own] = await run([{
    name: 'rule_facts', text: 'select name, definition from rule_fact where tenant_id = $1', values: [tenantId] }])
  for (const { name, definition } of own!) if (!facts.has(name as string)) facts.set(name as string, definition as FactDefinition)
  return { events, facts }
}

/** What an engine of the tenant is made of, as of a version of its rules. */
export interface Rulebook { zone: string; catalog: Catalog; rules: Map<string, RuleRow>; sinceMs: Map<string, number> }

/**
 * Returns the rules in force with what they read. A fact counts as it was defined when it was first read, whatever a newer
 * release offers by its name.
 */
export async function rulebookOf(tenantId: string, zone: string, run: Run): Promise<Rulebook> {
  const [rows, readings] = await run([
    { name: 'rules_active', text: `select ${RULE_COLUMNS} from rule where tenant_id = $1 and status = 'ACTIVE'`,
      values: [tenantId] },
    { name: 'rule_readings', values: [tenantId],
      text: 'select subject_kind as kind, fact, definition, since from rule_reading where tenant_id = $1' },
  ]) as unknown as [RuleRow[], { kind: string; fact: string; definition: string; since: Date }[]]
  const catalog = await catalogOf(tenantId, run)
  const facts = new Map(catalog.facts)
  for (const { fact, definition } of readings) facts.set(fact, JSON.parse(definition) as FactDefinition)
  const known = { events: catalog.events, facts }
  const rules = new Map<string, RuleRow>()
  for (const row of rows) {
    const { value, mends } = parseRule(row.document, known)
    if (value) rules.set(row.key, { ...row, document: value })
    else log.error({ tenantId, rule: row.key, reason: mends[0]!.message }, 'a rule in force cannot be read and is passed over')
  }
  withoutOrphans(rules)
  const sinceMs = new Map(readings.map(({ kind, fact, since }) => [`${kind} ${fact}`, since.getTime()]))
  return { zone, catalog: known, rules, sinceMs }
}

/** A rule whose prerequisite is gone can never be met; it must not stop the others. */
function withoutOrphans(rules: Map<string, RuleRow>): void {
  for (let isDone = false; !isDone;) {
    isDone = true
    for (const [key, { document: { prerequisites = [], subject } }] of rules) {
      if (prerequisites.every(needed => rules.get(needed)?.document.subject === subject)) continue
      rules.delete(key)
      isDone = false
    }
  }
}

/** Returns the rulebook of the actor's tenant in a transaction of its own, with the version of its rules. */
export async function readRulebook(actor: Actor): Promise<Rulebook & { rulesVersion: number }> {
  const zone = await zoneOf(actor)
  return inTenantBatch(actor, async ({ run }) => {
    const [states] = await run([{
      name: 'rules_version', text: 'select rules_version as "rulesVersion" from rule_state where tenant_id = $1',
      values: [actor.tenantId] }])
    return { rulesVersion: states![0]?.rulesVersion as number ?? 0, ...await rulebookOf(actor.tenantId, zone, run) }
  })
}

/** A subject by its kind and id, the tenant's id for the tenant itself. */
export interface SubjectName { kind: SubjectKind; id: string }

/** Returns the names of the facts that a rule reads of its subject, without those of prerequisites. */
export const factsRead = ({ when }: Rule): string[] => [...new Set(comparisonsOf(when).map(({ fact }) => fact))]

/** The statements that answer what is kept of subjects: buckets, then standings. */
export function subjectStatements(tenantId: string, subjects: readonly SubjectName[]): Statement[] {
  const values = [tenantId, subjects.map(({ kind }) => kind), subjects.map(({ id }) => id)]
  const wanted = 'unnest($2::text[], $3::uuid[]) w (subject_kind, subject_id)'
  return [
    {
      name: 'rule_buckets_kept',
      text: `select b.subject_kind as kind, b.subject_id as id, b.fact, b.bucket from ${wanted}
             join rule_bucket b using (subject_kind, subject_id) where b.tenant_id = $1
             order by b.subject_kind, b.subject_id, b.fact, b.day`,
      values,
    },
    {
      name: 'rule_standings_kept',
      text: `select s.subject_kind as kind, s.subject_id as id, s.rule_key as rule, s.earned, s.granted,
               s.percent::float8 as percent, s.open_from as "openFrom"
             from ${wanted} join rule_standing s using (subject_kind, subject_id) where s.tenant_id = $1`,
      values,
    },
  ]
}

type Kept<Row> = Row & { kind: SubjectKind; id: string }

/** Returns subjects as an engine takes them in, from what `subjectStatements` answered. */
export function packedFrom(
  tenantId: string, subjects: readonly SubjectName[], answers: readonly (readonly object[])[],
): PackedSubject[] {
  const [buckets, standings] = answers as unknown as [
    Kept<{ fact: string; bucket: PackedBucket }>[], Kept<PackedStanding & { rule: string }>[]]
  const packed = new Map(subjects.map(({ kind, id }) =>
    [`${kind} ${id}`, { kind, id: engineId(tenantId, { kind, id }), facts: {}, rules: {} } as PackedSubject]))
  for (const { kind, id, fact, bucket } of buckets) {
    const { facts } = packed.get(`${kind} ${id}`)!
    const own = facts[`${kind} ${fact}`] ??= []
    own.push(bucket)
  }
  for (const { kind, id, rule, earned, granted, percent, openFrom } of standings) {
    packed.get(`${kind} ${id}`)!.rules[rule] = { earned, granted, percent, openFrom }
  }
  return [...packed.values()]
}

/** Returns a subject's id as engines know it. */
export const engineId = (tenantId: string, { kind, id }: SubjectName): string =>
  kind === 'TENANT' && id === tenantId ? TENANT_SUBJECT : id

/** Returns a subject's id as rows know it. */
export const rowId = (tenantId: string, kind: SubjectKind, id: string): string => kind === 'TENANT' ? tenantId : id
