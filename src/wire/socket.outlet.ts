/**
 * One WebSocket as an outlet: ready-made frames go straight to the TCP socket, and a credit of unacknowledged bytes, counted by
 * ping and pong, tells how far the reader really is. The kernel alone would take megabytes before it says so.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { LIMITS } from '../platform/limits.ts'
import type { Outlet } from './groups.ts'
import type { Payload } from './frames.ts'

const OPEN = 1
const TRY_LATER = 1013

/** The bytes between a socket and its reader. */
export class SocketOutlet implements Outlet {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #listeners = new Set<() => void>()
  #sent = 0
  #asked = 0
  #acknowledged = 0
  #isHeld = false
  #progressMs = Date.now()

  constructor(ws: WebSocket, socket: Duplex) {
    this.#ws = ws
    this.#socket = socket
    ws.on('pong', answer => this.#hear(answer))
  }

  ready(): boolean {
    return !this.#isHeld
  }

  onReady(listener: () => void): void {
    this.#listeners.add(listener)
  }

  send(id: string, payload: Payload): void {
    if (this.#ws.readyState !== OPEN) return
    const frame = payload.frameFor(id)
    this.#socket.write(frame)
    this.#sent += frame.length
    if (this.#sent - this.#asked >= LIMITS.creditAskBytes) this.#ask()
    if (!this.#isHeld && this.#sent - this.#acknowledged > LIMITS.creditBytes) {
      this.#isHeld = true
      this.#progressMs = Date.now()
      if (this.#asked < this.#sent) this.#ask()
    }
  }

  #ask(): void {
    this.#asked = this.#sent
    this.#ws.ping(String(this.#sent))
  }

  #hear(answer: Buffer): void {
    const bytes = Number(answer.toString())
    if (!(bytes > this.#acknowledged) || bytes > this.#asked) return // A keep-alive, or an answer to nothing we asked.
    this.#acknowledged = bytes
    this.#progressMs = Date.now()
    if (!this.#isHeld || this.#sent - bytes > LIMITS.creditBytes / 2) return
    this.#isHeld = false
    for (const listener of this.#listeners) listener()
  }

  /** Closes a reader that has been held back without any progress for 60 s. */
  sweep(nowMs: number): void {
    if (!this.#isHeld || nowMs - this.#progressMs < LIMITS.stalledMaxMs) return
    this.#ws.close(TRY_LATER, 'This reader does not read; try again later')
    this.#ws.terminate()
  }

  /** Bytes sent and not yet acknowledged; for metrics. */
  get owed(): number {
    return this.#sent - this.#acknowledged
  }
}
