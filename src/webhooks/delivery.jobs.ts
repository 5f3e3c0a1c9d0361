/**
 * Delivers messages, lane by lane: those about one subject to one endpoint, one after another, on whichever node is free. A lane that
 * fails comes back when its message is due again. What a killed node had in hand is taken over with the same message id.
 */
import type { Database } from '../platform/db.ts'
import { wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import type { Ids, Queue, Queues, Work } from '../wire/queues.ts'
import { bodyOf, RETRY_MS, retryMs } from './delivery.rules.ts'
import { type Head, headOf } from './endpoint.queries.ts'
import { recordAttempt } from './message.service.ts'
import type { Sender } from './sender.ts'
import { signedHeaders } from './signature.ts'

/** The queue of lanes, and the queue of endpoints whose lanes are all to be tried now. */
export const DELIVER_QUEUE = 'webhook.deliver'
export const WAKE_QUEUE = 'webhook.wake'

/** Which messages: of a tenant, to an endpoint, about a subject (a wire id). */
export interface Lane { tenantId: string; endpointId: string; subject: string }

/** Returns the work of a lane. */
export function laneWork({ tenantId, endpointId, subject }: Lane, afterMs = 0): Work {
  return { key: `${endpointId}:${subject}`, group: endpointId, ids: { tenantId, endpointId, subject }, afterMs }
}

/** Returns the queue that delivers lanes; `schedule` are the delays between attempts in ms. */
export function deliverQueue(db: Database, queues: Queues, sender: Sender, schedule: readonly number[] = RETRY_MS): Queue {
  return {
    name: DELIVER_QUEUE, atOnce: LIMITS.webhooksAtOnce, atOncePerGroup: LIMITS.webhooksAtOncePerEndpoint,
    async work(ids: Ids, signal) {
      const lane = ids as unknown as Lane
      const actor: Actor = { tenantId: lane.tenantId, userId: null, role: 'ADMIN', now: new Date(), db }
      const until = Date.now() + LIMITS.webhookLaneMs
      for (let goesOn = true; goesOn;) {
        const head = await headOf(actor, lane.endpointId, lane.subject)
        if (!head) return
        if (head.waitMs > 0 || signal.aborted || Date.now() > until) return queues.leave(DELIVER_QUEUE, [laneWork(lane, head.waitMs)])
        const begunAt = new Date()
        const outcome = await send(sender, lane.tenantId, head, begunAt, signal)
        const nextMs = outcome.failure ? retryMs(head.failures + 1, Math.random(), schedule) : null
        goesOn = await recordAttempt(actor, lane.endpointId, head, begunAt, outcome, nextMs,
          batch => queues.leave(DELIVER_QUEUE, [laneWork(lane, nextMs!)], batch))
      }
    },
  }
}

function send(sender: Sender, tenantId: string, head: Head, at: Date, signal: AbortSignal) {
  const body = bodyOf({ ...head, tenant: wireId('Tenant', tenantId) })
  const secrets = head.previousSecret ? [head.secret, head.previousSecret] : [head.secret]
  return sender.post(head.url, body, signedHeaders(wireId('WebhookMessage', head.id), at, body, secrets), signal)
}

const LANES_AT_ONCE = 500

/** Returns the queue that tries everything that waits for an endpoint now: after a replay, or when it is ACTIVE again. */
export function wakeQueue(db: Database, queues: Queues): Queue {
  return {
    name: WAKE_QUEUE, atOnce: 2, atOncePerGroup: 1,
    async work({ tenantId, endpointId }, signal) {
      const actor = { tenantId: tenantId!, db }
      await inTenantOnce(actor, {
        text: `update webhook_message set due_at = now() where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' and due_at > now()`,
        values: [tenantId, endpointId] })
      let subjects: string[] = []
      do {
        subjects = await lanesOf(actor, endpointId!, subjects.at(-1) ?? '', 0)
        for (const subject of subjects) await queues.hasten(DELIVER_QUEUE, laneWork({ tenantId: tenantId!, endpointId: endpointId!, subject }))
      } while (subjects.length === LANES_AT_ONCE && !signal.aborted)
    },
  }
}

/** Returns subjects after `after` with messages that have been due for `overdueMs`, at most 500, in order. */
async function lanesOf(actor: Pick<Actor, 'tenantId' | 'db'>, endpointId: string, after: string, overdueMs: number): Promise<string[]> {
  const rows = await inTenantOnce<{ subject: string }>(actor, {
    text: `select distinct subject from webhook_message where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' and subject > $3
             and due_at <= now() - $4::float8 * interval '1 millisecond' order by subject limit ${LANES_AT_ONCE}`,
    values: [actor.tenantId, endpointId, after, overdueMs] })
  return rows.map(({ subject }) => subject)
}

const OVERDUE_MS = 60_000

/** Returns the job that tends endpoints: bounds what waits, removes what is old, and leaves lanes again whose work was lost. */
export function tendJob(queues: Queues): Job {
  return {
    name: 'webhooks.tend',
    everyMs: 60_000,
    async run(actor) {
      const endpoints = await inTenantOnce<{ id: string; state: string; isDeleted: boolean }>(actor, {
        text: `select id, state, deleted_at is not null as "isDeleted" from webhook_endpoint where tenant_id = $1 order by id`, values: [actor.tenantId] })
      for (const { id, state, isDeleted } of endpoints) {
        if (isDeleted) await removeEndpoint(actor, id)
        else {
          await removeOld(actor, id)
          await boundWaiting(actor, id)
          if (state === 'ACTIVE') {
            const subjects = await lanesOf(actor, id, '', OVERDUE_MS)
            await queues.leave(DELIVER_QUEUE, subjects.map(subject => laneWork({ tenantId: actor.tenantId, endpointId: id, subject })))
          }
        }
      }
    },
  }
}

/** Removes the messages of a deleted endpoint, some at a time, and at last the endpoint. */
async function removeEndpoint(actor: Actor, endpointId: string): Promise<void> {
  const removed = await inTenantOnce(actor, {
    text: `delete from webhook_message where tenant_id = $1 and id in (
             select id from webhook_message where tenant_id = $1 and endpoint_id = $2 limit ${LIMITS.webhookPurgeRows}) returning 1`,
    values: [actor.tenantId, endpointId] })
  if (!removed.length) await inTenantOnce(actor, { text: 'delete from webhook_endpoint where tenant_id = $1 and id = $2', values: [actor.tenantId, endpointId] })
}

/** Removes messages older than 30 days, also those that still wait for an endpoint that nobody made ACTIVE again. */
async function removeOld(actor: Actor, endpointId: string): Promise<void> {
  await inTenantOnce(actor, {
    // Old ones stand first, so only the first are looked at.
    text: `delete from webhook_message where tenant_id = $1 and id in (select id from (
             select id, at from webhook_message where tenant_id = $1 and endpoint_id = $2 order by seq limit ${LIMITS.webhookPurgeRows}) first where at < $3)`,
    values: [actor.tenantId, endpointId, new Date(actor.now.getTime() - LIMITS.webhookKeepMs)] })
}

async function boundWaiting(actor: Actor, endpointId: string): Promise<void> {
  await inTenantBatch(actor, async ({ run, last }) => {
    const [disabled] = await run([{
      text: `update webhook_endpoint set state = 'DISABLED', disabled_reason = 'BACKLOG' where tenant_id = $1 and id = $2 and state <> 'DISABLED'
             and exists (select 1 from webhook_message where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' offset $3) returning id`,
      values: [actor.tenantId, endpointId, LIMITS.webhookWaitingMax] }])
    const { tenantId } = actor
    await last(disabled!.length ? [emitStatement(tenantId, 'webhook_endpoint.disabled', { endpointId, reason: 'BACKLOG' })] : [])
  })
}
