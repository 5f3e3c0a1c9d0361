/**
 * A connection over a plain WebSocket that speaks graphql-transport-ws; it opens when asked and notices a line that went
 * silent.
 */
import type { Connection, Operation, Sink } from './stream.ts'

/** Where to connect, as whom, and how long silence is borne. */
export interface ConnectionOptions {
  url: string
  /** The token's header value, e.g. `Bearer …`; asked for at each opening, so a renewed token is used. */
  authorization(): string
  /** Without a word for this long (ms) a ping is sent; without one for twice as long the line counts as lost. */
  silenceMs?: number
}

/** The close code we give a line that stopped answering; ours, so never final. */
const SILENT = 4499

type Answer =
  | { type: 'next'; id: string; payload: { data?: unknown; errors?: unknown } }
  | { type: 'error'; id: string; payload: unknown }
  | { type: 'complete'; id: string }
type Message = Answer | { type: 'connection_ack' } | { type: 'ping' } | { type: 'pong' }

type Sinks = Map<string, { operation: Operation; sink: Sink }>

/** Hands an answer to whom it is for; a subscription that has ended is forgotten. */
function settle(sinks: Sinks, message: Answer): void {
  const sink = sinks.get(message.id)?.sink
  if (message.type === 'next') return sink?.next(message.payload)
  sinks.delete(message.id)
  if (message.type === 'error') sink?.error(message.payload)
  else sink?.complete()
}

/** Watches a line: `quiet` is called when nothing was heard for `silenceMs`, `lost` when nothing was for twice as long. */
function watchLine(silenceMs: number, quiet: () => void, lost: () => void): { heard(): void; stop(): void } {
  let heardMs = Date.now()
  const timer = setInterval(() => {
    const silentMs = Date.now() - heardMs
    if (silentMs >= 2 * silenceMs) lost()
    else if (silentMs >= silenceMs) quiet()
  }, silenceMs / 2)
  return { heard: () => void (heardMs = Date.now()), stop: () => clearInterval(timer) }
}

/**
 * Returns a connection to `url`. All its subscriptions fail together when the socket closes; the next `subscribe` opens a
 * new one.
 */
export function connect({ url, authorization, silenceMs = 10_000 }: ConnectionOptions): Connection & { close(): void } {
  const sinks: Sinks = new Map()
  const listeners = new Set<() => void>()
  let socket: WebSocket | null = null
  let acknowledged = false
  let lastId = 0

  const send = (message: object) => socket?.send(JSON.stringify(message))
  const subscribe = (id: string, operation: Operation) => send({ id, type: 'subscribe', payload: operation })

  const drop = (cause: { code: number; reason: string }) => {
    socket = null
    acknowledged = false
    const failed = [...sinks.values()]
    sinks.clear()
    for (const { sink } of failed) sink.error(cause)
  }

  const receive = (message: Message) => {
    if (message.type === 'connection_ack') {
      acknowledged = true
      for (const [id, { operation }] of sinks) subscribe(id, operation)
      for (const listener of [...listeners]) listener()
    } else if (message.type === 'ping') send({ type: 'pong' })
    else if (message.type !== 'pong') settle(sinks, message)
  }

  const open = () => {
    const mine = (socket = new WebSocket(url, 'graphql-transport-ws'))
    const lose = (cause: { code: number; reason: string }) => {
      line.stop()
      if (socket === mine) drop(cause)
    }
    const ping = () => acknowledged && send({ type: 'ping' })
    const line = watchLine(silenceMs, ping, () => {
      mine.close(SILENT, 'silent')
      lose({ code: SILENT, reason: 'The line went silent.' }) // The closing handshake may take minutes on a dead line.
    })
    mine.onopen = () => send({ type: 'connection_init', payload: { authorization: authorization() } })
    mine.onmessage = event => {
      line.heard()
      if (socket === mine) receive(JSON.parse(String(event.data)) as Message)
    }
    mine.onclose = event => lose({ code: event.code, reason: event.reason })
  }

  return {
    subscribe(operation, sink) {
      const id = String(++lastId)
      sinks.set(id, { operation, sink })
      if (!socket) open()
      else if (acknowledged) subscribe(id, operation)
      return () => {
        if (sinks.delete(id) && acknowledged) send({ id, type: 'complete' })
      }
    },
    on(_event, listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      sinks.clear()
      socket?.close(1000)
      socket = null
    },
  }
}
