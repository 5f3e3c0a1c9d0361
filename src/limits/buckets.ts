/** Token buckets: so much at once, refilled steadily. Here those that one process keeps by itself. */

/** What a bucket holds when full, which is also what flows into it in a minute. */
export type PerMinute = number

/** What became of an attempt to take: whether it was taken, what is left, and how long to wait for as much again (ms). */
export interface Taking { isTaken: boolean; left: number; waitMs: number }

/** Buckets by name, wherever they are kept. */
export interface Buckets {
  /** Takes `amount`, or nothing. What exceeds the bucket itself counts as a full bucket, so that it is not refused for ever. */
  take(key: string, perMinute: PerMinute, amount: number): Taking | Promise<Taking>
  /** Puts back what was taken for something that did not happen. */
  give(key: string, perMinute: PerMinute, amount: number): void
  close(): Promise<void>
}

const BUCKETS_MAX = 100_000
const MINUTE_MS = 60_000

/** The buckets of one process. */
export class LocalBuckets implements Buckets {
  readonly #levels = new Map<string, { left: number; atMs: number }>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  take(key: string, perMinute: PerMinute, amount: number): Taking {
    const level = this.#levelOf(key, perMinute)
    const needed = Math.min(amount, perMinute)
    if (level.left < needed) {
      return { isTaken: false, left: Math.floor(level.left), waitMs: Math.ceil((needed - level.left) / perMinute * MINUTE_MS) }
    }
    level.left -= needed
    return { isTaken: true, left: Math.floor(level.left), waitMs: 0 }
  }

  give(key: string, perMinute: PerMinute, amount: number): void {
    const level = this.#levelOf(key, perMinute)
    level.left = Math.min(perMinute, level.left + amount)
  }

  async close(): Promise<void> {}

  /** How many buckets are remembered. */
  get size(): number {
    return this.#levels.size
  }

  #levelOf(key: string, perMinute: PerMinute): { left: number; atMs: number } {
    const nowMs = this.#nowMs()
    const level = this.#levels.get(key) ?? { left: perMinute, atMs: nowMs }
    level.left = Math.min(perMinute, level.left + (nowMs - level.atMs) / MINUTE_MS * perMinute)
    level.atMs = nowMs
    // The least recently used are last to be missed: a bucket that was not asked for in a minute is full.
    this.#levels.delete(key)
    this.#levels.set(key, level)
    if (this.#levels.size > BUCKETS_MAX) this.#levels.delete(this.#levels.keys().next().value!)
    return level
  }
}
