/** The rank index of one board: places, neighbors and pages of standings, kept in memory and rebuilt from the vault at will. */
import { BlockList } from './blocks.rules.ts'
import { safeInteger, StandingColumns } from './columns.rules.ts'
import { SubjectTable } from './subjects.rules.ts'
import { parseUuid, uuidAt, UuidPaper } from './uuids.rules.ts'

/** How ranks count ties: COMPETITION 1-2-2-4, DENSE 1-2-2-3, ORDINAL 1-2-3-4 (the earlier achiever first). */
export type TieRule = 'COMPETITION' | 'DENSE' | 'ORDINAL'

/** Where a subject stands: `position` counts from 1 in order, `rank` by the tie rule. */
export interface Place { position: number; rank: number; points: number; seq: number }

/** A place with its subject; `previousRank` is the rank before the rank last changed as `RankIndex.set` says, null when it never did. */
export interface Listed extends Place { subjectId: string; previousRank: number | null }

/** What an update did; `from` is null when the subject entered, and `from` and `to` are one object when nothing changed. */
export interface Move { from: Place | null; to: Place }

/** A row to build from. */
export interface StandingRow { subjectId: string; points: number; seq: number }

/** Subjects whose previous rank one update records because it passed them; the nearest to its new place. */
export const PASSED_MAX = 50

/**
 * Subjects of one board in order: points descending, then seq ascending (who had them first), then subject id ascending.
 * Points and seqs are safe integers, subject ids uuids. About 60 bytes a subject and a million in one index are measured (bench/rank.bench.ts).
 */
export class RankIndex {
  readonly tieRule: TieRule
  private readonly subjects: SubjectTable
  private readonly list: BlockList
  private readonly distinct: BlockList | null // For DENSE: each number of points once, with its subjects counted in place of seq.
  private readonly paper = new UuidPaper()

  constructor(tieRule: TieRule, subjects = new SubjectTable()) {
    this.tieRule = tieRule
    this.subjects = subjects
    this.list = new BlockList(subjects)
    this.distinct = tieRule === 'DENSE' ? new BlockList(null) : null
  }

  /** Returns an index of the rows in any order; rows in order are built without sorting. @throws Error when a subject has two rows */
  static from(rows: Iterable<StandingRow>, tieRule: TieRule): RankIndex {
    const columns = new StandingColumns()
    const key = new Uint32Array(5)
    for (const { subjectId, points, seq } of rows) {
      parseUuid(subjectId, key)
      columns.push(key[0]!, key[1]!, key[2]!, key[3]!, points, seq)
    }
    return RankIndex.fromColumns(columns, tieRule)
  }

  /** Returns an index of the rows, whose subject table it takes over. */
  static fromColumns(columns: StandingColumns, tieRule: TieRule): RankIndex {
    const index = new RankIndex(tieRule, columns.subjects)
    const rows = columns.sorted()
    columns.subjects.revalue(index.list.fill(rows, columns))
    if (index.distinct) {
      const [points, counts] = [new Float64Array(rows.length), new Float64Array(rows.length)]
      let last = -1
      for (const row of rows) {
        if (last < 0 || points[last] !== columns.points[row]) points[++last] = columns.points[row]!
        counts[last]!++
      }
      const words = new Uint32Array((last + 1) * 4)
      index.distinct.fill(Uint32Array.from({ length: last + 1 }, (_, at) => at), { points, seqs: counts, words })
    }
    return index
  }

  /** Returns the number of subjects. */
  get size(): number {
    return this.list.length
  }

  /** Returns the bytes held outside the JavaScript heap. */
  get bytes(): number {
    return this.subjects.bytes + this.list.bytes + (this.distinct?.bytes ?? 0)
  }

  /**
   * Returns the places before and after the subject got `points` at `seq` (absolute; it enters when unknown). Where ranks change, the subject
   * and the up to PASSED_MAX subjects it passed nearest to its new place keep their former rank as previous rank.
   * @throws RangeError when an argument is no safe integer or no uuid; nothing has changed then
   */
  set(subjectId: string, points: number, seq: number): Move {
    const { list } = this
    points = safeInteger(points, 'points')
    seq = safeInteger(seq, 'seq')
    if (!this.locate(subjectId)) return this.enter(points, seq)
    const from = this.placeHere(list.position)
    if (from.points === points && from.seq === seq) return { from, to: from }
    const { block, index } = list
    list.find(points, seq)
    const position = list.move(block, index, points, seq)
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
    if (start >= this.size || count <= 0) return []
    this.list.seek(start)
    return this.listFrom(start, Math.min(count, this.size - start))
  }

  /** Returns up to `count` standings with the subject in the middle where the ends allow; of an even count one more follows. Empty if unknown. */
  around(subjectId: string, count: number): Listed[] {
    if (!this.locate(subjectId)) return []
    const start = this.list.position - Math.floor((Math.max(1, count) - 1) / 2)
    return this.range(Math.max(0, Math.min(start, this.size - count)), count)
  }

  /** Returns the offset of the first standing after (points, seq, subject id), which need not be in the index: a page cursor survives changes. */
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

  private enter(points: number, seq: number): Move {
    const { list } = this
    list.find(points, seq)
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
    return { position: position + 1, rank: this.rankHere(position), points: this.list.points, seq: this.list.seq }
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

  /** Records the former rank of subjects below the cursor, each one step higher before; the first of `passed` stands next. */
  private markOvertaken(to: Place, passed: number, isNew: boolean): void {
    const { list, tieRule } = this
    let { position, rank, points } = to
    for (let left = Math.min(passed, PASSED_MAX); left > 0; left--) {
      list.next()
      position++
      const held = list.points
      if (held !== points || tieRule === 'ORDINAL') rank = tieRule === 'DENSE' ? rank + 1 : position
      points = held
      if (tieRule === 'ORDINAL' || (held < to.points && (isNew || tieRule === 'COMPETITION'))) list.previousRank = rank - 1
    }
  }

  /** Records the former rank of the subjects just above the subject that fell from `from` to `to`, each one step lower before. */
  private markOvertaking(to: Place, from: Place, isLost: boolean): void {
    const { list, tieRule } = this
    const passed = Math.min(to.position - from.position, PASSED_MAX)
    let position = to.position - passed
    list.seek(position - 1)
    let rank = this.rankHere(position - 1)
    let { points } = list
    for (let left = passed; left > 0; left--) {
      const held = list.points
      if (tieRule === 'ORDINAL') rank = position
      else if (held !== points) rank = tieRule === 'DENSE' ? rank + 1 : position
      points = held
      if (tieRule === 'ORDINAL' || (held < from.points && (isLost || tieRule === 'COMPETITION'))) list.previousRank = rank + 1
      list.next()
      position++
    }
  }

  /** Returns `count` standings from the cursor, which stands at `start`. */
  private listFrom(start: number, count: number): Listed[] {
    const { list, tieRule, paper } = this
    paper.take(count)
    const listed: Listed[] = []
    let rank = this.rankHere(start)
    for (let at = 0; at < count; at++) {
      const { points, seq, previousRank } = list
      const position = start + at + 1
      if (at > 0 && (tieRule === 'ORDINAL' || points !== listed[at - 1]!.points)) rank = tieRule === 'DENSE' ? rank + 1 : position
      list.writeSubject(paper, at)
      listed.push({ position, rank, points, seq, subjectId: '', previousRank: previousRank === 0 ? null : previousRank })
      list.next()
    }
    const ids = paper.read(count)
    for (let at = 0; at < count; at++) listed[at]!.subjectId = uuidAt(ids, at)
    return listed
  }
}
