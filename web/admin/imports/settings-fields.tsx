/** The settings of an import as fields: kind, source, how numbers and dates are written, and what each column holds. */
import type { ImportField } from '../../generated.ts'
import type { Refusal } from '../asking.ts'
import { errorFor, Field } from '../parts.tsx'
import { DATES, FIELD_NAMES, FIELDS_OF, KINDS, NEEDED, NUMBERS, withColumn, withKind, type Kind, type Settings } from './forms.ts'

interface FieldsProps {
  settings: Settings
  edit: (settings: Settings) => void
  refusals: Refusal[]
}

/** Returns the fields of the whole file. */
export function FormFields({ settings, edit, refusals }: FieldsProps) {
  return (
    <div className="forms">
      <Field label="It holds" error={errorFor(refusals, 'kind')}>
        {wired => (
          <select
            {...wired}
            className="field"
            value={settings.kind}
            onChange={event => edit(withKind(settings, event.target.value as Kind))}
          >
            {Object.entries(KINDS).map(([kind, { name }]) => (
              <option key={kind} value={kind}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Source" note="Where it comes from, such as billing" error={errorFor(refusals, 'source')}>
        {wired => (
          <input
            {...wired}
            className="field"
            maxLength={100}
            value={settings.source ?? ''}
            onChange={event => edit({ ...settings, source: event.target.value })}
          />
        )}
      </Field>
      <NumberAndDateFields settings={settings} edit={edit} refusals={refusals} />
      {settings.kind === 'REVENUE' && <CurrencyField settings={settings} edit={edit} refusals={refusals} />}
    </div>
  )
}

function NumberAndDateFields({ settings, edit, refusals }: FieldsProps) {
  const written = NUMBERS.findIndex(
    way => way.decimalSign === settings.decimalSign && way.thousandsSeparator === (settings.thousandsSeparator ?? null),
  )
  return (
    <>
      <Field label="Numbers are written" error={errorFor(refusals, 'decimalSign', 'thousandsSeparator')}>
        {wired => (
          <select
            {...wired}
            className="field num"
            value={written}
            onChange={event => {
              const { decimalSign, thousandsSeparator } = NUMBERS[Number(event.target.value)]!
              edit({ ...settings, decimalSign, thousandsSeparator })
            }}
          >
            {NUMBERS.map(({ example, thousandsSeparator }, at) => (
              <option key={example} value={at}>
                {example}
                {thousandsSeparator === '\u00a0' && ' (with fixed spaces)'}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Dates are written" error={errorFor(refusals, 'dateOrder')}>
        {wired => (
          <select
            {...wired}
            className="field num"
            value={settings.dateOrder}
            onChange={event => edit({ ...settings, dateOrder: event.target.value as 'YMD' })}
          >
            {DATES.map(({ order, example }) => (
              <option key={order} value={order}>
                {example}
              </option>
            ))}
          </select>
        )}
      </Field>
    </>
  )
}

const CURRENCIES = Intl.supportedValuesOf('currency')
const currencyNames = new Intl.DisplayNames(undefined, { type: 'currency' })

function CurrencyField({ settings, edit, refusals }: FieldsProps) {
  return (
    <Field label="Currency" note="Where a line names none" error={errorFor(refusals, 'currency')}>
      {wired => (
        <select
          {...wired}
          className="field"
          value={settings.currency ?? ''}
          onChange={event => edit({ ...settings, currency: event.target.value || null })}
        >
          <option value="">each line names it</option>
          {CURRENCIES.map(code => (
            <option key={code} value={code}>
              {code} {currencyNames.of(code)}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

const SAMPLES = 3

/** Returns a field for each column of the file, with its first cells. */
export function ColumnFields({ header, rows, settings, edit, refusals }: FieldsProps & { header: string[]; rows: string[][] }) {
  const fieldOf = (column: number) => settings.columns.find(each => each.column === column)?.field ?? ''
  const missing = NEEDED[settings.kind].filter(field => !settings.columns.some(each => each.field === field))
  const error = missing.length
    ? `Say which column holds: ${missing.map(field => FIELD_NAMES[field].toLowerCase()).join(', ')}.`
    : errorFor(refusals, 'columns')
  return (
    <>
      <p id="columns-note" className={error ? 'error' : 'note'} role={error ? 'alert' : undefined} data-roomy>
        {error ?? 'A column that holds nothing of this is left out.'}
      </p>
      <ul className="columns">
        {header.map((name, column) => (
          <li key={column} data-used={fieldOf(column) !== '' || undefined}>
            <label htmlFor={`column-${column}`}>
              <b>{name || `Column ${column + 1}`}</b>
              <small>
                {rows
                  .slice(0, SAMPLES)
                  .map(row => row[column])
                  .filter(Boolean)
                  .join(' · ') || 'empty in the first lines'}
              </small>
            </label>
            <select
              id={`column-${column}`}
              className="field"
              aria-describedby="columns-note"
              value={fieldOf(column)}
              onChange={event => edit(withColumn(settings, column, event.target.value as ImportField | ''))}
            >
              <option value="">left out</option>
              {FIELDS_OF[settings.kind].map(field => (
                <option key={field} value={field}>
                  {FIELD_NAMES[field]}
                </option>
              ))}
            </select>
          </li>
        ))}
      </ul>
    </>
  )
}
