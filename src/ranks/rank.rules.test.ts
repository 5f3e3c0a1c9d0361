/** Proves the rank index against tables and, move by move, against a naive sort. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Listed, type Move, PASSED_MAX, type Place, RankIndex, type StandingRow, type TieRule } from './rank.rules.ts'

const TIE_RULES: TieRule[] = ['COMPETITION', 'DENSE', 'ORDINAL']
const idOf = (subject: number): string => `0193c0de-0000-7000-8000-${subject.toString(16).padStart(12, '0')}`
const [ann, bob, cem, dia] = [idOf(1), idOf(2), idOf(3), idOf(4)]

const boardOf = (tieRule: TieRule, ...rows: [subjectId: string, points: number, seq: number][]): RankIndex => {
  const index = new RankIndex(tieRule)
  for (const row of rows) index.set(...row)
  return index
}
const ranksOf = (index: RankIndex): number[] => index.range(0, index.size).map(({ rank }) => rank)

test.each<[TieRule, number[]]>([
  ['COMPETITION', [1, 2, 2, 4]],
  ['DENSE', [1, 2, 2, 3]],
  ['ORDINAL', [1, 2, 3, 4]],
])('TV-21: points 10, 9, 9, 8 rank by %s as %j, the earlier achiever first', (tieRule, ranks) => {
  const index = boardOf(tieRule, [dia, 8, 1], [cem, 9, 4], [bob, 9, 3], [ann, 10, 2])
  expect(index.range(0, 10)).toEqual([ann, bob, cem, dia].map((subjectId, at) => ({
    subjectId, position: at + 1, rank: ranks[at], points: [10, 9, 9, 8][at], seq: [2, 3, 4, 1][at],
    previousRank: index.range(at, 1)[0]!.previousRank,
  })))
  expect(ranksOf(index)).toEqual(ranks)
})

describe('places', () => {
  test('of equal points and seq stand in byte order of the subject id', () => {
    expect(boardOf('ORDINAL', [cem, 5, 1], [ann, 5, 1], [bob, 5, 1]).range(0, 3).map(({ subjectId }) => subjectId))
      .toEqual([ann, bob, cem])
  })

  test('below zero stand after zero, and an update tells both places', () => {
    const index = boardOf('COMPETITION', [ann, 0, 1], [bob, -5, 2], [cem, -5, 3])
    expect(index.set(cem, 7, 4)).toEqual({
      from: { position: 3, rank: 2, points: -5, seq: 3 }, to: { position: 1, rank: 1, points: 7, seq: 4 },
    })
    expect(index.set(dia, -9, 5)).toEqual({ from: null, to: { position: 4, rank: 4, points: -9, seq: 5 } })
    expect(index.get(bob)).toEqual({ points: -5, seq: 2 })
  })

  test('the widest safe integers keep their order', () => {
    const widest = Number.MAX_SAFE_INTEGER
    const index = boardOf(
      'DENSE', [ann, -widest, widest], [bob, widest, -widest], [cem, widest - 1, 0], [dia, -widest, widest - 1])
    expect(index.range(0, 4).map(({ subjectId, rank }) => [subjectId, rank])).toEqual([[bob, 1], [cem, 2], [dia, 3], [ann, 3]])
  })

  test('an unknown subject has none', () => {
    const index = boardOf('ORDINAL', [ann, 1, 1])
    expect([index.get(bob), index.placeOf(bob), index.remove(bob), index.around(bob, 3), index.size])
      .toEqual([null, null, null, [], 1])
  })

  test('are free again after a removal', () => {
    const index = boardOf('COMPETITION', [ann, 3, 1], [bob, 2, 2], [cem, 2, 3])
    expect(index.remove(bob)).toEqual({ position: 2, rank: 2, points: 2, seq: 2 })
    expect(index.placeOf(cem)).toEqual({ position: 2, rank: 2, points: 2, seq: 3 })
    expect([index.remove(ann)?.rank, index.remove(cem)?.rank, index.size, index.range(0, 5)]).toEqual([1, 1, 0, []])
    expect(index.set(bob, 1, 9)).toEqual({ from: null, to: { position: 1, rank: 1, points: 1, seq: 9 } })
  })
})

describe('previous rank', () => {
  const previousOf = (index: RankIndex): (number | null)[] => index.range(0, index.size).map(({ previousRank }) => previousRank)

  test('is null until a rank moves, and a bulk build knows none', () => {
    expect(previousOf(RankIndex.from([{ subjectId: ann, points: 1, seq: 1 }, { subjectId: bob, points: 2, seq: 2 }], 'ORDINAL')))
      .toEqual([null, null])
  })

  test('of the mover and of those it passed is the rank they had', () => {
    const index = RankIndex.from([[ann, 40], [bob, 30], [cem, 20], [dia, 10]].map(([subjectId, points], seq) =>
      ({ subjectId: subjectId as string, points: points as number, seq })), 'COMPETITION')
    index.set(dia, 35, 9)
    expect(previousOf(index)).toEqual([null, 4, 2, 3]) // ann, dia, bob, cem
    index.set(ann, 5, 10)
    expect(previousOf(index)).toEqual([2, 3, 4, 1]) // dia, bob, cem, ann
  })

  test('stays when a write changes nothing', () => {
    const index = boardOf('COMPETITION', [ann, 5, 1], [bob, 4, 2])
    const move = index.set(bob, 4, 2)
    expect([move.from === move.to, move.to, previousOf(index)])
      .toEqual([true, { position: 2, rank: 2, points: 4, seq: 2 }, [null, null]])
  })

  test('stays when a tie is joined from below without a change of rank above it', () => {
    const index = RankIndex.from([{ subjectId: ann, points: 5, seq: 1 }, { subjectId: bob, points: 4, seq: 2 }], 'COMPETITION')
    index.set(bob, 5, 3)
    expect(index.range(0, 2).map(({ rank, previousRank }) => [rank, previousRank])).toEqual([[1, null], [1, 2]])
  })

  test(`is kept for the ${PASSED_MAX} passed subjects nearest to the new place`, () => {
    const rows = Array.from({ length: 200 }, (_, at) => ({ subjectId: idOf(at), points: 1000 - at, seq: at }))
    const rising = RankIndex.from(rows, 'ORDINAL')
    rising.set(idOf(199), 2000, 200)
    expect(previousOf(rising)).toEqual([200, ...Array.from({ length: 50 }, (_, at) => at + 1), ...Array<null>(149).fill(null)])
    const falling = RankIndex.from(rows, 'ORDINAL')
    falling.set(idOf(0), 0, 200)
    expect(previousOf(falling)).toEqual([...Array<null>(149).fill(null), ...Array.from({ length: 50 }, (_, at) => at + 151), 1])
  })
})

describe('a list', () => {
  const index = RankIndex.from(Array.from({ length: 10 }, (_, at) => ({ subjectId: idOf(at), points: -at, seq: at })), 'ORDINAL')
  const positions = (listed: Listed[]): number[] => listed.map(({ position }) => position)

  test.each([
    ['in the middle', 5, 5, [4, 5, 6, 7, 8]],
    ['at the top', 0, 5, [1, 2, 3, 4, 5]],
    ['at the end', 9, 4, [7, 8, 9, 10]],
    ['of even count, one more after', 5, 4, [5, 6, 7, 8]],
    ['wider than the board', 5, 99, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    ['of none', 5, 0, []],
  ])('around a subject %s', (_case, subject, count, expected) => {
    expect(positions(index.around(idOf(subject), count))).toEqual(expected)
  })

  test.each([['from the top', 0, 2, [1, 2]], ['past the end', 8, 5, [9, 10]], ['beyond the end', 10, 5, []]])('%s',
    (_case, offset, count, expected) => {
    expect(positions(index.range(offset, count))).toEqual(expected)
  })

  test.each([
    ['a held key', -3, 3, idOf(3), 4],
    ['a key whose subject has moved on', -3, 2, idOf(3), 3],
    ['a later subject at a held key', -3, 3, idOf(4), 4],
    ['a key above all', 1, 0, idOf(0), 0],
    ['a key below all', -99, 0, idOf(0), 10],
  ])('continues after %s', (_case, points, seq, subjectId, expected) => {
    expect(index.offsetAfter(points, seq, subjectId)).toBe(expected)
  })
})

test.each([
  ['points that are no integer', ann, 0.5, 1], ['points that are not safe', ann, 2 ** 53, 1],
  ['a seq that is not a number', ann, 1, NaN],
  ['an id that is no uuid', 'usr_1', 1, 1], ['an id with a wrong letter', ann.replace('c0de', 'c0dg'), 1, 1],
  ['an id without dashes', ann.replaceAll('-', '0'), 1, 1],
])('%s are refused and change nothing', (_case, subjectId, points, seq) => {
  const index = boardOf('DENSE', [bob, 1, 1])
  expect(() => index.set(subjectId, points, seq)).toThrow(RangeError)
  expect(index.range(0, 9)).toEqual([{ subjectId: bob, position: 1, rank: 1, points: 1, seq: 1, previousRank: null }])
})

test('a subject with two rows is refused, in either case of its letters', () => {
  const rows = [ann, ann.toUpperCase()].map(subjectId => ({ subjectId, points: 1, seq: 1 }))
  expect(() => RankIndex.from(rows, 'ORDINAL')).toThrow('A subject has two rows')
})

/** The naive index: sorts everything on every question. */
class SortedRows {
  readonly rows = new Map<string, StandingRow & { previousRank: number | null }>()
  readonly tieRule: TieRule

  constructor(tieRule: TieRule) {
    this.tieRule = tieRule
  }

  list(): Listed[] {
    const sorted =
      [...this.rows.values()].sort((a, b) => b.points - a.points || a.seq - b.seq || (a.subjectId < b.subjectId ? -1 : 1))
    return sorted.map((row, at) => ({ position: at + 1, rank: this.rankOf(sorted, at), ...row }))
  }

  set(subjectId: string, points: number, seq: number): Move {
    const before = this.list()
    const from = before.find(row => row.subjectId === subjectId)
    const held = this.rows.get(subjectId)
    this.rows.set(subjectId, { subjectId, points, seq, previousRank: held?.previousRank ?? null })
    const after = this.list()
    const to = after.find(row => row.subjectId === subjectId)!
    const formerRank = new Map(before.map(row => [row.subjectId, row]))
    const isUp = !from || to.position < from.position
    const passed = isUp ? after.slice(to.position, (from?.position ?? after.length)).slice(0, PASSED_MAX)
      : after.slice(from.position - 1, to.position - 1).slice(-PASSED_MAX)
    for (const row of from ? [to, ...passed] : passed) {
      const { rank } = formerRank.get(row.subjectId)!
      if (rank !== row.rank) this.rows.get(row.subjectId)!.previousRank = rank
    }
    return { from: from ? placeOf(from) : null, to: placeOf(to) }
  }

  private rankOf(sorted: StandingRow[], at: number): number {
    if (this.tieRule === 'ORDINAL') return at + 1
    const higher = sorted.filter(row => row.points > sorted[at]!.points).map(row => row.points)
    return 1 + (this.tieRule === 'DENSE' ? new Set(higher).size : higher.length)
  }
}

const placeOf = ({ position, rank, points, seq }: Place): Place => ({ position, rank, points, seq })

interface Step { subject: number; points: number; isRemoval: boolean; seq: number; offset: number; count: number }

function follow(tieRule: TieRule, built: StandingRow[], steps: Step[]): void {
  const index = RankIndex.from(built, tieRule)
  const naive = new SortedRows(tieRule)
  for (const row of built) naive.rows.set(row.subjectId, { ...row, previousRank: null })
  for (const { subject, points, isRemoval, seq, offset, count } of steps) {
    const subjectId = idOf(subject)
    const held = naive.list().find(row => row.subjectId === subjectId)
    if (isRemoval) {
      expect(index.remove(subjectId)).toEqual(held ? placeOf(held) : null)
      naive.rows.delete(subjectId)
    } else expect(index.set(subjectId, points, seq)).toEqual(naive.set(subjectId, points, seq))
    const all = naive.list()
    expect(index.size).toBe(all.length)
    expect(index.range(offset, count)).toEqual(all.slice(offset, offset + count))
    const at = all.findIndex(row => row.subjectId === subjectId)
    const start = Math.max(0, Math.min(at - Math.floor((count - 1) / 2), all.length - count))
    expect(index.around(subjectId, count)).toEqual(at < 0 ? [] : all.slice(start, start + count))
    expect(index.placeOf(subjectId)).toEqual(at < 0 ? null : placeOf(all[at]!))
    const isAfter = (row: StandingRow): boolean => row.points < points || (row.points === points && (row.seq > seq
      || (row.seq === seq && row.subjectId > subjectId)))
    expect(index.offsetAfter(points, seq, subjectId)).toBe(all.filter(row => !isAfter(row)).length)
  }
  expect(index.range(0, index.size)).toEqual(naive.list())
}

describe.each(TIE_RULES)('%s agrees with a naive sort', tieRule => {
  const stepOf = (subjects: number, pointsMax: number) => fc.record({
    subject: fc.nat(subjects), points: fc.integer({ min: -pointsMax, max: pointsMax }),
    isRemoval: fc.integer({ min: 0, max: 5 }).map(n => n === 0),
    seq: fc.nat(30), offset: fc.nat(subjects + 2), count: fc.integer({ min: 1, max: 12 }),
  })
  const rowsOf = (subjects: number, pointsMax: number) => fc.uniqueArray(fc.record({
    subjectId: fc.nat(subjects).map(idOf), points: fc.integer({ min: -pointsMax, max: pointsMax }), seq: fc.nat(30),
  }), { selector: row => row.subjectId, maxLength: subjects })

  test('on small boards with many ties', () => {
    fc.assert(fc.property(
      rowsOf(12, 4), fc.array(stepOf(12, 4), { maxLength: 60 }), (rows, steps) => follow(tieRule, rows, steps)), { numRuns: 150 })
  })

  test('on boards of several blocks that split and join', () => {
    const large = { size: 'max', minLength: 150, maxLength: 200 } as const
    fc.assert(fc.property(fc.array(stepOf(600, 300), large), fc.boolean(), (steps, isBuilt) => {
      const rows = isBuilt ? Array.from({ length: 500 }, (_, at) => ({ subjectId: idOf(at), points: at % 97, seq: at })) : []
      follow(tieRule, rows, isBuilt ? steps.map((step, at) => ({ ...step, isRemoval: at > 60 || step.isRemoval })) : steps)
    }), { numRuns: 3, endOnFailure: true })
  }, 120_000)
})

test('rows built in bulk stand as a comparing sort puts them', () => {
  fc.assert(fc.property(fc.integer(), fc.constantFrom(3, 1000, 2 ** 40, Number.MAX_SAFE_INTEGER), (seed, widest) => {
    let state = seed >>> 0
    const below = (limit: number): number => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) % limit
    const wide = (): number => (below(2 ** 21) * 2 ** 32 + below(2 ** 32)) % widest * (below(2) === 0 ? 1 : -1)
    const rows = Array.from({ length: 5000 }, (_, at) => ({ subjectId: idOf(at * 7919 % 5000), points: wide(), seq: wide() }))
    const sorted = [...rows].sort((a, b) => b.points - a.points || a.seq - b.seq || (a.subjectId < b.subjectId ? -1 : 1))
    const bare = ({ subjectId, points, seq }: StandingRow): StandingRow => ({ subjectId, points: points + 0, seq: seq + 0 })
    expect(RankIndex.from(rows, 'ORDINAL').range(0, 5000).map(bare)).toEqual(sorted.map(bare))
    expect(RankIndex.from(sorted, 'ORDINAL').range(0, 5000).map(bare)).toEqual(sorted.map(bare))
  }), { numRuns: 12 })
})
