/**
 * Follows one live field: a snapshot replaces, a delta applies if its `after` is my cursor, otherwise subscribe again from the cursor.
 * No framework and no imports: works over `connect` in socket.ts or over graphql-ws's `createClient({ retryAttempts: 0 })`.
 */

/** One subscription operation: its text and its variables. */
export interface Operation { query: string; variables?: Record<string, unknown> | null }

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

/** Where a stream stands. `sinceMs` (epoch) is when it came to be live, or when it was lost: offline and reconnecting share it. */
export interface StreamState { phase: Phase; sinceMs: number; newestMs: number | null; code: number | string | null; reason: string | null }

export interface Snapshot { cursor: string }
export interface Delta { after: string; cursor: string }

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
export interface Stream { readonly state: StreamState; retry(): void; stop(): void }

/** Close codes after which asking again would be answered the same. */
const FINAL_CODES = new Set([4400, 4401, 4403, 4406, 4409])
/** Refusals of the operation that pass; every other one is final. */
const PASSING_REFUSALS = new Set(['UNAVAILABLE', 'INTERNAL', 'RATE_LIMITED'])
const RETRY_MS_MAX = 30_000
const RETRY_MS_FIRST = 1_000
const RETRY_MS_FIRST_OVERLOAD = 5_000
/** Deltas that do not fit, one after the other, before the cursor is given up for a snapshot. */
const MISFITS_MAX = 2

/** Returns how long to wait (ms) before attempt `attempt` (0-based): doubling, spread over 20–100 %, slower after 1013 (overload). */
export function retryDelayMs(attempt: number, code: number | string | null, random: number): number {
  const firstMs = code === 1013 ? RETRY_MS_FIRST_OVERLOAD : RETRY_MS_FIRST
  return Math.round(Math.min(RETRY_MS_MAX, firstMs * 2 ** attempt) * (0.2 + 0.8 * random))
}

interface Ending { code: number | string | null; reason: string | null; final: boolean }

/** Returns what a sink's error means: a close event, a list of GraphQL errors, or anything else (the network). */
export function endingFor(cause: unknown): Ending {
  if (Array.isArray(cause)) {
    const first = cause[0] as { message?: string; extensions?: { code?: string } } | undefined
    const code = first?.extensions?.code ?? null
    return { code, reason: first?.message ?? null, final: !code || !PASSING_REFUSALS.has(code) }
  }
  const { code, reason } = (cause ?? {}) as { code?: unknown; reason?: unknown }
  const closeCode = typeof code === 'number' ? code : null
  return { code: closeCode, reason: typeof reason === 'string' && reason ? reason : null, final: closeCode !== null && FINAL_CODES.has(closeCode) }
}

/** Returns a running stream of `options.query`; it retries until `stop` or until an answer is final. */
export function follow<M extends Snapshot>(connection: Connection, options: StreamOptions<M>): Stream {
  const random = options.random ?? Math.random
  let state: StreamState = { phase: 'connecting', sinceMs: Date.now(), newestMs: null, code: null, reason: null }
  let cursor = options.after ?? null
  let attempt = 0
  let misfits = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let end: (() => void) | undefined

  const move = (phase: Phase, change: Partial<StreamState> = {}) => {
    const lost = (p: Phase) => p === 'reconnecting' || p === 'offline'
    const sinceMs = phase === state.phase || (lost(phase) && lost(state.phase)) ? state.sinceMs : Date.now()
    const quiet = phase === state.phase && change.code === undefined
    state = { ...state, code: null, reason: null, ...change, phase, sinceMs }
    if (!quiet) options.onState?.(state)
  }

  const lose = ({ code, reason, final }: Ending) => {
    end = undefined
    if (final) return finish('ended', { code, reason })
    const offline = globalThis.navigator?.onLine === false
    // A first connection that fails was never live: it stays "connecting" to the eye, with the reason beside it.
    move(offline ? 'offline' : state.phase === 'connecting' && attempt < 2 ? 'connecting' : 'reconnecting', { code, reason })
    timer = setTimeout(open, retryDelayMs(attempt++, code, random()))
  }

  const take = (message: M) => {
    const delta = 'after' in message ? (message as unknown as Delta) : null
    if (delta && delta.after !== cursor) {
      if (++misfits > MISFITS_MAX) cursor = null
      return open()
    }
    misfits = 0
    attempt = 0
    cursor = message.cursor
    state = { ...state, newestMs: Date.now() }
    move('live')
    if (delta) options.onDelta(message as Extract<M, Delta>)
    else options.onSnapshot(message as Exclude<M, Delta>)
  }

  function open(): void {
    clearTimeout(timer)
    end?.()
    let current = true // A subscription that was replaced may still have messages on their way.
    const leave = connection.subscribe({ query: String(options.query), variables: { ...options.variables, after: cursor } }, {
      next: ({ data, errors }) => {
        if (!current) return
        const message = Object.values((data ?? {}) as Record<string, M | null>)[0]
        if (message) return take(message)
        stopCurrent()
        lose(endingFor(errors ?? []))
      },
      error: cause => { if (current) { current = false; lose(endingFor(cause)) } },
      complete: () => { if (current) { current = false; lose({ code: null, reason: 'The server ended the stream.', final: false }) } },
    })
    const stopCurrent = () => { current = false; leave() }
    if (current) end = stopCurrent
  }

  const retry = () => { if (state.phase !== 'ended' && !end) { attempt = 0; open() } }
  const offConnected = connection.on('connected', () => { if (end) move('live') })
  const window = globalThis as unknown as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  const off = () => { end?.(); lose({ code: null, reason: 'The device is offline.', final: false }) }
  window.addEventListener?.('online', retry)
  window.addEventListener?.('offline', off)

  function finish(phase: 'ended', change: Partial<StreamState>): void {
    clearTimeout(timer)
    end?.()
    end = undefined
    offConnected()
    window.removeEventListener?.('online', retry)
    window.removeEventListener?.('offline', off)
    move(phase, change)
  }

  open()
  return { get state() { return state }, retry, stop: () => { if (state.phase !== 'ended') finish('ended', {}) } }
}
