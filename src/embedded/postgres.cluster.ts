/** The embedded server's folder: made whole or not at all, checked before it is opened, and closed to strangers. */
import { spawn } from 'node:child_process'
import {
  chmodSync, chownSync, closeSync, existsSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync,
  realpathSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { canEnter, serverEnv, spawnIds, type Account, type Binaries } from './postgres.binaries.ts'
import { isGone, lookAtProcess, sendSignal } from './postgres.process.ts'
import { StartError } from '../platform/start-error.ts'

const SOCKET_PATH_MAX_BYTES = process.platform === 'darwin' ? 103 : 107
/** What the system says of a full disk. */
export const NO_SPACE = /No space left|quota exceeded/i

const END_MAX_MS = 5_000
const UNFINISHED = 'data.new-'
const TEMPORARY = 'laurel-'
const PATH_MAX_BYTES = 900 // The server keeps paths in 1,024 bytes, its own file names included.

/** The superuser of the embedded server and owner of Laurel's schema. */
export const OWNER = 'laurel_owner'
/** The port that names the socket's file; nothing listens on it. */
export const SOCKET_PORT = 5432

/**
 * Returns the real path of the folder, made with those above it when absent.
 * @throws StartError when its path cannot be used; errors of the file system as they come.
 */
export function prepareBase(base: string): string {
  // The server's own pid file holds the path as a line.
  if (/\p{Cc}/u.test(base)) {
    throw new StartError('The path of the data folder has a control character: set LAUREL_DATA to another folder.')
  }
  if (Buffer.byteLength(base) > PATH_MAX_BYTES) {
    throw new StartError(`The path of the data folder has more than ${PATH_MAX_BYTES} bytes: set LAUREL_DATA to a shorter one.`)
  }
  const isRoot = process.getuid?.() === 0
  for (const made of makeFolders(base)) {
    // A strict umask would keep the server's account out of folders that root makes for it.
    if (isRoot) chmodSync(made, 0o755)
    else if (made === base) chmodSync(made, 0o700)
  }
  if (!statSync(base).isDirectory()) throw Object.assign(new Error(base), { code: 'ENOTDIR' })
  return realpathSync(base)
}

/** Makes a folder and those above it; returns the new ones. Node's own way tells of a read-only disk that a folder is missing. */
function makeFolders(folder: string): string[] {
  if (existsSync(folder)) return []
  const above = makeFolders(dirname(folder))
  try {
    mkdirSync(folder)
    return [...above, folder]
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return above // Another start was faster.
    throw error
  }
}

/**
 * Makes sure that the server's account may enter `base`, opening it when it was given empty.
 * @throws StartError when it, or a folder above it, is closed to the account.
 */
export function letIn(base: string, account: Account | undefined): void {
  const isEmpty = readdirSync(base).every(name => name.startsWith('lock.'))
  if (account !== undefined && isEmpty && !canEnter(base, account)) chmodSync(base, statSync(base).mode | 0o011)
  if (account === undefined || canEnter(base, account)) return
  throw new StartError(
    `PostgreSQL runs under the account ${account.name}, which may not enter ${base}: ` +
    'run chmod o+x on it and the folders above it, or set LAUREL_DATA to another folder.')
}

/**
 * Returns whether there is a data folder to open; an empty one counts as absent.
 * @throws StartError when there is one that this server cannot have written.
 */
export function hasCluster(cluster: string, major: number): boolean {
  const names = readNames(cluster)
  if (names === undefined || names.length === 0) return false
  const written = names.includes('PG_VERSION') ? readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim() : ''
  if (!/^\d+$/.test(written)) throw damaged(cluster, 'its file PG_VERSION is missing or broken')
  if (Number(written) === major) return true
  throw new StartError(
    `${cluster} was written by PostgreSQL ${written} and this Laurel carries ${major}: start the Laurel that wrote it, ` +
    'move the folder away to begin empty, or set LAUREL_DATA to another folder.')
}

function readNames(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Makes the data folder beside its place and then renames it, so that a start killed halfway leaves nothing that looks finished.
 * @throws StartError with the last word of `initdb` when that fails.
 */
export async function makeCluster(
  base: string, binaries: Binaries, account: Account | undefined, isThrowaway: boolean): Promise<void> {
  if (account === undefined) refuseNameless()
  const unfinished = mkdtempSync(join(base, UNFINISHED))
  if (account !== undefined) chownSync(unfinished, account.uid, account.gid)
  const fault = await runInitdb(base, binaries, unfinished, account, isThrowaway)
  if (fault !== undefined) {
    rmSync(unfinished, { recursive: true, force: true })
    if (NO_SPACE.test(fault)) throw diskFull(base, fault)
    throw new StartError(
      `PostgreSQL could not make its data folder in ${base} (${fault}): ` +
      'mend that, set LAUREL_DATA to another folder, or set DATABASE_URL.')
  }
  renameSync(unfinished, join(base, 'data'))
  const handle = openSync(base, 'r')
  fsyncSync(handle) // The rename itself must outlive a power cut, as the files do.
  closeSync(handle)
}

/** Removes what a start killed halfway had made, after ending its `initdb`, which may still be writing there. */
export async function clearUnfinished(base: string): Promise<void> {
  for (const name of readdirSync(base)) {
    const [, pid, identity] = /^initdb\.(\d+)\.(.+)$/.exec(name) ?? []
    if (pid === undefined || identity === undefined) continue
    if (lookAtProcess(Number(pid))?.identity === identity) sendSignal(-Number(pid), 'SIGKILL')
    await isGone(Number(pid), identity, END_MAX_MS)
    rmSync(join(base, name), { force: true })
  }
  for (const name of readdirSync(base).filter(each => each.startsWith(UNFINISHED))) {
    rmSync(join(base, name), { recursive: true, force: true, maxRetries: 8, retryDelay: 50 })
  }
}

async function runInitdb(
  base: string, binaries: Binaries, folder: string, account: Account | undefined, isThrowaway: boolean,
): Promise<string | undefined> {
  const args = [
    '-D', folder, '-U', OWNER, '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C',
    '--auth-local=trust', '--auth-host=scram-sha-256', '--no-instructions', '-k', ...(isThrowaway ? ['--no-sync'] : []),
  ]
  // A group of its own, so that it can be ended with its children when this process is killed: the file's name says which.
  const options = { ...spawnIds(account), cwd: '/', env: serverEnv(), detached: true }
  const child = spawn(binaries.initdb, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  const note = join(base, `initdb.${child.pid}.${lookAtProcess(child.pid ?? 0)?.identity}`)
  writeFileSync(note, '')
  const [code, said] = await Promise.all([
    new Promise<number>((done, fail) => child.once('error', fail).once('exit', exit => done(exit ?? -1))),
    text(child.stderr),
  ])
  rmSync(note, { force: true })
  return code === 0 ? undefined : tellingLine(said) ?? `exit code ${code}`
}

/** PostgreSQL asks the system for the name of the user it runs as, and makes no folder without one. */
function refuseNameless(): void {
  try {
    userInfo()
  } catch (cause) {
    throw new StartError(
      `User ${process.getuid?.()} has no entry in /etc/passwd, which PostgreSQL needs to make its data folder: ` +
      'start Laurel as a user with a name (in a container, without --user), or set DATABASE_URL.', { cause })
  }
}

/**
 * Returns the folder of the socket, open to the server's account alone: `run` in `base`, or one in the system's temporary
 * folder when the path is longer than a socket's may be.
 */
export function socketFolder(base: string, account: Account | undefined): string {
  const folder = fits(join(base, 'run')) ? join(base, 'run') : temporaryFolder(base, account)
  mkdirSync(folder, { recursive: true })
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
  clearSockets(folder)
  return folder
}

function clearSockets(folder: string): void {
  for (const name of readdirSync(folder).filter(each => each.startsWith('.s.PGSQL.'))) rmSync(join(folder, name), { force: true })
}

function temporaryFolder(base: string, account: Account | undefined): string {
  const parent = [tmpdir(), '/tmp'].find(each => fits(join(each, `${TEMPORARY}XXXXXX`)) && canEnter(each, account))
  if (parent !== undefined) return mkdtempSync(join(parent, TEMPORARY))
  throw new StartError(`The path ${base} is too long for a socket, and so is that of TMPDIR: set LAUREL_DATA to a shorter one.`)
}

/** Removes the folder of a socket that stood in the temporary folder because its own path was too long. */
export function removeTemporary(socketDir: string | undefined): void {
  if (socketDir === undefined || !basename(socketDir).startsWith(TEMPORARY) || !existsSync(socketDir)) return
  // The path may come from a pid file, so nothing goes that is not surely a socket's.
  clearSockets(socketDir)
  if (readdirSync(socketDir).length === 0) rmdirSync(socketDir)
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${SOCKET_PORT}`)) <= SOCKET_PATH_MAX_BYTES
}

/** Returns the line in which a program of PostgreSQL says why it gave up: a full disk, else the last error, else the last. */
export function tellingLine(output: string): string | undefined {
  const stamp = /^[\d-]+ [\d:.]+ \w+ \[\d+\] /
  const lines = output.split('\n').map(line => line.replace(stamp, '').replace(/\s+/g, ' ').trim()).filter(line => line !== '')
  const isError = (line: string): boolean => /\b(FATAL|PANIC|error|could not)\b/.test(line)
  return lines.find(line => NO_SPACE.test(line)) ?? lines.findLast(isError) ?? lines.at(-1)
}

/** Returns the sentence for a disk without space. */
export function diskFull(folder: string, line: string): StartError {
  return new StartError(`The disk of ${folder} is full (${line}): free some, or set LAUREL_DATA to a folder on another disk.`)
}

/** Returns the sentence for a data folder that the server cannot open. */
export function damaged(cluster: string, why: string): StartError {
  return new StartError(
    `${cluster} is not a data folder that PostgreSQL can open (${why}): ` +
    'move it away to begin empty, or set LAUREL_DATA to another folder.')
}

const CAUSES: Record<string, string> = {
  EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk', EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a file stands where a folder should be', EEXIST: 'a file stands where a folder should be',
  ENAMETOOLONG: 'the path is too long', ELOOP: 'its links lead in a circle', ENOENT: 'a folder of the path is missing',
}

/** Returns the sentence for an error of the file system in `base`; other errors come back as they are. */
export function folderFault(error: unknown, base: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof StartError || typeof code !== 'string' || (syscall === undefined && !(code in CAUSES))) return error
  const why = CAUSES[code] ?? code
  const message = `Laurel cannot keep its data in ${base} (${why}): mend that, or set LAUREL_DATA to a folder it may write in.`
  return new StartError(message, { cause: error })
}
