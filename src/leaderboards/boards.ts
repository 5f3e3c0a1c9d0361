/** The boards of a node: each is built when first asked for and kept while it is used. */
import type { Database } from '../platform/db.ts'
import { LIMITS } from '../platform/limits.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { EventLogs } from '../wire/events.ts'
import { BoardProjection } from './board.projection.ts'
import { boardsById } from './leaderboard.queries.ts'

interface Kept { opening: Promise<BoardProjection | null>; board: BoardProjection | null; usedMs: number }

/** Boards by tenant and id. */
export class Boards {
  readonly #db: Database
  readonly #logs: EventLogs
  readonly #kept = new Map<string, Kept>()
  readonly #sweep: NodeJS.Timeout

  constructor(db: Database, logs: EventLogs) {
    this.#db = db
    this.#logs = logs
    this.#sweep = setInterval(() => void this.#look(), 1_000)
    this.#sweep.unref()
  }

  /** Returns the tenant's board, or null when it has none with this id. */
  of(tenantId: string, id: string): Promise<BoardProjection | null> {
    const key = `${tenantId}:${id}`
    let kept = this.#kept.get(key)
    if (!kept) {
      kept = { opening: this.#open(tenantId, id), board: null, usedMs: Date.now() }
      this.#kept.set(key, kept)
      const forget = () => { if (this.#kept.get(key) === kept) this.#kept.delete(key) }
      kept.opening.then(board => board ? (kept!.board = board) : forget(), forget)
    }
    kept.usedMs = Date.now()
    return kept.opening
  }

  /** Returns the tenant's board when it is open already, else null. */
  opened(tenantId: string, id: string): BoardProjection | null {
    const kept = this.#kept.get(`${tenantId}:${id}`)
    if (kept?.board) kept.usedMs = Date.now()
    return kept?.board ?? null
  }

  async #open(tenantId: string, id: string): Promise<BoardProjection | null> {
    const actor = { tenantId, userId: null, role: 'ADMIN' as const, now: new Date(), db: this.#db }
    const [row] = await boardsById({ actor } as Parameters<typeof boardsById>[0], [id])
    if (!row) return null
    const board = new BoardProjection(row, await zoneOf(actor), await this.#logs.of(tenantId), this.#db)
    await board.open()
    return board
  }

  /** Ticks boards whose period may have ended, and lets go of boards that nobody has used for two minutes. */
  async #look(): Promise<void> {
    for (const [key, kept] of this.#kept) {
      const board = await kept.opening.catch(() => null)
      if (!board) continue
      if (board.isWatched) kept.usedMs = Date.now()
      if (Date.now() - kept.usedMs > LIMITS.hubLingerMs) {
        this.#kept.delete(key)
        board.close()
      } else board.tick()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    for (const { opening } of this.#kept.values()) (await opening.catch(() => null))?.close()
    this.#kept.clear()
  }
}
