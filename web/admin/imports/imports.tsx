/** Imports of facts: the files of the last 30 days, a new file, and one file on its way. */
import { useState } from 'react'
import { ImportListDocument, type ImportListQuery } from '../../generated.ts'
import { figure } from '../../kit/format.ts'
import { dateWords } from '../../kit/zone.ts'
import { useAsk, useAsked, failureOf } from '../asking.ts'
import { PageHead, Shown } from '../parts.tsx'
import { Go, pathOf } from '../place.tsx'
import { useVisit } from '../session.ts'
import { KINDS } from './forms.ts'
import { OneImport } from './one-import.tsx'
import { Bar, StateChip } from './progress.tsx'
import { SampleButton, UploadBox } from './upload-box.tsx'
import { useTicks } from './ticks.ts'
import './imports.css'

/** Returns the page; the first part below it is the import that is open. */
export default function Imports({ below: [importId] }: { below: string[] }) {
  return importId ? <OneImport key={importId} importId={importId} /> : <ImportList />
}

type Row = ImportListQuery['imports']['nodes'][number]
const LOOK_MS = 2_000

function ImportList() {
  const [asked, again] = useAsked('imports', ask => ask(ImportListDocument, { after: null }))
  const isBusy = asked.phase === 'there' && asked.answer.imports.nodes.some(({ state }) => state === 'RUNNING')
  useTicks(isBusy ? LOOK_MS : null, again)
  return (
    <>
      <PageHead title="Imports" />
      <p className="lead">
        Revenue, refunds, activities and metrics from CSV files. You see what each line would become before anything is
        recorded; a line counts once, however often its file is imported.
      </p>
      <UploadBox />
      <Shown asked={asked} what="The imports" again={again} rows={4}>
        {({ imports }) => (imports.nodes.length ? <Files first={imports} /> : <NoFiles />)}
      </Shown>
    </>
  )
}

function NoFiles() {
  return (
    <section className="panel blank">
      <h2>No files in the last 30 days</h2>
      <p>Choose a CSV file above. Its first line names the columns; which column holds what is asked next.</p>
      <SampleButton />
    </section>
  )
}

function Files({ first }: { first: ImportListQuery['imports'] }) {
  const ask = useAsk()
  const { say } = useVisit()
  const [older, setOlder] = useState<Row[]>([])
  const [end, setEnd] = useState<ImportListQuery['imports']['pageInfo'] | null>(null)
  const { hasNextPage, endCursor } = end ?? first.pageInfo
  const more = async () => {
    try {
      const { imports } = await ask(ImportListDocument, { after: endCursor })
      setOlder(rows => [...rows, ...imports.nodes])
      setEnd(imports.pageInfo)
    } catch (error) {
      say(`Older files could not be loaded. ${failureOf(error).sentence}`)
    }
  }
  return (
    <section className="panel rows-panel" aria-labelledby="files-head">
      <h2 id="files-head">Files</h2>
      <table className="files">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">State</th>
            <th scope="col" className="wide-only">
              Progress
            </th>
            <th scope="col" className="r">
              Refused
            </th>
          </tr>
        </thead>
        <tbody>
          {[...first.nodes, ...older].map(row => (
            <FileRow key={row.id} row={row} />
          ))}
        </tbody>
      </table>
      {hasNextPage && (
        <p className="more">
          <button type="button" className="btn" onClick={() => void more()}>
            Show older files
          </button>
        </p>
      )}
    </section>
  )
}

function FileRow({ row }: { row: Row }) {
  const { viewer } = useVisit()
  return (
    <tr className="row-link">
      <td>
        <Go to={pathOf('imports', row.id)}>{row.name}</Go>
        <small>
          {row.settings && `${KINDS[row.settings.kind].name}, `}
          {dateWords(Date.parse(row.createdAt), viewer.tenant.timeZone)}
        </small>
      </td>
      <td>
        <StateChip state={row.state} />
      </td>
      <td className="wide-only">
        <Bar counts={row} />
        <small className="num">
          {figure(row.doneCount)} of {figure(row.lineCount)} lines
        </small>
      </td>
      <td className="r num">{row.refused ? <b>{figure(row.refused)}</b> : <span className="none">0</span>}</td>
    </tr>
  )
}
