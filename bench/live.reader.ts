/** A subscriber who keeps the protocol's one rule: a snapshot replaces; a delta applies if its `after` is my cursor. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from './live.crowd.ts'
import { Wire } from './live.wire.ts'

const CONNECTING_MAX = 200
const PATIENCE_MS = 60_000

/** Whose stream a reader follows, and which. */
export interface ReaderOptions { port: number; token: string; query: string; variables: object }

interface Message {
  __typename: string; cursor: string; after?: string; reason?: string; marks?: string[]; items?: { id: string; kind: string }[]
}

/** One reader; what it was told stays with it over cuts. */
export class Reader {
  cursor: string | null = null
  /** Ids of feed items in the order told, commits that deltas named, and the reasons of snapshots. */
  readonly items: string[] = []
  readonly marks: string[] = []
  readonly reasons: string[] = []
  readonly broken: string[] = []
  bytes = 0
  awards = 0
  wire!: Wire
  readonly #options: ReaderOptions
  #id = ''

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Subscribes, after what was read last; resolves when that has been asked. */
  open(): Promise<void> {
    this.#id = randomUUID()
    const { variables, ...options } = this.#options
    this.wire = new Wire({ ...options, id: this.#id, variables: { ...variables, after: this.cursor } }, this)
    return this.wire.asked
  }

  onText(text: Buffer): void {
    this.bytes += text.length
    const { id, type, payload } = JSON.parse(text.toString()) as {
      id: string; type: string; payload: { data?: Record<string, Message> }
    }
    const message = payload?.data && Object.values(payload.data)[0]
    if (id !== this.#id || type !== 'next' || !message) return void this.broken.push(text.toString().slice(0, 300))
    if (message.reason) this.reasons.push(message.reason)
    else if (message.after !== this.cursor) this.broken.push(`a delta after ${message.after} for a reader at ${this.cursor}`)
    this.cursor = message.cursor
    this.marks.push(...message.marks ?? [])
    if (message.reason) return
    for (const item of message.items ?? []) {
      this.items.push(item.id)
      if (item.kind === 'POINTS_AWARDED') this.awards++
    }
  }

  onEnd(reason: string): void {
    this.broken.push(`the connection ended: ${reason}`)
  }
}

/** Opens all readers, with no more than 200 on their way at a time. */
export async function openAll(readers: readonly Reader[]): Promise<void> {
  const waiting = [...readers]
  await Promise.all(Array.from({ length: CONNECTING_MAX }, async () => {
    for (let reader = waiting.pop(); reader; reader = waiting.pop()) await reader.open()
  }))
}

/** Resolves when the condition holds. @throws Error with what was waited for after a minute */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = nowMs() + PATIENCE_MS; !condition(); await sleep(5)) {
    if (nowMs() > deadline) throw new Error(`it did not come to this within a minute: ${what}`)
  }
}
