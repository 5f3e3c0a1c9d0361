import { expect, test } from 'vitest'
import { RECORD, sharedNode, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { booksOf, expectBooksAgree } from '../../test/ledger.ts'
import { LeaderboardPeriod, LeaderboardSubject, TieRule } from '../leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../leaderboards/leaderboard.service.ts'
import { wireId } from '../platform/ids.ts'
import { recordInputs } from './intake.service.ts'

const CONNECTIONS = 16
const REVERSE = `mutation($input: ActivityReverseInput!) {
  activityReverse(input: $input) { idempotencyHit userErrors { code } } }`

/** Sends all at once, 16 of them in flight at any moment; answers come in the order of the inputs. */
async function atOnce<Input, Output>(
  inputs: readonly Input[], send: (input: Input, at: number) => Promise<Output>,
): Promise<Output[]> {
  const outputs: Output[] = []
  let next = 0
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let at = next++; at < inputs.length; at = next++) outputs[at] = await send(inputs[at]!, at)
  }))
  return outputs
}

interface Answer {
  activity: { id: string } | null; duplicate: boolean; idempotencyHit: boolean; userErrors: { code: string }[]
  mark: string | null
}
const verdictOf = ({ duplicate, idempotencyHit, userErrors: [refusal] }: Answer) =>
  refusal?.code ?? (duplicate ? 'DUPLICATE' : idempotencyHit ? 'HIT' : 'NEW')
const times = <T>(length: number, make: (at: number) => T) => Array.from({ length }, (_, at) => make(at))
const sendAs = (acme: TestTenant, name: string) =>
  async (input: object): Promise<Answer> => (await acme.as(name).run(RECORD, { input })).activityRecord

/** Counts the answers by what they are. */
function tally(answers: Answer[]): Record<string, number> {
  return Object.fromEntries(Object.entries(Object.groupBy(answers, verdictOf)).map(([verdict, same]) => [verdict, same!.length]))
}

test('the same key 48 times at once is one activity', async () => {
  await using acme = await tenant('ann')
  const answers = await atOnce(
    times(48, () => ({ activityType: 'meeting_scheduled', idempotencyKey: 'once-and-only' })), sendAs(acme, 'ann'))
  expect(tally(answers)).toEqual({ NEW: 1, HIT: 47 })
  expect(new Set(answers.map(({ activity }) => activity!.id)).size).toBe(1)
  expect(answers.filter(({ mark }) => mark)).toHaveLength(1)
  expect(await booksOf(acme)).toEqual({ activities: 1, entries: 1, keys: 1, sources: 0, reversals: 0, events: 1 })
  expect(await acme.points('ann')).toBe(50)
  await expectBooksAgree(acme)
})

test('POINT-R2: the same source fact 48 times at once by different keys is one activity, and only its key is used', async () => {
  await using acme = await tenant('ann')
  const fact = { activityType: 'proposal_accepted', source: 'crm', sourceId: 'deal-7' }
  const answers = await atOnce(times(48, at => ({ ...fact, idempotencyKey: `channel-${at}-key` })), sendAs(acme, 'ann'))
  expect(tally(answers)).toEqual({ NEW: 1, DUPLICATE: 47 })
  expect(new Set(answers.map(({ activity }) => activity!.id)).size).toBe(1)
  expect(await booksOf(acme)).toEqual({ activities: 1, entries: 1, keys: 1, sources: 1, reversals: 0, events: 1 })
  await expectBooksAgree(acme)
})

test('one key at once for several people records one of them and refuses the others', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'carol', 'dan', 'eve')
  for (const round of times(6, at => at)) {
    // Different people take different locks: only the unique key itself can tell.
    const inputs = times(16, at => ({
      activityType: 'team_support', idempotencyKey: `round-${round}-key`,
      userId: acme.id(['bob', 'carol', 'dan', 'eve'][at % 4]!),
    }))
    const answers = await atOnce(inputs, sendAs(acme, 'ann'))
    expect(tally(answers)).toEqual({ NEW: 1, HIT: 3, IDEMPOTENCY_CONFLICT: 12 })
  }
  expect(await booksOf(acme)).toEqual({ activities: 6, entries: 6, keys: 6, sources: 0, reversals: 0, events: 6 })
  await expectBooksAgree(acme)
})

test('120 awards at once for one person add up, numbered in commit order', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const types = ['team_support', 'meeting_scheduled', 'team_mentoring', 'proposal_accepted'] // 25 + 50 + 100 + 150
  const answers = await atOnce(
    times(120, at => ({ activityType: types[at % 4]!, idempotencyKey: `award-${at}-key`, userId: acme.id('bob') })),
    sendAs(acme, 'ann'))
  expect(tally(answers)).toEqual({ NEW: 120 })
  expect(await acme.points('bob')).toBe(30 * 325)
  expect(await booksOf(acme)).toEqual({ activities: 120, entries: 120, keys: 120, sources: 0, reversals: 0, events: 120 })
  await expectBooksAgree(acme)
})

test('a reversal beside awards and beside itself is one reversal', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const send = sendAs(acme, 'ann')
  for (const round of times(4, at => at)) {
    const { activity } = await send({
      activityType: 'new_client_signed', idempotencyKey: `round-${round}-key`, userId: acme.id('bob'),
    })
    // Four keys, three times each.
    const reversals = times(12, at => ({ activityId: activity!.id, idempotencyKey: `round-${round}-${at % 4}` }))
    const awards = times(
      12, at => ({ activityType: 'team_support', idempotencyKey: `beside-${round}-${at}`, userId: acme.id('bob') }))
    const works = times(24, at => (at % 2 ? reversals[at >> 1]! : awards[at >> 1]!))
    const answers = await atOnce(
      works,
      async work => 'activityId' in work ? (await acme.as('ann').run(REVERSE, { input: work })).activityReverse : send(work))
    expect(tally(answers.filter((_, at) => at % 2 === 0))).toEqual({ NEW: 12 })
    expect(tally(answers.filter((_, at) => at % 2 === 1))).toEqual({ NEW: 1, HIT: 2, ALREADY_REVERSED: 9 })
    expect(await acme.points('bob')).toBe((round + 1) * 300)
  }
  expect(await booksOf(acme)).toEqual({ activities: 52, entries: 56, keys: 56, sources: 0, reversals: 4, events: 56 })
  await expectBooksAgree(acme)
})

test('batches that share people in opposite order all come through, and none is a victim of a deadlock', async () => {
  const node = await sharedNode()
  const states: string[] = []
  node.db.pool.on('connect', client => {
    const { connection } =
      client as unknown as { connection: { on(event: 'errorMessage', listener: (message: { code: string }) => void): void } }
    connection.on('errorMessage', ({ code }) => states.push(code))
  })
  // New connections only, so that every one is listened to.
  const idle = await Promise.all(times(CONNECTIONS, () => node.db.pool.connect()))
  for (const client of idle) client.release(true)
  const names = times(20, at => `user${at}`)
  await using acme = await tenant(...names)
  await atOnce(times(96, at => at), at => {
    const order = at % 2 ? names : names.toReversed()
    const turned = [...order.slice(at % 7), ...order.slice(0, at % 7)]
    return recordInputs(
      acme.actor(),
      turned.map(name => ({ activityType: 'team_support', idempotencyKey: `batch-${at}-${name}`, userId: acme.id(name) })))
  })
  expect(states).toEqual([])
  for (const name of names) expect(await acme.points(name)).toBe(96 * 25)
  expect(await booksOf(acme)).toEqual({ activities: 1_920, entries: 1_920, keys: 1_920, sources: 0, reversals: 0, events: 96 })
  await expectBooksAgree(acme)
})

test('batches that carry the same keys and facts in opposite order write each once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'carol')
  const facts = times(40, at => ({
    activityType: 'team_support', source: 'crm', sourceId: `deal-${at}`, userId: acme.id(at % 2 ? 'bob' : 'carol'),
  }))
  const answers = await atOnce(times(32, at => at), async at => {
    // Even batches share their keys; odd ones bring keys of their own for the same facts.
    const items = facts.map((fact, place) => ({ ...fact, idempotencyKey: at % 2 ? `own-${at}-${place}` : `shared-${place}-key` }))
    const { recordings } = await recordInputs(acme.actor('ann'), at % 4 < 2 ? items : items.toReversed())
    return recordings.filter(({ kind }) => kind === 'NEW').length
  })
  expect(answers.reduce((sum, fresh) => sum + fresh, 0)).toBe(40)
  expect(await booksOf(acme)).toMatchObject({ activities: 40, entries: 40, keys: 40, sources: 40 })
  await expectBooksAgree(acme)
})

test('equal points stand in the order in which they were reached, as committed', async () => {
  const names = times(12, at => `user${at}`)
  await using acme = await tenant('ann:ADMIN', ...names)
  const { leaderboard } = await createLeaderboard(acme.actor(), {
    name: 'All', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.ALL_TIME, tieRule: TieRule.ORDINAL })
  // Everybody reaches 100 points in four awards, all mixed up.
  const awards = times(
    48, at => ({ activityType: 'team_support', idempotencyKey: `tie-${at}-key`, userId: acme.id(names[at % 12]!) }))
  await atOnce(awards, sendAs(acme, 'ann'))
  const { mark } = await sendAs(acme, 'ann')({
    activityType: 'team_support', idempotencyKey: 'one-goes-ahead', userId: acme.id('user5'),
  })
  const expected = await acme.sql<{ id: string; points: number }>(`select user_id as id, points from user_points
    where points > 0 order by points desc, last_seq`)
  expect(expected.map(({ points }) => points)).toEqual([125, ...times(11, () => 100)])
  expect(expected[0]!.id).toBe(uuid('User', acme.id('user5')))
  await expectBooksAgree(acme)
  const { standings } = (await acme.as('ann').run(`query($id: ID!, $mark: Mark) { leaderboard(id: $id) {
    standings(first: 100, atLeast: $mark) {
      nodes { rank points user { id } } } } }`, { id: wireId('Leaderboard', leaderboard.id), mark })).leaderboard
  expect(standings.nodes).toEqual(
    expected.map(({ id, points }, at) => ({ rank: at + 1, points, user: { id: wireId('User', id) } })))
})

test('commands of several people that share a transaction are each judged, keyed and told by themselves', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob:MANAGER', 'carol', 'dan')
  // All use the same key: it belongs to who sends it. Only the admin may record for the others; bob leads nobody.
  const senders = times(32, at => ['ann', 'bob', 'carol', 'dan'][at % 4]!)
  const answers = await Promise.all(senders.map((name, at) => sendAs(acme, name)({
    activityType: 'team_support', idempotencyKey: `shared-${at >> 3}-key`, userId: acme.id(at % 8 < 4 ? name : 'dan'),
  })))
  const own = (name: string) => tally(answers.filter((_, at) => senders[at] === name))
  expect(own('ann')).toEqual({ NEW: 4, IDEMPOTENCY_CONFLICT: 4 })
  expect(own('bob')).toEqual({ NEW: 4, FORBIDDEN: 4 })
  expect(own('carol')).toEqual({ NEW: 4, FORBIDDEN: 4 })
  expect(own('dan')).toEqual({ NEW: 4, HIT: 4 })
  const marks = answers.map(({ mark }) => mark).filter(mark => mark !== null)
  expect(new Set(marks).size).toBe(16)
  expect(await booksOf(acme)).toEqual({ activities: 16, entries: 16, keys: 16, sources: 0, reversals: 0, events: 16 })
  await expectBooksAgree(acme)
})
