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

interface Wall { name: string; parent: string | null; forced: boolean; policies: string[] | null }

const WALLS = `select c.relname as name, p.inhparent::regclass::text as parent,
  c.relrowsecurity and c.relforcerowsecurity as forced,
  (select array_agg(polname::text order by polname) from pg_policy where polrelid = c.oid) as policies
  from pg_class c left join pg_inherits p on p.inhrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'laurel_migration' order by 1`

/** Returns the tables that are not behind the wall: without forced row security, or with a policy that nobody knows of. */
async function openTables(database: string): Promise<string[]> {
  const extra: Record<string, string[]> = {
    directory: ['directory_lookup'], event_head: ['relay_all'], event_log: ['relay_all'], outbox: ['relay_all'],
  }
  return (await asOwner<Wall>(database, WALLS)).flatMap(({ name, parent, forced, policies }) => {
    // A partition answers nothing when asked directly: row security without a policy.
    const wanted = parent ? [] : [...extra[name] ?? [], 'tenant_isolation'].sort()
    return forced && JSON.stringify(policies ?? []) === JSON.stringify(wanted) ? [] : [name]
  })
}

test('every table has forced row security by the tenant, and one that has not is found', async () => {
  const { owner } = await freshDatabase()
  expect((await asOwner<Wall>(owner.database!, WALLS)).length).toBeGreaterThan(24)
  expect(await openTables(owner.database!)).toEqual([])
  await asOwner(owner.database!, 'create table prize (tenant_id uuid primary key)')
  await asOwner(owner.database!, 'create policy leak on users to laurel_app using (true)')
  expect(await openTables(owner.database!)).toEqual(['prize', 'users'])
})

test('every key of every table begins with the tenant', async () => {
  const { owner } = await freshDatabase()
  const keys = await asOwner<{ key: string; first: string }>(owner.database!,
    `select conrelid::regclass || ' ' || conname as key, a.attname as first
    from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    where k.contype in ('p', 'u', 'f') and k.connamespace = 'public'::regnamespace`)
  expect(keys.length).toBeGreaterThan(40)
  // The directory is asked before the tenant is known.
  expect(keys.filter(({ first }) => first !== 'tenant_id').map(({ key }) => key)
    .filter(key => !key.startsWith('laurel_migration'))).toEqual(['directory directory_pkey'])
})

test('the running roles own nothing, bypass nothing, and change no ledger', async () => {
  const { owner } = await freshDatabase()
  const roles = await asOwner(owner.database!, `select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit,
    (select count(*)::int from pg_class where relowner = r.oid) as owned from pg_roles r
    where rolname like 'laurel\\_%' and rolname <> 'laurel_owner' order by 1`)
  const harmless = { rolsuper: false, rolbypassrls: false, rolcreatedb: false, rolcreaterole: false, rolinherit: false, owned: 0 }
  expect(roles).toEqual([{ rolname: 'laurel_app', ...harmless }, { rolname: 'laurel_relay', ...harmless }])
  const grants = await asOwner<{ grantee: string; table: string; rights: string }>(owner.database!,
    `select grantee, table_name as table,
    string_agg(lower(privilege_type), ' ' order by privilege_type) as rights from information_schema.role_table_grants
    where grantee in ('laurel_app', 'laurel_relay') group by 1, 2 order by 1, 2`)
  expect(grants.filter(({ grantee }) => grantee === 'laurel_relay')).toEqual([
    { grantee: 'laurel_relay', table: 'event_head', rights: 'select update' },
    { grantee: 'laurel_relay', table: 'event_log', rights: 'insert select' },
    { grantee: 'laurel_relay', table: 'outbox', rights: 'delete select' },
  ])
  const rightsOf = (table: string) => grants.find(grant => grant.grantee === 'laurel_app' && grant.table === table)?.rights
  for (const ledger of [
    'activity', 'activity_reversal', 'activity_source', 'archived_standing', 'command_key', 'feed_item',
    'leaderboard_archive', 'point_entry',
  ]) {
    expect([ledger, rightsOf(ledger)]).toEqual([ledger, 'insert select'])
  }
  expect(rightsOf('event_log')).toBe('select')
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
    const tables = (await asOwner<Wall>(db.addresses.app.database!, WALLS)).filter(({ parent }) => !parent)
      .map(({ name }) => name)
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
