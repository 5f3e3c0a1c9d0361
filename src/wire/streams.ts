/** What every live stream shares: cursors, the reader that subscriptions and polling both pull from, and an iterator that can be left at once. */
import { fault } from '../platform/errors.ts'

export type SnapshotReason = 'FIRST' | 'EXPIRED' | 'NEW_EPOCH' | 'SLOW_CLIENT'

/** Returns a stream cursor: the tenant's epoch and a position in its event log. */
export function streamCursor(epoch: string, pos: number): string {
  return `${epoch}:${pos}`
}

/** Returns the parts of a stream cursor. @throws Fault BAD_REQUEST */
export function parseStreamCursor(cursor: string): { epoch: string; pos: number } {
  const match = /^([\w-]{1,32}):(\d{1,16})$/.exec(cursor)
  if (!match) throw fault('BAD_REQUEST', 'after must be a cursor of this stream, as a snapshot or delta carried it.', { argument: 'after' })
  return { epoch: match[1]!, pos: Number(match[2]) }
}

/** One subscriber's place in a stream. It holds a position, not a queue: a slow reader costs nothing but what it has yet to read. */
export interface StreamReader<Message> {
  /** Returns the messages from this reader's place to now, in order, and moves the place behind them. */
  read(): Promise<Message[]>
  /** Resolves when there may be more to read, or when `left` resolves. */
  changed(left: Promise<void>): Promise<void>
}

/** Returns the stream as an async iterable. Its `return` takes effect at once, also while nothing happens. */
export function iterate<Message>(reader: StreamReader<Message>): AsyncIterableIterator<Message> {
  let leave = () => {}
  const left = new Promise<void>(resolve => { leave = resolve })
  let open = true
  let ready: Message[] = []
  const end = { done: true, value: undefined } as const
  return {
    async next() {
      while (open) {
        const message = ready.shift()
        if (message !== undefined) return { done: false, value: message }
        ready = await reader.read()
        if (!ready.length) await reader.changed(left)
      }
      return end
    },
    async return() {
      open = false
      ready = []
      leave()
      return end
    },
    async throw(error: unknown) {
      await this.return!()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Returns what a poll answers: what there is now, else what comes within `waitMs`, else nothing. */
export async function poll<Message>(reader: StreamReader<Message>, waitMs: number): Promise<Message[]> {
  const until = Date.now() + waitMs
  for (;;) {
    const messages = await reader.read()
    const left = until - Date.now()
    if (messages.length || left <= 0) return messages
    await reader.changed(new Promise(resolve => setTimeout(resolve, left)))
  }
}

/** Wakes everybody who waits for a change; waiting costs one entry in a set. */
export class Signal {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next `ring`, or when `left` resolves. */
  async next(left: Promise<void>): Promise<void> {
    let wake = () => {}
    const rung = new Promise<void>(resolve => { wake = resolve })
    this.#waiting.add(wake)
    await Promise.race([rung, left])
    this.#waiting.delete(wake)
  }

  ring(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  get size(): number {
    return this.#waiting.size
  }
}
