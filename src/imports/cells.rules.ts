/** Cells become drafts: numbers and dates only in the form that the settings say, everything else is a flaw of its line. Pure. */
import type { Draft, Drafted } from '../sources/draft.rules.ts'

/** What a column may hold. */
export const FIELDS = [
  'AMOUNT', 'CURRENCY', 'RECURRENCE', 'OWNER_EMAIL', 'OWNER_ID', 'CLIENT', 'DEAL', 'OCCURRED_AT', 'SOURCE_ID', 'NOTE', 'ORIGINAL',
  'ACTIVITY_TYPE', 'QUANTITY', 'METRIC', 'VALUE',
] as const
export type Field = typeof FIELDS[number]

/** How a file is read. `source` is the source of its facts; `currency` is that of amounts without a column for it. */
export interface ImportSettings {
  kind: Draft['fact']; source: string; columns: { column: number; field: Field }[]
  decimalSign: '.' | ','; thousandsSeparator: string | null; dateOrder: 'YMD' | 'DMY' | 'MDY'; currency: string | null
}

const NAMES: [Field, RegExp][] = [
  ['OWNER_EMAIL', /^(owner |seller |sales ?rep |user |rep )?e-?mail( address)?$|^(owner|seller|rep|sales ?rep)$/],
  ['OWNER_ID', /^(user|owner) ?id$/], ['ORIGINAL', /^(original|refund of|charge|invoice) ?(id)?$/],
  ['SOURCE_ID', /^(id|source ?id|external ?id|transaction( ?id)?|reference|invoice ?(no|number))$/],
  ['AMOUNT', /^(amount|net|revenue|total|price|betrag|umsatz)$/], ['CURRENCY', /^(currency|curr|währung)$/],
  ['RECURRENCE', /^(recurrence|interval|period|billing)$/], ['CLIENT', /^(client|customer|account|company|kunde)$/],
  ['DEAL', /^(deal|opportunity|contract)$/],
    ['OCCURRED_AT', /^(occurred ?at|date|day|datum|at|recognized|paid ?at|created ?at)$/],
  ['NOTE', /^(note|comment|description|memo)$/], ['ACTIVITY_TYPE', /^(activity( ?type)?|type)$/],
  ['QUANTITY', /^(quantity|count|number)$/], ['METRIC', /^(metric|measure)$/], ['VALUE', /^(value|score)$/],
]

/** Returns what the columns seem to hold by their names, each field once. */
export function guessColumns(header: readonly string[]): { column: number; field: Field }[] {
  const taken = new Set<Field>()
  return header.flatMap((name, column) => {
    const plain = name.trim().toLowerCase().replaceAll(/[_-]+/g, ' ').replace(/\be mail\b/, 'email')
    const [field] = NAMES.find(([each, pattern]) => !taken.has(each) && pattern.test(plain)) ?? []
    if (!field) return []
    taken.add(field)
    return [{ column, field }]
  })
}

/** Returns the kind of facts that columns seem to be of. */
export function guessKind(columns: readonly { field: Field }[]): Draft['fact'] {
  const has = (field: Field) => columns.some(column => column.field === field)
  return has('METRIC') ? 'METRIC' : has('ACTIVITY_TYPE') && !has('AMOUNT') ? 'ACTIVITY' : has('ORIGINAL') ? 'REFUND' : 'REVENUE'
}

/** What must have a column, by kind. */
export const NEEDED: Record<Draft['fact'], readonly Field[]> = {
  REVENUE: ['AMOUNT'], REFUND: ['ORIGINAL'], ACTIVITY: ['ACTIVITY_TYPE'], METRIC: ['METRIC', 'VALUE'],
}

/**
 * Returns a number as plain decimal text, or null: the sign between units and fractions and the one between thousands must be
 * those of
 * the settings, and thousands stand in groups of three or not at all. "1,234" is not guessed at.
 */
export function plainNumber(
  text: string, { decimalSign, thousandsSeparator }: Pick<ImportSettings, 'decimalSign' | 'thousandsSeparator'>,
): string | null {
  const [, sign, whole, fraction] =
    (decimalSign === '.' ? /^(-?)([^.]+)(?:\.(\d+))?$/ : /^(-?)([^,]+)(?:,(\d+))?$/).exec(text.trim()) ?? []
  if (whole === undefined) return null
  const groups = thousandsSeparator === null ? [whole] : whole.split(thousandsSeparator)
  const isGrouped = groups.length > 1
  const isGood = groups.every((group, at) => isGrouped ? (at ? /^\d{3}$/ : /^\d{1,3}$/).test(group) : /^\d+$/.test(group))
  return isGood ? `${sign}${groups.join('')}${fraction === undefined ? '' : `.${fraction}`}` : null
}

/** Returns a date of a file as "YYYY-MM-DD", or null when it is none in that order. */
export function plainDate(text: string, order: ImportSettings['dateOrder']): string | null {
  const pattern = order === 'YMD' ? /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/ : /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/
  const parts = pattern.exec(text.trim())?.slice(1)
  if (!parts) return null
  const [year, month, day] = order === 'YMD' ? parts : order === 'DMY' ? [parts[2], parts[1], parts[0]]
    : [parts[2], parts[0], parts[1]]
  const shown = `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
  const date = new Date(`${shown}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(shown) ? shown : null
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const RECURRENCES: Record<string, string> = {
  '': 'ONE_OFF', one_off: 'ONE_OFF', 'one-off': 'ONE_OFF', once: 'ONE_OFF', month: 'MONTH', monthly: 'MONTH', quarter: 'QUARTER',
  quarterly: 'QUARTER', year: 'YEAR', yearly: 'YEAR', annual: 'YEAR', annually: 'YEAR',
}

/** Returns what a line says; `dayStart` answers when a local day begins. */
export function draftOfLine(cells: readonly string[], settings: ImportSettings, dayStart: (day: string) => Date): Drafted {
  const { kind } = settings
  const cell = (field: Field): string | null => {
    const column = settings.columns.find(each => each.field === field)?.column
    return (column === undefined ? '' : cells[column] ?? '').trim() || null
  }
  const flaw = (field: Field, message: string): Drafted => ({ flaw: { code: 'INVALID', field, message } })
  for (const field of NEEDED[kind]) if (cell(field) === null) return flaw(field, `There is nothing in the column of ${field}.`)
  const written = cell('OCCURRED_AT')
  const day = written && plainDate(written, settings.dateOrder)
  const occurredAt = !written ? null : day ? dayStart(day) : INSTANT.test(written) ? new Date(written) : undefined
  if (occurredAt === undefined || (occurredAt && Number.isNaN(occurredAt.getTime()))) {
    return flaw('OCCURRED_AT', `"${written!.slice(0, 40)}" is no date in the order ${settings.dateOrder}, nor RFC 3339.`)
  }
  const [email, id] = [cell('OWNER_EMAIL'), cell('OWNER_ID')]
  const person = email ? { by: 'EMAIL' as const, value: email } : id ? { by: 'ID' as const, value: id } : null
  const common = { sourceId: cell('SOURCE_ID'), occurredAt, note: cell('NOTE') }
  const number = (field: Field) => cell(field) === null ? null : plainNumber(cell(field)!, settings)
  for (const field of ['AMOUNT', 'VALUE', 'QUANTITY'] as const) {
    if (cell(field) !== null && number(field) === null) return flaw(field,
      `"${cell(field)!.slice(0, 40)}" is no number as the settings say.`)
  }
  if (kind === 'METRIC') return { draft: { fact: kind, ...common, metric: cell('METRIC')!, value: number('VALUE')!, person } }
  if (kind === 'REFUND') return {
    draft: { fact: kind, ...common, original: cell('ORIGINAL')!, amount: number('AMOUNT'), unit: 'MAJOR' } }
  if (kind === 'ACTIVITY') {
    if (!person) return flaw('OWNER_EMAIL', 'An activity is somebody\'s: there is no person.')
    return { draft: { fact: kind, ...common, activityType: cell('ACTIVITY_TYPE')!, quantity: number('QUANTITY'), person } }
  }
  const currency = (cell('CURRENCY') ?? settings.currency ?? '').toUpperCase()
  const word = (cell('RECURRENCE') ?? '').toLowerCase()
  if (!Object.hasOwn(RECURRENCES, word)) return flaw('RECURRENCE',
    `"${word.slice(0, 40)}" is no recurrence: ONE_OFF, MONTH, QUARTER or YEAR.`)
  return {
    draft: {
      fact: kind, ...common, amount: number('AMOUNT')!, unit: 'MAJOR', currency, recurrence: RECURRENCES[word]!, person,
      client: cell('CLIENT'), deal: cell('DEAL'),
    },
  }
}
