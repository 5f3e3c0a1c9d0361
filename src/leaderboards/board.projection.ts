/**
 * One board on one node: the rank index of the current period, fed by the event log, and the list that its watchers have
 * been told.
 * Everything here can be thrown away and rebuilt from the ledger.
 */
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { reach } from '../platform/faults.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import { periodKey } from '../platform/time.ts'
import { diffLists, type ListDelta } from '../ranks/delta.rules.ts'
import type { RankIndex } from '../ranks/rank.rules.ts'
import { tellEach } from '../wire/broker.ts'
import type { LogEvent, TenantLog } from '../wire/events.ts'
import { Ranking, type ShownRow } from './board.ranking.ts'
import type { LeaderboardRow } from './leaderboard.queries.ts'

/**
 * A published step: `after` and `pos` are event positions, `marks` name the commits in between that touched the board, and
 * `committedAt` says when the oldest of these was made.
 */
export interface PublishedDelta extends ListDelta {
  after: number; pos: number; marks: number[]; at: Date; committedAt: Date | null
}

/** A board that follows its tenant's events. */
export class BoardProjection {
  readonly row: LeaderboardRow
  readonly zone: string
  readonly log: TenantLog
  readonly #watchers = new Set<() => void>()
  ranking: Ranking
  /** The position up to which the index holds events; `published.pos` is what watchers know. */
  pos = 0
  published: { pos: number; at: Date; list: Map<string, ShownRow> } = { pos: 0, at: new Date(0), list: new Map() }
  readonly ring: PublishedDelta[] = []
  readonly #db: Database
  /** Where the list was last published after somebody appeared, disappeared or was renamed. */
  listedPos = 0
  /** The state of the listings that the published list shows. */
  listedVersion = 0
  #marks: number[] = []
  #committedAt: Date | null = null
  #timer: NodeJS.Timeout | null = null
  #lastTickMs = 0
  #stop: () => void = () => {}
  #rebuilding: Promise<void> | null = null
  #heldBack: LogEvent[] = []

  constructor(row: LeaderboardRow, zone: string, followed: TenantLog, db: Database) {
    this.row = row
    this.zone = zone
    this.log = followed
    this.#db = db
    this.ranking = Ranking.empty(row)
  }

  /** Builds the index and begins to follow. */
  async open(): Promise<void> {
    this.#stop = this.log.listen(events => this.#hear(events))
    try {
      await this.rebuild()
    } catch (error) {
      this.#stop()
      throw error
    }
  }

  /** The rank index of the current period. */
  get index(): RankIndex {
    return this.ranking.index
  }

  /** The key of the current period. */
  get key(): string {
    return this.ranking.key
  }

  /** Calls the watcher after each publication; returns how to stop. */
  onChange(watcher: () => void): () => void {
    const own = () => watcher()
    this.#watchers.add(own)
    return () => this.#watchers.delete(own)
  }

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  #tellWatchers(): void {
    tellEach(this.#watchers, undefined)
  }

  close(): void {
    this.#stop()
    if (this.#timer) clearTimeout(this.#timer)
    this.#tellWatchers()
  }

  /**
   * Builds the index of the current period anew from the ledger and publishes the difference; events meanwhile wait and
   * are applied after it.
   */
  rebuild(): Promise<void> {
    this.#rebuilding ??= this.#recount()
      .then(() => this.#publish(this.#marks.splice(0)))
      .finally(() => {
        this.#rebuilding = null
        this.#hear(this.#heldBack.splice(0))
      })
    return this.#rebuilding
  }

  // One snapshot: the head and the sums belong to the same instant. What waits to be numbered is no part of it: a reader who
  // comes from another node with this position as cursor is told of it later, like everybody else.
  async #recount(): Promise<void> {
    const key = periodKey(this.row.period, this.zone, Date.now())
    const { ranking, pos } = await Ranking.read(this.#db.addresses.app, this.log.tenantId, this.row, this.zone, key)
    if (this.log.pos < pos) await this.log.catchUp() // So that the marks of what is counted are told with it.
    reach('board.recounted')
    this.ranking = ranking
    this.pos = pos
    // These are in the sums already; their readers still wait for the marks.
    for (const event of this.#heldBack) if (event.pos <= this.pos) this.#apply(event, true)
  }

  #apply(event: LogEvent, isCounted: boolean): void {
    if (!this.ranking.take(event, isCounted)) return
    this.#marks.push(event.mark)
    this.#committedAt ??= event.at
  }

  #hear(events: readonly LogEvent[]): void {
    if (this.#rebuilding) {
      this.#heldBack.push(...events)
      return
    }
    for (const event of events) {
      if (event.pos <= this.pos) continue
      this.pos = event.pos
      this.#apply(event, false)
    }
    this.#schedule()
    // Averages follow people who come, move and leave; these are few, so the board is counted anew.
    if (this.row.headRule === 'AVERAGE' && events.some(({ topic }) => /^(user|team)\./.test(topic))) this.#rebuildUnasked()
  }

  /** Publishes at once when idle, else at the end of the tick: a hot board costs by its watchers, not by its events. */
  #schedule(): void {
    if (this.#timer || this.#rebuilding || this.pos === this.published.pos) return
    const waitMs = Math.max(0, this.#lastTickMs + LIMITS.tickMs - Date.now())
    this.#timer = setTimeout(() => this.tick(), waitMs)
  }

  /** Publishes what has changed since the last tick; turns to the new period when the old one has ended. */
  tick(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#lastTickMs = Date.now()
    if (periodKey(this.row.period, this.zone, Date.now()) !== this.ranking.key) {
      // Activities may have been recorded a few minutes ahead of the new period, so it begins with a recount.
      this.#rebuildUnasked()
    } else if (this.pos !== this.published.pos) this.#publish(this.#marks.splice(0))
  }

  #rebuildUnasked(): void {
    this.rebuild().catch((error: Error) => log.error(
      { leaderboardId: this.row.id, reason: error.message }, 'a board could not be counted anew'))
  }

  #publish(marks: number[]): void {
    const top = this.ranking.range(0, LIMITS.leaderboardTopMax)
    const delta = diffLists(this.published.list, top)
    const at = new Date()
    const committedAt = this.#committedAt
    this.#committedAt = null
    const { listingVersion } = this.ranking
    if (this.published.pos && listingVersion !== this.listedVersion) {
      // A delta would say who is who: readers get the whole list instead.
      this.ring.length = 0
      this.listedPos = this.pos
      this.published = { pos: this.pos, at, list: new Map(top.map(listed => [listed.subjectId, listed])) }
      this.listedVersion = listingVersion
      this.#tellWatchers()
      return
    }
    this.listedVersion = listingVersion
    // What touches no listed place and names no commit is no news; the cursor then stays where it is.
    if (this.published.pos && (delta.moves.length || delta.gone.length || marks.length)) {
      this.ring.push({ ...delta, after: this.published.pos, pos: this.pos, marks, at, committedAt })
      if (this.ring.length > LIMITS.deltaRingMax) this.ring.splice(0, this.ring.length - LIMITS.deltaRingMax)
      this.published = { pos: this.pos, at, list: new Map(top.map(listed => [listed.subjectId, listed])) }
    } else if (!this.published.pos) {
      this.published = { pos: this.pos, at, list: new Map(top.map(listed => [listed.subjectId, listed])) }
    }
    this.#tellWatchers()
  }

  /** Resolves once watchers can be told what the event log holds up to `pos`. @throws Fault UNAVAILABLE when it cannot be read */
  async reach(pos: number): Promise<void> {
    // Whoever has seen more than this node must not be sent back to what it knows.
    if (this.log.pos < pos && !await this.log.catchUp()) {
      throw fault('UNAVAILABLE', 'This node is behind your cursor and cannot catch up at the moment. Try again.', {
        retryAfterMs: 1_000,
      })
    }
    await this.#rebuilding
    if (this.pos !== this.published.pos) this.tick()
  }
}
