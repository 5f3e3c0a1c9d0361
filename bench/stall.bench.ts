/**
 * stall: five of six readers stop reading while a hot board moves on. What they cost the server meanwhile, and what each must
 * read, once it reads again, until it has the newest.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from './live.crowd.ts'
import { placing, stepAside } from './live.machine.ts'
import { openAll, Reader, until } from './live.reader.ts'
import { laurelContender } from './live.stage.ts'
import { BOARD, type LiveOptions, openWorld } from './live.world.ts'
import type { BenchResult } from './run.ts'

const WRITERS = 8 // Overtakes on their way at a time.

/** Runs the bench. @throws MissingBaseline without redis-server */
export default async function stall({ quick, progress, world: given }: LiveOptions): Promise<BenchResult> {
  const [count, stallMs] = quick ? [60, 3_000] : [600, 12_000]
  const back = stepAside()
  try {
    await using stack = new AsyncDisposableStack()
    const world = given ?? stack.use(await openWorld(progress))
    const { port, program } = await laurelContender(world, stack)
    const tokens = await world.tokens(count)
    const readers = tokens.map(token => new Reader({ port, token, query: BOARD, variables: { id: world.company.boardId } }))
    await openAll(readers)
    const [awake, stalled] = [readers.filter((_, at) => at % 6 === 0), readers.filter((_, at) => at % 6 !== 0)]
    await until(() => readers.every(({ cursor }) => cursor), 'everybody has a snapshot')
    const run = async (forMs: number) => {
      let events = 0
      const end = nowMs() + forMs
      await Promise.all(Array.from({ length: WRITERS }, async () => { for (; nowMs() < end; events++) await world.overtake() }))
      return events
    }
    await run(stallMs / 4) // What a hot board costs anyway is there before the weighing.
    await until(() => isLevel(readers), 'everybody is level')
    const [beforeKb, told] = [await program.restKb(), awake[0]!.marks.length]
    for (const { wire } of stalled) wire.pause()
    const begun = nowMs()
    const events = await run(stallMs)
    const seconds = (nowMs() - begun) / 1_000
    await until(() => isLevel(awake), 'the readers who read are level')
    const grownKb = await program.restKb() - beforeKb
    progress(`${events} events, ${awake[0]!.marks.length - told} told; ${grownKb} KB more for ${stalled.length} stalled readers`)

    const newest = awake[0]!.cursor
    const before = new Map(stalled.map(reader => [reader, reader.bytes]))
    for (const { wire } of stalled) wire.resume()
    await until(() => stalled.every(({ cursor }) => cursor === newest), 'the stalled readers have the newest')
    await sleep(500) // Nothing more may come.
    check(awake, stalled)
    const read = stalled.map(reader => (reader.bytes - before.get(reader)!) / 1_024).sort((one, other) => one - other)
    return {
      metrics: {
        kb_per_stalled_1000_events: Math.max(0, grownKb) / stalled.length / (events / 1_000), kb_until_newest: read.at(-1)!,
      },
      rows: [
        `${events} events in ${seconds.toFixed(1)} s (${(events / seconds).toFixed(0)} a second), coalesced into deltas of 50 ms`,
        `${stalled.length} of ${readers.length} readers stalled`,
        `read until the newest: ${read[0]!.toFixed(1)} to ${read.at(-1)!.toFixed(1)} KB`,
        'each stalled reader got one snapshot with reason SLOW_CLIENT, and it was the newest',
      ],
      versions: world.versions,
      notes: [`Resident memory after a full collection; ${placing}.`],
    }
  } finally {
    back()
  }
}

function isLevel(readers: readonly Reader[]): boolean {
  return readers.every(({ cursor }) => cursor === readers[0]!.cursor)
}

/** @throws Error when somebody was told something wrong, or a stalled reader something else than one snapshot at the end */
function check(awake: readonly Reader[], stalled: readonly Reader[]): void {
  const broken = [...awake, ...stalled].flatMap(reader => reader.broken)
  if (broken.length) throw new Error(broken.slice(0, 5).join('\n'))
  const wrong = (readers: readonly Reader[], reasons: string) => readers.find(reader => reader.reasons.join() !== reasons)
  const odd = wrong(awake, 'FIRST') ?? wrong(stalled, 'FIRST,SLOW_CLIENT')
  if (odd) throw new Error(`a reader got snapshots for ${odd.reasons.join()}`)
}
