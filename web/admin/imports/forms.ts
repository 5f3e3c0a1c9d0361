/**
 * How a file may be written, in words: kinds of facts, fields of columns, numbers and dates by example; and a guess from
 * cells. Pure.
 */
import type { ImportField, ImportSettingsInput } from '../../generated.ts'

export type Kind = ImportSettingsInput['kind']
export type Settings = ImportSettingsInput

/** Kinds of facts, as people choose them. */
export const KINDS: Record<Kind, { name: string; one: string }> = {
  REVENUE: { name: 'Revenue', one: 'revenue' },
  REFUND: { name: 'Refunds of revenue', one: 'a refund' },
  ACTIVITY: { name: 'Activities', one: 'an activity' },
  METRIC: { name: 'Values of metrics', one: 'a value of a metric' },
}

/** Names of the fields, as people choose them. */
export const FIELD_NAMES: Record<ImportField, string> = {
  AMOUNT: 'Amount',
  CURRENCY: 'Currency',
  RECURRENCE: 'Recurrence',
  OWNER_EMAIL: 'Person, by e-mail',
  OWNER_ID: 'Person, by id',
  CLIENT: 'Client',
  DEAL: 'Deal',
  OCCURRED_AT: 'Date',
  SOURCE_ID: 'Id in the source',
  NOTE: 'Note',
  ORIGINAL: 'Id of the revenue',
  ACTIVITY_TYPE: 'Activity, by key',
  QUANTITY: 'Quantity',
  METRIC: 'Metric, by key',
  VALUE: 'Value',
}

const COMMON: readonly ImportField[] = ['OCCURRED_AT', 'SOURCE_ID', 'NOTE']
const PERSON: readonly ImportField[] = ['OWNER_EMAIL', 'OWNER_ID']

/** The fields that each kind reads; what it needs comes first. */
export const FIELDS_OF: Record<Kind, readonly ImportField[]> = {
  REVENUE: ['AMOUNT', 'CURRENCY', ...PERSON, 'CLIENT', 'DEAL', 'RECURRENCE', ...COMMON],
  REFUND: ['ORIGINAL', 'AMOUNT', ...COMMON],
  ACTIVITY: ['ACTIVITY_TYPE', ...PERSON, 'QUANTITY', ...COMMON],
  METRIC: ['METRIC', 'VALUE', ...PERSON, ...COMMON],
}

/** What each kind cannot do without. */
export const NEEDED: Record<Kind, readonly ImportField[]> = {
  REVENUE: ['AMOUNT'],
  REFUND: ['ORIGINAL'],
  ACTIVITY: ['ACTIVITY_TYPE'],
  METRIC: ['METRIC', 'VALUE'],
}

/** Ways to write numbers, shown by example; the name of each is its example. */
export const NUMBERS: { example: string; decimalSign: '.' | ','; thousandsSeparator: string | null }[] = [
  { example: '1234.50', decimalSign: '.', thousandsSeparator: null },
  { example: '1,234.50', decimalSign: '.', thousandsSeparator: ',' },
  { example: '1234,50', decimalSign: ',', thousandsSeparator: null },
  { example: '1.234,50', decimalSign: ',', thousandsSeparator: '.' },
  { example: '1 234,50', decimalSign: ',', thousandsSeparator: ' ' },
  { example: '1\u00a0234,50', decimalSign: ',', thousandsSeparator: '\u00a0' },
  { example: "1'234.50", decimalSign: '.', thousandsSeparator: "'" },
]

/** Ways to write dates, by example. */
export const DATES: { order: Settings['dateOrder'] & string; example: string }[] = [
  { order: 'YMD', example: '2026-03-10' },
  { order: 'DMY', example: '10.03.2026' },
  { order: 'MDY', example: '03/10/2026' },
]

/** Returns whether a cell is a number written so. */
function isNumber(cell: string, { decimalSign, thousandsSeparator }: (typeof NUMBERS)[number]): boolean {
  const [whole = '', fraction, ...more] = cell.trim().replace(/^-/, '').split(decimalSign)
  if (more.length || (fraction !== undefined && !/^\d+$/.test(fraction))) return false
  const groups = thousandsSeparator === null ? [whole] : whole.split(thousandsSeparator)
  return groups.every((group, at) => (at ? /^\d{3}$/ : groups.length > 1 ? /^\d{1,3}$/ : /^\d+$/).test(group))
}

function isDate(cell: string, order: string): boolean {
  const pattern = order === 'YMD' ? /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/ : /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/
  const parts = pattern.exec(cell.trim())
  if (!parts) return false
  const [month, day] = order === 'YMD' ? [parts[2], parts[3]] : order === 'DMY' ? [parts[2], parts[1]] : [parts[1], parts[2]]
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31
}

const NUMERIC: readonly ImportField[] = ['AMOUNT', 'QUANTITY', 'VALUE']

/**
 * Returns the settings with numbers and dates as most cells of the first lines are written; the first way that reads the most
 * wins, so what the cells leave open stays as it was.
 */
export function guessForms(settings: Settings, rows: readonly (readonly string[])[]): Settings {
  const cellsOf = (fields: readonly ImportField[]) =>
    settings.columns
      .filter(({ field }) => fields.includes(field))
      .flatMap(({ column }) => rows.map(row => (row[column] ?? '').trim()).filter(Boolean))
  const [numbers, dates] = [cellsOf(NUMERIC), cellsOf(['OCCURRED_AT'])]
  const most = <T>(ways: readonly T[], reads: (way: T) => number) =>
    ways.reduce((best, way) => (reads(way) > reads(best) ? way : best))
  const { decimalSign, thousandsSeparator } = most(NUMBERS, way => numbers.filter(cell => isNumber(cell, way)).length)
  const { order } = most(DATES, way => dates.filter(cell => isDate(cell, way.order)).length)
  return { ...settings, decimalSign, thousandsSeparator, dateOrder: order }
}

/** Returns the settings for another kind: columns keep their fields where that kind reads them. */
export function withKind(settings: Settings, kind: Kind): Settings {
  return { ...settings, kind, columns: settings.columns.filter(({ field }) => FIELDS_OF[kind].includes(field)) }
}

/** Returns the settings with a column's field; a field has one column, so another one loses it. "" = the column is left out. */
export function withColumn(settings: Settings, column: number, field: ImportField | ''): Settings {
  const others = settings.columns.filter(each => each.column !== column && each.field !== field)
  return { ...settings, columns: field ? [...others, { column, field }] : others }
}
