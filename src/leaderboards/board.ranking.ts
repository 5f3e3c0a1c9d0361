/**
 * What a board has counted: the rank index of a period, those who are not listed, and the figures beside it. Rows leave it as
 * they may be seen.
 */
import type { ClientConfig } from 'pg'
import { periodRange } from '../platform/time.ts'
import { listingsStatement } from '../listings/listing.queries.ts'
import { type Alias, type ListingChanged, type ListingRow, Listings } from '../listings/listing.rules.ts'
import { readTally, type Run } from '../measures/measure.queries.ts'
import { isPlain, type Shown } from '../measures/measure.rules.ts'
import { inSnapshot, readSums } from '../measures/recount.queries.ts'
import { countingKey, Tally } from '../measures/tally.rules.ts'
import { changesOf, type PointChange } from '../points/change.rules.ts'
import { type Listed, RankIndex } from '../ranks/rank.rules.ts'
import type { LogEvent } from '../wire/events.ts'
import { type LeaderboardRow, measureOf, recountStatement } from './leaderboard.queries.ts'

const SUBJECT_FIELD = { USER: 'userId', TEAM: 'teamId', DEPARTMENT: 'departmentId', TENANT: null } as const
const ACTIONS: Record<string, 1 | -1> = { 'activity.recorded': 1, 'activity.reversed': -1 }

/**
 * A standing with what a board shows of it beside points; `value` orders it where that is not the points. One that stands by
 * an alias has that as its subject id, and `personId` besides, which is nobody's to see.
 */
export type ShownRow = Listed & Partial<Shown> & {
  value?: number; pseudonym?: string | null; personId?: string; isListed?: boolean
}

/** Returns a row under another name and id. */
export function masked<Row extends { subjectId: string }>(row: Row, { aliasId, pseudonym }: Alias) {
  return { ...row, subjectId: aliasId, personId: row.subjectId, pseudonym }
}

/** A board's ranking in one period. */
export class Ranking {
  readonly row: LeaderboardRow
  readonly key: string
  readonly index: RankIndex
  /** Those who have points and are not listed. */
  readonly unlisted: RankIndex
  /** Who is listed, on a board of people; null on others. */
  readonly listings: Listings | null
  readonly #tenantId: string
  readonly #only: Set<string> | null
  /** What it counts beside the index; null while it ranks plain sums, as most boards do. */
  readonly #tally: Tally | null

  private constructor(
    tenantId: string, row: LeaderboardRow, key: string, index: RankIndex, listings: Listings | null, tally: Tally | null,
  ) {
    this.row = row
    this.key = key
    this.listings = listings
    this.#tenantId = tenantId
    this.#only = row.subjectIds && new Set(row.subjectIds)
    this.#tally = tally
    // Those who are listed by consent are as few as those who are not listed elsewhere: they are what is moved.
    const other = RankIndex.from([...listings?.unusual ?? []].flatMap(subjectId => {
      const held = index.remove(subjectId)
      return held ? [{ subjectId, points: held.points, seq: held.seq }] : []
    }), row.tieRule)
    this.index = listings?.isOptIn ? other : index
    this.unlisted = listings?.isOptIn ? index : other
  }

  /** Returns a ranking of nobody. */
  static empty(row: LeaderboardRow): Ranking {
    return new Ranking('', row, '', new RankIndex(row.tieRule), null, null)
  }

  /** Returns what the ledger says of a period, with the position of the event log, all of one instant. */
  static async read(
    address: ClientConfig, tenantId: string, row: LeaderboardRow, zone: string, key: string,
  ): Promise<{ ranking: Ranking; pos: number }> {
    const { startMs } = periodRange(row.period, zone, key)
    const measure = measureOf(row)
    const { found: [rows, sums, counted], pos } = await inSnapshot(address, tenantId, async (client, waiting) => {
      const run: Run = async ({ text, values }) => (await client.query(text, values)).rows
      const chosen = row.subject === 'USER' ? await run(listingsStatement(tenantId, row.id)) : null
      return isPlain(measure)
        ? [chosen, await readSums(client, recountStatement(tenantId, row, key, startMs, waiting)), null] as const
        : [chosen, null, await readTally(run, tenantId, { ...row, measure }, zone, key, Date.now(), waiting)] as const
    })
    const listings = rows && new Listings(row.id, row.visibility, rows as unknown as ListingRow[])
    const tally = counted && new Tally(measure, row.period, key, counted.rows, counted.openDays)
    const index = tally ? RankIndex.from(tally.ranked(), row.tieRule) : RankIndex.fromColumns(sums!, row.tieRule)
    return { ranking: new Ranking(tenantId, row, key, index, listings, tally), pos }
  }

  /** Names the state of the listings: it grows when somebody appears, disappears or is renamed. */
  get listingVersion(): number {
    return this.listings?.version ?? 0
  }

  /** Takes an event in and returns whether it counts here; of one that `isCounted` already, only that is said. */
  take({ topic, payload }: Pick<LogEvent, 'topic' | 'payload'>, isCounted: boolean): boolean {
    if (topic === 'listing.changed') {
      this.#relist(payload as ListingChanged)
      return false
    }
    const field = SUBJECT_FIELD[this.row.subject]
    let touched = false
    for (const change of changesOf(payload)) {
      const subjectId = field ? change[field] : this.#tenantId
      if (!subjectId || (this.#only && !this.#only.has(subjectId))) continue
      if (this.#tally) {
        // What is counted in it already would be counted twice: such an event only tells its mark.
        touched = isCounted || this.#count(this.#tally, subjectId, topic, change) || touched
        continue
      }
      if (!change.points || countingKey(this.row.period, change, this.key) !== this.key) continue
      touched = true
      if (isCounted) continue
      const index = this.#indexOf(subjectId)
      const held = index.get(subjectId)
      index.set(subjectId, (held?.points ?? 0) + change.points, Math.max(held?.seq ?? 0, change.seq))
    }
    return touched
  }

  #count(tally: Tally, subjectId: string, topic: string, change: PointChange): boolean {
    if (!tally.take(subjectId, change, ACTIONS[topic] ?? 0)) return false
    const ranked = tally.rankedOf(subjectId)
    if (ranked) this.#indexOf(subjectId).set(subjectId, ranked.points, ranked.seq)
    return true
  }

  #indexOf(subjectId: string): RankIndex {
    return !this.listings || this.listings.isPlain || this.listings.isListed(subjectId) ? this.index : this.unlisted
  }

  /** Follows what a person has chosen: they appear, disappear, or stand by another name from now on. */
  #relist(changed: ListingChanged): void {
    const { listings } = this
    if (!listings) return
    const from = this.#indexOf(changed.userId)
    listings.take(changed)
    const to = this.#indexOf(changed.userId)
    if (from === to) return
    const held = from.remove(changed.userId)
    if (held) to.set(changed.userId, held.points, held.seq)
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
    const counted: ShownRow = this.#tally ? this.#tally.shown(row) : row
    const alias = this.listings?.aliasOf(row.subjectId)
    return alias ? masked(counted, alias) : counted
  }

  /** Returns the row of somebody who is not listed as only they may see it: one place behind those listed who have more. */
  unlistedRow(subjectId: string): ShownRow | null {
    const held = this.unlisted.get(subjectId)
    if (!held) return null
    const isOrdinal = this.row.tieRule === 'ORDINAL' // Who had the points first stands ahead there.
    const ahead = this.index.offsetAfter(held.points, isOrdinal ? held.seq : -1, subjectId)
    return { ...this.shown({ ...held, subjectId, position: ahead + 1, rank: ahead + 1, previousRank: null }), isListed: false }
  }
}
