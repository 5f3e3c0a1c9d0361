/** Once for all test files: a throwaway PostgreSQL with a migrated template database, and a Redis when the machine has one. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/platform/migrations.ts'
import { startPostgres } from '../src/platform/postgres.ts'

export const TEMPLATE = 'laurel_template'

declare module 'vitest' {
  interface ProvidedContext { postgres: { host: string; port: number; user: string }; redisUrl: string | null }
}

export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-test-'))
  chmodSync(folder, 0o755) // PostgreSQL runs under another account when the tests run as root.
  const server = await startPostgres({ base: join(folder, 'pg'), progress: () => {}, throwaway: true })
  const admin = new Client(server.ownerConfig('postgres'))
  await admin.connect()
  await admin.query(`create database ${TEMPLATE}`)
  await admin.end()
  await migrate(server.ownerConfig(TEMPLATE), { make: true }, () => {})
  const { host, port, user } = server.ownerConfig(TEMPLATE)
  project.provide('postgres', { host, port, user })

  const redis = await startRedis(folder)
  project.provide('redisUrl', redis?.url ?? null)
  if (!redis) process.stderr.write('\nNOTE: redis-server is not on the PATH; the tests that need a real Redis are skipped. Install it to run them.\n\n')
  return async () => {
    await redis?.stop()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function startRedis(folder: string): Promise<{ url: string; stop(): Promise<void> } | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', code => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout.on('data', (chunk: Buffer) => { if (chunk.includes('Ready to accept connections')) resolve() })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
