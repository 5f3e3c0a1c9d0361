import { GraphQLError } from 'graphql'
import { expect, test } from 'vitest'
import { LocalBuckets } from './buckets.ts'
import { type Payer, Quotas, type QuotaSettings } from './quotas.ts'

const OFF: QuotaSettings = { tenant: null, user: null, key: null, anonymous: null }
const quotasOf = (settings: Partial<QuotaSettings>) =>
  new Quotas({ ...OFF, ...settings }, new LocalBuckets(() => 0), new LocalBuckets(() => 0))
const person = (userId: string, tenantId = 'acme'): Payer => ({ tenantId, userId, token: `token of ${userId}` })

/** Returns what is left, or why the charge was refused. */
async function charge(quotas: Quotas, payer: Payer, cost = 0, isStream = false): Promise<unknown> {
  return quotas.charge(payer, cost, isStream).catch((error: GraphQLError) => ({ ...error.extensions, message: error.message }))
}

test('nothing is limited where no quota is set', async () => {
  const quotas = quotasOf({})
  for (let at = 0; at < 10; at++) expect(await charge(quotas, person('ann'), 1_000_000)).toBeNull()
  expect(await charge(quotas, { address: '10.0.0.1' })).toBeNull()
})

test('a person has so many operations, whoever else asks has their own', async () => {
  const quotas = quotasOf({ user: { requests: 3, cost: 1_000 } })
  for (const requests of [2, 1, 0]) expect(await charge(quotas, person('ann'), 10)).toMatchObject({ requests })
  expect(await charge(quotas, person('ann'), 10)).toEqual({
    code: 'RATE_LIMITED', retryAfterMs: 20_000,
    message: 'The quota of a person is 3 operations a minute. Try again in 20 s, or ask for less at a time.',
  })
  expect(await charge(quotas, person('bob'), 10)).toEqual({ requests: 2, cost: 990 })
  expect(await charge(quotas, person('ann', 'rival'), 10)).toEqual({ requests: 2, cost: 990 })
})

test('a tenant\'s people share its cost, and what is left is the least of all quotas', async () => {
  const quotas = quotasOf({ tenant: { requests: 100, cost: 500 }, user: { requests: 10, cost: 10_000 } })
  expect(await charge(quotas, person('ann'), 200)).toEqual({ requests: 9, cost: 300 })
  expect(await charge(quotas, person('bob'), 200)).toEqual({ requests: 9, cost: 100 })
  expect(await charge(quotas, person('cy'), 200)).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 12_000 })
  expect(await charge(quotas, person('dee', 'rival'), 200)).toEqual({ requests: 9, cost: 300 })
})

test('what was charged before a refusal is given back', async () => {
  const quotas = quotasOf({ tenant: { requests: 100, cost: 50 }, user: { requests: 3, cost: 1_000 } })
  expect(await charge(quotas, person('ann'), 50)).toMatchObject({ requests: 2 })
  for (let at = 0; at < 5; at++) expect(await charge(quotas, person('ann'), 50)).toMatchObject({ code: 'RATE_LIMITED' })
  expect(await charge(quotas, person('ann'))).toMatchObject({ requests: 1 })
})

test('keys and screens have quotas of their own, each by its id, or by its token where it has none', async () => {
  const quotas = quotasOf({ key: { requests: 1, cost: 100 }, user: { requests: 50, cost: 5_000 } })
  const key = (id: string | null, token: string): Payer => ({
    tenantId: 'acme', userId: null, token, credential: { kind: 'KEY', id, scopes: null, boards: null, provedMs: null } as never,
  })
  const codes = []
  for (const payer of [key('one', 'a'), key('one', 'b'), key('two', 'a'), key(null, 'a'), key(null, 'a'), key(null, 'b')]) {
    codes.push((await charge(quotas, payer) as { code?: string }).code ?? 'good')
  }
  expect(codes).toEqual(['good', 'RATE_LIMITED', 'good', 'good', 'RATE_LIMITED', 'good'])
})

test('a stream is charged to its person and not to the tenant, which may come back all at once', async () => {
  const quotas = quotasOf({ tenant: { requests: 2, cost: 100 }, user: { requests: 2, cost: 1_000 } })
  for (let at = 0; at < 50; at++) {
    expect(await charge(quotas, person(`user-${at}`), 500, true)).toEqual({ requests: 1, cost: 500 })
  }
  expect(await charge(quotas, person('user-0'), 500, true)).toEqual({ requests: 0, cost: 0 })
  expect(await charge(quotas, person('user-0'), 500, true)).toMatchObject({ code: 'RATE_LIMITED' })
  expect(await charge(quotas, person('ann'), 100)).toEqual({ requests: 1, cost: 0 })
})

test('who has no token is counted by address', async () => {
  const quotas = quotasOf({ anonymous: 2 })
  const codes = []
  for (const address of ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2']) {
    codes.push((await charge(quotas, { address }, 100) as { code?: string }).code ?? 'good')
  }
  expect(codes).toEqual(['good', 'good', 'RATE_LIMITED', 'good'])
})
