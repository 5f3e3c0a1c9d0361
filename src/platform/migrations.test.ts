import { randomUUID } from 'node:crypto'
import { Client, type ClientConfig } from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { asOwner } from '../../test/harness.ts'
import { listMigrations, makePartitions, migrate } from './migrations.ts'

const made: string[] = []
afterAll(async () => {
  for (const name of made) await asOwner('postgres', `drop database if exists ${name} with (force)`)
})

/** Returns the owner's way to a new, empty database. */
async function emptyDatabase(): Promise<ClientConfig & { database: string }> {
  const database = `laurel_${randomUUID().slice(0, 8)}`
  await asOwner('postgres', `create database ${database}`)
  made.push(database)
  return { ...inject('postgres'), database }
}

async function withOwner<T>(owner: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(owner)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const total = listMigrations().length
async function partitionsOf(client: Client, parent: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`select inhrelid::regclass::text as name
    from pg_inherits where inhparent = $1::regclass order by 1`, [parent])
  return rows.map(({ name }) => name)
}

test('an empty database is brought up to date once, also by nodes that start at the same moment', async () => {
  const owner = await emptyDatabase()
  const lines: string[] = []
  const answers = await Promise.all([1, 2, 3].map(() => migrate(owner, { make: true }, line => lines.push(line))))
  expect(answers.map(({ fresh }) => fresh).sort((one, other) => one - other)).toEqual([0, 0, total])
  expect(lines).toEqual(listMigrations().map(({ name }) => `migration ${name}`))
  expect(await migrate(owner, { make: true }, line => lines.push(line))).toEqual({ total, fresh: 0 })
  expect(lines).toHaveLength(total)
})

test('a database of a newer program is refused in one sentence and stays as it is', async () => {
  const owner = await emptyDatabase()
  await migrate(owner, { make: true }, () => {})
  await asOwner(owner.database, `insert into laurel_migration (name, executed_at) values ('9999_wonders', now())`)
  await expect(migrate(owner, { make: true }, () => {})).rejects.toMatchObject({
    name: 'StartError', message: expect.stringMatching(/newer Laurel .* 9999_wonders/) })
})

test('a migration that fails changes nothing and says which one it was', async () => {
  const owner = await emptyDatabase()
  await asOwner(owner.database, 'create table users (stranger int)')
  const lines: string[] = []
  await expect(migrate(owner, { make: true }, line => lines.push(line))).rejects.toMatchObject({
    name: 'StartError',
    message: expect.stringMatching(/^Migration 0002_users failed and changed nothing: .*"users" already exists\. Mend that/),
  })
  expect(lines).toEqual(['migration 0001_tenants', 'migration 0002_users'])
  expect(await asOwner(owner.database, `select to_regclass('department') as department,
    (select count(*)::int from laurel_migration) as done`)).toEqual([{ department: null, done: 1 }])
  await asOwner(owner.database, 'drop table users')
  expect(await migrate(owner, { make: true }, () => {})).toEqual({ total, fresh: total - 1 })
})

test('partitions lie ready for three days and three months, and days of the log older than two go', async () => {
  const owner = await emptyDatabase()
  await migrate(owner, { make: true }, () => {})
  await withOwner(owner, async client => {
    for (const name of [...await partitionsOf(client, 'event_log'), ...await partitionsOf(client, 'activity')]) {
      if (!name.endsWith('_default')) await client.query(`drop table ${name}`)
    }
    await makePartitions(client, new Date('2027-12-30T23:59:59.999Z'))
    const ending = async (parent: string) => (await partitionsOf(client, parent)).map(name => name.replace(`${parent}_`, ''))
    expect(await ending('event_log')).toEqual(['20271230', '20271231', '20280101', 'default'])
    expect(await ending('activity')).toEqual(['202712', '202801', '202802', 'default'])
    await makePartitions(client, new Date('2028-01-01T00:00:00Z'))
    await makePartitions(client, new Date('2028-01-02T12:00:00Z'))
    expect(await ending('event_log')).toEqual(['20271231', '20280101', '20280102', '20280103', '20280104', 'default'])
    expect(await ending('activity')).toEqual(['202712', '202801', '202802', '202803', 'default'])
  })
})

test('a day that came before its partition stays in the default one, and the days after it get theirs', async () => {
  const owner = await emptyDatabase()
  await migrate(owner, { make: true }, () => {})
  await withOwner(owner, async client => {
    await client.query(`set app.tenant_id = '01890000-0000-7000-8000-000000000000'`)
    await client.query(`insert into event_log (tenant_id, pos, mark, topic, payload, at)
      values ('01890000-0000-7000-8000-000000000000', 1, 1, 'late', '{}', '2028-01-01T10:00:00Z')`)
    await makePartitions(client, new Date('2028-01-01T12:00:00Z'))
    const names = await partitionsOf(client, 'event_log')
    expect(names).not.toContain('event_log_20280101')
    expect(names).toEqual(expect.arrayContaining(['event_log_20280102', 'event_log_20280103']))
    const { rows } = await client.query('select tableoid::regclass::text as name from event_log')
    expect(rows).toEqual([{ name: 'event_log_default' }])
  })
  // Nor does it keep the house from starting.
  expect(await migrate(owner, { make: true }, () => {})).toEqual({ total, fresh: 0 })
})

test('what lies in the default partition goes with its day, also when the owner is no superuser', async () => {
  const owner = await emptyDatabase()
  const guest = `guest_${randomUUID().slice(0, 8)}`
  await asOwner(owner.database, `create role ${guest} login${owner.password ? ` password '${owner.password as string}'` : ''}`)
  try {
    await asOwner(owner.database, `create extension btree_gist; grant create on schema public to ${guest};
      create schema laurel_jobs authorization ${guest}`)
    await migrate({ ...owner, user: guest }, { make: false }, () => {})
    const at = (...days: string[]) => asOwner(owner.database, `insert into event_log (tenant_id, pos, mark, topic, payload, at)
      select '01890000-0000-7000-8000-000000000000', 1, 1, 'late', '{}', day::timestamptz from unnest($1::text[]) day`, [days])
    const left = () => asOwner<{ day: string; force: boolean }>(owner.database, `select at::date::text as day,
      (select relforcerowsecurity from pg_class where relname = 'event_log_default') as force from event_log_default order by 1`)
    await at('2019-12-30T23:59:59Z', '2019-12-31T00:00:00Z', '2020-01-02T10:00:00Z')
    await withOwner({ ...owner, user: guest }, async client => {
      await makePartitions(client, new Date('2020-01-02T12:00:00Z'))
      expect(await left()).toEqual([{ day: '2019-12-31', force: true }, { day: '2020-01-02', force: true }])
      await makePartitions(client, new Date('2020-01-05T00:00:00Z'))
      expect(await left()).toEqual([])
    })
    expect(await asOwner(owner.database, `select pg_relation_size('event_log_default')::int as bytes, relforcerowsecurity as force
      from pg_class where relname = 'event_log_default'`)).toEqual([{ bytes: 0, force: true }])
  } finally {
    await asOwner(owner.database, `drop owned by ${guest} cascade; drop role ${guest}`)
  }
})

test('an owner that may not create schemas is told what an administrator runs, and starts once it was run', async () => {
  const owner = await emptyDatabase()
  const guest = `guest_${randomUUID().slice(0, 8)}`
  await asOwner(owner.database, `create role ${guest} login${owner.password ? ` password '${owner.password as string}'` : ''}`)
  try {
    await asOwner(owner.database, `create extension btree_gist; grant create on schema public to ${guest}`)
    const start = () => migrate({ ...owner, user: guest }, { make: false }, () => {})
    await expect(start()).rejects.toMatchObject({
      name: 'StartError', message: expect.stringContaining('create schema laurel_jobs'),
    })
    await asOwner(owner.database, `create schema laurel_jobs authorization ${guest}`)
    expect(await start()).toEqual({ total, fresh: 0 })
    expect(await asOwner(owner.database, `select has_table_privilege('laurel_app', 'laurel_jobs.job', 'insert') as works,
      has_schema_privilege('laurel_app', 'laurel_jobs', 'create') as makes`)).toEqual([{ works: true, makes: false }])
  } finally {
    await asOwner(owner.database, `drop owned by ${guest} cascade; drop role ${guest}`)
  }
})
