/**
 * Commands that meet share a commit. While transactions of a tenant are under way, later commands wait, and the next transaction
 * carries all that wait by then; a command that meets nobody starts at once. What a transaction costs is shared by as many
 * as come while one lasts.
 */
import type { Database } from './db.ts'
import { fault, sqlState, stopped } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { Actor } from './tenancy.ts'

interface Waiting<Command, Answer> {
  command: Command; isAlone: boolean
  resolve(answer: Answer): void
  reject(error: unknown): void
}

interface Line<Command, Answer> { waiting: Waiting<Command, Answer>[]; underWay: number }

// A value, a key or a lock of one command was at fault, and nothing of the transaction is left: data exception, integrity
// violation, transaction rollback.
const ONES_FAULT = /^(22|23|40)/

const HALF_MS = 30_000

/** How many wait: now, and the most within the last half to whole minute, so that a look every half minute misses no peak. */
export class Depth {
  now = 0
  #most = 0
  #mostBefore = 0
  #turnsMs = 0

  set(now: number): void {
    this.now = now
    if (now > this.#most) this.#most = now
    if (Date.now() >= this.#turnsMs) this.#turn()
  }

  get most(): number {
    if (Date.now() >= this.#turnsMs) this.#turn()
    return Math.max(this.now, this.#most, this.#mostBefore)
  }

  #turn(): void {
    const nowMs = Date.now()
    this.#mostBefore = nowMs < this.#turnsMs + HALF_MS ? this.#most : this.now
    this.#most = this.now
    this.#turnsMs = nowMs + HALF_MS
  }
}

/** The commands of this process that wait to be carried out. */
export const commandsWaiting = new Depth()

/** Gathers the commands of one kind, by tenant. */
export class Gathering<Command extends { actor: Actor; items: readonly unknown[] }, Answer> {
  readonly #carry: (commands: Command[]) => Promise<Answer[]>
  readonly #lines = new WeakMap<Database, Map<string, Line<Command, Answer>>>()

  /** `carry` carries out commands of one tenant, at most 1,000 items together, in one transaction and answers each in order. */
  constructor(carry: (commands: Command[]) => Promise<Answer[]>) {
    this.#carry = carry
  }

  /** Returns the answer to a command. @throws Fault UNAVAILABLE when too many wait already */
  add(command: Command): Promise<Answer> {
    const { db, tenantId } = command.actor
    const lines = this.#lines.get(db) ?? new Map<string, Line<Command, Answer>>()
    this.#lines.set(db, lines)
    const line = lines.get(tenantId) ?? { waiting: [], underWay: 0 }
    lines.set(tenantId, line)
    if (line.waiting.length >= LIMITS.commandsWaitingMax) {
      return Promise.reject(fault('UNAVAILABLE', 'Too many commands wait to be recorded. Try again.', { retryAfterMs: 1_000 }))
    }
    const { signal } = command.actor
    if (signal?.aborted) return Promise.reject(stopped())
    return new Promise((resolve, reject) => {
      const own = { command, isAlone: false, resolve, reject }
      line.waiting.push(own)
      commandsWaiting.now++
      signal?.addEventListener('abort', () => {
        const at = line.waiting.indexOf(own)
        if (at < 0) return // What has begun is carried to its end with the others.
        line.waiting.splice(at, 1)
        commandsWaiting.set(commandsWaiting.now - 1)
        reject(stopped())
      }, { once: true })
      this.#start(line, () => lines.delete(tenantId))
      commandsWaiting.set(commandsWaiting.now) // One that started at once never waited.
    })
  }

  #start(line: Line<Command, Answer>, end: () => void): void {
    while (line.underWay < LIMITS.transactionsGatheringMax && line.waiting.length) {
      line.underWay++
      const taken = takeFrom(line.waiting)
      commandsWaiting.now -= taken.length
      void this.#run(line, taken).then(() => {
        line.underWay--
        this.#start(line, end)
      })
    }
    if (!line.underWay && !line.waiting.length) end()
  }

  async #run({ waiting }: Line<Command, Answer>, taken: Waiting<Command, Answer>[]): Promise<void> {
    try {
      const answers = await this.#carry(taken.map(({ command }) => command))
      for (const [at, { resolve }] of taken.entries()) resolve(answers[at]!)
    } catch (error) {
      // One command at fault must not take the others with it: each is carried out again by itself.
      const isOnes = taken.length > 1 && ONES_FAULT.test(sqlState(error) ?? '')
      if (isOnes) {
        waiting.unshift(...taken.map(each => ({ ...each, isAlone: true })))
        commandsWaiting.now += taken.length
      } else for (const { reject } of taken) reject(error)
    }
  }
}

function takeFrom<Command extends { items: readonly unknown[] }, Answer>(waiting: Waiting<Command, Answer>[]) {
  if (waiting[0]!.isAlone) return waiting.splice(0, 1)
  let count = 0
  for (let items = 0; count < waiting.length; count++) {
    items += waiting[count]!.command.items.length
    if (count && items > LIMITS.batchItemsMax) break
  }
  return waiting.splice(0, count)
}
