/**
 * The hourly work of the schema's owner: partitions for the coming days, and the end of the audit's oldest entries. Of these
 * whole months are dropped, never single rows, and never what any tenant's standards ask to keep.
 */
import { Client, type ClientConfig } from 'pg'
import { log } from '../platform/log.ts'
import { makePartitions } from '../platform/migrations.ts'
import { type Declaration, demandsOf } from './standard.rules.ts'

const DAY_MS = 86_400_000

/** Resolves when the hour's work is done, or the log says what could not be. Without `auditDays` the audit is kept for ever. */
export async function tendPartitions(
  owner: ClientConfig, auditDays: number | undefined, tenantIds: () => Promise<string[]>,
): Promise<void> {
  const client = new Client(owner)
  try {
    await client.connect()
    await makePartitions(client, new Date())
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'partitions could not be made; rows go to the default partition')
  }
  try {
    const dropped = auditDays === undefined ? [] : await dropOldAudit(client, new Date(), auditDays, tenantIds)
    if (dropped.length) log.info({ dropped }, 'the audit\'s oldest months are gone')
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'old months of the audit could not be dropped and are kept')
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Drops the months of the audit that ended longer ago than the operator's days and every tenant's minimum; returns their names.
 * @throws Error when what a tenant asks cannot be read: nothing is dropped then
 */
export async function dropOldAudit(
  owner: Client, now: Date, auditDays: number, tenantIds: () => Promise<string[]>,
): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_entry'::regclass order by 1`)
  const endBefore = (days: number) => rows.map(({ name }) => name).filter(name => endOf(name) <= now.getTime() - days * DAY_MS)
  if (!endBefore(auditDays).length) return []
  const old = endBefore(Math.max(auditDays, await daysAsked(owner, await tenantIds())))
  for (const name of old) await owner.query(`drop table if exists ${name}`)
  return old
}

/** Forced row security hides other tenants from an owner who is no superuser, so each is asked for itself. */
async function daysAsked(owner: Client, tenantIds: readonly string[]): Promise<number> {
  let most = 0
  for (const tenantId of tenantIds) {
    await owner.query('begin')
    try {
      await owner.query(`select set_config('app.tenant_id', $1, true)`, [tenantId])
      const { rows } = await owner.query<Declaration>(`select standard, regions, session_minutes_max as "sessionMinutesMax",
        audit_days_min as "auditDaysMin" from declared_standard where tenant_id = $1`, [tenantId])
      most = Math.max(most, demandsOf(rows).auditDaysMin ?? 0)
    } finally {
      await owner.query('rollback')
    }
  }
  return most
}

/** Returns when a month of the audit ended, in epoch ms; the default partition never ends. */
function endOf(name: string): number {
  const month = /^audit_entry_(\d{4})(\d{2})$/.exec(name)
  return month ? Date.UTC(Number(month[1]), Number(month[2]), 1) : Infinity
}
