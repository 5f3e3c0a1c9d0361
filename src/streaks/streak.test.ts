import { expect, test } from 'vitest'
import { sharedNode, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { reverseActivity } from '../activities/reversal.service.ts'
import { dayAfter, localDay, periodRange } from '../platform/time.ts'
import { streaksByUser } from './streak.queries.ts'
import { streakOf } from './streak.rules.ts'

const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}`
const freeze = (id: string, number: number) => ({ id, day: day(number) })
test.each<[string, number[], [string, number][], number, [number, number], Record<string, number>]>([
  ['nothing yet', [], [], 10, [0, 0], {}],
  ['today alone', [10], [], 10, [1, 1], {}],
  ['yesterday counts on while today has none', [8, 9], [], 10, [2, 2], {}],
  ['a missed day ends it', [6, 7, 9, 10], [], 10, [2, 2], {}],
  ['it is gone the day after a missed day', [6, 7, 8], [], 10, [0, 3], {}],
  ['a freeze saves a missed day, which does not count itself', [6, 7, 9, 10], [['a', 5]], 10, [4, 4], { a: 8 }],
  ['a freeze of later saves no earlier day', [6, 7, 9, 10], [['a', 9]], 10, [2, 2], {}],
  ['freezes are used in the order of the days, the oldest first', [6, 8, 10], [['b', 2], ['a', 1]], 10, [3, 3], { a: 7, b: 9 }],
  ['two missed days need two', [6, 9], [['a', 1]], 9, [1, 1], { a: 7 }],
  ['yesterday is saved too', [7, 8], [['a', 1]], 10, [2, 2], { a: 9 }],
  ['nothing is saved before a streak begins', [9], [['a', 1]], 10, [1, 1], {}],
  ['what lies ahead does not count', [9, 11], [], 10, [1, 1], {}],
])('%s', (_, days, freezes, today, [current, best], covered) => {
  const { currentDays, bestDays, covered: used } = streakOf(days.map(day), freezes.map(([id, at]) => freeze(id, at)), day(today))
  expect([currentDays, bestDays]).toEqual([current, best])
  expect(Object.fromEntries(used)).toEqual(Object.fromEntries(Object.entries(covered).map(([id, at]) => [id, day(at)])))
})

const STREAK = `streak { currentDays bestDays lastDay isTodayDone timeZone dayEndsAt freezesLeft freezes { id reason usedOn } }`
const GRANT = `mutation($input: StreakFreezeGrantInput!) { streakFreezeGrant(input: $input) {
  user { ${STREAK} } mark userErrors { code field } } }`
const CHANGE = `mutation($input: StreakChangeInput!) { streakChange(input: $input) {
  user { ${STREAK} } mark userErrors { code field } } }`
const ZONE = 'Europe/Berlin'
const TODAY = localDay(ZONE, Date.now()).day
const since = new Date(Date.now() - 20 * 86_400_000)

let key = 0
/** Records an activity of bob at a local hour of a day, so many days before today, and returns its id. */
async function active(acme: TestTenant, daysAgo: number, hour = 12, zone = ZONE): Promise<string> {
  const at = new Date(periodRange('DAILY', zone, dayAfter(TODAY, -daysAgo)).startMs + hour * 3_600_000)
  const { recordings: [recording] } = await recordInputs(acme.actor('bob'),
    [{ activityType: 'team_support', idempotencyKey: `streak-${key++}`, occurredAt: at }])
  return recording!.kind === 'NEW' ? recording!.activity.id : ''
}
const streakIn = async (acme: TestTenant, now?: Date) =>
  (await streaksByUser({ actor: acme.actor('bob', now) }, [uuid('User', acme.id('bob'))]))[0]!
const newTenant = async () => tenantOn(await sharedNode(), { timeZone: ZONE, since }, 'ann:ADMIN', 'bob', 'cid')

test('a streak follows what is recorded late and what is taken back; its freezes come and go with it (UX-30)', async () => {
  await using acme = await newTenant()
  await active(acme, 4)
  await active(acme, 3)
  const only = await active(acme, 1)
  await acme.sql(`insert into streak_freeze (tenant_id, id, user_id, reason, granted_at)
    select $1, gen_random_uuid(), $2, 'Welcome', now() - interval '10 days'`, [acme.tenantId, uuid('User', acme.id('bob'))])
  const shown = async () => (await acme.as('bob').run(`{ viewer { user { ${STREAK} } } }`)).viewer.user.streak
  expect(await shown()).toMatchObject({
    currentDays: 3, bestDays: 3, lastDay: dayAfter(TODAY, -1), isTodayDone: false, timeZone: ZONE, freezesLeft: 0,
    freezes: [{ reason: 'Welcome', usedOn: dayAfter(TODAY, -2) }],
  })
  await active(acme, 2) // Late: the day was not missed after all.
  expect(await shown()).toMatchObject({ currentDays: 4, freezesLeft: 1, freezes: [{ usedOn: null }] })
  await reverseActivity(acme.actor('ann'), { activityId: only, idempotencyKey: 'streak-back', reason: null })
  expect(await shown()).toMatchObject({ currentDays: 3, freezesLeft: 0, freezes: [{ usedOn: dayAfter(TODAY, -1) }] })
  const others = await acme.as('cid').run(
    `query($id: ID!) { node(id: $id) { ... on User { ${STREAK} } } }`, { id: acme.id('bob') })
  expect(others.node.streak).toMatchObject({ currentDays: 3, freezesLeft: null, freezes: null })
})

test('days begin in the person\'s own zone, from when they chose it on; the past stays (UX-28, UX-29)', async () => {
  await using acme = await newTenant()
  await active(acme, 2, 21) // 21:00 in Berlin is the next day in Tokyo, but Tokyo was not chosen yet.
  const { streakChange } = await acme.as('bob').run(CHANGE, { input: { timeZone: 'Asia/Tokyo' } })
  expect(streakChange.userErrors).toEqual([])
  expect(streakChange.user.streak).toMatchObject({ timeZone: 'Asia/Tokyo', lastDay: dayAfter(TODAY, -2) })
  const later = new Date(periodRange('DAILY', ZONE, dayAfter(TODAY, 3)).startMs + 21 * 3_600_000)
  await recordInputs({ ...acme.actor('bob'), now: later }, [{ activityType: 'team_support', idempotencyKey: 'streak-tokyo' }])
  const streak = await streakIn(acme, later)
  expect(streak).toMatchObject({ lastDay: dayAfter(TODAY, 4), isTodayDone: true, currentDays: 1 })
  expect(streak.dayEndsAt).toEqual(new Date(periodRange('DAILY', 'Asia/Tokyo', dayAfter(TODAY, 4)).endMs))
  const bad = await acme.as('bob').run(CHANGE, { input: { timeZone: '+02:00' } })
  expect(bad.streakChange.userErrors).toEqual([{ code: 'INVALID', field: ['timeZone'] }])
  const notTheirs = await acme.as('cid').run(CHANGE, { input: { userId: acme.id('bob'), isOff: true } })
  expect(notTheirs.streakChange.userErrors).toEqual([{ code: 'FORBIDDEN', field: ['userId'] }])
  expect(await acme.sql('select time_zone from streak_zone')).toEqual([{ time_zone: 'Asia/Tokyo' }])
})

test('who wants no streak has none (UX-31)', async () => {
  await using acme = await newTenant()
  await active(acme, 0, 0)
  const off = await acme.as('bob').run(CHANGE, { input: { isOff: true } })
  expect(off.streakChange).toMatchObject({ user: { streak: null }, userErrors: [] })
  const on = await acme.as('bob').run(CHANGE, { input: { isOff: false } })
  expect(on.streakChange.user.streak).toMatchObject({ currentDays: 1, isTodayDone: true })
})

test('freezes are granted once for each key, withdrawn once, and both stand in the audit', async () => {
  await using acme = await newTenant()
  const input = { userIds: [acme.id('bob'), acme.id('cid')], count: 2, reason: 'Holiday', idempotencyKey: 'freeze-key-1' }
  const grant = async (change: object = {}) =>
    (await acme.as('ann').run(GRANT, { input: { ...input, ...change } })).streakFreezeGrant
  const count = async () => (await acme.sql('select count(*)::int as n from streak_freeze where withdrawn_at is null'))[0]!.n
  expect(await grant()).toMatchObject({ userErrors: [], mark: expect.stringMatching(/^m/) })
  expect(await grant()).toMatchObject({ userErrors: [], mark: null })
  expect((await grant({ count: 1 })).userErrors).toEqual([{ code: 'IDEMPOTENCY_CONFLICT', field: ['idempotencyKey'] }])
  expect((await grant({ count: 11, idempotencyKey: 'freeze-key-2' })).userErrors)
    .toEqual([{ code: 'OUT_OF_RANGE', field: ['count'] }])
  expect(await count()).toBe(4)
  const { viewer: { user: { streak } } } = await acme.as('bob').run(`{ viewer { user { ${STREAK} } } }`)
  expect(streak).toMatchObject({ freezesLeft: 2, freezes: [{ reason: 'Holiday', usedOn: null }, { usedOn: null }] })
  const WITHDRAW = `mutation($id: ID!) { streakFreezeWithdraw(input: { freezeId: $id }) { mark userErrors { code } } }`
  const id = streak.freezes[0].id
  expect((await acme.as('ann').run(WITHDRAW, { id })).streakFreezeWithdraw.userErrors).toEqual([])
  expect((await acme.as('ann').run(WITHDRAW, { id })).streakFreezeWithdraw.userErrors).toEqual([{ code: 'NOT_FOUND' }])
  expect(await count()).toBe(3)
  expect((await acme.emitted()).filter(topic => topic.startsWith('streak.')))
    .toEqual(['streak.freezes_granted', 'streak.freeze_withdrawn'])
  await acme.audited()
  expect(await acme.sql(`select decision, count(*)::int as n from audit_entry
    where action = 'streak.grant' and subject is not null group by 1`)).toEqual([{ decision: 'ALLOWED', n: 2 }])
})
