/**
 * The foot of a wall: a level just reached for its twelve seconds, else the levels reached last. Its room is reserved; it
 * covers nothing.
 */
import { useFeedStream, type FeedItem } from '../board/streams.ts'
import { figure, shortName } from '../kit/format.ts'
import { LevelBadge } from '../kit/marks.tsx'
import type { Connection } from '../stream.ts'
import { isReached, useMoments } from './moments.ts'

const LEVELS = ['LEVEL_CHANGED'] as const

/** Returns the foot. */
export function WallFoot({ connection }: { connection: Connection }) {
  const { moment, queue } = useMoments()
  const levels = useFeedStream(connection, LEVELS, queue)
  return <footer>{moment ? <MomentBand moment={moment} key={moment.id} /> : <LevelsFoot items={levels} />}</footer>
}

/** Returns the foot of a screen that anybody may pass by: how to read the board, and no news of people. */
export function ScreenFoot({ since }: { since: string | null }) {
  return (
    <footer>
      <section className="levels" aria-label="How to read it">
        <h2>How to read it</h2>
        <p>Equal points share a place.{since && ` Arrows are places won or lost since ${since}.`}</p>
      </section>
    </footer>
  )
}

/** The band of a level just reached. */
function MomentBand({ moment }: { moment: FeedItem }) {
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

/** The quiet foot: the levels reached last. */
function LevelsFoot({ items }: { items: readonly FeedItem[] }) {
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
