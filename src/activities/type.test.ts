import { expect, test } from 'vitest'
import { type Person, RECORD, tenant, type TestTenant } from '../../test/harness.ts'
import { writingNothing } from '../../test/ledger.ts'
import { installPack, readPack } from './type.service.ts'

const REVISE = `mutation($input: ActivityTypeReviseInput!) { activityTypeRevise(input: $input) {
  activityType { key version name points perUnit active effectiveFrom } userErrors { code field } mark } }`
const revise = async (person: Person, input: object) => (await person.run(REVISE, { input })).activityTypeRevise
const record = async (acme: TestTenant, idempotencyKey: string, input: object = {}) =>
  (await acme.as('ann').run(RECORD, { input: { activityType: 'team_support', idempotencyKey, ...input } })).activityRecord
const paid = async (acme: TestTenant, idempotencyKey: string, input: object = {}) =>
  (await record(acme, idempotencyKey, input)).activity.pointEntries[0].points
const hours = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString()
const versions = (acme: TestTenant) => acme.sql(`select version, points, per_unit as "perUnit", active, name from activity_type
  where key = 'team_support' order by version`)

test('a new version pays from its date on, by when an activity occurred; the past keeps what it paid', async () => {
  await using acme = await tenant('ann:ADMIN')
  const early = await record(acme, 'before-it-all')
  const effectiveFrom = hours(-2)
  expect(await revise(acme.as('ann'), { key: 'team_support', points: 40, name: ' Help ', effectiveFrom })).toEqual({
    activityType: { key: 'team_support', version: 2, name: 'Help', points: 40, perUnit: false, active: true, effectiveFrom },
    userErrors: [], mark: expect.stringMatching(/^m/) })
  expect(await paid(acme, 'happens-now')).toBe(40)
  expect(await paid(acme, 'at-the-moment', { occurredAt: effectiveFrom })).toBe(40)
  expect(await paid(acme, 'just-before-it', { occurredAt: new Date(Date.parse(effectiveFrom) - 1).toISOString() })).toBe(25)
  expect(await paid(acme, 'long-before-it', { occurredAt: hours(-24 * 300) })).toBe(25)
  const { node } = await acme.as('ann').run(`query($id: ID!) { node(id: $id) { ... on Activity { type { version points name }
    pointEntries { points } } } }`, { id: early.activity.id })
  expect(node).toEqual({ type: { version: 1, points: 25, name: 'Team support' }, pointEntries: [{ points: 25 }] })
  expect(await acme.emitted()).toContain('activity_type.revised')
})

test('a version with a date in the future waits for it, and the list shows what is in force', async () => {
  await using acme = await tenant('ann:ADMIN')
  await revise(acme.as('ann'), { key: 'team_support', points: 40, effectiveFrom: hours(1) })
  expect(await paid(acme, 'still-as-before')).toBe(25)
  const LIST = '{ activityTypes(first: 100) { nodes { key version points active } } }'
  const listed = async () => (await acme.as('ann').run(LIST)).activityTypes.nodes
    .filter(({ key }: { key: string }) => key === 'team_support')
  expect(await listed()).toEqual([{ key: 'team_support', version: 1, points: 25, active: true }])
  // The date comes: what is in force follows, without another command.
  await acme.sql(`update activity_type set effective_from = now() - interval '1 minute' where key = 'team_support'
    and version = 2`)
  expect(await listed()).toEqual([{ key: 'team_support', version: 2, points: 40, active: true }])
  expect(await paid(acme, 'now-by-the-new')).toBe(40)
})

test('a type shows its versions, newest first, and the one that is planned next', async () => {
  await using acme = await tenant('ann:ADMIN')
  const [soon, later] = [hours(1), hours(2)]
  await revise(acme.as('ann'), { key: 'team_support', points: 40, effectiveFrom: soon })
  await revise(acme.as('ann'), { key: 'team_support', points: 50, effectiveFrom: later })
  const { activityTypes } = await acme.as('ann').run(`{ activityTypes(first: 100) { nodes {
    id key version planned { version points effectiveFrom } } } }`)
  const shown = (key: string) => activityTypes.nodes.find((node: { key: string }) => node.key === key)
  const { id, ...rest } = shown('team_support')
  expect(rest).toEqual({ key: 'team_support', version: 1, planned: { version: 2, points: 40, effectiveFrom: soon } })
  expect(shown('meeting_scheduled').planned).toBeNull()
  const { node } = await acme.as('ann').run(
    `query($id: ID!) { node(id: $id) { ... on ActivityType { versions { version points key } } } }`, { id })
  expect(node.versions).toEqual([[3, 50], [2, 40], [1, 25]].map(([version, points]) =>
    ({ version, points, key: 'team_support' })))
})

test('a version cannot begin before or when the newest one begins', async () => {
  await using acme = await tenant('ann:ADMIN')
  const planned = hours(5)
  await revise(acme.as('ann'), { key: 'team_support', points: 40, effectiveFrom: planned })
  const before = await versions(acme)
  for (const effectiveFrom of [undefined, hours(-1), hours(4), planned]) {
    expect(await revise(acme.as('ann'), { key: 'team_support', points: 50, effectiveFrom })).toEqual({
      activityType: null, userErrors: [{ code: 'OUT_OF_RANGE', field: ['effectiveFrom'] }], mark: null })
  }
  expect(await versions(acme)).toEqual(before)
  expect(await revise(acme.as('ann'), {
    key: 'team_support', points: 50, effectiveFrom: new Date(Date.parse(planned) + 1).toISOString(),
  })).toMatchObject({ activityType: { version: 3 } })
})

test('a switched-off type is refused for what occurs after, taken for what occurred before, and may come back', async () => {
  await using acme = await tenant('ann:ADMIN')
  const off = hours(-1)
  await revise(acme.as('ann'), { key: 'team_support', active: false, effectiveFrom: off })
  const refused = await writingNothing(acme, () => record(acme, 'too-late-by-now'))
  expect(refused).toMatchObject({ activity: null, userErrors: [{
    code: 'NOT_FOUND', message: 'The activity type "team_support" is switched off.', field: ['activityType'],
  }] })
  expect(await paid(acme, 'it-was-on-then', { occurredAt: hours(-2) })).toBe(25)
  const { activityTypes } = await acme.as('ann').run('{ activityTypes(first: 100) { nodes { key active } } }')
  expect(activityTypes.nodes.filter(({ active }: { active: boolean }) => !active))
    .toEqual([{ key: 'team_support', active: false }])
  await revise(acme.as('ann'), { key: 'team_support', active: true })
  expect(await paid(acme, 'too-late-by-now')).toBe(25)
  expect(await record(acme, 'while-it-was-off', { occurredAt: off })).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] })
})

test.each<[string, object, string, string]>([
  ['a key that is not there', { key: 'nothing_of_ours', points: 7 }, 'NOT_FOUND', 'key'],
  ['a date 401 days ahead', { points: 7, effectiveFrom: hours(24 * 401) }, 'OUT_OF_RANGE', 'effectiveFrom'],
  ['a change of nothing', { points: null, effectiveFrom: hours(1) }, 'INVALID', ''],
  ['a key with a NUL', { key: 'team_support\0', points: 7 }, 'NOT_FOUND', 'key'],
  ['1,000,001 points', { points: 1_000_001 }, 'OUT_OF_RANGE', 'points'],
  ['−1,000,001 points', { points: -1_000_001 }, 'OUT_OF_RANGE', 'points'],
  ['an empty name', { name: ' ' }, 'INVALID', 'name'], ['a name of 201 characters', { name: 'n'.repeat(201) }, 'INVALID', 'name'],
  ['a NUL in the name', { name: 'a\0b' }, 'INVALID', 'name'],
  ['half a character in the name', { name: '\ud83d' }, 'INVALID', 'name'],
])('a revision refuses %s and adds no version', async (_title, change, code, field) => {
  await using acme = await tenant('ann:ADMIN')
  expect(await revise(acme.as('ann'), { key: 'team_support', ...change }))
    .toEqual({ activityType: null, userErrors: [{ code, field: field ? [field] : [] }], mark: null })
  expect(await versions(acme)).toHaveLength(1)
  expect(await acme.emitted()).not.toContain('activity_type.revised')
})

test('points are whole numbers, and only an ADMIN revises', async () => {
  await using acme = await tenant('ann:ADMIN')
  for (const points of ['1.5', '9007199254740993', '"7"']) {
    const { errors } = await acme.as('ann').ask(
      `mutation { activityTypeRevise(input: { key: "team_support", points: ${points} }) { mark } }`)
    expect([points, errors?.map(({ extensions }) => extensions.code)]).toEqual([points, ['BAD_REQUEST']])
  }
  for (const role of ['VIEWER', 'MEMBER', 'PARTNER', 'FINANCE', 'COMPLIANCE', 'MANAGER'] as const) {
    const { errors } = await acme.as('ann', role).ask(REVISE, { input: { key: 'team_support', points: 7 } })
    expect([role, errors?.map(({ extensions }) => extensions.code)]).toEqual([role, ['FORBIDDEN']])
  }
  expect(await versions(acme)).toHaveLength(1)
})

test('a tenant\'s catalogue is its own', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  await revise(acme.as('ann'), { key: 'team_support', points: 40 })
  expect(await versions(rival)).toEqual([{ version: 1, points: 25, perUnit: false, active: true, name: 'Team support' }])
})

test('revisions at once make versions in a row, each from its own date', async () => {
  await using acme = await tenant('ann:ADMIN')
  const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => revise(
    acme.as('ann'), { key: 'team_support', points: 100 + at, effectiveFrom: hours(1 + at) })))
  const made = answers.filter(({ activityType }) => activityType)
  const refused = answers.filter(({ activityType }) => !activityType)
  expect(refused.map(({ userErrors }) => userErrors[0].code)).toEqual(refused.map(() => 'OUT_OF_RANGE'))
  const rows = await acme.sql<{ version: number; points: number; effectiveFrom: Date }>(
    `select version, points, effective_from as "effectiveFrom" from activity_type where key = 'team_support' order by version`)
  expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: made.length + 1 }, (_, at) => at + 1))
  expect(rows).toEqual(rows.toSorted((one, other) => one.effectiveFrom.getTime() - other.effectiveFrom.getTime()))
  expect(rows.slice(1).map(({ points }) => points).sort()).toEqual(made.map(({ activityType }) => activityType.points).sort())
})

test('a pack installed again changes nothing, whatever was edited since', async () => {
  await using acme = await tenant('ann:ADMIN')
  await revise(acme.as('ann'), { key: 'team_support', points: 40 })
  await acme.sql(`update level set title = 'Beginner' where number = 1`)
  const rows = () =>
    Promise.all([acme.sql('select * from activity_type order by id'), acme.sql('select * from level order by id')])
  const before = await rows()
  expect(before.map(({ length }) => length)).toEqual([26, 6])
  await installPack(acme.actor(), readPack('revenue'), new Date())
  expect(await rows()).toEqual(before)
})
