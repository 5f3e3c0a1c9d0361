/** The two figures at the right of a header: the time left in the period, and the time of day with the state of the line. */
import { clock, periodWords, timeLeft, zoneWords } from '../kit/format.ts'
import { LiveDot, useNow, type Freshness } from '../kit/live-state.tsx'
import type { BoardFacts } from './session.ts'

/** Returns the countdown to the period's close; nothing when the board never closes. */
export function Countdown({ facts }: { facts: BoardFacts }) {
  const now = useNow()
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
export function WallClock({ facts, freshness }: { facts: BoardFacts; freshness: Freshness }) {
  const now = useNow()
  return (
    <p className="cd time">
      {clock(now, facts.timeZone)}
      <LiveDot freshness={freshness} className={`state ${freshness}`} />
    </p>
  )
}

/** Returns the time left in words for a narrow header; `otherwise` when the board never closes. */
export function ClosesIn({ facts, otherwise }: { facts: BoardFacts; otherwise: string }) {
  const now = useNow()
  const { closes } = periodWords(facts.period)
  if (!facts.periodEnd || !closes) return otherwise
  return `Closes in ${timeLeft(Date.parse(facts.periodEnd) - now)}, ${zoneWords(facts.timeZone)}`
}
