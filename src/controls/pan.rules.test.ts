import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holdsPan, isFreeText, isLuhn } from './pan.rules.ts'

const SEED = Number(process.env.LAUREL_SEED ?? Date.now() % 1_000_000)
const digits = (min: number, max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map(each => each.join(''))

/** Returns the sum of Luhn's check as the standard words it, from the left, so that it shares nothing with the rule. */
function luhnSum(number: string): number {
  const values = [...number].map(Number)
  return values.map((value, at) => (values.length - at) % 2 ? value : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][value]!)
    .reduce((sum, value) => sum + value, 0)
}
const withCheckDigit = (body: string) => `${body}${(10 - luhnSum(`${body}0`) % 10) % 10}`

test.each<[text: string, isFound: boolean]>([
  ['4111111111111111', true], ['4111 1111 1111 1111', true], ['4111-1111-1111-1111', true], ['378282246310005', true],
  ['card: 5555 5555 5555 4444, thanks', true], ['Order 12 4111 1111 1111 1111 of 2026', true], ['x4111111111111111x', true],
  ['4111 - 1111 - 1111 - 1111', true], ['4\u00a0111\u00a0111111111111', true], ['4111\u20131111\u20131111\u20131111', true],
  ['４１１１１１１１１１１１１１１１', true], ['٤١١١١١١١١١١١١١١١', true], ['4111\u200b1111\u200b1111\u200b1111', true],
  ['4222222222222', true], ['6304000000000000000', true], // 13 and 19 digits.
  ['4111111111111112', false], ['411111111111', false], ['41111111111111111111', false], ['4111.1111.1111.1111', false],
  ['', false], ['thirteen words and no digit', false], ['2026-11-24 09:30', false], ['+49 30 901820', false],
])('in "%s" a card number is found: %s', (text, isFound) => {
  expect(holdsPan(text)).toBe(isFound)
})

test(`whatever passes Luhn's check is found wherever it stands, and with another last digit it is not, seed ${SEED}`, () => {
  const parted = fc.tuple(digits(12, 18), fc.constantFrom('', ' ', '-', ' - '), fc.integer({ min: 1, max: 6 }))
  fc.assert(fc.property(parted, fc.string({ unit: fc.constantFrom('a', 'é', '.', '\n') }), ([body, between, size], words) => {
    const number = withCheckDigit(body)
    const groups = number.match(new RegExp(`.{1,${size}}`, 'g'))!
    expect(isLuhn(number)).toBe(luhnSum(number) % 10 === 0)
    expect(holdsPan(`${words}a${groups.join(between)}b${words}`)).toBe(true)
    const wrong = `${body}${(Number(number.at(-1)) + 1) % 10}`
    expect([isLuhn(wrong), holdsPan(`a${wrong}b`)]).toEqual([false, false])
  }), { seed: SEED, numRuns: 500 })
})

test.each([
  ['note', true], ['reason', true], ['name', true], ['description', true], ['email', true], ['source', true], ['monkey', true],
  ['paid', true], ['sourceId', false], ['idempotencyKey', false], ['idempotency_key', false], ['key_hash', false], ['url', false],
  ['userIds', false], ['id', false],
])('a field %s is free text: %s', (name, isFree) => {
  expect(isFreeText(name)).toBe(isFree)
})
