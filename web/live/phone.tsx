/** The board on a phone: the list, the reader's own place above it, and the tenant's other boards one touch away. */
import { boardLabels, figure } from '../kit/format.ts'
import { LiveDot, staleSentence, useFreshness, type Freshness } from '../kit/live-state.tsx'
import { Icon, LevelBadge, Mark } from '../kit/marks.tsx'
import { ThemeToggle } from '../kit/theme.tsx'
import { Announcer } from './announce.tsx'
import { pagesOf, rowsByRank } from '../board/board.ts'
import { Bones, EmptyBoard } from './blank.tsx'
import { BoardList } from '../board/board-list.tsx'
import { ClosesIn } from './clock.tsx'
import type { OpenBoard } from './live.tsx'
import { useMoments } from './moments.ts'
import { OwnPlace } from './own-place.tsx'
import { useFeedStream } from '../board/streams.ts'
import { TableView } from './table-view.tsx'

/** Boards offered for switching; the start page lists them all. */
const BOARDS_MAX = 6

/** Returns the phone's page of an open board. */
export function Phone({ session, board, state, asTable, setAsTable }: OpenBoard) {
  const { access, connection, facts, viewer, boards } = session
  const { moment, queue } = useMoments()
  useFeedStream(access.source === 'screen' ? null : connection, ['LEVEL_CHANGED'], queue)
  const freshness = useFreshness(state)
  const band = staleSentence(state, freshness, facts.timeZone)
  const rows = rowsByRank(board)
  const moves = rows.some(row => row.closeRank !== null)
  const ownId = facts.subject === 'USER' ? (viewer.user?.id ?? null) : null
  const page = pagesOf(board.order, Math.max(1, board.order.length))[0]
  return (
    <div className="phone">
      <PhoneHeader session={session} freshness={freshness} />
      {band && <p className="band">{band}</p>}
      <Boards boards={boards} currentId={facts.id} />
      {moment?.level && moment.user && (
        <section className="moment" role="status">
          <LevelBadge level={moment.level} />
          <p>
            {moment.user.name} reached level {moment.level.number}
            <small>{moment.level.title}</small>
          </p>
        </section>
      )}
      <OwnPlace token={access.token} boardId={facts.id} ownId={ownId} rows={rows} period={facts.period} />
      <main>
        {board.loaded && rows.length === 0 && <EmptyBoard period={facts.period} />}
        {asTable ? (
          <TableView board={board} caption={`${facts.name}, by rank`} moves={moves} />
        ) : (
          page && (
            <div className="frame" style={{ height: `calc(${page.ids.length} * var(--h))` }}>
              <BoardList
                board={board}
                page={page}
                label={facts.name}
                nameLengthMax={30}
                moves={moves}
                gaps={false}
                ownId={ownId}
              />
            </div>
          )
        )}
        {!board.loaded && <Bones />}
      </main>
      <footer>
        {rows.length > 0 && (
          <p className="note">
            {facts.size > rows.length ? `The first ${rows.length} of ${figure(facts.size)}. ` : ''}
            {moves ? 'Arrows are places since the period began.' : ''}
          </p>
        )}
        <div>
          <button type="button" className="btn" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            <Icon name="table" />
            Show as {asTable ? 'board' : 'table'}
          </button>
          <ThemeToggle place="phone" className="btn" />
        </div>
      </footer>
      <Announcer leader={rows[0]} own={rows.find(row => row.id === ownId)} freshness={freshness} />
    </div>
  )
}

interface PhoneHeaderProps {
  session: OpenBoard['session']
  freshness: Freshness
}

function PhoneHeader({ session: { facts, viewer }, freshness }: PhoneHeaderProps) {
  return (
    <header>
      <Mark />
      <h1>
        {facts.name}
        <small>
          <ClosesIn facts={facts} otherwise={viewer.tenant.name} />
        </small>
      </h1>
      <LiveDot freshness={freshness} />
    </header>
  )
}

/** The row of boards may be longer than the phone is wide. */
function intoSight(link: HTMLElement | null): void {
  link?.scrollIntoView({ block: 'nearest', inline: 'center' })
}

/** The tenant's boards, one touch away from each other. */
function Boards({ boards, currentId }: { boards: OpenBoard['session']['boards']; currentId: string }) {
  const labels = boardLabels(boards.slice(0, BOARDS_MAX))
  if (labels.length < 2) return null
  return (
    <nav className="seg" aria-label="Boards">
      {labels.map(({ id, label }) => (
        <a
          key={id}
          href={`/live/${id}${location.search}`}
          aria-current={id === currentId ? 'page' : undefined}
          ref={id === currentId ? intoSight : undefined}
        >
          {label}
        </a>
      ))}
    </nav>
  )
}
