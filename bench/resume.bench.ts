/**
 * resume: every client is cut at once and comes back with its cursor while events go on. Nobody may miss or get twice a single
 * item or commit; who was never cut, and the commits themselves, are the witnesses.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { nowMs } from './live.crowd.ts'
import { openFilesMax, placing, requireFiles, stepAside } from './live.machine.ts'
import { openAll, Reader, until } from './live.reader.ts'
import { BOARD, type LiveOptions, openWorld } from './live.world.ts'
import type { BenchResult } from './run.ts'

const EVENTS = 20
const STATISTICS_MS = 1_500 // PostgreSQL's sessions hand in their counts at most once a second.
const FEED = `subscription ($after: Cursor) { feed(scope: TENANT, after: $after) { __typename
  ... on FeedSnapshot { cursor reason items { id kind } }
  ... on FeedDelta { after cursor marks items { id kind points user { id name } text } } } }`

/** Runs the bench. */
export default async function resume({ quick, progress, world: given }: LiveOptions): Promise<BenchResult> {
  const clients = quick ? 2_000 : 10_000
  requireFiles(clients)
  const back = stepAside()
  try {
    await using stack = new AsyncDisposableStack()
    const world = given ?? stack.use(await openWorld(progress, true))
    const port = await world.writer.ask<number>('port')
    const tokens = await world.tokens(clients + 2)
    const streams = [{ query: BOARD, variables: { id: world.company.boardId } }, { query: FEED, variables: {} }] as const
    const reader = (isBoard: boolean, at: number) => new Reader({ port, token: tokens[at]!, ...streams[isBoard ? 0 : 1] })
    const [board, feed] = [reader(true, clients), reader(false, clients + 1)]
    const readers = tokens.slice(0, clients).map((_, at) => reader(at % 2 === 0, at))
    const [boards, feeds] = [readers.filter((_, at) => at % 2 === 0), readers.filter((_, at) => at % 2 === 1)]
    await openAll([board, feed, ...readers])
    await until(() => [board, feed, ...readers].every(({ cursor }) => cursor), 'everybody has a snapshot')
    const begunWith = feed.awards

    const marks: string[] = []
    const play = async () => { for (let turn = 0; turn < EVENTS; turn++) marks.push(await world.overtake()) }
    const isLevel = () => feed.awards - begunWith === marks.length && board.marks.includes(marks.at(-1)!)
      && boards.every(({ cursor }) => cursor === board.cursor)
      && feeds.every(({ items }) => items.length === feed.items.length)
    const level = () => until(isLevel, 'everybody is level')
    await play()
    await level()

    const transactions = await counterOf(world.addresses.owner)
    const [before, begun] = [await transactions(), nowMs()]
    for (const { wire } of readers) wire.cut()
    await Promise.all([play(), openAll(readers)])
    await level()
    const seconds = (nowMs() - begun) / 1_000
    const spent = await transactions() - before
    progress(`${clients} clients were level again after ${seconds.toFixed(2)} s`)
    const [calmBefore, calmBegun] = [await transactions(), nowMs()]
    await play()
    await level()
    await sleep(Math.max(0, seconds * 1_000 - (nowMs() - calmBegun)))
    const calm = await transactions() - calmBefore
    await transactions.end()

    const { lost, doubled } = judge({ board, feed, boards, feeds, marks })
    return {
      metrics: { clients, lost, doubled, seconds, transactions: Math.max(0, spent - calm) },
      rows: [
        `PostgreSQL committed ${spent} transactions during the resume`,
        `and ${calm} during as long a time with as many events and nobody cut`,
      ],
      versions: world.versions,
      notes: [
        `Half follow a board, half the feed; ${EVENTS} events are recorded while they come back, 200 on their way at a time.`,
        `One node that writes and serves, every client with a token of its own; ${placing}; ulimit -n ${openFilesMax()}.`,
      ],
    }
  } finally {
    back()
  }
}

/** Returns a counter of committed transactions. */
async function counterOf(owner: ConstructorParameters<typeof Client>[0]) {
  const client = new Client(owner)
  await client.connect()
  const count = async () => {
    await sleep(STATISTICS_MS)
    const { rows: [row] } = await client.query(
      'select xact_commit as count from pg_stat_database where datname = current_database()')
    return Number((row as { count: number | string }).count)
  }
  return Object.assign(count, { end: () => client.end() })
}

interface Company { board: Reader; feed: Reader; boards: readonly Reader[]; feeds: readonly Reader[]; marks: readonly string[] }

/** Returns how many items and commits were lost and doubled over all readers. @throws Error when a reader was told nonsense */
function judge({ board, feed, boards, feeds, marks }: Company): { lost: number; doubled: number } {
  const all = [board, feed, ...boards, ...feeds]
  const broken = all.flatMap(reader => reader.broken)
  if (broken.length) throw new Error(broken.slice(0, 5).join('\n'))
  if (all.some(({ reasons }) => reasons.join() !== 'FIRST')) throw new Error('somebody had to begin again with a snapshot')
  if (board.marks.filter(mark => marks.includes(mark)).join() !== marks.join()) {
    throw new Error('the board did not tell each commit once, in order')
  }
  let [lost, doubled] = [0, 0]
  const compare = (told: readonly string[], owed: readonly string[]) => {
    const had = new Set(told)
    doubled += told.length - had.size
    lost += owed.filter(each => !had.has(each)).length
    if (told.length === owed.length && told.join() !== owed.join()) throw new Error('somebody was told in another order')
  }
  for (const reader of boards) compare(reader.marks, board.marks)
  for (const reader of feeds) compare(reader.items, feed.items)
  return { lost, doubled }
}
