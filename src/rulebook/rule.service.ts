/** The only writer of rules: facts of the tenant's own, drafts, what is in force, and what was. Rooms that own rules ask it. */
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, retried, type Statement } from '../platform/tenancy.ts'
import type { Rule } from '../rules/condition.rules.ts'
import { type Mend, parseRule } from '../rules/condition.shapes.ts'
import type { Catalog, FactDefinition } from '../rules/fact.rules.ts'
import { parseFact } from '../rules/fact.shapes.ts'
import { catalogOf, factsRead, RULE_COLUMNS, type RuleRow, RULES } from './rule.queries.ts'

/** Returns what a JSON text holds. @throws Refusal INVALID */
export function parsedJson(text: string, field: string): unknown {
  try {
    if (text.length <= LIMITS.ruleBytesMax * 2) return JSON.parse(text) as unknown
  } catch { /* Falls through to the one answer. */ }
  throw new Refusal(ErrorCode.INVALID, `${field} must be JSON of at most ${LIMITS.ruleBytesMax} bytes.`, [field])
}

/** Returns a refusal that names the first thing to mend. */
export function refusalFor([first]: readonly Mend[], field: string): Refusal {
  return new Refusal(ErrorCode.INVALID, `${first!.path ? `${first!.path}: ` : ''}${first!.message}`, [field])
}

/** Returns a rule that was written, checked against what rules of the tenant may read. @throws Refusal INVALID */
export function checkedRule(document: unknown, catalog: Catalog): Rule {
  const { value, mends } = parseRule(document, catalog)
  if (mends) throw refusalFor(mends, 'rule')
  return value
}

/**
 * Defines a fact of the tenant's own and returns the commit's mark; emits `rule_fact.defined`. One that rules read stays as it
 * is.
 * @throws Refusal INVALID | TAKEN
 */
export function defineFact(actor: Actor, name: string, definition: unknown): Promise<{ mark: number }> {
  const { tenantId } = actor
  return retried(() => inTenantBatch(actor, async batch => {
    const { events, facts } = await catalogOf(tenantId, statements => batch.run(statements))
    const { value, mends } = parseFact(definition, name, { events, facts })
    if (mends) throw refusalFor(mends, 'definition')
    const [own, read] = await batch.run([
      { text: 'select 1 from rule_fact where tenant_id = $1 and name = $2', values: [tenantId, name] },
      { text: 'select 1 from rule_reading where tenant_id = $1 and fact = $2', values: [tenantId, name] },
    ])
    if (!/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name)) {
      throw new Refusal(ErrorCode.INVALID, 'name must be 1 to 64 letters, digits, "_", "." and "-", a letter first.', ['name'])
    }
    if ((facts.has(name) && !own!.length) || read!.length) {
      throw new Refusal(ErrorCode.TAKEN, `There is a fact "${name}" that stays as it is: choose another name.`, ['name'])
    }
    const answers = await batch.last([
      ...factStatements(actor, { [name]: value }), emitStatement(tenantId, 'rule_fact.defined', { name }),
    ])
    return { mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

/** The statements that keep facts of the tenant's own; what rules read already stays as it is. */
export function factStatements({ tenantId, now }: Actor, facts: Readonly<Record<string, FactDefinition>>): Statement[] {
  return [{
    name: 'rule_facts_keep',
    text: `insert into rule_fact (tenant_id, created_at, name, definition) select $1, $2, * from unnest($3::text[], $4::jsonb[])
           on conflict (tenant_id, name) do update set definition = excluded.definition
           where not exists (select 1 from rule_reading r where r.tenant_id = excluded.tenant_id and r.fact = excluded.name)`,
    values: [tenantId, now, Object.keys(facts), Object.values(facts).map(fact => JSON.stringify(fact))],
  }]
}

/** A rule to write: its key is unique in the tenant, whoever owns it. */
export interface RuleWish { key: string; owner: string; rule: Rule }

/**
 * Returns the statements that keep a draft, in place of the draft there was; the rule must be checked. Locks the rulebook.
 * @throws Refusal TAKEN when the key is another owner's
 */
export async function draftStatements(actor: Actor, batch: Batch, wishes: readonly RuleWish[]): Promise<Statement[]> {
  const { tenantId, now, userId } = actor
  const rows = await lockedRules(actor, batch, wishes.map(({ key }) => key))
  return wishes.map(({ key, owner, rule }) => {
    const own = rows.filter(row => row.key === key)
    if (own.some(row => row.owner !== owner)) {
      throw new Refusal(ErrorCode.TAKEN, `The key "${key}" is in use: choose another.`, ['key'])
    }
    const draft = own.find(({ status }) => status === 'DRAFT')
    const version = draft?.version ?? Math.max(0, ...own.map(row => row.version)) + 1
    return {
      name: 'rule_draft',
      text: `insert into rule (tenant_id, id, key, owner, version, status, document, created_by, created_at)
             values ($1, $2, $3, $4, $5, 'DRAFT', $6, $7, $8)
             on conflict (tenant_id, id) do update set document = excluded.document`,
      values: [tenantId, draft?.id ?? newId(now), key, owner, version, JSON.stringify(rule), userId, now],
    }
  })
}

/**
 * Puts drafts in force in place of the versions before, within the batch; what they read is counted from now on, unless it was
 * before. Returns the rules. Locks the rulebook and the reaction's place in the log, so that no event falls in between.
 * @throws Refusal NOT_FOUND | INVALID
 */
export async function publishRules(actor: Actor, batch: Batch, keys: readonly string[]): Promise<RuleRow[]> {
  const { tenantId } = actor
  const rows = await lockedRules(actor, batch, keys)
  const catalog = await catalogOf(tenantId, statements => batch.run(statements))
  const drafts = keys.map(key => {
    const draft = rows.find(row => row.key === key && row.status === 'DRAFT')
    if (!draft) throw new Refusal(ErrorCode.NOT_FOUND, `There is no draft of "${key}".`, ['key'])
    return { ...draft, document: checkedRule(draft.document, catalog) }
  })
  const [active, times] = await batch.run([
    { text: `select ${RULE_COLUMNS} from rule where tenant_id = $1 and status = 'ACTIVE'`, values: [tenantId] },
    { text: 'select clock_timestamp() as now' },
  ]) as unknown as [RuleRow[], { now: Date }[]]
  const inForce = new Map([...active, ...drafts].map(row => [row.key, row.document]))
  for (const { key, document } of drafts) refuseMissing(key, document, inForce)
  const { now } = times[0]!
  await batch.run([
    {
      text: `update rule set status = 'RETIRED' where tenant_id = $1 and key = any($2) and status = 'ACTIVE'`,
      values: [tenantId, keys],
    },
    {
      text: `update rule set status = 'ACTIVE', published_at = $3 where tenant_id = $1 and id = any($2::uuid[])`,
      values: [tenantId, drafts.map(({ id }) => id), now],
    },
    ...readingStatements(tenantId, drafts, catalog, now), rulesVersion(tenantId),
  ])
  return drafts
}

function refuseMissing(key: string, { prerequisites = [], subject }: Rule, inForce: ReadonlyMap<string, Rule>): void {
  const missing = prerequisites.find(needed => inForce.get(needed)?.subject !== subject)
  if (missing === undefined) return
  throw new Refusal(
    ErrorCode.INVALID, `"${key}" needs "${missing}", which is not in force for a ${subject}: publish that first.`, ['rule'])
}

/** Takes rules out of force within the batch; what was unlocked stays. @throws Refusal INVALID when others need one */
export async function retireRules(actor: Actor, batch: Batch, keys: readonly string[]): Promise<void> {
  const { tenantId } = actor
  await lockedRules(actor, batch, keys)
  const [active] = await batch.run([
    { text: `select ${RULE_COLUMNS} from rule where tenant_id = $1 and status = 'ACTIVE'`, values: [tenantId] },
  ]) as unknown as [RuleRow[]]
  const needing = active.find(({ key, document: { prerequisites = [] } }) =>
    !keys.includes(key) && prerequisites.some(needed => keys.includes(needed)))
  if (needing) {
    throw new Refusal(ErrorCode.INVALID, `"${needing.key}" needs it: retire or revise that first.`, ['key'])
  }
  await batch.run([
    {
      text: `update rule set status = 'RETIRED' where tenant_id = $1 and key = any($2) and status <> 'RETIRED'`,
      values: [tenantId, keys],
    },
    rulesVersion(tenantId),
  ])
}

/** A fact that is defined otherwise now begins anew. */
function readingStatements(tenantId: string, rules: readonly RuleRow[], { facts }: Catalog, now: Date): Statement[] {
  const read = new Map(rules.flatMap(({ document }) => factsRead(document).map(fact =>
    [`${document.subject} ${fact}`, { kind: document.subject, fact, definition: JSON.stringify(facts.get(fact)!) }])))
  const values = [
    tenantId, [...read.values()].map(({ kind }) => kind), [...read.values()].map(({ fact }) => fact),
    [...read.values()].map(({ definition }) => definition),
  ]
  return [
    {
      text: `delete from rule_bucket b using unnest($2::text[], $3::text[], $4::text[]) w (kind, fact, definition), rule_reading r
             where b.tenant_id = $1 and b.subject_kind = w.kind and b.fact = w.fact
               and r.tenant_id = $1 and r.subject_kind = w.kind and r.fact = w.fact and r.definition <> w.definition`,
      values,
    },
    {
      text: `insert into rule_reading (tenant_id, subject_kind, fact, definition, since)
             select $1, w.*, $5 from unnest($2::text[], $3::text[], $4::text[]) w
             on conflict (tenant_id, subject_kind, fact) do update set definition = excluded.definition, since = excluded.since
             where rule_reading.definition <> excluded.definition`,
      values: [...values, now],
    },
  ]
}

const rulesVersion = (tenantId: string): Statement => ({
  text: `update rule_state set rules_version = rules_version + 1, version = (random() * 2 ^ 47)::bigint where tenant_id = $1`,
  values: [tenantId],
})

/** Locks the place in the log, then the rulebook, as the reaction does; returns all versions of these rules. */
async function lockedRules({ tenantId }: Actor, batch: Batch, keys: readonly string[]): Promise<RuleRow[]> {
  const answers = await batch.run([
    {
      text: 'insert into reaction_cursor (tenant_id, reaction, pos) values ($1, $2, 0) on conflict do nothing',
      values: [tenantId, RULES],
    },
    { text: 'insert into rule_state (tenant_id) values ($1) on conflict do nothing', values: [tenantId] },
    { text: 'select 1 from reaction_cursor where tenant_id = $1 and reaction = $2 for update', values: [tenantId, RULES] },
    { text: 'select 1 from rule_state where tenant_id = $1 for update', values: [tenantId] },
    { text: `select ${RULE_COLUMNS} from rule where tenant_id = $1 and key = any($2)`, values: [tenantId, keys] },
  ])
  return answers.at(-1) as unknown as RuleRow[]
}
