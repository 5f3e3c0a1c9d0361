/** The night shift of webhooks: bounds what waits, removes what is old, and leaves lanes again whose work was lost. */
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import type { Queues } from '../wire/queues.ts'
import { DELIVER_QUEUE, laneWork } from './delivery.jobs.ts'
import { waitingSubjects } from './endpoint.queries.ts'

const OVERDUE_MS = 60_000

/** Returns the job that tends the endpoints of a tenant; one for which more than `waitingMax` messages wait is disabled. */
export function tendJob(queues: Pick<Queues, 'leave'>, waitingMax: number = LIMITS.webhookWaitingMax): Job {
  return {
    name: 'webhooks.tend',
    everyMs: 60_000,
    async run(actor) {
      const { tenantId } = actor
      const endpoints = await inTenantOnce<{ id: string; state: string; isDeleted: boolean }>(actor, {
        text: 'select id, state, deleted_at is not null as "isDeleted" from webhook_endpoint where tenant_id = $1',
        values: [tenantId],
      })
      for (const { id, state, isDeleted } of endpoints) {
        if (isDeleted) {
          await removeEndpoint(actor, id)
          continue
        }
        await removeOld(actor, id)
        await boundWaiting(actor, id, waitingMax)
        const subjects = state === 'ACTIVE' ? await waitingSubjects(actor, id, '', OVERDUE_MS) : []
        await queues.leave(DELIVER_QUEUE, subjects.map(subject => laneWork({ tenantId, endpointId: id, subject })))
      }
    },
  }
}

/** Removes the messages of a deleted endpoint, some at a time, and at last the endpoint. */
async function removeEndpoint(actor: Actor, endpointId: string): Promise<void> {
  const removed = await inTenantOnce(actor, {
    text: `delete from webhook_message where tenant_id = $1 and id in (
             select id from webhook_message where tenant_id = $1 and endpoint_id = $2
             limit ${LIMITS.webhookPurgeRows}) returning 1`,
    values: [actor.tenantId, endpointId],
  })
  if (removed.length) return
  await inTenantOnce(actor, {
    text: 'delete from webhook_endpoint where tenant_id = $1 and id = $2', values: [actor.tenantId, endpointId],
  })
}

/** Removes messages older than 30 days, also those that still wait for an endpoint that nobody made ACTIVE again. */
async function removeOld(actor: Actor, endpointId: string): Promise<void> {
  await inTenantOnce(actor, {
    // Old ones stand first, so only the first are looked at.
    text: `delete from webhook_message where tenant_id = $1 and id in (select id from (
             select id, at from webhook_message where tenant_id = $1 and endpoint_id = $2
             order by seq limit ${LIMITS.webhookPurgeRows}) oldest where at < $3)`,
    values: [actor.tenantId, endpointId, new Date(actor.now.getTime() - LIMITS.webhookKeepMs)],
  })
}

async function boundWaiting(actor: Actor, endpointId: string, waitingMax: number): Promise<void> {
  const { tenantId } = actor
  await inTenantBatch(actor, async ({ run, last }) => {
    const [disabled] = await run([{
      text: `update webhook_endpoint set state = 'DISABLED', disabled_reason = 'BACKLOG'
             where tenant_id = $1 and id = $2 and state <> 'DISABLED' and exists (
               select 1 from webhook_message
               where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' offset $3) returning id`,
      values: [tenantId, endpointId, waitingMax],
    }])
    await last(disabled!.length ? [emitStatement(tenantId, 'webhook_endpoint.disabled', { endpointId, reason: 'BACKLOG' })] : [])
  })
}
