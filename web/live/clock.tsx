/** The two figures at the right of a header: the time left in the period, and the time of day with the state of the line. */
import { clock, periodWords, timeLeft, zoneWords } from '../kit/format.ts'
import { LiveDot, type Freshness } from '../kit/live-state.tsx'
import type { BoardFacts } from './session.ts'

/** Returns the countdown to the period's close; nothing when the board never closes. */
export function Countdown({ facts, now }: { facts: BoardFacts; now: number }) {
  const { closes } = periodWords(facts.period)
  if (!facts.periodEnd || !closes) return null
  return (
    <p className="cd">
      {timeLeft(Date.parse(facts.periodEnd) - now)}
      <small>
        {closes}, {zoneWords(facts.timeZone)}
      </small>
    </p>
  )
}

/** Returns the time of day in the board's zone, with the state of the line below it. */
export function WallClock({ facts, now, freshness }: { facts: BoardFacts; now: number; freshness: Freshness }) {
  return (
    <p className="cd time">
      {clock(now, facts.timeZone)}
      <LiveDot freshness={freshness} className={`state ${freshness}`} />
    </p>
  )
}
