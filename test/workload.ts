/**
 * Writers as careful clients: each command is sent, with the same key and input, until it is acknowledged, wherever a node
 * answers. They record, record many at once, and take back.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { expect } from 'vitest'
import { uuidOf } from '../src/platform/ids.ts'
import { Person } from './harness.ts'
import type { Place } from './witness.ts'

const TYPES = [
  'new_client_signed', 'upsell_completion', 'referral_generated', 'proposal_accepted', 'meeting_scheduled', 'knowledge_sharing',
  'process_improvement',
]
const RECORD = `mutation($input: ActivityRecordInput!) { activityRecord(input: $input) {
  activity { id } mark userErrors { code } } }`
const RECORD_MANY = `mutation($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) {
  results { activity { id } userErrors { code } } mark userErrors { code } } }`
const REVERSE = `mutation($input: ActivityReverseInput!) { activityReverse(input: $input) {
  activity { id } mark userErrors { code } } }`

interface Done { activity?: { id: string } | null; results?: Done[]; mark?: string | null; userErrors: { code: string }[] }

/** Writers that go on until they are stopped. */
export class Workload {
  /** The activity (wire id) that each acknowledged key stands for, and the keys that took one back. */
  readonly recorded = new Map<string, string>()
  readonly reversed = new Map<string, string>()
  /** The marks of acknowledged commits; of one whose answer was lost the mark is not known. */
  readonly marks: string[] = []
  readonly #place: Place
  readonly #userIds: readonly string[]
  readonly #random: () => number
  readonly #name: string
  readonly #reversible: string[] = []
  #next = 0
  #isRunning = false
  #loops: Promise<void>[] = []

  /** `random` decides who does what. The place's token must be an admin's. */
  constructor(name: string, place: Place, userIds: readonly string[], random: () => number) {
    this.#name = name
    this.#place = place
    this.#userIds = userIds
    this.#random = random
  }

  /** Begins to write: so many at a time, each resting so long between commands. */
  begin(atOnce: number, restMs: number): void {
    this.#isRunning = true
    this.#loops = Array.from({ length: atOnce }, async () => {
      while (this.#isRunning) {
        await this.#command()
        await sleep(restMs)
      }
    })
  }

  /** Resolves when what was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all(this.#loops)
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  #item() {
    const idempotencyKey = `${this.#name}-${String(this.#next++).padStart(6, '0')}`
    return { activityType: this.#pick(TYPES), idempotencyKey, userId: this.#pick(this.#userIds) }
  }

  async #command(): Promise<void> {
    const dice = this.#random()
    if (dice < 0.2 && this.#reversible.length) {
      const activityId = this.#reversible.splice(Math.floor(this.#random() * this.#reversible.length), 1)[0]!
      const { idempotencyKey } = this.#item()
      await this.#send(REVERSE, { activityId, idempotencyKey })
      this.reversed.set(idempotencyKey, activityId)
      return
    }
    const items = Array.from({ length: dice > 0.9 ? 4 : 1 }, () => this.#item())
    const done = items.length > 1 ? await this.#send(RECORD_MANY, { items }) : await this.#send(RECORD, items[0]!)
    for (const [at, { activity }] of (done.results ?? [done]).entries()) {
      this.recorded.set(items[at]!.idempotencyKey, activity!.id)
      this.#reversible.push(activity!.id)
    }
  }

  async #send(query: string, input: object): Promise<Done> {
    for (;;) {
      const done = await this.#try(query, input)
      if (done) {
        const refused = [done, ...done.results ?? []].flatMap(({ userErrors }) => userErrors)
        if (refused.length) throw new Error(`refused: ${JSON.stringify([refused, input])}`)
        if (done.mark) this.marks.push(done.mark)
        return done
      }
      await sleep(30)
    }
  }

  async #try(query: string, input: object): Promise<Done | null> {
    try {
      const { url, token } = this.#place()
      const { data } = await new Person(url, token).ask(query, { input })
      return data ? Object.values(data as object)[0] as Done | null : null
    } catch {
      return null // Nobody was there, or it went away meanwhile.
    }
  }

  /** Proves by SQL that what was acknowledged is there once and nothing else is, and that the books agree with each other. */
  async expectKept(owner: Client, tenantId: string): Promise<void> {
    const rowsOf = async (text: string) => (await owner.query<Record<string, unknown>>(text, [tenantId])).rows
    const keys = await rowsOf(`select key, result_id as id from command_key where tenant_id = $1`)
    const told = [...this.recorded, ...this.reversed].map(([key, id]) => [key, uuidOf('Activity', id)])
    expect(new Map(keys.map(({ key, id }) => [key, id]))).toEqual(new Map(told as [string, string][]))
    expect(await rowsOf(`select (select count(*)::int from activity where tenant_id = $1) as activities,
      (select count(*)::int from activity_reversal where tenant_id = $1) as reversals,
      (select count(*)::int from point_entry where tenant_id = $1 and reason = 'ACTIVITY') as paid,
      (select count(*)::int from point_entry where tenant_id = $1 and reason = 'REVERSAL') as taken`)).toEqual([{
      activities: this.recorded.size, reversals: this.reversed.size, paid: this.recorded.size, taken: this.reversed.size,
    }])
    expect(await rowsOf(`select a.id from activity a join activity_type t on t.tenant_id = a.tenant_id and t.id = a.type_id
      left join activity_reversal r on r.tenant_id = a.tenant_id and r.activity_id = a.id
      join point_entry e on e.tenant_id = a.tenant_id and e.activity_id = a.id where a.tenant_id = $1
      group by a.id, t.points, r.activity_id
      having sum(e.points) <> case when r.activity_id is null then t.points else 0 end`)).toEqual([])
    expect(await rowsOf(`select user_id from user_points p where tenant_id = $1 and points <> coalesce((select sum(points)
      from point_entry e where e.tenant_id = p.tenant_id and e.user_id = p.user_id), 0)`)).toEqual([])
  }
}

/** Proves that everything is numbered, 1, 2, 3 and so on. */
export async function expectDense(owner: Client, tenantId: string): Promise<void> {
  const { rows } = await owner.query(`select h.pos::int as head, count(*)::int as events, count(distinct l.pos)::int as positions,
    min(l.pos)::int as first, max(l.pos)::int as last, (select count(*)::int from outbox where tenant_id = $1) as waiting
    from event_head h join event_log l using (tenant_id) where tenant_id = $1 group by h.pos`, [tenantId])
  const { head } = rows[0] as { head: number }
  expect(rows).toEqual([{ head, events: head, positions: head, first: 1, last: head, waiting: 0 }])
}
