/** Levels: reached at lifetime points ≥ threshold (LEVEL-1..6); every crossing is told, one by one (LEVEL-R3). Pure. */

/** A level's row as reads return it; `threshold` is in lifetime points. */
export interface LevelRow {
  [column: string]: unknown
  number: number; key: string; title: string; threshold: number; badge: string; benefits: string[]; multiplierBp: number
}

/** Returns the level of these lifetime points; `levels` ascend by threshold. Below the first threshold the first level holds. */
export function levelFor<L extends { threshold: number }>(levels: readonly L[], points: number): L {
  let reached = levels[0]!
  for (const level of levels) if (points >= level.threshold) reached = level
  return reached
}

/**
 * Returns the levels entered on the way from level number `from` to `to`, in order: upward each one reached, downward
 * each one fallen to.
 */
export function crossings<L extends { number: number }>(levels: readonly L[], from: number, to: number): L[] {
  return to >= from
    ? levels.filter(level => level.number > from && level.number <= to)
    : levels.filter(level => level.number < from && level.number >= to).reverse()
}
