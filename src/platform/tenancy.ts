/**
 * The doors to a tenant's rows. Nothing reads or writes outside them: row security shows nothing to a connection without
 * a tenant.
 * `inTenant` is for entities, `inTenantOnce` for one statement in one round trip, `inTenantBatch` for commands in few
 * round trips.
 */
import type { SqlEntityManager } from '@mikro-orm/postgresql'
import type { PoolClient, QueryResultRow } from 'pg'
import { auditStatement, type Command } from './audit.ts'
import type { Database } from './db.ts'
import { refuseStopped, sqlState, stopped } from './errors.ts'
import { reach } from './faults.ts'
import { LIMITS } from './limits.ts'
import { cancelOn, sendTogether, type Statement } from './pipeline.ts'
import type { Credential, Role } from './policy.rules.ts'
import { traced } from './trace.ts'

export type { Statement }

export type { Role }

/** Who asks, from the verified token; `userId` is null for keys, screens and the house's own jobs. */
export interface Actor {
  tenantId: string; userId: string | null; role: Role; now: Date; db: Database
  /** By what they proved who they are; absent for the house itself. */
  credential?: Credential
  /** The command they issue, for the audit. */
  command?: Command
  /** Whether they must not see employees; may be asked for by whatever is shared among readers. */
  isOutsider?: boolean
  /** Aborts when nobody waits for the work any longer; its statements are then cancelled. */
  signal?: AbortSignal
}

/** A transaction of one tenant over MikroORM. */
export interface Tx { em: SqlEntityManager; tenantId: string; now: Date; command?: Command }

/** Stands for nobody where a column or a list wants an id. */
export const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Returns who a command's idempotency keys belong to: the person, the API key, or the house. */
export const senderOf = ({ userId, credential }: Pick<Actor, 'userId' | 'credential'>): string =>
  userId ?? credential?.id ?? NOBODY

/** The name of the statement that emits an event. */
export const EMIT = 'emit'

const COMMIT = { name: 'commit', text: 'commit' }
// Named statements look rows up by key, so they are planned once; left alone, PostgreSQL plans each use of an array anew, which
// was a third of a command (bench/intake). A plan made while a table was small must not scan it once it has grown.
// Unnamed ones are planned for their values.
const SET_TENANT = {
  name: 'set_tenant',
  text: `select set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', $2, true),
         set_config('enable_seqscan', $3, true)`,
}
const planning = (statements: readonly Statement[]) =>
  statements.every(({ name }) => name) ? ['force_generic_plan', 'off'] : ['auto', 'on']

/** Returns what `work` returns, run in one transaction of the actor's tenant through MikroORM; rolls back when it throws. */
export function inTenant<T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { signal } = actor
  if (signal?.aborted) return Promise.reject(stopped())
  const em = actor.db.orm.em.fork({ session: { variables: { 'app.tenant_id': actor.tenantId } } })
  const done = () => em.transactional(async inner => {
    const result = await work({
      em: inner as SqlEntityManager, tenantId: actor.tenantId, now: actor.now, ...actor.command ? { command: actor.command } : {},
    })
    refuseStopped(signal) // Rolls back.
    return result
  }) as Promise<T>
  return traced('PostgreSQL entities', done).then(result => {
    if (actor.command?.entry.afterHash) actor.command.isWritten = true
    reach('command.committed')
    actor.db.onEmit()
    return result
  })
}

type Reader = Pick<Actor, 'tenantId' | 'db' | 'signal'>
interface Read { statement: Statement; resolve(rows: QueryResultRow[]): void; reject(error: unknown): void }

const reads = new WeakMap<Reader, Read[]>()

/**
 * Returns the rows of one statement, run in a transaction of the tenant, in one round trip. Named statements that the same actor
 * asks for in the same turn share both: a request's loaders cost it one transaction instead of one each.
 */
export function inTenantOnce<Row extends QueryResultRow>(actor: Reader, statement: Statement): Promise<Row[]> {
  if (!statement.name) return alone(actor, statement) as Promise<Row[]>
  return new Promise((resolve, reject) => {
    const read: Read = { statement, resolve: resolve as Read['resolve'], reject }
    const waiting = reads.get(actor)
    if (waiting) return void waiting.push(read)
    reads.set(actor, [read])
    process.nextTick(readTogether, actor)
  })
}

async function alone({ tenantId, db, signal }: Reader, statement: Statement): Promise<QueryResultRow[]> {
  const [rows] = await inTenantBatch({ tenantId, db, ...signal ? { signal } : {} }, async ({ last }) => last([statement]))
  return rows!
}

async function readTogether(actor: Reader): Promise<void> {
  const together = reads.get(actor)!
  reads.delete(actor)
  const { tenantId, db, signal } = actor
  try {
    const answers = await inTenantBatch(
      { tenantId, db, ...signal ? { signal } : {} }, async ({ last }) => last(together.map(({ statement }) => statement)))
    for (const [at, { resolve }] of together.entries()) resolve(answers[at]!)
  } catch (error) {
    // One statement at fault must not take the others with it. Nothing of the transaction is left, so each is run by itself.
    const isOnes = together.length > 1 && sqlState(error)
    for (const { statement, resolve, reject } of together) {
      if (isOnes) alone(actor, statement).then(resolve, reject)
      else reject(error)
    }
  }
}

/** A command's way to the database: `run` sends statements together and answers their rows, `last` also commits with them. */
export interface Batch {
  run(statements: Statement[]): Promise<QueryResultRow[][]>
  last(statements: Statement[]): Promise<QueryResultRow[][]>
}

/**
 * Returns what `work` returns, run in one transaction of the tenant on a connection held alone. Each `run` or `last` is one
 * round trip. A transaction that was not committed by `last` is rolled back. The first failing statement's error is thrown.
 */
export async function inTenantBatch<T>(
  { tenantId, db, command, signal }: Pick<Actor, 'tenantId' | 'db' | 'command' | 'signal'>,
  work: (batch: Batch) => Promise<T>, begin = 'begin',
): Promise<T> {
  const client = await connected(db, signal)
  const uncancel = signal && cancelOn(signal, client)
  let state: 'new' | 'open' | 'done' = 'new'
  let failure: Error | null = null
  const send = async (statements: Statement[], commit: boolean) => {
    if (state === 'done') throw new Error('this batch is committed: nothing more can be sent in it')
    refuseStopped(signal)
    if (failure) throw failure // To a COMMIT after a failure PostgreSQL answers ROLLBACK, which is no error.
    const tenancy = { ...SET_TENANT, values: [tenantId, ...planning(statements)] }
    const emits = commit && statements.some(({ name }) => name === EMIT)
    const opening = [
      ...state === 'new' ? [{ name: begin, text: begin }, tenancy] : [],
      ...emits && command ? [auditStatement(tenantId, [command.entry])] : [],
    ]
    state = 'open'
    const answers = await sendTogether(client, [...opening, ...statements, ...commit ? [COMMIT] : []]).catch((error: Error) => {
      throw (failure = signal?.aborted && sqlState(error) ? stopped() : error)
    })
    if (commit) {
      state = 'done'
      if (emits && command) command.isWritten = true
      if (emits) {
        reach('command.committed')
        db.onEmit()
      }
    }
    return answers.slice(opening.length, opening.length + statements.length)
  }
  const tracedSend = (statements: Statement[], commit: boolean) =>
    traced('PostgreSQL', () => send(statements, commit),
      () => ({ statements: statements.map(({ name = 'unnamed' }) => name), commit }))
  let broken: Error | undefined
  try {
    return await work({ run: statements => tracedSend(statements, false), last: statements => tracedSend(statements, true) })
  } catch (error) {
    if (!sqlState(error)) broken = error as Error
    throw error
  } finally {
    await uncancel?.()
    await giveBack(client, state as 'new' | 'open' | 'done', broken)
  }
}

async function connected({ pool }: Database, signal: AbortSignal | undefined): Promise<PoolClient> {
  refuseStopped(signal)
  const client = await pool.connect()
  if (!signal?.aborted) return client
  client.release() // While it waited for its turn nobody waited for it any longer.
  throw stopped()
}

async function giveBack(client: PoolClient, state: 'new' | 'open' | 'done', broken: Error | undefined) {
  if (state !== 'open') return client.release()
  // A connection whose transaction cannot be ended for certain is closed, never handed to another tenant.
  const rolledBack = await client.query('rollback').then(() => true, () => false)
  client.release(rolledBack ? undefined : broken ?? true)
}

/**
 * Returns what `work` returns, tried again when two commands met (serialization failure, deadlock, or a unique key taken
 * meanwhile).
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const state = sqlState(error)
      if (attempt >= LIMITS.writeRetriesMax || !state || !['40001', '40P01', '23505'].includes(state)) throw error
    }
  }
}
