/** The dashboard list as each server of the query bench is asked for it, and how its answer is read. */
import { uuidOf } from '../src/platform/ids.ts'

/** How many people are listed. */
export const LISTED = 50

/** A row of the list, whichever server answered it. */
export interface Row {
  id: string
  name: string
  points: number
  rank: number | null
  level: { number: number; title: string } | null
  team: { id: string; name: string } | null
}

interface PostgraphileRow {
  rowId: string
  name: string
  points: string
  rank: number | null
  levelByLevelNumber: Row['level']
  teamByTeamId: { rowId: string; name: string } | null
}

/** A server's own way of asking for the list. */
export interface Server {
  name: string
  query: string
  variables: object
  /** Returns the rows of an answer's `data`, ids as uuids. */
  rowsOf(answer: never): Row[]
}

/** Returns Laurel's, for the rank on this board. */
export const laurel = (boardId: string): Server => ({
  name: 'laurel',
  query: `query Dashboard($board: ID!) { users(first: ${LISTED}) { nodes {
    id name points level { number title } team { id name } standing(leaderboardId: $board) { rank } } } }`,
  variables: { board: boardId },
  rowsOf: ({ users }: { users: { nodes: (Omit<Row, 'rank'> & { standing: { rank: number } | null })[] } }) =>
    users.nodes.map(({ standing, id, team, ...row }) => ({
      ...row,
      id: uuidOf('User', id)!,
      rank: standing?.rank ?? null,
      team: team && { ...team, id: uuidOf('Team', team.id)! },
    })),
})

/** Returns that of Mercurius in one of its forms. */
export const mercurius = (name: string): Server => ({
  name,
  query: `query Dashboard($first: Int!) { users(first: $first) {
    id name points rank level { number title } team { id name } } }`,
  variables: { first: LISTED },
  rowsOf: ({ users }: { users: Row[] }) => users,
})

/** PostGraphile's. */
export const postgraphile: Server = {
  name: 'postgraphile',
  query: `query Dashboard($first: Int!) { allPeople(first: $first, orderBy: [NAME_ASC, PRIMARY_KEY_ASC]) { nodes {
    rowId name points rank levelByLevelNumber { number title } teamByTeamId { rowId name } } } }`,
  variables: { first: LISTED },
  rowsOf: ({ allPeople }: { allPeople: { nodes: PostgraphileRow[] } }) =>
    allPeople.nodes.map(({ rowId: id, name, points, rank, levelByLevelNumber: level, teamByTeamId: team }) => ({
      id,
      name,
      points: Number(points), // It writes a bigint as text.
      rank,
      level,
      team: team && { id: team.rowId, name: team.name },
    })),
}
