/** The texts of the four first steps, with this server's address and real ids filled in. */
import type { Visit } from './house.ts'

/** One first step: its text, what kind of text it is, and the explorer's tab for it. */
export interface Example {
  title: string
  note: string
  text: string
  kind: 'shell' | 'query' | 'subscription' | 'mutation'
  tab?: string
}

/** Returns how a token is had: in the demo from the server itself, elsewhere from whoever runs it. */
export function tokenExample(isDemo: boolean, tenant: string | undefined): Example {
  const address = location.origin
  const token = isDemo
    ? `export TOKEN=$(curl -s ${address}/demo/token \\\n  -H "content-type: application/json" \\\n  -d '{"tenant":"${tenant ?? ''}"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`
    : 'export TOKEN="your token"'
  return {
    title: '1. Get a token',
    kind: 'shell',
    note: isDemo ? 'The demo signs tokens for its invented people.' : 'Tokens are signed by your identity provider.',
    text: `${token}\n\ncurl ${address}/graphql \\\n  -H "authorization: Bearer $TOKEN" \\\n  -H "content-type: application/json" \\\n  -d '{"query":"{ viewer { user { name } } }"}'`,
  }
}

/** Returns the first query, subscription and mutation; without a visit their ids are left to the reader. */
export function graphqlExamples(visit: Visit | null, attempt: string): Example[] {
  const board = visit?.leaderboards.nodes[0]?.id ?? 'ldb_…'
  const types = visit?.activityTypes.nodes.filter(type => type.active && !type.perUnit) ?? []
  const type = types.find(({ points }) => points >= 100) ?? types[0]
  return [
    {
      title: '2. First query',
      kind: 'query',
      tab: 'query',
      note: 'Who you are, and the first three places.',
      text: `query FirstLook {\n  viewer {\n    user { name points level { title } }\n    tenant { name }\n  }\n  leaderboard(id: "${board}") {\n    name\n    standings(first: 3) {\n      nodes { rank points user { name } }\n    }\n  }\n}`,
    },
    {
      title: '3. First subscription',
      kind: 'subscription',
      tab: 'board',
      note: 'A snapshot replaces; a delta applies if its after is your cursor.',
      text: `subscription Board {\n  leaderboard(id: "${board}", top: 10) {\n    ... on LeaderboardSnapshot {\n      cursor\n      standings { rank points user { name } }\n    }\n    ... on LeaderboardDelta {\n      after cursor left\n      changes { user { name } from to points }\n    }\n  }\n}`,
    },
    {
      title: '4. First mutation',
      kind: 'mutation',
      tab: 'record',
      note: type
        ? `${type.name}, ${type.points} points${visit?.viewer.user ? ` for ${visit.viewer.user.name}` : ''}. Watch the board move.`
        : 'Records one activity; its points count at once.',
      text: `mutation FirstActivity {\n  activityRecord(input: {\n    activityType: "${type?.key ?? 'meeting_scheduled'}"\n    idempotencyKey: "${attempt}"\n  }) {\n    activity { id pointEntries { points } }\n    duplicate\n    idempotencyHit\n    userErrors { code message }\n  }\n}`,
    },
  ]
}
