import { expect, test } from 'vitest'
import auth from './auth.bench.ts'

// It shows that the bench runs and that both nodes answer alike; a ratio of so few requests means nothing.
test('the auth bench in its quick form answers its key', async () => {
  const { metrics } = await auth({ quick: true, progress: () => {} })
  expect(metrics).toEqual({ cost_over_open: expect.toSatisfy((ratio: number) => ratio > 0.5 && ratio < 5) })
}, 120_000)
