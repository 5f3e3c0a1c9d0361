import {
  buildSchema, type GraphQLArgument, type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType,
  type GraphQLObjectType,
} from 'graphql'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { wireId } from '../src/platform/ids.ts'
import { projectRoot } from '../src/platform/project.ts'
import { asOwner, freshDatabase, Person, RECORD, sharedNode, tenant } from './harness.ts'

// test/catalog.test.ts walks the walls themselves; here stands who may do what through them.

test('requests add to ledgers and change nothing in them', async () => {
  const { owner } = await freshDatabase()
  const ledgers = [
    'activity', 'activity_reversal', 'activity_source', 'archived_standing', 'command_key', 'feed_item', 'leaderboard_archive',
    'point_entry',
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

const schema = buildSchema(readFileSync(join(projectRoot, 'schema.graphql'), 'utf8'))
const UUID = '01900000-0000-7000-8000-000000000000'

/** Returns a value that the argument's type accepts. */
function sample(name: string, type: GraphQLInputType): string {
  if (isNonNullType(type)) return sample(name, type.ofType)
  if (isListType(type)) return `[${sample(name, type.ofType)}]`
  if (isEnumType(type)) return type.getValues()[0]!.name
  if (isInputObjectType(type)) return `{ ${required(Object.values(type.getFields()))} }`
  if (type.name === 'ID') {
    const kind = /activity/i.test(name) ? 'Activity' : /team/i.test(name) ? 'Team' : name === 'id' ? 'Leaderboard' : 'User'
    return JSON.stringify(wireId(kind, UUID))
  }
  return type.name === 'Int' || type.name === 'Points' ? '1' : type.name === 'Boolean' ? 'true' : '"12345678"'
}

type Part = Pick<GraphQLArgument, 'name' | 'type' | 'defaultValue'>
const isOwed = ({ type, defaultValue }: Part) => isNonNullType(type) && defaultValue === undefined
const required = (parts: readonly Part[]) => parts.filter(isOwed)
  .map(({ name, type }) => `${name}: ${sample(name, type)}`).join(', ')

/** Returns an operation for each field of a root type. */
function operationsOf(kind: 'query' | 'mutation' | 'subscription', root: GraphQLObjectType): { name: string; text: string }[] {
  return Object.values(root.getFields()).map(({ name, args }) => {
    const asked = args.some(isOwed) ? `(${required(args)})` : ''
    return { name, text: `${kind} { ${name}${asked} { __typename } }` }
  })
}

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

test('a VIEWER changes nothing: every mutation is forbidden', async () => {
  await using acme = await tenant('ann:VIEWER')
  for (const { name, text } of operationsOf('mutation', schema.getMutationType()!)) {
    const { errors } = await acme.as('ann').ask(text)
    expect([name, errors?.map(({ extensions }) => extensions.code)]).toEqual([name, ['FORBIDDEN']])
  }
  expect((await acme.emitted()).filter(topic => !/^(user|team)\.created$/.test(topic))).toEqual([])
})
