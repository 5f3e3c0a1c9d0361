import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { GraphQLError } from 'graphql'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { asOwner, freshDatabase, RECORD, tenant, tenantOn, testNode } from '../../test/harness.ts'
import { fault } from '../platform/errors.ts'
import { formatError } from './error.format.ts'

const coded = (code: string, message = 'select secret from vault') => Object.assign(new Error(message), { code })

test.each<[title: string, error: unknown, code: string]>([
  ['one of our own faults', fault('FORBIDDEN', 'This needs the role ADMIN.'), 'FORBIDDEN'],
  [
    'a query that cannot be parsed', new GraphQLError('Syntax Error', { extensions: { code: 'GRAPHQL_PARSE_FAILED' } }),
    'BAD_REQUEST',
  ],
  ['a variable of the wrong shape', new GraphQLError('Variable "$x"', { extensions: { code: 'BAD_USER_INPUT' } }), 'BAD_REQUEST'],
  ['something that broke', new Error('select secret from vault'), 'INTERNAL'],
  [
    'a code that is not ours',
    new GraphQLError('select secret', { extensions: { code: 'SECRET' }, originalError: new Error('x') }), 'INTERNAL',
  ],
  ['a broken thing that is no error', 'select secret from vault', 'INTERNAL'],
  ['a statement that PostgreSQL refused', coded('42P01'), 'INTERNAL'],
  ['a refused connection', coded('ECONNREFUSED'), 'UNAVAILABLE'], ['a reset one', coded('ECONNRESET'), 'UNAVAILABLE'],
  ['no answer', coded('ETIMEDOUT'), 'UNAVAILABLE'], ['no route', coded('EHOSTUNREACH'), 'UNAVAILABLE'],
  ['a name that is not known now', coded('EAI_AGAIN'), 'UNAVAILABLE'],
  ['an administrator\'s command', coded('57P01'), 'UNAVAILABLE'],
  ['a server that starts', coded('57P03'), 'UNAVAILABLE'], ['too many connections', coded('53300'), 'UNAVAILABLE'],
  ['a statement that ran too long', coded('57014'), 'UNAVAILABLE'],
  ['a transaction that idled too long', coded('25P03'), 'UNAVAILABLE'],
  ['a server that became a replica', coded('25006'), 'UNAVAILABLE'],
  ['commands that met again and again', coded('40001'), 'UNAVAILABLE'],
  ['a deadlock', coded('40P01'), 'UNAVAILABLE'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'UNAVAILABLE'],
  ['a connection that broke before', new Error('Client has encountered a connection error and is not queryable'), 'UNAVAILABLE'],
  ['a connection that was closed', new Error('Client was closed and is not queryable'), 'UNAVAILABLE'],
  ['a lost connection that a resolver wrapped', new GraphQLError('x', { originalError: coded('57P01') }), 'UNAVAILABLE'],
])('%s is shown by its code and tells nothing of the inside', (_title, error, code) => {
  const shown = formatError(error)
  expect(shown.extensions?.code).toBe(code)
  expect(JSON.stringify(shown)).not.toMatch(/secret|vault|stack|\.ts/)
  if (code === 'INTERNAL') {
    expect(shown.extensions).toEqual({ code, id: expect.stringMatching(/^[0-9a-f]{8}$/) })
    expect(shown.message).toContain(shown.extensions!.id)
  }
  if (code === 'UNAVAILABLE') expect(shown.extensions).toEqual({ code, retryAfterMs: 1_000 })
})

test('a long message is cut, and a place in the query stays', () => {
  const shown = formatError(fault('BAD_REQUEST', 'long '.repeat(1_000), { argument: 'first' }))
  expect(shown.message).toHaveLength(501)
  expect(shown.extensions).toEqual({ code: 'BAD_REQUEST', argument: 'first' })
  expect(formatError(new GraphQLError('x', { path: ['users', 3], originalError: new Error('y') })).path).toEqual(['users', 3])
})

test.each([
  ['no query', '', {}], ['half a query', '{ viewer {', {}], ['a field that is not there', '{ viewer { secrets } }', {}],
  ['a variable that is missing', 'query($id: ID!) { node(id: $id) { id } }', {}],
  ['a variable of the wrong shape', 'query($n: Int) { users(first: $n) { nodes { id } } }', { n: 'many' }],
  ['a number that is none', '{ users(first: 9999999999) { nodes { id } } }', {}],
])('%s is a bad request', async (_title, query, variables) => {
  await using acme = await tenant('ann')
  const answer = await acme.as('ann').ask(query, variables)
  expect(answer.errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_REQUEST' }])
  expect(JSON.stringify(answer)).not.toMatch(/node_modules|\bat .*:\d+:\d+/)
})

test('a broken inside is told by an id alone, for reads, writes and entities alike', async () => {
  const addresses = await freshDatabase()
  const node = await testNode({ addresses, relay: false })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  await asOwner(addresses.owner.database!, 'alter table team rename to team_gone')
  const asked = [
    ['{ teams { nodes { id } } }', {}], [RECORD, { input: { activityType: 'team_support', idempotencyKey: 'will-not-work' } }],
    ['mutation { teamCreate(input: { name: "Blues" }) { mark } }', {}],
  ] as const
  for (const [query, variables] of asked) {
    const { errors, data } = await acme.as('ann').ask(query, variables)
    expect(errors?.map(({ extensions }) => extensions))
      .toEqual([{ code: 'INTERNAL', id: expect.stringMatching(/^[0-9a-f]{8}$/) }])
    expect(JSON.stringify({ errors, data })).not.toMatch(/relation|team_gone|select|insert|42P01|node_modules|\.ts|laurel_app/)
  }
  await asOwner(addresses.owner.database!, 'alter table team_gone rename to team')
  expect((await acme.as('ann').run('{ teams { nodes { name } } }')).teams.nodes).toEqual([{ name: 'Reds' }])
})

/** A way to PostgreSQL that can be cut. */
async function cuttable(host: string, port: number) {
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(host.startsWith('/') ? join(host, `.s.PGSQL.${port}`) : { host, port } as never)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    near.pipe(far).pipe(near)
  })
  const open = async (wanted: number) => {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { open, cut }
}

test('without its database a node answers UNAVAILABLE, says that it is not ready, and serves again when it is back', async () => {
  const { owner } = await freshDatabase()
  const way = await cuttable(owner.host!, owner.port!)
  const port = await way.open(0)
  const near = { ...owner, host: '127.0.0.1', port }
  const node =
    await testNode({ addresses: { owner: near, app: { ...near, user: 'laurel_app' }, relay: { ...near, user: 'laurel_relay' } } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  const input = { activityType: 'team_support', idempotencyKey: 'in-the-dark' }
  const unavailable = [{ code: 'UNAVAILABLE', retryAfterMs: 1_000 }]
  const codes = async (query: string, variables: object = {}) =>
    (await acme.as('ann').ask(query, variables)).errors?.map(({ extensions }) => extensions)

  // A command that waits for a lock while the way is cut: its answer is lost, so it is not acknowledged.
  const holder = new Client(owner)
  await holder.connect()
  await holder.query('begin; lock table user_points in access exclusive mode')
  const waiting = codes(RECORD, { input })
  await expect.poll(async () => {
    await holder.query('select pg_stat_clear_snapshot()') // Within its transaction it would see the first look again and again.
    return (await holder.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'
      and datname = current_database()`)).rowCount
  }).toBe(1)
  await way.cut()
  expect(await waiting).toEqual(unavailable)
  await holder.end()
  for (const query of ['{ users { nodes { id } } }', 'mutation { teamCreate(input: { name: "Blues" }) { mark } }']) {
    expect([query, await codes(query)]).toEqual([query, unavailable])
  }
  expect(await codes(RECORD, { input })).toEqual(unavailable)
  const ready = await fetch(`${node.url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'unready', reasons: ['PostgreSQL cannot be reached'] }])
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200)

  await way.open(port)
  const { activityRecord } = await acme.as('ann').run(RECORD, { input })
  expect(activityRecord).toMatchObject({ idempotencyHit: false, userErrors: [] })
  expect(await acme.points('ann')).toBe(25)
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
  expect(await acme.emitted()).toContain('activity.recorded')
  await node.close()
  await way.cut()
})
