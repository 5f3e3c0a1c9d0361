/** Levels: reached at lifetime points ≥ threshold (LEVEL-1..6); every crossing is told, one by one (LEVEL-R3). Pure. */
import { divideHalfEven } from '../platform/money.ts'

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

/** One and a half is 15,000: multipliers are whole basis points. */
export const MULTIPLIER_ONE_BP = 10_000

/**
 * Returns the multiplier of a level in basis points. Benefits accumulate, so what a lower level brought stays (LEVEL-R1, A-12);
 * it is for cash bonuses that are marked for it, never for points (LEVEL-R2, A-13).
 */
export function multiplierFor(levels: readonly { number: number; multiplierBp: number }[], number: number): number {
  return Math.max(MULTIPLIER_ONE_BP, ...levels.filter(level => level.number <= number).map(({ multiplierBp }) => multiplierBp))
}

/** Returns a bonus in minor units at a multiplier, half-even to whole minor units (LEVEL-R2). */
export function multipliedBonus(bonusMinor: bigint, multiplierBp: number): bigint {
  return divideHalfEven(bonusMinor * BigInt(multiplierBp), BigInt(MULTIPLIER_ONE_BP))
}

/** Returns the benefits of all levels up to `number`, each named by its level and once: they accumulate (LEVEL-R1). */
export function benefitsUpTo(levels: readonly Pick<LevelRow, 'number' | 'key' | 'benefits'>[], number: number) {
  return levels.filter(level => level.number <= number).flatMap(level =>
    [...new Set(level.benefits)].map(benefit => ({ source: `level ${level.key}`, benefit, levelNumber: level.number })))
}
