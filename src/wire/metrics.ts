/**
 * What a node counts for Prometheus: rate, errors and duration of operations, sockets, streams, work and pools, and what waits.
 * Every name is explained in docs/operate.md; the rules over them stand in deploy/alerts.yml.
 */
import type { GraphQLError, GraphQLFormattedError, OperationDefinitionNode } from 'graphql'
import type { Pool, PoolClient } from 'pg'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { commandsWaiting, Depth } from '../platform/gathering.ts'
import { traced } from '../platform/trace.ts'
import { formatError } from './error.format.ts'

/** The registry behind `/metrics`. */
export const registry = new Registry()
// A hundred looks a second at the event loop's delay, the default, cost an idle node 0.7 % of a core.
collectDefaultMetrics({ register: registry, prefix: 'laurel_', eventLoopMonitoringPrecision: 100 })
const registers = [registry]
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15]

const operations = new Histogram({
  name: 'laurel_operation_seconds', help: 'Duration of GraphQL operations, by door, type and outcome.',
  labelNames: ['door', 'type', 'outcome'], buckets: SECONDS, registers,
})
export const sockets = new Gauge({ name: 'laurel_sockets', help: 'Open WebSocket connections.', registers })
const socketLives = new Histogram({
  name: 'laurel_socket_seconds', help: 'How long closed WebSocket connections were open, by close code.', labelNames: ['code'],
  buckets: [1, 10, 60, 600, 3_600, 86_400], registers,
})
export const stalledReaders = new Counter({
  name: 'laurel_readers_stalled_total', help: 'Connections cut because their reader did not read.', registers,
})
export const streams = new Gauge({ name: 'laurel_streams', help: 'Running subscriptions.', registers })
export const messages = new Counter({ name: 'laurel_stream_messages_total', help: 'Stream messages sent.', registers })
const executions = new Histogram({
  name: 'laurel_stream_execution_seconds', help: 'Duration of executions of stream messages; one serves a whole group.',
  labelNames: ['outcome'], buckets: SECONDS, registers,
})
export const streamFailures = new Counter({
  name: 'laurel_stream_failures_total', help: 'Times that a stream could not be read and was tried again.', registers,
})
const liveDelay = new Histogram({
  name: 'laurel_live_delay_seconds', help: 'From the commit of an event to the last frame of its message in a group.',
  labelNames: ['kind'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60], registers,
})
const numbered = new Counter({
  name: 'laurel_events_numbered_total', help: 'Events that this node\'s relay has numbered.', registers,
})
const relayLag = new Histogram({
  name: 'laurel_relay_lag_seconds', help: 'From the commit of the oldest event of a drain to its number.', buckets: SECONDS,
  registers,
})
export const relayLeads = new Gauge({ name: 'laurel_relay_leads', help: '1 while this node leads the relay.', registers })
export const outboxOldest = new Gauge({
  name: 'laurel_outbox_oldest_seconds', help: 'Age of the oldest event that waits to be numbered.', registers,
})
export const ready = new Gauge({ name: 'laurel_ready', help: '1 while this node can serve, as /readyz says.', registers })
export const postgresUp = new Gauge({ name: 'laurel_postgres_up', help: '1 while PostgreSQL answers this node.', registers })
export const brokerUp = new Gauge({
  name: 'laurel_broker_up', help: '1 while messages reach other nodes; always with the broker of a single node.',
  labelNames: ['kind'], registers,
})
const work = new Histogram({
  name: 'laurel_work_seconds', help: 'Duration of jobs, reactions and pieces of queued work, by outcome.',
  labelNames: ['kind', 'name', 'outcome'], buckets: [...SECONDS, 60, 600], registers,
})
export const webhooks = new Histogram({
  name: 'laurel_webhook_seconds', help: 'Duration of attempts to deliver a webhook, by what became of the message.',
  labelNames: ['outcome'], buckets: SECONDS, registers,
})
const poolConnections = new Gauge({
  name: 'laurel_pool_connections', help: 'Database connections, by pool and state.', labelNames: ['pool', 'state'], registers,
})
const poolMax = new Gauge({
  name: 'laurel_pool_connections_max', help: 'Connections that a pool may have.', labelNames: ['pool'], registers,
})
const poolHeld = new Histogram({
  name: 'laurel_pool_held_seconds', help: 'How long a connection was held before it was given back.', labelNames: ['pool'],
  buckets: SECONDS, registers,
})
const poolLost = new Counter({
  name: 'laurel_pool_lost_total', help: 'Connections that were lost or had to be closed.', labelNames: ['pool'], registers,
})
const queueWaiting = new Gauge({
  name: 'laurel_queue_waiting', help: 'What waits now, by queue.', labelNames: ['queue'], registers,
})
const queueMost = new Gauge({
  name: 'laurel_queue_waiting_most', help: 'The most that waited at once within the last minute, by queue.',
  labelNames: ['queue'], registers,
})
const owedBytes = new Gauge({
  name: 'laurel_socket_owed_bytes', help: 'Bytes sent to readers and not yet acknowledged.', registers,
})
const owedMost = new Gauge({
  name: 'laurel_socket_owed_bytes_most', help: 'The most that one reader owed within the last minute, in bytes.', registers,
})

// A series that begins with its first failure hides that failure from rate(): these begin at nothing.
for (const type of ['query', 'mutation', 'subscription']) {
  for (const outcome of ['ok', 'refused', 'failed']) operations.zero({ door: 'http', type, outcome })
}
for (const outcome of ['ok', 'failed']) executions.zero({ outcome })
for (const kind of ['STATE', 'LOG']) liveDelay.zero({ kind })
for (const outcome of ['delivered', 'retried', 'dead']) webhooks.zero({ outcome })

/** What waits: events for their number, and readers for their credit; and the bytes that one reader owes. */
export const depths = { outbox: new Depth(), readers: new Depth(), owed: new Depth() }

/** What became of an operation: `refused` is the asker's to mend, `failed` is ours and counts against the error budget. */
export type Outcome = 'ok' | 'refused' | 'failed'
const OURS = new Set<unknown>(['INTERNAL', 'UNAVAILABLE'])

/** Returns the outcome of an operation that was answered with these errors. */
export function outcomeOf(errors: readonly GraphQLFormattedError[] | undefined): Outcome {
  if (!errors?.length) return 'ok'
  return errors.some(({ extensions }) => OURS.has(extensions?.code)) ? 'failed' : 'refused'
}

/** Returns the type of an operation: as GraphQL names it, `poll` for one that may wait for news, `none` for none. */
export function typeOf(operation: OperationDefinitionNode | undefined | null): string {
  if (!operation) return 'none'
  const { selections } = operation.selectionSet
  const waits = selections.some(chosen => chosen.kind === 'Field' && chosen.name.value.endsWith('Messages'))
  return waits ? 'poll' : operation.operation
}

/** Returns what shows the errors of operations that were refused before they began, and counts each. */
export const showRefused = (door: 'http' | 'sse' | 'socket') => (errors: readonly GraphQLError[], begun: number) => {
  const shown = errors.map(error => formatError(error))
  countOperation(door, 'none', outcomeOf(shown), begun)
  return shown
}

/** Counts an operation that began at `begun` of `performance.now()`. */
export function countOperation(door: 'http' | 'sse' | 'socket', type: string, outcome: Outcome, begun: number): void {
  operations.observe({ door, type, outcome }, (performance.now() - begun) / 1_000)
}

/** Returns what one execution of a stream's message returns and counts it; an error that `isPersonal` is no failure. */
export async function countExecution<T>(doing: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  let outcome = 'ok'
  try {
    return await traced('stream message', doing)
  } catch (error) {
    outcome = (error as { isPersonal?: boolean }).isPersonal ? 'personal' : 'failed'
    throw error
  } finally {
    executions.observe({ outcome }, (performance.now() - begun) / 1_000)
  }
}

/** Counts how long messages were on their way that have just been handed to the last socket of a group. */
export function countDelays(kind: 'STATE' | 'LOG', messages: readonly { committedAt?: Date | null }[]): void {
  for (const { committedAt } of messages) {
    if (committedAt) liveDelay.observe({ kind }, Math.max(0, Date.now() - committedAt.getTime()) / 1_000)
  }
}

/** Counts what a drain has numbered. */
export function countNumbered(events: readonly { at: Date }[]): void {
  depths.outbox.set(events.length)
  if (!events.length) return
  numbered.inc(events.length)
  const oldestMs = events.reduce((oldest, { at }) => Math.min(oldest, at.getTime()), Infinity)
  relayLag.observe(Math.max(0, Date.now() - oldestMs) / 1_000)
}

/** Counts a connection that was open from `since` of `performance.now()`. Clients may close with any code: few are told apart. */
export function countSocket(code: number, since: number): void {
  sockets.dec()
  socketLives.observe({ code: CODES.has(code) ? code : 'other' }, (performance.now() - since) / 1_000)
}
const CODES = new Set([1000, 1001, 1005, 1006, 1009, 1012, 1013, 4400, 4401, 4403, 4408, 4409, 4429, 4500])

type WorkKind = 'job' | 'reaction' | 'queue'

/** Lets the counts of work begin at nothing. */
export function expectWork(kind: WorkKind, name: string): void {
  for (const outcome of ['ok', 'failed']) work.zero({ kind, name, outcome })
}

/** Returns what `doing` returns and counts it, with how long it took and whether it failed. */
export async function countWork<T>(kind: WorkKind, name: string, doing: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  let outcome = 'failed'
  try {
    const result = await traced(`${kind} ${name}`, doing)
    outcome = 'ok'
    return result
  } finally {
    work.observe({ kind, name, outcome }, (performance.now() - begun) / 1_000)
  }
}

const pools = new Map<Pool, { name: string; waiting: Depth }>()

/** Counts what a pool's connections do; returns how to stop. Its queue is named as the pool. */
export function watchPool(name: string, pool: Pool): () => void {
  const waiting = new Depth()
  const since = new WeakMap<PoolClient, number>()
  const acquired = (client: PoolClient) => since.set(client, performance.now())
  const released = (error: Error | undefined, client: PoolClient) => {
    waiting.set(pool.waitingCount) // Who waits waits for this very moment, so here the queue is longest.
    poolHeld.observe({ pool: name }, (performance.now() - (since.get(client) ?? performance.now())) / 1_000)
    if (error) poolLost.inc({ pool: name })
  }
  const lost = () => poolLost.inc({ pool: name })
  poolLost.inc({ pool: name }, 0)
  pool.on('acquire', acquired).on('release', released).on('error', lost)
  pools.set(pool, { name, waiting })
  return () => {
    pool.off('acquire', acquired).off('release', released).off('error', lost)
    pools.delete(pool)
  }
}

const looks = new Set<() => Promise<void> | void>()

/** Calls `look` before each scrape, to set what is only known by asking; returns how to stop. */
export function beforeScrape(look: () => Promise<void> | void): () => void {
  looks.add(look)
  return () => void looks.delete(look)
}

/** Sets how many wait in a queue that is only known by asking. */
export function setWaiting(queue: string, waiting: number): void {
  queueWaiting.set({ queue }, waiting)
}

/** Sets how many bytes all readers together have yet to acknowledge. */
export function setOwed(bytes: number): void {
  owedBytes.set(bytes)
}

/** Returns everything counted, in the text format of Prometheus. */
export async function scrape(): Promise<string> {
  await Promise.all([...looks].map(look => look()))
  const queues = new Map([['commands', commandsWaiting], ['readers', depths.readers]])
  for (const [pool, { name, waiting }] of pools) {
    poolConnections.set({ pool: name, state: 'idle' }, pool.idleCount)
    poolConnections.set({ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount)
    poolMax.set({ pool: name }, pool.options.max)
    waiting.set(pool.waitingCount)
    queues.set(name, waiting)
  }
  for (const [queue, { now }] of queues) queueWaiting.set({ queue }, now)
  for (const [queue, depth] of [...queues, ['outbox', depths.outbox] as const]) queueMost.set({ queue }, depth.most)
  owedMost.set(depths.owed.most)
  return registry.metrics()
}
