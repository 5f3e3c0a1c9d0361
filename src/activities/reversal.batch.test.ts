import { expect, test } from 'vitest'
import { type Person, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { booksOf, expectBooksAgree, writingNothing } from '../../test/ledger.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'
import { recordInputs } from './intake.service.ts'

const REVERSE = `mutation($input: ActivitiesReverseInput!) { activitiesReverse(input: $input) {
  results { activityId userErrors { code } } hasMore idempotencyHit userErrors { code field } mark } }`
const reverse = async (person: Person, input: object) => (await person.run(REVERSE, { input })).activitiesReverse
const codesOf = ({ results }: { results: { userErrors: { code: string }[] }[] }) =>
  results.map(({ userErrors: [error] }) => error?.code ?? 'OK')

/** Records as many activities of a person as Ann and returns their wire ids. */
async function recorded(acme: TestTenant, name: string, count: number, prefix: string): Promise<string[]> {
  const { recordings } = await recordInputs(acme.actor('ann'), Array.from({ length: count }, (_, at) => (
    { activityType: 'team_support', idempotencyKey: `${prefix}-${String(at).padStart(4, '0')}`, userId: acme.id(name) })))
  return (await acme.as('ann').run(`query { activities(first: 100) { nodes { id user { name } } } }`)).activities.nodes
    .filter(({ user }: { user: { name: string } }) => user.name === name).map(({ id }: { id: string }) => id)
    .slice(0, recordings.length)
}

test('many activities are taken back in one commit, each decided by itself, once for each key (UX-02)', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const ids = [...await recorded(acme, 'bob', 3, 'batch-bob'), ...await recorded(acme, 'cid', 2, 'batch-cid')]
  await reverse(acme.as('ann'), { activityIds: [ids[0]], idempotencyKey: 'take-one-back' })
  const unknown = 'act_01m26fetn8e0q9h54k74ntrxf3'
  const input = { activityIds: [...ids, unknown], idempotencyKey: 'take-many-back', reason: 'A wrong file.' }
  const before = (await acme.emitted()).filter(topic => topic === 'activity.reversed').length
  const first = await reverse(acme.as('ann'), input)
  expect(codesOf(first)).toEqual(['ALREADY_REVERSED', 'OK', 'OK', 'OK', 'OK', 'NOT_FOUND'])
  expect(first).toMatchObject({ hasMore: false, idempotencyHit: false, userErrors: [], mark: expect.stringMatching(/^m/) })
  expect((await acme.emitted()).filter(topic => topic === 'activity.reversed')).toHaveLength(before + 1)
  expect([await acme.points('bob'), await acme.points('cid')]).toEqual([0, 0])
  expect(await acme.sql(`select distinct reason, reversed_by as by from activity_reversal where reason is not null`))
    .toEqual([{ reason: 'A wrong file.', by: uuid('User', acme.id('ann')) }])
  const again = await writingNothing(acme, () => reverse(acme.as('ann'), input))
  expect(again).toMatchObject({ idempotencyHit: true, mark: null })
  const other = await writingNothing(acme, () => reverse(acme.as('ann'), { ...input, reason: 'Another.' }))
  expect(other).toMatchObject({ results: [], userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['idempotencyKey'] }] })
  await expectBooksAgree(acme)
  await acme.audited()
  expect(await acme.sql(`select count(*)::int as n from audit_entry where action = 'activity.reverse' and decision = 'ALLOWED'
    and after_hash is not null`)).toEqual([{ n: 2 }])
})

test('a batch is taken back by what its keys begin with, a thousand at a time', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  for (const from of ['july-a', 'july-b']) await recorded(acme, 'bob', 600, from)
  await recorded(acme, 'bob', 1, 'august')
  const first = await reverse(acme.as('ann'), { keyPrefix: 'july-', idempotencyKey: 'undo-july-1' })
  expect([first.results.length, first.hasMore]).toEqual([1_000, true])
  const second = await reverse(acme.as('ann'), { keyPrefix: 'july-', idempotencyKey: 'undo-july-2' })
  expect([second.results.length, second.hasMore, codesOf(second).includes('ALREADY_REVERSED')]).toEqual([200, false, false])
  expect(await acme.points('bob')).toBe(25)
  // Others' keys are theirs: "bob" sent none that begin so.
  const none = await reverse(acme.as('ann'), { keyPrefix: 'august', sentBy: acme.id('bob'), idempotencyKey: 'undo-august' })
  expect(none).toMatchObject({ results: [], userErrors: [], mark: null })
  await expectBooksAgree(acme)
})

test('a manager takes back what their teams did, of many too', async () => {
  await using acme = await tenant('ann:ADMIN', 'max:MANAGER', 'bob', 'cid')
  const { team } = await createTeam(acme.actor(), { name: 'Blues' })
  await leadTeam(acme.actor(), { teamId: team.id, leadId: uuid('User', acme.id('max')) })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: team.id })
  const activityIds = [...await recorded(acme, 'bob', 1, 'led-bob'), ...await recorded(acme, 'cid', 1, 'led-cid')]
  expect(codesOf(await reverse(acme.as('max'), { activityIds, idempotencyKey: 'undo-by-max' }))).toEqual(['OK', 'FORBIDDEN'])
  expect([await acme.points('bob'), await acme.points('cid')]).toEqual([0, 25])
})

test('what cannot be selected so is refused and writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'max:MANAGER')
  const [id] = await recorded(acme, 'ann', 1, 'bounds')
  const books = await booksOf(acme)
  const refused = async (input: object, name = 'ann') => {
    const { userErrors: [error] } = await reverse(acme.as(name), { idempotencyKey: 'take-back-bounds', ...input })
    return `${error.code} ${error.field}`
  }
  expect([
    await refused({}), await refused({ activityIds: [id], keyPrefix: 'bounds' }), await refused({ activityIds: [] }),
    await refused({ activityIds: Array.from({ length: 1_001 }, () => id) }), await refused({ keyPrefix: 'abc' }),
    await refused({ keyPrefix: 'bounds', sentBy: acme.id('ann') }, 'max'),
    await refused({ keyPrefix: 'bounds', idempotencyKey: 'x' }),
  ]).toEqual([
    'INVALID activityIds', 'INVALID activityIds', 'OUT_OF_RANGE activityIds', 'OUT_OF_RANGE activityIds', 'INVALID keyPrefix',
    'FORBIDDEN sentBy', 'INVALID idempotencyKey',
  ])
  expect(await booksOf(acme)).toEqual(books)
})
