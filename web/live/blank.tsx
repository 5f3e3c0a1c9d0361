/** A board without rows: still loading, or nothing recorded yet. */
import type { Period } from '../kit/format.ts'

const ROWS = 8
const EMPTY: Record<Period, string> = {
  DAILY: 'No points yet today.',
  WEEKLY: 'No points yet this week.',
  MONTHLY: 'No points yet this month.',
  ALL_TIME: 'No points yet.',
}

/** Returns empty rows with the final geometry, seen only when loading takes longer than 200 ms. */
export function Bones() {
  return (
    <ul className="bones" aria-hidden="true">
      {Array.from({ length: ROWS }, (_, i) => (
        <li key={i}>
          <span className="bone" />
          <span className="bone" />
          <span className="bone" />
        </li>
      ))}
    </ul>
  )
}

/** Returns the sentence of a board on which nobody has points. */
export function EmptyBoard({ period }: { period: Period }) {
  return <p className="empty">{EMPTY[period]} The first entry starts the board.</p>
}
