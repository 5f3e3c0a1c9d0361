/** The wall: eight rows to be read from five meters, what just happened beside them, and a foot that covers nothing. */
import { useEffect, useMemo, useState } from 'react'
import { figure, periodStartWords, periodWords } from '../kit/format.ts'
import { staleSentence, useFreshness } from '../kit/live-state.tsx'
import { Mark } from '../kit/marks.tsx'
import { Announcer } from './announce.tsx'
import { pagesOf, rowsByRank } from '../board/board.ts'
import { BoardList } from '../board/board-list.tsx'
import { Bones, EmptyBoard } from './blank.tsx'
import { Countdown, WallClock } from './clock.tsx'
import { ScreenFoot, WallFoot } from './foot.tsx'
import type { OpenBoard } from './live.tsx'
import { useNameRoom } from './name-room.ts'
import { TableView } from './table-view.tsx'
import { ClimbersTile, FeedTile, RaceTile } from './tiles.tsx'
import { Tools, useIdlePointer } from './tools.tsx'

const ROWS_MAX = 8
const PAGE_MS = 12_000

/** Returns the wall of an open board. */
export function Wall({ session: { access, connection, facts, viewer, boards }, board, state, asTable, setAsTable }: OpenBoard) {
  useIdlePointer()
  const isScreen = access.source === 'screen' // News of people are not for everybody who passes by.
  const rowsMax = rowsWanted()
  const gaps = rowsMax === ROWS_MAX // Larger rows need the room for the names.
  const nameLengthMax = useNameRoom(rowsMax, gaps)
  const pages = pagesOf(board.order, rowsMax)
  const [turn, held, setHeld] = usePageTurn(pages.length, asTable)
  const page = pages[turn % pages.length] ?? pages[0]
  const freshness = useFreshness(state)
  const band = staleSentence(state, freshness, facts.timeZone)
  const rows = rowsByRank(board)
  const moves = rows.some(row => row.closeRank !== null)
  const since = useMemo(() => periodStartWords(facts.period, facts.periodStart, facts.timeZone), [facts])
  const others = boards.filter(one => one.subject !== facts.subject)
  const other = others.find(one => one.period === facts.period) ?? others[0]
  const size = figure(Math.max(facts.size, board.order.length))
  const places = page && pages.length > 1 ? `places ${page.from}–${page.to} of ${size}` : ''
  return (
    <div className="wall" style={{ ...useBurnInShift(), '--rows': rowsMax } as React.CSSProperties}>
      <header>
        <Mark />
        <h1>
          {facts.name}
          <small>
            {viewer.tenant.name} · {periodWords(facts.period).now}
          </small>
        </h1>
        <Tools asTable={asTable} setAsTable={setAsTable} held={held} setHeld={pages.length > 1 ? setHeld : null} />
        <Countdown facts={facts} />
        <WallClock facts={facts} freshness={freshness} />
      </header>
      <main aria-label="Leaderboard">
        {band ? (
          <p className="band">{band}</p>
        ) : (
          <Heads since={moves && !asTable ? since : null} places={asTable ? '' : places} points={asTable ? '' : 'points'} />
        )}
        {board.loaded && rows.length === 0 && <EmptyBoard period={facts.period} />}
        {asTable ? (
          <TableView board={board} caption={`${facts.name}, by rank`} moves={moves} />
        ) : (
          page && (
            <BoardList board={board} page={page} label={facts.name} nameLengthMax={nameLengthMax} moves={moves} gaps={gaps} />
          )
        )}
        {!board.loaded && <Bones />}
      </main>
      <aside aria-label="Beside the board">
        {other && <RaceTile connection={connection} board={other} />}
        <ClimbersTile board={board} since={since} />
        {!isScreen && <FeedTile connection={connection} />}
      </aside>
      {isScreen ? <ScreenFoot since={moves ? since : null} /> : <WallFoot connection={connection} />}
      <Announcer leader={rows[0]} freshness={freshness} />
    </div>
  )
}

/** How many rows a page holds: eight, or fewer and larger ones for a small screen (`?rows=6`). */
function rowsWanted(): number {
  const wanted = Number(new URLSearchParams(location.search).get('rows'))
  return Number.isInteger(wanted) && wanted >= 4 && wanted <= ROWS_MAX ? wanted : ROWS_MAX
}

function Heads({ since, places, points }: { since: string | null; places: string; points: string }) {
  return (
    <div className="cols" aria-hidden="true">
      <span>{since && `arrows: since ${since}`}</span>
      <span>{places}</span>
      <span>{points}</span>
    </div>
  )
}

/** Returns the number of the page on show, whether it is held, and how to hold it. A page stays 12 s; a table does not turn. */
function usePageTurn(pages: number, asTable: boolean): [number, boolean, (held: boolean) => void] {
  const [turn, setTurn] = useState(0)
  const [held, setHeld] = useState(false)
  const stopped = held || asTable || pages < 2
  useEffect(() => {
    if (stopped) return
    const timer = setInterval(() => setTurn(n => n + 1), PAGE_MS)
    return () => clearInterval(timer)
  }, [stopped])
  return [turn, held, setHeld]
}

const SHIFT_MS = 180_000
const SHIFTS = [
  [0, 0],
  [0.4, 0.4],
  [-0.4, 0.4],
  [-0.4, -0.4],
  [0.4, -0.4],
] as const

/** Returns a style that shifts the page by ±0.4 vh every three minutes, so that no mark burns in. */
function useBurnInShift(): React.CSSProperties {
  const [step, setStep] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setStep(n => (n + 1) % SHIFTS.length), SHIFT_MS)
    return () => clearInterval(timer)
  }, [])
  const [x, y] = SHIFTS[step] ?? SHIFTS[0]
  return { translate: `${x}vh ${y}vh` }
}
