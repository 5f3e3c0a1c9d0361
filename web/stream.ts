/**
 * Follows one live field: a snapshot replaces, a delta applies if its `after` is my cursor, otherwise subscribe again
 * from the cursor.
 * No framework and no imports: works over `connect` in socket.ts or over graphql-ws's `createClient({ retryAttempts: 0 })`.
 */

/** One subscription operation: its text and its variables. */
export interface Operation {
  query: string
  variables?: Record<string, unknown> | null
}

/** What a subscription answers to; the shape graphql-ws uses. */
export interface Sink {
  next(value: { data?: unknown; errors?: unknown }): void
  error(reason: unknown): void
  complete(): void
}

/** Anything that carries subscriptions. `subscribe` returns what ends it; it opens the socket when there is none. */
export interface Connection {
  subscribe(operation: Operation, sink: Sink): () => void
  on(event: 'connected', listener: () => void): () => void
}

export type Phase = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'ended'

/**
 * Where a stream stands. `sinceMs` (epoch) is when it came to be live, or when it was lost: offline and reconnecting
 * share it.
 */
export interface StreamState {
  phase: Phase
  sinceMs: number
  newestMs: number | null
  code: number | string | null
  reason: string | null
}

/** What every message of a stream has: where the stream stands after it. */
export interface Snapshot {
  cursor: string
}
/** A message that follows another: it applies if `after` is the reader's cursor. */
export interface Delta {
  after: string
  cursor: string
}

/** What is followed, from where, and who hears of it. */
export interface StreamOptions<M extends Snapshot> {
  query: string | { toString(): string }
  variables?: Record<string, unknown>
  /** Resume behind this cursor; null asks for a snapshot first. */
  after?: string | null
  onSnapshot(message: Exclude<M, Delta>): void
  onDelta(message: Extract<M, Delta>): void
  onState?(state: StreamState): void
  random?: () => number
}

/** A running stream: its state now, a way to try at once, and its end. */
export interface Stream {
  readonly state: StreamState
  retry(): void
  stop(): void
}

/** Close codes after which asking again would be answered the same. */
const FINAL_CODES = new Set([4400, 4401, 4403, 4406, 4409])
/** Refusals of the operation that pass; every other one is final. */
const PASSING_REFUSALS = new Set(['UNAVAILABLE', 'INTERNAL', 'RATE_LIMITED'])
const RETRY_MS_MAX = 30_000
const RETRY_MS_FIRST = 1_000
const RETRY_MS_FIRST_OVERLOAD = 5_000
/** Deltas that do not fit, one after the other, before the cursor is given up for a snapshot. */
const MISFITS_MAX = 2

/**
 * Returns how long to wait (ms) before attempt `attempt` (0-based): doubling, spread over 20–100 %, slower after 1013
 * (overload).
 */
export function retryDelayMs(attempt: number, code: number | string | null, random: number): number {
  const firstMs = code === 1013 ? RETRY_MS_FIRST_OVERLOAD : RETRY_MS_FIRST
  return Math.round(Math.min(RETRY_MS_MAX, firstMs * 2 ** attempt) * (0.2 + 0.8 * random))
}

interface Ending {
  code: number | string | null
  reason: string | null
  final: boolean
}

const COMPLETED: Ending = { code: null, reason: 'The server ended the stream.', final: false }
const UNPLUGGED: Ending = { code: null, reason: 'The device is offline.', final: false }

/** Returns what a sink's error means: a close event, a list of GraphQL errors, or anything else (the network). */
export function endingFor(cause: unknown): Ending {
  if (Array.isArray(cause)) {
    const first = cause[0] as { message?: string; extensions?: { code?: string } } | undefined
    const code = first?.extensions?.code ?? null
    return { code, reason: first?.message ?? null, final: !code || !PASSING_REFUSALS.has(code) }
  }
  const { code, reason } = (cause ?? {}) as { code?: unknown; reason?: unknown }
  const closeCode = typeof code === 'number' ? code : null
  return {
    code: closeCode,
    reason: typeof reason === 'string' && reason ? reason : null,
    final: closeCode !== null && FINAL_CODES.has(closeCode),
  }
}

/**
 * The streams of one connection that wait for their next attempt: one timer and one backoff for all, so that they come
 * back together.
 */
interface Waiting {
  attempt: number
  timer?: ReturnType<typeof setTimeout>
  opens: Set<() => void>
}
const waitingOn = new WeakMap<Connection, Waiting>()

function waitingOf(connection: Connection): Waiting {
  const known = waitingOn.get(connection) ?? { attempt: 0, opens: new Set() }
  waitingOn.set(connection, known)
  return known
}

/** Calls all that wait, now. */
function openAll(waiting: Waiting): void {
  clearTimeout(waiting.timer)
  waiting.timer = undefined
  const opens = [...waiting.opens]
  waiting.opens.clear()
  for (const open of opens) open()
}

const isLost = (phase: Phase) => phase === 'reconnecting' || phase === 'offline'

/** Returns the state and how to move it; `onState` hears each new phase and each new reason. */
function keepState(onState: ((state: StreamState) => void) | undefined) {
  let state: StreamState = { phase: 'connecting', sinceMs: Date.now(), newestMs: null, code: null, reason: null }
  const move = (phase: Phase, change: Partial<StreamState> = {}) => {
    const same = phase === state.phase
    const sinceMs = same || (isLost(phase) && isLost(state.phase)) ? state.sinceMs : Date.now()
    state = { ...state, code: null, reason: null, ...change, phase, sinceMs }
    if (!same || change.code !== undefined) onState?.(state)
  }
  return { now: () => state, move }
}

/** Hears the device going on line and off line, where there is a browser; returns how to stop hearing. */
function watchDevice(online: () => void, offline: () => void): () => void {
  const { addEventListener, removeEventListener } = globalThis as unknown as Partial<
    Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
  >
  addEventListener?.('online', online)
  addEventListener?.('offline', offline)
  return () => {
    removeEventListener?.('online', online)
    removeEventListener?.('offline', offline)
  }
}

/**
 * Subscribes and returns how to leave. `take` hears each message, `lose` the one ending; after either end nothing is
 * heard any more,
 * though a subscription that was replaced may still have messages on their way.
 */
function subscribeOnce<M>(
  connection: Connection,
  operation: Operation,
  take: (message: M) => void,
  lose: (ending: Ending) => void,
) {
  let current = true
  let leave: (() => void) | undefined
  const over = (ending: Ending | null) => {
    if (!current) return
    current = false
    leave?.()
    if (ending) lose(ending)
  }
  leave = connection.subscribe(operation, {
    next: ({ data, errors }) => {
      const message = Object.values((data ?? {}) as Record<string, M | null>)[0]
      if (!message) over(endingFor(errors ?? []))
      else if (current) take(message)
    },
    error: cause => over(endingFor(cause)),
    complete: () => over(COMPLETED),
  })
  return () => over(null)
}

/** Returns a running stream of `options.query`; it retries until `stop` or until an answer is final. */
export function follow<M extends Snapshot>(connection: Connection, options: StreamOptions<M>): Stream {
  const waiting = waitingOf(connection)
  const { now, move } = keepState(options.onState)
  let cursor = options.after ?? null
  let misfits = 0
  let end: (() => void) | undefined

  const lose = ({ code, reason, final }: Ending) => {
    end = undefined
    if (final) return finish({ code, reason })
    const offline = globalThis.navigator?.onLine === false
    // A first connection that fails was never live: for two attempts it stays "connecting" to the eye, with the reason beside it.
    const connecting = now().phase === 'connecting' && waiting.attempt < 2
    move(offline ? 'offline' : connecting ? 'connecting' : 'reconnecting', { code, reason })
    waiting.opens.add(open)
    waiting.timer ??= setTimeout(() => openAll(waiting), retryDelayMs(waiting.attempt++, code, (options.random ?? Math.random)()))
  }

  const take = (message: M) => {
    const delta = 'after' in message ? (message as unknown as Delta) : null
    if (delta && delta.after !== cursor) {
      if (++misfits > MISFITS_MAX) cursor = null
      return open()
    }
    misfits = waiting.attempt = 0
    cursor = message.cursor
    move('live', { newestMs: Date.now() })
    if (delta) options.onDelta(message as Extract<M, Delta>)
    else options.onSnapshot(message as Exclude<M, Delta>)
  }

  function open(): void {
    end?.()
    const operation = { query: String(options.query), variables: { ...options.variables, after: cursor } }
    end = subscribeOnce(connection, operation, take, lose)
  }

  const retry = () => {
    waiting.attempt = 0
    openAll(waiting)
  }
  const unwatch = watchDevice(retry, () => {
    end?.()
    lose(UNPLUGGED)
  })
  const unhear = connection.on('connected', () => {
    if (end) move('live')
  })
  function finish(change: Partial<StreamState>): void {
    waiting.opens.delete(open)
    end?.()
    end = undefined
    unhear()
    unwatch()
    move('ended', change)
  }

  open()
  return {
    get state() {
      return now()
    },
    retry,
    stop: () => {
      if (now().phase !== 'ended') finish({})
    },
  }
}
