/**
 * The feed as a stream: nothing is dropped or merged; it resumes from memory, then from the event log (24 h), else with
 * one snapshot.
 */
import type { Database } from '../platform/db.ts'
import { LIMITS } from '../platform/limits.ts'
import { inTenantBatch } from '../platform/tenancy.ts'
import type { LogEvent, TenantLog } from '../wire/events.ts'
import { type Place, type SnapshotReason, streamCursor, type StreamSource } from '../wire/streams.ts'
import { FEED_REACTION } from './feed.reaction.ts'
import { type FeedRow, isAddressed, type Scope, toldBy } from './feed.rules.ts'

/** The newest items, newest first, in place of whatever the reader had. */
export interface FeedSnapshotMessage {
  __typename: 'FeedSnapshot'; cursor: string; takenAt: Date; reason: SnapshotReason; items: FeedRow[]
}
/** The items after the reader's cursor, oldest first, and the commits in between. */
export interface FeedDeltaMessage {
  __typename: 'FeedDelta'; after: string; cursor: string; marks: number[]; at: Date; items: FeedRow[]
  committedAt: Date
}
export type FeedStreamMessage = FeedSnapshotMessage | FeedDeltaMessage

const MARKS_MAX = 1_000
const REMEMBERED_DELTAS = 32

/** The feed of one scope, for everybody who follows it. */
export class FeedSource implements StreamSource<FeedStreamMessage> {
  readonly key: string
  readonly kind = 'LOG'
  readonly allows?: (standing: { teamId: string | null }) => boolean
  readonly #log: TenantLog
  readonly #db: Database
  readonly #scope: Scope
  readonly #kinds: ReadonlySet<string> | null
  readonly #deltas = new Map<string, FeedDeltaMessage>()

  constructor(log: TenantLog, db: Database, scope: Scope, kinds: readonly string[] | null) {
    this.#log = log
    this.#db = db
    this.#scope = scope
    this.#kinds = kinds?.length ? new Set([...kinds].sort()) : null
    if (scope.kind === 'TEAM') this.allows = ({ teamId }) => teamId === scope.teamId
    this.key = `feed:${JSON.stringify([log.tenantId, scope, this.#kinds && [...this.#kinds]])}`
  }

  /** A place's `told` is the cursor that its reader was last given; `pos` may be further, over events that are not for it. */
  async read(place: Place): Promise<{ messages: FeedStreamMessage[]; place: Place }> {
    if (place.pos === null) return this.#snapshot(place.reason)
    if (place.pos >= this.#log.pos) return { messages: [], place }
    const events = await this.#eventsAfter(place.pos)
    if (!events) return this.#snapshot(place.reason)
    const pos = events.at(-1)!.pos
    const key = `${place.told}:${pos}`
    let delta = this.#deltas.get(key)
    if (!delta) {
      const items = events.flatMap(event => toldBy(event).filter(item => isAddressed(item, this.#scope, this.#kinds)))
      if (!items.length) return { messages: [], place: { ...place, pos } }
      const { epoch } = this.#log
      delta = {
        __typename: 'FeedDelta', after: streamCursor(epoch, place.told), cursor: streamCursor(epoch, pos),
        marks: this.#marksBetween(place.told, events), at: events.at(-1)!.at, items,
        committedAt: events[0]!.at,
      }
      this.#deltas.set(key, delta)
      if (this.#deltas.size > REMEMBERED_DELTAS) this.#deltas.delete(this.#deltas.keys().next().value!)
    }
    return { messages: [delta], place: { pos, told: pos, reason: 'EXPIRED' } }
  }

  onChange(listener: () => void): () => void {
    return this.#log.listen(() => listener())
  }

  /** Returns the marks of the commits from the cursor to the newest of these events, also of those that told nothing. */
  #marksBetween(told: number, events: readonly LogEvent[]): number[] {
    const skipped = this.#log.ring.filter(({ pos }) => pos > told && pos < events[0]!.pos)
    return [...skipped, ...events].slice(-MARKS_MAX).map(({ mark }) => mark)
  }

  /** Returns the events after `pos`, from memory or from PostgreSQL; null when the log no longer reaches back that far. */
  async #eventsAfter(pos: number): Promise<readonly LogEvent[] | null> {
    const { ring } = this.#log
    if (ring.length && ring[0]!.pos <= pos + 1) return ring.slice(pos + 1 - ring[0]!.pos).slice(0, LIMITS.feedDeltaEvents)
    const events = await this.#log.eventsAfter(pos)
    return events[0]?.pos === pos + 1 ? events : null
  }

  /** Reads the newest items in one snapshot: those kept, and those in the log beyond what was kept. */
  async #snapshot(reason: SnapshotReason): Promise<{ messages: FeedStreamMessage[]; place: Place }> {
    const { tenantId } = this.#log
    const scoped = this.#scope.kind === 'ME'
      ? ['and user_id = $3', this.#scope.userId]
      : this.#scope.kind === 'TEAM' ? ['and team_id = $3', this.#scope.teamId] : ['']
    const [heads, kept, beyond] = await inTenantBatch({ tenantId, db: this.#db }, ({ last }) => last([
      { text: 'select pos from event_head' },
      {
        text: `select pos, line, kind, at, user_id as "userId", team_id as "teamId", facts from feed_item
               where tenant_id = $1 and ($2::text[] is null or kind = any($2)) ${scoped[0]}
               order by pos desc, line desc limit ${LIMITS.feedSnapshotItems}`,
        values: [tenantId, this.#kinds && [...this.#kinds], ...scoped.slice(1)],
      },
      {
        text: `select pos, mark, topic, payload, at from event_log
               where tenant_id = $1
                 and pos > coalesce((select pos from reaction_cursor where tenant_id = $1 and reaction = $2), 0)
               order by pos desc limit 1000`,
        values: [tenantId, FEED_REACTION],
      },
    ]), 'begin isolation level repeatable read read only')
    const newer = (beyond as LogEvent[]).reverse().flatMap(toldBy)
      .filter(item => isAddressed(item, this.#scope, this.#kinds)).reverse()
    const items = [...newer, ...kept as unknown as FeedRow[]].slice(0, LIMITS.feedSnapshotItems)
    const pos = heads![0]!.pos as number
    const message: FeedSnapshotMessage = {
      __typename: 'FeedSnapshot', cursor: streamCursor(this.#log.epoch, pos), takenAt: new Date(), reason, items,
    }
    return { messages: [message], place: { pos, told: pos, reason: 'EXPIRED' } }
  }
}
