/** The right column of a wall: the other board (teams, or people on a team board), who climbs most, and what just happened. */
import { figure, ordinalEnding, shortName, signed } from '../kit/format.ts'
import { Movement } from '../kit/marks.tsx'
import type { Connection } from '../stream.ts'
import { climbersOf, rowsByRank, type Board } from '../board/board.ts'
import { useBoardStream, useFeedStream, type FeedItem } from '../board/streams.ts'

/** Returns the standings of another board as a race: bars in proportion to its first. */
export function RaceTile({ connection, board: { id, name } }: { connection: Connection; board: { id: string; name: string } }) {
  const { board } = useBoardStream(connection, id, 3)
  const rows = rowsByRank(board)
  const best = rows[0]?.points ?? 0
  if (!rows.length) return null
  return (
    <section className="tile">
      <h2>
        {name}
        <span>points</span>
      </h2>
      <ol className="race">
        {rows.map((row, place) => (
          <li key={row.id} className={place === 0 ? 'first' : ''}>
            <span>{shortName(row.name, 18)}</span>
            <span className="bar" aria-hidden="true">
              <i style={{ width: `${best > 0 ? Math.max(0, (row.points / best) * 100) : 0}%` }} />
            </span>
            <span className="num">{figure(row.points)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** Returns who rose most since the period began; nothing while nobody did. */
export function ClimbersTile({ board, since }: { board: Board; since: string | null }) {
  const climbers = climbersOf(board, 3)
  if (!climbers.length) return null
  return (
    <section className="tile">
      <h2>Climbing most{since && <span>since {since}</span>}</h2>
      <ol className="climbers">
        {climbers.map(row => (
          <li key={row.id}>
            <span>{shortName(row.name, 22)}</span>
            <span className="num at">
              {row.rank}
              {ordinalEnding(row.rank)}
            </span>
            <Movement rank={row.rank} closeRank={row.closeRank} />
          </li>
        ))}
      </ol>
    </section>
  )
}

const AWARDED = ['POINTS_AWARDED'] as const

/** Returns what just happened, newest first, as much as fits. */
export function FeedTile({ connection }: { connection: Connection }) {
  const items = useFeedStream(connection, AWARDED)
  return (
    <section className="tile feed">
      <h2>Just now</h2>
      {items.length === 0 ? (
        <p>Quiet so far. The next entry appears here.</p>
      ) : (
        <ul>
          {items.slice(0, 8).map(item => (
            <li key={item.id}>
              <span>{shortName(item.user?.name ?? 'Someone', 22)}</span>
              {item.points !== null && <b className="num">{signed(item.points)}</b>}
              <small>{reasonOf(item)}</small>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** What an item is for, without the name and the figure that stand beside it already. */
function reasonOf({ text, user }: FeedItem): string {
  return text.replace(`${user?.name}: `, '').replace(/, \S+ points\.$/, '')
}
