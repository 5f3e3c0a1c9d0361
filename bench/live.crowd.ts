/**
 * Subscribers of one stream, in this process, who are all owed the same messages: each is held against the first to receive it,
 * byte for byte and in order, so that nothing lost, doubled or sent to another goes unseen.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Wire } from './live.wire.ts'

const TOGETHER = 100
const SAMPLES_MAX = 1_000
const PATIENCE_MS = 30_000

/** A crowd's size, stream and people; `sameId` gives all of them one operation id. */
export interface CrowdOptions {
  port: number
  count: number
  tokens: readonly string[]
  query: string
  variables: object
  sameId?: boolean
  deflate?: boolean
}

/** A message that everybody is owed: what stands before and after the operation id, and when the sampled readers had it. */
interface Owed { before: Buffer; after: Buffer; arrivals: number[] }

/** Returns the milliseconds of a clock that runs evenly and is the same in every process. */
export const nowMs = (): number => performance.timeOrigin + performance.now()

/** One reader of a crowd. */
class Seat {
  readonly wire: Wire
  readonly #crowd: Crowd
  readonly #id: Buffer
  readonly #isSampled: boolean
  taken = 0
  bytes = 0

  constructor(crowd: Crowd, options: CrowdOptions, place: number) {
    const id = options.sameId ? SAME_ID : randomUUID()
    this.#crowd = crowd
    this.#id = Buffer.from(id)
    this.#isSampled = place % Math.ceil(options.count / SAMPLES_MAX) === 0
    const token = options.tokens[place % options.tokens.length]!
    this.wire = new Wire({ ...options, id, token }, this)
  }

  onText(text: Buffer): void {
    const crowd = this.#crowd
    crowd.received++
    this.bytes += text.length
    const at = text.indexOf(this.#id)
    let owed = crowd.owed[this.taken++]
    if (at < 0) return crowd.fault(`a message without its reader's operation id: ${text.subarray(0, 200)}`)
    const after = at + this.#id.length
    if (!owed) {
      owed = { before: Buffer.from(text.subarray(0, at)), after: Buffer.from(text.subarray(after)), arrivals: [] }
      crowd.owed.push(owed)
      const isNext = owed.before.includes('"next"') || owed.after.includes('"next"')
      if (!isNext || owed.after.includes('"errors":')) crowd.fault(text.toString())
    } else if (owed.before.compare(text, 0, at) || owed.after.compare(text, after)) {
      crowd.fault(`message ${this.taken} of one reader is not that of the others: ${text.subarray(0, 200)}`)
    }
    if (this.#isSampled) owed.arrivals.push(nowMs())
  }

  onEnd(reason: string): void {
    this.#crowd.fault(`a reader's connection ended: ${reason}`)
  }
}

/** The operation id of every reader of a crowd with `sameId`; as long as a UUID. */
export const SAME_ID = '00000000-0000-4000-8000-000000000000'

/** Open subscribers. */
export class Crowd {
  readonly owed: Owed[] = []
  readonly seats: Seat[] = []
  readonly faults: string[] = []
  received = 0

  /** Returns `count` subscribers, all asked and, where the stream begins with a message, told it. */
  static async seat(options: CrowdOptions, hasFirst: boolean): Promise<Crowd> {
    const crowd = new Crowd()
    while (crowd.seats.length < options.count) {
      const group: Seat[] = []
      for (let more = Math.min(TOGETHER, options.count - crowd.seats.length); more > 0; more--) {
        const seat = new Seat(crowd, options, crowd.seats.length)
        crowd.seats.push(seat)
        group.push(seat)
      }
      await Promise.all(group.map(({ wire }) => wire.asked))
      crowd.check()
    }
    if (hasFirst) await crowd.told(1)
    else await sleep(300) // Nothing tells when such a server has begun to listen.
    return crowd
  }

  fault(what: string): void {
    if (this.faults.length < 10) this.faults.push(what)
  }

  /** @throws Error when anything went wrong */
  check(): void {
    if (this.faults.length) throw new Error(this.faults.join('\n'))
  }

  /** Resolves when every subscriber has `count` messages. @throws Error when one gets more, or not all within 30 s */
  async told(count: number): Promise<void> {
    for (const deadline = nowMs() + PATIENCE_MS; this.received < count * this.seats.length; await sleep(1)) {
      this.check()
      if (nowMs() < deadline) continue
      throw new Error(`${this.received} of ${count * this.seats.length} messages came within ${PATIENCE_MS} ms`)
    }
    this.check()
    const strays = this.seats.filter(({ taken }) => taken !== count).length
    if (strays) throw new Error(`${strays} subscribers did not get each of ${count} messages once`)
  }

  /** Returns the text of a message, with the id that all have or that of nobody. */
  text(at: number): string {
    const { before, after } = this.owed[at]!
    return `${before}${SAME_ID}${after}`
  }

  close(): void {
    for (const { wire } of this.seats) wire.cut()
  }
}
