/** What the node counts for Prometheus: operations, sockets, streams and the event log. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The registry behind `/metrics`. */
export const registry = new Registry()
// A hundred looks a second at the event loop's delay, the default, cost an idle node 0.7 % of a core.
collectDefaultMetrics({ register: registry, prefix: 'laurel_', eventLoopMonitoringPrecision: 100 })

export const operations = new Histogram({
  name: 'laurel_operation_seconds', help: 'Duration of GraphQL operations over HTTP.', labelNames: ['type', 'outcome'],
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5], registers: [registry],
})
export const sockets = new Gauge({ name: 'laurel_sockets', help: 'Open WebSocket connections.', registers: [registry] })
export const streams = new Gauge({ name: 'laurel_streams', help: 'Running subscriptions.', registers: [registry] })
export const messages = new Counter({
  name: 'laurel_stream_messages_total', help: 'Stream messages sent.', registers: [registry],
})
export const executions = new Counter({
  name: 'laurel_stream_executions_total', help: 'Executions of stream messages; one serves a whole group.',
  registers: [registry],
})
export const drained = new Counter({
  name: 'laurel_events_numbered_total', help: 'Events that this node\'s relay has numbered.', registers: [registry],
})
