import { expect, test } from 'vitest'
import { asOwner, sharedNode, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { Department, Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { type Database, openDatabase, openPool } from './db.ts'
import { emit, emitStatement } from './outbox.ts'
import { type Batch, inTenant, inTenantBatch, inTenantOnce, retried } from './tenancy.ts'

type Narrow = Database & AsyncDisposable

/** A database of one connection for statements, so that whatever one command leaves behind meets the next. */
async function narrow(options: object = {}): Promise<Narrow> {
  const { addresses } = (await sharedNode()).db
  const wide = await openDatabase(addresses, [User, Team, Department])
  await wide.pool.end()
  const pool = openPool({ ...addresses.app, max: 1, pipeline: true, ...options })
  return {
    ...wide, pool,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([wide.orm.close(), pool.end()])
    },
  }
}

const WHERE = `select current_setting('app.tenant_id', true) as tenant, now() = statement_timestamp() as "isAlone",
  (select count(*) from users) as users, (select count(*) from tenant) as tenants`
const NOWHERE = { tenant: expect.toSatisfy((value: unknown) => !value), isAlone: true, users: 0, tenants: 0 }
const on = (acme: TestTenant, db: Database) => ({ tenantId: acme.tenantId, db })
const pidOf = async ({ run }: Batch) => (await run([{ text: 'select pg_backend_pid() as pid' }]))[0]![0]!.pid as number
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const failing = { text: 'select 1 / 0' }
const adding = (acme: TestTenant, name: string) =>
  ({ text: 'insert into department (tenant_id, id, name) values ($1, gen_random_uuid(), $2)', values: [acme.tenantId, name] })
const departments = (acme: TestTenant) => acme.sql<{ name: string }>('select name from department order by name')

test('without a tenant a connection sees nothing and writes nothing', async () => {
  await using acme = await tenant('ann')
  await using db = await narrow()
  expect((await db.pool.query(WHERE)).rows).toEqual([NOWHERE])
  const { text, values } = adding(acme, 'Spies')
  await expect(db.pool.query(text, values)).rejects.toMatchObject({ code: '42501' })
  const em = db.orm.em.fork()
  expect(await em.find(User, {})).toEqual([])
  expect(await departments(acme)).toEqual([{ name: 'Sales' }])
})

test('what was set for one tenant is gone with its transaction, however that ends', async () => {
  await using acme = await tenant('ann', 'bob')
  await using db = await narrow({ statement_timeout: 150, idle_in_transaction_session_timeout: 150 })
  const endings: [title: string, end: (batch: Batch) => Promise<unknown>, error: object | null][] = [
    ['committed', ({ last }) => last([{ text: 'select 1' }]), null],
    ['left open', ({ run }) => run([{ text: 'select 1' }]), null],
    ['nothing asked', async () => {}, null],
    [
      'refused', async ({ run }) => { await run([{ text: 'select 1' }]); throw new Error('not like this') },
      { message: 'not like this' },
    ],
    ['failed', ({ run }) => run([failing]), { code: '22012' }],
    ['failed at the commit', ({ last }) => last([failing]), { code: '22012' }],
    ['timed out', ({ last }) => last([{ text: 'select pg_sleep(5)' }]), { code: '57014' }],
    ['canceled', async batch => {
      const pid = await pidOf(batch)
      const asked = batch.run([{ text: 'select pg_sleep(5)' }])
      await Promise.all([
        expect(asked).rejects.toMatchObject({ code: '57014' }), asOwner('postgres', 'select pg_cancel_backend($1)', [pid]),
      ])
      return asked
    }, { code: '57014' }],
    ['killed while it asks', async batch => {
      const pid = await pidOf(batch)
      const asked = batch.run([{ text: 'select pg_sleep(5)' }])
      await Promise.all([
        expect(asked).rejects.toMatchObject({ code: '57P01' }), asOwner('postgres', 'select pg_terminate_backend($1)', [pid]),
      ])
      return asked
    }, { code: '57P01' }],
    ['idle for too long', async batch => {
      await pidOf(batch)
      await sleep(400)
      return batch.last([{ text: 'select 1' }])
    }, { message: expect.stringMatching(/connection|terminated/i) }],
    [
      'a name for two texts', ({ run }) => run([{ name: 'set_tenant', text: 'select 1' }]),
      { message: expect.stringContaining('two texts') },
    ],
    ['a value that cannot be sent', ({ run }) => run([{ text: 'select $1::bigint', values: ['x'] }]), { code: '22P02' }],
  ]
  for (const [title, end, error] of endings) {
    const outcome = await inTenantBatch(on(acme, db), end).then(() => null, (thrown: Error & { code?: string }) => thrown)
    if (error) expect({ message: outcome?.message, code: outcome?.code }, title).toMatchObject(error)
    else expect([title, outcome]).toEqual([title, null])
    expect([title, (await db.pool.query(WHERE)).rows]).toEqual([title, [NOWHERE]])
    // And it serves the next command.
    expect([title, await inTenantOnce(on(acme, db), { text: 'select count(*) as users from users' })])
      .toEqual([title, [{ users: 2 }]])
  }
})

test('a failing statement takes the whole command with it, whatever was sent before, beside or after', async () => {
  await using acme = await tenant('ann')
  await using db = await narrow()
  let woken = 0
  db.onEmit = () => { woken++ }
  const announcement = emitStatement(acme.tenantId, 'department.made', {})
  const commands: ((batch: Batch) => Promise<unknown>)[] = [
    ({ last }) => last([adding(acme, 'A'), failing, announcement]),
    ({ last }) => last([adding(acme, 'A'), announcement, failing]),
    async ({ run, last }) => { await run([adding(acme, 'A')]); return last([failing, announcement]) },
    ({ last }) => last([adding(acme, 'A'), adding(acme, 'A'), announcement]),
    async ({ run }) => { await run([adding(acme, 'A')]); throw new Error('not like this') },
    // Whoever overlooks a failure does not get a COMMIT for it: PostgreSQL answers ROLLBACK to that, and no error.
    async ({ run, last }) => { await run([adding(acme, 'A'), failing]).catch(() => {}); return last([]) },
    async ({ run, last }) => { await run([failing]).catch(() => {}); return last([adding(acme, 'A'), announcement]) },
  ]
  for (const command of commands) {
    await expect(inTenantBatch(on(acme, db), command)).rejects.toThrow()
    expect(await departments(acme)).toEqual([{ name: 'Sales' }])
  }
  expect(woken).toBe(0)
  expect(await acme.emitted()).toEqual(['team.created', 'user.created'])
  await inTenantBatch(on(acme, db), ({ last }) => last([adding(acme, 'B'), announcement]))
  expect([await departments(acme), woken]).toEqual([[{ name: 'B' }, { name: 'Sales' }], 1])
})

test('after its commit a command sends nothing more', async () => {
  await using acme = await tenant('ann')
  await using db = await narrow()
  for (const again of ['run', 'last'] as const) {
    await expect(inTenantBatch(on(acme, db), async batch => {
      await batch.last([{ text: 'select 1' }])
      return batch[again]([adding(acme, 'Late')])
    })).rejects.toThrow('committed')
  }
  expect(await departments(acme)).toEqual([{ name: 'Sales' }])
})

test('two tenants that take turns on one connection never see each other', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve', 'mal')
  await using db = await narrow()
  const seen = {
    text: `select current_setting('app.tenant_id') as tenant, (select array_agg(name order by name) from users) as names`,
  }
  await Promise.all(Array.from({ length: 60 }, async (_, at) => {
    const [own, names] = at % 2 ? [acme, ['ann']] : [rival, ['eve', 'mal']]
    const expected = [{ tenant: own.tenantId, names }]
    if (at % 3 === 0) expect(await inTenantOnce(on(own, db), seen)).toEqual(expected)
    else if (at % 3 === 1) {
      await inTenantBatch(on(own, db), async ({ run, last }) => {
        expect(await run([seen])).toEqual([expected])
        await sleep(1)
        expect(await last([seen, seen])).toEqual([expected, expected])
      })
    } else await expect(inTenantOnce(on(own, db), failing)).rejects.toMatchObject({ code: '22012' })
  }))
  expect((await db.pool.query(WHERE)).rows).toEqual([NOWHERE])
})

test('a row of another tenant is neither written, changed nor deleted', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  await using db = await narrow()
  const here = on(acme, db)
  await expect(inTenantOnce(here, adding(rival, 'Spies'))).rejects.toMatchObject({ code: '42501' })
  await expect(inTenantOnce(here, { text: 'update department set tenant_id = $1', values: [rival.tenantId] }))
    .rejects.toMatchObject({ code: '42501' })
  const changed = await inTenantOnce(
    here, { text: `update users set name = 'owned' where id = $1 returning id`, values: [uuid('User', rival.id('eve'))] })
  expect(changed).toEqual([])
  expect(await inTenantOnce(here, { text: 'delete from directory returning tenant_id' })).toEqual([{ tenant_id: acme.tenantId }])
  expect(await rival.sql('select name from users')).toEqual([{ name: 'eve' }])
  expect(await rival.sql('select kind from directory')).toEqual([{ kind: 'slug' }])
})

test('an entity transaction is one tenant\'s, rolls back when it throws, and leaves nothing on its connection', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  await using db = await narrow()
  let woken = 0
  db.onEmit = () => { woken++ }
  const actorOf = (own: TestTenant) => ({ ...own.actor(), db })
  const namesIn = (own: TestTenant) => inTenant(actorOf(own), async ({ em }) => (await em.find(User, {})).map(({ name }) => name))
  await Promise.all(
    Array.from({ length: 24 }, async (_, at) => expect(await namesIn(at % 2 ? acme : rival)).toEqual([at % 2 ? 'ann' : 'eve'])))
  const before = woken
  await expect(inTenant(actorOf(acme), async tx => {
    tx.em.create(Department, { id: crypto.randomUUID(), tenantId: acme.tenantId, name: 'A', headId: null })
    await emit(tx, 'department.made', {})
    throw new Error('not like this')
  })).rejects.toThrow('not like this')
  await expect(inTenant(actorOf(acme), ({ em }) => em.execute('select 1 / 0'))).rejects.toMatchObject({ code: '22012' })
  await expect(inTenant(actorOf(acme), async ({ em }) => {
    em.create(Department, { id: crypto.randomUUID(), tenantId: rival.tenantId, name: 'Spies', headId: null })
    await em.flush()
  })).rejects.toMatchObject({ code: '42501' })
  expect(woken).toBe(before)
  const left = await Promise.all(Array.from({ length: 8 }, () => db.orm.em.fork().execute(WHERE)))
  expect(left).toEqual(left.map(() => [NOWHERE]))
  expect([await departments(acme), await departments(rival)]).toEqual([[{ name: 'Sales' }], [{ name: 'Sales' }]])
  expect(await acme.emitted()).toEqual(['team.created', 'user.created'])
})

test('a command that met another is tried again at most five times in all, any other failure not at all', async () => {
  for (const [code, tries] of [['40001', 5], ['40P01', 5], ['23505', 5], ['23503', 1], ['22012', 1], ['57P01', 1]] as const) {
    let count = 0
    await expect(retried(async () => {
      count++
      throw Object.assign(new Error(code), { code })
    })).rejects.toThrow(code)
    expect([code, count]).toEqual([code, tries])
  }
  let left = 2
  expect(await retried(async () => {
    if (left--) throw Object.assign(new Error('meeting'), { code: '40001' })
    return 'done'
  })).toBe('done')
})

test('a named statement is planned once and reaches its rows by key, also in a table that was small then', async () => {
  await using acme = await tenant('ann')
  await using db = await narrow()
  await asOwner(db.addresses.owner.database!, 'analyze command_key')
  const actor = on(acme, db)
  const named = (key: string) => ({
    name: 'key_used', text: 'select 1 from command_key where tenant_id = $1 and actor_id = $1 and key = any($2)',
    values: [acme.tenantId, [key]],
  })
  for (let count = 0; count < 10; count++) await inTenantOnce(actor, named(`key-${count}`))
  const plans = 'select generic_plans as generic, custom_plans as custom from pg_prepared_statements where name = $1'
  expect((await db.pool.query(plans, ['key_used'])).rows).toEqual([{ generic: 10, custom: 0 }])
  await inTenantBatch(actor, async ({ run }) => {
    await run([named('key-10')])
    const plan = await run([{ text: `explain (costs off) execute key_used('${acme.tenantId}', '{key-1}')` }])
    expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan using command_key_pkey.*actor_id.*key = ANY/)
  })
  const settings = `select current_setting('enable_seqscan') as scans, current_setting('plan_cache_mode') as mode`
  expect((await db.pool.query(settings)).rows).toEqual([{ scans: 'on', mode: 'auto' }])
})

test('named statements of one actor in one turn share a transaction; one at fault does not take the others with it', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  const [ann, again, eve] = [acme.actor('ann'), acme.actor('ann'), rival.actor('eve')]
  const at = (name: string, more = '') =>
    ({ name, text: `select txid_current()::text as id, (select name from users) as name ${more}` })
  const [one, two, other, theirs, unnamed] = await Promise.all([
    inTenantOnce(ann, at('first')), inTenantOnce(ann, at('second', ', 2')), inTenantOnce(again, at('first')),
    inTenantOnce(eve, at('first')), inTenantOnce(ann, { text: at('').text }),
  ])
  expect([one, two, other, theirs].map(([row]) => row!.name)).toEqual(['ann', 'ann', 'ann', 'eve'])
  expect(two![0]!.id).toBe(one![0]!.id)
  expect(new Set([one, other, theirs, unnamed].map(([row]) => row!.id)).size).toBe(4)
  const [fine, fault] = await Promise.allSettled(
    [inTenantOnce(ann, at('first')), inTenantOnce(ann, { name: 'faulty', text: 'select 1 / $1::int', values: [0] })])
  expect(fine).toMatchObject({ status: 'fulfilled', value: [{ name: 'ann' }] })
  expect(fault).toMatchObject({ status: 'rejected', reason: { code: '22012' } })
})
