/**
 * Delivers messages, lane by lane: those about one subject to one endpoint, one after another, on whichever node is free. A lane
 * that fails comes back when its message is due again. What a killed node had in hand is taken over with the same message id.
 */
import type { Database } from '../platform/db.ts'
import { reach } from '../platform/faults.ts'
import { wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { traced } from '../platform/trace.ts'
import { webhooks } from '../wire/metrics.ts'
import type { Ids, Queue, Queues, Work } from '../wire/queues.ts'
import { bodyOf, RETRY_MS, retryMs } from './delivery.rules.ts'
import { type Head, headOf, LANES_AT_ONCE, waitingSubjects } from './endpoint.queries.ts'
import { recordAttempt } from './message.service.ts'
import { type Sender, signedHeaders } from './sender.ts'

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
        const isOver = signal.aborted || Date.now() > until
        if (isOver || head.waitMs > 0) return queues.leave(DELIVER_QUEUE, [laneWork(lane, head.waitMs)])
        const begunAt = new Date()
        const outcome = await traced('webhook attempt', () => send(sender, lane.tenantId, head, begunAt, signal))
        reach('webhook.sent')
        const nextMs = outcome.failure ? retryMs(head.failures + 1, Math.random(), schedule) : null
        goesOn = await recordAttempt(actor, { endpointId: lane.endpointId, head, begunAt, outcome, nextMs },
          batch => queues.leave(DELIVER_QUEUE, [laneWork(lane, nextMs!)], batch))
        webhooks.observe({ outcome: !outcome.failure ? 'delivered' : nextMs === null ? 'dead' : 'retried' },
          outcome.durationMs / 1_000)
        reach('webhook.recorded')
      }
    },
  }
}

function send(sender: Sender, tenantId: string, head: Head, at: Date, signal: AbortSignal) {
  const body = bodyOf({ ...head, tenant: wireId('Tenant', tenantId) })
  const secrets = head.previousSecret ? [head.secret, head.previousSecret] : [head.secret]
  return sender.post(head.url, body, signedHeaders(wireId('WebhookMessage', head.id), at, body, secrets), signal)
}

/** Returns the queue that tries everything that waits for an endpoint now: after a replay, or when it is ACTIVE again. */
export function wakeQueue(db: Database, queues: Queues): Queue {
  return {
    name: WAKE_QUEUE, atOnce: 2, atOncePerGroup: 1,
    async work(ids: Ids, signal) {
      const { tenantId, endpointId } = ids as { tenantId: string; endpointId: string }
      // The column keeps milliseconds: rounded up, a message would be due half of one later and be overlooked just below.
      await inTenantOnce({ tenantId, db }, {
        text: `update webhook_message set due_at = date_trunc('milliseconds', now())
               where tenant_id = $1 and endpoint_id = $2 and state = 'PENDING' and due_at > now()`,
        values: [tenantId, endpointId],
      })
      let subjects: string[] = []
      do {
        subjects = await waitingSubjects({ tenantId, db }, endpointId, subjects.at(-1) ?? '', 0)
        for (const subject of subjects) await queues.hasten(DELIVER_QUEUE, laneWork({ tenantId, endpointId, subject }))
      } while (subjects.length === LANES_AT_ONCE && !signal.aborted)
    },
  }
}
