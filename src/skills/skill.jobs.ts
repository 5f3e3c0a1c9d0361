/** Growth changes by time alone: once an hour those who own revenue of the last weeks are measured again. */
import type { Job } from '../wire/jobs.ts'
import { inTenantBatch, retried } from '../platform/tenancy.ts'
import { completeCounted } from './skill.reaction.ts'

export const skillJob: Job = {
  name: 'skill_growth', everyMs: 3_600_000, feature: 'achievements',
  async run(actor) {
    await retried(() => inTenantBatch(actor, async batch => {
      const [owners] = await batch.run([{
        name: 'skill_owners',
        text: `select distinct owner_id as id from revenue_fact where tenant_id = $1 and owner_id is not null
          and currency = (select currency from tenant where tenant_id = $1)
          and occurred_day >= ($2::timestamptz - interval '58 days')::date`,
        values: [actor.tenantId, actor.now],
      }])
      const touched = new Map(owners!.map(({ id }) => [id as string, new Set(['revenue'])]))
      const statements = await completeCounted(batch, actor, touched, actor.now)
      if (statements.length) await batch.last(statements)
    }))
  },
}
