/** The live board at /live/<id>: opens it, then shows the wall, or the phone's page on a narrow screen. */
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { takeTokenFromAddress } from '../kit/access.ts'
import { Mark } from '../kit/marks.tsx'
import { startTheme } from '../kit/theme.tsx'
import type { StreamState } from '../stream.ts'
import type { Board } from '../board/board.ts'
import { Bones } from './blank.tsx'
import { Phone } from './phone.tsx'
import { useSession, type Session } from './session.ts'
import { useBoardStream } from '../board/streams.ts'
import { Wall } from './wall.tsx'
import '../styles/base.css'
import '../styles/rows.css'
import './wall.css'
import './phone.css'

type OpenSession = Extract<Session, { phase: 'open' }>

/** What both layouts are given. */
export interface OpenBoard {
  session: OpenSession
  board: Board
  state: StreamState
  asTable: boolean
  setAsTable: (asTable: boolean) => void
}

const NARROW = '(max-width: 640px)'
const ROWS_HELD = 20
const REOPEN_MS = 10_000

function Live({ boardId }: { boardId: string }) {
  const { session, reopen } = useSession(boardId)
  const narrow = useMedia(NARROW)
  if (session.phase === 'open') return <Opened session={session} reopen={reopen} narrow={narrow} key={session.access.token} />
  if (session.phase === 'loading')
    return narrow ? (
      <div className="phone">
        <main>
          <Bones />
        </main>
      </div>
    ) : (
      <div className="wall">
        <header />
        <main>
          <Bones />
        </main>
      </div>
    )
  const failed = session.phase === 'failed'
  return (
    <main className="notice">
      <Mark />
      <h1>{failed ? 'The board could not be loaded' : session.title}</h1>
      <p role="status">
        {session.sentence}
        {failed && ` It is tried again every few seconds. Reference: ${session.code}.`}
      </p>
      <p>
        {failed && (
          <button type="button" className="btn pri" onClick={reopen}>
            Try again
          </button>
        )}
        <a className="link" href="/">
          To the start page
        </a>
      </p>
    </main>
  )
}

function Opened({ session, reopen, narrow }: { session: OpenSession; reopen: () => void; narrow: boolean }) {
  const { board, state } = useBoardStream(session.connection, session.facts.id, ROWS_HELD)
  const [asTable, setAsTable] = useState(false)
  useEffect(() => {
    document.title = `${session.facts.name} · Laurel`
  }, [session.facts.name])
  const over = state.phase === 'ended' && (session.access.source === 'demo' || state.code === 4401)
  useEffect(() => {
    if (!over) return
    // A demo token that ran out is renewed; a saved one is looked at again and refused in words.
    const timer = setTimeout(reopen, REOPEN_MS)
    return () => clearTimeout(timer)
  }, [over, reopen])
  const open: OpenBoard = { session, board, state, asTable, setAsTable }
  return narrow ? <Phone {...open} /> : <Wall {...open} />
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const changed = () => setMatches(list.matches)
    list.addEventListener('change', changed)
    return () => list.removeEventListener('change', changed)
  }, [query])
  return matches
}

startTheme(matchMedia(NARROW).matches ? 'phone' : 'wall')
takeTokenFromAddress()
const root = document.getElementById('root')
if (root) createRoot(root).render(<Live boardId={decodeURIComponent(location.pathname.split('/')[2] ?? '')} />)
