/**
 * The figures of one board's subjects as its events change them, for boards that rank something else than plain sums. It stays
 * equal to a recount, of which it begins. Pure.
 */
import { neighborKey, type Period } from '../platform/time.ts'
import type { PointChange } from '../points/change.rules.ts'
import { type Figures, type Measure, type Shown, shownOf, valueOf } from './measure.rules.ts'

/** A subject's figures as a recount reads them, with the last entry that counts; `isRanked` once something ranks it. */
export interface TallyRow extends Figures { subjectId: string; seq: number; isRanked: boolean }

/** Actions of a person on a day that is still open, for one subject. */
export interface OpenDay { subjectId: string; userId: string; day: string; actions: number }

/** A subject as a rank index takes it. */
export interface Ranked { subjectId: string; points: number; seq: number }

const DAYS_KEPT = 4 // A day is open for 24 hours after its end; what counts later counts in another.

/** Returns the key of the period of this kind in which a change counts; of all time, the key given. */
export function countingKey(period: Period, change: Pick<PointChange, 'day' | 'week' | 'month'>, allTime: string): string {
  return period === 'DAILY' ? change.day : period === 'WEEKLY' ? change.week : period === 'MONTHLY' ? change.month : allTime
}

/** Figures by subject. */
export class Tally {
  readonly measure: Measure
  readonly period: Period
  readonly key: string
  readonly #previousKey: string
  readonly #rows = new Map<string, TallyRow>()
  readonly #days = new Map<string, Map<string, number>>()

  constructor(measure: Measure, period: Period, key: string, rows: Iterable<TallyRow>, openDays: Iterable<OpenDay>) {
    this.measure = measure
    this.period = period
    this.key = key
    this.#previousKey = period === 'ALL_TIME' ? '' : neighborKey(period, key, -1)
    for (const row of rows) this.#rows.set(row.subjectId, row)
    for (const { subjectId, userId, day, actions } of openDays) this.#dayOf(day).set(subjectId + userId, actions)
  }

  /** Returns the subjects that are ranked. */
  * ranked(): Generator<Ranked> {
    for (const row of this.#rows.values()) {
      if (row.isRanked) yield { subjectId: row.subjectId, points: valueOf(this.measure, row), seq: row.seq }
    }
  }

  /**
   * Returns whether a change counts here. Its subject is then counted with it and ranked as `rankedOf` says; `actions` is 1 for
   * an activity, −1 for one that was taken back, else 0.
   */
  take(subjectId: string, change: PointChange, actions: -1 | 0 | 1): boolean {
    const { metric } = this.measure
    const key = countingKey(this.period, change, this.key)
    const isPrevious = metric === 'GROWTH' && key === this.#previousKey
    if (key !== this.key && !isPrevious) return false
    if (!change.points && (metric !== 'ENGAGEMENT' || !actions)) return false
    let row = this.#rows.get(subjectId)
    if (!row) {
      row = { subjectId, points: 0, previous: 0, days: 0, actions: 0, heads: 1, seq: 0, isRanked: false }
      this.#rows.set(subjectId, row)
    }
    if (isPrevious) row.previous += change.points
    else row.points += change.points
    if (actions && metric === 'ENGAGEMENT') this.#act(row, change, actions)
    if (metric === 'ENGAGEMENT' && !actions) return true // An award is shown among the points, and ranks nobody.
    row.seq = Math.max(row.seq, change.seq)
    row.isRanked ||= !isPrevious // What is known of the previous period alone ranks nobody.
    return true
  }

  /** Returns the subject as it is ranked, or null while it is not. */
  rankedOf(subjectId: string): Ranked | null {
    const row = this.#rows.get(subjectId)
    return row?.isRanked ? { subjectId, points: valueOf(this.measure, row), seq: row.seq } : null
  }

  /** Returns a listed row as it is shown: its points in the period, what the board ranks by, and `value`, which orders it. */
  shown<Row extends { subjectId: string; points: number }>(listed: Row): Row & Shown & { value: number } {
    const row = this.#rows.get(listed.subjectId)
    const value = listed.points
    return { ...listed, ...shownOf(this.measure, value, !row?.previous), value, points: row?.points ?? 0 }
  }

  #act(row: TallyRow, { userId, day }: PointChange, actions: -1 | 1): void {
    const days = this.#dayOf(day)
    const place = row.subjectId + userId
    const before = days.get(place) ?? 0
    days.set(place, before + actions)
    row.actions += actions
    row.days += Number(before + actions > 0) - Number(before > 0)
  }

  #dayOf(day: string): Map<string, number> {
    let days = this.#days.get(day)
    if (!days) {
      this.#days.set(day, days = new Map())
      const kept = [...this.#days.keys()].sort().slice(-DAYS_KEPT)
      for (const known of this.#days.keys()) if (!kept.includes(known)) this.#days.delete(known)
    }
    return days
  }
}
