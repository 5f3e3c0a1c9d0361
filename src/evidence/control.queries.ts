/** Evidence of a tenant's controls: what PostgreSQL's catalog, the audit, the rows and the settings say, each by a query. */
import { createHash } from 'node:crypto'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { BLOCKING, CONTROLS, type Measure, type Measurement, statusFor } from './control.rules.ts'
import { listDeclared } from '../controls/standard.queries.ts'
import { demandsOf, strangerIn } from '../controls/standard.rules.ts'

/** What the operator of this node has set. */
export interface House { region: string | null; auditDays: number | null }

/** A measurement, and how much of what it counted stands against the control; null when it has nothing to be held against. */
interface Measured extends Measurement { breaches: number | null; collectedAt: Date }

type Where = Pick<Actor, 'tenantId' | 'db'>

const SAMPLES = 10
const OWN = `pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and exists (select 1
  from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')`

/** What each query counts is against the control. $1 is the tenant. */
const COUNTED: Partial<Record<Measure, [kind: Measurement['kind'], what: string, sql: string]>> = {
  ROW_SECURITY: ['CATALOG', 'tables with tenant_id that do not force row security',
    `select c.relname::text as id from ${OWN} and not (c.relrowsecurity and c.relforcerowsecurity) and $1::uuid is not null`],
  AUDIT_FIXED: ['CATALOG', 'rights of this role to change the audit, and triggers against it that are missing',
    `select priv as id from unnest(array['update', 'delete', 'truncate']) priv where $1::uuid is not null
     and has_table_privilege(current_user, 'audit_entry', priv)
     union all select name from unnest(array['audit_entry_stays', 'audit_entry_stays_whole']) name where not exists (
       select 1 from pg_trigger t where t.tgrelid = 'audit_entry'::regclass and t.tgname = name and t.tgenabled in ('O', 'A'))`],
  AUDIT_NAMES: ['AUDIT', 'entries of people that name nobody, of the last 30 days',
    `select id::text from audit_entry where tenant_id = $1 and actor_kind = 'PERSON' and actor_id is null
     and at > now() - interval '30 days'`],
  DUTIES: ['ROWS', 'withdrawals of standards approved by whoever had asked',
    'select id::text from standard_withdrawal where tenant_id = $1 and decided_by = asked_by'],
}

async function countedFor(where: Where, measure: Measure, now: Date): Promise<Measured | null> {
  const counted = COUNTED[measure]
  if (!counted) return null
  const [kind, query, sql] = counted
  const [row] = await inTenantOnce<{ count: number; sampleIds: string[] }>(where, {
    values: [where.tenantId],
    text: `with found as materialized (${sql}) select (select count(*) from found)::int as count,
      array(select id from found order by id limit ${SAMPLES}) as "sampleIds"` })
  return { kind, query, count: row!.count, sampleIds: row!.sampleIds, breaches: row!.count, collectedAt: now }
}

async function measure(actor: Actor, { region, auditDays }: House) {
  const { now } = actor
  const declared = await listDeclared(actor)
  const demands = demandsOf(declared)
  const setting = (query: string, count: number, breaches: number | null): Measured =>
    ({ kind: 'SETTING', query, count, sampleIds: [], breaches, collectedAt: now })
  const [scanned] = await inTenantOnce<{ count: number; sampleIds: string[]; collectedAt: Date }>(actor, {
    text: `select count, sample_ids as "sampleIds", collected_at as "collectedAt" from control_evidence
           where tenant_id = $1 and control = 'PAN_SCAN'`, values: [actor.tenantId] })
  const known = new Map<Measure, Measured | null>([
    ['SESSION', demands.sessionMs === null ? null : setting('minutes after which a session ends', demands.sessionMs / 60_000, 0)],
    // The cleaning takes the larger of the operator's and every tenant's figure.
    ['RETENTION', demands.auditDaysMin === null ? null : setting(
      `days for which the audit is kept; the operator's LAUREL_AUDIT_DAYS is ${auditDays ?? 'not set, which is for ever'}`,
      Math.max(auditDays ?? 0, demands.auditDaysMin), 0)],
    ['PAN_REFUSAL', setting(
      '1 while texts with card numbers are refused', demands.refusesPan ? 1 : 0, demands.refusesPan ? 0 : 1)],
    ['REGIONS', demands.regions && setting(
      `allowed regions; this node stands in ${region ?? 'none that it names'}`, demands.regions.length,
      strangerIn(demands, region) === null ? 0 : 1)],
    ['PAN_SCAN', scanned ? { ...scanned, kind: 'SCAN', query: 'texts that hold a card number', breaches: scanned.count } : null],
  ])
  const isDeclared = new Set<string>(declared.map(({ standard }) => standard))
  const needed = new Set(CONTROLS.filter(({ standard }) => isDeclared.has(standard)).map(control => control.measure))
  for (const each of needed) if (!known.has(each)) known.set(each, await countedFor(actor, each, now))
  return { declared, known, isDeclared }
}

/** Returns all controls as they stand, with what was looked at. */
export async function controlsOf(actor: Actor, house: House) {
  const { declared, known, isDeclared } = await measure(actor, house)
  const controls = CONTROLS.map(({ measure: looked, ...control }) => {
    const found = isDeclared.has(control.standard) ? known.get(looked) ?? null : null
    const status = statusFor({ measure: looked }, isDeclared.has(control.standard), found?.breaches ?? null)
    return { ...control, status, isBlocking: BLOCKING.has(looked), evidence: found ? [shown(found)] : [] }
  })
  return { declared, controls }
}

function shown({ breaches: _, collectedAt, ...found }: Measured) {
  const { kind, query, count, sampleIds } = found
  const sha256 = createHash('sha256').update(JSON.stringify({ count, kind, query, sampleIds })).digest('hex')
  return { kind, query, count, sampleIds, sha256, collectedAt }
}

/** What a control has stopped, as the audit counts it. */
export interface BlockedRow { [column: string]: unknown; control: string; count: number; since: Date; last: Date }

/** Returns how many commands each control has stopped, from when to when. */
export function listBlocked(actor: Actor): Promise<BlockedRow[]> {
  return inTenantOnce<BlockedRow>(actor, {
    text: `select case when rule like 'PAN%' then 'pan_refusal' else 'regions' end as control, count(*)::int as count,
           min(at) as since, max(at) as last from audit_entry
           where tenant_id = $1 and decision in ('REFUSED', 'DENIED')
           and (rule >= 'PAN_REJECTED' and rule < 'PAN_REJECTEE' or rule = 'FORBIDDEN allowed_regions') group by 1 order by 1`,
    values: [actor.tenantId] })
}
