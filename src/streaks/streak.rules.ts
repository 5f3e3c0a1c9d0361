/**
 * Streaks: consecutive local days with an activity. A missed day takes the oldest freeze that was granted by then, in the order
 * of the days; all of it follows from the days, so what is recorded or taken back later gives freezes back or takes them
 * (UX-30). Pure.
 */

/** A freeze and the local day on which it was granted; it covers no day before that. */
export interface Freeze { id: string; day: string }

/** `currentDays` are those up to today, or up to yesterday while today has none yet; `covered`: the day a used freeze saved. */
export interface StreakCount {
  currentDays: number; bestDays: number; lastDay: string | null; isTodayDone: boolean; covered: Map<string, string>
}

const DAY_MS = 86_400_000
const numberOf = (day: string) => Date.parse(`${day}T00:00:00Z`) / DAY_MS
const dayOf = (number: number) => new Date(number * DAY_MS).toISOString().slice(0, 10)

/** Returns the streak of these local days, ascending and each once, as of `today`; freezes may come in any order. */
export function streakOf(days: readonly string[], freezes: readonly Freeze[], today: string): StreakCount {
  const granted = freezes.map(({ id, day }) => ({ id, day: numberOf(day) }))
    .sort((one, other) => one.day - other.day || (one.id < other.id ? -1 : 1))
  const covered = new Map<string, string>()
  let next = 0 // Freezes are used in the order they were granted.
  let [run, best, before] = [0, 0, 0]
  const bridge = (from: number, to: number) => {
    for (let missed = from; run && missed < to; missed++) {
      const freeze = granted[next]
      if (!freeze || freeze.day > missed) run = 0
      else {
        covered.set(freeze.id, dayOf(missed))
        next++
      }
    }
  }
  const end = numberOf(today)
  let isTodayDone = false
  for (const day of days) {
    const at = numberOf(day)
    if (at > end) break
    bridge(before + 1, at)
    run++
    best = Math.max(best, run)
    before = at
    isTodayDone = at === end
  }
  bridge(before + 1, end)
  return { currentDays: run, bestDays: best, lastDay: before ? dayOf(before) : null, isTodayDone, covered }
}
