/** What waits for the close of its day or period is read once that has closed, a handful of subjects at a time. */
import { LIMITS } from '../platform/limits.ts'
import { inTenantBatch, inTenantOnce, retried } from '../platform/tenancy.ts'
import { closedThrough } from '../rules/calendar.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { Job } from '../wire/jobs.ts'
import type { SubjectName } from './rule.queries.ts'
import type { Rulings } from './rulings.ts'

/** Returns the job that settles what waits; safe to run again. */
export function settleJob(rulings: Rulings): Job {
  return {
    name: 'rules.settle', everyMs: 60_000,
    async run(actor) {
      const closed = closedThrough(await zoneOf(actor), actor.now.getTime())
      for (let after: SubjectName | null = null; ;) {
        const waiting: SubjectName[] = await inTenantOnce<SubjectName & { [column: string]: unknown }>(actor, {
          name: 'rules_waiting',
          text: `select distinct subject_kind as kind, subject_id as id from rule_standing
                 where tenant_id = $1 and open_from <= $2 and (subject_kind, subject_id) > ($3, $4::uuid)
                 order by subject_kind, subject_id limit $5`,
          values: [actor.tenantId, closed, after?.kind ?? '', after?.id ?? '00000000-0000-0000-0000-000000000000',
            LIMITS.ruleSettleSubjects],
        })
        if (!waiting.length) return
        await retried(() => inTenantBatch(actor, async batch => {
          const statements = await rulings.settle(actor, batch, waiting)
          if (statements.length) await batch.last(statements)
        }))
        after = waiting.at(-1)!
      }
    },
  }
}
