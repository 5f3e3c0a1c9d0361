/**
 * Token buckets that several nodes share through Redis. A node takes a twentieth of a bucket at a time and spends it by itself,
 * so a request seldom waits for Redis; while Redis is away each node keeps buckets of its own.
 */
import { log } from '../platform/log.ts'
import { type Buckets, LocalBuckets, type PerMinute, type Taking } from './buckets.ts'

/** What runs a script in Redis, at one key, and answers its numbers. */
export interface Scripts {
  isReady(): boolean
  run(script: string, key: string, args: readonly string[]): Promise<unknown>
}

// One key, so that it runs in a cluster. Redis's own clock, so that nodes need not agree on theirs. The bucket forgets itself
// once it is full. A negative wish gives back.
const TAKE = `
local full, wanted, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local level = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = full
if level[1] then left = math.min(full, tonumber(level[1]) + (now - tonumber(level[2])) * full / 60000) end
local given = 0
if wanted < 0 then left = math.min(full, left - wanted)
elseif left >= least then given = math.min(wanted, math.floor(left)) end
left = left - given
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((full - left) / full * 60000) + 1000)
return { given, math.floor(left), math.ceil(math.max(0, least - left) / full * 60000) }`

const SHARE = 20 // A node holds at most a twentieth of a bucket that it has not spent.
const ANSWER_MS = 100 // Redis that takes longer is as good as away.
const AWAY_MS = 1_000
const IDLE_MS = 5_000 // What a node has not used for so long is given back.

interface Lease {
  perMinute: PerMinute; held: number
  /** What Redis had left when it was last asked. */
  shared: number
  usedMs: number; deniedUntilMs: number; asking: Promise<void> | null
}

/** The buckets of all nodes at one Redis. */
export class SharedBuckets implements Buckets {
  readonly #scripts: Scripts
  readonly #own = new LocalBuckets()
  readonly #leases = new Map<string, Lease>()
  readonly #tending: NodeJS.Timeout
  #awayUntilMs = 0

  constructor(scripts: Scripts) {
    this.#scripts = scripts
    this.#tending = setInterval(() => this.#giveBackIdle(performance.now() - IDLE_MS), IDLE_MS).unref()
  }

  take(key: string, perMinute: PerMinute, amount: number): Taking | Promise<Taking> {
    const needed = Math.min(amount, perMinute)
    const nowMs = performance.now()
    const lease = this.#leases.get(key) ?? { perMinute, held: 0, shared: perMinute, usedMs: 0, deniedUntilMs: 0, asking: null }
    this.#leases.set(key, lease)
    lease.usedMs = nowMs
    if (lease.held >= needed) {
      const taking = spend(lease, needed)
      // The next share is fetched before it is missed.
      if (lease.held < shareOf(perMinute) / 2 && !this.#isAway(nowMs)) void this.#ask(key, lease, 1).catch(() => {})
      return taking
    }
    if (this.#isAway(nowMs)) return this.#own.take(key, perMinute, needed)
    if (lease.deniedUntilMs > nowMs) return denied(lease, lease.deniedUntilMs - nowMs)
    return this.#fetch(key, lease, needed)
  }

  async #fetch(key: string, lease: Lease, needed: number): Promise<Taking> {
    try {
      // Others may spend what was fetched for one: then it is fetched again.
      while (lease.held < needed && lease.deniedUntilMs <= performance.now()) {
        await this.#ask(key, lease, needed - lease.held)
      }
    } catch (error) {
      if (!this.#isAway(performance.now())) {
        log.warn({ reason: (error as Error).message }, 'Redis is away: each node keeps quotas by itself')
      }
      this.#awayUntilMs = performance.now() + AWAY_MS
      return this.#own.take(key, lease.perMinute, needed)
    }
    return lease.held >= needed ? spend(lease, needed) : denied(lease, Math.max(1, lease.deniedUntilMs - performance.now()))
  }

  /** Asks Redis for a share, or at least for what is needed now; one question at a time for each bucket. */
  #ask(key: string, lease: Lease, least: number): Promise<void> {
    return lease.asking ??= this.#run(key, lease.perMinute, Math.max(Math.ceil(least), shareOf(lease.perMinute)), least)
      .then(([given, shared, waitMs]) => {
        lease.held += given
        lease.shared = shared
        if (!given) lease.deniedUntilMs = performance.now() + Math.max(1, waitMs)
      })
      .finally(() => { lease.asking = null })
  }

  give(key: string, perMinute: PerMinute, amount: number): void {
    const lease = this.#leases.get(key)
    if (lease) lease.held += amount
    else this.#own.give(key, perMinute, amount)
  }

  async close(): Promise<void> {
    clearInterval(this.#tending)
    await this.#giveBackIdle(Infinity)
  }

  #isAway(nowMs: number): boolean {
    return this.#awayUntilMs > nowMs || !this.#scripts.isReady()
  }

  async #giveBackIdle(beforeMs: number): Promise<void> {
    const idle = [...this.#leases].filter(([, { usedMs, asking }]) => usedMs < beforeMs && !asking)
    for (const [key] of idle) this.#leases.delete(key)
    if (!this.#scripts.isReady()) return
    await Promise.allSettled(idle.filter(([, { held }]) => held > 0)
      .map(([key, { held, perMinute }]) => this.#run(key, perMinute, -held, 0)))
  }

  async #run(key: string, perMinute: PerMinute, wanted: number, least: number): Promise<[number, number, number]> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ANSWER_MS} ms`)), ANSWER_MS)
    })
    const asked = this.#scripts.run(TAKE, key, [perMinute, wanted, least].map(String))
    asked.catch(() => {}) // It may fail after it was given up.
    const answer = await Promise.race([asked, late]).finally(() => clearTimeout(timer)) as (number | string)[]
    return answer.map(Number) as [number, number, number]
  }
}

const shareOf = (perMinute: PerMinute): number => Math.max(1, Math.floor(perMinute / SHARE))

function spend(lease: Lease, amount: number): Taking {
  lease.held -= amount
  return { isTaken: true, left: Math.floor(lease.held + lease.shared), waitMs: 0 }
}

function denied({ held, shared }: Lease, waitMs: number): Taking {
  return { isTaken: false, left: Math.floor(held + shared), waitMs: Math.ceil(waitMs) }
}
