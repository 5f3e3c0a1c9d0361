/**
 * The event log as one node follows it: each tenant's events once, in order, whatever the broker loses; and which commits
 * it holds.
 */
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { reach } from '../platform/faults.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import { inTenantOnce } from '../platform/tenancy.ts'
import { type Broker, tellEach } from './broker.ts'

/** One committed event: `pos` is dense per tenant, `mark` names its commit. */
export interface LogEvent { pos: number; mark: number; topic: string; payload: unknown; at: Date }

/** Hears each event of a tenant once, in order of `pos`. */
export type EventListener = (events: LogEvent[]) => void

/** The channel on which a tenant's new positions are announced. */
export const eventsChannel = (tenantId: string) => `events:${tenantId}`
/** The channel that wakes the relay after a commit. */
export const WAKE_CHANNEL = 'wake'

/** Follows the log of one tenant on this node. */
export class TenantLog {
  readonly tenantId: string
  epoch = ''
  pos = 0
  /** Newest events held in memory, oldest first; `ring[0].pos` bounds what can be replayed without a read. */
  readonly ring: LogEvent[] = []
  readonly #db: Database
  readonly #listeners = new Set<EventListener>()
  readonly #marks = new Map<number, number>()
  readonly #waiting = new Set<() => void>()
  #work: Promise<boolean> = Promise.resolve(true)
  #dirty = false

  constructor(tenantId: string, db: Database) {
    this.tenantId = tenantId
    this.#db = db
  }

  /** Reads where the log stands now; events after that are heard. */
  async open(): Promise<void> {
    const [head] = await inTenantOnce<{ epoch: string; pos: number }>(
      this.#at, { name: 'head', text: 'select epoch, pos from event_head' })
    if (!head) throw new Error(`tenant ${this.tenantId} has no event head`)
    this.epoch = head.epoch
    this.pos = head.pos
  }

  get #at() {
    return { tenantId: this.tenantId, db: this.#db }
  }

  /** Hears every event from now on; returns how to stop. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes events straight from the relay of this node; anything with a gap before it is read from the log instead. */
  take(events: LogEvent[]): void {
    const fresh = events.filter(({ pos }) => pos > this.pos)
    if (!fresh.length) return
    if (fresh[0]!.pos === this.pos + 1) this.#apply(fresh)
    else void this.catchUp()
  }

  /**
   * Reads what is missing; many calls at once make one read. Resolves with whether it could be read: then this node stands at the
   * log's head as of the call.
   */
  catchUp(): Promise<boolean> {
    if (!this.#dirty) {
      this.#dirty = true
      this.#work = this.#work.then(async () => {
        this.#dirty = false
        await this.#read()
        return true
      }).catch((error: Error) => {
        log.warn({ tenantId: this.tenantId, reason: error.message }, 'the event log could not be read')
        return false
      })
    }
    return this.#work
  }

  async #read(): Promise<void> {
    for (;;) {
      const from = this.pos
      const events = await this.eventsAfter(from)
      const fresh = events.filter(({ pos }) => pos > this.pos)
      if (fresh.length) {
        if (fresh[0]!.pos !== this.pos + 1) {
          log.error({ tenantId: this.tenantId, pos: this.pos, next: fresh[0]!.pos }, 'the event log has a gap')
        }
        this.#apply(fresh)
      }
      if (events.length < LIMITS.eventReadMax) return
    }
  }

  /** Returns up to 1,000 events after `pos` from PostgreSQL, in order. */
  eventsAfter(pos: number): Promise<LogEvent[]> {
    return inTenantOnce<LogEvent>(this.#at, {
      name: 'events_after',
      text: `select pos, mark, topic, payload, at from event_log
             where tenant_id = $1 and pos > $2 order by pos limit ${LIMITS.eventReadMax}`,
      values: [this.tenantId, pos],
    })
  }

  #apply(events: LogEvent[]): void {
    reach('log.heard')
    this.pos = events.at(-1)!.pos
    for (const event of events) this.#marks.set(event.mark, event.pos)
    if (this.#marks.size > LIMITS.marksRememberedMax) {
      for (const mark of this.#marks.keys()) {
        this.#marks.delete(mark)
        if (this.#marks.size <= LIMITS.marksRememberedMax / 2) break
      }
    }
    this.ring.push(...events)
    if (this.ring.length > LIMITS.feedRingMax) this.ring.splice(0, this.ring.length - LIMITS.feedRingMax)
    tellEach(this.#listeners, events)
    for (const awaken of this.#waiting) awaken()
  }

  /** Resolves when the node's position moves past `pos`, or after `waitMs`; returns whether it moved. */
  async moved(pos: number, waitMs: number): Promise<boolean> {
    if (this.pos > pos) return true
    let awaken = () => {}
    const moved = new Promise<void>(resolve => { awaken = resolve })
    const timer = setTimeout(awaken, waitMs)
    this.#waiting.add(awaken)
    await moved
    clearTimeout(timer)
    this.#waiting.delete(awaken)
    return this.pos > pos
  }

  /** Resolves when the node's position moves past `pos`, or when the signal aborts. */
  async movedPast(pos: number, signal: AbortSignal): Promise<void> {
    if (this.pos > pos || signal.aborted) return
    let awaken = () => {}
    const moved = new Promise<void>(resolve => { awaken = resolve })
    this.#waiting.add(awaken)
    signal.addEventListener('abort', awaken)
    await moved
    this.#waiting.delete(awaken)
  }

  /**
   * Returns the position of the commit that a mark names, once this node holds it.
   * @throws Fault UNAVAILABLE when it is not there within 2 s: the mark is unknown or the relay is behind.
   */
  async holds(mark: number): Promise<number> {
    const until = Date.now() + LIMITS.markWaitMs
    for (let asked = false; ;) {
      const pos = this.#marks.get(mark)
      if (pos !== undefined) return pos
      const left = until - Date.now()
      if (left <= 0) {
        throw fault(
          'UNAVAILABLE', 'That commit has not arrived here yet. Try again, or read without atLeast.',
          { retryAfterMs: 1_000 })
      }
      if (!asked) {
        asked = true
        const [row] = await inTenantOnce<{ pos: number }>(this.#at, {
          name: 'mark_pos', text: 'select pos from event_log where tenant_id = $1 and mark = $2', values: [this.tenantId, mark] })
        if (row && row.pos <= this.pos) return row.pos
      }
      await this.moved(this.pos, Math.min(left, 250))
    }
  }
}

/** All tenants' logs that this node follows. */
export class EventLogs {
  readonly #db: Database
  readonly #broker: Broker
  readonly #logs = new Map<string, Promise<TenantLog>>()
  readonly #poll: NodeJS.Timeout
  readonly #topics: { prefix: string; listener: (tenantId: string) => void }[] = []
  readonly #stops: (() => Promise<void>)[] = []

  constructor(db: Database, broker: Broker) {
    this.#db = db
    this.#broker = broker
    // The net under the broker: a lost announcement costs at most this long.
    this.#poll = setInterval(() => void this.catchUpAll(), LIMITS.headPollMs)
    this.#poll.unref()
  }

  /** Returns the tenant's log, followed from the first call on. */
  of(tenantId: string): Promise<TenantLog> {
    let opening = this.#logs.get(tenantId)
    if (!opening) {
      opening = this.#open(tenantId)
      this.#logs.set(tenantId, opening)
      opening.catch(() => this.#logs.delete(tenantId))
    }
    return opening
  }

  /** Calls the listener after events whose topic begins so, in any followed tenant. */
  onTopic(prefix: string, listener: (tenantId: string) => void): void {
    this.#topics.push({ prefix, listener })
  }

  async #open(tenantId: string): Promise<TenantLog> {
    const followed = new TenantLog(tenantId, this.#db)
    followed.listen(events => {
      for (const { prefix, listener } of this.#topics) {
        if (events.some(({ topic }) => topic.startsWith(prefix))) listener(tenantId)
      }
    })
    // Nobody waits for the broker: while it is away the poll finds what is new.
    const listening = this.#broker.subscribe(eventsChannel(tenantId), pos => {
      if (followed.epoch && Number(pos) > followed.pos) void followed.catchUp()
    })
    const failed = (error: Error) => log.warn({ tenantId, reason: error.message }, 'news of a tenant come by the poll only')
    listening.then(stop => this.#stops.push(stop), failed)
    try {
      await followed.open()
    } catch (error) {
      void listening.then(stop => stop()).catch(() => {})
      throw error
    }
    void listening.then(() => followed.catchUp(), () => {}) // What was announced before was not heard.
    return followed
  }

  /** Hands events of this node's own relay to a tenant's log, if anybody follows it. */
  async take(tenantId: string, events: LogEvent[]): Promise<void> {
    const followed = await this.#logs.get(tenantId)?.catch(() => null) // Whoever asked for it hears of that.
    followed?.take(events)
  }

  /** Brings every followed log level with PostgreSQL. */
  async catchUpAll(): Promise<void> {
    await Promise.allSettled([...this.#logs.values()].map(async opening => (await opening).catchUp()))
  }

  async close(): Promise<void> {
    clearInterval(this.#poll)
    await Promise.allSettled(this.#stops.map(stop => stop()))
  }
}
