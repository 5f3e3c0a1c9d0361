/** The night shift of hooks: what the log has held for 30 days is removed. Facts keep their source's ids, so none comes twice. */
import { LIMITS } from '../platform/limits.ts'
import { inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'

export const hookLogJob: Job = {
  name: 'hooks.log',
  everyMs: 3_600_000,
  async run(actor) {
    await inTenantOnce(actor, {
      text: `delete from hook_message where tenant_id = $1 and id in (
               select id from hook_message where tenant_id =
                 $1 and received_at < $2::timestamptz limit ${LIMITS.webhookPurgeRows})`,
      values: [actor.tenantId, new Date(actor.now.getTime() - LIMITS.hookKeepMs)],
    })
  },
}
