import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tenant } from '../../test/harness.ts'
import { booksOf, eur, record, refund, refused, reverse, writingNothing } from '../../test/revenue.ts'

test('a refund is a negative fact linked to its original, and never goes beyond what is left', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const { revenue } = await record(ann)
  const part = await refund(ann, { revenueId: revenue.id, amount: '30.00', source: 'billing', sourceId: 're_1' })
  expect(part).toMatchObject({
    revenue: { kind: 'REFUND', amount: eur('-30.00'), rest: null, original: { id: revenue.id } }, duplicate: false,
      userErrors: [],
  })
  expect(await writingNothing(acme, () =>
    refund(ann, { revenueId: revenue.id, amount: '30.00', source: 'billing', sourceId: 're_1' })))
    .toMatchObject({ revenue: { id: part.revenue.id }, idempotencyHit: true })
  expect(await writingNothing(acme, () =>
    refund(ann, { revenueId: revenue.id, amount: '1.00', idempotencyKey: 'other-key', source: 'billing', sourceId: 're_1' })))
    .toMatchObject({ revenue: { id: part.revenue.id }, duplicate: true })
  const next = { revenueId: revenue.id, idempotencyKey: 'next-refund' }
  for (const [amount, code] of [['70.01', 'OUT_OF_RANGE'], ['0.00', 'OUT_OF_RANGE'], ['-1.00', 'OUT_OF_RANGE'],
    ['0.001', 'INVALID']]) {
    expect([amount, await writingNothing(acme, () => refund(ann, { ...next, amount }))])
      .toEqual([amount, refused(code!, 'amount')])
  }
  expect(await writingNothing(acme, () => refund(ann, { ...next, revenueId: part.revenue.id })))
    .toEqual(refused('INVALID', 'revenueId'))
  expect(await refund(ann, next)).toMatchObject({ revenue: { amount: eur('-70.00') }, userErrors: [] }) // All that is left.
  expect(await writingNothing(acme, () => refund(ann, { ...next, idempotencyKey: 'nothing-left' })))
    .toEqual(refused('OUT_OF_RANGE', 'amount'))
  expect(await booksOf(acme)).toEqual({ facts: 3, rests: 1, rest: '0', sum: '0', keys: 3, events: 3 })
})

test('twelve refunds of 30.00 at once on 100.00 leave 10.00', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const { revenue } = await record(ann)
  const answers = await Promise.all(Array.from({ length: 12 }, (_, at) =>
    refund(ann, { revenueId: revenue.id, amount: '30.00', idempotencyKey: `refund-key-${at}` })))
  expect(answers.filter(({ userErrors }) => !userErrors.length)).toHaveLength(3)
  expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(Array(9).fill({ code: 'OUT_OF_RANGE', field: ['amount'] }))
  expect(await booksOf(acme)).toEqual({ facts: 4, rests: 1, rest: '1000', sum: '1000', keys: 4, events: 4 })
})

test('a reversal takes back what is left, or a refund, once; nothing is refunded afterwards', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const { revenue } = await record(ann)
  const first = await refund(ann, { revenueId: revenue.id, amount: '40.00' })
  const undone = await reverse(ann, { revenueId: first.revenue.id })
  expect(undone).toMatchObject({ revenue: { kind: 'REVERSAL', amount: eur('40.00'), original: { id: first.revenue.id } } })
  expect(await writingNothing(acme, () => reverse(ann, { revenueId: first.revenue.id, idempotencyKey: 'twice-taken' })))
    .toEqual(refused('ALREADY_REVERSED', 'revenueId'))
  const second = await refund(ann, { revenueId: revenue.id, amount: '25.00', idempotencyKey: 'second-refund' })
  expect(await reverse(ann, { revenueId: revenue.id, idempotencyKey: 'whole-reversal' })).toMatchObject({
    revenue: { kind: 'REVERSAL', amount: eur('-75.00'), original: { id: revenue.id } }, userErrors: [],
  })
  for (const id of [revenue.id, second.revenue.id]) {
    expect(await writingNothing(acme, () => reverse(ann, { revenueId: id, idempotencyKey: 'too-late-key' })))
      .toEqual(refused('ALREADY_REVERSED', 'revenueId'))
  }
  expect(await writingNothing(acme, () => refund(ann, { revenueId: revenue.id, idempotencyKey: 'too-late-key' })))
    .toEqual(refused('ALREADY_REVERSED', 'revenueId'))
  expect(await writingNothing(acme, () => reverse(ann, { revenueId: undone.revenue.id, idempotencyKey: 'of-a-reversal' })))
    .toEqual(refused('INVALID', 'revenueId'))
  expect(await booksOf(acme)).toEqual({ facts: 5, rests: 1, rest: '0', sum: '0', keys: 5, events: 5 })
  expect(await acme.emitted()).toEqual(expect.arrayContaining(['revenue.recorded', 'revenue.refunded', 'revenue.reversed']))
})

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
test(`what is left is the sum of what was said, whatever order refunds and reversals come in (seed ${seed})`, async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.tuple(fc.constantFrom('refund', 'reverse', 'reverse a refund'), fc.integer({ min: 1, max: 6_000 })),
      { maxLength: 8 }),
    async commands => {
      await using acme = await tenant('ann:ADMIN')
      const ann = acme.as('ann')
      const { revenue } = await record(ann)
      const refunds: string[] = []
      let rest = 10_000n
      for (const [at, [verb, minor]] of commands.entries()) {
        const key = { idempotencyKey: `model-key-${at}` }
        if (verb === 'refund') {
          const amount = `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`
          const { revenue: made } = await refund(ann, { revenueId: revenue.id, amount, ...key })
          if (made) {
            refunds.push(made.id)
            rest -= BigInt(minor)
          }
        } else {
          const target = verb === 'reverse' ? revenue.id : refunds[minor % (refunds.length || 1)]
          const { revenue: made } = target ? await reverse(ann, { revenueId: target, ...key }) : { revenue: null }
          if (made) rest += BigInt(made.amount.amount.replace('.', ''))
        }
        expect(rest >= 0n).toBe(true)
        expect(await booksOf(acme)).toMatchObject({ rest: String(rest), sum: String(rest) })
      }
    }), { seed, numRuns: 6 })
})
