/** What the admin pages are made of: the head of a page, labeled fields with their errors, and the states of a panel. */
import { useEffect, useId, type ReactNode } from 'react'
import { Icon } from '../kit/marks.tsx'
import type { Asked, Refusal } from './asking.ts'
import { focusOnArrival, Go } from './place.tsx'

/** Names the tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Laurel`
  }, [title])
}

interface HeadProps {
  title: string
  back?: { to: string; name: string }
  children?: ReactNode
}

/** Returns the head of a page; its title names the tab, and takes the focus when one came by a link. */
export function PageHead({ title, back, children }: HeadProps) {
  useTitle(title)
  return (
    <header className="page-head">
      <div>
        {back && (
          <Go className="back" to={back.to}>
            <Icon name="back" />
            {back.name}
          </Go>
        )}
        <h1 tabIndex={-1} ref={focusOnArrival}>
          {title}
        </h1>
      </div>
      {children && <div className="acts">{children}</div>}
    </header>
  )
}

/** What a control needs to belong to its label, its note and its error. */
export interface Wired {
  id: string
  'aria-describedby': string
  'aria-invalid': true | undefined
}

interface FieldProps {
  label: string
  note?: ReactNode
  error?: string | null | undefined
  /** Whether the note's line is kept free when there is nothing in it, so that an error moves nothing. */
  roomy?: boolean
  className?: string
  children: (wired: Wired) => ReactNode
}

/** Returns a labeled control; its error takes the place of its note. */
export function Field({ label, note, error, roomy = true, className = '', children }: FieldProps) {
  const id = useId()
  return (
    <div className={`labeled ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}n`, 'aria-invalid': error ? true : undefined })}
      <p id={`${id}n`} className={error ? 'error' : 'note'} data-roomy={roomy || undefined}>
        {error ?? note}
      </p>
    </div>
  )
}

/** Returns the message for an input's field, or null. */
export function errorFor(refusals: readonly Refusal[], ...fields: string[]): string | null {
  return refusals.find(({ field }) => fields.some(name => field?.includes(name)))?.message ?? null
}

/** Returns the refusals that belong to none of the fields on screen, read out at once. */
export function OtherErrors({ refusals, shown = [] }: { refusals: readonly Refusal[]; shown?: readonly string[] }) {
  const others = refusals.filter(({ field }) => !shown.some(name => field?.includes(name)))
  return (
    <div role="alert">
      {others.map(({ message }) => (
        <p className="error" key={message}>
          {message}
        </p>
      ))}
    </div>
  )
}

/** Returns a sentence and what to do, where there is nothing yet. */
export function Blank({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="blank">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** Returns gray bars in the place of rows; they are seen only when it takes longer than a moment. */
export function Bones({ rows = 6 }: { rows?: number }) {
  return (
    <div className="bones" aria-hidden="true">
      {Array.from({ length: rows }, (_, at) => (
        <span className="bone" key={at} />
      ))}
    </div>
  )
}

/** Returns what failed in a panel, and the way to try again; what is around stays. */
export function Failed({ what, sentence, code, again }: { what: string; sentence: string; code: string; again: () => void }) {
  return (
    <div className="blank" role="alert">
      <h2>{what} could not be loaded</h2>
      <p>
        {sentence} Nothing was changed. Try again, or tell support “{code}”.
      </p>
      <button type="button" className="btn" onClick={again}>
        Try again
      </button>
    </div>
  )
}

interface ShownProps<R> {
  asked: Asked<R>
  what: string
  again: () => void
  rows?: number
  children: (answer: R) => ReactNode
}

/** Returns the answer once it is there, else bones or the failure. */
export function Shown<R>({ asked, what, again, rows, children }: ShownProps<R>) {
  if (asked.phase === 'failed') return <Failed what={what} sentence={asked.sentence} code={asked.code} again={again} />
  if (asked.phase === 'there') return children(asked.answer)
  return (
    <>
      <p className="vh" role="status">
        Loading
      </p>
      <Bones {...(rows === undefined ? {} : { rows })} />
    </>
  )
}
