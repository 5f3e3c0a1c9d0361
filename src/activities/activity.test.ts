import { expect, test } from 'vitest'
import { type Person, RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { booksOf, expectBooksAgree, writingNothing } from '../../test/ledger.ts'
import { pointsFor } from './activity.rules.ts'
import { bodyHashOf } from './intake.service.ts'

const record = async (person: Person, input: object) => (await person.run(RECORD, { input })).activityRecord

test('an activity pays its points once, whatever repeats it', async () => {
  await using acme = await tenant('ann', 'bob')
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'first-meeting' }
  const first = await record(acme.as('ann'), input)
  expect(first).toMatchObject({
    activity: {
      type: { key: 'meeting_scheduled', points: 50 }, user: { id: acme.id('ann') }, quantity: 1, pointEntries: [{ points: 50 }],
    },
    duplicate: false, idempotencyHit: false, userErrors: [],
  })
  const again = await record(acme.as('ann'), input)
  expect(again).toMatchObject({ activity: { id: first.activity.id }, idempotencyHit: true, mark: null })
  expect(await acme.points('ann')).toBe(50)
  expect((await acme.emitted()).filter(topic => topic === 'activity.recorded')).toHaveLength(1)
})

// POINT-01..25 in the order of the catalogue.
const CATALOGUE: [category: string, sum: number, types: [key: string, points: number][]][] = [
  ['revenue_generation', 1_200, [
    ['new_client_signed', 500], ['upsell_completion', 300], ['referral_generated', 200], ['proposal_accepted', 150],
    ['meeting_scheduled', 50]]],
  ['quality_performance', 575, [
    ['client_satisfaction_5star', 200], ['zero_defect_delivery', 150], ['process_improvement', 100], ['knowledge_sharing', 75],
    ['mentor_recognition', 50]]],
  ['efficiency_achievements', 625, [
    ['deadline_beat_by_week', 100], ['automation_implemented', 200], ['cost_reduction_achieved', 150],
    ['time_saving_innovation', 100],
    ['workflow_optimization', 75]]],
  ['leadership_development', 800, [
    ['team_mentoring', 100], ['training_completion', 50], ['certification_earned', 200], ['conference_presentation', 300],
    ['thought_leadership', 150]]],
  ['collaboration_excellence', 400, [
    ['cross_team_project', 100], ['knowledge_transfer', 75], ['problem_solving_assist', 50], ['team_support', 25],
    ['innovation_contribution', 150]]],
]

test('POINT-01..25: a new tenant has the 25 activities in 5 categories, flat, each with its points', async () => {
  await using acme = await tenant('ann')
  const { activityTypes } = await acme.as('ann').run(
    '{ activityTypes(first: 100) { nodes { key category points perUnit active version } } }')
  const expected = CATALOGUE.flatMap(([category, , types]) => types.map(([key, points]) => ({
    key, category, points, perUnit: false, active: true, version: 1,
  })))
  expect(activityTypes.nodes).toEqual(expected.toSorted((one, other) => (one.key < other.key ? -1 : 1)))
  expect(expected).toHaveLength(25)
})

test('TV-01: one of each activity makes 3,600 points by the sums of the categories, and the level contributor', async () => {
  await using acme = await tenant('ann')
  const items = CATALOGUE.flatMap(([, , types]) => types.map(([key]) => ({ activityType: key, idempotencyKey: `one-of-${key}` })))
  const { activitiesRecord } = await acme.as('ann').run(`mutation($items: [ActivityRecordInput!]!) {
    activitiesRecord(input: { items: $items }) {
    results { activity { type { category } pointEntries { points } } } } }`, { items })
  const sums: Record<string, number> = {}
  for (const { activity: { type, pointEntries } } of activitiesRecord.results) {
    sums[type.category] = (sums[type.category] ?? 0) + pointEntries[0].points
  }
  expect(sums).toEqual(Object.fromEntries(CATALOGUE.map(([category, sum]) => [category, sum])))
  expect(await acme.points('ann')).toBe(3_600)
  await expectBooksAgree(acme)
  const { viewer } = await acme.as('ann').run('{ viewer { user { points level { number key } } } }')
  expect(viewer.user).toEqual({ points: 3_600, level: { number: 2, key: 'contributor' } })
})

test('POINT-R1: points are flat whatever the quantity, and multiplied only where the type says so', async () => {
  expect(pointsFor({ points: 50, perUnit: false }, 7)).toBe(50)
  expect(pointsFor({ points: 50, perUnit: true }, 7)).toBe(350)
  await using acme = await tenant('ann:ADMIN')
  const flat = await record(
    acme.as('ann'), { activityType: 'deadline_beat_by_week', idempotencyKey: 'three-weeks-early', quantity: 3 })
  expect(flat.activity).toMatchObject({ quantity: 3, pointEntries: [{ points: 100 }] })
  await acme.as('ann').run(
    'mutation { activityTypeRevise(input: { key: "team_support", perUnit: true }) { userErrors { code } } }')
  const each = await record(acme.as('ann'), { activityType: 'team_support', idempotencyKey: 'many-at-once', quantity: 1_000 })
  expect(each.activity).toMatchObject({ quantity: 1_000, pointEntries: [{ points: 25_000 }] })
  expect(await acme.points('ann')).toBe(25_100)
})

test('POINT-R2, TV-27: the same source fact three times by different keys is one entry, and its keys stay free', async () => {
  await using acme = await tenant('ann', 'bob')
  const fact = { activityType: 'proposal_accepted', source: 'crm', sourceId: 'deal-7' }
  const first = await record(acme.as('ann'), { ...fact, idempotencyKey: 'channel-one' })
  const before = await booksOf(acme)
  for (const idempotencyKey of ['channel-two', 'channel-three']) {
    const repeat = await record(acme.as('ann'), { ...fact, idempotencyKey, note: 'told otherwise' })
    expect(repeat).toEqual({ activity: first.activity, duplicate: true, idempotencyHit: false, userErrors: [], mark: null })
  }
  expect(await booksOf(acme)).toEqual(before)
  expect(before).toEqual({ activities: 1, entries: 1, keys: 1, sources: 1, reversals: 0, events: 1 })
  // The key of a duplicate was not burnt: it may carry another activity.
  const other = await record(acme.as('ann'), { activityType: 'team_support', idempotencyKey: 'channel-two' })
  expect(other)
    .toMatchObject({ duplicate: false, idempotencyHit: false, userErrors: [], activity: { pointEntries: [{ points: 25 }] } })
})

test('POINT-R2, POINT-R4: one deal may pay several activities and several people, each once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const fact = { source: 'crm', sourceId: 'deal-7' }
  const facts = [
    { ...fact, activityType: 'meeting_scheduled' }, { ...fact, activityType: 'proposal_accepted' },
    { ...fact, activityType: 'new_client_signed' },
    { ...fact, activityType: 'new_client_signed', userId: acme.id('bob') },
    { ...fact, activityType: 'new_client_signed', source: 'billing' },
  ]
  for (const round of [1, 2]) {
    for (const [at, input] of facts.entries()) {
      expect(await record(acme.as('ann'), { ...input, idempotencyKey: `deal-${round}-${at}` }))
        .toMatchObject({ duplicate: round === 2, userErrors: [] })
    }
  }
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([1_200, 500])
  await expectBooksAgree(acme)
})

test('the same key with any other body is a conflict and writes nothing; the first body still answers the first activity',
  async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const ann = acme.as('ann')
  const occurredAt = new Date(Date.now() - 3_600_000).toISOString()
  const input = {
    activityType: 'meeting_scheduled', idempotencyKey: 'one-key-only', occurredAt, source: 'crm', sourceId: '7',
    note: 'first',
  }
  const { activity } = await record(ann, input)
  const others = [
    { activityType: 'team_support' }, { userId: acme.id('bob') }, { quantity: 2 }, { occurredAt: null },
    { occurredAt: new Date(Date.parse(occurredAt) + 1).toISOString() }, { source: 'erp' }, { sourceId: '8' }, { note: 'second' },
    { note: null },
  ]
  for (const change of others) {
    const refused = await writingNothing(acme, () => record(ann, { ...input, ...change }))
    expect(refused, JSON.stringify(change)).toMatchObject({
      activity: null, duplicate: false, idempotencyHit: false, mark: null,
      userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['idempotencyKey'] }] })
  }
  // Defaults written out are the same body.
  const same = await writingNothing(acme, () => record(ann, { ...input, quantity: 1, userId: acme.id('ann') }))
  expect(same).toMatchObject({ activity: { id: activity.id }, idempotencyHit: true, userErrors: [], mark: null })
})

test('a key belongs to who sent it: two people may use the same one', async () => {
  await using acme = await tenant('ann', 'bob')
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'everybody-says-this' }
  const [first, second] = [await record(acme.as('ann'), input), await record(acme.as('bob'), input)]
  expect(second).toMatchObject({ idempotencyHit: false, userErrors: [], activity: { user: { id: acme.id('bob') } } })
  expect(second.activity.id).not.toBe(first.activity.id)
})

test('a refused command does not burn its key', async () => {
  await using acme = await tenant('ann')
  const key = { idempotencyKey: 'try-and-try-again' }
  const refusals: [object, string][] = [
    [{ activityType: 'nothing_of_ours' }, 'NOT_FOUND'], [{ activityType: 'team_support', quantity: 0 }, 'OUT_OF_RANGE'],
    [{ activityType: 'team_support', source: 'crm' }, 'INVALID'],
  ]
  for (const [change, code] of refusals) {
    const refused = await writingNothing(acme, () => record(acme.as('ann'), { ...key, ...change }))
    expect(refused).toMatchObject({ activity: null, userErrors: [{ code }], mark: null })
  }
  expect(await record(acme.as('ann'), { ...key, activityType: 'team_support' }))
    .toMatchObject({ idempotencyHit: false, userErrors: [] })
  expect(await acme.points('ann')).toBe(25)
})

test('POINT-R2: a reversal does not open its source fact for a second award', async () => {
  await using acme = await tenant('ann:ADMIN')
  const fact = { activityType: 'proposal_accepted', source: 'crm', sourceId: 'deal-7' }
  const { activity } = await record(acme.as('ann'), { ...fact, idempotencyKey: 'paid-first' })
  await acme.as('ann').run(`mutation($id: ID!) { activityReverse(input: { activityId: $id, idempotencyKey: "taken-back" }) {
    userErrors { code } } }`, { id: activity.id })
  const again = await writingNothing(acme, () => record(acme.as('ann'), { ...fact, idempotencyKey: 'paid-again' }))
  expect(again)
    .toMatchObject({ duplicate: true, activity: { id: activity.id, pointEntries: [{ points: 150 }, { points: -150 }] } })
  expect(await acme.points('ann')).toBe(0)
})

test('an id of what is no node says so, and what is no id says that', async () => {
  await using acme = await tenant('ann')
  const { activity } = await record(acme.as('ann'), { activityType: 'team_support', idempotencyKey: 'no-node-here' })
  const asked = async (id: string) => (await acme.as('ann').ask('query($id: ID!) { node(id: $id) { id } }', { id })).errors
  for (const [id, message] of [
    [activity.pointEntries[0].id, 'A PointEntry is no node: read it where the API lists it.'],
    [activity.pointEntries[0].id.replace('pte_', 'fdi_'), 'A FeedItem is no node: read it where the API lists it.'],
    ['pte_nonsense', 'id must be an id like "pte_…", as the API returns them.'],
    ['nonsense\0', 'id must be an id as the API returned it.'],
  ]) expect(await asked(id!)).toMatchObject([{ message, extensions: { code: 'BAD_REQUEST', argument: 'id' } }])
})

test('an activity is shown as it was recorded, newest first, of everybody or of one person', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const occurredAt = '2026-01-31T23:59:59.999Z'
  for (const [at, name] of (['ann', 'bob', 'ann'] as const).entries()) {
    await record(acme.as('ann'), {
      activityType: 'team_support', idempotencyKey: `shown-${at}-key`, userId: acme.id(name), occurredAt, source: 'crm',
      sourceId: `s${at}`, note: `n${at} 👏` })
  }
  const { newest, bobs } = await acme.as('ann').run(`query($bob: ID!) { bobs: activities(userId: $bob) { nodes { note } }
    newest: activities(first: 2) { nodes { id note source sourceId occurredAt reversedAt
      user { name } } } }`, { bob: acme.id('bob') })
  expect(newest.nodes).toEqual([
    { id: newest.nodes[0].id, note: 'n2 👏', source: 'crm', sourceId: 's2', occurredAt, reversedAt: null, user: { name: 'ann' } },
    { id: newest.nodes[1].id, note: 'n1 👏', source: 'crm', sourceId: 's1', occurredAt, reversedAt: null,
      user: { name: 'bob' } }])
  expect(bobs.nodes).toEqual([{ note: 'n1 👏' }])
  await acme.as('ann').run(`mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { mark } }`,
    { input: { activityId: newest.nodes[0].id, idempotencyKey: 'shown-then-taken-back' } })
  const anns = `query($ann: ID!, $after: Cursor) { activities(userId: $ann, first: 1, after: $after) {
    nodes { note pointEntries { points } } pageInfo { hasNextPage endCursor } } }`
  const { activities: first } = await acme.as('ann').run(anns, { ann: acme.id('ann') })
  expect([first.nodes, first.pageInfo.hasNextPage]).toEqual(
    [[{ note: 'n2 👏', pointEntries: [{ points: 25 }, { points: -25 }] }], true])
  const { activities: last } = await acme.as('ann').run(anns, { ann: acme.id('ann'), after: first.pageInfo.endCursor })
  expect([last.nodes, last.pageInfo.hasNextPage]).toEqual([[{ note: 'n0 👏', pointEntries: [{ points: 25 }] }], false])
  expect(await pagesOf(acme, 2)).toEqual([[['n2 👏', 'n1 👏'], true], [['n0 👏'], false]])
  const [row] = await acme.sql<{ recordedBy: string }>(`select recorded_by as "recordedBy" from activity
    where user_id = $1`, [uuid('User', acme.id('bob'))])
  expect(row!.recordedBy).toBe(uuid('User', acme.id('ann')))
})

async function pagesOf(acme: TestTenant, first: number): Promise<unknown[]> {
  const pages: unknown[] = []
  for (let after: string | null = null, more = true; more;) {
    const { activities } = await acme.as('ann').run(`query($first: Int!, $after: Cursor) {
      activities(first: $first, after: $after) { nodes { note } pageInfo { hasNextPage endCursor } } }`, { first, after })
    const { nodes, pageInfo } = activities
    pages.push([nodes.map(({ note }: { note: string }) => note), pageInfo.hasNextPage])
    after = pageInfo.endCursor
    more = pageInfo.hasNextPage
  }
  return pages
}

test('a body is told from another by what was given, and by nothing that a later version adds or reorders', () => {
  const body = {
    activityType: 'team_support', idempotencyKey: 'any-key-at-all', userId: '01890000-0000-7000-8000-000000000000', quantity: 1,
    occurredAt: null,
    source: null, sourceId: null, note: null, attributes: null,
  }
  const print = bodyHashOf(body).toString('hex')
  // Kept with the rows: it must never change.
  expect(print).toBe('654d3d4b16f2fdc812d034c1edb6dd7f4ed1ada741b284dd37e81c5432180365')
  const { note: _, ...older } = body
  expect(bodyHashOf({ ...older, idempotencyKey: 'another-key' } as typeof body).toString('hex')).toBe(print)
  expect(bodyHashOf({ note: null, ...older, invented: null } as typeof body).toString('hex')).toBe(print)
  expect(bodyHashOf({ ...body, note: '' }).toString('hex')).not.toBe(print)
})
