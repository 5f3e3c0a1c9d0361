/** The board on a phone: the list, the reader's own place above it, and the tenant's other boards one touch away. */
import { useEffect, useState } from 'react'
import { OwnStandingDocument } from '../generated.ts'
import { ask } from '../kit/ask.ts'
import { boardLabels, figure, ordinalEnding, periodWords, timeLeft, zoneWords, type Period } from '../kit/format.ts'
import { freshnessOf, LiveDot, staleSentence, useNow } from '../kit/live-state.tsx'
import { Icon, LevelBadge, Mark } from '../kit/marks.tsx'
import { ThemeToggle } from '../kit/theme.tsx'
import { Announcer } from './announce.tsx'
import { gapOf, pagesOf, rowsByRank, type Row } from '../board/board.ts'
import { Bones, EmptyBoard } from './blank.tsx'
import { BoardList } from '../board/board-list.tsx'
import type { OpenBoard } from './live.tsx'
import { useMoments } from './moments.ts'
import { useFeedStream } from '../board/streams.ts'
import { TableView } from './table-view.tsx'

const OWN_EVERY_MS = 20_000
/** Boards offered for switching; the start page lists them all. */
const BOARDS_MAX = 6

/** Returns the phone's page of an open board. */
export function Phone({ session, board, state, asTable, setAsTable }: OpenBoard) {
  const { access, connection, facts, viewer, boards } = session
  const now = useNow()
  const { moment, queue } = useMoments()
  useFeedStream(connection, ['LEVEL_CHANGED'], queue)
  const freshness = freshnessOf(state, now)
  const band = staleSentence(state, freshness, facts.timeZone)
  const rows = rowsByRank(board)
  const moves = rows.some(row => row.closeRank !== null)
  const ownId = facts.subject === 'USER' ? (viewer.user?.id ?? null) : null
  const page = pagesOf(board.order, Math.max(1, board.order.length))[0]
  const { closes } = periodWords(facts.period)
  const labels = boardLabels(boards.slice(0, BOARDS_MAX))
  return (
    <div className="phone">
      <header>
        <Mark /><h1>{facts.name}<small>{facts.periodEnd && closes ? `Closes in ${timeLeft(Date.parse(facts.periodEnd) - now)}, ${zoneWords(facts.timeZone)}` : viewer.tenant.name}</small></h1>
        <LiveDot freshness={freshness} />
      </header>
      {band && <p className="band">{band}</p>}
      {labels.length > 1 && <nav className="seg" aria-label="Boards">{labels.map(one => (
        <a key={one.id} href={`/live/${one.id}${location.search}`} aria-current={one.id === facts.id ? 'page' : undefined}>{one.label}</a>))}</nav>}
      {moment?.level && moment.user && <section className="moment" role="status"><LevelBadge level={moment.level} /><p>{moment.user.name} reached level {moment.level.number}<small>{moment.level.title}</small></p></section>}
      <OwnPlace token={access.token} boardId={facts.id} ownId={ownId} rows={rows} period={facts.period} />
      <main>
        {board.loaded && rows.length === 0 && <EmptyBoard period={facts.period} />}
        {asTable ? <TableView board={board} caption={`${facts.name}, by rank`} moves={moves} />
          : page && <div className="frame" style={{ height: `calc(${page.ids.length} * var(--h))` }}><BoardList board={board} page={page} label={facts.name} nameLengthMax={30} moves={moves} gaps={false} ownId={ownId} /></div>}
        {!board.loaded && <Bones />}
      </main>
      <footer>
        {rows.length > 0 && <p className="note">{facts.size > rows.length ? `The first ${rows.length} of ${figure(facts.size)}. ` : ''}{moves ? 'Arrows are places since the period began.' : ''}</p>}
        <div><button type="button" className="btn" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}><Icon name="table" />Show as {asTable ? 'board' : 'table'}</button><ThemeToggle place="phone" className="btn" /></div>
      </footer>
      <Announcer leader={rows[0]} own={rows.find(row => row.id === ownId)} freshness={freshness} />
    </div>
  )
}

interface OwnPlaceProps { token: string; boardId: string; ownId: string | null; rows: readonly Row[]; period: Period }

/** The reader's own place: from the rows when it is among them, else asked for every 20 s. */
function OwnPlace({ token, boardId, ownId, rows, period }: OwnPlaceProps) {
  const place = rows.findIndex(row => row.id === ownId)
  const own = useOwnStanding(token, boardId, place < 0 && rows.length > 0 ? ownId : null)
  const standing = rows[place] ?? own
  if (!ownId || !standing) return null
  const gap = place >= 0 ? gapOf(rows, place) : null
  const moved = standing.closeRank === null ? null : standing.closeRank - standing.rank
  const ahead = place === 0 ? (gap === null ? 'You lead' : `${figure(gap)} points ahead`) : gap === 0 ? `Tied for ${standing.rank}${ordinalEnding(standing.rank)} place`
    : gap !== null ? `${figure(gap)} points to ${standing.rank - 1}${ordinalEnding(standing.rank - 1)} place` : 'Your place'
  return (
    <section className="you" aria-label="Your place">
      <b>{standing.rank}<sup>{ordinalEnding(standing.rank)}</sup></b>
      <p>{ahead}</p>
      <small>{figure(standing.points)} points{moved && moved > 0 ? ` · up ${moved} ${moved === 1 ? 'place' : 'places'} ${periodWords(period).name.toLowerCase()}` : ''}</small>
    </section>
  )
}

function useOwnStanding(token: string, boardId: string, subjectId: string | null) {
  const [own, setOwn] = useState<{ rank: number; closeRank: number | null; points: number } | null>(null)
  useEffect(() => {
    if (!subjectId) return setOwn(null)
    const look = () => void ask(OwnStandingDocument, { id: boardId, subjectId }, token).then(({ leaderboard }) => setOwn(leaderboard?.standing ?? null)).catch(() => undefined)
    look()
    const timer = setInterval(look, OWN_EVERY_MS)
    return () => clearInterval(timer)
  }, [token, boardId, subjectId])
  return own
}
