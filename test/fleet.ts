/** Nodes in processes of their own: started, killed and started again, each time elsewhere; and faults planned in them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { projectRoot } from '../src/platform/project.ts'
import type { NodeProcessSettings, NodeProcessWord } from './node.process.ts'

const READY_MS_MAX = 60_000

/** A node that runs, or ran, in a process of its own. */
export class NodeProcess implements AsyncDisposable {
  /** Where it answers; null while it does not run. */
  url: string | null = null
  /** Faults of this node that nobody heard, over all its lives. */
  readonly unheard: string[] = []
  readonly #settings: NodeProcessSettings
  #child: ChildProcess | null = null
  #planned = (_fault: string) => {}

  constructor(settings: NodeProcessSettings) {
    this.#settings = settings
  }

  /** Starts it and resolves when it answers. @throws Error when it ends before that */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'node.process.ts')], {
      cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_ENV: 'test', LAUREL_TEST_NODE: JSON.stringify(this.#settings) },
    })
    this.#child = child
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX)
    try {
      this.url = await new Promise<string>((resolve, reject) => {
        child.on('message', (word: NodeProcessWord) => {
          if ('url' in word) resolve(word.url)
          else if ('planned' in word) this.#planned(word.planned)
          else this.unheard.push(word.unheard)
        })
        child.once('exit', (code, signal) => {
          if (this.#child === child) this.url = null
          reject(new Error(`the node ended before it answered (${code ?? signal})`))
        })
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Plans a fault as LAUREL_FAULT would; resolves when it is planned. */
  async plan(fault: string): Promise<void> {
    const planned = new Promise<string>(resolve => { this.#planned = resolve })
    this.#child!.send(fault)
    await planned
  }

  /** Whether its process runs. */
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The signal that ended its last process, or null. */
  get endedBy(): NodeJS.Signals | null {
    return this.#child?.signalCode ?? null
  }

  /** Ends it by a signal and waits for it. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return
    this.url = null
    const gone = once(this.#child!, 'exit')
    this.#child!.kill(signal)
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL')
  }
}
