/** Walks PostgreSQL's own catalog: whatever table, key, policy, right or entity is added keeps the laws. */
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, sharedNode, tenant } from './harness.ts'

const ISOLATION = `(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`

/** Each answers what breaks one law, as sentences; `own` are Laurel's tables, with what they are a partition of. */
const LAWS: [law: string, sql: string][] = [
  ['a table carries tenant_id', `select name from own where not exists (select 1 from pg_attribute a
    where a.attrelid = own.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and a.attnotnull)`],
  ['row security is on and forced', 'select name from own where not (relrowsecurity and relforcerowsecurity)'],
  ['nothing belongs to a running role', `select c.relname as name from pg_class c join pg_roles r on r.oid = c.relowner
    where r.rolname in ('laurel_app', 'laurel_relay') and c.relkind not in ('i', 'I', 't')
    union all select p.proname from pg_proc p join pg_roles r on r.oid = p.proowner
    where r.rolname in ('laurel_app', 'laurel_relay')`],
  ['a table is isolated by the plain equality', `select name from own where parent is null and not exists (
    select 1 from pg_policy p where p.polrelid = own.oid and p.polname = 'tenant_isolation' and p.polpermissive and p.polcmd = '*'
    and p.polroles = '{0}' and p.polwithcheck is null
    and pg_get_expr(p.polqual, p.polrelid) = ${quoted(ISOLATION)})`],
  ['there is no other policy', `select own.name || ' ' || p.polname as name from own join pg_policy p on p.polrelid = own.oid
    where parent is not null or p.polname <> 'tenant_isolation' and not (pg_get_expr(p.polqual, p.polrelid) = 'true' and (
      own.name = 'directory' and p.polname = 'directory_lookup' and p.polcmd = 'r' and p.polroles = array[own.relowner]
      or own.name in ('outbox', 'event_log', 'event_head') and p.polname = 'relay_all'
        and p.polroles = array['laurel_relay'::regrole::oid]))`],
  ['a key begins with tenant_id', `select c.relname as name from own join pg_index i on i.indrelid = own.oid
    join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
    join pg_attribute a on a.attrelid = own.oid and a.attnum = i.indkey[0]
    where a.attname <> 'tenant_id' and c.relname <> 'directory_pkey' and (i.indisunique or m.amname <> 'brin')`],
  ['a foreign key begins with tenant_id on both sides', `select k.conname as name
    from own join pg_constraint k on k.conrelid = own.oid
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
    where k.contype = 'f' and (a.attname <> 'tenant_id' or f.attname <> 'tenant_id')`],
  ['a running role has no power', `select rolname as name from pg_roles
    where rolname in ('laurel_app', 'laurel_relay') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb
      or rolreplication or rolinherit or not rolcanlogin)
    union all select member::regrole || ' is ' || roleid::regrole from pg_auth_members
    where member in ('laurel_app'::regrole, 'laurel_relay'::regrole)
    union all select role || ' makes things' from unnest(array['laurel_app', 'laurel_relay']) role
    where has_schema_privilege(role, 'public', 'create') or has_database_privilege(role, current_database(), 'create')`],
  ['rights are to read and write rows, not partitions, and nobody else has any', `select own.name || ' '
    || g.grantee::regrole || ' ' || g.privilege_type as name from own, aclexplode(own.relacl) g
    where g.grantee <> own.relowner and (parent is not null
    or g.grantee not in ('laurel_app'::regrole, 'laurel_relay'::regrole)
    or g.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))`],
  ['what runs with the owner\'s rights is known', `select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
    union all select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
    and not (p.proname = 'directory_find' and p.proconfig is not distinct from '{"search_path=pg_catalog, public"}'
      and not has_function_privilege('public', p.oid, 'execute'))`],
]

function quoted(text: string): string {
  return `'${text.replaceAll('\'', '\'\'')}'`
}

/** Returns every breach as `law: name`. */
async function breachesOf(client: Client): Promise<string[]> {
  const breaches: string[] = []
  for (const [law, sql] of LAWS) {
    const { rows } = await client.query<{ name: string }>(`with own as (select c.*, c.relname as name, i.inhparent as parent
      from pg_class c left join pg_inherits i on i.inhrelid = c.oid where c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'p') and c.relname <> 'laurel_migration') ${sql}`)
    breaches.push(...rows.map(({ name }) => `${law}: ${name}`))
  }
  return breaches
}

let owner: Client
beforeAll(async () => {
  owner = new Client((await freshDatabase()).owner)
  await owner.connect()
})
afterAll(() => owner.end())

test('the catalog keeps every law', async () => {
  expect(await breachesOf(owner)).toEqual([])
  const { rows: [counts] } = await owner.query(`select count(*) filter (where relkind = 'p')::int as partitioned,
    count(*) filter (where not relispartition)::int as tables from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`)
  expect(counts.partitioned).toBe(4) // event_log, point_entry, activity, audit_entry
  expect(counts.tables).toBeGreaterThanOrEqual(24)
})

test.each<[plant: string, breaches: string[]]>([
  ['create table prize (id uuid)', ['a table carries tenant_id: prize', 'row security is on and forced: prize',
    'a table is isolated by the plain equality: prize']],
  ['alter table team disable row level security', ['row security is on and forced: team']],
  ['alter table team no force row level security', ['row security is on and forced: team']],
  ['alter table point_entry_default no force row level security', ['row security is on and forced: point_entry_default']],
  ['alter table team owner to laurel_app', ['nothing belongs to a running role: team']],
  ['drop policy tenant_isolation on level', ['a table is isolated by the plain equality: level']],
  ['alter policy tenant_isolation on level using (true)', ['a table is isolated by the plain equality: level']],
  [`alter policy tenant_isolation on level using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))`,
    ['a table is isolated by the plain equality: level']],
  ['alter policy tenant_isolation on level with check (true)', ['a table is isolated by the plain equality: level']],
  ['alter policy tenant_isolation on level to laurel_app', ['a table is isolated by the plain equality: level']],
  ['create policy leak on level for select using (true)', ['there is no other policy: level leak']],
  ['create policy leak on activity_default using (true)', ['there is no other policy: activity_default leak']],
  ['alter policy relay_all on outbox to public', ['there is no other policy: outbox relay_all']],
  ['alter policy directory_lookup on directory to laurel_app', ['there is no other policy: directory directory_lookup']],
  ['create unique index planted on team (name)', ['a key begins with tenant_id: planted']],
  ['create index planted on team (lead_id)', ['a key begins with tenant_id: planted']],
  ['alter table leaderboard_told add constraint planted foreign key (leaderboard_id, tenant_id)'
    + ' references leaderboard (id, tenant_id)',
    ['a foreign key begins with tenant_id on both sides: planted']],
  ['alter role laurel_app bypassrls', ['a running role has no power: laurel_app']],
  ['alter role laurel_relay createrole', ['a running role has no power: laurel_relay']],
  ['alter role laurel_app superuser',
    ['a running role has no power: laurel_app', 'a running role has no power: laurel_app makes things']],
  ['grant pg_read_all_data to laurel_app', ['a running role has no power: laurel_app is pg_read_all_data']],
  ['grant create on schema public to laurel_relay', ['a running role has no power: laurel_relay makes things']],
  ['grant truncate on users to laurel_app',
    ['rights are to read and write rows, not partitions, and nobody else has any: users laurel_app TRUNCATE']],
  ['grant select on event_log_default to laurel_app',
    ['rights are to read and write rows, not partitions, and nobody else has any: event_log_default laurel_app SELECT']],
  ['grant select on level to public',
    ['rights are to read and write rows, not partitions, and nobody else has any: level - SELECT']],
  ['create view everybody as select * from users', ['what runs with the owner\'s rights is known: everybody']],
  ['alter function directory_find reset search_path', ['what runs with the owner\'s rights is known: directory_find']],
  ['grant execute on function directory_find to public', ['what runs with the owner\'s rights is known: directory_find']],
])('a planted fault is found: %s', async (plant, breaches) => {
  await owner.query('begin')
  try {
    if (plant.includes('references leaderboard')) await owner.query('alter table leaderboard add unique (id, tenant_id)')
    await owner.query(plant)
    const found = await breachesOf(owner)
    expect(found.filter(breach => !breach.startsWith('a key begins with tenant_id: leaderboard_'))).toEqual(breaches)
  } finally {
    await owner.query('rollback')
  }
})

/** Opens a connection as one of the running roles. */
async function connected(as: 'app' | 'relay') {
  const client = new Client((await sharedNode()).db.addresses[as])
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

async function tablesOf(kind: 'root' | 'partition'): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(`select relname as name from pg_class where relkind in ('r', 'p')
    and relnamespace = 'public'::regnamespace and relispartition = $1 order by 1`, [kind === 'partition'])
  return rows.map(({ name }) => name)
}

test('the relay reads the outbox, the log and the heads of all tenants, and nothing else', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  await acme.settled()
  await rival.settled()
  await using relay = await connected('relay')
  const open: string[] = []
  for (const name of [...await tablesOf('root'), ...await tablesOf('partition')]) {
    const denied = await relay.query(`select 1 from ${name} limit 1`).then(() => null, (error: { code: string }) => error.code)
    if (denied === null) open.push(name)
    else expect([name, denied]).toEqual([name, '42501'])
  }
  expect(open).toEqual(['event_head', 'event_log', 'outbox'])
  const { rows } = await relay.query('select tenant_id from event_head')
  expect(rows.map(row => row.tenant_id)).toEqual(expect.arrayContaining([acme.tenantId, rival.tenantId]))
  const writes = [
    'update event_log set pos = 0', 'delete from event_head', 'delete from event_log', 'insert into outbox values (null)',
  ]
  for (const write of writes) {
    await expect(relay.query(write)).rejects.toMatchObject({ code: '42501' })
  }
})

test('requests read no partition by its own name, and write no row of another tenant into any table', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  await using app = await connected('app')
  for (const name of [...await tablesOf('partition'), 'laurel_migration']) {
    await expect(app.query(`select 1 from ${name}`), name).rejects.toMatchObject({ code: '42501' })
  }
  const { rows } = await owner.query<{ name: string }>(`select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    and has_table_privilege('laurel_app', oid, 'insert') order by 1`)
  expect(rows.length).toBeGreaterThanOrEqual(20)
  for (const { name } of rows) {
    for (const as of [null, acme.tenantId]) {
      await app.query('begin')
      if (as) await app.query(`select set_config('app.tenant_id', $1, true)`, [as])
      // Row security is asked before any other constraint of the row.
      await expect(app.query(`insert into ${name} (tenant_id) values ($1)`, [rival.tenantId]), name)
        .rejects.toThrow(`new row violates row-level security policy for table "${name}"`)
      await app.query('rollback')
    }
  }
  await expect(app.query('create table prize (id int)')).rejects.toMatchObject({ code: '42501' })
  await expect(app.query('alter table users disable row level security')).rejects.toMatchObject({ code: '42501' })
  await expect(app.query('set role laurel_relay')).rejects.toMatchObject({ code: '42501' })
})

interface Column { table: string; column: string; type: string; nullable: boolean; filled: boolean }

test('each entity has its table\'s columns with their types and nullability, and all that must be given', async () => {
  const { db } = await sharedNode()
  const entities = [...db.orm.getMetadata()].filter(({ tableName, abstract }) => tableName && !abstract)
  const tables = entities.map(({ tableName }) => tableName)
  expect(tables).toEqual(expect.arrayContaining(['department', 'leaderboard', 'team', 'team_membership', 'tenant', 'users']))
  const { rows } = await owner.query<Column>(`select c.relname as table, a.attname as column, not a.attnotnull as nullable,
    a.atthasdef or a.attidentity <> '' as filled, format_type(a.atttypid, null) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and a.attnum > 0
    and not a.attisdropped`)
  const short: Record<string, string> = { 'timestamp with time zone': 'timestamptz', character: 'char', integer: 'int' }
  for (const { tableName, props } of entities) {
    const columns = new Map(rows.filter(({ table }) => table === tableName).map(column => [column.column, column]))
    const owned = props.filter(({ persist }) => persist !== false)
    const declared = owned.map(({ fieldNames, nullable, columnTypes }) =>
      `${fieldNames[0]} ${columnTypes[0]!.replace(/\(\d+\)/, '').replace('character', 'char')}${nullable ? ' null' : ''}`)
    const actual = owned.map(({ fieldNames }) => columns.get(fieldNames[0]!)).map(column =>
      column && `${column.column} ${short[column.type] ?? column.type}${column.nullable ? ' null' : ''}`)
    expect([tableName, ...declared]).toEqual([tableName, ...actual])
    const known = new Set(owned.map(({ fieldNames }) => fieldNames[0]))
    const missing = [...columns.values()].filter(({ column, nullable, filled }) => !nullable && !filled && !known.has(column))
    expect([tableName, missing]).toEqual([tableName, []])
  }
})
