/** What the first lines of a file would become, line by line, the refused ones with their reason. */
import { money } from '../../kit/format.ts'
import { dateWords } from '../../kit/zone.ts'
import { useVisit } from '../session.ts'
import { FIELD_NAMES, type Kind, type Settings } from './forms.ts'
import type { Preview } from './mapping.tsx'

type Draft = Preview['drafts'][number]

/** Returns the name of a column's field or of a part of a fact, for people. */
export function fieldWords(field: string): string {
  const names: Record<string, string> = { ...FIELD_NAMES, user: 'Person', amount: 'Amount' }
  const words = names[field] ?? names[field.toUpperCase()] ?? field.replaceAll('_', ' ').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

type Column = [name: string, cell: (draft: Draft, cells: string[]) => string | null | undefined, isFigure?: boolean]

const worth = ({ amount }: Draft) => amount && money(amount.amount, amount.currency)
const RECURRENCES: Record<string, string> = { ONE_OFF: 'once', MONTH: 'monthly', QUARTER: 'quarterly', YEAR: 'yearly' }

const COLUMNS: Record<Kind, Column[]> = {
  REVENUE: [
    ['Amount', worth, true],
    ['Recurrence', ({ recurrence }) => recurrence && (RECURRENCES[recurrence] ?? recurrence)],
    ['Client', ({ client }) => client],
    ['Deal', ({ deal }) => deal],
  ],
  REFUND: [
    ['Of', ({ key }) => key],
    ['Amount', ({ value }) => value ?? 'all of it', true],
  ],
  ACTIVITY: [
    ['Activity', ({ key }) => key],
    ['Quantity', ({ value }) => value, true],
  ],
  METRIC: [
    ['Metric', ({ key }) => key],
    ['Value', ({ value }) => value, true],
  ],
}

/** Returns the column of whose fact it is, as the file names the person, when a column holds that. */
function personColumn({ columns }: Settings): Column[] {
  const named = columns.find(({ field }) => field === 'OWNER_EMAIL') ?? columns.find(({ field }) => field === 'OWNER_ID')
  return named ? [['Person', (_draft, cells) => cells[named.column]?.trim() || null]] : []
}

interface TableProps {
  settings: Settings
  drafts: Draft[]
  /** The cells of the same lines. */
  rows: string[][]
}

/** Returns the table. */
export function PreviewTable({ settings, drafts, rows }: TableProps) {
  const columns = [...COLUMNS[settings.kind], ...personColumn(settings)]
  return (
    <section className="panel rows-panel" aria-labelledby="preview-head">
      <h2 id="preview-head">What the lines become</h2>
      <div className="scroll-x" tabIndex={0} role="group" aria-label="Table of lines">
        <table className="preview">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">Date</th>
              {columns.map(([name, , isFigure]) => (
                <th scope="col" className={isFigure ? 'r' : undefined} key={name}>
                  {name}
                </th>
              ))}
              <th scope="col">Id in the source</th>
            </tr>
          </thead>
          <tbody>
            {drafts.map((draft, at) => (
              <Line key={draft.place} draft={draft} cells={rows[at] ?? []} columns={columns} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Line({ draft, cells, columns }: { draft: Draft; cells: string[]; columns: Column[] }) {
  const { viewer } = useVisit()
  const { place, flaw, occurredAt, sourceId } = draft
  if (flaw)
    return (
      <tr className="flawed">
        <td className="num">{place}</td>
        <td colSpan={columns.length + 2}>
          <b>{fieldWords(flaw.field)}</b> {flaw.message}
        </td>
      </tr>
    )
  return (
    <tr>
      <td className="num">{place}</td>
      <td className="num">{occurredAt ? dateWords(Date.parse(occurredAt), viewer.tenant.timeZone) : 'when it is imported'}</td>
      {columns.map(([name, cell, isFigure]) => (
        <td key={name} className={isFigure ? 'r num' : undefined}>
          {cell(draft, cells) ?? <span className="none">none</span>}
        </td>
      ))}
      <td>{sourceId ?? <span className="none">none</span>}</td>
    </tr>
  )
}
