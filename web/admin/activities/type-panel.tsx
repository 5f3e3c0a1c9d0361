/** One activity: what it pays now, a new version of it from a date on, and the versions it had. */
import { useState, type FormEvent } from 'react'
import { ActivityReviseDocument, ActivityVersionsDocument } from '../../generated.ts'
import { figure, zoneWords } from '../../kit/format.ts'
import { dateWords, dayIn, nextDay, startOfDay } from '../../kit/zone.ts'
import { foundIn, useAsked, useCommand, type Refusal } from '../asking.ts'
import { errorFor, Field, OtherErrors, Shown, useTitle } from '../parts.tsx'
import { focusOnArrival, Go, pathOf } from '../place.tsx'
import { useVisit } from '../session.ts'
import { Icon } from '../../kit/marks.tsx'
import type { TypeRow } from './catalog.tsx'
import { changesBetween, joined, type Terms } from './words.ts'

interface Version extends Terms {
  id: string
  version: number
  effectiveFrom: string
}

/** Returns the panel; `changed` is called after a new version was published. */
export function TypePanel({ type, changed }: { type: TypeRow; changed: () => void }) {
  useTitle(type.name)
  const [asked, again] = useAsked(type.id, async ask => {
    const { node } = await ask(ActivityVersionsDocument, { id: type.id })
    return foundIn(node)?.versions ?? []
  })
  const published = () => {
    changed()
    again()
  }
  return (
    <section className="panel type" aria-labelledby="type-name">
      <Go className="back phone-only" to={pathOf('activities')}>
        <Icon name="back" />
        Activities
      </Go>
      <h2 id="type-name" tabIndex={-1} ref={focusOnArrival}>
        {type.name}
      </h2>
      <p className="key">
        <code>{type.key}</code>
      </p>
      <p className="hero-figure">
        {type.active ? (
          <>
            <b>{figure(type.points)}</b>
            <span>{type.perUnit ? 'points for each one recorded, times its quantity' : 'points each time it is recorded'}</span>
          </>
        ) : (
          <span>Switched off: it cannot be recorded.</span>
        )}
      </p>
      <Shown asked={asked} what="The versions" again={again} rows={4}>
        {versions => (
          <>
            {versions[0] && <ReviseForm key={versions[0].id} typeKey={type.key} newest={versions[0]} published={published} />}
            <Versions versions={versions} inForce={type.version} />
          </>
        )}
      </Shown>
    </section>
  )
}

interface ReviseProps {
  typeKey: string
  newest: Version
  published: () => void
}

const FIELDS = ['points', 'name', 'effectiveFrom']
const pointsIn = (text: string) => (/^-?\d{1,7}$/.test(text.trim()) ? Number(text) : null)

/** What is typed; `day` is "" for at once. */
interface Draft {
  name: string
  points: string
  perUnit: boolean
  active: boolean
  day: string
}

function ReviseForm({ typeKey, newest, published }: ReviseProps) {
  const { viewer, say } = useVisit()
  const { timeZone } = viewer.tenant
  const isPlanned = Date.parse(newest.effectiveFrom) > Date.now()
  const dayMin = nextDay(dayIn(timeZone, Math.max(Date.now(), Date.parse(newest.effectiveFrom))))
  const [draft, setDraft] = useState<Draft>({ ...newest, points: String(newest.points), day: isPlanned ? dayMin : '' })
  const { run, busy, refusals, forget } = useCommand(ActivityReviseDocument, answer => answer.activityTypeRevise)
  const points = pointsIn(draft.points)
  const changes = changesBetween(newest, { ...draft, name: draft.name.trim(), points: points ?? newest.points })
  const from = draft.day ? `From ${dateWords(startOfDay(timeZone, draft.day), timeZone)}` : 'From now on'
  const edit = (change: Partial<Draft>) => {
    forget()
    setDraft(now => ({ ...now, ...change }))
  }
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (points === null) return event.currentTarget.querySelector<HTMLElement>('[aria-invalid]')?.focus()
    const { name, perUnit, active, day } = draft
    const effectiveFrom = day ? new Date(startOfDay(timeZone, day)).toISOString() : null
    const done = await run({ input: { key: typeKey, points, name: name.trim(), perUnit, active, effectiveFrom } })
    if (!done) return
    say(`Version ${done.activityType?.version ?? ''} of ${name.trim()} is published. ${from}.`)
    published()
  }
  return (
    <form className="revise" onSubmit={event => void submit(event)} noValidate aria-label="New version">
      <h3>Change it</h3>
      <TermsFields draft={draft} edit={edit} refusals={refusals} />
      <FromFields
        day={draft.day}
        choose={day => edit({ day })}
        dayMin={dayMin}
        plannedFrom={isPlanned ? dateWords(Date.parse(newest.effectiveFrom), timeZone) : null}
        error={errorFor(refusals, 'effectiveFrom')}
      />
      <p className="outcome" aria-live="polite">
        {changes.length ? (
          <>
            {from}, {newest.name} <b>{joined(changes)}</b>. What was recorded for a time before keeps its points.
          </>
        ) : (
          'Nothing is changed yet.'
        )}
      </p>
      <OtherErrors refusals={refusals} shown={FIELDS} />
      <button type="submit" className="btn pri" disabled={busy || !changes.length}>
        {busy ? 'Publishing' : `Publish version ${newest.version + 1}`}
      </button>
    </form>
  )
}

interface TermsProps {
  draft: Draft
  edit: (change: Partial<Draft>) => void
  refusals: Refusal[]
}

function TermsFields({ draft, edit, refusals }: TermsProps) {
  const pointsError = pointsIn(draft.points) === null ? 'A whole number, such as 25.' : errorFor(refusals, 'points')
  return (
    <>
      <div className="pair">
        <Field label="Points for one" error={pointsError}>
          {wired => (
            <input
              {...wired}
              className="field num"
              inputMode="numeric"
              value={draft.points}
              onChange={event => edit({ points: event.target.value })}
            />
          )}
        </Field>
        <Field label="Name" error={errorFor(refusals, 'name')}>
          {wired => (
            <input
              {...wired}
              className="field"
              maxLength={200}
              value={draft.name}
              onChange={event => edit({ name: event.target.value })}
            />
          )}
        </Field>
      </div>
      <label className="check">
        <input type="checkbox" checked={draft.perUnit} onChange={event => edit({ perUnit: event.target.checked })} />
        Multiply the points by the quantity
      </label>
      <label className="check">
        <input type="checkbox" checked={draft.active} onChange={event => edit({ active: event.target.checked })} />
        It may be recorded
      </label>
    </>
  )
}

interface FromProps {
  /** "" = at once. */
  day: string
  choose: (day: string) => void
  dayMin: string
  /** The date of a version that is still to come; nothing can begin before it. */
  plannedFrom: string | null
  error: string | null
}

function FromFields({ day, choose, dayMin, plannedFrom, error }: FromProps) {
  const { viewer } = useVisit()
  return (
    <fieldset className="from">
      <legend>From when</legend>
      <label className="check">
        <input type="radio" name="from" checked={!day} disabled={plannedFrom !== null} onChange={() => choose('')} />
        Now
      </label>
      <label className="check">
        <input type="radio" name="from" checked={Boolean(day)} onChange={() => choose(dayMin)} />
        A day
      </label>
      <input
        className="field num"
        type="date"
        aria-label="First day"
        aria-describedby="from-note"
        aria-invalid={error ? true : undefined}
        min={dayMin}
        value={day}
        onChange={event => choose(event.target.value)}
      />
      <p id="from-note" className={error ? 'error' : 'note'}>
        {error ??
          (plannedFrom
            ? `A version is planned for ${plannedFrom}: the next one begins after it.`
            : `A day begins at 00:00, ${zoneWords(viewer.tenant.timeZone)}.`)}
      </p>
    </fieldset>
  )
}

function Versions({ versions, inForce }: { versions: Version[]; inForce: number }) {
  const { viewer } = useVisit()
  return (
    <section aria-labelledby="versions-head" className="versions">
      <h3 id="versions-head">Versions</h3>
      <ol>
        {versions.map((version, at) => {
          const before = versions[at + 1]
          return (
            <li key={version.id} data-now={version.version === inForce || undefined}>
              <b className="num">
                {version.version}. {version.active ? `${figure(version.points)} points` : 'off'}
                {version.active && version.perUnit && ' each'}
              </b>
              <span className={`chip ${version.version === inForce ? 'ok' : ''}`}>
                {version.version === inForce ? 'in force' : version.version > inForce ? 'planned' : 'past'}
              </span>
              <small className="num">
                from {dateWords(Date.parse(version.effectiveFrom), viewer.tenant.timeZone)}
                {before && <> · {joined(changesBetween(before, version)) || 'unchanged'}</>}
              </small>
            </li>
          )
        })}
      </ol>
    </section>
  )
}
