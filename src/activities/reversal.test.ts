import { expect, test } from 'vitest'
import { type Person, RECORD, sharedNode, tenant, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { booksOf, expectBooksAgree, writingNothing } from '../../test/ledger.ts'
import { changesOf } from '../points/change.rules.ts'
import { derivedId, wireId } from '../platform/ids.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'
import { recordInputs } from './intake.service.ts'
import { reverseActivity } from './reversal.service.ts'

const REVERSE = `mutation($input: ActivityReverseInput!) { activityReverse(input: $input) {
  activity { id reversedAt pointEntries { id points reason isCorrection } } idempotencyHit userErrors { code field } mark } }`
const reverse = async (person: Person, input: object) => (await person.run(REVERSE, { input })).activityReverse
const refusal = (code: string, field: string) =>
  ({ activity: null, idempotencyHit: false, userErrors: [{ code, field: [field] }], mark: null })

async function recorded(acme: TestTenant, name: string, input: object = {}): Promise<string> {
  const { activityRecord } = await acme.as(name, 'ADMIN').run(
    RECORD, { input: { activityType: 'proposal_accepted', idempotencyKey: `for-${name}-key`, ...input } })
  return activityRecord.activity.id
}

test('a reversal is an entry of the opposite sign beside the first, once for each key', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const activityId = await recorded(acme, 'ann', { userId: acme.id('bob') })
  const input = { activityId, idempotencyKey: 'taken-back', reason: 'recorded twice' }
  const first = await reverse(acme.as('ann'), input)
  expect(first).toEqual({
    activity: {
      id: activityId, reversedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      pointEntries: [
        { id: expect.stringMatching(/^pte_/), points: 150, reason: 'ACTIVITY', isCorrection: false },
        {
          id: wireId('PointEntry', derivedId(acme.tenantId, 'reversal', uuid('Activity', activityId))),
          points: -150, reason: 'REVERSAL', isCorrection: false,
        },
      ],
    },
    idempotencyHit: false, userErrors: [], mark: expect.stringMatching(/^m/),
  })
  const again = await writingNothing(acme, () => reverse(acme.as('ann'), input))
  expect(again).toEqual({ ...first, idempotencyHit: true, mark: null })
  expect(await acme.points('bob')).toBe(0)
  expect(await booksOf(acme)).toEqual({ activities: 1, entries: 2, keys: 2, sources: 0, reversals: 1, events: 2 })
  await expectBooksAgree(acme)
  expect(await acme.sql('select reason, reversed_by as by from activity_reversal'))
    .toEqual([{ reason: 'recorded twice', by: uuid('User', acme.id('ann')) }])
})

test('an activity is taken back once, and a key says one thing only', async () => {
  await using acme = await tenant('ann:ADMIN')
  const [activityId, other] = [await recorded(acme, 'ann'), await recorded(acme, 'ann', { idempotencyKey: 'another-key' })]
  await reverse(acme.as('ann'), { activityId, idempotencyKey: 'taken-back' })
  const refusals: [object, object][] = [
    [{ activityId, idempotencyKey: 'taken-back-again' }, refusal('ALREADY_REVERSED', 'activityId')],
    [{ activityId: other, idempotencyKey: 'taken-back' }, refusal('IDEMPOTENCY_CONFLICT', 'idempotencyKey')],
    [{ activityId, idempotencyKey: 'taken-back', reason: 'another reason' }, refusal('IDEMPOTENCY_CONFLICT', 'idempotencyKey')],
    [{ activityId: other, idempotencyKey: 'another-key' }, refusal('IDEMPOTENCY_CONFLICT', 'idempotencyKey')],
  ]
  for (const [input, expected] of refusals) {
    expect(await writingNothing(acme, () => reverse(acme.as('ann'), input))).toEqual(expected)
  }
  // The key of a reversal cannot record either, and a refused reversal did not burn its key.
  const { activityRecord } = await writingNothing(
    acme, () => acme.as('ann').run(RECORD, { input: { activityType: 'team_support', idempotencyKey: 'taken-back' } }))
  expect(activityRecord.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_CONFLICT' }])
  expect(await reverse(acme.as('ann'), { activityId: other, idempotencyKey: 'taken-back-again' }))
    .toMatchObject({ idempotencyHit: false, userErrors: [] })
  expect(await acme.points('ann')).toBe(0)
  await expectBooksAgree(acme)
})

test('bounds of a reversal', async () => {
  await using acme = await tenant('ann:ADMIN')
  const activityId = await recorded(acme, 'ann')
  const cases: [string, object, string][] = [
    ['a key of 7 characters', { idempotencyKey: 'k'.repeat(7) }, 'idempotencyKey'],
    ['a key of 65 characters', { idempotencyKey: 'k'.repeat(65) }, 'idempotencyKey'],
    ['a NUL in the key', { idempotencyKey: 'nul-nul-\0' }, 'idempotencyKey'],
    ['a space in the key', { idempotencyKey: 'spaced out' }, 'idempotencyKey'],
    ['a reason of 501 characters', { reason: 'r'.repeat(501) }, 'reason'], ['a NUL in the reason', { reason: 'a\0b' }, 'reason'],
    ['half a character in the reason', { reason: 'a\ud83d' }, 'reason'],
  ]
  for (const [title, change, field] of cases) {
    const refused = await writingNothing(
      acme, () => reverse(acme.as('ann'), { activityId, idempotencyKey: 'good-enough', ...change }))
    expect([title, refused]).toEqual([title, refusal('INVALID', field)])
  }
  for (const id of ['', 'act_', acme.id('ann')]) {
    const { errors } = await writingNothing(
      acme, () => acme.as('ann').ask(REVERSE, { input: { activityId: id, idempotencyKey: 'good-enough' } }))
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST', argument: 'activityId' } }])
  }
  expect(await reverse(acme.as('ann'), { activityId, idempotencyKey: 'good-enough', reason: 'ñ'.repeat(500) }))
    .toMatchObject({ userErrors: [] })
})

test('an ADMIN takes any activity back, a MANAGER those of a team they lead, others none', async () => {
  await using acme = await tenant('ann:ADMIN', 'max:MANAGER', 'bob', 'carol')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('carol')), teamId: blues.id })
  const ids: Record<string, string> = {}
  for (const name of ['bob', 'carol', 'max']) ids[name] = await recorded(acme, name)
  const attempt = (who: string, whose: string) =>
    reverse(acme.as(who), { activityId: ids[whose], idempotencyKey: `${who}-takes-${whose}` })
  for (const role of ['VIEWER', 'MEMBER', 'PARTNER', 'FINANCE', 'COMPLIANCE'] as const) {
    const { errors } = await writingNothing(
      acme, () => acme.as('bob', role).ask(REVERSE, { input: { activityId: ids.bob, idempotencyKey: 'bob-takes-bob' } }))
    expect([role, errors?.map(({ extensions }) => extensions.code)]).toEqual([role, ['FORBIDDEN']])
  }
  for (const whose of ['bob', 'carol', 'max']) {
    expect(await writingNothing(acme, () => attempt('max', whose))).toEqual(refusal('FORBIDDEN', 'activityId'))
  }
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('max')) })
  expect(await attempt('max', 'bob')).toMatchObject({ userErrors: [] })
  expect(await writingNothing(acme, () => attempt('max', 'carol'))).toEqual(refusal('FORBIDDEN', 'activityId'))
  expect(await attempt('ann', 'carol')).toMatchObject({ userErrors: [] })
  // The team that had the points decides, not where the person is now.
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('max')), teamId: blues.id })
  expect(await attempt('max', 'max')).toMatchObject({ userErrors: [] })
  await expectBooksAgree(acme)
})

test('an activity of another tenant, and one that is not there, are not found', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve')
  const foreign = await recorded(rival, 'eve')
  for (const activityId of [foreign, wireId('Activity', '01890000-0000-7000-8000-000000000000')]) {
    const refused = await writingNothing(
      rival, () => writingNothing(acme, () => reverse(acme.as('ann'), { activityId, idempotencyKey: 'not-for-you' })))
    expect(refused).toEqual(refusal('NOT_FOUND', 'activityId'))
  }
  expect(await rival.points('eve')).toBe(150)
})

test('a reversal takes back what was paid then, from the team that had it, whatever changed since', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const activityId = await recorded(acme, 'bob')
  await acme.as('ann').run(
    'mutation { activityTypeRevise(input: { key: "proposal_accepted", points: 999 }) { userErrors { code } } }')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: blues.id })
  await acme.sql('update users set deactivated_at = now() where id = $1', [uuid('User', acme.id('bob'))])
  await reverse(acme.as('ann'), { activityId, idempotencyKey: 'taken-back' })
  expect(await acme.sql(`select points, team_id as team, day = (select max(day) from point_entry) as "isSameDay"
    from point_entry order by seq`)).toEqual([
    { points: 150, team: acme.teamId, isSameDay: true }, { points: -150, team: acme.teamId, isSameDay: true }])
  expect(await acme.points('bob')).toBe(0)
})

test('an activity that paid nothing is taken back by an entry of 0, which is not −0 and moves no tie', async () => {
  await using acme = await tenant('ann:ADMIN')
  await acme.as('ann').run('mutation { activityTypeRevise(input: { key: "team_support", points: 0 }) { userErrors { code } } }')
  await recorded(acme, 'ann')
  const [before] = await acme.sql('select last_seq from user_points')
  const activityId = await recorded(acme, 'ann', { activityType: 'team_support', idempotencyKey: 'paid-nothing' })
  const { activity } = await reverse(acme.as('ann'), { activityId, idempotencyKey: 'taken-back' })
  expect(JSON.stringify(activity.pointEntries.map(({ points }: { points: number }) => points))).toBe('[0,0]')
  expect(await acme.sql('select last_seq from user_points')).toEqual([before])
  await acme.settled()
  const [event] = await acme.sql<{ payload: unknown }>(`select payload from event_log where topic = 'activity.reversed'`)
  expect(Object.is(changesOf(event!.payload)[0]!.points, 0)).toBe(true)
  await expectBooksAgree(acme)
})

test('what cost points gives them back', async () => {
  await using acme = await tenant('ann:ADMIN')
  await acme.as('ann').run('mutation { activityTypeRevise(input: { key: "team_support", points: -40 }) { userErrors { code } } }')
  const activityId = await recorded(acme, 'ann', { activityType: 'team_support' })
  expect(await acme.points('ann')).toBe(-40)
  await reverse(acme.as('ann'), { activityId, idempotencyKey: 'given-back' })
  expect(await acme.points('ann')).toBe(0)
})

// Recorded on Tuesday 10 March 2026 in Berlin; a period closes 24 h after its end.
test.each<[when: string, now: string, periods: string[], isCorrection: boolean]>([
  ['the same day', '2026-03-10T20:00:00Z', ['2026-03-10', '2026-03-09', '2026-03-01'], false],
  ['in the day\'s 24 hours of grace', '2026-03-11T22:59:59.999Z', ['2026-03-10', '2026-03-09', '2026-03-01'], false],
  ['after the day has closed', '2026-03-11T23:00:00Z', ['2026-03-12', '2026-03-09', '2026-03-01'], true],
  ['after the week has closed', '2026-03-17T12:00:00Z', ['2026-03-17', '2026-03-16', '2026-03-01'], true],
  ['after the month has closed', '2026-04-02T12:00:00Z', ['2026-04-02', '2026-03-30', '2026-04-01'], true],
])('a reversal %s counts where the activity counted while that is open, else in the open period',
  async (_when, now, periods, isCorrection) => {
  await using acme = await tenantOn(
    await sharedNode(), { timeZone: 'Europe/Berlin', since: new Date('2026-01-01T00:00:00Z') }, 'ann:ADMIN')
  const { recordings: [recording] } = await recordInputs(
    acme.actor('ann', new Date('2026-03-10T12:00:00Z')), [{ activityType: 'team_support', idempotencyKey: 'on-a-tuesday' }])
  if (recording?.kind !== 'NEW') throw new Error('it was not recorded')
  await reverseActivity(
    acme.actor('ann', new Date(now)), { activityId: recording.activity.id, idempotencyKey: 'taken-back', reason: null })
  const [entry] = await acme.sql(`select day, week, month, is_correction as "isCorrection", points from point_entry
    where reason = 'REVERSAL'`)
  expect(entry).toEqual({ day: periods[0], week: periods[1], month: periods[2], isCorrection, points: -25 })
  await acme.settled()
  const [event] = await acme.sql<{ payload: unknown }>(`select payload from event_log where topic = 'activity.reversed'`)
  expect(changesOf(event!.payload))
    .toMatchObject([{ day: periods[0], week: periods[1], month: periods[2], points: -25, total: 0 }])
})
