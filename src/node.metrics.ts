/** What a node tells of its state when it is scraped: whether it can serve, what it reaches, whether it leads, and what waits. */
import type { PostgreSqlConnection } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import type { Broker } from './wire/broker.ts'
import {
  beforeScrape, brokerUp, outboxOldest, postgresUp, ready, relayLeads, setWaiting, watchPool,
} from './wire/metrics.ts'
import type { Relay } from './wire/relay.ts'
import type { Database } from './platform/db.ts'

const ANSWER_MAX_MS = 2_000
const OUTBOX_COUNT_MAX = 100_000 // Beyond that it is enough to know that there are more.

/** How a node stands: whether it can serve, what is wrong, in words, and whether PostgreSQL answers. */
export interface Health { ready: boolean; reasons: string[]; postgres: boolean }

/** Returns how the node stands now. Without Redis it serves from PostgreSQL and polls for what other nodes commit. */
export async function healthOf(db: Database, broker: Broker): Promise<Health> {
  const postgres = await db.pool.query('select 1').then(() => true, () => false)
  const reasons = [
    ...postgres ? [] : ['PostgreSQL cannot be reached'],
    ...broker.healthy() ? [] : ['Redis cannot be reached: commits of other nodes arrive within a second instead of at once'],
  ]
  return { ready: postgres, reasons, postgres }
}

/** Counts what the node's pools do and tells its state at each scrape; returns how to stop. */
export async function watchNode(
  { db, broker, relay }: { db: Database; broker: Broker; relay: Relay | null },
): Promise<() => void> {
  const entities = await (db.orm.em.getDriver().getConnection() as PostgreSqlConnection).getNativeClient()
  const stops = [
    watchPool('statements', db.pool), watchPool('entities', entities as Pool),
    beforeScrape(async () => {
      const late = new Promise<Health>(resolve =>
        setTimeout(() => resolve({ ready: false, reasons: [], postgres: false }), ANSWER_MAX_MS).unref())
      const health = await Promise.race([healthOf(db, broker), late])
      ready.set(Number(health.ready))
      postgresUp.set(Number(health.postgres))
      brokerUp.set({ kind: broker.kind }, Number(broker.healthy()))
      relayLeads.set(Number(relay?.leads() ?? false))
    }),
  ]
  return () => { for (const stop of stops) stop() }
}

/** Tells at each scrape what waits for its number; `pool` connects as the relay's role, which sees every tenant's. */
export function watchOutbox(pool: Pool): () => void {
  const look = async () => {
    const { rows: [row] } = await pool.query<{ waiting: number; oldest: number }>(
      `select count(*) as waiting, coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as oldest
       from (select at from outbox limit ${OUTBOX_COUNT_MAX}) as waits`)
    return row!
  }
  return beforeScrape(async () => {
    const late = new Promise<null>(resolve => setTimeout(() => resolve(null), ANSWER_MAX_MS).unref())
    const row = await Promise.race([look().catch(() => null), late])
    // What is not known is no number: PostgreSQL's own alert tells why.
    setWaiting('outbox', row?.waiting ?? NaN)
    outboxOldest.set(row ? Math.max(0, row.oldest) : NaN)
  })
}
