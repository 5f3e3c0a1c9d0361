/** The wall: eight rows to be read from five meters, what just happened beside them, and a foot that covers nothing. */
import { useEffect, useState } from 'react'
import { periodStartWords, periodWords } from '../kit/format.ts'
import { freshnessOf, staleSentence, useNow } from '../kit/live-state.tsx'
import { Icon, Mark } from '../kit/marks.tsx'
import { ThemeToggle } from '../kit/theme.tsx'
import { Announcer } from './announce.tsx'
import { pagesOf, rowsByRank } from './board.ts'
import { BoardList } from './board-list.tsx'
import { Bones, EmptyBoard } from './blank.tsx'
import { Countdown, WallClock } from './clock.tsx'
import { useMoments } from './moments.ts'
import type { OpenBoard } from './live.tsx'
import { useFeedStream } from './streams.ts'
import { TableView } from './table-view.tsx'
import { ClimbersTile, FeedTile, LevelsFoot, MomentBand, RaceTile } from './tiles.tsx'

const ROWS_PER_PAGE = 8
const PAGE_MS = 12_000

/** Returns the wall of an open board. */
export function Wall({ session: { connection, facts, viewer, boards }, board, state, asTable, setAsTable }: OpenBoard) {
  const now = useNow()
  useIdlePointer()
  const { moment, queue } = useMoments()
  const feed = useFeedStream(connection, ['POINTS_AWARDED'])
  const levels = useFeedStream(connection, ['LEVEL_CHANGED'], queue)
  const pages = pagesOf(board.order, ROWS_PER_PAGE)
  const [turn, held, setHeld] = usePageTurn(pages.length, asTable)
  const page = pages[turn % pages.length] ?? pages[0]
  const freshness = freshnessOf(state, now)
  const band = staleSentence(state, freshness, facts.timeZone)
  const rows = rowsByRank(board)
  const moves = rows.some(row => row.closeRank !== null)
  const since = periodStartWords(facts.period, facts.periodStart, facts.timeZone)
  const other = boards.find(one => one.subject !== facts.subject && one.period === facts.period) ?? boards.find(one => one.subject !== facts.subject)
  return (
    <div className="wall" style={useBurnInShift()}>
      <header>
        <Mark /><h1>{facts.name}<small>{viewer.tenant.name} · {periodWords(facts.period).now}</small></h1>
        <div className="tools" role="toolbar" aria-label="Display">
          <button type="button" className="btn" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}><Icon name="table" />Show as {asTable ? 'board' : 'table'}</button>
          {pages.length > 1 && !asTable && <button type="button" className="btn" aria-pressed={held} onClick={() => setHeld(!held)}><Icon name={held ? 'play' : 'pause'} />{held ? 'Turn pages' : 'Hold page'}</button>}
          <ThemeToggle place="wall" className="btn" />
          <FullScreenButton />
        </div>
        <Countdown facts={facts} now={now} />
        <WallClock facts={facts} now={now} freshness={freshness} />
      </header>
      <main aria-label="Leaderboard">
        {band ? <p className="band">{band}</p> : (
          <div className="cols" aria-hidden="true"><span>{moves && since && !asTable && `arrows: since ${since}`}</span>
            <span>{pages.length > 1 && page && !asTable ? `places ${page.from}–${page.to} of ${facts.size > board.order.length ? facts.size : board.order.length}` : ''}</span><span>{!asTable && 'points'}</span></div>)}
        {board.loaded && rows.length === 0 && <EmptyBoard period={facts.period} />}
        {asTable ? <TableView board={board} caption={`${facts.name}, by rank`} moves={moves} />
          : page && <BoardList board={board} page={page} label={facts.name} nameLengthMax={24} moves={moves} gaps />}
        {!board.loaded && <Bones />}
      </main>
      <aside aria-label="Beside the board">
        {other && <RaceTile connection={connection} board={other} />}
        <ClimbersTile board={board} since={since} />
        <FeedTile items={feed} />
      </aside>
      <footer>{moment ? <MomentBand moment={moment} key={moment.id} /> : <LevelsFoot items={levels} />}</footer>
      <Announcer leader={rows[0]} freshness={freshness} />
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
const SHIFTS = [[0, 0], [0.4, 0.4], [-0.4, 0.4], [-0.4, -0.4], [0.4, -0.4]] as const

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

const IDLE_MS = 4_000

/** Marks the page as idle while the pointer rests: then neither the pointer nor the buttons are to be seen. */
function useIdlePointer(): void {
  useEffect(() => {
    let timer = setTimeout(() => document.body.classList.add('idle'), IDLE_MS)
    const moved = () => {
      document.body.classList.remove('idle')
      clearTimeout(timer)
      timer = setTimeout(() => document.body.classList.add('idle'), IDLE_MS)
    }
    addEventListener('pointermove', moved)
    return () => {
      removeEventListener('pointermove', moved)
      clearTimeout(timer)
      document.body.classList.remove('idle')
    }
  }, [])
}

function FullScreenButton() {
  if (!document.fullscreenEnabled) return null
  const turn = () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
  return <button type="button" className="btn" onClick={turn}><Icon name="screen" />Full screen</button>
}
