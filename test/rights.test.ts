import { expect, test } from 'vitest'
import { RECORD, tenant } from './harness.ts'

const DEACTIVATE = `mutation($input: UserDeactivateInput!) { userDeactivate(input: $input) {
  user { id deactivatedAt } userErrors { code field } mark } }`

test('a deactivated person\'s streams end, nothing more is recorded for them, and everybody else hears on', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const streams = ['bob', 'ann'].map(name => acme.as(name).subscribe('subscription { feed(scope: TENANT) { __typename } }'))
  await Promise.all(streams.map(stream => stream.next()))
  const { userDeactivate } = await acme.as('ann').run(DEACTIVATE, { input: { userId: acme.id('bob') } })
  expect(userDeactivate).toMatchObject({ user: { id: acme.id('bob'), deactivatedAt: expect.any(String) }, userErrors: [] })
  await streams[0]!.until(() => streams[0]!.closedWith !== null)
  expect(streams[0]!.closedWith).toEqual({ code: 4403, reason: 'This person is no longer active' })
  const command = await acme.as('bob').ask('{ viewer { role } }')
  expect(command.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  const late = await acme.as('ann').run(RECORD, {
    input: { activityType: 'meeting_scheduled', idempotencyKey: 'too-late-1', userId: acme.id('bob') } })
  expect(late.activityRecord).toMatchObject({ activity: null, userErrors: [{ code: 'NOT_FOUND', field: ['userId'] }] })
  await acme.as('ann').run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey: 'still-here-1' } })
  expect(await streams[1]!.next()).toMatchObject({ __typename: 'FeedDelta' })
  streams[1]!.close()
})

test('deactivation is for admins, of others, and once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  expect((await acme.as('bob').ask(DEACTIVATE, { input: { userId: acme.id('ann') } })).errors)
    .toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  const own = await acme.as('ann').run(DEACTIVATE, { input: { userId: acme.id('ann') } })
  expect(own.userDeactivate).toMatchObject({ user: null, userErrors: [{ code: 'INVALID', field: ['userId'] }] })
  for (const mark of [expect.any(String), null]) {
    const { userDeactivate } = await acme.as('ann').run(DEACTIVATE, { input: { userId: acme.id('bob') } })
    expect(userDeactivate).toMatchObject({ mark, userErrors: [] })
  }
  expect((await acme.emitted()).filter(topic => topic === 'user.deactivated')).toHaveLength(1)
})
