/** One file: how it is read, until it is started; then how far it is, and what was refused. */
import { useState } from 'react'
import {
  ImportCancelDocument, ImportCourseDocument, ImportRefusalsDocument, ImportResumeDocument, type ImportCourseQuery,
  type ImportRefusalsQuery,
} from '../../generated.ts'
import { figure } from '../../kit/format.ts'
import { Icon } from '../../kit/marks.tsx'
import { dateWords } from '../../kit/zone.ts'
import { failureOf, foundIn, useAsk, useAsked, useCommand, type Found } from '../asking.ts'
import { Blank, OtherErrors, PageHead, Shown } from '../parts.tsx'
import { Go, pathOf } from '../place.tsx'
import { useVisit } from '../session.ts'
import { DATES, KINDS, NUMBERS } from './forms.ts'
import { Mapping } from './mapping.tsx'
import { Progress, StateChip, useMilestones } from './progress.tsx'
import { fieldWords } from './preview-table.tsx'
import { useTicks } from './ticks.ts'
import { saveRefusedLines } from './upload.ts'

export type Course = Found<ImportCourseQuery['node']>

const BACK = { to: pathOf('imports'), name: 'Imports' }
const LOOK_MS = 1_000

/** Returns the page of an import. */
export function OneImport({ importId }: { importId: string }) {
  const [asked, again] = useAsked(importId, async ask => foundIn((await ask(ImportCourseDocument, { id: importId })).node))
  const course = asked.phase === 'there' ? asked.answer : null
  useMilestones(course)
  useTicks(course?.state === 'RUNNING' ? LOOK_MS : null, again)
  return (
    <>
      <PageHead title={course?.name ?? 'Import'} back={BACK}>
        {course && <StateChip state={course.state} />}
      </PageHead>
      <Shown asked={asked} what="The import" again={again}>
        {found =>
          found === null ? (
            <Blank title="There is no such import">
              <p>Files are kept for 30 days. The facts that were recorded from it stay.</p>
              <Go className="btn" to={BACK.to}>
                To all imports
              </Go>
            </Blank>
          ) : found.state === 'UPLOADED' ? (
            <Mapping course={found} started={again} />
          ) : (
            <Running course={found} moved={again} />
          )
        }
      </Shown>
    </>
  )
}

function Running({ course, moved }: { course: Course; moved: () => void }) {
  const { viewer } = useVisit()
  const { timeZone } = viewer.tenant
  return (
    <div className="split running">
      <div className="split-list">
        <section className="panel" aria-label="Progress">
          <Progress counts={course} />
          <Moves course={course} moved={moved} />
        </section>
        <Refused course={course} />
      </div>
      <aside className="split-side" aria-label="How it is read">
        <section className="panel facts-of">
          <h2>How it is read</h2>
          <dl>
            {settingsWords(course).map(([name, words]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{words}</dd>
              </div>
            ))}
            <div>
              <dt>Uploaded</dt>
              <dd>{dateWords(Date.parse(course.createdAt), timeZone)}</dd>
            </div>
            {course.finishedAt && (
              <div>
                <dt>Done</dt>
                <dd>{dateWords(Date.parse(course.finishedAt), timeZone)}</dd>
              </div>
            )}
          </dl>
        </section>
      </aside>
    </div>
  )
}

function settingsWords({ settings, header }: Course): [string, string][] {
  if (!settings) return []
  const numbers = NUMBERS.find(
    way => way.decimalSign === settings.decimalSign && way.thousandsSeparator === settings.thousandsSeparator,
  )
  const columns = settings.columns.map(({ column, field }) => `${header[column] ?? column + 1} → ${fieldWords(field)}`)
  return [
    ['Holds', KINDS[settings.kind].name],
    ['Source', settings.source],
    ['Numbers', numbers?.example ?? settings.decimalSign],
    ['Dates', DATES.find(({ order }) => order === settings.dateOrder)?.example ?? settings.dateOrder],
    ...(settings.currency ? [['Currency', settings.currency] as [string, string]] : []),
    ['Columns', columns.join('\n')],
  ]
}

function Moves({ course: { id, state, name, lineCount, doneCount }, moved }: { course: Course; moved: () => void }) {
  const { say } = useVisit()
  const cancel = useCommand(ImportCancelDocument, answer => answer.importCancel)
  const resume = useCommand(ImportResumeDocument, answer => answer.importResume)
  const isRunning = state === 'RUNNING'
  const { run, busy, refusals } = isRunning ? cancel : resume
  const move = async () => {
    const done = await run({ input: { importId: id } })
    moved()
    if (done) say(isRunning ? `${name} is stopped. What was recorded stays.` : `${name} goes on where it stopped.`)
  }
  if (state === 'DONE') return null
  return (
    <div className="moves">
      <button type="button" className={isRunning ? 'btn' : 'btn pri'} disabled={busy} onClick={() => void move()}>
        <Icon name={isRunning ? 'stop' : 'play'} />
        {isRunning ? 'Stop' : 'Go on'}
      </button>
      <p className="note">
        {isRunning
          ? 'It goes on when you leave this page. Stopping keeps what is recorded.'
          : `Stopped after line ${figure(doneCount)} of ${figure(lineCount)}; it goes on from there.`}
      </p>
      <OtherErrors refusals={refusals} />
    </div>
  )
}

type Page = Found<ImportRefusalsQuery['node']>['errors']
const PAGE = 25

function Refused({ course }: { course: Course }) {
  const { id, state, refused } = course
  // The first page no longer changes once it is full.
  const key = `${id} ${state === 'RUNNING' ? Math.min(refused, PAGE) : refused}`
  const [asked, again] = useAsked(refused ? key : null, async ask => {
    const { node } = await ask(ImportRefusalsDocument, { id, after: null })
    return foundIn(node)?.errors ?? null
  })
  if (!refused) return null
  return (
    <section className="panel rows-panel refused" aria-labelledby="refused-head">
      <div className="head">
        <h2 id="refused-head">Refused lines</h2>
        <SaveRefused course={course} />
      </div>
      <Shown asked={asked} what="The refused lines" again={again} rows={3}>
        {first => first && <RefusedTable key={first.nodes.length} importId={id} first={first} />}
      </Shown>
    </section>
  )
}

function SaveRefused({ course: { id, name } }: { course: Course }) {
  const { token, say } = useVisit()
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    await saveRefusedLines(id, name, token).catch((error: unknown) =>
      say(`The refused lines could not be saved. ${error instanceof Error ? error.message : ''} Try again.`),
    )
    setBusy(false)
  }
  return (
    <button type="button" className="btn sm" disabled={busy} onClick={() => void save()}>
      <Icon name="download" />
      Save them as CSV
    </button>
  )
}

function RefusedTable({ importId, first }: { importId: string; first: Page }) {
  const ask = useAsk()
  const { say } = useVisit()
  const [{ nodes, pageInfo }, setPage] = useState(first)
  const more = async () => {
    try {
      const { node } = await ask(ImportRefusalsDocument, { id: importId, after: pageInfo.endCursor })
      const errors = foundIn(node)?.errors
      if (errors) setPage({ ...errors, nodes: [...nodes, ...errors.nodes] })
    } catch (error) {
      say(`More lines could not be loaded. ${failureOf(error).sentence}`)
    }
  }
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Where</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ line, field, message }) => (
            <tr key={line}>
              <td className="num">{line}</td>
              <td>{fieldWords(field)}</td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pageInfo.hasNextPage && (
        <p className="more">
          <button type="button" className="btn" onClick={() => void more()}>
            Show more
          </button>
        </p>
      )}
    </>
  )
}
