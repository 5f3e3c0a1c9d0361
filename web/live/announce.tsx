/** The page's one polite status: the leader at most every 5 s, own rank changes at once, the connection after 3 s. */
import { useEffect, useRef, useState } from 'react'
import { figure, ordinalEnding } from '../kit/format.ts'
import type { Freshness } from '../kit/live-state.tsx'
import type { Row } from '../board/board.ts'

const LEADER_MS = 5_000

/** Returns the hidden status line. */
export function Announcer({ leader, own, freshness }: { leader: Row | undefined; own?: Row; freshness: Freshness }) {
  const [words, setWords] = useState('')
  const spokenMs = useRef(0)
  const leaderId = leader?.id
  useEffect(() => {
    if (!leader) return
    const timer = setTimeout(
      () => {
        spokenMs.current = Date.now()
        setWords(`${leader.name} leads with ${figure(leader.points)} points.`)
      },
      Math.max(0, spokenMs.current + LEADER_MS - Date.now()),
    )
    return () => clearTimeout(timer)
    // Points change all the time; only a new leader is news.
  }, [leaderId])
  const ownRank = own?.rank
  useEffect(() => {
    if (ownRank) setWords(`You are ${ownRank}${ordinalEnding(ownRank)}.`)
  }, [ownRank])
  useEffect(() => {
    if (freshness === 'reconnecting') setWords('Reconnecting.')
    if (freshness === 'offline') setWords('Offline.')
  }, [freshness])
  return (
    <p className="vh" role="status">
      {words}
    </p>
  )
}
