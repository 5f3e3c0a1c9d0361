/** idle: the memory of a subscriber who waits, over that of the raw floor, once everything that can be collected has been. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Crowd } from './live.crowd.ts'
import { placing, requireFiles, startProgram, stepAside } from './live.machine.ts'
import { median } from './figures.ts'
import { type Contender, laurelContender, replay } from './live.stage.ts'
import { BOARD, type LiveOptions, openWorld, type World } from './live.world.ts'
import type { BenchResult } from './run.ts'

const FIRST_SHARE = 2 // Half a crowd comes first and fills the room that starting left in the heap.
const REST_MS = 12_000 // Longer than a socket may wait before connection_init: its timer is gone by then.

/** Runs the bench. @throws MissingBaseline without redis-server */
export default async function idle({ quick, progress, world: given }: LiveOptions): Promise<BenchResult> {
  const [count, rounds, restMs] = quick ? [500, 1, 500] : [10_000, 3, REST_MS]
  requireFiles(Math.ceil(count * (1 + 1 / FIRST_SHARE)))
  const back = stepAside()
  try {
    await using stack = new AsyncDisposableStack()
    const world = given ?? stack.use(await openWorld(progress))
    const tokens = await world.tokens(count)
    const measured = new Map<string, number[]>([['floor', []], ['laurel', []]])
    for (let round = 1; round <= rounds; round++) {
      for (const [name, values] of measured) {
        await using own = new AsyncDisposableStack()
        const contender = name === 'laurel'
          ? await laurelContender(world, own)
          : await replay('floor', own.use(await startProgram('live.floor.ts', {})), '"cursor":"none"')
        values.push(await weigh(contender, { count, restMs, tokens, world }))
        progress(`round ${round}, ${name}: ${values.at(-1)!.toFixed(2)} KB an idle subscriber`)
      }
    }
    const [floor, laurel] = [...measured.values()].map(median)
    return {
      metrics: { kb_over_floor_10k: laurel! / floor! },
      rows: [...measured].map(([name, values]) =>
        `${name.padEnd(8)} ${values.map(value => value.toFixed(2)).join(' ')} KB a subscriber`),
      versions: world.versions,
      notes: [`${count} subscribers, each with a token of its own; resident memory after a full collection; ${placing}.`],
    }
  } finally {
    back()
  }
}

/** Returns the KB that each further subscriber adds to a server that holds some already. */
async function weigh(
  { port, program, isLaurel }: Contender,
  { count, restMs, tokens, world }: { count: number; restMs: number; tokens: string[]; world: World },
): Promise<number> {
  const seat = (size: number) =>
    Crowd.seat({ port, count: size, tokens, query: BOARD, variables: { id: world.company.boardId }, sameId: !isLaurel }, isLaurel)
  const first = await seat(Math.ceil(count / FIRST_SHARE))
  await sleep(restMs)
  const before = await program.restKb()
  const crowd = await seat(count)
  await sleep(restMs)
  const after = await program.restKb()
  for (const each of [first, crowd]) {
    each.check()
    each.close()
  }
  return (after - before) / count
}
