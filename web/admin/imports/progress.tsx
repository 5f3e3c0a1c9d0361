/** How far an import has come: one bar in three parts, the counts in words, and news for those who do not see the bar. */
import { useEffect, useRef } from 'react'
import { figure } from '../../kit/format.ts'
import { useVisit } from '../session.ts'

/** The counts of an import. */
export interface Counts {
  name: string
  state: string
  lineCount: number
  doneCount: number
  recorded: number
  repeated: number
  refused: number
}

const STATES: Record<string, [word: string, chip: string]> = {
  UPLOADED: ['to be started', 'warn'],
  RUNNING: ['running', 'ok'],
  CANCELED: ['stopped', 'warn'],
  DONE: ['done', ''],
}

/** Returns an import's state as a chip. */
export function StateChip({ state }: { state: string }) {
  const [word, chip] = STATES[state] ?? [state.toLowerCase(), '']
  return (
    <span className={`chip ${chip}`}>
      {state === 'RUNNING' && <i className="dot" />}
      {word}
    </span>
  )
}

/** Returns the share that is through, in whole percent; never 100 before the last line is through. */
export function percentOf({ doneCount, lineCount }: Pick<Counts, 'doneCount' | 'lineCount'>): number {
  return lineCount ? Math.floor((doneCount / lineCount) * 100) : 0
}

/** Returns the bar: recorded, there already, refused. */
export function Bar({ counts }: { counts: Counts }) {
  const { lineCount, doneCount, recorded, repeated, refused } = counts
  const share = (lines: number) => (lineCount ? (lines / lineCount) * 1_000 : 0)
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={`Progress of ${counts.name}`}
      aria-valuemin={0}
      aria-valuemax={lineCount}
      aria-valuenow={doneCount}
      aria-valuetext={`${figure(doneCount)} of ${figure(lineCount)} lines, ${percentOf(counts)}%`}
    >
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className="part-recorded" width={share(recorded)} height="10" />
        <rect className="part-repeated" x={share(recorded)} width={share(repeated)} height="10" />
        <rect className="part-refused" x={share(recorded + repeated)} width={share(refused)} height="10" />
      </svg>
    </div>
  )
}

const PARTS = [
  ['recorded', 'recorded as facts', 'part-recorded'],
  ['repeated', 'there already, not counted twice', 'part-repeated'],
  ['refused', 'refused', 'part-refused'],
] as const

/** Returns the panel's figures: the share, and what became of the lines. */
export function Progress({ counts }: { counts: Counts }) {
  const { lineCount, doneCount } = counts
  return (
    <div className="progress">
      <p className="hero-figure">
        <b>{percentOf(counts)}%</b>
        <span className="num">
          {figure(doneCount)} of {figure(lineCount)} lines
        </span>
      </p>
      <Bar counts={counts} />
      <dl className="parts">
        {PARTS.map(([part, words, className]) => (
          <div key={part}>
            <dt>
              <i className={className} />
              {words}
            </dt>
            <dd className="num">{figure(counts[part])}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

const STEP_PERCENT = 25

const NONE: Counts = { name: '', state: '', lineCount: 0, doneCount: 0, recorded: 0, repeated: 0, refused: 0 }

/** Says each quarter and the end once, not every line; an import that ends before one looks again has its end told too. */
export function useMilestones(counts: Counts | null): void {
  const { say } = useVisit()
  const told = useRef<string | null>(null)
  const step = counts ? Math.floor(percentOf(counts) / STEP_PERCENT) : 0
  const { state, name, refused } = counts ?? NONE
  const moment = `${state} ${state === 'RUNNING' ? step : ''}`
  useEffect(() => {
    if (!state) return
    const isNews = told.current !== null && told.current !== moment
    told.current = moment
    if (!isNews) return
    if (state === 'RUNNING' && step > 0) say(`${name}: ${step * STEP_PERCENT}% of the lines are through.`)
    const outcome = refused ? `${figure(refused)} ${refused === 1 ? 'line was' : 'lines were'} refused.` : 'No line was refused.'
    if (state === 'DONE') say(`${name} is imported. ${outcome}`)
  }, [moment, state, step, name, refused, say])
}
