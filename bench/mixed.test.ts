import { expect, test } from 'vitest'
import mixed from './mixed.bench.ts'
import { versionOf } from './services.ts'

// It shows that the bench runs, checks answers, screens and ledger, and answers its keys; figures of seconds mean nothing.
test.skipIf(!versionOf('redis-server'))('the mixed bench in its quick form answers its keys, without an error', async () => {
  const { metrics, rows } = await mixed({ quick: true, progress: () => {}, seed: 1 })
  const positive = expect.toSatisfy((value: number) => value > 0 && Number.isFinite(value))
  expect(metrics).toEqual({
    p50_ms: positive, p95_ms: positive, p99_ms: positive, error_rate: 0, delta_p99_ms: positive, max_per_second: positive,
  })
  expect(metrics.p50_ms).toBeLessThanOrEqual(metrics.p95_ms!)
  expect(rows!.join('\n')).toMatch(/outbox [1-9]\d*, commands \d+, readers \d+, statements \d+, entities \d+/)
}, 180_000)
