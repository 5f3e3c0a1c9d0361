/** Changes of rank as integrators hear them: each event continues the one before, and none is told twice. */
import { expect, test } from 'vitest'
import { asOwner, freshDatabase, tenantOn, testNode, type TestTenant } from '../../test/harness.ts'
import { Receiver } from '../../test/receiver.ts'
import { QUICK, record, subscribe, UPDATE, webhookNode } from '../../test/webhooks.ts'
import { wireId } from '../platform/ids.ts'
import { rankMoves } from '../ranks/delta.rules.ts'
import type { Listed } from '../ranks/rank.rules.ts'

const CREATE = `mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) {
  leaderboard { id } userErrors { code } } }`
const RANK_CHANGED = 'leaderboard.rank_changed'

interface Change {
  subjectId: string
  from: number | null
  to: number | null
  points: number | null
}

async function board(acme: TestTenant, input: object = {}): Promise<string> {
  const { leaderboardCreate } = await acme.as('ann').run(CREATE, { input: { name: 'Board', period: 'MONTHLY', ...input } })
  return leaderboardCreate.leaderboard.id
}

/** Resolves once the ranks of this many boards are remembered: from there on changes are told. */
async function remembered(acme: TestTenant, boards: number): Promise<void> {
  for (const until = Date.now() + 10_000; (await acme.sql('select 1 from leaderboard_told')).length < boards;) {
    expect(Date.now()).toBeLessThan(until)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Plays events onto an empty list, failing where one does not continue the one before; returns rank by subject. */
function played(receiver: Receiver, id: string): Map<string, number> {
  const ranks = new Map<string, number>()
  const ids = new Set<string>()
  for (const { json, headers } of receiver.received) {
    if (json.subject !== id || ids.has(headers['webhook-id'])) continue
    ids.add(headers['webhook-id'])
    for (const { subjectId, from, to } of json.data.changes as Change[]) {
      expect([subjectId, ranks.get(subjectId) ?? null]).toEqual([subjectId, from])
      expect(to).not.toBe(from)
      if (to === null) ranks.delete(subjectId)
      else ranks.set(subjectId, to)
    }
  }
  return ranks
}

/** Returns rank by subject as the ledger has it, this month's only entries being the test's. */
async function ledgerRanks(acme: TestTenant): Promise<Map<string, number>> {
  const rows = await acme.sql<{ id: string; rank: number }>(
    'select user_id as id, rank() over (order by sum(points) desc)::int as rank from point_entry group by user_id',
  )
  return new Map(rows.map(({ id, rank }) => [wireId('User', id), rank]))
}

const listed = (subjectId: string, rank: number, points: number) => ({ subjectId, rank, points }) as Listed
test.each<[string, Record<string, number>, Listed[], ReturnType<typeof rankMoves>]>([
  ['nothing moved', { a: 1, b: 2 }, [listed('a', 1, 50), listed('b', 2, 40)], []],
  ['points alone are no change of rank', { a: 1 }, [listed('a', 1, 90)], []],
  [
    'one enters and pushes the others down',
    { a: 1, b: 2 },
    [listed('c', 1, 60), listed('a', 2, 50), listed('b', 3, 40)],
    [
      ['c', null, 1, 60],
      ['a', 1, 2, 50],
      ['b', 2, 3, 40],
    ],
  ],
  [
    'one leaves',
    { a: 1, b: 2 },
    [listed('b', 1, 40)],
    [
      ['b', 2, 1, 40],
      ['a', 1, null, null],
    ],
  ],
  ['a tie is shared', { a: 1, b: 2 }, [listed('a', 1, 50), listed('b', 1, 50)], [['b', 2, 1, 50]]],
])('%s', (_case, told, list, moves) => {
  expect(rankMoves(told, list)).toEqual(moves)
})

test('a change of rank is told from the rank that was told before, in wire ids, over a second', async () => {
  await using receiver = await Receiver.open()
  await using acme = await tenantOn(await webhookNode(), { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', 'bob', 'cat')
  const id = await board(acme)
  await record(acme, 'bob') // Before anybody subscribes.
  await acme.settled()
  await subscribe(acme, receiver.url(), [RANK_CHANGED])
  await remembered(acme, 1)
  expect(receiver.received).toEqual([])
  await record(acme, 'cat', 'proposal_accepted')
  const [first] = await receiver.until(({ length }) => length === 1)
  expect(first!.json).toMatchObject({
    type: RANK_CHANGED,
    subject: id,
    data: { leaderboardId: id, subject: 'USER', periodStart: expect.stringMatching(/-01$/) },
  })
  expect(first!.json.data.changes).toEqual([
    { subjectId: acme.id('cat'), from: null, to: 1, points: 150 },
    { subjectId: acme.id('bob'), from: 1, to: 2, points: 50 },
  ])
  await record(acme, 'bob', 'proposal_accepted')
  const [, second] = await receiver.until(({ length }) => length === 2)
  expect(second!.json.data.changes).toEqual([
    { subjectId: acme.id('bob'), from: 2, to: 1, points: 200 },
    { subjectId: acme.id('cat'), from: 1, to: 2, points: 150 },
  ])
})

test('while nobody subscribes nothing is told, and who subscribes again begins with the ranks of then', async () => {
  await using receiver = await Receiver.open()
  await using acme = await tenantOn(await webhookNode(), { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', 'bob', 'cat')
  const { id: endpointId } = await subscribe(acme, receiver.url(), [RANK_CHANGED])
  const [users, teams] = [await board(acme), await board(acme, { subject: 'TEAM' })]
  await remembered(acme, 2)
  await record(acme, 'bob')
  await receiver.until(({ length }) => length === 2)
  expect(receiver.received.map(({ json }) => json.data.subject).sort()).toEqual(['TEAM', 'USER'])
  expect(new Set(receiver.received.map(({ json }) => json.subject))).toEqual(new Set([users, teams]))
  await acme.as('ann').run(UPDATE, { input: { endpointId, topics: ['level.changed'] } })
  await record(acme, 'cat', 'proposal_accepted')
  for (const until = Date.now() + 10_000; (await acme.sql('select 1 from leaderboard_told')).length;) {
    expect(Date.now()).toBeLessThan(until)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  await acme.as('ann').run(UPDATE, { input: { endpointId, topics: [RANK_CHANGED] } })
  await remembered(acme, 2)
  await record(acme, 'bob', 'new_client_signed')
  await receiver.until(({ length }) => length === 3)
  expect(receiver.received[2]!.json.data.changes).toMatchObject([
    { subjectId: acme.id('bob'), from: 2, to: 1 },
    { subjectId: acme.id('cat'), from: 1, to: 2 },
  ])
  expect((await acme.emitted()).filter(topic => topic === RANK_CHANGED)).toHaveLength(3)
})

test('a new period begins with nobody told', async () => {
  await using receiver = await Receiver.open()
  await using acme = await tenantOn(await webhookNode(), { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', 'bob')
  await board(acme)
  await subscribe(acme, receiver.url(), [RANK_CHANGED])
  await remembered(acme, 1)
  await record(acme, 'bob')
  await receiver.until(({ length }) => length === 1)
  // As if what was told had been of the month before.
  await acme.sql(`update leaderboard_told set period_start = period_start - interval '1 month'`)
  await record(acme, 'bob')
  const [, second] = await receiver.until(({ length }) => length === 2)
  expect(second!.json.data.changes).toEqual([{ subjectId: acme.id('bob'), from: null, to: 1, points: 100 }])
})

test('while the relay moves between two nodes, events still continue one another and end at the standings', async () => {
  const addresses = await freshDatabase()
  const node = await testNode({ addresses, webhooks: QUICK })
  await testNode({ addresses, webhooks: QUICK })
  await using receiver = await Receiver.open()
  const names = Array.from({ length: 12 }, (_, at) => `user${at}`)
  await using acme = await tenantOn(node, { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', ...names)
  const id = await board(acme)
  await subscribe(acme, receiver.url(), [RANK_CHANGED])
  await remembered(acme, 1)
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 15; count++)
      await record(acme, names[(count * 7 + round * 5) % 12]!, count % 3 ? 'meeting_scheduled' : 'proposal_accepted')
    await asOwner(
      addresses.owner.database!,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'laurel relay' and datname = current_database()`,
    )
  }
  const goal = await ledgerRanks(acme)
  expect(goal.size).toBe(12)
  await receiver.until(() => {
    const now = played(receiver, id)
    return now.size === goal.size && [...goal].every(([subjectId, rank]) => now.get(subjectId) === rank)
  }, 20_000)
  const events = (await acme.emitted()).filter(topic => topic === RANK_CHANGED).length
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(events)
}, 60_000)
