import { once } from 'node:events'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import type { LaurelNode } from '../src/node.ts'
import { commandsWaiting } from '../src/platform/gathering.ts'
import { LIMITS } from '../src/platform/limits.ts'
import { JSON_TYPE, ROLE } from './asking.ts'
import { freshDatabase, RECORD, tenantOn, testNode } from './harness.ts'

const ME = '{ viewer { user { name } } }'
const TEAMS = '{ teams { nodes { name } } }'

/** Holds what a statement locks, so that whoever needs it waits; returns how many wait, and how to let go. */
async function held(node: LaurelNode, what: string) {
  const holder = new Client({ ...node.db.addresses.owner })
  await holder.connect()
  await holder.query(`begin; ${what}`)
  // Within a transaction the view stays as it was first seen.
  const waiting = async () => Number((await holder.query(`select count(*), pg_stat_clear_snapshot() from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()`)).rows[0].count)
  return { waiting, letGo: () => holder.end() }
}

/** Sends an operation that can be left; `sent` settles with the answer, or with null when it was left. */
function ask(node: LaurelNode, token: string, query: string, variables: object = {}) {
  const stop = new AbortController()
  const answered = async () => {
    const response = await fetch(`${node.url}/graphql`, {
      method: 'POST', headers: { ...JSON_TYPE, authorization: `Bearer ${token}` }, body: JSON.stringify({ query, variables }),
      signal: stop.signal,
    })
    const { status, headers } = response
    return { status, headers, ...await response.json() as object } as any // eslint-disable-line
  }
  return { sent: answered().catch(() => null), leave: () => stop.abort() }
}

test('a query whose client has left is cancelled in PostgreSQL, long before its time is up', async () => {
  const node = await testNode({ addresses: await freshDatabase() })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  const { waiting, letGo } = await held(node, 'lock table team in access exclusive mode')
  const asked = Array.from({ length: 10 }, () => ask(node, acme.as('ann').token, TEAMS))
  await expect.poll(waiting, { timeout: 10_000 }).toBe(10)
  for (const { leave } of asked) leave()
  await expect.poll(waiting, { timeout: LIMITS.statementTimeoutMs / 3 }).toBe(0)
  expect(await Promise.all(asked.map(({ sent }) => sent))).toEqual(asked.map(() => null))
  await letGo()
  await acme.as('ann').run(TEAMS)
})

test('a request that takes too long is answered and its work ends; the connections serve on, each its own tenant', async () => {
  const node = await testNode({ addresses: await freshDatabase(), limits: { requestMs: 400 } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  await using rival = await tenantOn(node, { timeZone: 'UTC' }, 'eve')
  const { waiting, letGo } = await held(node, 'lock table team in access exclusive mode')
  // More than there are connections: some wait for a turn that never comes.
  const asked = Array.from({ length: LIMITS.poolMax + 8 }, () => ask(node, acme.as('ann').token, TEAMS).sent)
  for (const { status, headers, errors } of await Promise.all(asked)) {
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    expect(errors).toEqual([{
      message: expect.stringContaining('so it was stopped'), extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 },
    }])
  }
  await expect.poll(waiting, { timeout: LIMITS.statementTimeoutMs / 3 }).toBe(0)
  await letGo()
  for (let round = 0; round < LIMITS.poolMax * 2; round++) {
    const [own, other] = await Promise.all([acme.as('ann').run(ME), rival.as('eve').run(ME)])
    expect([own.viewer.user.name, other.viewer.user.name]).toEqual(['ann', 'eve'])
  }
  expect(node.db.pool.totalCount).toBeLessThanOrEqual(LIMITS.poolMax)
})

test('a command that was stopped has written nothing, and is carried out when it is sent again', async () => {
  const node = await testNode({ addresses: await freshDatabase(), limits: { requestMs: 400 } })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  const { token } = acme.as('ann')
  const { letGo } = await held(node, 'lock table outbox in access exclusive mode') // The last thing a command writes.
  const create = 'mutation { teamCreate(input: { name: "Blues" }) { team { name } userErrors { code } } }'
  const stopped = await ask(node, token, create).sent
  expect([stopped.status, stopped.errors[0].extensions.code]).toEqual([503, 'UNAVAILABLE'])
  await letGo()
  await expect.poll(async () => (await acme.sql('select name from team order by name')).map(({ name }) => name)).toEqual(['Reds'])
  expect((await acme.as('ann').run(create)).teamCreate).toEqual({ team: { name: 'Blues' }, userErrors: [] })
  expect(await acme.sql('select name from team order by name')).toEqual([{ name: 'Blues' }, { name: 'Reds' }])
})

test('of commands that share a commit, one whose client leaves takes nobody else\'s with it', async () => {
  const node = await testNode({ addresses: await freshDatabase() })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN', 'bob', 'cy')
  const rowOf = (name: string) => `select 1 from user_points where user_id = '${acme.actor(name).userId}' for update`
  const record = (name: string, key: string) => ask(node, acme.as('ann').token, RECORD, {
    input: { activityType: 'team_support', idempotencyKey: `shared-${key}`, userId: acme.id(name) },
  })
  const [anns, others] = [await held(node, rowOf('ann')), await held(node, `${rowOf('bob')}; ${rowOf('cy')}`)]
  const first = record('ann', 'first')
  await expect.poll(anns.waiting, { timeout: 5_000 }).toBe(1)
  const second = record('bob', 'second')
  await expect.poll(anns.waiting, { timeout: 5_000 }).toBe(LIMITS.transactionsGatheringMax)
  // These wait for one of the two transactions to end, and then share the next.
  const leaving = record('cy', 'leaving')
  await expect.poll(() => commandsWaiting.now).toBe(1)
  const staying = record('cy', 'staying')
  const gone = record('cy', 'gone')
  await expect.poll(() => commandsWaiting.now).toBe(3)
  gone.leave() // It had not begun, so it never will.
  await expect.poll(() => commandsWaiting.now).toBe(2)
  await anns.letGo()
  expect((await first.sent).data.activityRecord.userErrors).toEqual([])
  await expect.poll(others.waiting, { timeout: 5_000 }).toBe(2)
  leaving.leave() // It has begun, together with another's.
  for (let at = 0; at < 30; at++) await acme.as('ann').run(ROLE) // Meanwhile the node notices who has left.
  expect(await others.waiting()).toBe(2)
  await others.letGo()
  for (const { sent } of [second, staying]) expect((await sent).data.activityRecord.userErrors).toEqual([])
  expect(await acme.sql('select key from command_key order by key').then(rows => rows.map(({ key }) => key)))
    .toEqual(['shared-first', 'shared-leaving', 'shared-second', 'shared-staying'])
})

test('what a socket asked for is cancelled when it closes', async () => {
  const node = await testNode({ addresses: await freshDatabase() })
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  const { waiting, letGo } = await held(node, 'lock table team in access exclusive mode')
  const ws = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${acme.as('ann').token}` } }))
  await once(ws, 'message')
  for (let at = 0; at < 5; at++) ws.send(JSON.stringify({ id: String(at), type: 'subscribe', payload: { query: TEAMS } }))
  await expect.poll(waiting, { timeout: 10_000 }).toBe(5)
  ws.terminate()
  await expect.poll(waiting, { timeout: LIMITS.statementTimeoutMs / 3 }).toBe(0)
  await letGo()
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
})
