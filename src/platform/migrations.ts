/** Migrations: the numbered SQL files are the truth; MikroORM's migrator applies them in order, once, forward only. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MigrationObject } from '@mikro-orm/core'
import { Migration, Migrator } from '@mikro-orm/migrations'
import { MikroORM, PostgreSqlDriver } from '@mikro-orm/postgresql'
import { Client, type ClientConfig } from 'pg'
import { PgBoss } from 'pg-boss'
import { sqlState } from './errors.ts'
import { log } from './log.ts'
import { projectRoot } from './project.ts'
import { StartError } from './start-error.ts'

const FOLDER = join(projectRoot, 'migrations')

/** Returns the migrations of this checkout, by name, in order. */
export function listMigrations(): MigrationObject[] {
  return readdirSync(FOLDER).filter(name => name.endsWith('.sql')).sort().map(file => ({
    name: file.slice(0, -4),
    class: class extends Migration {
      override up() {
        this.addSql(readFileSync(join(FOLDER, file), 'utf8'))
      }
    },
  }))
}

/**
 * Brings the schema up to date as its owner, makes the roles and the partitions of the coming days, and returns how many
 * migrations the schema has and how many were new. Several nodes may start at once: an advisory lock lets them take turns.
 * @throws StartError when the schema is newer than this program or a migration fails.
 */
export async function migrate(owner: ClientConfig, roles: Roles, progress: (line: string) => void) {
  const client = new Client(owner)
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(hashtext('laurel.migrate'))`)
    if (roles.make) await makeRoles(client, roles)
    const applied = await applyMigrations(owner, progress)
    await makeQueues(client)
    await makePartitions(client, new Date())
    return applied
  } finally {
    await client.end() // Releases the lock with the session.
  }
}

/** The two running roles: neither owns anything nor bypasses row security. */
export interface Roles { make: boolean; password?: string }

/** Returns the SQL an operator runs who makes the roles by hand (DATABASE_APP_URL). */
export function rolesSql(password = '<password>'): string {
  return ['laurel_app', 'laurel_relay']
    .map(role => `create role ${role} login nosuperuser nobypassrls nocreatedb nocreaterole noinherit password '${password}';`)
    .join('\n')
}

async function makeRoles(client: Client, { password }: Roles) {
  for (const role of ['laurel_app', 'laurel_relay']) {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role])
    const secret = password ? ` password ${client.escapeLiteral(password)}` : ''
    if (!rowCount) {
      await client.query(`create role ${role} login nosuperuser nobypassrls nocreatedb nocreaterole noinherit${secret}`)
        .catch((error: Error) => { // It may have been made meanwhile for another database of this server.
          if (!['42710', '23505'].includes(sqlState(error) ?? '')) throw error
        })
    } else if (secret) await client.query(`alter role ${role} login${secret}`)
  }
}

async function applyMigrations(owner: ClientConfig, progress: (line: string) => void) {
  const list = listMigrations()
  const orm = await MikroORM.init({
    driver: PostgreSqlDriver, driverOptions: owner, dbName: owner.database ?? 'laurel', extensions: [Migrator], entities: [],
    discovery: { warnWhenNoEntities: false }, logger: () => {},
    ...connectionOf(owner),
    migrations: {
      migrationsList: list, snapshot: false, silent: true, transactional: true, allOrNothing: false,
      tableName: 'laurel_migration',
    },
  })
  try {
    const migrator = (orm as unknown as { migrator: Migrator }).migrator
    const known = new Set(list.map(({ name }) => name))
    const executed = await migrator.getExecuted()
    const strange = executed.find(({ name }) => !known.has(name))
    if (strange) {
      throw new StartError(
        `The database was made by a newer Laurel (it has migration ${strange.name}, which this one lacks): ` +
        'update Laurel, or set DATABASE_URL or LAUREL_DATA to another database.')
    }
    const pending = await migrator.getPending()
    for (const { name } of pending) {
      progress(`migration ${name}`)
      await migrator.up({ migrations: [name] }).catch((error: Error) => {
        throw new StartError(`Migration ${name} failed and changed nothing: ${error.message.split('\n')[0]}. `
          + 'Mend that, or give Laurel a database of its own.')
      })
    }
    return { total: list.length, fresh: pending.length }
  } finally {
    await orm.close()
  }
}

/** The schema of the job library. Its tables hold ids only, so they stand outside the walls between tenants. */
export const QUEUE_SCHEMA = 'laurel_jobs'

/** Makes the job library's tables or brings them up to date; the running role only works in them. */
async function makeQueues(owner: Client) {
  const { rows } = await owner.query<{ missing: boolean; mayCreate: boolean }>(`select to_regnamespace($1) is null as missing,
    has_database_privilege(current_database(), 'create') as "mayCreate"`, [QUEUE_SCHEMA])
  const { missing, mayCreate } = rows[0]!
  if (missing && !mayCreate) {
    throw new StartError('The role of DATABASE_URL may not create schemas: let it own the database, '
      + `or run as an administrator: create schema ${QUEUE_SCHEMA} authorization <that role>;`)
  }
  const boss = new PgBoss({
    createSchema: missing, schema: QUEUE_SCHEMA, db: { executeSql: (text, values) => owner.query(text, values) },
    supervise: false, schedule: false,
    registerInstance: false,
  })
  boss.on('error', () => {}) // What fails here rejects the call that failed.
  await boss.start()
  await boss.stop({ graceful: false })
  await owner.query(
    `grant usage on schema ${QUEUE_SCHEMA} to laurel_app;
     grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to laurel_app`)
}

/** Returns MikroORM's connection options for a pg client configuration. */
export function connectionOf({ host, port, user, password, connectionString }: ClientConfig) {
  return connectionString
    ? { clientUrl: connectionString }
    : { host, port, user, ...(typeof password === 'string' ? { password } : {}) }
}

/**
 * Makes the partitions that hold the coming days: three days of the event log, three months of the ledgers; drops what is
 * older than two days from the event log. Run by the owner at start and every hour.
 */
export async function makePartitions(owner: Client, now: Date) {
  const day = (shift: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + shift))
  const month = (shift: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + shift, 1))
  const make = async (parent: string, suffix: string, lower: Date, upper: Date) => {
    try {
      await owner.query('call laurel_partition($1, $2, $3, $4)', [parent, suffix, lower, upper])
    } catch (error) {
      if (sqlState(error) !== '23514') throw error
      // Rows of this span came before its partition and lie in the default one; there the span stays.
      log.warn({ partition: `${parent}_${suffix}` }, 'a partition came too late; its rows stay in the default one')
    }
  }
  for (let shift = 0; shift < 3; shift++) {
    await make('event_log', day(shift).toISOString().slice(0, 10).replaceAll('-', ''), day(shift), day(shift + 1))
    for (const parent of ['point_entry', 'activity', 'audit_entry']) {
      await make(parent, month(shift).toISOString().slice(0, 7).replace('-', ''), month(shift), month(shift + 1))
    }
  }
  const { rows } = await owner.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'event_log'::regclass`)
  const oldest = `event_log_${day(-2).toISOString().slice(0, 10).replaceAll('-', '')}`
  for (const { name } of rows) if (/^event_log_\d{8}$/.test(name) && name < oldest) await owner.query(`drop table ${name}`)
  await clearDefault(owner, day(-2))
}

/**
 * Removes the events from before `oldest` that came before their partition and so lie in the default one. Forced row security
 * hides them from an owner who is no superuser; it is lifted for the owner alone, while nobody else reads the partition.
 */
async function clearDefault(owner: Client, oldest: Date) {
  const { rows } = await owner.query<{ isFilled: boolean }>(`select pg_relation_size('event_log_default') > 0 as "isFilled"`)
  if (!rows[0]!.isFilled) return
  try {
    await owner.query(`begin; set local lock_timeout = '2s'; alter table event_log_default no force row level security`)
    await owner.query('delete from event_log_default where at < $1', [oldest])
    const { rowCount } = await owner.query('select 1 from event_log_default limit 1')
    if (!rowCount) await owner.query('truncate event_log_default')
    await owner.query('alter table event_log_default force row level security; commit')
  } catch (error) {
    await owner.query('rollback')
    log.warn({ reason: (error as Error).message }, 'old events stay in the default partition until the next hour')
  }
}
