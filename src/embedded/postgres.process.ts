/** Who a process id is, and who holds a data folder: a number alone proves nothing, since the system gives it out again. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../platform/start-error.ts'

const TICKS_PER_SECOND = 100 // What Linux shows to programs on every architecture, whatever the kernel's own clock is.
const LOCK_WAIT_MS = 300 // For starts at the same moment to sort themselves out.

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
  const boot = quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)) ?? 'boot'
  return {
    identity: `${boot}-${ticks}`,
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

/** Returns whether a process runs this very file; true where the system does not show it. A file replaced on disk is another. */
export function runsProgram(pid: number, file: string): boolean {
  const running = quietly(() => statSync(`/proc/${pid}/exe`))
  const wanted = statSync(file)
  return running === undefined || (running.ino === wanted.ino && running.dev === wanted.dev)
}

/** Sends a signal to a process, or to a group by its negative number; returns false when there is none. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
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
 * and start, so it is never read half-written and anyone may delete a dead process's. Each claims first and looks second, and
 * enters when it sees no other claim: of two that claim, at least one sees the other, so there are never two holders. Of those
 * that claim at once all but the lowest number step back, so there is one.
 * @throws StartError when another living process, or this one, already holds the folder.
 */
export async function takeFolder(base: string): Promise<() => void> {
  const path = join(base, `lock.${process.pid}.${lookAtProcess(process.pid)?.identity ?? 'unknown'}`)
  const giveUpAt = performance.now() + LOCK_WAIT_MS
  for (let isClaimed = false; ; await sleep(10 + Math.random() * 20)) {
    if (!isClaimed) claim(path, base)
    const other = lowestOther(base)
    if (other === undefined) return () => rmSync(path, { force: true })
    const isLate = performance.now() > giveUpAt
    isClaimed = other > process.pid && !isLate
    if (!isClaimed) rmSync(path, { force: true })
    if (isLate) throw takenBy(other, base)
  }
}

function claim(path: string, base: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? takenBy(process.pid, base) : error
  }
}

/** Returns the lowest id of the other living processes that claim the folder; the dead ones' claims are deleted. */
function lowestOther(base: string): number | undefined {
  const others: number[] = []
  for (const name of readdirSync(base)) {
    const [, number, identity] = /^lock\.(\d+)\.(.+)$/.exec(name) ?? []
    const pid = Number(number)
    if (identity === undefined) continue
    if (lookAtProcess(pid)?.identity !== identity) rmSync(join(base, name), { force: true })
    else if (pid !== process.pid) others.push(pid)
  }
  return others.length === 0 ? undefined : Math.min(...others)
}

function takenBy(pid: number, base: string): StartError {
  return new StartError(
    `Another Laurel (process ${pid}) uses the data folder ${base}: stop it first, or set LAUREL_DATA to another folder.`)
}

/** Returns the answer of `look`, or undefined when what it looks at is gone or hidden. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
