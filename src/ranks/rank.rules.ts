/** The rank index of one board: places, neighbors and pages of standings, kept in memory and rebuilt from the vault at will. */
import { CELLS } from './arena.rules.ts'
import { BlockList } from './blocks.rules.ts'
import { safeInteger, StandingColumns } from './columns.rules.ts'
import { fillList } from './fill.rules.ts'
import { listRun, markRun, small } from './runs.rules.ts'
import type { Listed, Move, Place, StandingRow, TieRule } from './standing.rules.ts'
import { SubjectTable } from './subjects.rules.ts'
import { parseUuid } from './uuids.rules.ts'

export type { Listed, Move, Place, StandingRow, TieRule }

/** Subjects whose previous rank one update records because it passed them; the nearest to its new place. */
export const PASSED_MAX = 50

/**
 * Subjects of one board in order: points descending, then seq ascending (who had them first), then subject id ascending.
 * Points and seqs are safe integers, subject ids uuids. About 65 bytes a subject in all; measured to a million
 * (bench/rank.bench.ts).
 */
export class RankIndex {
  readonly tieRule: TieRule
  private readonly subjects: SubjectTable
  private readonly list: BlockList
  private readonly distinct: BlockList | null // For DENSE: each number of points once, with its subjects counted in place of seq.

  /** `sizeExpected` subjects may enter before the table of subjects grows. */
  constructor(tieRule: TieRule, sizeExpected = 0) {
    this.tieRule = tieRule
    this.subjects = new SubjectTable(sizeExpected)
    this.list = new BlockList(this.subjects)
    this.distinct = tieRule === 'DENSE' ? new BlockList(null) : null
  }

  /**
   * Returns an index of the rows in any order; rows in order are built without sorting. @throws Error when a subject has
   * two rows
   */
  static from(rows: Iterable<StandingRow>, tieRule: TieRule): RankIndex {
    const columns = new StandingColumns()
    const key = new Int32Array(5)
    for (const { subjectId, points, seq } of rows) {
      parseUuid(subjectId, key)
      columns.push(key[0]!, key[1]!, key[2]!, key[3]!, points, seq)
    }
    return RankIndex.fromColumns(columns, tieRule)
  }

  /** Returns an index of the rows. @throws Error when a subject has two rows */
  static fromColumns(columns: StandingColumns, tieRule: TieRule): RankIndex {
    const index = new RankIndex(tieRule, columns.size)
    fillList(index.list, columns)
    if (!index.distinct) return index
    const distinct = new StandingColumns()
    let pointsAbove = NaN
    for (let isOn = index.list.rewind(); isOn; isOn = index.list.next()) {
      const { points } = index.list
      if (points !== pointsAbove) distinct.push(0, 0, 0, 0, points, 0)
      distinct.cells[(distinct.size - 1) * CELLS + 1]!++
      pointsAbove = points
    }
    fillList(index.distinct, distinct)
    return index
  }

  /** Returns the number of subjects. */
  get size(): number {
    return this.list.length
  }

  /** Returns the bytes held outside the JavaScript heap, which is nearly all of it. */
  get bytes(): number {
    const held = (list: BlockList | null) => list ? list.arena.cells.byteLength + list.order.bytes : 0
    return held(this.list) + held(this.distinct) + this.subjects.bytes
  }

  /**
   * Returns the places before and after the subject got `points` at `seq` (absolute; it enters when unknown). Where ranks
   * change, the subject and the up to PASSED_MAX subjects it passed nearest to its new place keep their former rank as previous
   * rank.
   * @throws RangeError when an argument is no safe integer or no uuid; nothing has changed then
   */
  set(subjectId: string, points: number, seq: number): Move {
    const { list } = this
    points = safeInteger(points, 'points')
    seq = safeInteger(seq, 'seq')
    parseUuid(subjectId, list.key)
    // The table and the block to go to are fetched from memory at the same time: at a million subjects waiting for memory
    // is most of the cost.
    this.subjects.touch(list.key[4]!)
    const block = list.blockFor(points, seq)
    if (!list.locate()) return this.enter(block, points, seq)
    const from = this.placeHere(list.position)
    if (from.points === points && from.seq === seq) return { from, to: from }
    const { block: blockBefore, index: indexBefore } = list
    list.findIn(block, points, seq)
    const position = list.move(blockBefore, indexBefore, points, seq)
    const isNew = this.count(points, 1)
    const isLost = this.count(from.points, -1)
    const to = this.placeHere(position)
    if (from.rank !== to.rank) list.previousRank = from.rank
    if (to.position < from.position) this.markOvertaken(to, from.position - to.position, isNew)
    else if (to.position > from.position) this.markOvertaking(to, from, isLost)
    return { from, to }
  }

  /** Returns the subject's points and seq, or null. */
  get(subjectId: string): { points: number; seq: number } | null {
    return this.locate(subjectId) ? { points: this.list.points, seq: this.list.seq } : null
  }

  /** Returns the place the subject had and takes it out, or null; previous ranks of others stay. */
  remove(subjectId: string): Place | null {
    const { list } = this
    if (!this.locate(subjectId)) return null
    const place = this.placeHere(list.position)
    list.remove()
    this.count(place.points, -1)
    return place
  }

  /** Returns the subject's place, or null. */
  placeOf(subjectId: string): Place | null {
    return this.locate(subjectId) ? this.placeHere(this.list.position) : null
  }

  /** Returns up to `count` standings from `offset` (0 is the top) in order. */
  range(offset: number, count: number): Listed[] {
    const start = Math.max(0, offset)
    const length = Math.min(count, this.size - start)
    if (length <= 0) return []
    this.list.seek(start)
    return listRun(this.list, this.tieRule, length, start + 1, this.rankHere(start))
  }

  /**
   * Returns up to `count` standings with the subject in the middle where the ends allow; of an even count one more
   * follows. Empty if unknown.
   */
  around(subjectId: string, count: number): Listed[] {
    if (!this.locate(subjectId)) return []
    const start = this.list.position - Math.floor((Math.max(1, count) - 1) / 2)
    return this.range(Math.max(0, Math.min(start, this.size - count)), count)
  }

  /**
   * Returns the offset of the first standing after (points, seq, subject id), which need not be in the index: a page
   * cursor survives changes.
   */
  offsetAfter(points: number, seq: number, subjectId: string): number {
    const { list } = this
    parseUuid(subjectId, list.key)
    list.find(points, seq)
    return list.position + (list.settle() && list.holds(points, seq) ? 1 : 0)
  }

  private locate(subjectId: string): boolean {
    parseUuid(subjectId, this.list.key)
    return this.list.locate()
  }

  private enter(block: number, points: number, seq: number): Move {
    const { list } = this
    list.findIn(block, points, seq)
    list.insert(points, seq)
    const isNew = this.count(points, 1)
    const to = this.placeHere(list.position)
    this.markOvertaken(to, list.length - to.position, isNew)
    return { from: null, to }
  }

  /** Counts a subject with these points in or out; returns whether the points became new or were lost. */
  private count(points: number, change: 1 | -1): boolean {
    const { distinct } = this
    if (!distinct) return false
    distinct.find(points, -Infinity)
    const isHeld = distinct.settle() && distinct.points === points
    if (!isHeld) distinct.insert(points, 1)
    else if (distinct.seq + change === 0) distinct.remove()
    else {
      distinct.seq += change
      return false
    }
    return true
  }

  /** Returns the place at the cursor, which stands on the entry at `position` (from 0) and stays there. */
  private placeHere(position: number): Place {
    return { position: position + 1, rank: this.rankHere(position), points: small(this.list.points), seq: small(this.list.seq) }
  }

  private rankHere(position: number): number {
    const { list, distinct } = this
    if (distinct) {
      distinct.find(list.points, -Infinity)
      return distinct.position + 1
    }
    const { points } = list
    if (this.tieRule === 'ORDINAL' || list.pointsBefore() !== points) return position + 1
    const { block, index } = list
    list.find(points, -Infinity)
    const rank = list.position + 1
    list.block = block
    list.index = index
    return rank
  }

  /** Keeps the former rank of the subjects just below the cursor, which stands at `to`: each stood one higher. */
  private markOvertaken(to: Place, passed: number, isNew: boolean): void {
    if (this.tieRule === 'DENSE' && !isNew) return
    this.list.index++
    markRun(this.list, this.tieRule, Math.min(passed, PASSED_MAX), to, -1, this.tieRule === 'ORDINAL' ? Infinity : to.points)
  }

  /** Keeps the former rank of the subjects just above the subject that fell: each stood one lower. */
  private markOvertaking(to: Place, from: Place, isLost: boolean): void {
    if (this.tieRule === 'DENSE' && !isLost) return
    const { list, tieRule } = this
    const passed = Math.min(to.position - from.position, PASSED_MAX)
    const position = to.position - passed // Of the first of them, from 1.
    list.seek(position - 1)
    const rank = this.rankHere(position - 1)
    const above = { position: position - 1, rank, points: list.points } // As if one stood above in a tie with the first.
    markRun(list, tieRule, passed, above, 1, tieRule === 'ORDINAL' ? Infinity : from.points)
  }
}
