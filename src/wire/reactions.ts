/** Reactions: a room hears another room's committed events and answers with rows and events of its own, exactly once. */
import type { Database } from '../platform/db.ts'
import { reach } from '../platform/faults.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import { type Actor, type Batch, inTenantBatch, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import type { LogEvent } from './events.ts'
import { countWork, expectWork } from './metrics.ts'

/** A room's ear: which topics it hears, and the statements its answer writes (outbox rows last). */
export interface Reaction {
  name: string
  hears(topic: string): boolean
  /** How long events may gather before they are handled together. */
  gatherMs: number
  /** How many events it takes at a time, where each may mean many rows; 1,000 when absent. */
  eventsAtOnce?: number
  /** The statement that answers a row when events concern it at all; without one they are passed over unread. */
  concerns?(tenantId: string): Statement
  /** Gets at hand what `react` needs beside its batch: inside its transaction it must not wait for another connection. */
  prepare?(actor: Actor): Promise<void>
  /** Returns the writes for these events, in order; it may read through the batch. */
  react(actor: Actor, batch: Batch, events: LogEvent[]): Promise<Statement[]>
}

/** Runs the reactions of this node while it leads the relay; positions live in PostgreSQL and move with the effects. */
export class Reactions {
  readonly #db: Database
  readonly #reactions: Reaction[]
  readonly #committed: (batch: Batch) => void
  readonly #waiting = new Set<string>()
  readonly #runs = new Map<string, Promise<void>>()
  readonly #begun = new Set<string>()
  #open = true

  /** `committed` hears of each batch in which a reaction has answered. */
  constructor(db: Database, reactions: Reaction[], committed: (batch: Batch) => void) {
    this.#db = db
    this.#reactions = reactions
    this.#committed = committed
    for (const { name } of reactions) expectWork('reaction', name)
  }

  /** Hears that a tenant's log has grown by these events; returns at once. */
  hear(tenantId: string, events: LogEvent[] | null): void {
    for (const reaction of this.#reactions) {
      if (events && !events.some(({ topic }) => reaction.hears(topic))) continue
      const key = `${reaction.name}:${tenantId}`
      if (!this.#open || this.#waiting.has(key)) continue
      this.#waiting.add(key)
      // One run after the other: two at once would hold two connections, one of them waiting for the cursor's lock.
      const gathered = new Promise(resolve => setTimeout(resolve, reaction.gatherMs))
      const run: Promise<void> = Promise.all([this.#runs.get(key), gathered])
        .then(() => {
          this.#waiting.delete(key)
          return this.#follow(reaction, tenantId)
        })
        .catch((error: Error) => this.#failed(reaction, tenantId, error))
        .finally(() => { if (this.#runs.get(key) === run) this.#runs.delete(key) })
      this.#runs.set(key, run)
    }
  }

  #failed(reaction: Reaction, tenantId: string, error: Error): void {
    if (!this.#open) return
    log.error({ reaction: reaction.name, tenantId, reason: error.message }, 'a reaction failed and is tried again')
    setTimeout(() => this.hear(tenantId, null), 1_000).unref()
  }

  /** Catches up every tenant, for a node that begins to lead. */
  hearAll(tenantIds: string[]): void {
    for (const tenantId of tenantIds) this.hear(tenantId, null)
  }

  async #follow(reaction: Reaction, tenantId: string): Promise<void> {
    for (let more = true; more && this.#open;) {
      more = await countWork('reaction', reaction.name, () => this.#step(reaction, tenantId))
    }
  }

  /** Handles one batch of events in one transaction; returns whether more are waiting. */
  async #step(reaction: Reaction, tenantId: string): Promise<boolean> {
    const actor: Actor = { tenantId, userId: null, role: 'ADMIN', now: new Date(), db: this.#db }
    const atOnce = reaction.eventsAtOnce ?? LIMITS.eventReadMax
    await this.#begin(actor, reaction)
    await reaction.prepare?.(actor)
    return inTenantBatch(actor, async batch => {
      // The cursor's row lock makes two leaders in turn take turns here too.
      const lock = {
        name: 'reaction_lock',
        text: 'select pos from reaction_cursor where tenant_id = $1 and reaction = $2 for update',
        values: [tenantId, reaction.name],
      }
      if (reaction.concerns) {
        // The head is read first: whatever begins to concern it later is told of later events.
        const [, heads, concerned] = await batch.run([lock, { name: 'reaction_head', text: 'select pos from event_head' },
          reaction.concerns(tenantId)])
        if (!concerned!.length) {
          await batch.last([moveStatement(tenantId, reaction, heads![0]!.pos as number)])
          return false
        }
      }
      const [, events] = await batch.run([
        lock,
        { name: 'reaction_events', text: `select pos, mark, topic, payload, at from event_log
            where tenant_id = $1 and pos > (select pos from reaction_cursor where tenant_id = $1 and reaction = $2)
            order by pos limit $3`,
          values: [tenantId, reaction.name, atOnce] },
      ])
      if (!events!.length) return false
      const heard = (events as LogEvent[]).filter(({ topic }) => reaction.hears(topic))
      const writes = heard.length ? await reaction.react(actor, batch, heard) : []
      if (heard.length) reach('reaction.decided')
      await batch.last([moveStatement(tenantId, reaction, events!.at(-1)!.pos as number), ...writes])
      if (!heard.length) return events!.length === atOnce
      reach('reaction.committed')
      this.#committed(batch)
      return events!.length === atOnce
    })
  }

  /** Gives a reaction its place in the tenant's log, once. */
  async #begin(actor: Actor, { name }: Reaction): Promise<void> {
    const key = `${name}:${actor.tenantId}`
    if (this.#begun.has(key)) return
    await inTenantOnce(actor, {
      name: 'reaction_start',
      text: 'insert into reaction_cursor (tenant_id, reaction, pos) values ($1, $2, 0) on conflict do nothing',
      values: [actor.tenantId, name],
    })
    this.#begun.add(key)
  }

  async close(): Promise<void> {
    this.#open = false
    await Promise.allSettled(this.#runs.values())
  }
}

function moveStatement(tenantId: string, { name }: Reaction, pos: number): Statement {
  return {
    name: 'reaction_move', text: 'update reaction_cursor set pos = $3 where tenant_id = $1 and reaction = $2',
    values: [tenantId, name, pos],
  }
}
