/**
 * Rules follow the event log: what happened is counted, and what is earned is unlocked, in the transaction that says so. What
 * waits for the close of its day or period is read once that has closed, a handful of subjects at a time.
 */
import { LIMITS } from '../platform/limits.ts'
import { inTenantBatch, inTenantOnce, NOBODY, retried } from '../platform/tenancy.ts'
import { closedThrough } from '../rules/calendar.rules.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { Job } from '../wire/jobs.ts'
import type { Reaction } from '../wire/reactions.ts'
import { RULES, type SubjectName } from './rule.queries.ts'
import type { Rulings } from './rulings.ts'
import { isRuleTopic } from './source.service.ts'

/** Returns the reaction; tenants without rules are passed over unread. */
export function ruleReaction(rulings: Rulings): Reaction {
  return {
    name: RULES, hears: isRuleTopic, gatherMs: 20, eventsAtOnce: 100, // Of 1,000 activities each, perhaps.
    concerns: tenantId => ({
      name: 'rules_any', text: `select 1 from rule where tenant_id = $1 and status = 'ACTIVE' limit 1`, values: [tenantId] }),
    prepare: async actor => void await zoneOf(actor),
    react: (actor, batch, events) => rulings.hear(actor, batch, events),
  }
}

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
          values: [actor.tenantId, closed, after?.kind ?? '', after?.id ?? NOBODY,
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
