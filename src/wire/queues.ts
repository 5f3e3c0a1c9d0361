/**
 * Work that rooms leave to be done soon, by whichever node is free: queues on PostgreSQL (pg-boss). Its rows hold ids
 * only. Work may be done again after a crash, so what it does must bear that; of one key at most one piece runs at a time,
 * on all nodes together.
 */
import type { ClientConfig, Pool } from 'pg'
import { type JobInsert, PgBoss } from 'pg-boss'
import { openPool } from '../platform/db.ts'
import { reach } from '../platform/faults.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import { QUEUE_SCHEMA } from '../platform/migrations.ts'
import type { Batch } from '../platform/tenancy.ts'
import { countWork, expectWork, watchPool } from './metrics.ts'

/** The ids that say what to do. */
export type Ids = Record<string, string>

/** One piece of work; of one key one piece waits at most, the others are the same. `group` bounds how much runs at once. */
export interface Work { key: string; group: string; ids: Ids; afterMs?: number }

/** A queue and who works it off: `work` resolves when the piece is done, and stops soon after the signal aborts. */
export interface Queue {
  name: string; atOnce: number; atOncePerGroup: number; work(ids: Ids, signal: AbortSignal): Promise<void>
}

type Job = Awaited<ReturnType<PgBoss['fetch']>>[number]

const SUPERVISE_SECONDS = 2
const QUEUE_OPTIONS = {
  policy: 'stately' as const, heartbeatSeconds: LIMITS.workHeartbeatSeconds, expireInSeconds: LIMITS.workExpireSeconds,
  retryLimit: LIMITS.workRetriesMax, retryDelay: 1, retryBackoff: true, retryDelayMax: 60, retentionSeconds: 30 * 86_400,
  deleteAfterSeconds: 60,
}

/** The queues of one node. */
export class Queues {
  readonly #boss: PgBoss
  readonly #pool: Pool
  readonly #unwatch: () => void
  readonly #running = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  readonly #wakers = new Set<() => void>()
  readonly #loops: Promise<void>[] = []
  readonly #filling = new WeakSet<Batch>()
  #open = true

  private constructor(boss: PgBoss, pool: Pool) {
    this.#boss = boss
    this.#pool = pool
    this.#unwatch = watchPool('work', pool)
  }

  /** Returns the queues over a connection of the running role; the owner has made their tables. */
  static async open(address: ClientConfig): Promise<Queues> {
    // A pool of its own: work never waits behind requests, nor requests behind work.
    const pool = openPool({
      ...address, max: LIMITS.workConnectionsMax, application_name: 'laurel queues', statement_timeout: LIMITS.statementTimeoutMs,
    })
    const boss = new PgBoss({
      schema: QUEUE_SCHEMA, db: { executeSql: (text, values) => pool.query(text, values) }, migrate: false, schedule: false,
      registerInstance: false,
      reindex: false, monitorVacuum: false, superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS, maintenanceIntervalSeconds: 60,
    })
    boss.on('error', error => log.warn({ reason: error.message }, 'the queues could not be tended'))
    await boss.start().catch(async (error: Error) => {
      await pool.end()
      throw error
    })
    return new Queues(boss, pool)
  }

  /** Begins to work off a queue on this node. */
  async serve(queue: Queue): Promise<void> {
    expectWork('queue', queue.name)
    const { policy, ...changeable } = QUEUE_OPTIONS
    await this.#boss.createQueue(queue.name, { policy, ...changeable })
    await this.#boss.updateQueue(queue.name, changeable) // Of a queue that an earlier version made.
    this.#loops.push(this.#follow(queue))
  }

  /** Leaves work; within a batch it is there once the batch commits. Work whose key waits already is not left twice. */
  async leave(queue: string, works: readonly Work[], batch?: Batch): Promise<void> {
    if (!works.length) return
    const jobs = works.map(({ key, group, ids, afterMs }): JobInsert => ({
      singletonKey: key, group: { id: group }, data: ids, ...afterMs ? { startAfter: afterMs / 1_000 } : {},
    }))
    const db = batch && {
      executeSql: async (text: string, values: unknown[] = []) => ({ rows: (await batch.run([{ text, values }]))[0]! }),
    }
    await this.#boss.insert(queue, jobs, db ? { db } : {})
    if (batch) this.#filling.add(batch)
    else this.wake()
  }

  /** Leaves work that is to be done now, also where the same work waits for later. */
  async hasten(queue: string, { key, group, ids }: Work): Promise<void> {
    // A little in the past: the clocks of node and server may differ.
    await this.#boss.upsert(queue, ids, { singletonKey: key, group: { id: group }, startAfter: new Date(Date.now() - 1_000) })
    this.wake()
  }

  /** Looks for work now if this batch, committed meanwhile, left some: looking costs more than most commits. */
  committed(batch: Batch): void {
    if (this.#filling.has(batch)) this.wake()
  }

  /** Looks for work now. */
  wake(): void {
    for (const waker of this.#wakers) waker()
  }

  async #follow(queue: Queue): Promise<void> {
    const mine = new Set<Promise<void>>()
    let signal = () => {}
    let signaled = false
    this.#wakers.add(() => {
      signaled = true
      signal()
    })
    while (this.#open) {
      signaled = false
      const free = queue.atOnce - mine.size
      for (const job of free > 0 ? await this.#fetch(queue, free) : []) {
        const run: Promise<void> = this.#run(queue, job).finally(() => {
          mine.delete(run)
          this.#running.delete(run)
          this.wake() // There is room again, and its group may have more.
        })
        mine.add(run)
        this.#running.add(run)
      }
      if (!signaled && this.#open) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, LIMITS.workPollMs)
          signal = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    }
  }

  #fetch({ name, atOncePerGroup }: Queue, batchSize: number): Promise<Job[]> {
    return this.#boss.fetch(name, { batchSize, groupConcurrency: atOncePerGroup }).catch((error: Error) => {
      log.warn({ queue: name, reason: error.message }, 'work could not be fetched and is asked for again')
      return []
    })
  }

  async #run({ name, work }: Queue, job: Job): Promise<void> {
    const lost = new AbortController()
    const beat = setInterval(() => {
      // What another node has taken over meanwhile is not ours to go on with.
      this.#boss.touch(name, job).then(answer => { if ((answer as { affected?: number }).affected === 0) lost.abort() }, () => {})
    }, LIMITS.workHeartbeatSeconds * 300)
    try {
      const signal = AbortSignal.any([lost.signal, this.#closing.signal])
      await countWork('queue', name, () => work(job.data as Ids, signal))
      reach('queue.worked')
      await this.#boss.complete(name, job)
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        log.error({ queue: name, reason: (error as Error).message }, 'work failed and is tried again')
      }
      await this.#boss.fail(name, job).catch(() => {}) // Its silence will be noticed.
    } finally {
      clearInterval(beat)
    }
  }

  /** Stops fetching, gives what runs a moment to end, then aborts it; other nodes take it over. */
  async close(): Promise<void> {
    this.#open = false
    this.wake()
    await Promise.allSettled(this.#loops)
    const grace = setTimeout(() => this.#closing.abort(), LIMITS.workCloseMs)
    await Promise.allSettled(this.#running)
    clearTimeout(grace)
    await this.#boss.stop({ graceful: false })
    this.#unwatch()
    await this.#pool.end()
  }
}
