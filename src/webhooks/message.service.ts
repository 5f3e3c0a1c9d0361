/** The only writer of messages and of their attempts; an endpoint that is given up on is told to the others. */
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emit, emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenant, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { registerTopic, TEST_TOPIC } from './catalog.rules.ts'
import { WebhookState } from './endpoint.entity.ts'
import type { Head } from './endpoint.queries.ts'
import { findEndpoint } from './endpoint.service.ts'
import type { Outcome } from './delivery.rules.ts'

registerTopic({
  name: 'webhook.disabled', event: 'webhook_endpoint.disabled',
  description: 'An endpoint was disabled, because it failed for three days or too much waited for it: { endpointId, reason }.',
  factsOf: ({ endpointId, reason }: { endpointId: string; reason: string }) => {
    const subject = wireId('WebhookEndpoint', endpointId)
    return [{ subject, said: { endpointId: subject, reason } }]
  },
})

/** A message to be: `said` is its payload as JSON text. */
export interface NewMessage {
  endpointId: string; pos: number; line: number; topic: string; subject: string; said: string; at: Date
}

/** Returns the statements that add messages, in order. One that is there already (same endpoint, pos, line) fails them all. */
export function insertStatements({ tenantId, now }: Actor, messages: readonly NewMessage[]): Statement[] {
  const statements: Statement[] = []
  for (let from = 0; from < messages.length; from += LIMITS.webhookRowsAtOnce) {
    const part = messages.slice(from, from + LIMITS.webhookRowsAtOnce)
    const column = <T>(pick: (message: NewMessage) => T) => part.map(pick)
    statements.push({
      name: 'webhook_messages',
      text: `insert into webhook_message (tenant_id, id, endpoint_id, pos, line, topic, subject, payload, at)
             select $1, id, endpoint_id, pos, line, topic, subject, payload, at
             from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::int[], $6::text[], $7::text[], $8::json[], $9::timestamptz[])
               with ordinality as t (id, endpoint_id, pos, line, topic, subject, payload, at, place) order by place`,
      values: [tenantId, column(() => newId(now)), column(({ endpointId }) => endpointId), column(({ pos }) => pos),
        column(({ line }) => line), column(({ topic }) => topic), column(({ subject }) => subject),
        column(({ said }) => said), column(({ at }) => at)],
    })
  }
  return statements
}

/**
 * Adds a test message for an endpoint and returns its id; emits `webhook_endpoint.tested`.
 * @throws Refusal NOT_FOUND | INVALID
 */
export function testEndpoint(actor: Actor, endpointId: string) {
  const { tenantId, now } = actor
  return inTenant(actor, async tx => {
    const endpoint = await findEndpoint(tx.em, actor, endpointId)
    if (endpoint.state === WebhookState.DISABLED) {
      throw new Refusal(ErrorCode.INVALID, 'The endpoint is DISABLED: set its state to ACTIVE first.', ['endpointId'])
    }
    const messageId = newId(now)
    const subject = wireId('WebhookEndpoint', endpointId)
    const said = JSON.stringify({ url: endpoint.url, topics: endpoint.topics })
    await tx.em.execute(
      'insert into webhook_message (tenant_id, id, endpoint_id, topic, subject, payload, at) values (?, ?, ?, ?, ?, ?, ?)',
      [tenantId, messageId, endpointId, TEST_TOPIC, subject, said, now])
    const mark = await emit(tx, 'webhook_endpoint.tested', { endpointId, subject })
    return { messageId, mark }
  })
}

/**
 * Lets dead messages be sent again, one or the oldest 1,000 of an endpoint, and returns how many. Each keeps its id and its
 * place before later messages of its subject. Emits `webhook_endpoint.replayed`.
 * @throws Refusal NOT_FOUND | INVALID
 */
export function replay(actor: Actor, { messageId, endpointId }: { messageId: string | null; endpointId: string | null }) {
  const { tenantId } = actor
  if (!messageId === !endpointId) {
    throw new Refusal(ErrorCode.INVALID, 'Name a message, or an endpoint for all its dead messages.', ['messageId', 'endpointId'])
  }
  return inTenant(actor, async tx => {
    const chosen = await tx.em.execute<{ id: string; endpoint: string; state: string }[]>(
      `select id, endpoint_id as endpoint, state from webhook_message
       where tenant_id = ? and ${messageId ? 'id = ?' : `endpoint_id = ? and state = 'DEAD'`}
       order by seq limit ${LIMITS.webhookReplayMax} for update`, [tenantId, messageId ?? endpointId])
    const named = chosen[0]
    if (messageId && !named) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such message.', ['messageId'])
    if (messageId && named!.state !== 'DEAD') {
      throw new Refusal(ErrorCode.INVALID, `The message is ${named!.state}: only dead ones are sent again.`, ['messageId'])
    }
    const endpoint = await findEndpoint(tx.em, actor, endpointId ?? named!.endpoint)
    if (!chosen.length) return { replayed: 0, mark: null }
    await tx.em.execute(`update webhook_message
      set state = 'PENDING', round_from = attempts, round_began_at = null, due_at = now(), finished_at = null
      where tenant_id = ? and id in (${chosen.map(() => '?').join(', ')})`, [tenantId, ...chosen.map(({ id }) => id)])
    const mark = await emit(tx, 'webhook_endpoint.replayed', { endpointId: endpoint.id })
    return { replayed: chosen.length, mark }
  })
}

/** An attempt as it is written down; `nextMs` says when a failed message is tried again, null makes it a dead letter. */
export interface Attempt { endpointId: string; head: Head; begunAt: Date; outcome: Outcome; nextMs: number | null }

/**
 * Writes down an attempt and returns whether the lane may go on to its next message. When the message is to be tried again,
 * `leave` leaves its lane for then, in the same commit. Emits `webhook_endpoint.disabled` when its endpoint is given up on.
 */
export function recordAttempt(actor: Actor, attempt: Attempt, leave: (batch: Batch) => Promise<void>): Promise<boolean> {
  const { tenantId } = actor
  const { endpointId, head, begunAt, outcome: { failure }, nextMs } = attempt
  const state = !failure ? 'DELIVERED' : nextMs === null ? 'DEAD' : 'PENDING'
  const statements = [attemptStatement(tenantId, attempt, state)]
  if (failure && !head.failingSince) statements.push(failingStatement(tenantId, endpointId, begunAt))
  if (!failure && head.failingSince) statements.push(wellStatement(tenantId, endpointId))
  return inTenantBatch(actor, async batch => {
    if (state === 'DELIVERED') {
      await batch.last(statements)
      return true
    }
    if (state === 'PENDING') {
      await batch.run(statements)
      await leave(batch)
      await batch.last([])
      return false
    }
    const rows = await batch.run([...statements, giveUpStatement(tenantId, endpointId, head.roundBeganAt ?? begunAt)])
    const isGivenUp = rows.at(-1)!.length > 0
    await batch.last(isGivenUp ? [emitStatement(tenantId, 'webhook_endpoint.disabled', { endpointId, reason: 'FAILING' })] : [])
    return !isGivenUp
  })
}

function attemptStatement(tenantId: string, { head, begunAt, outcome, nextMs }: Attempt, state: string): Statement {
  return {
    name: 'webhook_attempt',
    text: `with moved as (
             update webhook_message set attempts = attempts + 1, round_began_at = coalesce(round_began_at, $3), state = $4,
               finished_at = case when $4 = 'PENDING' then null else now() end,
               due_at = now() + $5::float8 * interval '1 millisecond'
             where tenant_id = $1 and id = $2 and state = 'PENDING' returning id, attempts)
           insert into webhook_attempt (tenant_id, message_id, number, at, status, duration_ms, failure)
           select $1, id, attempts, $3, $6, $7, $8 from moved`,
    values: [tenantId, head.id, begunAt, state, nextMs ?? 0, outcome.status, outcome.durationMs, outcome.failure],
  }
}

function failingStatement(tenantId: string, endpointId: string, since: Date): Statement {
  return {
    name: 'webhook_failing', values: [tenantId, endpointId, since],
    text: 'update webhook_endpoint set failing_since = $3 where tenant_id = $1 and id = $2 and failing_since is null',
  }
}

function wellStatement(tenantId: string, endpointId: string): Statement {
  return {
    name: 'webhook_well', values: [tenantId, endpointId],
    text: 'update webhook_endpoint set failing_since = null where tenant_id = $1 and id = $2',
  }
}

// Given up on: nothing has arrived there since the message was first tried.
function giveUpStatement(tenantId: string, endpointId: string, since: Date): Statement {
  return {
    name: 'webhook_give_up',
    text: `update webhook_endpoint set state = 'DISABLED', disabled_reason = 'FAILING'
           where tenant_id = $1 and id = $2 and state <> 'DISABLED' and failing_since <= $3 returning id`,
    values: [tenantId, endpointId, since],
  }
}
