/**
 * The stream of a board: one snapshot, then deltas; it resumes from the node's ring of deltas, else with one snapshot
 * that says why.
 */
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Place, type SnapshotReason, streamCursor, type StreamSource } from '../wire/streams.ts'
import type { BoardProjection, PublishedDelta } from './board.projection.ts'
import type { ShownRow } from './board.ranking.ts'
import { seenBy } from '../ranks/delta.rules.ts'

/** A row or change with its board, so that field resolvers know whose id `subjectId` is. */
export type OfBoard<T> = T & { board: BoardProjection }

/** The first places as they were last published. */
export interface SnapshotMessage {
  __typename: 'LeaderboardSnapshot'; cursor: string; takenAt: Date; reason: SnapshotReason; standings: OfBoard<ShownRow>[]
}
/** What changed between two publications, as a reader of the first places sees it. */
export interface DeltaMessage {
  __typename: 'LeaderboardDelta'; after: string; cursor: string; marks: number[]; at: Date
  changes: OfBoard<{ subjectId: string; from: number | null; to: number; points: number }>[]; left: string[]
  board: BoardProjection; committedAt: Date | null
}
export type BoardMessage = SnapshotMessage | DeltaMessage

/** The first `top` places of a board, for everybody who follows them. */
export class BoardSource implements StreamSource<BoardMessage> {
  readonly key: string
  readonly kind = 'STATE'
  readonly #board: BoardProjection
  readonly #top: number
  readonly #deltas = new WeakMap<PublishedDelta, DeltaMessage>()
  #newest: SnapshotMessage | null = null

  /** @throws Fault BAD_REQUEST when `top` is not 1–500 */
  constructor(board: BoardProjection, top: number) {
    if (!Number.isInteger(top) || top < 1 || top > LIMITS.leaderboardTopMax) {
      throw fault('BAD_REQUEST', `top must be between 1 and ${LIMITS.leaderboardTopMax}.`, { argument: 'top' })
    }
    this.#board = board
    this.#top = top
    this.key = `board:${board.row.id}:${top}`
  }

  async read(place: Place): Promise<{ messages: BoardMessage[]; place: Place }> {
    const { published, ring } = this.#board
    if (place.pos === published.pos) return { messages: [], place }
    // From here on only slowness can lose the thread.
    const here: Place = { pos: published.pos, told: published.pos, reason: 'SLOW_CLIENT' }
    const from = place.pos === null ? -1 : ring.findLastIndex(({ after }) => after === place.pos)
    const isRelisted = place.pos !== null && place.pos < this.#board.listedPos
    return from < 0
      ? { messages: [this.#snapshot(isRelisted ? 'VISIBILITY' : place.reason)], place: here }
      : { messages: ring.slice(from).map(delta => this.#delta(delta)), place: here }
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener)
  }

  #snapshot(reason: SnapshotReason): SnapshotMessage {
    const { published: { pos, at, list }, log: { epoch } } = this.#board
    const cursor = streamCursor(epoch, pos)
    if (this.#newest?.cursor === cursor && this.#newest.reason === reason) return this.#newest
    const standings = [...list.values()].slice(0, this.#top).map(listed => ({ ...listed, board: this.#board }))
    return this.#newest = { __typename: 'LeaderboardSnapshot', cursor, takenAt: at, reason, standings }
  }

  #delta(delta: PublishedDelta): DeltaMessage {
    let message = this.#deltas.get(delta)
    if (message) return message
    const { epoch } = this.#board.log
    const { changes, left } = seenBy(delta, this.#top)
    message = {
      __typename: 'LeaderboardDelta', after: streamCursor(epoch, delta.after), cursor: streamCursor(epoch, delta.pos),
      marks: delta.marks, at: delta.at,
      changes: changes.map(change => ({ ...change, board: this.#board })), left, board: this.#board,
      committedAt: delta.committedAt,
    }
    this.#deltas.set(delta, message)
    return message
  }
}
