import { expect, test } from 'vitest'
import { RECORD, sharedNode, tenant, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { type ChallengeWish, type Tier } from '../challenges/challenge.rules.ts'
import { createChallenge } from '../challenges/challenge.service.ts'
import { dayAfter, localDay, periodRange } from '../platform/time.ts'
import { randomFrom } from '../demo.seed.ts'
import { wireId } from '../platform/ids.ts'
import { challengeSettleJob } from './settlement.jobs.ts'
import { settleChallenge } from './settlement.service.ts'

const DAY_MS = 86_400_000
/** When a challenge that ended so many local days ago is settled. The node's own job does not get there within a test. */
const dueAt = (endedDaysAgo: number) =>
  periodRange('DAILY', ZONE, dayAfter(localDay(ZONE, Date.now()).day, 1 - endedDaysAgo)).startMs
const later = (acme: TestTenant) => acme.actor(undefined, new Date(dueAt(0)))
const ZONE = 'Europe/Berlin'
const TIERS: Tier[] = [
  { when: { kind: 'RANK', from: 1, to: 1 }, title: 'Champions',
    rewards: [{ kind: 'POINTS', points: 1_000 }, { kind: 'CASH', amount: '5000.00' }] },
  { when: { kind: 'RANK', from: 2, to: 2 }, rewards: [{ kind: 'POINTS', points: 750 }] },
]

/**
 * Sets a challenge of three days that ended `endedDaysAgo` local days ago, as if it had been set on its first day; returns its
 * uuid.
 */
async function past(acme: TestTenant, wish: Partial<ChallengeWish> = {}, endedDaysAgo = 0): Promise<string> {
  const today = localDay(ZONE, Date.now())
  const startsOn = dayAfter(today.day, -endedDaysAgo - 3)
  const actor = acme.actor(undefined, new Date(Date.now() - (endedDaysAgo + 2) * DAY_MS))
  const { challengeId } = await createChallenge(actor, {
    kind: 'TEAM', series: 'sprint', title: 'Sprint', description: '', subject: 'USER', measure: { kind: 'POINTS' },
      goal: 'AT_LEAST',
    target: null, baseline: null, enrollment: 'ALL', tieRule: 'COMPETITION', payout: 'OWN', tiers: TIERS, links: [],
      difficulty: null,
    days: 3, templateId: null, onlySubject: null, subjectIds: null, ...wish, startsOn,
  })
  return challengeId
}

let key = 0
async function record(acme: TestTenant, name: string, activityType: string, daysAgo: number, atMs = 0) {
  const occurredAt = new Date(Date.now() - daysAgo * DAY_MS + atMs).toISOString()
  const { activityRecord } = await acme.as('ann').run(RECORD, {
    input: { activityType, userId: acme.id(name), occurredAt, idempotencyKey: `settle-key-${key++}` } })
  expect(activityRecord.userErrors).toEqual([])
  return activityRecord as { activity: { id: string }; mark: string }
}

const END = `query($id: ID!) { challenge(id: $id) { status settlement { subjectCount
  results(first: 100) { nodes { position rank value tier points user { name } team { name } } } }
  corrections { nodes { valueBefore value rankBefore rank tierBefore tier user { name } } } } }`
const chl = (id: string) => wireId('Challenge', id)
const end = async (acme: TestTenant, id: string) => (await acme.as('ann').run(END, { id: chl(id) })).challenge

test('a challenge is settled once, a day after its end, and pays its winners with everybody who follows told', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const [id, running] = [await past(acme), await past(acme, {}, -2)]
  await record(acme, 'bob', 'new_client_signed', 1)
  await record(acme, 'cid', 'meeting_scheduled', 2)
  await record(acme, 'cid', 'new_client_signed', 0) // After the end.
  const before = await acme.points('bob')
  const stream = acme.as('bob').subscribe('subscription($id: ID!) { challenge(id: $id) { ... on ChallengeDelta { challenge { '
    + 'status } } } }',
    { id: chl(id) })
  await stream.next()
  // Before 24 hours have passed since the end nothing happens.
  await challengeSettleJob.run(acme.actor(undefined, new Date(dueAt(0) - 1)))
  expect((await end(acme, id)).status).toBe('ENDED')
  await Promise.all([challengeSettleJob.run(later(acme)), challengeSettleJob.run(later(acme)), settleChallenge(later(acme), id)])
  expect(await end(acme, id)).toMatchObject({
    status: 'SETTLED', corrections: { nodes: [] },
    settlement: { subjectCount: 3, results: { nodes: [
      { position: 1, rank: 1, value: '500', tier: 0, points: 1_000, user: { name: 'bob' } },
      { position: 2, rank: 2, value: '50', tier: 1, points: 750, user: { name: 'cid' } },
      { position: 3, rank: 3, value: '0', tier: null, points: 0, user: { name: 'ann' } },
    ] } },
  })
  await stream.until(() => stream.messages.some(({ challenge }) => challenge?.status === 'SETTLED'))
  stream.close()
  expect(await acme.points('bob')).toBe(before + 1_000)
  const topics = await acme.emitted()
  expect(topics.filter(topic => topic === 'challenge.settled')).toHaveLength(1)
  expect(topics.filter(topic => topic === 'points.granted')).toHaveLength(1)
  expect(await acme.sql('select (select count(*)::int from challenge_settlement) as once, (select count(*)::int from '
    + 'challenge_result) as rows'))
    .toEqual([{ once: 1, rows: 3 }])
  const { feedMessages } = await acme.as('bob').run('{ feedMessages(kinds: [CHALLENGE_WON]) { ... on FeedSnapshot { items { '
    + 'text } } } }')
  expect(feedMessages).toEqual([{ items: [{ text: 'bob ended Sprint at rank 1: Champions, 1,000 points.' }] }])
  // Points that a challenge paid are no points of another.
  const { mark } = await record(acme, 'bob', 'team_support', 0)
  const { challenge } = await acme.as('bob').run(`query($id: ID!, $mark: Mark) { challenge(id: $id) {
    standings(atLeast: $mark) { nodes { value user { name } } } } }`, { id: chl(running), mark })
  expect(challenge.standings.nodes).toContainEqual({ value: '525', user: { name: 'bob' } })
})

test('what comes or is taken back after the settlement is written down as a correction, and what was paid stays', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const id = await past(acme)
  const { activity } = await record(acme, 'bob', 'new_client_signed', 1)
  await record(acme, 'cid', 'meeting_scheduled', 2)
  await challengeSettleJob.run(later(acme))
  await acme.settled()
  const [bob, cid] = [await acme.points('bob'), await acme.points('cid')]
  await acme.as('ann').run(`mutation($id: ID!) { activityReverse(input: { activityId: $id, idempotencyKey: "too-late-2" }) {
    mark } }`,
    { id: activity.id })
  const found = async () => (await end(acme, id)).corrections.nodes
    .map((row: { user: { name: string } }) => ({ ...row, user: row.user.name }))
    .sort((one: { user: string }, other: { user: string }) => one.user < other.user ? -1 : 1)
  await expect.poll(found, { timeout: 10_000 }).toEqual([
    { user: 'ann', valueBefore: '0', value: '0', rankBefore: 3, rank: 2, tierBefore: null, tier: null },
    { user: 'bob', valueBefore: '500', value: '0', rankBefore: 1, rank: 2, tierBefore: 0, tier: null },
    { user: 'cid', valueBefore: '50', value: '50', rankBefore: 2, rank: 1, tierBefore: 1, tier: 0 },
  ])
  expect([await acme.points('bob'), await acme.points('cid')]).toEqual([bob - 500, cid])
  expect((await end(acme, id)).settlement.results.nodes[0]).toMatchObject({ rank: 1, value: '500', user: { name: 'bob' } })
  expect((await acme.emitted()).filter(topic => topic === 'challenge.corrected')).toHaveLength(1)
  expect(await acme.sql('select count(*)::int as rows from challenge_correction')).toEqual([{ rows: 3 }])
  // Something that changes nothing in it is no correction.
  const { mark } = await record(acme, 'bob', 'team_support', 0)
  expect(mark).toEqual(expect.any(String))
  await acme.emitted()
  await new Promise(resolve => setTimeout(resolve, 1_500))
  expect((await acme.emitted()).filter(topic => topic === 'challenge.corrected')).toHaveLength(1)
})

test('a team\'s points go to its own account, or to its people as the challenge says, once each (A-08)', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const [own, each, split] = [
    await past(acme, { subject: 'TEAM', payout: 'OWN' }), await past(acme, { subject: 'TEAM', payout: 'EACH_USER' }),
    await past(acme, { subject: 'TEAM', payout: 'SPLIT_EQUAL' }),
  ]
  await record(acme, 'bob', 'meeting_scheduled', 1)
  const before = await Promise.all(['ann', 'bob', 'cid'].map(name => acme.points(name)))
  for (const id of [own, each, split]) await settleChallenge(later(acme), id)
  const after = await Promise.all(['ann', 'bob', 'cid'].map(name => acme.points(name)))
  const gained = after.map((points, at) => points - before[at]!).sort()
  expect(gained).toEqual([1_333, 1_333, 1_334])
  const { teams } = await acme.as('bob').run('{ teams { nodes { name challengePoints } } }')
  expect(teams.nodes).toEqual([{ name: 'Reds', challengePoints: 1_000 }])
})

test('a judged challenge waits for its verdicts, and the last judgement counts (TCHAL-3)', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const id = await past(acme, {
    measure: { kind: 'JUDGED', verdicts: ['best', 'done'] },
    tiers: [{ when: { kind: 'VERDICT', verdict: 'best' }, rewards: [{ kind: 'POINTS', points: 1_500 }] },
      { when: { kind: 'VERDICT', verdict: 'done' }, rewards: [{ kind: 'POINTS', points: 500 }] }],
  })
  await challengeSettleJob.run(later(acme))
  expect(await end(acme, id)).toMatchObject({ status: 'ENDED', settlement: null })
  const judge = async (...verdicts: [name: string, verdict: string][]) => (await acme.as('ann').run(
    'mutation($input: ChallengeJudgeInput!) { challengeJudge(input: $input) { mark userErrors { code field } } }', { input: {
      challengeId: chl(id), verdicts: verdicts.map(([name, verdict]) => ({ subjectId: acme.id(name),
        verdict })) } })).challengeJudge
  expect(await judge(['bob', 'worst'])).toEqual({ mark: null,
    userErrors: [{ code: 'INVALID', field: ['verdicts', '0', 'verdict'] }] })
  expect(await acme.sql('select 1 from challenge_judgement')).toEqual([])
  expect(await judge(['bob', 'best'])).toEqual({ mark: expect.any(String), userErrors: [] })
  expect(await judge(['cid', 'best'], ['bob', 'done'])).toEqual({ mark: expect.any(String), userErrors: [] })
  await challengeSettleJob.run(later(acme))
  expect(await Promise.all(['ann', 'bob', 'cid'].map(name => acme.points(name)))).toEqual([0, 500, 1_500])
  expect(await judge(['bob', 'best'])).toEqual({ mark: null, userErrors: [{ code: 'ALREADY_DECIDED', field: ['challengeId'] }] })
})

test('what is no points waits for another person, and is fulfilled only after that (A-09)', async () => {
  await using acme = await tenant('ann:ADMIN', 'fay:FINANCE', 'bob')
  await past(acme)
  await acme.sql('update challenge set created_by = $1', [uuid('User', acme.id('ann'))])
  await record(acme, 'bob', 'meeting_scheduled', 1)
  await challengeSettleJob.run(later(acme))
  const listed = async (name: string, state: string) => (await acme.as(name).run(`{ challengeGrants(state: ${state}) { nodes {
    id state title reward { kind amount } user { name } decidedBy { name } } } }`)).challengeGrants.nodes
  const [grant] = await listed('bob', 'GRANTED')
  expect(grant).toMatchObject({ title: 'Champions', reward: { kind: 'CASH', amount: '5000.00' }, user: { name: 'bob' },
    decidedBy: null })
  const move = async (name: string, verb: string) => (await acme.as(name).ask(
    `mutation($id: ID!) { challengeGrant${verb}(input: { grantId: $id, note: "By the book." }) { grant { state } userErrors {
      code } } }`, { id: grant.id }))
  expect((await move('bob', 'Approve')).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect((await move('ann', 'Approve')).data.challengeGrantApprove.userErrors).toEqual([{ code: 'FORBIDDEN' }])
  expect((await move('fay', 'Fulfill')).data.challengeGrantFulfill.userErrors).toEqual([{ code: 'ALREADY_DECIDED' }])
  expect(await listed('fay', 'GRANTED')).toHaveLength(1)
  expect((await move('fay', 'Approve')).data.challengeGrantApprove).toEqual({ grant: { state: 'APPROVED' }, userErrors: [] })
  expect((await move('fay', 'Reject')).data.challengeGrantReject.userErrors).toEqual([{ code: 'ALREADY_DECIDED' }])
  expect((await move('fay', 'Fulfill')).data.challengeGrantFulfill).toEqual({ grant: { state: 'FULFILLED' }, userErrors: [] })
  expect(await listed('fay', 'APPROVED')).toEqual([])
  expect((await acme.emitted()).filter(topic => topic.startsWith('challenge_grant.'))).toEqual(['challenge_grant.decided',
    'challenge_grant.fulfilled'])
})

test('the same facts in any order settle the same, reversals and late ones included (seeded)', async () => {
  const seed = 20_261_125
  const NAMES = ['ann:ADMIN', 'bob', 'cid', 'dan']
  const TYPES = ['meeting_scheduled', 'proposal_accepted', 'team_support', 'knowledge_sharing', 'new_client_signed']
  const random = randomFrom(seed)
  // Of each fact: whose, what, when (some before, some after the window), and whether it is taken back later.
  const facts = Array.from({ length: 24 }, (_, at) => ({
    name: NAMES[Math.floor(random() * 4)]!.split(':')[0]!, type: TYPES[Math.floor(random() * 5)]!, daysAgo: 2
      + Math.floor(random() * 5),
    atMs: at * 1_000, isReversed: random() < 0.25,
  }))
  const node = await sharedNode()
  const settled = []
  for (const order of [facts, facts.toReversed(), facts.toSorted((one, other) => one.type < other.type ? -1 : 1)]) {
    await using acme = await tenantOn(node, { timeZone: ZONE }, ...NAMES)
    const ids = [
      await past(acme, { tieRule: 'ORDINAL' }), await past(acme,
        { measure: { kind: 'ACTIVITIES', categories: ['collaboration_excellence'] } }),
      await past(acme, { measure: { kind: 'COMBINED',
        of: [{ kind: 'POINTS' }, { kind: 'ACTIVITIES', activityTypes: ['team_support'] }] } }),
    ]
    for (const { name, type, daysAgo, atMs, isReversed } of order) {
      const { activity } = await record(acme, name, type, daysAgo, atMs)
      if (isReversed) {
        await acme.as('ann').run('mutation($id: ID!, $key: String!) { activityReverse(input: { activityId: $id, '
          + 'idempotencyKey: $key }) { mark } }',
          { id: activity.id, key: `order-back-${key++}` })
      }
    }
    await challengeSettleJob.run(later(acme))
    const byName = (nodes: { user: { name: string }; position: number }[]) =>
      nodes.map(({ position: _, user, ...row }) => [user.name, row]).sort()
    settled.push(await Promise.all(ids.map(async id => byName((await end(acme, id)).settlement.results.nodes))))
  }
  expect(settled[1], `seed ${seed}`).toEqual(settled[0])
  expect(settled[2], `seed ${seed}`).toEqual(settled[0])
  expect(settled[0]![0]!.length).toBe(4)
})
