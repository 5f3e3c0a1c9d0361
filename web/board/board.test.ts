/** What a message does to the board, by table and by exact values. */
import { expect, test } from 'vitest'
import {
  EMPTY_BOARD,
  boardAfterDelta,
  boardFromSnapshot,
  climbersOf,
  gapOf,
  pagesOf,
  RAISED_MS,
  rowsByRank,
  settledBoard,
  slotOn,
} from './board.ts'

const user = (id: string) => ({
  subjectId: id,
  pseudonym: null,
  user: { id, name: id.toUpperCase(), team: { name: 'Partners' } },
  team: null,
  department: null,
})
const standing = (id: string, rank: number, points: number, closeRank: number | null = rank) => ({
  rank,
  points,
  closeRank,
  ...user(id),
})
const change = (id: string, from: number | null, to: number, points: number) => ({
  from,
  to,
  points,
  closeRank: 4,
  ...user(id),
})
const board = (...ids: string[]) =>
  boardFromSnapshot(EMPTY_BOARD, { standings: ids.map((id, i) => standing(id, i + 1, 100 - 10 * i)) })
const ranks = (b: typeof EMPTY_BOARD) => rowsByRank(b).map(row => `${row.rank} ${row.id} ${row.points}`)

test('a snapshot replaces all rows and asks for stillness', () => {
  const next = boardFromSnapshot(board('a', 'b'), { standings: [standing('c', 1, 7)] })
  expect(ranks(next)).toEqual(['1 c 7'])
  expect(next.still).toBe(2)
})

test('a delta moves rows, counts the gain and raises the climber', () => {
  const next = boardAfterDelta(
    board('a', 'b', 'c'),
    { changes: [change('c', 3, 1, 130), change('a', 1, 2, 100), change('b', 2, 3, 90)], left: [] },
    5_000,
  )
  expect(ranks(next)).toEqual(['1 c 130', '2 a 100', '3 b 90'])
  expect(next.rows.get('c')).toMatchObject({ gain: 50, gainNumber: 1, raisedMs: 5_000, name: 'C', note: 'Partners' })
  expect(next.rows.get('a')).toMatchObject({ gain: 0, gainNumber: 0, raisedMs: null })
  expect(next.changesMs).toEqual([5_000])
  expect(next.still).toBe(1)
})

test('who leaves is gone, who enters is there and not raised', () => {
  const next = boardAfterDelta(board('a', 'b'), { changes: [change('c', null, 2, 95)], left: ['b'] }, 1)
  expect(ranks(next)).toEqual(['1 a 100', '2 c 95'])
  expect(next.rows.get('c')).toMatchObject({ gain: 0, raisedMs: null })
})

test('at most three climbers are raised, those who climbed most', () => {
  const next = boardAfterDelta(
    board('a', 'b', 'c', 'd', 'e', 'f'),
    { changes: [change('f', 6, 1, 200), change('e', 5, 2, 190), change('d', 4, 3, 180), change('c', 3, 2, 185)], left: [] },
    9,
  )
  expect(
    rowsByRank(next)
      .filter(row => row.raisedMs === 9)
      .map(row => row.id)
      .sort(),
  ).toEqual(['d', 'e', 'f'].sort())
})

test('a raised row is lowered when its chip has gone, not before', () => {
  const raised = boardAfterDelta(board('a', 'b'), { changes: [change('b', 2, 1, 120), change('a', 1, 2, 100)], left: [] }, 1_000)
  expect(settledBoard(raised, 1_000 + RAISED_MS - 1)).toBe(raised)
  expect(settledBoard(raised, 1_000 + RAISED_MS).rows.get('b')?.raisedMs).toBe(null)
})

test('who stands by another name is shown by it', () => {
  const next = boardFromSnapshot(EMPTY_BOARD, {
    standings: [{ ...standing('a', 1, 9), user: null, pseudonym: 'Blue Fox' }, standing('b', 2, 8)],
  })
  expect(next.order.map(id => next.rows.get(id)!.name)).toEqual(['Blue Fox', 'B'])
})

test('those who share a rank keep their order', () => {
  const next = boardAfterDelta(board('b', 'a', 'c'), { changes: [change('a', 2, 1, 100)], left: [] }, 1)
  expect(ranks(next)).toEqual(['1 b 100', '1 a 100', '3 c 80'])
})

test.each([
  ['an empty board has one empty page', 0, ['1–0:0']],
  ['eight rows fit', 8, ['1–8:8']],
  ['the leader stays on the pages that follow', 20, ['1–8:8', '9–15:8', '16–20:6']],
])('%s', (_case, count, expected) => {
  const pages = pagesOf(
    Array.from({ length: count }, (_, i) => `id${i}`),
    8,
  )
  expect(pages.map(page => `${page.from}–${page.to}:${page.ids.length}`)).toEqual(expected)
  expect(pages.every(page => count === 0 || page.ids[0] === 'id0')).toBe(true)
})

test('rows of other pages wait unseen at the edge they would enter by', () => {
  const order = Array.from({ length: 20 }, (_, i) => `id${i}`)
  const [first, second] = pagesOf(order, 8)
  if (!first || !second) throw new Error('two pages expected')
  expect(slotOn(first, 'id3', 3)).toEqual({ slot: 3, shown: true })
  expect(slotOn(first, 'id8', 8)).toEqual({ slot: 8, shown: false })
  expect(slotOn(second, 'id8', 8)).toEqual({ slot: 1, shown: true })
  expect(slotOn(second, 'id3', 3)).toEqual({ slot: 0, shown: false })
  expect(slotOn(second, 'id19', 19)).toEqual({ slot: 8, shown: false })
})

test('the gap is to the place above, and for the leader to the one below', () => {
  const rows = rowsByRank(board('a', 'b', 'c'))
  expect([0, 1, 2, 3].map(place => gapOf(rows, place))).toEqual([10, 10, 10, null])
  expect(gapOf(rows.slice(0, 1), 0)).toBe(null)
})

test('climbers are those who rose, best first', () => {
  const next = boardFromSnapshot(EMPTY_BOARD, {
    standings: [standing('a', 1, 9, 3), standing('b', 2, 8, 1), standing('c', 3, 7, 9), standing('d', 4, 6, null)],
  })
  expect(climbersOf(next, 3).map(row => [row.id, row.places])).toEqual([
    ['c', 6],
    ['a', 2],
  ])
})
