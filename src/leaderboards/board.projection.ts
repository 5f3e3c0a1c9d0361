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
import { periodKey, periodRange } from '../platform/time.ts'
import { changesOf, type PointChange } from '../points/change.rules.ts'
import { tellEach } from '../wire/broker.ts'
import type { LogEvent, TenantLog } from '../wire/events.ts'
import { diffLists, type ListDelta } from '../ranks/delta.rules.ts'
import { type LeaderboardRow, measureOf, recountStatement } from './leaderboard.queries.ts'
import { isPlain, type Shown } from '../measures/measure.rules.ts'
import { readTally, type Run } from '../measures/measure.queries.ts'
import { countingKey, Tally } from '../measures/tally.rules.ts'
import { type Listed, RankIndex } from '../ranks/rank.rules.ts'
import { inSnapshot, readRecount } from './recount.ts'

const SUBJECT_FIELD = { USER: 'userId', TEAM: 'teamId', DEPARTMENT: 'departmentId', TENANT: null } as const
const ACTIONS: Record<string, 1 | -1> = { 'activity.recorded': 1, 'activity.reversed': -1 }

/**
 * A published step: `after` and `pos` are event positions, `marks` name the commits in between that touched the board, and
 * `committedAt` says when the oldest of these was made.
 */
export interface PublishedDelta extends ListDelta {
  after: number; pos: number; marks: number[]; at: Date; committedAt: Date | null
}

/** A standing with what a board shows of it beside points; `value` orders it where that is not the points. */
export type ShownRow = Listed & Partial<Shown> & { value?: number }

/** A board that follows its tenant's events. */
export class BoardProjection {
  readonly row: LeaderboardRow
  readonly zone: string
  readonly log: TenantLog
  readonly #watchers = new Set<() => void>()
  index = new RankIndex('COMPETITION')
  key = ''
  /** The position up to which the index holds events; `published.pos` is what watchers know. */
  pos = 0
  published: { pos: number; at: Date; list: Map<string, ShownRow> } = { pos: 0, at: new Date(0), list: new Map() }
  readonly ring: PublishedDelta[] = []
  readonly #db: Database
  readonly #only: Set<string> | null
  /** What it counts beside the index; null while it ranks plain sums, as most boards do. */
  #tally: Tally | null = null
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
    this.#only = row.subjectIds && new Set(row.subjectIds)
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
    const { index, tally, pos } = isPlain(measureOf(this.row)) ? await this.#readSums(key) : await this.#readTally(key)
    if (this.log.pos < pos) await this.log.catchUp() // So that the marks of what is counted are told with it.
    reach('board.recounted')
    this.index = index
    this.#tally = tally
    this.key = key
    this.pos = pos
    // These are in the sums already; their readers still wait for the marks.
    for (const event of this.#heldBack) if (event.pos <= this.pos) this.#apply(event, true)
  }

  async #readSums(key: string) {
    const { startMs } = periodRange(this.row.period, this.zone, key)
    const { columns, pos } = await readRecount(this.#db.addresses.app, this.log.tenantId,
      waiting => recountStatement(this.log.tenantId, this.row, key, startMs, waiting))
    return { index: RankIndex.fromColumns(columns, this.row.tieRule), tally: null, pos }
  }

  async #readTally(key: string) {
    const measure = measureOf(this.row)
    const { period, tieRule } = this.row
    const { found, pos } = await inSnapshot(this.#db.addresses.app, this.log.tenantId, (client, waiting) => {
      const run: Run = async ({ text, values }) => (await client.query(text, values)).rows
      return readTally(run, this.log.tenantId, { ...this.row, measure }, this.zone, key, Date.now(), waiting)
    })
    const tally = new Tally(measure, period, key, found.rows, found.openDays)
    return { index: RankIndex.from(tally.ranked(), tieRule), tally, pos }
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

  #apply({ topic, payload, mark, at }: LogEvent, isCounted: boolean): void {
    const field = SUBJECT_FIELD[this.row.subject]
    let touched = false
    for (const change of changesOf(payload)) {
      const subjectId = field ? change[field] : this.log.tenantId
      if (!subjectId || (this.#only && !this.#only.has(subjectId))) continue
      if (this.#tally) {
        // What is counted in it already would be counted twice: such an event only tells its mark.
        touched = isCounted || this.#take(this.#tally, subjectId, topic, change) || touched
        continue
      }
      if (!change.points || countingKey(this.row.period, change, this.key) !== this.key) continue
      touched = true
      if (isCounted) continue
      const held = this.index.get(subjectId)
      this.index.set(subjectId, (held?.points ?? 0) + change.points, Math.max(held?.seq ?? 0, change.seq))
    }
    if (!touched) return
    this.#marks.push(mark)
    this.#committedAt ??= at
  }

  #take(tally: Tally, subjectId: string, topic: string, change: PointChange): boolean {
    if (!tally.take(subjectId, change, ACTIONS[topic] ?? 0)) return false
    const ranked = tally.rankedOf(subjectId)
    if (ranked) this.index.set(subjectId, ranked.points, ranked.seq)
    return true
  }

  /** How many places are shown: all that are ranked, or as many as the board lists. */
  get length(): number {
    return Math.min(this.index.size, this.row.listMax ?? Infinity)
  }

  /** Returns up to `count` standings from `offset` (0 is the top) in order, as they are shown. */
  range(offset: number, count: number): ShownRow[] {
    return this.index.range(offset, Math.min(count, this.length - offset)).map(row => this.shown(row))
  }

  /** Returns a standing as it is shown. */
  shown(row: Listed): ShownRow {
    return this.#tally ? this.#tally.shown(row) : row
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
    if (periodKey(this.row.period, this.zone, Date.now()) !== this.key) {
      // Activities may have been recorded a few minutes ahead of the new period, so it begins with a recount.
      this.#rebuildUnasked()
    } else if (this.pos !== this.published.pos) this.#publish(this.#marks.splice(0))
  }

  #rebuildUnasked(): void {
    this.rebuild().catch((error: Error) => log.error(
      { leaderboardId: this.row.id, reason: error.message }, 'a board could not be counted anew'))
  }

  #publish(marks: number[]): void {
    const top = this.range(0, LIMITS.leaderboardTopMax)
    const delta = diffLists(this.published.list, top)
    const at = new Date()
    const committedAt = this.#committedAt
    this.#committedAt = null
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
