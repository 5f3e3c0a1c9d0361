/** The connections of a node: MikroORM and a pipelining pool as laurel_app, the relay's own session as laurel_relay. */
import { MikroORM } from '@mikro-orm/postgresql'
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy'
import { type ClientConfig, Pool, type PoolConfig, types } from 'pg'
import { ChangeWatch } from './changes.ts'
import { LIMITS } from './limits.ts'
import { log } from './log.ts'
import { connectionOf } from './migrations.ts'

types.setTypeParser(20, text => { // int8: points and positions are safe integers; money is read as text by its own room.
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('int8 beyond 2^53 − 1')
  return value
})
types.setTypeParser(1082, text => text) // date stays YYYY-MM-DD: a JavaScript Date would shift it by the machine's zone.

/** Who connects where: the owner for migrations and partitions, the two running roles for everything else. */
export interface Addresses { owner: ClientConfig; app: ClientConfig; relay: ClientConfig }

/** The open connections of one node. */
export interface Database {
  orm: MikroORM; pool: Pool; addresses: Addresses
  /** Called after a commit that emitted an event: wakes the relay. */
  onEmit: () => void
  close(): Promise<void>
}

/** Returns the open connections; `entities` are the classes that MikroORM writes. */
export async function openDatabase(addresses: Addresses, entities: Function[]): Promise<Database> {
  const orm = await MikroORM.init({
    entities: entities as never[], dbName: addresses.app.database ?? 'laurel', ...connectionOf(addresses.app),
    metadataProvider: ReflectMetadataProvider, logger: message => log.debug(message), pool: { min: 0, max: 4 },
    forceUtcTimezone: true, allowGlobalContext: false, subscribers: [new ChangeWatch()],
    driverOptions: {
      statement_timeout: LIMITS.statementTimeoutMs, idle_in_transaction_session_timeout: LIMITS.idleTransactionMs,
    },
  })
  const pool = openPool({
    ...addresses.app, max: LIMITS.poolMax, pipeline: true, application_name: 'laurel',
    statement_timeout: LIMITS.statementTimeoutMs, idle_in_transaction_session_timeout: LIMITS.idleTransactionMs,
  })
  return {
    orm, pool, addresses, onEmit: () => {},
    async close() {
      await Promise.allSettled([orm.close(), pool.end()])
    },
  }
}

/** Returns a pool whose lost connections do not end the process: their holders hear of it by the failing query. */
export function openPool(options: PoolConfig & { pipeline?: boolean }): Pool {
  const pool = new Pool(options)
  pool.on('connect', client => client.on('error', () => {}))
  pool.on('error', error => log.warn({ reason: error.message }, 'an idle database connection was lost'))
  return pool
}
