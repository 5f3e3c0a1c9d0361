/**
 * A challenge, live: its standings as one node follows them by events, and the stream of them: a snapshot, then deltas. Events
 * carry rows as they are, with the challenge's revision, so one that is known already changes nothing.
 */
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { inTenantOnce } from '../platform/tenancy.ts'
import { tellEach } from '../wire/broker.ts'
import type { EventLogs, LogEvent, TenantLog } from '../wire/events.ts'
import { type Place, type SnapshotReason, streamCursor, type StreamSource } from '../wire/streams.ts'
import { type ProgressRow, readState } from './challenge.queries.ts'
import { isCounted } from './measure.queries.ts'
import { PROGRESS_REACTION } from './progress.reaction.ts'
import type { ChangeTuple } from './progress.service.ts'

/** A row as messages carry it. */
export type ShownRow = Pick<ProgressRow, 'challengeId' | 'subjectId' | 'value' | 'percent' | 'rank' | 'completedAt'>

/** All standings at a cursor. */
export interface ChallengeSnapshotMessage {
  __typename: 'ChallengeSnapshot'; cursor: string; takenAt: Date; reason: SnapshotReason; challengeId: string
  standings: ShownRow[]
}
/** The rows that differ since `after`, and the commits in between. */
export interface ChallengeDeltaMessage {
  __typename: 'ChallengeDelta'; after: string; cursor: string; marks: number[]; at: Date; challengeId: string
  changes: ShownRow[]; left: string[]; committedAt: Date
}
export type ChallengeStreamMessage = ChallengeSnapshotMessage | ChallengeDeltaMessage

/** What events of a challenge carry for its followers. */
interface Told { challengeId: string; revision: number; marks?: number[]; changes: ChangeTuple[]; left: string[] }

interface Step { after: number; pos: number; marks: number[]; at: Date; changes: ShownRow[]; left: string[] }

/** One challenge on one node. */
export class LiveChallenge {
  readonly id: string
  readonly log: TenantLog
  readonly #db: Database
  readonly #watchers = new Set<() => void>()
  readonly #rows = new Map<string, ShownRow>()
  #revision = -1
  pos = 0
  at = new Date(0)
  /** What followers were told, oldest first. */
  readonly steps: Step[] = []
  #stop: () => void = () => {}
  #heldBack: LogEvent[] | null = []
  #reading: Promise<unknown> = Promise.resolve()

  constructor(id: string, followed: TenantLog, db: Database) {
    this.id = id
    this.log = followed
    this.#db = db
  }

  /** Reads the standings and begins to follow; returns whether there is such a challenge. */
  async open(): Promise<boolean> {
    this.#stop = this.log.listen(events => this.#heldBack ? void this.#heldBack.push(...events) : this.#hear(events))
    // Whatever is numbered up to here is in the rows that are read after.
    this.pos = this.log.pos
    const isFound = await this.#read().catch((error: Error) => {
      this.#stop()
      throw error
    })
    if (!isFound) this.#stop()
    const heldBack = this.#heldBack ?? []
    this.#heldBack = null
    this.#hear(heldBack)
    return isFound
  }

  /** Takes the rows of now, unless what is known is newer; returns whether there is such a challenge. */
  async #read(): Promise<boolean> {
    const state = await readState({ tenantId: this.log.tenantId, db: this.#db }, this.id)
    if (!state) return false
    if (state.revision <= this.#revision) return true
    this.#rows.clear()
    for (const row of state.rows) this.#rows.set(row.subjectId, row)
    this.#revision = state.revision
    this.at = new Date()
    return true
  }

  #hear(events: readonly LogEvent[]): void {
    let isNew = false
    for (const { pos, mark, topic, payload, at } of events) {
      if (pos <= this.pos || !topic.startsWith('challenge.')) continue
      const { challengeId, revision, marks = [], changes = [], left = [] } = payload as Told
      if (challengeId !== this.id || revision === undefined) continue
      const told = changes.map(([subjectId, value, percent, rank, completedAt]): ShownRow => ({
        challengeId, subjectId, value, percent, rank, completedAt: completedAt === null ? null : new Date(completedAt),
      }))
      const isAhead = revision <= this.#revision
      if (!isAhead) {
        for (const row of told) this.#rows.set(row.subjectId, row)
        for (const subjectId of left) this.#rows.delete(subjectId)
        this.#revision = revision
      }
      // What was read ahead of the log is told as it is by now, never as it was.
      const shown = isAhead ? told.flatMap(({ subjectId }) => this.#rows.get(subjectId) ?? []) : told
      const gone = left.filter(subjectId => !this.#rows.has(subjectId))
      this.steps.push({ after: this.pos, pos, marks: [...marks, mark], at, changes: shown, left: gone })
      this.pos = pos
      this.at = at
      isNew = true
    }
    if (this.steps.length > LIMITS.deltaRingMax) this.steps.splice(0, this.steps.length - LIMITS.deltaRingMax)
    if (isNew) tellEach(this.#watchers, undefined)
  }

  /** The standings in order. */
  get rows(): ShownRow[] {
    const last = Number.MAX_SAFE_INTEGER
    return [...this.#rows.values()].sort((one, other) =>
      (one.rank ?? last) - (other.rank ?? last) || (one.subjectId < other.subjectId ? -1 : 1))
  }

  /** Calls the watcher after each change; returns how to stop. */
  onChange(watcher: () => void): () => void {
    const own = () => watcher()
    this.#watchers.add(own)
    return () => this.#watchers.delete(own)
  }

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  /**
   * Resolves once the standings hold a commit: the log holds it, and if it may move a challenge, the count that follows it is
   * here. @throws Fault UNAVAILABLE when it is not there within 2 s
   */
  async holds(mark: number): Promise<void> {
    const until = Date.now() + LIMITS.markWaitMs
    const pos = await this.log.holds(mark)
    const actor = { tenantId: this.log.tenantId, db: this.#db }
    const [event] = await inTenantOnce<{ topic: string }>(actor, {
      name: 'challenge_mark', text: 'select topic from event_log where tenant_id = $1 and mark = $2',
        values: [actor.tenantId, mark],
    })
    const isAwaited = event !== undefined && isCounted(event.topic)
    while (isAwaited) {
      const [place] = await inTenantOnce<{ pos: number }>(actor, {
        name: 'challenge_place', text: 'select pos from reaction_cursor where tenant_id = $1 and reaction = $2',
        values: [actor.tenantId, PROGRESS_REACTION],
      })
      if (place && place.pos >= pos) break
      if (Date.now() > until) {
        throw fault('UNAVAILABLE', 'That commit is not counted here yet. Try again, or read without atLeast.',
          { retryAfterMs: 1_000 })
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    // What is counted may not have been numbered yet: it is read, and told to followers when its event comes.
    await (this.#reading = this.#reading.then(() => this.#read()))
  }

  close(): void {
    this.#stop()
    tellEach(this.#watchers, undefined)
  }
}

/** The standings of a challenge, for everybody who follows them. */
export class ChallengeSource implements StreamSource<ChallengeStreamMessage> {
  readonly key: string
  readonly kind = 'STATE'
  readonly #live: LiveChallenge

  constructor(live: LiveChallenge) {
    this.#live = live
    this.key = `challenge:${live.id}`
  }

  async read(place: Place): Promise<{ messages: ChallengeStreamMessage[]; place: Place }> {
    const { pos, steps } = this.#live
    if (place.pos !== null && place.pos >= pos) return { messages: [], place }
    const here: Place = { pos, told: pos, reason: 'SLOW_CLIENT' }
    // Between two steps nothing was told, so that a cursor of another node may lie there.
    const first = place.pos === null ? -1 : steps.findIndex(step => step.after <= place.pos! && place.pos! < step.pos)
    if (first < 0) return { messages: [snapshotOf(this.#live, place.reason)], place: here }
    return { messages: steps.slice(first).map((step, at) => deltaOf(this.#live, step, at ? step.after : place.pos!)),
      place: here }
  }

  onChange(listener: () => void): () => void {
    return this.#live.onChange(listener)
  }
}

// Messages are made once for all who read the same: a group executes each object once.
const snapshots = new WeakMap<LiveChallenge, ChallengeSnapshotMessage>()
const deltas = new WeakMap<Step, ChallengeDeltaMessage>()

function snapshotOf(live: LiveChallenge, reason: SnapshotReason): ChallengeSnapshotMessage {
  const cursor = streamCursor(live.log.epoch, live.pos)
  const standings = live.rows
  const known = snapshots.get(live)
  if (known?.cursor === cursor && known.reason === reason && known.takenAt === live.at) return known
  const made = { __typename: 'ChallengeSnapshot' as const, cursor, takenAt: live.at, reason, challengeId: live.id, standings }
  snapshots.set(live, made)
  return made
}

function deltaOf({ id, log: { epoch } }: LiveChallenge, step: Step, after: number): ChallengeDeltaMessage {
  const known = deltas.get(step)
  const { pos, marks, at, changes, left } = step
  const from = streamCursor(epoch, after)
  if (known?.after === from) return known
  const made = {
    __typename: 'ChallengeDelta' as const, after: from, cursor: streamCursor(epoch, pos), marks, at, challengeId: id, changes,
    left, committedAt: at,
  }
  deltas.set(step, made)
  return made
}

interface Kept { opening: Promise<LiveChallenge | null>; usedMs: number }

/** The challenges that a node follows: each from when it is first asked for as long as it is used. */
export class LiveChallenges {
  readonly #db: Database
  readonly #logs: EventLogs
  readonly #kept = new Map<string, Kept>()
  readonly #sweep: NodeJS.Timeout

  constructor(db: Database, logs: EventLogs) {
    this.#db = db
    this.#logs = logs
    this.#sweep = setInterval(() => void this.#look(), 10_000)
    this.#sweep.unref()
  }

  /** Returns a challenge of the tenant, or null when it has none with this id. */
  of(tenantId: string, id: string): Promise<LiveChallenge | null> {
    const key = `${tenantId}:${id}`
    let kept = this.#kept.get(key)
    if (!kept) {
      kept = { opening: this.#open(tenantId, id), usedMs: 0 }
      this.#kept.set(key, kept)
      const forget = () => { if (this.#kept.get(key) === kept) this.#kept.delete(key) }
      kept.opening.then(live => { if (!live) forget() }, forget)
    }
    kept.usedMs = Date.now()
    return kept.opening
  }

  async #open(tenantId: string, id: string): Promise<LiveChallenge | null> {
    const live = new LiveChallenge(id, await this.#logs.of(tenantId), this.#db)
    return await live.open() ? live : null
  }

  async #look(): Promise<void> {
    for (const [key, kept] of this.#kept) {
      const live = await kept.opening.catch(() => null)
      if (!live) continue
      if (live.isWatched) kept.usedMs = Date.now()
      if (Date.now() - kept.usedMs <= LIMITS.hubLingerMs) continue
      this.#kept.delete(key)
      live.close()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    for (const { opening } of this.#kept.values()) (await opening.catch(() => null))?.close()
    this.#kept.clear()
  }
}
