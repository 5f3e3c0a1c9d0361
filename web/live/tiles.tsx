/** The right column of a wall: the other board (teams, or people on a team board), who climbs most, and what just happened. */
import { figure, ordinalEnding, shortName, signed } from '../kit/format.ts'
import { LevelBadge, Movement } from '../kit/marks.tsx'
import type { Connection } from '../stream.ts'
import { climbersOf, rowsByRank, type Board } from '../board/board.ts'
import { isReached } from './moments.ts'
import { useBoardStream, type FeedItem } from '../board/streams.ts'

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

/** Returns what just happened, newest first, as much as fits. */
export function FeedTile({ items }: { items: readonly FeedItem[] }) {
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

/** Returns the band of a level just reached. */
export function MomentBand({ moment }: { moment: FeedItem }) {
  const { level, user } = moment
  if (!level || !user) return null
  return (
    <section className="moment" key={moment.id} role="status">
      <LevelBadge level={level} />
      <p className="t">
        {user.name} reached <b className={`lv${Math.min(level.number, 6)}`}>level {level.number}</b>
        <small>{[level.title, ...level.benefits].slice(0, 3).join(' · ')}</small>
      </p>
      <p className="n">
        {figure(level.threshold)}
        <small>lifetime points</small>
      </p>
      <i className="left" aria-hidden="true" />
    </section>
  )
}

/** Returns the quiet foot of a wall: the levels reached last. */
export function LevelsFoot({ items }: { items: readonly FeedItem[] }) {
  const reached = items
    .filter(isReached)
    .filter((item, i, all) => all.findIndex(other => other.user?.id === item.user?.id) === i)
    .slice(0, 4)
  return (
    <section className="levels" aria-label="Levels reached last">
      <h2>Levels reached last</h2>
      {reached.length === 0 ? (
        <p>The next level somebody reaches appears here.</p>
      ) : (
        <ul>
          {reached.map(
            ({ id, level, user }) =>
              level &&
              user && (
                <li key={id}>
                  <LevelBadge level={level} />
                  <span>
                    {shortName(user.name, 20)}
                    <small>{level.title}</small>
                  </span>
                </li>
              ),
          )}
        </ul>
      )}
    </section>
  )
}
