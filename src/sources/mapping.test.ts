import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseExactly, valueAt } from './exact.rules.ts'
import { draftsOf, type Mapping } from './mapping.rules.ts'
import { mappingOf } from './mapping.shape.ts'

const REVENUE = {
  fact: 'REVENUE' as const, when: [{ path: 'type', in: ['invoice.paid'] }], each: 'data.lines', amount: { path: '@.amount' },
  unit: 'MINOR' as const, currency: { path: 'data.currency' }, sourceId: { path: '@.id' },
  recurrence: { path: '@.interval', values: { month: 'MONTH', year: 'YEAR' }, otherwise: 'ONE_OFF' },
  occurredAt: { path: 'created', as: 'UNIX_SECONDS' as const },
}
const mapping = (rule: object): Mapping => mappingOf(JSON.stringify({ version: 1, rules: [rule] }))

test('a rule makes a fact of each element, exactly, and none of a body that it is not for', () => {
  const body = parseExactly(`{ "type": "invoice.paid", "created": 1760000000, "data": { "currency": "eur", "lines": [
    { "id": "l1", "amount": 900719925474099301, "interval": "year" }, { "id": "l2", "amount": 5, "interval": "week" },
      { "id": "l3" } ] } }`)
  const common = { fact: 'REVENUE', unit: 'MINOR', currency: 'EUR', person: null, client: null, deal: null, note: null }
  expect(draftsOf(mapping(REVENUE), body)).toEqual([
    { draft: { ...common, amount: '900719925474099301', recurrence: 'YEAR', sourceId: 'l1',
      occurredAt: new Date(1_760_000_000_000) } },
    { draft: { ...common, amount: '5', recurrence: 'ONE_OFF', sourceId: 'l2', occurredAt: new Date(1_760_000_000_000) } },
    { flaw: { code: 'INVALID', field: 'amount', message: 'There is nothing for amount at "@.amount".' } },
  ])
  expect(draftsOf(mapping(REVENUE), parseExactly('{ "type": "invoice.voided" }'))).toEqual([])
  expect(draftsOf(mapping(REVENUE), parseExactly('{ "type": "invoice.paid" }'))).toMatchObject([{ flaw: { field: 'each' } }])
  const many = parseExactly(JSON.stringify({ type: 'invoice.paid', data: { lines: Array.from({ length: 201 }, () => ({})) } }))
  expect(draftsOf(mapping(REVENUE), many)).toMatchObject([{ flaw: { code: 'OUT_OF_RANGE' } }])
})

test('a path sees a value\'s own keys only', () => {
  const body = parseExactly('{ "a": { "b": ["x", "y"] }, "__proto__": { "c": "d" } }')
  const at = (path: string) => valueAt(body, path.split('.'))
  expect([at('a.b.1'), at('a.b.2'), at('a.b.length'), at('constructor.name'), at('a.toString'), at('__proto__.c'), at('a.b.-1')])
    .toEqual(['y', undefined, undefined, undefined, undefined, 'd', undefined])
})

test.each<[string, object | string]>([
  ['no JSON', '{'], ['another version', { version: 2, rules: [REVENUE] }], ['no rules', { version: 1, rules: [] }],
  ['an unknown key', { ...REVENUE, script: 'x' }], ['an unknown fact', { ...REVENUE, fact: 'POINTS' }],
  ['a constant and a path', { ...REVENUE, amount: { path: 'a', const: '1' } }], ['neither', { ...REVENUE, amount: {} }],
  ['a path with a call', { ...REVENUE, amount: { path: 'a()' } }],
    ['a path of 11 keys', { ...REVENUE, amount: { path: 'a.b.c.d.e.f.g.h.i.j.k' } }],
  ['a list within an element', { ...REVENUE, each: '@.lines' }], ['no currency', { ...REVENUE, currency: undefined }],
  ['two names of a person', { ...REVENUE, owner: { email: { path: 'a' }, id: { path: 'b' } } }],
  ['a number for a constant', { ...REVENUE, currency: { const: 1 } }],
  ['21 rules', { version: 1, rules: Array(21).fill(REVENUE) }], ['16,385 characters', ' '.repeat(16_385)],
])('a mapping is closed: %s is refused', (_title, value) => {
  const text = typeof value === 'string' ? value : JSON.stringify('version' in value ? value : { version: 1, rules: [value] })
  expect(() => mappingOf(text)).toThrow(/^mapping/)
})

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
test(`JSON is read as it is but for its numbers, which stay the text they were (seed ${seed})`, () => {
  const textual = (value: unknown): unknown => {
    if (typeof value === 'number') return JSON.stringify(value)
    if (Array.isArray(value)) return value.map(textual)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, textual(each)]))
  }
  fc.assert(fc.property(fc.jsonValue(), value => {
    const text = JSON.stringify(value)
    expect(JSON.stringify(parseExactly(text))).toBe(JSON.stringify(textual(JSON.parse(text))))
  }), { seed })
  expect(parseExactly('[9007199254740993.10, -0, 1e3, "1 \\" 2"]')).toEqual(['9007199254740993.10', '-0', '1e3', '1 " 2'])
  for (const bad of ['', '{a:1}', '[01]', '1 2']) expect(() => parseExactly(bad)).toThrow(SyntaxError)
})
