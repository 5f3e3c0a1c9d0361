/** The embedded PostgreSQL: real server programs from npm, in one folder, behind a socket that only this account can reach. */
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { chooseAccount, readyBinaries } from './postgres.binaries.ts'
import {
  clearUnfinished, folderFault, hasCluster, letIn, makeCluster, OWNER, prepareBase, removeTemporary,
} from './postgres.cluster.ts'
import { takeFolder } from './postgres.process.ts'
import { runServer, stopServer, type Server } from './postgres.server.ts'

/** How to start: where, whom to tell, and whether what is written may be lost. */
export interface PostgresOptions {
  /** Folder of the server; made when absent. */
  readonly base: string
  /** Is told in sentences what takes long. */
  readonly progress: (sentence: string) => void
  readonly log?: { info(fields: object, message: string): void; error(fields: object, message: string): void } | undefined
  /** Trades safety in a power cut for speed; for tests. */
  readonly throwaway?: boolean
}

/** A running server of one's own. */
export interface EmbeddedPostgres {
  /** Connection settings of the owner, for `pg`. */
  ownerConfig(database: string): ClientConfig & { host: string; port: number; user: string; database: string }
  /** The same as a URL with the socket's folder as encoded host, which `pg`, MikroORM and `psql` read alike. */
  ownerUrl(database: string): string
  readonly socketDir: string
  readonly port: number
  /** The server's version, such as `18.4`. */
  readonly version: string
  /** Whether the server had been left running by a Laurel that was killed. */
  readonly reused: boolean
  /** Stops the server, waits for it, and gives the folder back; later calls wait for the same end. */
  stop(): Promise<void>
}

/**
 * Returns the server of the folder `base`, started or taken over. A folder holds `data` (the cluster), `run` (the socket),
 * `postgres.log`, a lock, and a copy of the programs when the server's account cannot reach the installed ones. A server outlives
 * a parent that is killed, and the next start takes it over.
 * @throws StartError in one sentence when the folder, the account or the platform does not allow it.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  let giveBack: (() => void) | undefined
  try {
    const base = prepareBase(options.base)
    giveBack = await takeFolder(base)
    return running(options, ...(await start(base, options)), giveBack)
  } catch (error) {
    giveBack?.()
    throw folderFault(error, options.base)
  }
}

async function start(base: string, { progress, throwaway = false }: PostgresOptions): Promise<[Server, string]> {
  const cluster = join(base, 'data')
  const account = chooseAccount(cluster)
  letIn(base, account)
  await clearUnfinished(base)
  const binaries = readyBinaries(base, account)
  if (!hasCluster(cluster, binaries.major)) {
    progress(`Making the data folder of PostgreSQL ${binaries.version} in ${base}: once, in a second or two.`)
    await makeCluster(base, binaries, account, throwaway)
  }
  return [await runServer({ base, cluster, binaries, account, isThrowaway: throwaway, progress }), binaries.version]
}

function running({ log }: PostgresOptions, server: Server, version: string, giveBack: () => void): EmbeddedPostgres {
  const { pid, identity, socketDir, port, reused } = server
  log?.info({ pid, version, socketDir, reused }, 'postgres ready')
  const told = (code: number | null, signal: string | null): void => log?.error({ pid, code, signal }, 'postgres ended by itself')
  server.child?.once('exit', told)
  let end: Promise<void> | undefined
  const stopOnce = async (): Promise<void> => {
    server.child?.off('exit', told)
    await stopServer(pid, identity)
    removeTemporary(socketDir)
    giveBack()
  }
  return {
    ownerConfig: database => ({ host: socketDir, port, user: OWNER, database }),
    ownerUrl: database => `postgresql://${OWNER}@${encodeURIComponent(socketDir)}:${port}/${encodeURIComponent(database)}`,
    socketDir, port, version, reused,
    stop: () => (end ??= stopOnce()),
  }
}
