/** Figures of revenue, read in one statement; and the only writer of what a tenant takes its annual revenue from. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { arrOf, growthOf, mrrOf, type Sums, type Windows, windowsAt } from './figure.rules.ts'

/** What annual recurring revenue is taken from. */
export type ArrBasis = 'RECURRING' | 'TRAILING_TWELVE_MONTHS'

/**
 * Returns the figures of a currency (the tenant's when null) as of the actor's now: refunds lower the fact that they give back,
 * and
 * what was taken back never was.
 */
export async function revenueFigures(actor: Actor, wanted: string | null) {
  const { timeZone, currency: own } = await ownTenant(actor)
  const currency = wanted ?? own
  const windows = windowsAt(timeZone, actor.now.getTime())
  const { sums, basis, others } = await readSums(actor, currency, windows)
  return {
    currency, windows, basis, others, mrr: mrrOf(sums), arr: arrOf(sums, basis), growth: growthOf(sums), last: sums.last,
    before: sums.before,
  }
}

type SumsRow =
  { [Sum in keyof Sums]: string | boolean } & { basis: ArrBasis | null; others: string[] | null; [column: string]: unknown }

// A fact that was taken back never was, nor were the refunds of it.
const STANDS = `not exists (select 1 from revenue_fact v where v.tenant_id = f.tenant_id and v.kind = 'REVERSAL'
  and v.original_id in (f.id, f.original_id))`

async function readSums(actor: Actor, currency: string, { month, quarterSince, yearSince, yearDays, last, before }: Windows) {
  const [row] = await inTenantOnce<SumsRow>(actor, {
    name: 'revenue_figures',
    text: `with rest as (
             select f.recurrence, date_trunc('month', f.occurred_day)::date as month, r.rest_minor
             from revenue_fact f join revenue_rest r on r.tenant_id = f.tenant_id and r.revenue_id = f.id
             where f.tenant_id = $1 and f.currency = $2 and f.recurrence <> 'ONE_OFF'
           ), stands as (
             select f.occurred_day as day, f.amount_minor from revenue_fact f
             where f.tenant_id = $1 and f.currency = $2 and f.kind <> 'REVERSAL'
               and f.occurred_day >= least($6::date, $10::date) and ${STANDS}
           )
           select
             coalesce((select sum(rest_minor) from rest where recurrence = 'MONTH' and month = $3::date), 0)::text as monthly,
             coalesce((select sum(rest_minor) from rest where recurrence = 'QUARTER' and month between $4::date and $3::date),
               0)::text
               as quarterly,
             coalesce((select sum(rest_minor) from rest where recurrence = 'YEAR' and month between $5::date and $3::date),
               0)::text
               as yearly,
             exists (select 1 from rest where rest_minor > 0) as "hasRecurring",
             coalesce((select sum(amount_minor) from stands where day between $6::date and $7::date), 0)::text as trailing,
             exists (select 1 from stands where day between $6::date and $7::date) as "hasTrailing",
             coalesce((select sum(amount_minor) from stands where day between $8::date and $9::date), 0)::text as last,
             coalesce((select sum(amount_minor) from stands where day between $10::date and $11::date), 0)::text as before,
             (select arr_basis from revenue_basis where tenant_id = $1) as basis,
             (select array_agg(distinct currency::text) from revenue_fact where tenant_id = $1 and currency <> $2) as others`,
    values: [
      actor.tenantId, currency, month, quarterSince, yearSince, yearDays.since, yearDays.until, last.since, last.until,
        before.since,
      before.until,
    ],
  })
  const { basis, others, hasRecurring, hasTrailing } = row!
  const [monthly, quarterly, yearly, trailing, lastSum, beforeSum] =
    [row!.monthly, row!.quarterly, row!.yearly, row!.trailing, row!.last, row!.before].map(sum => BigInt(sum as string)) as
      [bigint, bigint, bigint, bigint, bigint, bigint]
  const sums: Sums = {
    monthly, quarterly, yearly, trailing, last: lastSum, before: beforeSum, hasRecurring: Boolean(hasRecurring),
    hasTrailing: Boolean(hasTrailing),
  }
  return { sums, basis: basis ?? 'RECURRING', others: [...others ?? []].sort() }
}

/** Says what annual recurring revenue is taken from, and returns the commit's mark; emits `revenue_basis.set`. */
export async function setArrBasis(actor: Actor, basis: ArrBasis): Promise<{ mark: number }> {
  const { tenantId, userId, now } = actor
  describeCommand(actor, { subject: `revenue_basis:${tenantId}`, afterHash: hashOfAll([basis]) })
  const answers = await inTenantBatch(actor, ({ last }) => last([
    {
      text: `insert into revenue_basis (tenant_id, arr_basis, changed_by, changed_at) values ($1, $2, $3, $4)
             on conflict (tenant_id) do update set arr_basis = excluded.arr_basis, changed_by = excluded.changed_by,
               changed_at = excluded.changed_at`,
      values: [tenantId, basis, userId, now],
    },
    emitStatement(tenantId, 'revenue_basis.set', { basis }),
  ]))
  return { mark: answers.at(-1)![0]!.mark as number }
}
