/** The only writer of what is kept of subjects, and of unlocks: in the transaction of the events that changed them. */
import { newId } from '../platform/ids.ts'
import { type Actor, type Batch, EMIT, type Statement } from '../platform/tenancy.ts'
import { awardPoints, withdrawAwards } from '../points/award.service.ts'
import { UNLOCKED } from '../rules/condition.rules.ts'
import type { RuleEngine } from '../rules/engine.rules.ts'
import type { Changes, Outcome, Unlock } from '../rules/standing.rules.ts'
import { answersOf, type OwnerAnswer, type RuleUnlock } from './owner.service.ts'
import { type RuleRow, rowId } from './rule.queries.ts'

/** Returns the statement that locks the tenant's rulebook and answers its versions; nothing when it has none. */
export function stateLock(tenantId: string): Statement {
  return {
    name: 'rule_state_lock', values: [tenantId],
    text: 'select rules_version as "rulesVersion", version from rule_state where tenant_id = $1 for update',
  }
}

/** What a tenant's rules changed. */
export interface Ruled { outcome: Outcome; changes: ReturnType<Changes['take']> }

/**
 * Returns everything that is written of what rules changed: buckets, standings, unlocks, what owners answer, and
 * outbox rows last. Nothing when nothing changed.
 */
export async function keepStatements(
  actor: Actor, batch: Batch, engine: RuleEngine, rules: ReadonlyMap<string, RuleRow>, { outcome, changes }: Ruled,
): Promise<Statement[]> {
  const { tenantId } = actor
  const net = netOf(outcome)
  const { unlocks, statements: unlocking } = await unlockStatements(actor, batch, engine, rules, net.unlocked)
  const { revoked, statements: revoking } = await revokeStatements(actor, batch, net.revoked)
  const statements = [...bucketStatements(tenantId, changes.buckets), ...standingStatements(tenantId, changes.standings)]
  if (!statements.length && !unlocks.length && !revoked.length) return []
  const answers = [
    ...unlocks.length ? await answersOf(actor, batch, 'unlocked', unlocks) : [],
    ...revoked.length ? await answersOf(actor, batch, 'revoked', revoked) : [],
  ]
  const written = [
    ...statements, ...unlocking, ...revoking, ...answers.flatMap(answer => answer.statements),
    ...await pointStatements(actor, batch, answers),
  ]
  return [...written.filter(({ name }) => name !== EMIT), ...written.filter(({ name }) => name === EMIT)]
}

/** What was unlocked and revoked again within one batch, or the reverse, is as it was: only what lasts is told, as told last. */
function netOf({ unlocked, revoked }: Outcome): Pick<Outcome, 'unlocked' | 'revoked'> {
  const named = (unlocks: readonly Unlock[]) =>
    Map.groupBy(unlocks, ({ rule, kind, subjectId, occurrence }) => nameOf(rule, kind, subjectId, occurrence))
  const [gained, lost] = [named(unlocked), named(revoked)]
  const lasting = (some: typeof gained, others: typeof gained) => [...some]
    .filter(([name, unlocks]) => unlocks.length > (others.get(name)?.length ?? 0)).map(([, unlocks]) => unlocks.at(-1)!)
  return { unlocked: lasting(gained, lost), revoked: lasting(lost, gained) }
}

/** Each balance is read once before it is written: what is paid is written before what is taken back is reckoned. */
async function pointStatements(actor: Actor, batch: Batch, answers: readonly OwnerAnswer[]): Promise<Statement[]> {
  const paid = await awardPoints(batch, actor, answers.flatMap(({ awards = [] }) => awards))
  const keys = answers.flatMap(({ withdrawn = [] }) => withdrawn)
  if (!keys.length) return paid
  if (paid.length) await batch.run(paid.filter(({ name }) => name !== EMIT))
  return [...paid.filter(({ name }) => name === EMIT), ...await withdrawAwards(batch, actor, keys)]
}

/** Returns the statement that gives what is kept a new version; by chance, so that one that failed is never met again. */
export function versionStatement(tenantId: string, version: number): Statement {
  return { name: 'rule_version', text: 'update rule_state set version = $2 where tenant_id = $1', values: [tenantId, version] }
}

function bucketStatements(tenantId: string, all: Ruled['changes']['buckets']): Statement[] {
  const changed = all.filter(({ fact }) => !fact.startsWith(UNLOCKED)) // These follow from the standings.
  const keys = (own: typeof changed) => [
    tenantId, own.map(({ kind }) => kind), own.map(({ kind, subjectId }) => rowId(tenantId, kind, subjectId)),
    own.map(({ fact }) => fact), own.map(({ day }) => day),
  ]
  const [full, empty] = [changed.filter(({ bucket }) => bucket), changed.filter(({ bucket }) => !bucket)]
  return [
    ...full.length ? [{
      name: 'rule_buckets_keep',
      text: `insert into rule_bucket (tenant_id, subject_kind, subject_id, fact, day, bucket)
             select $1, * from unnest($2::text[], $3::uuid[], $4::text[], $5::int[], $6::json[])
             on conflict (tenant_id, subject_kind, subject_id, fact, day) do update set bucket = excluded.bucket`,
      values: [...keys(full), full.map(({ bucket }) => JSON.stringify(bucket))],
    }] : [],
    ...empty.length ? [{
      name: 'rule_buckets_drop',
      text: `delete from rule_bucket b using unnest($2::text[], $3::uuid[], $4::text[], $5::int[]) w (kind, id, fact, day)
             where b.tenant_id = $1 and b.subject_kind = w.kind and b.subject_id = w.id and b.fact = w.fact and b.day = w.day`,
      values: keys(empty),
    }] : [],
  ]
}

function standingStatements(tenantId: string, changed: Ruled['changes']['standings']): Statement[] {
  if (!changed.length) return []
  const column = <T>(pick: (one: typeof changed[number]) => T) => changed.map(pick)
  return [{
    name: 'rule_standings_keep',
    text: `insert into rule_standing (tenant_id, subject_kind, subject_id, rule_key, earned, granted, percent, open_from)
           select $1, * from unnest($2::text[], $3::uuid[], $4::text[], $5::json[], $6::json[], $7::numeric[], $8::int[])
           on conflict (tenant_id, subject_kind, subject_id, rule_key) do update set earned = excluded.earned,
             granted = excluded.granted, percent = excluded.percent, open_from = excluded.open_from`,
    values: [
      tenantId, column(({ kind }) => kind), column(({ kind, subjectId }) => rowId(tenantId, kind, subjectId)),
      column(({ rule }) => rule), column(({ standing }) => JSON.stringify(standing.earned)),
      column(({ standing }) => JSON.stringify(standing.granted)), column(({ standing }) => standing.percent),
      column(({ standing }) => standing.openFrom),
    ],
  }]
}

const nameOf = (rule: string, kind: string, subjectId: string, occurrence: string): string =>
  [rule, kind, subjectId, occurrence].join('\n')

interface KnownUnlock extends RuleUnlock { isRevoked: boolean }

/** Returns the rows of these unlocks that are there already, by name. */
async function known({ tenantId }: Actor, batch: Batch, unlocks: readonly Unlock[]) {
  if (!unlocks.length) return new Map<string, KnownUnlock>()
  const [rows] = await batch.run([{
    name: 'rule_unlocks_known',
    text: `select u.id, u.owner, u.rule_version as version, u.earned_at as "earnedAt",
             u.revoked_at is not null as "isRevoked", u.times, u.facts, u.rule_key as rule, u.subject_kind as kind,
             u.subject_id as "subjectId", u.occurrence
           from unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) w (rule_key, subject_kind, subject_id, occurrence)
           join rule_unlock u using (rule_key, subject_kind, subject_id, occurrence) where u.tenant_id = $1`,
    values: [
      tenantId, unlocks.map(({ rule }) => rule), unlocks.map(({ kind }) => kind),
      unlocks.map(({ kind, subjectId }) => rowId(tenantId, kind, subjectId)), unlocks.map(({ occurrence }) => occurrence),
    ],
  }]) as unknown as [KnownUnlock[]]
  return new Map(rows.map(row => [nameOf(row.rule, row.kind, row.subjectId, row.occurrence), row]))
}

async function unlockStatements(
  actor: Actor, batch: Batch, engine: RuleEngine, rules: ReadonlyMap<string, RuleRow>, told: readonly Unlock[],
): Promise<{ unlocks: RuleUnlock[]; statements: Statement[] }> {
  const { tenantId, now } = actor
  const before = await known(actor, batch, told)
  const unlocks = told.flatMap((unlock): RuleUnlock[] => {
    const { rule, kind, occurrence, atMs } = unlock
    const subjectId = rowId(tenantId, kind, unlock.subjectId)
    const { owner, version } = rules.get(rule)!
    const earlier = before.get(nameOf(rule, kind, subjectId, occurrence))
    if (earlier && !earlier.isRevoked) return [] // The row says so, whatever was remembered.
    return [{
      id: earlier?.id ?? newId(now), rule, owner, version, kind, subjectId, occurrence, times: (earlier?.times ?? 0) + 1,
      earnedAt: new Date(atMs), facts: engine.factsOf(unlock),
    }]
  })
  if (!unlocks.length) return { unlocks, statements: [] }
  const column = <T>(pick: (unlock: RuleUnlock) => T) => unlocks.map(pick)
  return {
    unlocks,
    statements: [{
      name: 'rule_unlocks_insert',
      text: `insert into rule_unlock (tenant_id, recorded_at, id, rule_key, owner, rule_version, subject_kind, subject_id,
               occurrence, times, earned_at, facts)
             select $1, $2, * from unnest($3::uuid[], $4::text[], $5::text[], $6::int[], $7::text[], $8::uuid[], $9::text[],
               $10::int[], $11::timestamptz[], $12::json[])
             on conflict (tenant_id, id) do update set rule_version = excluded.rule_version, times = excluded.times,
               earned_at = excluded.earned_at, recorded_at = excluded.recorded_at, facts = excluded.facts, revoked_at = null`,
      values: [
        tenantId, now, column(({ id }) => id), column(({ rule }) => rule), column(({ owner }) => owner),
        column(({ version }) => version), column(({ kind }) => kind), column(({ subjectId }) => subjectId),
        column(({ occurrence }) => occurrence), column(({ times }) => times), column(({ earnedAt }) => earnedAt),
        column(({ facts }) => JSON.stringify(facts)),
      ],
    }],
  }
}

async function revokeStatements(
  actor: Actor, batch: Batch, told: readonly Unlock[],
): Promise<{ revoked: RuleUnlock[]; statements: Statement[] }> {
  const { tenantId, now } = actor
  const before = await known(actor, batch, told)
  const revoked = told.flatMap(({ rule, kind, subjectId: id, occurrence, atMs }): RuleUnlock[] => {
    const subjectId = rowId(tenantId, kind, id)
    const row = before.get(nameOf(rule, kind, subjectId, occurrence))
    return row && !row.isRevoked ? [{ ...row, rule, kind, subjectId, occurrence, earnedAt: new Date(atMs) }] : []
  })
  if (!revoked.length) return { revoked, statements: [] }
  return {
    revoked,
    statements: [{
      name: 'rule_unlocks_revoke', text: 'update rule_unlock set revoked_at = $2 where tenant_id = $1 and id = any($3::uuid[])',
      values: [tenantId, now, revoked.map(({ id }) => id)],
    }],
  }
}
