/**
 * The rows: absolute, in stable id order, moved by `transform` alone. Motion is off on first paint, on resize and after a
 * snapshot.
 */
import { memo, useEffect, useLayoutEffect, useRef } from 'react'
import { figure, ordinalEnding, shortName, signed } from '../kit/format.ts'
import { Mark, Movement } from '../kit/marks.tsx'
import { gapOf, rowsByRank, slotOn, type Board, type Page, type Row } from './board.ts'

interface ListProps {
  board: Board
  page: Page
  label: string
  nameLengthMax: number
  moves: boolean
  gaps: boolean
  ownId?: string | null
}

/** Returns the list of the rows on `page`; the others wait unseen at its edges. */
export function BoardList({ board, page, label, nameLengthMax, moves, gaps, ownId = null }: ListProps) {
  const list = useRef<HTMLUListElement>(null)
  useStillness(list, board.still, page.from)
  const rows = rowsByRank(board)
  const places = new Map(board.order.map((id, place) => [id, place]))
  const ids = board.order.toSorted()
  const digits = Math.max(5, ...rows.map(row => figure(row.points).length)) // Sets the width of the points' column.
  return (
    <ul className="board" aria-label={label} aria-live="off" ref={list} style={{ '--digits': digits } as React.CSSProperties}>
      {ids.map(id => {
        const row = board.rows.get(id)
        const place = places.get(id) ?? 0
        if (!row) return null
        return (
          <BoardRow
            key={id}
            row={row}
            {...slotOn(page, id, place)}
            first={place === 0}
            gap={gaps ? gapOf(rows, place) : null}
            nameLengthMax={nameLengthMax}
            moves={moves}
            own={id === ownId}
          />
        )
      })}
    </ul>
  )
}

interface RowProps {
  row: Row
  slot: number
  shown: boolean
  first: boolean
  gap: number | null
  nameLengthMax: number
  moves: boolean
  own: boolean
}

const BoardRow = memo(function BoardRow({ row, slot, shown, first, gap, nameLengthMax, moves, own }: RowProps) {
  const classes = ['row', first && 'lead', row.raisedMs !== null && 'moving', own && 'me', !shown && 'away']
    .filter(Boolean)
    .join(' ')
  return (
    <li className={classes} style={{ transform: `translateY(${slot * 100}%)` }} aria-hidden={!shown}>
      <span className="rank">
        {first && <Mark className="crown" />}
        <span className="vh">Rank </span>
        {row.rank}
      </span>
      {moves && <Movement rank={row.rank} closeRank={row.closeRank} />}
      <span className="name">
        <span>
          {shortName(row.name, nameLengthMax)}
          {own && <i> You</i>}
        </span>
        {row.note && <small>{row.note}</small>}
      </span>
      {gap !== null && (
        <span className={`gap ${row.gain > 0 ? 'under' : ''}`} key={row.gainNumber}>
          {gapWords(gap, row.rank, first)}
        </span>
      )}
      <span className="pts">
        {row.gain > 0 && (
          <span className="gain" key={row.gainNumber} aria-hidden="true">
            {signed(row.gain)}
          </span>
        )}
        {figure(row.points)}
        <span className="vh"> points</span>
      </span>
    </li>
  )
})

/** What lies between a row and the next place: "375 to 2nd"; the leader's lead; words for a tie. */
function gapWords(gap: number, rank: number, first: boolean): string {
  if (gap === 0) return first ? 'tied' : `tied for ${rank}${ordinalEnding(rank)}`
  return first ? `${figure(gap)} ahead` : `${figure(gap)} to ${rank - 1}${ordinalEnding(rank - 1)}`
}

/**
 * Sets rows without motion for two frames when `still` changes, the page turns or the window is resized; a turned page
 * fades in.
 */
function useStillness(list: React.RefObject<HTMLUListElement | null>, still: number, pageFrom: number): void {
  const shown = useRef(pageFrom)
  useLayoutEffect(() => {
    const element = list.current
    if (!element) return
    const settle = stillFor(element)
    if (shown.current !== pageFrom) fadeIn(element)
    shown.current = pageFrom
    return settle
  }, [list, still, pageFrom])
  useEffect(() => {
    const resized = () => {
      if (list.current) stillFor(list.current)
    }
    addEventListener('resize', resized)
    return () => removeEventListener('resize', resized)
  }, [list])
}

function stillFor(element: HTMLElement): () => void {
  element.dataset.still = ''
  const frame = requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      delete element.dataset.still
    }),
  )
  return () => cancelAnimationFrame(frame)
}

function fadeIn(element: HTMLElement): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const row of element.querySelectorAll('.row:not(.lead)'))
    row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 200, easing: 'ease-out' })
}
