import { expect, test } from 'vitest'
import { guessForms, withColumn, withKind, type Settings } from './forms.ts'

const SETTINGS: Settings = {
  kind: 'REVENUE', source: 'import', decimalSign: '.', thousandsSeparator: null, dateOrder: 'YMD', currency: 'EUR',
  columns: [{ column: 0, field: 'AMOUNT' }, { column: 1, field: 'OCCURRED_AT' }],
}

test.each<[rows: string[][], decimalSign: string, thousands: string | null, dates: string]>([
  [[['1.234,50', '10.03.2026'], ['12,00', '31.03.2026']], ',', '.', 'DMY'],
  [[['1,234.50', '03/31/2026'], ['12', '03/10/2026']], '.', ',', 'MDY'],
  [[['1234.50', '2026-03-10']], '.', null, 'YMD'],
  [[['1234,50', '10.03.2026']], ',', null, 'DMY'],
  [[['1 234,50', '2026-03-10T08:00:00Z']], ',', ' ', 'YMD'],
  [[["1'234.50", '']], '.', "'", 'YMD'],
  [[['12', '10.03.2026'], ['7', '11.03.2026']], '.', null, 'DMY'],
  [[['n/a', 'soon']], '.', null, 'YMD'],
])('cells such as %j are read by "%s", "%s" and %s', (rows, decimalSign, thousandsSeparator, dateOrder) => {
  expect(guessForms(SETTINGS, rows)).toEqual({ ...SETTINGS, decimalSign, thousandsSeparator, dateOrder })
})

test('a field has one column, and a column may be left out', () => {
  const moved = withColumn(SETTINGS, 2, 'AMOUNT')
  expect(moved.columns).toEqual([{ column: 1, field: 'OCCURRED_AT' }, { column: 2, field: 'AMOUNT' }])
  expect(withColumn(moved, 1, '').columns).toEqual([{ column: 2, field: 'AMOUNT' }])
  expect(withColumn(SETTINGS, 1, 'NOTE').columns).toEqual([{ column: 0, field: 'AMOUNT' }, { column: 1, field: 'NOTE' }])
})

test('another kind keeps the columns that it reads', () => {
  const columns: Settings['columns'] = [...SETTINGS.columns as [], { column: 2, field: 'CLIENT' }, { column: 3, field: 'NOTE' }]
  expect(withKind({ ...SETTINGS, columns }, 'REFUND').columns.map(({ field }) => field))
    .toEqual(['AMOUNT', 'OCCURRED_AT', 'NOTE'])
  expect(withKind({ ...SETTINGS, columns }, 'METRIC')).toMatchObject({ kind: 'METRIC', columns: [{ column: 1 }, { column: 3 }] })
})
