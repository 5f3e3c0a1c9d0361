/**
 * One connection at the WebSocket door, as graphql-ws sees it: what it sends and hears, who stands behind it, and a pulse that
 * finds out when nobody does. Ten thousand of them are open at once, so each carries little and shares its timers.
 */
import type { Duplex } from 'node:stream'
import { CloseCode, type WebSocket as ProtocolSocket } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Origin } from '../platform/audit.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import type { Identified } from './auth.ts'
import { MessageRate } from './socket.limits.ts'
import { SocketOutlet } from './socket.outlet.ts'

/** The close code of a limit: the same may be admitted later. */
export const TRY_LATER = 1013
const OPEN = 1
const BEATS_UNANSWERED_MAX = 2

/** A socket and what the door knows of it. */
export class Connection implements ProtocolSocket {
  readonly ws: WebSocket
  readonly outlet: SocketOutlet
  readonly protocol: string
  readonly origin: Omit<Origin, 'correlationId'>
  actor: Identified | null = null
  /** When it was opened, by `performance.now()`. */
  readonly since = performance.now()
  readonly #rate = new MessageRate()
  #beatsUnanswered = 0
  #leaving: AbortController | null = null

  constructor(ws: WebSocket, socket: Duplex, { ip, agent, platform = null }: Origin) {
    this.ws = ws
    this.origin = { ip, agent, platform }
    this.outlet = new SocketOutlet(ws, socket)
    this.protocol = ws.protocol
    ws.on('pong', answer => {
      this.#beatsUnanswered = 0
      this.outlet.hear(answer)
    })
    ws.on('error', () => {}) // ws closes the socket itself, with 1009 for a message that is too big.
  }

  /** Resolves when the text has left for the kernel; what a client does not read so counts among its operations. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.ws.readyState === OPEN) this.ws.send(text, error => error ? reject(error) : resolve())
      else resolve()
    })
  }

  close(code?: number, reason?: string): void {
    this.ws.close(code, reason)
  }

  /** Returns what aborts when the socket is gone, or when an operation that begins now has taken as long as one may. */
  deadline(): AbortSignal {
    if (!this.#leaving) {
      const leaving = this.#leaving = new AbortController()
      this.ws.once('close', () => leaving.abort())
    }
    return AbortSignal.any([this.#leaving.signal, AbortSignal.timeout(LIMITS.requestMs)])
  }

  onMessage(take: (text: string) => Promise<void>): void {
    this.ws.on('message', (bytes: Buffer) => {
      if (!this.#rate.admits(Date.now())) return this.close(TRY_LATER, 'Too many messages; try again later')
      if (this.ws.readyState !== OPEN) return
      take(bytes.toString()).catch((error: Error) => {
        log.error({ reason: error.message }, 'a message of a client could not be handled')
        this.close(CloseCode.InternalServerError, 'Something went wrong on our side')
      })
    })
  }

  /** Asks whether anybody is there; after two questions without an answer the connection is cut. */
  beat(): void {
    if (this.#beatsUnanswered++ >= BEATS_UNANSWERED_MAX) this.ws.terminate()
    else if (this.ws.readyState === OPEN) this.ws.ping()
  }
}

/** The pulse of all connections: each is asked once a round, a few at a time, so that ten thousand pings never come together. */
export class Pulse {
  readonly #slots: Set<Connection>[]
  readonly #timer: NodeJS.Timeout
  #turn = 0
  #newest = 0

  /** A round takes `slots` times `everyMs`. */
  constructor(slots: number, everyMs: number) {
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#timer = setInterval(() => this.beat(), everyMs).unref()
  }

  /** Takes a connection in; returns the slot by which it is let go. */
  add(connection: Connection): number {
    const slot = this.#newest++ % this.#slots.length
    this.#slots[slot]!.add(connection)
    return slot
  }

  delete(connection: Connection, slot: number): void {
    this.#slots[slot]!.delete(connection)
  }

  /** Beats for the next slot. */
  beat(): void {
    for (const connection of this.#slots[this.#turn++ % this.#slots.length]!) connection.beat()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
