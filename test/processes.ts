/** Real servers in processes of their own, to be killed: the program that `npm start` runs, on free ports and its own folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { projectRoot } from '../src/platform/project.ts'

const READY_MS_MAX = 60_000

/** A server process; `url` is where it answers. */
export interface ServerProcess { url: string; child: ChildProcess; output: string[]; kill(signal: NodeJS.Signals): Promise<void> }

/**
 * Starts src/main.ts with these settings and resolves when it is ready. @throws Error with its output when it ends before
 * that
 */
export async function startServer(settings: Record<string, string>): Promise<ServerProcess> {
  const { DATABASE_URL: _1, REDIS_URL: _2, LAUREL_DATA: _3, ...environment } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'src/main.ts')], {
    cwd: projectRoot, env: { ...environment, PORT: '0', HOST: '127.0.0.1', LAUREL_LOG: 'warn', NODE_ENV: 'test', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  const ended = once(child, 'exit')
    .then(([code, signal]) => { throw new Error(`the server ended (${code ?? signal}):\n${output.join('\n')}`) })
  ended.catch(() => {}) // Only awaited below.
  const ready = new Promise<string>(resolve => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        output.push(line)
        const url = /Start page +(http:\S+)\//.exec(line)?.[1]
        if (url) resolve(url)
      })
    }
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX)
  const url = await Promise.race([ready, ended]) as string
  clearTimeout(timer)
  return {
    url, child, output,
    async kill(signal) {
      const gone = once(child, 'exit')
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await gone
    },
  }
}

/** Returns a demo token of a running server. */
export async function demoToken(url: string, wish: object = {}): Promise<string> {
  const response = await fetch(
    `${url}/demo/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wish) })
  return (await response.json() as { token: string }).token
}

/** Pauses the simulator, so that only the test writes. */
export async function pauseSimulator(url: string): Promise<void> {
  await fetch(`${url}/demo/simulator`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ paused: true }),
  })
}
