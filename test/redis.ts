/** A real Redis for a test: on a free port, restartable on the same one, as a server or as a cluster of one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createClient } from 'redis'

/** A running redis-server; `end` stops it with a signal, `begin` starts it again, empty, on its port. */
export interface RedisServer { url: string; begin(): Promise<void>; end(signal?: NodeJS.Signals): Promise<void> }

/** Returns a running server in this folder, or null when the machine has none on the PATH. */
export async function startRedis(folder: string, { cluster = false } = {}): Promise<RedisServer | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  const begin = async () => {
    const mode = cluster ? [
      '--cluster-enabled', 'yes', '--cluster-config-file', `${folder}/nodes-${port}.conf`, '--cluster-port',
      String(await freePort()),
    ] : []
    const started = spawn('redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...mode,
    ], { stdio: ['ignore', 'pipe', 'inherit'] })
    child = started
    await new Promise<void>((resolve, reject) => {
      started.once('exit', code => reject(new Error(`redis-server ended with ${code}`)))
      started.stdout.on('data', (chunk: Buffer) => { if (chunk.includes('Ready to accept connections')) resolve() })
    })
    if (cluster) await takeAllSlots(url)
  }
  await begin()
  return {
    url, begin,
    async end(signal = 'SIGTERM') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}

async function takeAllSlots(url: string): Promise<void> {
  const client = await createClient({ url }).connect()
  await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  const isWhole = async () => /cluster_state:ok/.test(await client.sendCommand(['CLUSTER', 'INFO']) as string)
  while (!await isWhole()) await new Promise(resolve => setTimeout(resolve, 20))
  await client.close()
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
