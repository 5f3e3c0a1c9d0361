/**
 * One WebSocket as an outlet: ready-made frames go straight to the TCP socket, and a credit of unacknowledged bytes, counted by
 * ping and pong, tells how far the reader really is. The kernel alone would take megabytes before it says so.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { reach } from '../platform/faults.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Outlet } from './groups.ts'
import type { Payload } from './frames.ts'
import { depths, stalledReaders } from './metrics.ts'

const OPEN = 1
const TRY_LATER = 1013

/** The bytes between a socket and its reader. */
export class SocketOutlet implements Outlet {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #deflates: boolean
  #waiting: (() => void)[] | null = null
  #sent = 0
  #asked = 0
  #acknowledged = 0
  #isHeld = false
  #progressMs = 0

  constructor(ws: WebSocket, socket: Duplex) {
    this.#ws = ws
    this.#socket = socket
    this.#deflates = ws.extensions.includes('permessage-deflate')
  }

  ready(): boolean {
    return !this.#isHeld
  }

  whenReady(listener: () => void): void {
    if (this.#isHeld) (this.#waiting ??= []).push(listener)
    else listener()
  }

  send(id: string, payload: Payload): void {
    if (this.#ws.readyState !== OPEN) return
    reach('socket.sending')
    const asks = this.#sent - this.#asked >= LIMITS.creditAskBytes
    if (asks) this.#socket.cork() // The question travels with the message.
    const bytes = payload.writeTo(this.#socket, id, this.#deflates)
    this.#sent += bytes
    if (asks) {
      this.#ask()
      this.#socket.uncork()
    }
    reach('socket.sent')
    // Room is kept for one more such message and for the snapshot that ends the wait.
    if (!this.#isHeld && this.#sent + 2 * bytes - this.#acknowledged > LIMITS.creditBytes) this.#hold()
  }

  #hold(): void {
    this.#isHeld = true
    depths.readers.set(depths.readers.now + 1)
    this.#progressMs = Date.now()
    if (this.#asked < this.#sent) this.#ask()
  }

  #ask(): void {
    this.#asked = this.#sent
    depths.owed.set(this.owed)
    this.#ws.ping(String(this.#sent))
  }

  /** Takes the reader's answer to a ping. */
  hear(answer: Buffer): void {
    const bytes = Number(answer.toString('latin1'))
    if (!(bytes > this.#acknowledged) || bytes > this.#asked) return // A keep-alive, or an answer to nothing we asked.
    this.#acknowledged = bytes
    this.#progressMs = Date.now()
    if (!this.#isHeld || this.#sent - bytes > LIMITS.creditBytes / 2) return
    this.end()
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const listener of waiting) listener()
  }

  /** Holds it back no longer: its reader has read, or has gone. */
  end(): void {
    if (this.#isHeld) depths.readers.set(depths.readers.now - 1)
    this.#isHeld = false
  }

  /** Closes a reader that has been held back without any progress for 60 s. */
  sweep(nowMs: number): void {
    if (!this.#isHeld || nowMs - this.#progressMs < LIMITS.stalledMaxMs) return
    stalledReaders.inc()
    this.#ws.close(TRY_LATER, 'This reader does not read; try again later')
    this.#ws.terminate()
  }

  /** Bytes sent and not yet acknowledged; for metrics. */
  get owed(): number {
    return this.#sent - this.#acknowledged
  }
}
