/** Real embedded servers for tests: one folder each, copied from a template, started here or in another process. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { findLeftover, stopServer } from '../src/embedded/postgres.server.ts'
import { startPostgres, type EmbeddedPostgres } from '../src/embedded/postgres.ts'

/** The folder of the launcher's source. */
export const EMBEDDED = join(import.meta.dirname, '../src/embedded')

const START = `
  process.umask(Number(process.argv[3]))
  const { startPostgres } = await import(process.argv[1])
  try {
    const server = await startPostgres({ base: process.argv[2], throwaway: true, progress: () => {} })
    process.once('SIGTERM', () => server.stop().then(() => process.exit()))
    setInterval(() => {}, 1000)
    console.log('ready reused=' + server.reused)
  } catch (error) { console.log(error.name + ': ' + error.message) }`

/** Servers in one temporary folder. */
export class Ground implements AsyncDisposable {
  /** The temporary folder, open to every account. */
  readonly home = mkdtempSync(join(tmpdir(), 'laurel-test-'))
  readonly children: ChildProcess[] = []
  private readonly bases: string[] = []
  private readonly template: string

  private constructor() {
    chmodSync(this.home, 0o755)
    this.template = this.newBase()
  }

  /** Returns a ground whose template has a table `kept (word)` with the row `before`. */
  static async make(): Promise<Ground> {
    const ground = new Ground()
    const server = await start(ground.template)
    await query(server, 'create table kept (word text)')
    await query(server, `insert into kept values ('before')`)
    await server.stop()
    return ground
  }

  /** Returns the path of a folder that does not exist yet. */
  newBase(name = `base-${this.bases.length}`): string {
    this.bases.push(join(this.home, name))
    return join(this.home, name)
  }

  /** Returns a new folder with a copy of the template's data, which is cheaper than making it. */
  copiedBase(): string {
    const base = this.newBase()
    mkdirSync(base)
    chmodSync(base, 0o755)
    execFileSync('cp', ['-a', join(this.template, 'data'), join(base, 'data')])
    return base
  }

  /** Returns a new empty folder of another user. */
  ownedBase(uid: number): string {
    const base = this.newBase()
    mkdirSync(base)
    chownSync(base, uid, uid)
    return base
  }

  /** Starts in another process, which stays; returns what it says: `ready reused=…`, or the error's name and sentence. */
  async startElsewhere(
    base: string, { uid = process.getuid?.(), folder = EMBEDDED, umask = 0o022 } = {},
  ): Promise<{ line: string; child: ChildProcess }> {
    const args = ['--input-type=module', '-e', START, pathToFileURL(join(folder, 'postgres.ts')).href, base, String(umask)]
    const child = spawn(process.execPath, args, { uid, gid: uid, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
    this.children.push(child)
    for await (const line of createInterface({ input: child.stdout })) return { line, child }
    return { line: 'nothing', child }
  }

  /** Ends every process and removes every folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.children.map(child => ended(child, 'SIGKILL')))
    for (const base of this.bases) {
      const left = existsSync(base) ? findLeftover(join(base, 'data')) : undefined
      if (left !== undefined) await stopServer(left.pid, left.identity)
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Starts in this process. */
export function start(base: string): Promise<EmbeddedPostgres> {
  return startPostgres({ base, throwaway: true, progress: () => {} })
}

/** Returns the rows of one statement, as lists. */
export async function query(server: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client(server.ownerConfig('postgres'))
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

/** Ends a process and waits for it. */
export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise(done => child.once('exit', done))
  child.kill(signal)
  await end
}

/** Returns the process id of the server in a folder. */
export function pidOf(base: string): number {
  return Number(readFileSync(join(base, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Kills processes of which some end by themselves when others do. */
export function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Returns the processes of the server: the first, and those that it started. */
export function processesOf(base: string): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = table.map(line => line.trim().split(/\s+/).map(Number))
  return [pidOf(base), ...pairs.filter(([, parent]) => parent === pidOf(base)).map(([pid]) => Number(pid))]
}
