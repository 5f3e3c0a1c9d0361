import fc from 'fast-check'
import { expect, test } from 'vitest'
import { draftOfLine, guessColumns, guessKind, type ImportSettings, plainDate, plainNumber } from './cells.rules.ts'

const PLAIN = { decimalSign: '.', thousandsSeparator: null } as const
const ENGLISH = { decimalSign: '.', thousandsSeparator: ',' } as const
const GERMAN = { decimalSign: ',', thousandsSeparator: '.' } as const
const SWISS = { decimalSign: '.', thousandsSeparator: '\'' } as const

test.each<[string, Pick<ImportSettings, 'decimalSign' | 'thousandsSeparator'>, string | null]>([
  ['1234.50', PLAIN, '1234.50'], [' -12 ', PLAIN, '-12'], ['1,234.50', PLAIN, null], ['1.234,50', PLAIN, null],
    ['1,234', PLAIN, null],
  ['1,234.50', ENGLISH, '1234.50'], ['1,234', ENGLISH, '1234'], ['1234', ENGLISH, '1234'], ['12,34', ENGLISH, null],
    ['1,2345', ENGLISH, null],
  ['1234,567', ENGLISH, null], ['1.234.567,89', GERMAN, '1234567.89'], ['1.234', GERMAN, '1234'], ['1.23', GERMAN, null],
    ['0,5', GERMAN, '0.5'],
  ['1,5', ENGLISH, null], ['12\'000.05', SWISS, '12000.05'], ['1e3', PLAIN, null], ['', PLAIN, null], ['-', PLAIN, null],
    ['.5', PLAIN, null],
  ['5.', PLAIN, null], ['€5', PLAIN, null], ['(5)', PLAIN, null], ['--5', PLAIN, null], ['1 000', PLAIN, null],
])('"%s" by %o is %s', (text, settings, expected) => {
  expect(plainNumber(text, settings)).toBe(expected)
})

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
test(`a number written with thousands is read as the same digits, by its own settings only (seed ${seed})`, () => {
  fc.assert(fc.property(fc.bigInt({ min: 1_000n, max: 10n ** 17n }), fc.nat(99), (whole, cents) => {
    const fraction = String(cents).padStart(2, '0')
    const grouped = String(whole).replaceAll(/\B(?=(\d{3})+$)/g, '.')
    expect(plainNumber(`${grouped},${fraction}`, GERMAN)).toBe(`${whole}.${fraction}`)
    expect(plainNumber(`${grouped},${fraction}`, ENGLISH)).toBeNull()
  }), { seed })
})

test.each<[string, ImportSettings['dateOrder'], string | null]>([
  ['2026-03-10', 'YMD', '2026-03-10'], ['10.03.2026', 'DMY', '2026-03-10'], ['3/10/2026', 'MDY', '2026-03-10'],
    ['10.03.2026', 'YMD', null],
  ['31.02.2026', 'DMY', null], ['13/10/2026', 'MDY', null], ['10.03.26', 'DMY', null], ['today', 'DMY', null],
])('"%s" in the order %s is %s', (text, order, expected) => {
  expect(plainDate(text, order)).toBe(expected)
})

test('columns are guessed by their names, each field once, and the kind by its columns', () => {
  const guessed = (...header: string[]) => guessColumns(header).map(({ column, field }) => `${column} ${field}`)
  expect(guessed('Invoice No', 'Date', 'Customer', 'Sales Rep E-Mail', 'Amount', 'Currency', 'Billing', 'Foo')).toEqual([
    '0 SOURCE_ID', '1 OCCURRED_AT', '2 CLIENT', '3 OWNER_EMAIL', '4 AMOUNT', '5 CURRENCY', '6 RECURRENCE'])
  expect(guessed('id', 'external_id', 'constructor', '')).toEqual(['0 SOURCE_ID'])
  expect([['AMOUNT'], ['ACTIVITY_TYPE'], ['METRIC', 'VALUE'], ['ORIGINAL', 'AMOUNT']].map(fields =>
    guessKind(fields.map(field => ({ field: field as 'AMOUNT' }))))).toEqual(['REVENUE', 'ACTIVITY', 'METRIC', 'REFUND'])
})

test('a line is a draft or one flaw', () => {
  const settings: ImportSettings = {
    kind: 'REVENUE', source: 'file', ...GERMAN, dateOrder: 'DMY', currency: 'EUR',
    columns: [{ column: 0, field: 'AMOUNT' }, { column: 1, field: 'OCCURRED_AT' }, { column: 2, field: 'RECURRENCE' }],
  }
  const midnight = new Date('2026-03-09T23:00:00.000Z')
  const draft = (...cells: string[]) => draftOfLine(cells, settings, () => midnight)
  expect(draft('1.234,50', '10.03.2026', 'Monthly')).toEqual({ draft: {
    fact: 'REVENUE', amount: '1234.50', unit: 'MAJOR', currency: 'EUR', recurrence: 'MONTH', person: null, client: null,
      deal: null,
    sourceId: null, occurredAt: midnight, note: null,
  } })
  expect(draft('5', '2026-03-10T08:00:00Z', ''))
    .toMatchObject({ draft: { occurredAt: new Date('2026-03-10T08:00:00Z'), recurrence: 'ONE_OFF' } })
  const fields = [draft(''), draft('1,234.5', ''), draft('5', '2026-03-10'), draft('5', '', 'constructor')]
  expect(fields)
    .toMatchObject(['AMOUNT', 'AMOUNT', 'OCCURRED_AT', 'RECURRENCE'].map(field => ({ flaw: { code: 'INVALID', field } })))
})
