/**
 * The only writer of tallies: how much a person did of each activity type. Entries of the point ledger are read once, after those
 * that were read before; whoever reads them locks the person's head, so two rooms may follow the same person.
 */
import type { Statement } from '../platform/tenancy.ts'

/** Returns the statements that bring the tallies of these people up to what is committed now. */
export function tallyStatements(tenantId: string, userIds: readonly string[]): Statement[] {
  const values = [tenantId, [...userIds].sort()]
  return [
    {
      name: 'tally_heads',
      text: `insert into activity_tally_head (tenant_id, user_id, upto_seq) select $1, id, 0 from unnest($2::uuid[]) t (id)
             on conflict do nothing`,
      values,
    },
    {
      name: 'tally_lock',
      text: `select 1 from activity_tally_head where tenant_id = $1 and user_id = any($2::uuid[]) order by user_id for update`,
      values,
    },
    {
      // A user's entries are numbered in commit order, so whatever is seen here leaves no gap behind it.
      name: 'tally_fold',
      text: `with fresh as (
               select e.user_id, e.seq, t.key as type,
                 case e.reason when 'REVERSAL' then -a.quantity else a.quantity end as quantity
               from activity_tally_head h
               join point_entry e on e.tenant_id = $1 and e.user_id = h.user_id and e.seq > h.upto_seq
               left join activity a on a.tenant_id = $1 and a.id = e.activity_id
               left join activity_type t on t.tenant_id = $1 and t.id = a.type_id
               where h.tenant_id = $1 and h.user_id = any($2::uuid[])
             ), moved as (
               update activity_tally_head h set upto_seq = f.seq
               from (select user_id, max(seq) as seq from fresh group by user_id) f
               where h.tenant_id = $1 and h.user_id = f.user_id
             )
             insert into activity_tally as tally (tenant_id, user_id, type, quantity)
             select $1, user_id, type, sum(quantity) from fresh where type is not null group by user_id, type
             on conflict (tenant_id, user_id, type) do update set quantity = tally.quantity + excluded.quantity`,
      values,
    },
  ]
}
