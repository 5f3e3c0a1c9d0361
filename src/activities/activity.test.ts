import { expect, test } from 'vitest'
import { RECORD, tenant } from '../../test/harness.ts'

test('an activity pays its points once, whatever repeats it', async () => {
  await using acme = await tenant('ann', 'bob')
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'first-meeting' }
  const { activityRecord } = await acme.as('ann').run(RECORD, { input })
  expect(activityRecord).toMatchObject({ activity: { type: { key: 'meeting_scheduled', points: 50 }, user: { id: acme.id('ann') }, quantity: 1, pointEntries: [{ points: 50 }] }, duplicate: false, idempotencyHit: false, userErrors: [] })
  const again = await acme.as('ann').run(RECORD, { input })
  expect(again.activityRecord).toMatchObject({ activity: { id: activityRecord.activity.id }, idempotencyHit: true, mark: null })
  expect(await acme.points('ann')).toBe(50)
  expect((await acme.emitted()).filter(topic => topic === 'activity.recorded')).toHaveLength(1)
})
