import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Person, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { readPack } from '../activities/type.service.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'
import { changePercentOf, meanOf, millionthsOf, valueOf } from './metric.rules.ts'
import { installMetrics } from './metric.service.ts'

const RECORD = `mutation($input: MetricRecordInput!) { metricRecord(input: $input) {
  point { id value at subjectKind baseline superseded metric { key } team { id } user { id } } duplicate idempotencyHit
  userErrors { code field } mark } }`
const record = async (by: Person, input: object) => (await by.run(RECORD, {
  input: { metric: 'client_satisfaction', idempotencyKey: 'metric-key', ...input } })).metricRecord
const refused = (code: string, field: string) =>
  ({ point: null, duplicate: false, idempotencyHit: false, userErrors: [{ code, field: [field] }], mark: null })
const booksOf = async (acme: TestTenant) => (await acme.sql(`select (select count(*) from metric_point) as points,
  (select count(*) from metric) as metrics, (select count(*) from command_key) as keys,
  (select count(*) from outbox where topic like 'metric.%')
    + (select count(*) from event_log where topic like 'metric.%') as events`))[0]!

async function writingNothing<T>(acme: TestTenant, work: () => Promise<T>): Promise<T> {
  const before = await booksOf(acme)
  const answer = await work()
  expect(await booksOf(acme)).toEqual(before)
  return answer
}
const at = (hour: string) => `2026-03-10T${hour}:00.000Z`

test('a pack brings four metrics, twice the same; an admin defines more and changes them', async () => {
  await using acme = await tenant('ann:ADMIN')
  await installMetrics(acme.actor(), readPack('revenue'))
  const LIST = '{ metrics { key name unit direction lowest highest active predefined } }'
  const { metrics } = await acme.as('ann').run(LIST)
  const predefined = { direction: 'HIGHER', active: true, predefined: true }
  expect(metrics).toEqual([
    { key: 'client_satisfaction', name: 'Client satisfaction', unit: 'of 5', lowest: '0', highest: '5', ...predefined },
    { key: 'delivery_efficiency', name: 'Delivery efficiency', unit: '%', lowest: '0', highest: '100', ...predefined },
    { key: 'headcount', name: 'Headcount', unit: 'people', lowest: '0', highest: null, ...predefined },
    { key: 'profit_margin', name: 'Profit margin', unit: '%', lowest: null, highest: '100', ...predefined },
  ])
  const define = async (input: object) => (await acme.as('ann').run(`mutation($input: MetricDefineInput!) {
    metricDefine(input: $input) {
      metric { id key name unit direction lowest highest active predefined } userErrors { code field } } }`,
  { input })).metricDefine
  const made = await define({ key: 'first_reply', unit: 'hours', direction: 'LOWER', lowest: '0.25', highest: '48' })
  expect(made).toMatchObject({ userErrors: [], metric: {
    key: 'first_reply', name: 'first_reply', unit: 'hours', direction: 'LOWER', lowest: '0.25', highest: '48', active: true,
      predefined: false,
  } })
  expect(await define({ key: 'first_reply', name: 'First reply', highest: null, active: false }))
    .toEqual({ userErrors: [], metric: {
    ...made.metric, name: 'First reply', highest: null, active: false,
  } })
  const bad: [object, string, string][] = [
    [{ key: 'B', unit: 'x' }, 'INVALID', 'key'], [{ key: 'no_unit' }, 'INVALID', 'unit'],
    [{ key: 'first_reply', name: ' ' }, 'INVALID', 'name'],
      [{ key: 'first_reply', lowest: '5', highest: '5' }, 'OUT_OF_RANGE', 'lowest'],
    [{ key: 'first_reply', lowest: '0.0000001' }, 'INVALID', 'lowest'],
  ]
  for (const [input, code, field] of bad) {
    expect([input, await writingNothing(acme, () => define(input))])
      .toEqual([input, { metric: null, userErrors: [{ code, field: [field] }] }])
  }
  expect(await writingNothing(acme, () => record(acme.as('ann'), { metric: 'first_reply', value: '1' })))
    .toEqual(refused('NOT_FOUND', 'metric'))
})

test('the latest value, the value at a time and the days; a correction supersedes and nothing is rewritten', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const values: [string, string | null][] = [
    [at('08:00'), '4.2'], [at('20:00'), '4.5'], ['2026-03-11T09:00:00.000Z', '4.9'], ['2026-03-10T23:30:00.000Z', '4.123456'],
  ]
  const ids: string[] = []
  for (const [place, [instant, value]] of values.entries()) {
    ids.push((await record(ann, { idempotencyKey: `value-key-${place}`, value, at: instant })).point.id)
  }
  const SEEN = `query($at: DateTime!) { metric(key: "client_satisfaction") { latest { value } valueAt(at: $at) { value }
    series(since: "2026-03-09", until: "2026-03-12") { day value average } points { nodes { id value superseded } } } }`
  const seen = async (instant: string) => (await ann.run(SEEN, { at: instant })).metric
  // 23:30 UTC of the 10th is the 11th in Berlin.
  expect(await seen(at('19:59'))).toMatchObject({
    latest: { value: '4.9' }, valueAt: { value: '4.2' },
    series: [{ day: '2026-03-10', value: '4.5', average: '4.35' }, { day: '2026-03-11', value: '4.9', average: '4.511728' }],
  })
  expect((await seen('2026-03-10T07:59:59.999Z')).valueAt).toBeNull()
  expect((await seen(at('20:00'))).valueAt).toEqual({ value: '4.5' })

  const correction = await record(ann, { idempotencyKey: 'correction-1', value: '3', at: '2026-03-11T09:00:00.000Z' })
  expect(correction).toMatchObject({ point: { value: '3', superseded: false }, userErrors: [] })
  expect((await seen(at('19:59'))).latest).toEqual({ value: '3' })
  await record(ann, { idempotencyKey: 'correction-2', value: null, at: '2026-03-11T09:00:00.000Z' })
  const after = await seen(at('19:59'))
  expect(after).toMatchObject({
    latest: { value: '4.123456' },
    series: [{ day: '2026-03-10' }, { day: '2026-03-11', value: '4.123456', average: '4.123456' }],
  })
  expect(after.points.nodes.map(({ value, superseded }: { value: string; superseded: boolean }) => [value, superseded])).toEqual(
    [[null, false], ['3', true], ['4.123456', false], ['4.9', true], ['4.5', false], ['4.2', false]])
  for (const text of ['update metric_point set value = 1', 'delete from metric_point']) {
    await expect(acme.sql(text)).rejects.toMatchObject({ code: '42501' })
  }
  const { errors } = await ann.ask(SEEN.replace('2026-03-12', '2027-03-12'), { at: at('08:00') })
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST', argument: 'until' } }])
  await acme.settled()
  const [event] =
    await acme.sql<{ payload: object }>(`select payload from event_log where topic = 'metric.recorded' order by pos`)
  expect(event!.payload).toEqual({ points: [[
    uuid('MetricPoint', ids[0]!), 'client_satisfaction', 'TENANT', acme.tenantId, at('08:00'), '2026-03-10', '4.2',
  ]] })
})

test('the baseline is the mean of the values marked so, and the change is from it to the latest (METRIC-13)', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const baseline = async () =>
    (await ann.run('{ metric(key: "headcount") { baseline { value changePercent } } }')).metric.baseline
  expect(await baseline()).toBeNull()
  for (const [place, [value, isBaseline]] of [['10', true], ['11', true], ['13', true], ['14', false]].entries()) {
    const input =
      { metric: 'headcount', value, baseline: isBaseline, idempotencyKey: `baseline-${place}`, at: at(`0${place + 1}:00`) }
    expect((await record(ann, input)).userErrors).toEqual([])
  }
  expect(await baseline()).toEqual({ value: '11.333333', changePercent: '23.53' })
})

test('a key says one thing, a source fact counts once, ten at once are one, and a refusal writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const input = { value: '4.7', at: at('08:00'), source: 'survey', sourceId: 's-1' }
  const same = await Promise.all(Array.from({ length: 10 }, () => record(ann, input)))
  expect(same.filter(({ idempotencyHit }) => !idempotencyHit)).toHaveLength(1)
  expect(await writingNothing(acme, () => record(ann, { ...input, value: '4.8' })))
    .toEqual(refused('IDEMPOTENCY_CONFLICT', 'idempotencyKey'))
  expect(await writingNothing(acme, () => record(ann, { ...input, idempotencyKey: 'another-key', value: '1' })))
    .toMatchObject({ point: { id: same[0].point.id, value: '4.7' }, duplicate: true, userErrors: [] })
  const bad: [object, string, string][] = [
    [{ value: '5.1' }, 'OUT_OF_RANGE', 'value'], [{ value: '-0.1' }, 'OUT_OF_RANGE', 'value'],
      [{ value: '1.0000001' }, 'INVALID', 'value'],
    [{ metric: 'nothing' }, 'NOT_FOUND', 'metric'], [{ metric: 'constructor' }, 'NOT_FOUND', 'metric'],
    [{ at: '2999-01-01T00:00:00.000Z' }, 'OUT_OF_RANGE', 'at'], [{ idempotencyKey: 'short' }, 'INVALID', 'idempotencyKey'],
    [{ userId: 'usr_nobody' }, 'NOT_FOUND', 'userId'], [{ source: 'x' }, 'INVALID', 'sourceId'],
    [{ userId: acme.id('ann'), teamId: 'tea_x' }, 'INVALID', 'userId'],
  ]
  for (const [change, code, field] of bad) {
    expect([change, await writingNothing(acme, () => record(ann, { idempotencyKey: 'refused-key', value: '1', ...change }))])
      .toEqual([change, refused(code, field)])
  }
  expect(await booksOf(acme)).toEqual({ points: 1, metrics: 4, keys: 1, events: 1 })
})

test('of a batch each value is answered by itself', async () => {
  await using acme = await tenant('ann:ADMIN')
  const items = ['4', '6', '4.5']
    .map((value, place) => ({ metric: 'client_satisfaction', value, idempotencyKey: `batch-key-${place}` }))
  const { metricsRecord } = await acme.as('ann').run(`mutation($input: MetricsRecordInput!) { metricsRecord(input: $input) {
    results { index point { value } userErrors { code } } userErrors { code } } }`, { input: { items } })
  expect(metricsRecord).toEqual({ userErrors: [], results: [
    { index: 0, point: { value: '4' }, userErrors: [] }, { index: 1, point: null, userErrors: [{ code: 'OUT_OF_RANGE' }] },
    { index: 2, point: { value: '4.5' }, userErrors: [] },
  ] })
  expect(await booksOf(acme)).toMatchObject({ points: 2, events: 1 })
})

test('a manager records for their teams and people; values of a person are theirs, their leads\' and the overseers\' to see',
  async () => {
  await using acme = await tenant('ann:ADMIN', 'max:MANAGER', 'bob', 'carol')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('carol')), teamId: blues.id })
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('max')) })
  const of = (who: string, whose: object, key: string) => record(acme.as(who), { value: '4', idempotencyKey: key, ...whose })
  expect(await writingNothing(acme, () => of('max', {}, 'max-for-all'))).toEqual(refused('FORBIDDEN', 'teamId'))
  expect(await writingNothing(acme, () => of('max', { userId: acme.id('carol') }, 'max-for-carol')))
    .toEqual(refused('FORBIDDEN', 'userId'))
  const bobs = await of('max', { userId: acme.id('bob') }, 'max-for-bob')
  expect(bobs).toMatchObject({ point: { subjectKind: 'USER', user: { id: acme.id('bob') }, team: null }, userErrors: [] })
  expect((await of('ann', { userId: acme.id('carol') }, 'ann-for-carol')).userErrors).toEqual([])
  const SEEN = `query($bob: ID!, $carol: ID!, $point: ID!) { node(id: $point) { id }
    metric(key: "client_satisfaction") { bob: latest(userId: $bob) { value } carol: latest(userId: $carol) { value } } }`
  const seenBy = async (name: string) => {
    const { metric, node } = await acme.as(name).run(SEEN, { bob: acme.id('bob'), carol: acme.id('carol'), point: bobs.point.id })
    return [metric.bob?.value ?? null, metric.carol?.value ?? null, node !== null]
  }
  expect({ ann: await seenBy('ann'), max: await seenBy('max'), bob: await seenBy('bob'), carol: await seenBy('carol') })
    .toEqual({ ann: ['4', '4', true], max: ['4', null, true], bob: ['4', null, true], carol: [null, '4', false] })
})

test('metrics of another tenant do not exist', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const { point } = await record(acme.as('ann'), { value: '4', source: 'survey', sourceId: 's-1' })
  const eve = rival.as('eve')
  expect(await eve.run('query($id: ID!) { node(id: $id) { id } metric(key: "client_satisfaction") { latest { value } } }',
    { id: point.id }))
    .toEqual({ node: null, metric: { latest: null } })
  expect(await record(eve, { value: '4', userId: acme.id('ann') })).toEqual(refused('NOT_FOUND', 'userId'))
  expect(await record(eve, { value: '4', source: 'survey', sourceId: 's-1' })).toMatchObject({ duplicate: false, userErrors: [] })
})

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
test(`values are exact: text to millionths and back, means half-even (seed ${seed})`, () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }), value => {
    expect(millionthsOf(valueOf(value))).toBe(value)
    expect(meanOf([value, value])).toBe(valueOf(value))
  }), { seed })
  expect([meanOf([1n, 2n]), meanOf([3n, 4n]), meanOf([]), valueOf(4_700_000n), valueOf(-500n), valueOf(100_000_000n)])
    .toEqual(['0.000002', '0.000004', null, '4.7', '-0.0005', '100'])
  expect([changePercentOf(5n, 4n), changePercentOf(5n, -4n), changePercentOf(5n, 0n)]).toEqual(['25.00', '225.00', null])
  expect(['1e3', '1,5', '', '1234567890123', '0.0000001'].map(millionthsOf)).toEqual([null, null, null, null, null])
})
