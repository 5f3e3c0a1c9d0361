/** The stream of a board: one snapshot, then deltas; it resumes from the node's ring of deltas, else with one snapshot that says why. */
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { parseStreamCursor, type SnapshotReason, streamCursor, type StreamReader } from '../wire/streams.ts'
import type { BoardProjection, PublishedDelta } from './board.projection.ts'
import { seenBy } from './delta.rules.ts'
import type { Listed } from './rank.rules.ts'

/** A row or change with its board, so that field resolvers know whose id `subjectId` is. */
export type OfBoard<T> = T & { board: BoardProjection }

/** The first places as they were last published. */
export interface SnapshotMessage { __typename: 'LeaderboardSnapshot'; cursor: string; takenAt: Date; reason: SnapshotReason; standings: OfBoard<Listed>[] }
/** What changed between two publications, as a reader of the first places sees it. */
export interface DeltaMessage {
  __typename: 'LeaderboardDelta'; after: string; cursor: string; marks: number[]; at: Date
  changes: OfBoard<{ subjectId: string; from: number | null; to: number; points: number }>[]; left: string[]; board: BoardProjection
}
export type BoardMessage = SnapshotMessage | DeltaMessage

/** Follows a board for one reader of its first `top` places. */
export class BoardReader implements StreamReader<BoardMessage> {
  readonly #board: BoardProjection
  readonly #top: number
  #pos: number | null = null
  #reason: SnapshotReason = 'FIRST'

  /** `after` is where the reader was. @throws Fault BAD_REQUEST */
  constructor(board: BoardProjection, top: number, after?: string | null) {
    if (!Number.isInteger(top) || top < 1 || top > LIMITS.leaderboardTopMax) throw fault('BAD_REQUEST', `top must be between 1 and ${LIMITS.leaderboardTopMax}.`, { argument: 'top' })
    this.#board = board
    this.#top = top
    if (after == null) return
    const { epoch, pos } = parseStreamCursor(after)
    if (epoch === board.log.epoch) this.#pos = pos
    else this.#reason = 'NEW_EPOCH'
  }

  async read(): Promise<BoardMessage[]> {
    const { published, ring } = this.#board
    if (this.#pos === null) return [this.#snapshot(this.#reason)]
    if (this.#pos === published.pos) return []
    const from = ring.findIndex(({ after }) => after === this.#pos)
    if (from < 0) return [this.#snapshot(this.#reason === 'FIRST' ? 'EXPIRED' : 'SLOW_CLIENT')]
    const deltas = ring.slice(from)
    this.#pos = deltas.at(-1)!.pos
    this.#reason = 'SLOW_CLIENT' // From here on a snapshot would mean that this reader fell behind the ring.
    return deltas.map(delta => this.#delta(delta))
  }

  changed(left: Promise<void>): Promise<void> {
    return this.#board.changed.next(left)
  }

  #snapshot(reason: SnapshotReason): SnapshotMessage {
    const { published: { pos, at, list }, log: { epoch } } = this.#board
    this.#pos = pos
    this.#reason = 'SLOW_CLIENT'
    const standings = [...list.values()].slice(0, this.#top).map(listed => ({ ...listed, board: this.#board }))
    return { __typename: 'LeaderboardSnapshot', cursor: streamCursor(epoch, pos), takenAt: at, reason, standings }
  }

  #delta(delta: PublishedDelta): DeltaMessage {
    const { epoch } = this.#board.log
    const { changes, left } = seenBy(delta, this.#top)
    return {
      __typename: 'LeaderboardDelta', after: streamCursor(epoch, delta.after), cursor: streamCursor(epoch, delta.pos), marks: delta.marks, at: delta.at,
      changes: changes.map(change => ({ ...change, board: this.#board })), left, board: this.#board,
    }
  }
}
