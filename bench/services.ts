/** Throwaway services a bench compares with: each in its own temporary folder, on a port of its own, gone when it is disposed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ClientConfig } from 'pg'
import { startPostgres } from '../src/embedded/postgres.ts'
import { projectRoot } from '../src/platform/project.ts'

const READY_MAX_MS = 10_000

/** A baseline is not installed here: the bench says so and exits 2. */
export class MissingBaseline extends Error {}

/** A running Redis. */
export interface RedisService extends AsyncDisposable { url: string; version: string }

/** A running PostgreSQL with the owner's connection settings for `pg`. */
export interface PostgresService extends AsyncDisposable { config: ClientConfig; version: string }

/** Compiles the programs, as `npm start` does: what runs TypeScript directly wraps every closure and is slower. */
export async function compile(progress: (line: string) => void): Promise<void> {
  progress('compiling the programs')
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
  const child = spawn(process.execPath, [compiler, '-p', join(projectRoot, 'tsconfig.build.json')], { stdio: 'inherit' })
  const [code] = await once(child, 'exit') as [number]
  if (code !== 0) throw new Error('the programs do not compile')
}

/** Returns a port nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Returns the version of a program, or null when it is not installed. */
export function versionOf(program: string): string | null {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return status === 0 ? /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim() : null
}

/** Returns a Redis that writes nothing to disk. @throws MissingBaseline when redis-server is not on the PATH */
export async function startRedis(): Promise<RedisService> {
  const version = versionOf('redis-server')
  if (!version) {
    throw new MissingBaseline('redis-server is not installed: it is in the package redis-server of Debian and Ubuntu.')
  }
  const folder = await mkdtemp(join(tmpdir(), 'laurel-bench-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const stop = async (): Promise<void> => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitForPort(port, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `redis://127.0.0.1:${port}`, version, [Symbol.asyncDispose]: stop }
}

/** Returns an empty PostgreSQL from the programs Laurel carries, without fsync. */
export async function startThrowawayPostgres(progress: (line: string) => void): Promise<PostgresService> {
  const folder = await mkdtemp(join(tmpdir(), 'laurel-bench-postgres-'))
  const server = await startPostgres({ base: folder, progress, throwaway: true })
  return {
    config: server.ownerConfig('postgres'),
    version: server.version,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** CPU that PostgreSQL's processes have used, in µs; `since` returns what was used up to a later reading. */
export interface PostgresCpu { byProcess: ReadonlyMap<number, number>; since(later: PostgresCpu): number }

/** Reads what the processes of this server have used, where the kernel tells it. */
export async function postgresCpuUs(owner: Client): Promise<PostgresCpu> {
  const { rows } = await owner.query<{ pid: number }>('select pid from pg_stat_activity')
  const statOf = (pid: number) => `/proc/${pid}/schedstat`
  const byProcess = new Map(rows.filter(({ pid }) => existsSync(statOf(pid)))
    .map(({ pid }) => [pid, Number(readFileSync(statOf(pid), 'utf8').split(' ')[0]) / 1_000]))
  return {
    byProcess,
    since: later => [...later.byProcess].reduce((sum, [pid, us]) => sum + us - (byProcess.get(pid) ?? 0), 0),
  }
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  const giveUpAt = performance.now() + READY_MAX_MS
  while (performance.now() < giveUpAt && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>(done => socket.once('connect', () => done(true)).once('error', () => done(false)))
    socket.destroy()
    if (isOpen) return
    await sleep(20)
  }
  throw new Error(`Nothing answers on port ${port}`)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  child.kill('SIGTERM')
  await end
}
