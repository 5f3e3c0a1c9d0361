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

const lines = (...list: string[]) => list.join('\n')

/** Returns how a token is had: in the demo from the server itself, elsewhere from whoever runs it. */
export function tokenExample(isDemo: boolean, tenant: string | undefined): Example {
  const address = location.origin
  const token = isDemo
    ? lines(
      `export TOKEN=$(curl -s ${address}/demo/token \\`,
      '  -H "content-type: application/json" \\',
      `  -d '{"tenant":"${tenant ?? ''}"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`)
    : 'export TOKEN="your token"'
  return {
    title: '1. Get a token',
    kind: 'shell',
    note: isDemo ? 'The demo signs tokens for its invented people.' : 'Tokens are signed by your identity provider.',
    text: lines(
      token,
      '',
      `curl ${address}/graphql \\`,
      '  -H "authorization: Bearer $TOKEN" \\',
      '  -H "content-type: application/json" \\',
      `  -d '{"query":"{ viewer { user { name } } }"}'`),
  }
}

/** Returns the first query, subscription and mutation; without a visit their ids are left to the reader. */
export function graphqlExamples(visit: Visit | null, attempt: string): Example[] {
  const board = visit?.leaderboards.nodes[0]?.id ?? 'ldb_…'
  const types = visit?.activityTypes.nodes.filter(type => type.active && !type.perUnit) ?? []
  const type = types.find(({ points }) => points >= 100) ?? types[0]
  const who = visit?.viewer.user ? ` for ${visit.viewer.user.name}` : ''
  return [
    {
      title: '2. First query',
      kind: 'query',
      tab: 'query',
      note: 'Who you are, and the first three places.',
      text: lines(
        'query FirstLook {',
        '  viewer {',
        '    user { name points level { title } }',
        '    tenant { name }',
        '  }',
        `  leaderboard(id: "${board}") {`,
        '    name',
        '    standings(first: 3) {',
        '      nodes { rank points user { name } }',
        '    }',
        '  }',
        '}'),
    },
    {
      title: '3. First subscription',
      kind: 'subscription',
      tab: 'board',
      note: 'A snapshot replaces; a delta applies if its after is your cursor.',
      text: lines(
        'subscription Board {',
        `  leaderboard(id: "${board}", top: 10) {`,
        '    ... on LeaderboardSnapshot {',
        '      cursor',
        '      standings { rank points user { name } }',
        '    }',
        '    ... on LeaderboardDelta {',
        '      after cursor left',
        '      changes { user { name } from to points }',
        '    }',
        '  }',
        '}'),
    },
    {
      title: '4. First mutation',
      kind: 'mutation',
      tab: 'record',
      note: type
        ? `${type.name}, ${type.points} points${who}. Watch the board move.`
        : 'Records one activity; its points count at once.',
      text: lines(
        'mutation FirstActivity {',
        '  activityRecord(input: {',
        `    activityType: "${type?.key ?? 'meeting_scheduled'}"`,
        `    idempotencyKey: "${attempt}"`,
        '  }) {',
        '    activity { id pointEntries { points } }',
        '    duplicate',
        '    idempotencyHit',
        '    userErrors { code message }',
        '  }',
        '}'),
    },
  ]
}
