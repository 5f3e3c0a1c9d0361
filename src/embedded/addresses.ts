/** From settings to addresses: the embedded server or one's own, and the two running roles on it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Client, type ClientConfig } from 'pg'
import parse from 'pg-connection-string'
import type { Config } from '../platform/config.ts'
import type { Addresses } from '../platform/db.ts'
import { sqlState } from '../platform/errors.ts'
import type { Roles } from '../platform/migrations.ts'
import { rolesSql } from '../platform/migrations.ts'
import { damaged } from './postgres.cluster.ts'
import { startPostgres } from './postgres.ts'
import { StartError } from '../platform/start-error.ts'

const DATABASE = 'laurel'

/** A database to run on. */
export interface Ground {
  addresses: Addresses; roles: Roles; kind: 'embedded' | 'external'; version: string; location: string; reused: boolean
  stop(): Promise<void>
}

/** Returns the database to run on, started where it is embedded. @throws StartError in one sentence when it cannot be had. */
export async function findGround(config: Config, progress: (line: string) => void): Promise<Ground> {
  return config.databaseUrl ? external(config.databaseUrl, config.databaseAppUrl) : embedded(config, progress)
}

async function embedded({ folder }: Config, progress: (line: string) => void): Promise<Ground> {
  const server = await startPostgres({ base: folder, progress })
  try {
    const client = new Client(server.ownerConfig('postgres'))
    await client.connect()
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (!rowCount) await client.query(`create database ${DATABASE}`)
    await client.end()
  } catch (error) {
    await server.stop()
    // A server may come up and yet have lost what it serves.
    throw sqlState(error) ? damaged(join(folder, 'data'), (error as Error).message) : error
  }
  const owner = server.ownerConfig(DATABASE)
  return {
    addresses: { owner, app: { ...owner, user: 'laurel_app' }, relay: { ...owner, user: 'laurel_relay' } },
    roles: { make: true }, kind: 'embedded', version: server.version, location: folder, reused: server.reused,
    stop: () => server.stop(),
  }
}

async function external(url: string, appUrl: string | undefined): Promise<Ground> {
  const owner = configOf(url)
  const client = new Client({ ...owner, connectionTimeoutMillis: 5_000 })
  const failed = await client.connect().then(() => null, (error: Error & { code?: string }) => error)
  if (failed) {
    throw new StartError(`PostgreSQL at DATABASE_URL cannot be used (${reasonOf(failed)}): start it, or correct DATABASE_URL.`)
  }
  const { rows } = await client.query(`select current_setting('server_version_num')::int as number,
    current_setting('server_version') as version,
    (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "makesRoles"`)
  await client.end()
  const { number, version, makesRoles } = rows[0] as { number: number; version: string; makesRoles: boolean }
  if (number < 150_000) throw new StartError(`PostgreSQL at DATABASE_URL is ${version}: Laurel needs 15 or newer.`)
  if (!appUrl && !makesRoles) {
    throw new StartError(
      'The role of DATABASE_URL may not create roles. Run this as an administrator, ' +
      `then set DATABASE_APP_URL to the database as laurel_app:\n${rolesSql()}`)
  }
  // Every node that knows the owner derives the same password, for all databases of the server, whose roles are shared.
  const { host, port, user, password: secret } = owner
  const password = createHash('sha256').update(JSON.stringify(['laurel roles', host, port, user, secret])).digest('base64url')
  const app = appUrl ? configOf(appUrl) : { ...owner, user: 'laurel_app', password }
  const relay = { ...app, user: 'laurel_relay' }
  if (appUrl) for (const role of [app, relay]) await proveRole(role)
  return {
    addresses: { owner, app, relay }, roles: { make: !appUrl, password },
    kind: 'external', version: version.split(' ')[0]!, location: `${owner.host ?? 'localhost'}/${owner.database}`, reused: true,
    stop: async () => {},
  }
}

/** Passes when a role that the operator made can connect. @throws StartError */
async function proveRole(role: ClientConfig): Promise<void> {
  const client = new Client({ ...role, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {}) // The failing connect reports it.
  const failed = await client.connect().then(() => client.end(), (error: Error & { code?: string }) => error)
  if (failed) {
    throw new StartError(`The role ${role.user} of DATABASE_APP_URL cannot be used (${reasonOf(failed)}): ` +
      'correct DATABASE_APP_URL; laurel_app and laurel_relay share its password.')
  }
}

function configOf(url: string): ClientConfig {
  const { host, port, user, password, database, ssl } = parse.parse(url)
  return {
    host: host ?? 'localhost', port: Number(port ?? 5432), database: database ?? DATABASE,
    ...(user ? { user } : {}), ...(password ? { password } : {}), ...(ssl ? { ssl: ssl as never } : {}),
  }
}

function reasonOf(error: Error & { code?: string }): string {
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'there is no such host', ETIMEDOUT: 'no answer',
    ENOENT: 'there is no such socket',
    '28P01': 'wrong password', '28000': 'this role may not connect', '3D000': 'there is no such database',
  }
  return known[error.code ?? ''] ?? (error.message || 'no answer')
}
