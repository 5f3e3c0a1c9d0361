/** How long a name may be on the wall: the row's width in its own units, less what the other columns take. */
import { useEffect, useState } from 'react'

/** Rank, movement, points and paddings of a row, and the room a gap takes, in hundredths of the height at eight rows. */
const OTHERS = 38
const GAP = 17
/** The column beside the board with its margins; upright screens have it below. */
const BESIDE = 65
const MARGINS = 6
/** A character's mean width at the size of names. */
const CHARACTER = 2.3

/** Returns how many characters a name has room for in a window of this size. */
export function nameRoom(width: number, height: number, rows: number, gaps: boolean): number {
  const upright = width / height <= 6 / 5
  const unit = upright ? Math.min(height, width * 1.02) / 100 : height / 100
  const row = width / unit - (upright ? MARGINS : BESIDE)
  const grown = 8 / rows
  return Math.max(10, Math.floor((row - (OTHERS + (gaps ? GAP : 0)) * grown) / (CHARACTER * grown)))
}

/** Returns the room for names in this window, renewed when it is resized. */
export function useNameRoom(rows: number, gaps: boolean): number {
  const [size, setSize] = useState(() => [innerWidth, innerHeight] as const)
  useEffect(() => {
    const resized = () => setSize([innerWidth, innerHeight])
    addEventListener('resize', resized)
    return () => removeEventListener('resize', resized)
  }, [])
  return nameRoom(size[0], size[1], rows, gaps)
}
