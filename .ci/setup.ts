/**
 * Once for all test files: a throwaway PostgreSQL with a migrated template database, and a Redis when the machine has one.
 * LAUREL_TEST_DATABASE_URL names a superuser on another throwaway server to test on (PostgreSQL 15 to 18).
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/platform/migrations.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { startRedis } from '../test/redis.ts'
import { runsBenches } from './vitest.config.ts'

export const TEMPLATE = 'laurel_template'

/** The superuser of the server under test; the running roles get the same password. */
export interface Superuser { host: string; port: number; user: string; password?: string }

declare module 'vitest' {
  interface ProvidedContext { postgres: Superuser; redisUrl: string | null }
}

export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-test-'))
  chmodSync(folder, 0o755) // PostgreSQL runs under another account when the tests run as root.
  const server = await findServer(folder)
  const { superuser } = server
  await query(superuser, `drop database if exists ${TEMPLATE} with (force)`)
  await query(superuser, `create database ${TEMPLATE}`)
  const roles = { make: true, ...superuser.password ? { password: superuser.password } : {} }
  await migrate({ ...superuser, database: TEMPLATE }, roles, () => {})
  project.provide('postgres', superuser)

  const redis = await startRedis(folder)
  project.provide('redisUrl', redis?.url ?? null)
  if (!redis) {
    process.stderr.write(
      '\nNOTE: redis-server is not on the PATH; the tests that need a real Redis are skipped. Install it to run them.\n\n')
  }
  if (!runsBenches) process.stderr.write('\nNOTE: the benches\' smoke runs are left to CI (CI=1 npm test).\n\n')
  return async () => {
    await redis?.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function findServer(folder: string): Promise<{ superuser: Superuser; stop(): Promise<void> }> {
  const given = process.env.LAUREL_TEST_DATABASE_URL
  if (given) {
    const { hostname, port, username, password } = new URL(given)
    const superuser = { host: hostname, port: Number(port || 5432), user: username, password: decodeURIComponent(password) }
    return { superuser, stop: () => query(superuser, `drop database ${TEMPLATE} with (force)`) }
  }
  const server = await startPostgres({ base: join(folder, 'pg'), progress: () => {}, throwaway: true })
  const { host, port, user } = server.ownerConfig('postgres')
  return { superuser: { host, port, user }, stop: () => server.stop() }
}

async function query(superuser: Superuser, text: string): Promise<void> {
  const client = new Client({ ...superuser, database: 'postgres' })
  await client.connect()
  await client.query(text).finally(() => client.end())
}
