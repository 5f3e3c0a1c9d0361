import { Client } from 'pg'
import { expect, test } from 'vitest'
import { asOwner, freshDatabase, Person, RECORD, sharedNode, tenant } from './harness.ts'
import { operationsOf, schema } from './operations.ts'

// test/catalog.test.ts walks the walls themselves; here stands who may do what through them.

test('requests add to ledgers and change nothing in them', async () => {
  const { owner } = await freshDatabase()
  const ledgers = [
    'activity', 'activity_reversal', 'activity_source', 'archived_standing', 'audit_entry', 'challenge_correction',
    'challenge_result', 'challenge_settlement', 'command_key',
    'feed_item', 'leaderboard_archive', 'metric_point', 'point_entry', 'recognition', 'recognition_flag_gift',
    'recognition_setting', 'recognition_withdrawal', 'revenue_fact',
  ]
  const grants = await asOwner<{ table: string; rights: string }>(owner.database!, `select table_name as table,
    string_agg(lower(privilege_type), ' ' order by privilege_type) as rights from information_schema.role_table_grants
    where grantee = 'laurel_app' and table_name = any($1) group by 1 order by 1`, [ledgers])
  expect(grants).toEqual(ledgers.map(table => ({ table, rights: 'insert select' })))
})

test('a connection sees its own tenant, without a tenant nothing, and writes into no other', async () => {
  await using acme = await tenant('ann', 'bob')
  await using rival = await tenant('eve')
  await acme.as('ann').run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey: 'tenancy-1' } })
  await acme.settled()
  const { db } = await sharedNode()
  const client = new Client(db.addresses.app)
  await client.connect()
  try {
    const tables = (await asOwner<{ name: string }>(db.addresses.app.database!, `select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname <> 'laurel_migration' order by 1`)).map(({ name }) => name)
    expect(tables.length).toBeGreaterThanOrEqual(24)
    const seen = async (name: string) =>
      (await client.query<{ tenant_id: string }>(`select distinct tenant_id from ${name}`)).rows.map(row => row.tenant_id)
    for (const name of tables) expect([name, await seen(name)]).toEqual([name, []])
    await client.query('begin')
    await client.query(`select set_config('app.tenant_id', $1, true)`, [acme.tenantId])
    for (const name of tables) expect((await seen(name)).filter(id => id !== acme.tenantId)).toEqual([])
    expect(await seen('point_entry')).toEqual([acme.tenantId])
    const foreign = client.query(
      'insert into department (tenant_id, id, name) values ($1, gen_random_uuid(), $2)', [rival.tenantId, 'Spies'])
    await expect(foreign).rejects.toMatchObject({ code: '42501' })
    await client.query('rollback')
    // The tenant was the transaction's, not the connection's.
    for (const name of tables) expect([name, await seen(name)]).toEqual([name, []])
  } finally {
    await client.end()
  }
})

test('without a token no root field answers anything', async () => {
  const nobody = new Person((await sharedNode()).url, '')
  const operations = [...operationsOf('query', schema.getQueryType()!), ...operationsOf('mutation', schema.getMutationType()!)]
  expect(operations.length).toBeGreaterThanOrEqual(20)
  for (const { name, text } of operations) {
    const { data, errors } = await nobody.ask(text)
    expect([name, errors?.map(({ extensions }) => extensions.code), Object.values(data ?? {}).filter(value => value !== null)])
      .toEqual([name, ['UNAUTHENTICATED'], []])
  }
  for (const { name, text } of operationsOf('subscription', schema.getSubscriptionType()!)) {
    const opened = nobody.subscribe(text)
    await opened.until(() => opened.closedWith !== null)
    expect([name, opened.closedWith?.code, opened.messages]).toEqual([name, 4401, []])
    opened.close()
  }
})
