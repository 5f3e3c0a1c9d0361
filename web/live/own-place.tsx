/** The reader's own place on a board, above the list. */
import { useEffect, useState } from 'react'
import { OwnStandingDocument } from '../generated.ts'
import { gapOf, type Row } from '../board/board.ts'
import { ask } from '../kit/ask.ts'
import { figure, ordinalEnding, periodWords, type Period } from '../kit/format.ts'

const OWN_EVERY_MS = 20_000

interface OwnPlaceProps {
  token: string
  boardId: string
  ownId: string | null
  rows: readonly Row[]
  period: Period
}

/** Returns the panel: from the rows when the reader is among them, else asked for every 20 s; nothing for who has no place. */
export function OwnPlace({ token, boardId, ownId, rows, period }: OwnPlaceProps) {
  const place = rows.findIndex(row => row.id === ownId)
  const own = useOwnStanding(token, boardId, place < 0 && rows.length > 0 ? ownId : null)
  const standing = rows[place] ?? own
  if (!ownId || !standing) return null
  const gap = place >= 0 ? gapOf(rows, place) : null
  const moved = standing.closeRank === null ? null : standing.closeRank - standing.rank
  const ahead =
    place === 0
      ? gap === null
        ? 'You lead'
        : `${figure(gap)} points ahead`
      : gap === 0
        ? `Tied for ${figure(standing.rank)}${ordinalEnding(standing.rank)} place`
        : gap !== null
          ? `${figure(gap)} points to ${figure(standing.rank - 1)}${ordinalEnding(standing.rank - 1)} place`
          : 'Your place'
  return (
    <section className="you" aria-label="Your place">
      <b>
        {figure(standing.rank)}
        <sup>{ordinalEnding(standing.rank)}</sup>
      </b>
      <p>{ahead}</p>
      <small>
        {figure(standing.points)} points
        {moved && moved > 0 ? ` · up ${moved} ${moved === 1 ? 'place' : 'places'} ${periodWords(period).name.toLowerCase()}` : ''}
      </small>
    </section>
  )
}

function useOwnStanding(token: string, boardId: string, subjectId: string | null) {
  const [own, setOwn] = useState<{ rank: number; closeRank: number | null; points: number } | null>(null)
  useEffect(() => {
    if (!subjectId) return setOwn(null)
    const look = () =>
      void ask(OwnStandingDocument, { id: boardId, subjectId }, token)
        .then(({ leaderboard }) => setOwn(leaderboard?.standing ?? null))
        .catch(() => undefined)
    look()
    const timer = setInterval(look, OWN_EVERY_MS)
    return () => clearInterval(timer)
  }, [token, boardId, subjectId])
  return own
}
