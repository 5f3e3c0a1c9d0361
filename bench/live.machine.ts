/** Programs under measure: each a process on a core of its own, with the CPU and the memory that the kernel counts for it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILES_BESIDE = 500
const canPin = cpus().length >= 2 && spawnSync('taskset', ['-p', String(process.pid)]).status === 0

/** How processes are laid on cores here, in words. */
export const placing = canPin ? 'server on core 0, everything else on core 1' : 'not pinned: taskset or a second core is missing'

/** Returns the open files that a process may have here, or Infinity where that cannot be told. */
export function openFilesMax(): number {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })
  return /^\d+/.test(stdout) ? Number.parseInt(stdout, 10) : Infinity
}

/** @throws Error when a process may not hold so many sockets, one file each */
export function requireFiles(sockets: number): void {
  const needed = sockets + FILES_BESIDE
  if (openFilesMax() < needed) throw new Error(`ulimit -n is ${openFilesMax()}: raise it to ${needed}, one file a socket.`)
}

/** Keeps this process, and what it starts from now on, off the measured core; returns how to undo that. */
export function stepAside(): () => void {
  if (!canPin) return () => {}
  const before = /: (\w+)$/.exec(spawnSync('taskset', ['-p', String(process.pid)], { encoding: 'utf8' }).stdout.trim())![1]!
  spawnSync('taskset', ['-a', '-p', '2', String(process.pid)])
  return () => void spawnSync('taskset', ['-a', '-p', before, String(process.pid)])
}

/** A program under measure. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Sends a command and resolves with its answer. */
  ask<Answer>(command: string, value?: unknown): Promise<Answer>
  /** CPU that all its threads have used, in microseconds. */
  cpuUs(): Promise<number>
  /** Resident memory after a full collection, in KB. */
  restKb(): Promise<number>
  stop(): Promise<void>
}

/** How a program is started: its settings, where it runs, and further options of Node. */
export interface ProgramOptions { settings?: object; isMeasured?: boolean; nodeOptions?: string[] }

/** Starts a program of this folder and resolves when it is ready. It answers by `answerBench`, and ends with this process. */
export async function startProgram(
  file: string, { settings = {}, isMeasured = true, nodeOptions = [] }: ProgramOptions,
): Promise<Program> {
  const compiled = new URL('compiled.mjs', import.meta.url).href
  const program = [process.execPath, '--expose-gc', ...nodeOptions, '--import', compiled]
  const path = fileURLToPath(new URL(file, import.meta.url))
  const [command, ...args] = [...canPin && isMeasured ? ['taskset', '-c', '0'] : [], ...program, path]
  const env = { ...process.env, NODE_ENV: 'production', BENCH_SETTINGS: JSON.stringify(settings) }
  const child = spawn(command!, args, { cwd: dirname(dirname(path)), stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  child.on('message', ({ turn, answer, error }: { turn: number; answer: never; error?: string }) => {
    const asked = waiting.get(turn)
    waiting.delete(turn)
    if (error) asked?.reject(new Error(`${file}: ${error}`))
    else asked?.resolve(answer)
  })
  const gone = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended (${code ?? signal})`))
    waiting.clear()
  })
  let turns = 0
  const ask = <Answer>(name: string, value?: unknown) => new Promise<Answer>((resolve, reject) => {
    const turn = turns++
    waiting.set(turn, { resolve, reject })
    child.send({ turn, command: name, value }, error => { if (error) reject(error) })
  })
  const ready = new Promise<Answerless>((resolve, reject) => waiting.set(-1, { resolve, reject }))
  await ready
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await gone
  }
  const pid = child.pid!
  return {
    pid, ask, stop, cpuUs: () => cpuUsOf(pid, ask), [Symbol.asyncDispose]: stop,
    async restKb() {
      await ask('collect')
      return rssKbOf(child)
    },
  }
}

type Answerless = undefined

/** Nanoseconds of all threads, where the kernel tells them; else what the process says of itself. */
async function cpuUsOf(pid: number, ask: Program['ask']): Promise<number> {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nsOf = (thread: string) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    return threads.reduce((sum, thread) => sum + nsOf(thread) / 1_000, 0)
  } catch {
    const { user, system } = await ask<NodeJS.CpuUsage>('cpu')
    return user + system
  }
}

function rssKbOf({ pid }: ChildProcess): number {
  const told = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  return Number(told)
}

/** Returns the settings a program was started with. */
export function benchSettings<Settings>(): Settings {
  return JSON.parse(process.env.BENCH_SETTINGS!) as Settings
}

/** Answers the bench that started this process, and tells it that the program is ready. */
export function answerBench(commands: Record<string, (value: never) => unknown>): void {
  const known: Record<string, (value: never) => unknown> = { ...commands, collect, cpu: () => process.cpuUsage() }
  process.on('message', ({ turn, command, value }: { turn: number; command: string; value: never }) => {
    Promise.resolve(value).then(known[command]!).then(
      answer => process.send!({ turn, answer }), (error: Error) => process.send!({ turn, error: error.stack ?? error.message }))
  })
  // Whoever started it is gone, or wants no more of it.
  process.on('disconnect', () => process.exit(0)).on('SIGTERM', () => process.exit(0))
  process.send!({ turn: -1 })
}

/** Collects until nothing more is freed, closes the holes between what is left, and gives the pages back. */
async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await globalThis.gc!({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
