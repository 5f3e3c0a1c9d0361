/** What tests of revenue send, and the books they look at from behind. */
import { expect } from 'vitest'
import type { Person, TestTenant } from './harness.ts'

const FACT = `id kind amount { amount currency } rest { amount } recurrence client deal source sourceId owner { id } team { id }
  original { id }`
const ANSWER = `revenue { ${FACT} } duplicate idempotencyHit userErrors { code field } mark`
/** The mutation that records revenue. */
export const RECORD = `mutation($input: RevenueRecordInput!) { revenueRecord(input: $input) { ${ANSWER} } }`
const REFUND = `mutation($input: RevenueRefundInput!) { revenueRefund(input: $input) { ${ANSWER} } }`
const REVERSE = `mutation($input: RevenueReverseInput!) { revenueReverse(input: $input) { ${ANSWER} } }`
/** Returns an amount in euro. */
export const eur = (amount: string) => ({ amount, currency: 'EUR' })
/** Records 100.00 EUR, or what is given. */
export const record = async (by: Person, input: object = {}) =>
  (await by.run(RECORD, { input: { amount: eur('100.00'), idempotencyKey: 'revenue-key', ...input } })).revenueRecord
/** Refunds revenue. */
export const refund = async (by: Person, input: object) =>
  (await by.run(REFUND, { input: { idempotencyKey: 'refund-key', ...input } })).revenueRefund
/** Takes revenue back. */
export const reverse = async (by: Person, input: object) =>
  (await by.run(REVERSE, { input: { idempotencyKey: 'reversal-key', ...input } })).revenueReverse
/** Returns what a refused command answers. */
export const refused = (code: string, field: string) =>
  ({ revenue: null, duplicate: false, idempotencyHit: false, userErrors: [{ code, field: [field] }], mark: null })

/** What the tenant's books of revenue hold. */
export const booksOf = async (acme: TestTenant) => (await acme.sql(`select (select count(*) from revenue_fact) as facts,
  (select count(*) from revenue_rest) as rests, (select coalesce(sum(rest_minor), 0)::text from revenue_rest) as rest,
  (select coalesce(sum(amount_minor), 0)::text from revenue_fact) as sum, (select count(*) from command_key) as keys,
  (select count(*) from outbox where topic like 'revenue.%') + (select count(*) from event_log
    where topic like 'revenue.%') as events`))[0]!

/** Runs `work` and proves that it wrote no revenue; returns what it answered. */
export async function writingNothing<T>(acme: TestTenant, work: () => Promise<T>): Promise<T> {
  const before = await booksOf(acme)
  const answer = await work()
  expect(await booksOf(acme)).toEqual(before)
  return answer
}
