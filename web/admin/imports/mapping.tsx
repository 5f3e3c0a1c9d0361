/** Before an import starts: how its file is read, with what its first lines would become beside it, tried anew at each change. */
import { useEffect, useState } from 'react'
import { ImportPreviewDocument, ImportStartDocument, type ImportPreviewQuery } from '../../generated.ts'
import { figure } from '../../kit/format.ts'
import { foundIn, useAsked, useCommand, type Asked, type Found, type Refusal } from '../asking.ts'
import { OtherErrors, Shown } from '../parts.tsx'
import { useVisit } from '../session.ts'
import { guessForms, type Settings } from './forms.ts'
import type { Course } from './one-import.tsx'
import { PreviewTable, fieldWords } from './preview-table.tsx'
import { ColumnFields, FormFields } from './settings-fields.tsx'

export type Preview = Found<ImportPreviewQuery['node']>['preview']

const PAUSE_MS = 250

/** Returns the value once it has rested. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return rested
}

/** Returns the settings of an import, guessed from its first lines, beside their preview; `started` is called once it runs. */
export function Mapping({ course, started }: { course: Course; started: () => void }) {
  const [guessed, again] = useAsked(course.id, async ask => {
    const { node } = await ask(ImportPreviewDocument, { id: course.id, settings: null })
    return foundIn(node)?.preview ?? null
  })
  return (
    <Shown asked={guessed} what="The file" again={again}>
      {found =>
        found && <Tried course={course} rows={found.rows} guess={guessForms(found.settings, found.rows)} started={started} />
      }
    </Shown>
  )
}

interface TriedProps {
  course: Course
  rows: string[][]
  guess: Settings
  started: () => void
}

function Tried({ course, rows, guess, started }: TriedProps) {
  const { say } = useVisit()
  const [settings, setSettings] = useState(guess)
  const rested = useRested(settings)
  const [asked, again] = useAsked(JSON.stringify(rested), async ask => {
    const { node } = await ask(ImportPreviewDocument, { id: course.id, settings: rested })
    return foundIn(node)?.preview ?? null
  })
  const { run, busy, refusals, forget } = useCommand(ImportStartDocument, answer => answer.importStart)
  const preview = asked.phase === 'there' ? asked.answer : null
  // Settings that cannot be are told in the place of the drafts.
  const flaw = preview?.drafts.find(({ place }) => place === 0)?.flaw
  const all: Refusal[] = [...refusals, ...(flaw ? [{ ...flaw, field: flaw.field.split('.') }] : [])]
  const isReady = preview !== null && !flaw
  const edit = (next: Settings) => {
    forget()
    setSettings(next)
  }
  const start = async () => {
    if (!(await run({ input: { importId: course.id, settings } }))) return
    say(`The import of ${course.name} has begun.`)
    started()
  }
  return (
    <div className="split mapping">
      <div className="split-list">
        <section className="panel" aria-labelledby="read-head">
          <h2 id="read-head">How the file is written</h2>
          <FormFields settings={settings} edit={edit} refusals={all} />
        </section>
        <section className="panel" aria-labelledby="columns-head">
          <h2 id="columns-head">What its columns hold</h2>
          <ColumnFields header={course.header} rows={rows} settings={settings} edit={edit} refusals={all} />
        </section>
      </div>
      <aside className="split-side" aria-label="Preview">
        <Verdict asked={asked} again={again} isFresh={settings === rested} lineCount={course.lineCount}>
          <OtherErrors refusals={refusals} shown={['columns', 'currency', 'source', 'thousandsSeparator', 'kind']} />
          <button type="button" className="btn pri" disabled={busy || !isReady} onClick={() => void start()}>
            {busy ? 'Starting' : `Import ${figure(course.lineCount)} ${course.lineCount === 1 ? 'line' : 'lines'}`}
          </button>
        </Verdict>
      </aside>
      <div className="split-rest">
        {preview && !flaw && <PreviewTable settings={rested} drafts={preview.drafts} rows={preview.rows} />}
      </div>
    </div>
  )
}

interface VerdictProps {
  asked: Asked<Preview | null>
  again: () => void
  isFresh: boolean
  lineCount: number
  children: React.ReactNode
}

const FLAWS_SHOWN = 5

function Verdict({ asked, again, isFresh, lineCount, children }: VerdictProps) {
  const drafts = (asked.phase === 'there' ? (asked.answer?.drafts ?? []) : []).filter(({ place }) => place > 0)
  const flawed = drafts.filter(({ flaw }) => flaw)
  const isWaiting = asked.phase === 'loading' || (asked.phase === 'there' && asked.again) || !isFresh
  return (
    <section className="panel verdict" aria-labelledby="tried-head" aria-busy={isWaiting}>
      <div className="head">
        <h2 id="tried-head">Tried on the first {figure(Math.min(50, lineCount))} lines</h2>
        <span className="note">{isWaiting ? 'trying' : 'nothing is written'}</span>
      </div>
      {asked.phase === 'failed' ? (
        <div role="alert">
          <p className="error">{asked.sentence}</p>
          <button type="button" className="btn sm" onClick={again}>
            Try again
          </button>
        </div>
      ) : (
        <p className="hero-figure" aria-live="polite">
          {drafts.length ? (
            <>
              <b>{drafts.length - flawed.length}</b>
              <span>
                of {drafts.length} would be recorded{flawed.length ? `, ${flawed.length} refused` : ''}
              </span>
            </>
          ) : (
            <span>{asked.phase === 'loading' ? 'Reading the first lines' : 'Mend first what is marked.'}</span>
          )}
        </p>
      )}
      <ul className="flaws">
        {flawed.slice(0, FLAWS_SHOWN).map(({ place, flaw }) => (
          <li key={place}>
            <b className="num">Line {place}</b> {fieldWords(flaw!.field)}: {flaw!.message}
          </li>
        ))}
        {flawed.length > FLAWS_SHOWN && <li className="note">and {flawed.length - FLAWS_SHOWN} more, in the table</li>}
      </ul>
      {children}
      <p className="note">Refused lines can be saved as CSV afterwards, mended and imported again.</p>
    </section>
  )
}
