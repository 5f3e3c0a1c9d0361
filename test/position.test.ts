/** A position means the same on every node: what is numbered up to there, and nothing that still waits. */
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { wireId } from '../src/platform/ids.ts'
import { memoryBroker } from '../src/wire/broker.memory.ts'
import { startRelay } from '../src/wire/relay.ts'
import { asOwner, freshDatabase, Person, RECORD, tenantOn, testNode } from './harness.ts'

const BOARD = `subscription($id: ID!, $after: Cursor) { leaderboard(id: $id, after: $after) { __typename
  ... on LeaderboardSnapshot { cursor reason standings { subjectId rank points } }
  ... on LeaderboardDelta { after cursor marks changes { subjectId from to points } left } } }`

const FEED = `subscription($after: Cursor) { feed(scope: TENANT, after: $after) { __typename
  ... on FeedSnapshot { cursor reason } ... on FeedDelta { after cursor items { points } } } }`

test.each([
  [LeaderboardSubject.USER, LeaderboardPeriod.ALL_TIME], [LeaderboardSubject.USER, LeaderboardPeriod.MONTHLY],
  [LeaderboardSubject.TEAM, LeaderboardPeriod.ALL_TIME],
])('a board (%s, %s) recounted while commits wait shows what is numbered, and then tells the rest', async (subject, period) => {
  const addresses = await freshDatabase()
  const first = await testNode({ addresses, relay: false })
  const acme = await tenantOn(first, { timeZone: 'UTC' }, 'ann', 'bob')
  const { leaderboard } = await createLeaderboard(acme.actor(), { name: 'Board', subject, period })
  const id = wireId('Leaderboard', leaderboard.id)
  let key = 0
  const record = async (name: string) => {
    const input = { activityType: 'meeting_scheduled', idempotencyKey: `position-${key++}` }
    return (await acme.as(name).run(RECORD, { input })).activityRecord.mark as string
  }
  await record('ann')
  const relay = await startRelay(addresses.relay, memoryBroker())
  await acme.settled()
  await relay.close()

  const { token } = acme.as('ann')
  const witness = new Person(first.url, token).subscribe(BOARD, { id })
  const begun = await witness.next()
  const isTeam = subject === LeaderboardSubject.TEAM
  const [ann, bob] = isTeam ? [wireId('Team', acme.teamId), null] : [acme.id('ann'), acme.id('bob')]
  expect(begun.standings).toEqual([{ subjectId: ann, rank: 1, points: 50 }])
  const waiting = [await record('bob'), await record('bob')]

  // Another node recounts while these wait: to newcomers and to who comes with a cursor its position is that of the first.
  const second = await testNode({ addresses, relay: false })
  const there = new Person(second.url, token)
  const [newcomer, resumed] = [undefined, begun.cursor].map(after => there.subscribe(BOARD, { id, after }))
  expect(await newcomer!.next()).toEqual({ ...begun, reason: 'FIRST' })
  const again = await startRelay(addresses.relay, memoryBroker())
  const owed = isTeam
    ? [{ subjectId: ann, from: 1, to: 1, points: 150 }]
    : [{ subjectId: bob, from: null, to: 1, points: 100 }, { subjectId: ann, from: 1, to: 2, points: 50 }]
  for (const reader of [witness, newcomer!, resumed!]) {
    expect(await reader.next()).toMatchObject({ after: begun.cursor, marks: waiting, changes: owed, left: [] })
    reader.close()
  }
  await again.close()
  const owner = new Client(addresses.owner)
  await owner.connect()
  expect((await owner.query('select count(*)::int as waiting from outbox')).rows).toEqual([{ waiting: 0 }])
  await owner.end()
}, 60_000)

test('a node that cannot read the log sends nobody back to where it stands itself', async () => {
  const addresses = await freshDatabase()
  const asBoss = (text: string) => asOwner(addresses.owner.database!, text)
  const ahead = await testNode({ addresses })
  const acme = await tenantOn(ahead, { timeZone: 'UTC' }, 'ann')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY })
  const id = wireId('Leaderboard', leaderboard.id)
  const record = (idempotencyKey: string) =>
    acme.as('ann').run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey } })
  await acme.settled()
  const behind = new Person((await testNode({ addresses, relay: false })).url, acme.as('ann').token)
  const [here, there] = [acme.as('ann').subscribe(BOARD, { id }), behind.subscribe(BOARD, { id })]
  const news = [acme.as('ann').subscribe(FEED), behind.subscribe(FEED)]
  await Promise.all([here, there, ...news].map(reader => reader.next()))

  await asBoss('revoke select on event_log from laurel_app') // The node ahead hears of events by its own relay.
  await record('sent-back-1')
  const { cursor, changes } = await here.next()
  expect(changes).toEqual([{ subjectId: acme.id('ann'), from: null, to: 1, points: 50 }])
  const refused = behind.subscribe(BOARD, { id, after: cursor })
  await refused.until(() => refused.errors.length > 0)
  expect([refused.errors, refused.messages]).toMatchObject([[{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }], []])

  const told = await news[0]!.next()
  const waiting = behind.subscribe(FEED, { after: told.cursor })

  await asBoss('grant select on event_log to laurel_app')
  expect(await there.next()).toMatchObject({ cursor, changes })
  const resumed = behind.subscribe(BOARD, { id, after: cursor })
  await record('sent-back-2')
  expect(await resumed.next()).toMatchObject({ after: cursor, changes: [{ from: 1, to: 1, points: 100 }] })
  expect(await news[1]!.next()).toEqual(told)
  expect(await waiting.next()).toMatchObject({ __typename: 'FeedDelta', after: told.cursor, items: [{ points: 50 }] })
  for (const reader of [here, there, refused, resumed, waiting, ...news]) reader.close()
}, 60_000)
