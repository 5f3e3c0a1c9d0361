/** Who a process id is, and who holds a data folder: a number alone proves nothing, since the system gives it out again. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from './start-error.ts'

const TICKS_PER_SECOND = 100 // What Linux shows to programs on every architecture, whatever the kernel's own clock is.
const LOCK_TRIES = 5

/** A living process, as the system describes it. */
export interface ProcessFacts {
  /** Differs from that of every other process that has, had or will have this id on this machine. */
  readonly identity: string
  /** Seconds since 1970; as exact as the system's clock was. */
  readonly startedAt: number
  /** File name of the program. */
  readonly program: string
  /** Current directory, where the system shows it. */
  readonly folder: string | undefined
}

/** Returns the living process with this id; undefined when there is none or it only waits to be buried. */
export function lookAtProcess(pid: number): ProcessFacts | undefined {
  return process.platform === 'linux' ? lookInProc(pid) : lookWithPs(pid)
}

function lookInProc(pid: number): ProcessFacts | undefined {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === undefined) return undefined
  // The name stands in parentheses and may contain any character, so fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const ticks = Number(fields[19])
  const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1])
  return {
    identity: `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}-${ticks}`,
    startedAt: bootedAt + ticks / TICKS_PER_SECOND,
    program: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    folder: quietly(() => readlinkSync(`/proc/${pid}/cwd`)),
  }
}

/** Returns what `ps` tells of a process, for systems without /proc; as `lookAtProcess`, to the second. */
export function lookWithPs(pid: number): ProcessFacts | undefined {
  const columns = ['-o', 'lstart=', '-o', 'stat=', '-o', 'comm=']
  const line = quietly(() => execFileSync('ps', [...columns, '-p', String(pid)], {
    encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'ignore'],
  }))
  const [, started, state, program] = /^\s*(\w{3} \w{3} +\d+ [\d:]{8} \d{4})\s+(\S+)\s+(.*\S)/.exec(line ?? '') ?? []
  if (started === undefined || state === undefined || program === undefined || state.startsWith('Z')) return undefined
  const startedAt = Date.parse(started) / 1_000
  return { identity: String(startedAt), startedAt, program: program.slice(program.lastIndexOf('/') + 1), folder: undefined }
}

/** Returns whether a process runs this very file; true where the system does not show it. A program replaced on disk is another file. */
export function runsProgram(pid: number, file: string): boolean {
  const running = quietly(() => statSync(`/proc/${pid}/exe`))
  const wanted = statSync(file)
  return running === undefined || (running.ino === wanted.ino && running.dev === wanted.dev)
}

/** Waits until the process is gone; returns false when it still lives after `waitMs`. */
export async function isGone(pid: number, identity: string, waitMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + waitMs
  while (lookAtProcess(pid)?.identity === identity) {
    if (performance.now() > giveUpAt) return false
    await sleep(10)
  }
  return true
}

/**
 * Takes the folder `base` for this process and returns how to give it back. The lock is an empty file whose name holds process id
 * and start, so it is never read half-written and a dead process's may be deleted by anyone. Each claims first and looks second:
 * of two that claim, at least one sees the other, so there are never two holders; who sees another steps back and tries again.
 * @throws StartError when another living process, or this one, already holds the folder.
 */
export async function takeFolder(base: string): Promise<() => void> {
  const mine = `lock.${process.pid}.${lookAtProcess(process.pid)?.identity ?? 'unknown'}`
  const path = join(base, mine)
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(path, '', { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw takenBy(process.pid, base)
      throw error
    }
    const other = livingHolder(base, mine)
    if (other === undefined) return () => rmSync(path, { force: true })
    rmSync(path, { force: true })
    if (attempt === LOCK_TRIES) throw takenBy(other, base)
    await sleep(20 + Math.random() * 60)
  }
}

function livingHolder(base: string, mine: string): number | undefined {
  for (const name of readdirSync(base)) {
    const [, pid, identity] = /^lock\.(\d+)\.(.+)$/.exec(name) ?? []
    if (pid === undefined || name === mine) continue
    if (lookAtProcess(Number(pid))?.identity === identity) return Number(pid)
    rmSync(join(base, name), { force: true })
  }
  return undefined
}

function takenBy(pid: number, base: string): StartError {
  return new StartError(`Another Laurel (process ${pid}) uses the data folder ${base}: stop it first, or set LAUREL_DATA to another folder.`)
}

/** Returns the answer of `look`, or undefined when what it looks at is gone or hidden. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
