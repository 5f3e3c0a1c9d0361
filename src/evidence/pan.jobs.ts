/** The scan for card numbers of tenants under PCI DSS: all their text columns, once a day; only the place of one is kept. */
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import { holdsPan, isFreeText } from '../controls/pan.rules.ts'
import { listDeclared } from '../controls/standard.queries.ts'
import { demandsOf } from '../controls/standard.rules.ts'

const SCAN_EVERY_MS = 86_400_000
const PAGE = 1_000
const SAMPLES = 10
// Thirteen digits with a little between them; what it finds is looked at by the rule itself.
const LIKELY = '([[:digit:]][^[:alnum:]]{0,6}){13}'

interface TextColumn { [column: string]: unknown; table: string; column: string; hasId: boolean }

/** Returns the text columns of every table of the tenant's. */
async function textColumns(actor: Actor): Promise<TextColumn[]> {
  const columns = await inTenantOnce<TextColumn>(actor, {
    text: `select c.relname::text as table, a.attname::text as column, exists (select 1 from pg_attribute i
             where i.attrelid = c.oid and i.attname = 'id' and i.atttypid = 'uuid'::regtype) as "hasId"
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.atttypid = 'text'::regtype
           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
             and has_table_privilege(c.oid, 'select')
             and exists (select 1 from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
           order by 1, 2` })
  return columns.filter(({ column }) => isFreeText(column))
}

/** Returns how many texts hold a card number, and where the first of them stand. */
export async function scanForPans(actor: Actor): Promise<{ count: number; sampleIds: string[] }> {
  const found: string[] = []
  let count = 0
  for (const { table, column, hasId } of await textColumns(actor)) {
    const place = hasId ? 'id::text' : 'null::text'
    for (let after: string | null = null; ;) { // Names are the catalog's own, so they need quotes and nothing more.
      const rows: { place: string | null; text: string }[] = await inTenantOnce(actor, {
        text: `select ${place} as place, "${column}" as text from "${table}" where tenant_id = $1 and "${column}" ~ $2
               ${hasId ? 'and ($3::uuid is null or id > $3::uuid) order by id' : 'and $3::uuid is null'} limit ${PAGE}`,
        values: [actor.tenantId, LIKELY, after] })
      for (const row of rows.filter(({ text }) => holdsPan(text))) {
        count++
        if (found.length < SAMPLES) found.push([`${table}.${column}`, ...row.place ? [row.place] : []].join(':'))
      }
      if (rows.length < PAGE || !hasId) break
      after = rows.at(-1)!.place
    }
  }
  return { count, sampleIds: found }
}

export const panScanJob: Job = {
  name: 'controls.pan_scan',
  everyMs: 60_000,
  async run(actor) {
    if (!demandsOf(await listDeclared(actor)).refusesPan) return
    const [fresh] = await inTenantOnce(actor, {
      text: `select 1 from control_evidence where tenant_id = $1 and control = 'PAN_SCAN' and collected_at > $2`,
      values: [actor.tenantId, new Date(actor.now.getTime() - SCAN_EVERY_MS)] })
    if (fresh) return
    const { count, sampleIds } = await scanForPans(actor)
    await inTenantOnce(actor, {
      text: `insert into control_evidence (tenant_id, control, collected_at, count, sample_ids)
             values ($1, 'PAN_SCAN', $2, $3, $4)
             on conflict (tenant_id, control) do update set collected_at = excluded.collected_at, count = excluded.count,
             sample_ids = excluded.sample_ids`, values: [actor.tenantId, actor.now, count, sampleIds] })
  },
}
