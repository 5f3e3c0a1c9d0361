/** The feed as a stream: nothing is dropped or merged; it resumes from memory, then from the event log (24 h), else with one snapshot. */
import type { Database } from '../platform/db.ts'
import { LIMITS } from '../platform/limits.ts'
import { inTenantBatch } from '../platform/tenancy.ts'
import type { LogEvent, TenantLog } from '../wire/events.ts'
import { parseStreamCursor, type SnapshotReason, streamCursor, type StreamReader } from '../wire/streams.ts'
import { FEED_REACTION } from './feed.reaction.ts'
import { type FeedRow, isAddressed, type Scope, toldBy } from './feed.rules.ts'

/** The newest items, newest first, in place of whatever the reader had. */
export interface FeedSnapshotMessage { __typename: 'FeedSnapshot'; cursor: string; takenAt: Date; reason: SnapshotReason; items: FeedRow[] }
/** The items after the reader's cursor, oldest first, and the commits in between. */
export interface FeedDeltaMessage { __typename: 'FeedDelta'; after: string; cursor: string; marks: number[]; at: Date; items: FeedRow[] }
export type FeedStreamMessage = FeedSnapshotMessage | FeedDeltaMessage

const MARKS_MAX = 1_000

/** Follows the feed of one scope for one reader. */
export class FeedReader implements StreamReader<FeedStreamMessage> {
  readonly #log: TenantLog
  readonly #db: Database
  readonly #scope: Scope
  readonly #kinds: ReadonlySet<string> | null
  #pos: number | null = null
  #told = 0 // The cursor that the reader was last given; #pos may be further, over events that are not for it.
  #marks: number[] = []
  #reason: SnapshotReason = 'FIRST'

  constructor(log: TenantLog, db: Database, scope: Scope, kinds: readonly string[] | null, after?: string | null) {
    this.#log = log
    this.#db = db
    this.#scope = scope
    this.#kinds = kinds?.length ? new Set(kinds) : null
    if (after == null) return
    const { epoch, pos } = parseStreamCursor(after)
    if (epoch === log.epoch) this.#pos = this.#told = pos
    else this.#reason = 'NEW_EPOCH'
  }

  async read(): Promise<FeedStreamMessage[]> {
    if (this.#pos === null) return [await this.#snapshot(this.#reason)]
    if (this.#pos >= this.#log.pos) return []
    const events = await this.#eventsAfter(this.#pos)
    if (!events) return [await this.#snapshot('EXPIRED')]
    const items: FeedRow[] = []
    for (const event of events) {
      const own = toldBy(event).filter(item => isAddressed(item, this.#scope, this.#kinds))
      items.push(...own)
      this.#marks.push(event.mark)
    }
    this.#pos = events.at(-1)?.pos ?? this.#pos
    if (!items.length) {
      if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.slice(-MARKS_MAX)
      return []
    }
    const after = this.#told
    this.#told = this.#pos
    const { epoch } = this.#log
    return [{ __typename: 'FeedDelta', after: streamCursor(epoch, after), cursor: streamCursor(epoch, this.#pos), marks: this.#marks.splice(0), at: events.at(-1)!.at, items }]
  }

  async changed(left: Promise<void>): Promise<void> {
    const stop = new AbortController()
    void left.then(() => stop.abort())
    await this.#log.movedPast(this.#pos ?? 0, stop.signal)
  }

  /** Returns the events after `pos`, from memory or from PostgreSQL; null when the log no longer reaches back that far. */
  async #eventsAfter(pos: number): Promise<readonly LogEvent[] | null> {
    const { ring } = this.#log
    if (ring.length && ring[0]!.pos <= pos + 1) return ring.slice(pos + 1 - ring[0]!.pos).slice(0, LIMITS.feedDeltaEvents)
    const events = await this.#log.eventsAfter(pos)
    return events[0]?.pos === pos + 1 ? events : null
  }

  /** Reads the newest items in one snapshot: those kept, and those in the log beyond what was kept. */
  async #snapshot(reason: SnapshotReason): Promise<FeedSnapshotMessage> {
    const { tenantId } = this.#log
    const scoped = this.#scope.kind === 'ME' ? ['and user_id = $3', this.#scope.userId] : this.#scope.kind === 'TEAM' ? ['and team_id = $3', this.#scope.teamId] : ['']
    const [heads, kept, beyond] = await inTenantBatch({ tenantId, db: this.#db }, ({ last }) => last([
      { text: 'select pos from event_head' },
      {
        text: `select pos, line, kind, at, user_id as "userId", team_id as "teamId", facts from feed_item
               where tenant_id = $1 and ($2::text[] is null or kind = any($2)) ${scoped[0]} order by pos desc, line desc limit ${LIMITS.feedSnapshotItems}`,
        values: [tenantId, this.#kinds && [...this.#kinds], ...scoped.slice(1)],
      },
      {
        text: `select pos, mark, topic, payload, at from event_log
               where tenant_id = $1 and pos > coalesce((select pos from reaction_cursor where tenant_id = $1 and reaction = $2), 0) order by pos desc limit 1000`,
        values: [tenantId, FEED_REACTION],
      },
    ]), 'begin isolation level repeatable read read only')
    const newer = (beyond as LogEvent[]).reverse().flatMap(toldBy).filter(item => isAddressed(item, this.#scope, this.#kinds)).reverse()
    const items = [...newer, ...kept as unknown as FeedRow[]].slice(0, LIMITS.feedSnapshotItems)
    const pos = heads![0]!.pos as number
    this.#pos = this.#told = pos
    this.#marks = []
    return { __typename: 'FeedSnapshot', cursor: streamCursor(this.#log.epoch, pos), takenAt: new Date(), reason, items }
  }
}
