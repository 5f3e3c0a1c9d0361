import { expect, test } from 'vitest'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { wireId } from '../src/platform/ids.ts'
import { asOwner, Person, RECORD, tenant, testNode, type TestTenant } from './harness.ts'

const BOARD = `subscription($id: ID!, $top: Int, $after: Cursor, $atLeast: Mark) {
  leaderboard(id: $id, top: $top, after: $after, atLeast: $atLeast) {
  __typename
  ... on LeaderboardSnapshot { cursor reason takenAt standings { rank points user { id name } } }
  ... on LeaderboardDelta { after cursor marks at changes { subjectId user { name } from to points } left } } }`
const FEED = `subscription($scope: FeedScope, $kinds: [FeedKind!], $after: Cursor) {
  feed(scope: $scope, kinds: $kinds, after: $after) {
  __typename
  ... on FeedSnapshot { cursor reason items { id kind text user { name } } }
  ... on FeedDelta { after cursor marks items { id kind text points level { number } user { name } } } } }`

async function boardOf(acme: TestTenant): Promise<string> {
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY })
  return wireId('Leaderboard', leaderboard.id)
}

let key = 0
async function record(person: Person, activityType: string): Promise<string> {
  const { activityRecord } = await person.run(RECORD, { input: { activityType, idempotencyKey: `stream-key-${key++}` } })
  return activityRecord.mark
}

/** A client by the one rule: a snapshot replaces, a delta applies if its `after` is my cursor. */
class BoardClient {
  rows = new Map<string, { rank: number; points: number }>()
  cursor = ''
  marks: string[] = []
  snapshots: string[] = []
  take(message: any) { // eslint-disable-line
    if (message.__typename === 'LeaderboardSnapshot') {
      this.snapshots.push(message.reason)
      this.rows = new Map(message.standings
        .map(({ rank, points, user }: { rank: number; points: number; user: { id: string } }) => [user.id, { rank, points }]))
    } else {
      expect(message.after).toBe(this.cursor)
      for (const { subjectId, to, points, from } of message.changes) {
        expect(from).toBe(this.rows.get(subjectId)?.rank ?? null)
        this.rows.set(subjectId, { rank: to, points })
      }
      for (const id of message.left) expect(this.rows.delete(id)).toBe(true)
      this.marks.push(...message.marks)
    }
    this.cursor = message.cursor
  }
}

test('a board sends a snapshot, then a delta for each commit with its mark', async () => {
  await using acme = await tenant('ann', 'bob')
  const id = await boardOf(acme)
  await record(acme.as('ann'), 'meeting_scheduled')
  await acme.settled()
  const stream = acme.as('bob').subscribe(BOARD, { id })
  const first = await stream.next()
  expect(first).toMatchObject({
    __typename: 'LeaderboardSnapshot', reason: 'FIRST', standings: [{ rank: 1, points: 50, user: { name: 'ann' } }],
  })
  const mark = await record(acme.as('bob'), 'proposal_accepted')
  expect(await stream.next()).toMatchObject({
    __typename: 'LeaderboardDelta', after: first.cursor, marks: [mark], left: [],
    changes: [
      { subjectId: acme.id('bob'), user: { name: 'bob' }, from: null, to: 1, points: 150 },
      { subjectId: acme.id('ann'), from: 1, to: 2, points: 50 },
    ],
  })
  stream.close()
})

test('a reader of the first places sees who enters and who leaves them', async () => {
  await using acme = await tenant('ann', 'bob', 'cid')
  const id = await boardOf(acme)
  await record(acme.as('ann'), 'proposal_accepted')
  await record(acme.as('bob'), 'meeting_scheduled')
  await acme.settled()
  const stream = acme.as('ann').subscribe(BOARD, { id, top: 2 })
  await stream.next()
  await record(acme.as('cid'), 'team_mentoring')
  expect(await stream.next())
    .toMatchObject({ changes: [{ user: { name: 'cid' }, from: null, to: 2, points: 100 }], left: [acme.id('bob')] })
  await record(acme.as('bob'), 'proposal_accepted') // 200: enters at the top
  expect(await stream.next()).toMatchObject({
    changes: [{ user: { name: 'bob' }, from: null, to: 1 }, { user: { name: 'ann' }, from: 1, to: 2 }], left: [acme.id('cid')],
  })
  stream.close()
})

test('a board resumes with exactly what was missed, without a snapshot', async () => {
  await using acme = await tenant('ann', 'bob')
  const id = await boardOf(acme)
  const client = new BoardClient()
  const before = acme.as('ann').subscribe(BOARD, { id })
  client.take(await before.next())
  await record(acme.as('ann'), 'meeting_scheduled')
  client.take(await before.next())
  before.close()
  const missed = [await record(acme.as('bob'), 'proposal_accepted'), await record(acme.as('ann'), 'new_client_signed')]
  const after = acme.as('ann').subscribe(BOARD, { id, after: client.cursor })
  client.marks = []
  while (client.marks.length < 2) client.take(await after.next())
  expect(client).toMatchObject({ marks: missed, snapshots: ['FIRST'] })
  expect([...client.rows]).toEqual([[acme.id('ann'), { rank: 1, points: 550 }], [acme.id('bob'), { rank: 2, points: 150 }]])
  after.close()
})

test('a cursor of a lost history, of an unknown place, or of no stream is answered by its reason', async () => {
  await using acme = await tenant('ann')
  const id = await boardOf(acme)
  await record(acme.as('ann'), 'meeting_scheduled')
  await acme.settled()
  const first = acme.as('ann').subscribe(BOARD, { id })
  const { cursor } = await first.next()
  first.close()
  const [epoch] = cursor.split(':')
  for (const [after, reason] of [['otherepoch:3', 'NEW_EPOCH'], [`${epoch}:0`, 'EXPIRED']] as const) {
    const stream = acme.as('ann').subscribe(BOARD, { id, after })
    expect(await stream.next()).toMatchObject({ __typename: 'LeaderboardSnapshot', reason, standings: [{ points: 50 }] })
    stream.close()
  }
  for (const [after, reason] of [['otherepoch:3', 'NEW_EPOCH'], [`${epoch}:999999`, 'EXPIRED']] as const) {
    const stream = acme.as('ann').subscribe(FEED, { after })
    expect(await stream.next()).toMatchObject({ __typename: 'FeedSnapshot', reason, items: [{ kind: 'POINTS_AWARDED' }] })
    stream.close()
  }
  const wrong = acme.as('ann').subscribe(BOARD, { id, after: 'WzFd' })
  await wrong.until(() => wrong.errors.length > 0)
  expect(wrong.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  wrong.close()
})

test('polling answers the same messages as the subscription, and waits for news', async () => {
  await using acme = await tenant('ann')
  const id = await boardOf(acme)
  const POLL = BOARD.replace('subscription', 'query').replace('$atLeast: Mark', '$waitMs: Int! = 0').replace(
    'leaderboard(id: $id, top: $top, after: $after, atLeast: $atLeast)',
    'leaderboardMessages(id: $id, top: $top, after: $after, waitMs: $waitMs)')
  const { leaderboardMessages: [first] } = await acme.as('ann').run(POLL, { id })
  expect(first).toMatchObject({ __typename: 'LeaderboardSnapshot', reason: 'FIRST', standings: [] })
  const waiting = acme.as('ann').run(POLL, { id, after: first.cursor, waitMs: 5_000 })
  const mark = await record(acme.as('ann'), 'meeting_scheduled')
  expect((await waiting).leaderboardMessages)
    .toMatchObject([{ __typename: 'LeaderboardDelta', after: first.cursor, marks: [mark], changes: [{ to: 1, points: 50 }] }])
  expect((await acme.as('ann').run(POLL, { id, after: (await waiting).leaderboardMessages[0].cursor })).leaderboardMessages)
    .toEqual([])
  expect((await acme.as('ann').ask(POLL, { id, waitMs: 25_001 })).errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
})

test('the feed tells points and level news to whom it concerns, resumes from the log, and keeps its snapshot', async () => {
  await using acme = await tenant('ann', 'bob')
  const [mine, all, levels] = [
    acme.as('ann').subscribe(FEED), acme.as('ann').subscribe(FEED, { scope: 'TENANT' }),
    acme.as('bob').subscribe(FEED, { scope: 'TENANT', kinds: ['LEVEL_CHANGED'] }),
  ]
  const start = await mine.next()
  expect([start, await all.next(), await levels.next()]).toMatchObject(
    [1, 2, 3].map(() => ({ __typename: 'FeedSnapshot', reason: 'FIRST', items: [] })))
  for (let at = 0; at < 2; at++) await record(acme.as('bob'), 'new_client_signed') // 1,000 points: level 2
  await record(acme.as('ann'), 'meeting_scheduled')
  await all.until(() => all.messages.flatMap(({ items }) => items).length === 4)
  expect(all.messages.flatMap(({ items }) => items).map(({ text }: { text: string }) => text).sort()).toEqual([
    'ann: meeting scheduled, +50 points.', 'bob reached level 2. Active Contributor.', 'bob: new client signed, +500 points.',
    'bob: new client signed, +500 points.'])
  expect(await mine.next())
    .toMatchObject({ after: start.cursor, items: [{ kind: 'POINTS_AWARDED', points: 50, user: { name: 'ann' } }] })
  expect(await levels.next()).toMatchObject({ items: [{ kind: 'LEVEL_CHANGED', level: { number: 2 }, user: { name: 'bob' } }] })
  for (const stream of [mine, all, levels]) stream.close()

  const resumed = acme.as('ann').subscribe(FEED, { scope: 'TENANT', after: start.cursor })
  await resumed.until(() => resumed.messages.flatMap(({ items }) => items).length === 4)
  expect(resumed.messages.every(({ __typename }) => __typename === 'FeedDelta')).toBe(true)
  const late = acme.as('ann').subscribe(FEED, { scope: 'TENANT' })
  const { items } = await late.next()
  expect(items.map(({ id }: { id: string }) => id)).toEqual(
    resumed.messages.flatMap(message => message.items).map(({ id }: { id: string }) => id).reverse())
  for (const stream of [resumed, late]) stream.close()
})

test('a feed cursor older than the log is answered with one snapshot, and a feed of nobody says what to use', async () => {
  await using acme = await tenant('ann:ADMIN')
  for (let at = 0; at < 3; at++) await record(acme.as('ann'), 'meeting_scheduled')
  await acme.settled()
  const { epoch } = (await acme.sql<{ epoch: string }>('select epoch from event_head'))[0]!
  const name = acme.node.db.addresses.owner.database!
  await asOwner(name, `delete from event_log where tenant_id = $1 and pos < (select max(pos) from event_log
    where tenant_id = $1)`, [acme.tenantId])
  const node = await testNode({ addresses: acme.node.db.addresses, relay: false }) // A node without memory of these events.
  const person = new Person(node.url, acme.as('ann').token)
  const stream = person.subscribe(FEED, { after: `${epoch}:1` })
  expect(await stream.next()).toMatchObject({ __typename: 'FeedSnapshot', reason: 'EXPIRED' })
  stream.close()
})

test('a bad token closes with 4401, and one subscription\'s end leaves the others', async () => {
  await using acme = await tenant('ann')
  const stranger = new Person(acme.node.url, 'not.a.token').subscribe('subscription { feed { __typename } }')
  await stranger.until(() => stranger.closedWith !== null)
  expect(stranger.closedWith).toMatchObject({ code: 4401 })
  const [one, two] = [acme.as('ann').subscribe(FEED), acme.as('ann').subscribe(FEED)]
  await Promise.all([one.next(), two.next()])
  one.close()
  await record(acme.as('ann'), 'meeting_scheduled')
  expect(await two.next()).toMatchObject({ items: [{ points: 50 }] })
  two.close()
})
