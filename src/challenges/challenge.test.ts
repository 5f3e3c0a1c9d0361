import { expect, test } from 'vitest'
import { type Person, RECORD, tenant, type TestTenant } from '../../test/harness.ts'
import { createDepartment, createTeam, createUser, leadTeam } from '../users/user.service.ts'
import { UserRole } from '../users/user.entity.ts'
import { uuidOf, wireId } from '../platform/ids.ts'
import { recordRevenue } from '../facts/revenue.service.ts'
import { reverseRevenue } from '../facts/refund.service.ts'

const CREATE = `mutation($input: ChallengeCreateInput!) { challengeCreate(input: $input) {
  challenge { id status rewardPoints timeZone measure { kind unit } tiers { kind from rewards { kind points amount name } } }
  userErrors { code message field } mark } }`
const SHOW = `query($id: ID!, $mark: Mark) { challenge(id: $id) { status
  standings(first: 100, atLeast: $mark) { nodes { rank value percent completedAt user { name } team { name } department { name }
    } } } }`
const FOLLOW = `subscription($id: ID!, $after: Cursor) { challenge(id: $id, after: $after) { __typename
  ... on ChallengeSnapshot { cursor reason standings { rank value percent user { name } } challenge { title } }
  ... on ChallengeDelta { after cursor marks left changes { rank value percent user { name } } } } }`
const enrolling = (field: string) =>
  `mutation($input: ChallengeEnrollInput!) { ${field}(input: $input) { challenge { viewerEnrollment { state } } mark
    userErrors { code field } } }`

/** Creates a challenge as ann and returns its id. */
async function created(acme: TestTenant, input: object): Promise<string> {
  const { challengeCreate } = await acme.as('ann').run(CREATE, { input: { title: 'Calls', days: 7, tiers: [], ...input } })
  expect(challengeCreate.userErrors).toEqual([])
  return challengeCreate.challenge.id
}

let key = 0
/** Records an activity of a person and returns the whole answer. */
async function record(person: Person, activityType: string, more: object = {}) {
  return (await person.run(RECORD, { input: { activityType, idempotencyKey: `challenge-key-${key++}`, ...more } })).activityRecord
}

const rowsOf = (answer: { challenge: { standings: { nodes: any[] } } }) => answer.challenge.standings.nodes // eslint-disable-line
  .map(({ rank, value, percent, user, team, department }) => [rank, (user ?? team ?? department).name, value, percent])

test('who joins is counted from the beginning, a reversal counts back, and reaching the target is told once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const id = await created(acme, {
    subject: 'USER', measure: { kind: 'ACTIVITIES', activityTypes: ['meeting_scheduled'] }, target: '2',
    tiers: [{ kind: 'TARGET', outcome: 'MET', rewards: [{ kind: 'POINTS', points: 100 }] }],
  })
  const [bob, cid] = [acme.as('bob'), acme.as('cid')]
  await record(bob, 'meeting_scheduled')
  await record(bob, 'team_support')
  expect((await bob.run(enrolling('challengeEnroll'), { input: { challengeId: id } })).challengeEnroll)
    .toEqual({ challenge: { viewerEnrollment: { state: 'ENROLLED' } }, mark: expect.any(String), userErrors: [] })
  await cid.run(enrolling('challengeEnroll'), { input: { challengeId: id } })
  expect(rowsOf(await bob.run(SHOW, { id }))).toEqual([[1, 'bob', '1', 50], [2, 'cid', '0', 0]])
  const { activity, mark } = await record(bob, 'meeting_scheduled')
  expect(rowsOf(await bob.run(SHOW, { id, mark }))).toEqual([[1, 'bob', '2', 100], [2, 'cid', '0', 0]])
  const { activityReverse } = await acme.as('ann').run(`mutation($id: ID!) { activityReverse(input: { activityId: $id,
    idempotencyKey: "back-again-1" }) { mark userErrors { code } } }`, { id: activity.id })
  expect(rowsOf(await bob.run(SHOW, { id, mark: activityReverse.mark }))).toEqual([[1, 'bob', '1', 50], [2, 'cid', '0', 0]])
  const again = await record(bob, 'meeting_scheduled')
  expect(rowsOf(await bob.run(SHOW, { id, mark: again.mark }))).toEqual([[1, 'bob', '2', 100], [2, 'cid', '0', 0]])
  expect((await acme.emitted()).filter(topic => topic === 'challenge.completed')).toHaveLength(1)
  const { feedMessages } = await bob.run(`{ feedMessages(scope: TENANT, kinds: [CHALLENGE_COMPLETED]) {
    ... on FeedSnapshot { items { text user { name } challenge { id } } } } }`)
  expect(feedMessages).toEqual([{ items: [{ text: 'bob reached the target of Calls.', user: { name: 'bob' },
    challenge: { id } }] }])
})

test('a race of departments counts revenue of their people as it stands, in the tenant\'s currency', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const north = await createDepartment(acme.actor(), 'North')
  const { team } = await createTeam(acme.actor(), { name: 'Blues', departmentId: north })
  const { user: eva } = await createUser(acme.actor(), {
    name: 'eva', email: `eva@${acme.slug}.example`, role: UserRole.MEMBER, teamId: team.id })
  const id = await created(acme, { subject: 'DEPARTMENT', measure: { kind: 'REVENUE' }, enrollment: 'ALL' })
  let deal = 0
  const sell = async (ownerId: string, amount: string, currency = 'EUR', daysAgo = 0) => (await recordRevenue(acme.actor(), [{
    amount: { amount, currency }, idempotencyKey: `race-deal-${deal++}`, ownerId,
    occurredAt: new Date(Date.now() - daysAgo * 86_400_000),
  }])).recordings[0] as { revenueId: string }
  await sell(acme.id('bob'), '100.50')
  await sell(acme.id('bob'), '900.00', 'USD')
  await sell(acme.id('bob'), '900.00', 'EUR', 3) // Before it began.
  const { revenueId } = await sell(wireId('User', eva.id), '300.00')
  await sell(wireId('User', eva.id), '99.99')
  const standings = async () => rowsOf(await acme.as('ann').run(SHOW, { id }))
  await expect.poll(standings).toEqual([[1, 'North', '399.99', null], [2, 'Sales', '100.5', null]])
  await reverseRevenue(acme.actor(), { revenueId, idempotencyKey: 'race-back-1' })
  await expect.poll(standings).toEqual([[1, 'Sales', '100.5', null], [2, 'North', '99.99', null]])
})

test('the stream begins with a snapshot, tells each count with its commits, resumes by cursor, and says who left', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const id = await created(acme, { subject: 'USER', measure: { kind: 'POINTS' }, target: '1000', enrollment: 'ALL' })
  const stream = acme.as('bob').subscribe(FOLLOW, { id })
  const all = ['ann', 'bob', 'cid'].map(name => ({ rank: 1, value: '0', percent: 0, user: { name } }))
  const first = await stream.next()
  expect(first).toMatchObject({ __typename: 'ChallengeSnapshot', reason: 'FIRST', challenge: { title: 'Calls' } })
  expect(first.standings).toHaveLength(3)
  expect(first.standings).toEqual(expect.arrayContaining(all))
  const { mark } = await record(acme.as('bob'), 'proposal_accepted')
  const delta = await stream.next()
  expect(delta).toMatchObject({ __typename: 'ChallengeDelta', left: [] })
  expect(delta.marks).toContain(mark)
  expect(delta.changes).toEqual([
    { rank: 1, value: '150', percent: 15, user: { name: 'bob' } },
    ...delta.changes.slice(1).map(({ user }: { user: object }) => ({ rank: 2, value: '0', percent: 0, user })),
  ])
  stream.close()
  await acme.as('cid').run(enrolling('challengeOptOut'), { input: { challengeId: id } })
  const resumed = acme.as('ann').subscribe(FOLLOW, { id, after: delta.cursor })
  expect(await resumed.next()).toMatchObject({ __typename: 'ChallengeDelta', after: delta.cursor, left: [acme.id('cid')],
    changes: [] })
  resumed.close()
  const { challengeMessages } = await acme.as('ann').run(`query($id: ID!, $after: Cursor) { challengeMessages(id: $id, after:
    $after) {
    __typename } }`, { id, after: delta.cursor })
  expect(challengeMessages).toEqual([{ __typename: 'ChallengeDelta' }])
  // Of whoever has left nothing counts any longer.
  await record(acme.as('cid'), 'new_client_signed')
  const { mark: last } = await record(acme.as('ann'), 'team_support')
  expect(rowsOf(await acme.as('ann').run(SHOW, { id, mark: last }))).toEqual([[1, 'bob', '150', 15], [2, 'ann', '25', 2.5]])
})

test('a metric counts by its mean, rounded half-up, and a correction corrects it', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const id = await created(acme, {
    subject: 'TEAM', enrollment: 'ALL', target: '4.8',
      measure: { kind: 'METRIC', metric: 'client_satisfaction', take: 'AVERAGE' },
  })
  const at = new Date().toISOString()
  const measure = (value: string, n: number, more = '') => acme.as('ann').run(`mutation { metricRecord(input: {
    metric: "client_satisfaction", value: "${value}", teamId: "${wireId('Team',
      acme.teamId)}", idempotencyKey: "metric-key-${n}" ${more} }) {
    mark userErrors { code } } }`)
  await measure('4.9', 1)
  const { metricRecord } = await measure('4.5', 2, `at: "${at}"`)
  expect(rowsOf(await acme.as('ann').run(SHOW, { id, mark: metricRecord.mark }))).toEqual([[1, 'Reds', '4.7', 97.92]])
  const corrected = await measure('4.7', 3, `at: "${at}"`)
  expect(rowsOf(await acme.as('ann').run(SHOW, { id, mark: corrected.metricRecord.mark }))).toEqual([[1, 'Reds', '4.8', 100]])
  // A mean may fall again: reaching it is no news before the end.
  expect(await acme.emitted()).not.toContain('challenge.completed')
})

test('who is invited is told, answers for themself or what they lead, and who is not invited stays out', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'mia:MANAGER')
  const people = await created(acme, {
    subject: 'USER', measure: { kind: 'DEALS' }, enrollment: 'INVITED', subjectIds: [acme.id('bob')] })
  const join = enrolling('challengeEnroll')
  const refusedFor = async (name: string, input: object) => (await acme.as(name).run(join, { input })).challengeEnroll
  expect(await refusedFor('cid', { challengeId: people })).toMatchObject({ mark: null,
    userErrors: [{ code: 'FORBIDDEN', field: ['challengeId'] }] })
  expect(await refusedFor('cid', { challengeId: people, subjectId: acme.id('bob') }))
    .toMatchObject({ mark: null, userErrors: [{ code: 'FORBIDDEN', field: ['subjectId'] }] })
  const invited = await acme.as('bob').run(`{ challenges(mine: true) { nodes { id viewerEnrollment { state user { name } } } }
    feedMessages(kinds: [CHALLENGE_INVITED]) { ... on FeedSnapshot { items { text } } } }`)
  expect(invited).toEqual({
    challenges: { nodes: [{ id: people, viewerEnrollment: { state: 'INVITED', user: { name: 'bob' } } }] },
    feedMessages: [{ items: [{ text: 'bob is invited to a challenge: Calls.' }] }],
  })
  const teams = await created(acme, { subject: 'TEAM', measure: { kind: 'DEALS' } })
  expect(await refusedFor('mia', { challengeId: teams })).toMatchObject({ userErrors: [{ code: 'NOT_FOUND',
    field: ['subjectId'] }] })
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuidOf('User', acme.id('mia'))! })
  expect(await refusedFor('mia', { challengeId: teams })).toMatchObject({ mark: expect.any(String), userErrors: [] })
  expect(await refusedFor('mia', { challengeId: teams })).toMatchObject({ mark: null, userErrors: [] })
  expect(await acme.sql('select state from challenge_enrollment order by state')).toEqual([{ state: 'ENROLLED' },
    { state: 'INVITED' }])
  const again = await acme.as('ann').run(`mutation($input: ChallengeInviteInput!) { challengeInvite(input: $input) { mark
    userErrors { code } } }`,
    { input: { challengeId: people, subjectIds: [acme.id('bob'), acme.id('cid')] } })
  expect(again.challengeInvite).toMatchObject({ mark: expect.any(String), userErrors: [] })
  expect(await refusedFor('cid', { challengeId: people })).toMatchObject({ userErrors: [] })
})

test('a challenge that cannot be is refused with what to mend, and nothing is written', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenant('eve:ADMIN')
  const refused = async (input: object) => (await acme.as('ann').run(CREATE, {
    input: { title: 'Calls', days: 7, subject: 'USER', measure: { kind: 'DEALS' }, tiers: [],
      ...input } })).challengeCreate.userErrors
  expect(await refused({ measure: { kind: 'METRIC', metric: 'constructor', take: 'LAST' } }))
    .toEqual([{ code: 'NOT_FOUND', message: 'There is no metric "constructor".', field: ['measure'] }])
  expect(await refused({ measure: { kind: 'METRIC', metric: 'client_satisfaction' } })).toMatchObject([{ code: 'INVALID',
    field: ['measure', 'take'] }])
  expect(await refused({ measure: { kind: 'ACTIVITIES',
    activityTypes: ['nothing_at_all'] } })).toMatchObject([{ code: 'NOT_FOUND' }])
  expect(await refused({ subjectIds: [rival.id('eve')] })).toMatchObject([{ code: 'NOT_FOUND', field: ['subjectIds'] }])
  expect(await refused({ tiers: [{ kind: 'RANK', from: 1, to: 1, rewards: [{ kind: 'CASH', amount: '1.005' }] }] }))
    .toMatchObject([{ code: 'INVALID', field: ['tiers', '0', 'rewards', '0', 'amount'] }])
  expect(await refused({ links: [{ title: 'Look', url: 'javascript:alert(1)' }] })).toMatchObject([{ code: 'INVALID' }])
  expect(await acme.sql('select 1 from challenge')).toEqual([])
  expect((await acme.emitted()).filter(topic => topic.startsWith('challenge.'))).toEqual([])
  const id = await created(acme, { subject: 'USER', measure: { kind: 'DEALS' }, enrollment: 'ALL' })
  expect(await rival.as('eve').run(SHOW, { id })).toEqual({ challenge: null })
  const foreign = await rival.as('eve').run(enrolling('challengeEnroll'), { input: { challengeId: id } })
  expect(foreign.challengeEnroll).toMatchObject({ mark: null, userErrors: [{ code: 'NOT_FOUND', field: ['challengeId'] }] })
})

test('a challenge that is called off is over: nobody joins, nothing counts, and its followers are told', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const id = await created(acme, { subject: 'USER', measure: { kind: 'POINTS' }, enrollment: 'OPEN', days: 3 })
  const stream = acme.as('bob').subscribe('subscription($id: ID!) { challenge(id: $id) { ... on ChallengeDelta { challenge { '
    + 'status } } } }', { id })
  await stream.next()
  const cancel = async () => (await acme.as('ann').run(`mutation($id: ID!) { challengeCancel(input: { challengeId: $id }) {
    challenge { status } mark userErrors { code } } }`, { id })).challengeCancel
  expect(await cancel()).toEqual({ challenge: { status: 'CANCELED' }, mark: expect.any(String), userErrors: [] })
  expect(await stream.next()).toEqual({ challenge: { status: 'CANCELED' } })
  stream.close()
  expect(await cancel()).toMatchObject({ mark: null, userErrors: [] })
  const late = await acme.as('bob').run(enrolling('challengeEnroll'), { input: { challengeId: id } })
  expect(late.challengeEnroll).toMatchObject({ mark: null, userErrors: [{ code: 'ALREADY_DECIDED' }] })
  expect(await acme.sql('select 1 from challenge_enrollment')).toEqual([])
})
