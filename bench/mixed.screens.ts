/**
 * The watching half of the mixed bench's load, a process of its own: screens of every board on both nodes. Each message is held
 * against what the others of its board got; each commit must be named once to every screen of its boards and to no other.
 */
import { Crowd } from './live.crowd.ts'
import { answerBench } from './live.machine.ts'
import { quantiles } from './figures.ts'
import { until } from './live.reader.ts'
import { BOARD } from './live.world.ts'
import type { Recorded } from './mixed.load.ts'

const LOOK_MS = 50

/** What the screens begin with: `perCrowd` of them for each board on each node, and a token for each. */
export interface ScreensWish { ports: number[]; boardIds: string[]; tokens: string[]; perCrowd: number }

/** What screens saw of some commits: how many deliveries that were, and how long after the mutation was due, in ms. */
export interface Seen { deliveries: number; p50: number; p95: number; p99: number; most: number }

/** A row that a screen shows. */
export interface Shown { id: string; rank: number; points: number }

interface Told { __typename: string; cursor: string; after?: string; reason?: string; marks?: string[]; left?: string[]
  standings?: { rank: number; points: number; user: { id: string } }[]
  changes?: { to: number; points: number; user: { id: string } }[] }

/** The screens of one board on one node, which see the same. */
class Wall {
  readonly crowd: Crowd
  readonly board: number
  readonly rows = new Map<string, Shown>()
  #looked = 0
  #cursor = ''

  constructor(crowd: Crowd, board: number) {
    this.crowd = crowd
    this.board = board
  }

  /** Reads the messages that all screens have; tells each commit with when they had it. */
  look(note: (mark: string, arrivals: readonly number[]) => void): void {
    const { crowd } = this
    crowd.check()
    for (; crowd.owed[this.#looked]?.arrivals.length === crowd.seats.length; this.#looked++) {
      const { payload } = JSON.parse(crowd.text(this.#looked)) as { payload: { data: { leaderboard: Told } } }
      const { arrivals } = crowd.owed[this.#looked]!
      this.#take(payload.data.leaderboard)
      for (const mark of payload.data.leaderboard.marks ?? []) note(mark, arrivals)
      crowd.owed[this.#looked] = { before: EMPTY, after: EMPTY, arrivals: [] } // Nobody will be held against it any more.
    }
  }

  #take({ cursor, after, reason, left = [], standings = [], changes = [] }: Told): void {
    const isFirst = this.#looked === 0
    if (isFirst !== Boolean(reason)) throw new Error(`board ${this.board} told a snapshot in between: ${reason}`)
    if (!isFirst && after !== this.#cursor) throw new Error(`board ${this.board} told a delta after ${after} at ${this.#cursor}`)
    this.#cursor = cursor
    for (const { rank, points, user: { id } } of standings) this.rows.set(id, { id, rank, points })
    for (const id of left) this.rows.delete(id)
    for (const { to, points, user: { id } } of changes) this.rows.set(id, { id, rank: to, points })
  }
}
const EMPTY = Buffer.alloc(0)

const walls: Wall[] = []
let nodes = 0
/** Who has seen a commit, and when. */
const seen = new Map<string, { wall: Wall; arrivals: readonly number[] }[]>()
let broken: Error | null = null

async function begin({ ports, boardIds, tokens, perCrowd }: ScreensWish): Promise<number> {
  nodes = ports.length
  for (const port of ports) {
    for (const [board, id] of boardIds.entries()) {
      const own = tokens.splice(0, perCrowd)
      const options = { port, count: perCrowd, tokens: own, query: BOARD, variables: { id } }
      walls.push(new Wall(await Crowd.seat(options, true), board))
    }
  }
  setInterval(look, LOOK_MS)
  return walls.length * perCrowd
}

function look(): void {
  try {
    for (const wall of walls) {
      wall.look((mark, arrivals) => {
        const known = seen.get(mark)
        if (known) known.push({ wall, arrivals })
        else seen.set(mark, [{ wall, arrivals }])
      })
    }
  } catch (error) {
    broken ??= error as Error
  }
}

/** Returns what screens saw of these commits. @throws Error when one was lost, doubled, or shown where it does not belong */
async function judge(recorded: readonly Recorded[]): Promise<Seen> {
  const byMark = Map.groupBy(recorded, ({ mark }) => mark)
  const everybody = walls.length / nodes - 1
  const boardsOf = (mark: string) => new Set([everybody, ...byMark.get(mark)!.map(({ team }) => team)])
  await until(() => {
    if (broken) throw broken
    return [...byMark.keys()].every(mark => (seen.get(mark)?.length ?? 0) >= boardsOf(mark).size * nodes)
  }, 'every screen has seen every commit')
  const delays: number[] = []
  for (const [mark, own] of byMark) {
    const boards = boardsOf(mark)
    const told = seen.get(mark)!
    const isRight = told.length === boards.size * nodes && new Set(told.map(({ wall }) => wall)).size === told.length
      && told.every(({ wall }) => boards.has(wall.board))
    if (!isRight) throw new Error(`${mark} was shown on boards ${told.map(({ wall }) => wall.board)}, not on ${[...boards]}`)
    for (const { dueMs, team } of own) {
      for (const { wall: { board }, arrivals } of told) {
        if (board === team || board === everybody) for (const at of arrivals) delays.push(at - dueMs)
      }
    }
    seen.delete(mark)
  }
  const [p50, p95, p99, most] = quantiles(delays, [0.5, 0.95, 0.99, 1])
  return { deliveries: delays.length, p50: p50!, p95: p95!, p99: p99!, most: most! }
}

/** Returns what stands on the screens now, and how many commits they know of that nobody was told had happened. */
function shown(): { boards: { board: number; rows: Shown[] }[]; strays: number } {
  look()
  if (broken) throw broken
  return { boards: walls.map(({ board, rows }) => ({ board, rows: [...rows.values()] })), strays: seen.size }
}

answerBench({ begin, judge, shown })
