/** Pages and single rows of a board's current ranking, from its rank index, without a scan. */
import { decodeCursor, encodeCursor, listOf, pageSize } from '../platform/graphql.ts'
import type { BoardProjection } from './board.projection.ts'
import type { ShownRow } from './board.ranking.ts'

/** Returns a page of the ranking; its cursors name a row's place in the order, so they stay good while ranks move. */
export function standingsPage(
  board: BoardProjection, { first, after, around }: { first: number; after: string | null; around: string | null },
  viewerId: string | null,
) {
  const size = pageSize(first)
  const { index } = board
  const list = listOf('standings', board.row.id)
  const { ranking } = board
  const { length } = ranking
  let listed: ShownRow[]
  let offset = 0
  if (around && !after) {
    const subjectId = shownSubject(board, around, viewerId)
    const place = subjectId && index.placeOf(subjectId)?.position || Infinity
    listed = place > length ? [] : ranking.range(Math.min(place - 1 - Math.floor((size - 1) / 2), length - size), size)
  } else {
    if (after) {
      const [points, seq, subjectId] = decodeCursor(list, after, ['number', 'number', 'uuid'])
      offset = index.offsetAfter(points, seq, subjectId)
    }
    listed = ranking.range(offset, size)
  }
  const nodes = listed.map(row => ({ ...row, board }))
  const edges = nodes.map(node => ({ node, cursor: encodeCursor(list, placeOf(node)) }))
  return {
    nodes, edges,
    pageInfo: {
      hasNextPage: (listed.at(-1)?.position ?? length) < length, hasPreviousPage: (listed[0]?.position ?? 1) > 1,
      startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** A row's place in the order. No two have a number in common, so that an alias need not say whose it is. */
const placeOf = ({ value, points, seq, subjectId, personId }: ShownRow) =>
  [value ?? points, seq, personId === undefined ? subjectId : LAST_ID]

/** Returns whom an id that was asked for stands for: oneself, an alias, or somebody who stands by their name; else null. */
function shownSubject({ ranking: { listings } }: BoardProjection, subjectId: string, viewerId: string | null): string | null {
  if (!listings || subjectId === viewerId) return subjectId
  return listings.personOf(subjectId) ?? (listings.aliasOf(subjectId) ? null : subjectId)
}

/**
 * Returns one subject's row as this viewer may see it, or null while it is not ranked. One's own is answered also while it is not
 * listed; that of others who stand by an alias only to those who ask for the alias.
 */
export function standingOf(board: BoardProjection, asked: string, viewerId: string | null) {
  const isOwn = board.row.subject === 'USER' && asked === viewerId
  const subjectId = shownSubject(board, asked, viewerId)
  if (!subjectId) return null
  const place = board.index.placeOf(subjectId)
  if (!place) {
    const unlisted = isOwn ? board.ranking.unlistedRow(subjectId) : null
    return unlisted && { ...unlisted, board, isOwn }
  }
  if (place.position > board.ranking.length && !isOwn && board.row.subject === 'USER') return null
  return { isOwn, ...board.ranking.shown(board.index.range(place.position - 1, 1)[0]!), board }
}
