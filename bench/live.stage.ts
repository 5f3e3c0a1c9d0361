/** Servers side by side: Laurel and those that replay its message, each with a crowd before it for a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Crowd, nowMs } from './live.crowd.ts'
import type { Program } from './live.machine.ts'
import { BOARD, type World } from './live.world.ts'

/** Laurel tells a board at most every 50 ms, so all servers get events at this pace or slower. */
export const GAP_MS = 55
const PATIENCE_MS = 30_000
const WARM_EVENTS = 20
const SETTLE_MS = 500 // A server clears away what a crowd leaves behind.

/** A server under measure, and how an event is made there; `fire` returns what the event's message will contain. */
export interface Contender {
  name: string
  program: Program
  port: number
  isLaurel: boolean
  fire(): Promise<string>
}

/** One stay of a crowd at a contender. */
export interface Stay { cpuUs: number; p99Ms: number; deliveries: number }

/** Returns a new node of the world as a contender. */
export async function laurelContender(world: World, stack: AsyncDisposableStack): Promise<Contender> {
  const program = stack.use(await world.screens())
  return { name: 'laurel', program, port: await program.ask('port'), isLaurel: true, fire: () => world.overtake() }
}

/** Returns a contender that sends Laurel's own message, each time with another number in its cursor. */
export async function replay(name: string, program: Program, message: string): Promise<Contender> {
  const cursor = /"cursor":"([^"]+)"/.exec(message)![1]!
  let turn = 0
  return {
    name, program, port: await program.ask('port'), isLaurel: false,
    async fire() {
      const label = String(turn++).padStart(cursor.length, '0')
      await program.ask('publish', message.replace(`"cursor":"${cursor}"`, `"cursor":"${label}"`))
      return label
    },
  }
}

/** Returns the text of one delta, as one subscriber got it. */
export async function captureMessage(laurel: Contender, world: World, tokens: string[]): Promise<string> {
  const options = { port: laurel.port, count: 1, tokens, query: BOARD, variables: { id: world.company.boardId } }
  const crowd = await Crowd.seat(options, true)
  await laurel.fire()
  await crowd.told(2)
  crowd.close()
  const text = crowd.text(1)
  const { payload } = JSON.parse(text) as { payload: { data: { leaderboard: { changes: unknown[] } } } }
  if (payload.data.leaderboard.changes.length !== 10) throw new Error(`an event moves ten places, not as in ${text}`)
  return text
}

/** A contender with its crowd. */
export class Stand {
  readonly contender: Contender
  readonly crowd: Crowd

  private constructor(contender: Contender, crowd: Crowd) {
    this.contender = contender
    this.crowd = crowd
  }

  /** Seats a crowd of `count` before a contender and shows it some events, so that what is measured is warm. */
  static async open(
    contender: Contender, { count, tokens, world }: { count: number; tokens: string[]; world: World },
  ): Promise<Stand> {
    const { port, isLaurel, name } = contender
    const options = { port, count, tokens, query: BOARD, variables: { id: world.company.boardId }, sameId: name === 'floor' }
    const stand = new Stand(contender, await Crowd.seat(options, isLaurel))
    await stand.play(WARM_EVENTS, 0)
    return stand
  }

  /** Makes `events` events, `perSecond` of them a second; with 0 each follows when everybody has the last one. */
  async play(events: number, perSecond: number): Promise<Stay> {
    const { contender: { program, fire }, crowd } = this
    const [cpuBefore, before, first] = [await program.cpuUs(), crowd.received, crowd.owed.length]
    const sent: { label: string; atMs: number }[] = []
    const begun = nowMs()
    for (let turn = 0; turn < events; turn++) {
      const atMs = nowMs()
      sent.push({ label: await fire(), atMs })
      if (!perSecond) await this.#told(sent.at(-1)!.label)
      await sleep(Math.max(0, perSecond ? begun + (turn + 1) * 1_000 / perSecond - nowMs() : atMs + GAP_MS - nowMs()))
    }
    await this.#told(sent.at(-1)!.label)
    const deliveries = crowd.received - before
    const cpuUs = (await program.cpuUs() - cpuBefore) / deliveries
    const owed = crowd.owed.slice(first)
    const arrivalsOf = (label: string) => owed.find(({ after }) => after.includes(label))!.arrivals
    const latencies = sent.flatMap(({ label, atMs }) => arrivalsOf(label).map(at => at - atMs))
    return { cpuUs, deliveries, p99Ms: latencies.sort((one, other) => one - other)[Math.floor(latencies.length * 0.99)]! }
  }

  /** Resolves when everybody has the message with this label, and each before it once. */
  async #told(label: string): Promise<void> {
    for (const deadline = nowMs() + PATIENCE_MS; !this.crowd.owed.at(-1)?.after.includes(label); await sleep(1)) {
      this.crowd.check()
      if (nowMs() > deadline) throw new Error(`${this.contender.name} told nobody of event ${label}`)
    }
    await this.crowd.told(this.crowd.owed.length)
  }

  async close(): Promise<void> {
    this.crowd.close()
    await sleep(SETTLE_MS)
  }
}
