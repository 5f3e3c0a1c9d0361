/** From facts to messages: hears the event log, and in one transaction adds the messages, leaves their lanes, and moves on. */
import { LIMITS } from '../platform/limits.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Queues, Work } from '../wire/queues.ts'
import type { Reaction } from '../wire/reactions.ts'
import { isTold, linesOf } from './catalog.rules.ts'
import { DELIVER_QUEUE, laneWork, WAKE_QUEUE } from './delivery.jobs.ts'
import { anyEndpointStatement, subscribersStatement } from './endpoint.queries.ts'
import { insertStatements, type NewMessage } from './message.service.ts'

type Leave = Pick<Queues, 'leave'>

interface OwnEvent { endpointId: string; subject?: string; isResumed?: boolean }

const OWN = new Set(['webhook_endpoint.tested', 'webhook_endpoint.replayed', 'webhook_endpoint.updated'])

/** Returns the reaction of webhooks; each fact becomes one message for each endpoint that subscribes to it, exactly once. */
export function deliveryReaction(queues: Leave): Reaction {
  return {
    name: 'webhooks',
    hears: topic => isTold(topic) || OWN.has(topic),
    gatherMs: 100, // Delivery is no stream: fewer and larger steps cost the writers less.
    eventsAtOnce: LIMITS.webhookEventsAtOnce,
    concerns: anyEndpointStatement,
    async react(actor, batch, events) {
      const own = events.filter(({ topic }) => OWN.has(topic))
      if (own.length) await followOwn(actor, batch, own, queues)
      return followFacts(actor, batch, events, queues)
    },
  }
}

/** What an admin asked for of an endpoint: a test, a replay, a fresh start. */
async function followOwn({ tenantId }: Actor, batch: Batch, events: readonly LogEvent[], queues: Leave): Promise<void> {
  const tests: Work[] = []
  const woken: Work[] = []
  for (const { topic, payload } of events) {
    const { endpointId, subject, isResumed } = payload as OwnEvent
    if (topic === 'webhook_endpoint.tested') tests.push(laneWork({ tenantId, endpointId, subject: subject! }))
    if (topic === 'webhook_endpoint.replayed' || isResumed) {
      woken.push({ key: endpointId, group: tenantId, ids: { tenantId, endpointId } })
    }
  }
  await queues.leave(DELIVER_QUEUE, tests, batch)
  await queues.leave(WAKE_QUEUE, woken, batch)
}

async function followFacts(actor: Actor, batch: Batch, events: readonly LogEvent[], queues: Leave): Promise<Statement[]> {
  const { tenantId } = actor
  const [rows] = await batch.run([subscribersStatement(tenantId)])
  const endpoints = (rows as { id: string; topics: string[] }[]).map(({ id, topics }) => ({ id, topics: new Set(topics) }))
  if (!endpoints.length) return []
  const wanted = new Set(endpoints.flatMap(({ topics }) => [...topics]))
  const messages: NewMessage[] = []
  const lanes = new Map<string, Work>()
  for (const { pos, at, topic: event, payload } of events) {
    for (const { topic, subject, said, line } of linesOf({ topic: event, payload }, wanted)) {
      const text = JSON.stringify(said)
      for (const { id: endpointId, topics } of endpoints) {
        if (!topics.has(topic)) continue
        messages.push({ endpointId, pos, line, topic, subject, said: text, at })
        const work = laneWork({ tenantId, endpointId, subject })
        lanes.set(work.key, work)
      }
    }
  }
  await queues.leave(DELIVER_QUEUE, [...lanes.values()], batch)
  return insertStatements(actor, messages)
}
