/** Pages and single rows of a board's current ranking, from its rank index, without a scan. */
import { decodeCursor, encodeCursor, listOf, pageSize } from '../platform/graphql.ts'
import type { BoardProjection } from './board.projection.ts'
import type { Listed } from '../ranks/rank.rules.ts'

/** Returns a page of the ranking; its cursors name a row's place in the order, so they stay good while ranks move. */
export function standingsPage(
  board: BoardProjection, { first, after, around }: { first: number; after: string | null; around: string | null },
) {
  const size = pageSize(first)
  const { index } = board
  const list = listOf('standings', board.row.id)
  let listed: Listed[]
  let offset = 0
  if (around && !after) listed = index.placeOf(around) ? index.around(around, size) : []
  else {
    if (after) {
      const [points, seq, subjectId] = decodeCursor(list, after, ['number', 'number', 'uuid'])
      offset = index.offsetAfter(points, seq, subjectId)
    }
    listed = index.range(offset, size)
  }
  const nodes = listed.map(row => ({ ...row, board }))
  const edges = nodes.map(node => ({ node, cursor: encodeCursor(list, [node.points, node.seq, node.subjectId]) }))
  return {
    nodes, edges,
    pageInfo: {
      hasNextPage: (listed.at(-1)?.position ?? index.size) < index.size, hasPreviousPage: (listed[0]?.position ?? 1) > 1,
      startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** Returns one subject's row, or null while it is not ranked. */
export function standingOf(board: BoardProjection, subjectId: string) {
  const place = board.index.placeOf(subjectId)
  if (!place) return null
  const listed = board.index.range(place.position - 1, 1)[0]!
  return { ...listed, board }
}
