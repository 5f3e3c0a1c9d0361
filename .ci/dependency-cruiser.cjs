/**
 * The staircase: which file may import which. A room imports only from rooms above it in the list; news goes the other
 * way by events.
 * Read by `.ci/check.ts` and by `test/house.test.ts`. It needs `@swc/core`: beside TypeScript 7 alone the tool reads 0 modules.
 */
const STAIRS = [
  'platform', 'plans', 'embedded', 'outward', 'limits', 'wire', 'rest', 'tenants', 'identity', 'credentials', 'controls',
  'evidence', 'users', 'feed', 'webhooks', 'points', 'activities', 'streaks', 'boosts', 'facts', 'metrics', 'sources', 'imports',
  'ranks', 'measures', 'listings', 'leaderboards', 'rules', 'rulebook', 'badges', 'skills', 'recognition', 'challenges',
  'prizes',
  'insights', 'templates',
]

const TEST = '\\.test\\.ts$'
// What a room shows its neighbors: verbs, rows, reads, decisions and shapes. Its resolvers, streams, jobs and SQL are its
// own affair.
const FACES = '\\.(service|entity|queries|rules|shapes)\\.ts$'
// Platform files that wait for nothing, so that a rule may lean on them.
const PURE = '^src/platform/(errors|time|money|limits)\\.ts$'

const upward = STAIRS.slice(0, -1).map((room, at) => ({
  name: `no-upward-from-${room}`, severity: 'error',
  from: { path: `^src/${room}/`, pathNot: TEST }, to: { path: `^src/(${STAIRS.slice(at + 1).join('|')})/` },
}))

module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'rules-are-pure', severity: 'error', // Types count too: a rule that needs a database's type is no rule.
      from: { path: '^src/[^/]+/.*\\.rules\\.ts$' }, to: { pathNot: [PURE, '^src/[^/]+/[^/]*\\.rules\\.ts$'] },
    },
    {
      name: 'neighbours-knock', severity: 'error', // Platform, plans, the way out, limits, wire and rest are open.
      from: { path: '^src/([^/]+)/', pathNot: TEST },
      to: { path: '^src/(?!platform/|plans/|outward/|limits/|wire/|rest/)[^/]+/', pathNot: ['^src/$1/', FACES] },
    },
    {
      // main, node, schema and the demo put rooms together, never the reverse.
      name: 'rooms-do-not-know-the-house', severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: TEST }, to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'src-stands-alone', severity: 'error', from: { path: '^src/', pathNot: TEST },
      to: { path: '^(test|bench|web|\\.ci)/' },
    },
    {
      // A package that is there only because another one needs it may leave with it.
      name: 'dependencies-are-declared', severity: 'error',
      from: { path: '^src/', pathNot: TEST }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    { name: 'imports-resolve', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default', 'types'] },
  },
}
