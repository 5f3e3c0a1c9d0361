/** The embedded server's process: started apart from its parent, found again after it, and stopped with its work on disk. */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, realpathSync, renameSync, rmSync, statSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverEnv, spawnIds, type Account, type Binaries } from './postgres.binaries.ts'
import { damaged, diskFull, NO_SPACE, removeTemporary, SOCKET_PORT, socketFolder, tellingLine } from './postgres.cluster.ts'
import { isGone, lookAtProcess, runsProgram, sendSignal } from './postgres.process.ts'
import { StartError } from '../platform/start-error.ts'

const START_MAX_MS = 10 * 60_000 // Replaying the log of a crash takes minutes at worst: a gigabyte of it is kept.
const NEWS_EVERY_MS = 5_000
const RIVAL_MAX_MS = 15_000
const STOP_MAX_MS = 60_000
const LOG_MAX_BYTES = 16 * 1_024 * 1_024

const SETTINGS: Record<string, string> = {
  listen_addresses: '', port: String(SOCKET_PORT), unix_socket_permissions: '0700',
  max_connections: '100', shared_buffers: '128MB',
  fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', jit: 'off', random_page_cost: '1.1',
  timezone: 'UTC', log_timezone: 'UTC', log_destination: 'stderr', logging_collector: 'off',
}

// May lose everything in a power cut, and nothing when only processes die, which tests do to it.
const THROWAWAY: Record<string, string> = {
  fsync: 'off', full_page_writes: 'off', wal_level: 'minimal', max_wal_senders: '0',
}

const DAMAGE = new RegExp([
  'control file', 'pg_control', 'checkpoint record', 'incompatible with server', 'valid data directory', 'No such file',
  'invalid page', 'could not read',
].join('|'))

/** What a server is started with. */
export interface Ground {
  readonly base: string
  readonly cluster: string
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly isThrowaway: boolean
  /** Is told in sentences what takes long. */
  readonly progress: (sentence: string) => void
}

/** A server that answers. */
export interface Server {
  readonly pid: number
  readonly identity: string
  readonly socketDir: string
  readonly port: number
  /** Whether an earlier Laurel had left it running. */
  readonly reused: boolean
  /** The process when it is this one's child. */
  readonly child: ChildProcess | undefined
}

interface PidFile { pid: number; cluster: string; startedAt: number; port: number; socketDir: string; status: string }

/** Returns the server of this folder that a killed Laurel left running, whatever its state. */
export function findLeftover(cluster: string): (PidFile & { identity: string }) | undefined {
  const file = readPidFile(cluster)
  const found = file && lookAtProcess(file.pid)
  if (file === undefined || found?.program !== 'postgres') return undefined
  // The folder a process works in is the kernel's word and outlives a clock that was set. Elsewhere the pid file's two must do.
  const isOurs = found.folder === undefined
    ? samePath(file.cluster, cluster) && Math.abs(found.startedAt - file.startedAt) <= 3
    : samePath(found.folder, cluster)
  return isOurs ? { ...file, identity: found.identity } : undefined
}

/**
 * Returns the running server of the folder: the leftover one when its programs and socket are still there, else a new one.
 * @throws StartError with the server's own last line when it does not come up.
 */
export async function runServer(ground: Ground): Promise<Server> {
  const startedAt = performance.now()
  for (let isTold = false; ; await sleep(100)) {
    const leftover = findLeftover(ground.cluster)
    const adopted = leftover && (await adopt(ground, leftover))
    if (adopted !== undefined) return adopted
    clearRemains(ground)
    const answer = await launch(ground)
    if (typeof answer !== 'string') return answer
    // Processes of a server killed a moment ago still hold its memory, or one that a killed parent had just started was faster.
    const isRival = /already exists|still in use|unexpected postmaster exit/.test(answer)
    if (!isRival) clearRemains(ground)
    if (!isRival || performance.now() > startedAt + RIVAL_MAX_MS) throw startFault(ground.cluster, answer)
    if (!isTold) ground.progress('Waiting for the work of a killed PostgreSQL to end.')
    isTold = true
  }
}

/** Stops a server fast but with everything on disk; harsher when it does not follow, which its log mends at the next start. */
export async function stopServer(pid: number, identity: string): Promise<void> {
  for (const [signal, waitMs] of [['SIGINT', STOP_MAX_MS], ['SIGQUIT', 10_000], ['SIGKILL', 10_000]] as const) {
    if (lookAtProcess(pid)?.identity !== identity || !sendSignal(pid, signal)) return
    if (await isGone(pid, identity, waitMs)) return
  }
  throw new Error(`PostgreSQL (process ${pid}) does not stop`)
}

async function adopt(ground: Ground, leftover: PidFile & { identity: string }): Promise<Server | undefined> {
  const { pid, identity } = leftover
  // Programs replaced by an update take their libraries with them, and some are opened only later: such a server is half gone.
  if (leftover.status !== 'stopping' && runsProgram(pid, ground.binaries.postgres)) {
    ground.progress('Taking over the PostgreSQL that an earlier Laurel left running.')
    const file = await waitUntilReady(ground, pid, () => lookAtProcess(pid)?.identity === identity)
    if (file !== undefined && existsSync(join(file.socketDir, `.s.PGSQL.${file.port}`))) {
      return { pid, identity, socketDir: file.socketDir, port: file.port, reused: true, child: undefined }
    }
  }
  ground.progress('Stopping the PostgreSQL that an earlier Laurel left running.')
  await stopServer(pid, identity)
  return undefined
}

/** Clears what a dead server left, since its pid may now be another process's, which PostgreSQL takes for a server. */
function clearRemains({ cluster }: Ground): void {
  removeTemporary(readPidFile(cluster)?.socketDir)
  rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

/** Returns the new server once it answers, else the line in which it said why not. */
async function launch(ground: Ground): Promise<Server | string> {
  const { base, cluster, binaries, account } = ground
  const socketDir = socketFolder(base, account)
  // Quoted, because the setting is a list parted by commas.
  const directories = `"${socketDir.replaceAll('"', '""')}"`
  const settings = { ...SETTINGS, ...(ground.isThrowaway ? THROWAWAY : {}), unix_socket_directories: directories }
  const args = ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const logPath = join(base, 'postgres.log')
  if (existsSync(logPath) && statSync(logPath).size > LOG_MAX_BYTES) renameSync(logPath, `${logPath}.1`)
  const logFile = openSync(logPath, 'a+', 0o600)
  try {
    const logStart = fstatSync(logFile).size
    // Apart from this process's group, so that Ctrl-C does not reach it before Laurel has closed its connections.
    const options = { ...spawnIds(account), cwd: '/', env: serverEnv(), detached: true }
    const child = spawn(binaries.postgres, args, { ...options, stdio: ['ignore', logFile, logFile] })
    await new Promise((done, fail) => child.once('spawn', done).once('error', fail))
    child.unref()
    const pid = child.pid ?? 0
    const identity = lookAtProcess(pid)?.identity
    const file = identity && (await waitUntilReady(ground, pid, () => child.exitCode === null && child.signalCode === null))
    if (file) return { pid, identity, socketDir, port: SOCKET_PORT, reused: false, child }
    removeTemporary(socketDir)
    return tellingLine(readFrom(logFile, logStart)) ?? `it ended with ${child.signalCode ?? child.exitCode}`
  } finally {
    closeSync(logFile)
  }
}

/** Waits for the server to accept connections; undefined when it ended before. */
async function waitUntilReady(ground: Ground, pid: number, lives: () => boolean): Promise<PidFile | undefined> {
  const startedAt = performance.now()
  for (let newsAt = startedAt + NEWS_EVERY_MS; lives(); await sleep(5)) {
    const file = readPidFile(ground.cluster)
    if (file?.pid === pid && file.status === 'ready') return file
    const now = performance.now()
    if (now > startedAt + START_MAX_MS) break
    if (now > newsAt) {
      ground.progress(`PostgreSQL mends what a kill left unfinished (${Math.round((now - startedAt) / 1_000)} s so far).`)
      newsAt = now + NEWS_EVERY_MS
    }
  }
  if (!lives()) return undefined
  const [minutes, logPath] = [START_MAX_MS / 60_000, join(ground.base, 'postgres.log')]
  throw new StartError(`PostgreSQL (process ${pid}) is not ready after ${minutes} minutes: read ${logPath} and start again.`)
}

function startFault(cluster: string, line: string): StartError {
  if (NO_SPACE.test(line)) return diskFull(cluster, line)
  if (DAMAGE.test(line)) return damaged(cluster, line)
  return new StartError(
    `PostgreSQL did not start in ${cluster} (${line}): mend that, or set DATABASE_URL to a PostgreSQL 15 to 18 of your own.`)
}

/** Returns what the server wrote in its pid file; undefined when there is none or it is not complete. */
function readPidFile(cluster: string): PidFile | undefined {
  const path = join(cluster, 'postmaster.pid')
  let lines: string[]
  try {
    lines = readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  const [pid, folder, startedAt, port, socketDir, , , status] = lines
  if (!/^\d+$/.test(pid ?? '') || folder === undefined) return undefined
  const numbers = { pid: Number(pid), startedAt: Number(startedAt), port: Number(port) }
  return { ...numbers, cluster: folder, socketDir: socketDir ?? '', status: (status ?? '').trim() }
}

function samePath(one: string, other: string): boolean {
  return existsSync(one) && existsSync(other) && realpathSync(one) === realpathSync(other)
}

function readFrom(file: number, start: number): string {
  const bytes = Buffer.alloc(Math.min(64 * 1_024, Math.max(0, fstatSync(file).size - start)))
  const end = fstatSync(file).size
  readSync(file, bytes, 0, bytes.length, end - bytes.length)
  return bytes.toString('utf8')
}
