/** Pages and single rows of a board's current ranking, from its rank index, without a scan. */
import { decodeCursor, encodeCursor, listOf, pageSize } from '../platform/graphql.ts'
import type { BoardProjection, ShownRow } from './board.projection.ts'

/** Returns a page of the ranking; its cursors name a row's place in the order, so they stay good while ranks move. */
export function standingsPage(
  board: BoardProjection, { first, after, around }: { first: number; after: string | null; around: string | null },
) {
  const size = pageSize(first)
  const { index } = board
  const list = listOf('standings', board.row.id)
  const { length } = board
  let listed: ShownRow[]
  let offset = 0
  if (around && !after) {
    const place = index.placeOf(around)?.position ?? Infinity
    listed = place > length ? [] : board.range(Math.min(place - 1 - Math.floor((size - 1) / 2), length - size), size)
  } else {
    if (after) {
      const [points, seq, subjectId] = decodeCursor(list, after, ['number', 'number', 'uuid'])
      offset = index.offsetAfter(points, seq, subjectId)
    }
    listed = board.range(offset, size)
  }
  const nodes = listed.map(row => ({ ...row, board }))
  const edges = nodes.map(node => ({ node, cursor: encodeCursor(list, [node.value ?? node.points, node.seq, node.subjectId]) }))
  return {
    nodes, edges,
    pageInfo: {
      hasNextPage: (listed.at(-1)?.position ?? length) < length, hasPreviousPage: (listed[0]?.position ?? 1) > 1,
      startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** Returns one subject's row, or null while it is not ranked. */
export function standingOf(board: BoardProjection, subjectId: string) {
  const place = board.index.placeOf(subjectId)
  if (!place) return null
  return { ...board.shown(board.index.range(place.position - 1, 1)[0]!), board }
}
