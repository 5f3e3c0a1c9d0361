/**
 * The usual servers on Laurel's rows: PostGraphile 5, and Mercurius with its compiled executor. Neither has tenants, rights or
 * row security here: they are spared what Laurel does besides. One server a process, named by its settings.
 */
import pg from 'pg'

const { peer, database } = JSON.parse(process.env.BENCH_SETTINGS)
// As Laurel does: a bigint of points is a number.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ ...database, max: 16 })

const SDL = `type Level { number: Int! title: String! } type Team { id: ID! name: String! }
type User { id: ID! name: String! points: Float! rank: Int level: Level team: Team }
type Query { users(first: Int!): [User!]! }`

/** Runs one statement, prepared once on each connection. */
const rowsOf = async (name, text, values) => (await pool.query({ name, text, values })).rows
const idsOf = queries => queries.map(({ obj }) => obj.id)
const inOrder = (ids, rows) => {
  const byId = new Map(rows.map(row => [row.id, row]))
  return ids.map(id => byId.get(id) ?? null)
}

/** One loader a field, as Mercurius's guide has it; each is one statement by key. */
const byLoaders = {
  resolvers: {
    Query: {
      users: (_, { first }) => rowsOf('list', 'select id, name from dash.people order by name, id limit $1', [first]),
    },
  },
  loaders: {
    User: {
      async points(queries) {
        const ids = idsOf(queries)
        const rows = await rowsOf('points', 'select id, points from dash.points where id = any($1::uuid[])', [ids])
        return inOrder(ids, rows).map(row => row?.points ?? 0)
      },
      async rank(queries) {
        const ids = idsOf(queries)
        const rows = await rowsOf('rank', 'select id, rank from dash.ranks where id = any($1::uuid[])', [ids])
        return inOrder(ids, rows).map(row => row?.rank ?? null)
      },
      async level(queries) {
        const ids = idsOf(queries)
        const rows = await rowsOf('level', 'select id, number, title from dash.user_levels where id = any($1::uuid[])', [ids])
        return inOrder(ids, rows)
      },
      async team(queries) {
        const ids = idsOf(queries)
        const rows = await rowsOf(
          'team', 'select user_id, id, name from dash.user_teams where user_id = any($1::uuid[])', [ids])
        const byUser = new Map(rows.map(row => [row.user_id, row]))
        return ids.map(id => byUser.get(id) ?? null)
      },
    },
  },
}

/** Everything in one statement, whatever is asked for: the least that this list can cost a server. */
const byJoin = {
  resolvers: {
    Query: { users: (_, { first }) => rowsOf('joined', 'select * from dash.joined order by name, id limit $1', [first]) },
    User: {
      level: ({ level_number: number, level_title: title }) => number === null ? null : { number, title },
      team: ({ team_id: id, team_name: name }) => id === null ? null : { id, name },
    },
  },
  loaders: {},
}

async function mercuriusOf(parts) {
  const { default: Fastify } = await import('fastify')
  const { default: mercurius } = await import('mercurius')
  const app = Fastify({ logger: false })
  await app.register(mercurius, { schema: SDL, ...parts, jit: 1 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

const servers = {
  mercurius: () => mercuriusOf(byLoaders),
  mercuriusJoined: () => mercuriusOf(byJoin),
  async postgraphile() {
    const { createServer } = await import('node:http')
    const { postgraphile } = await import('postgraphile')
    const { makePgService } = await import('postgraphile/adaptors/pg')
    const { grafserv } = await import('postgraphile/grafserv/node')
    const { PostGraphileAmberPreset } = await import('postgraphile/presets/amber')
    const instance = postgraphile({
      extends: [PostGraphileAmberPreset],
      pgServices: [makePgService({ pool, schemas: ['dash_graph'] })],
      grafserv: { graphiql: false, watch: false },
      grafast: { explain: false },
    })
    const server = createServer()
    await instance.createServ(grafserv).addTo(server)
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    return server.address().port
  },
}

const port = await servers[peer]()
const commands = { port: () => port, cpu: () => process.cpuUsage(), collect: () => globalThis.gc() }
process.on('message', ({ turn, command, value }) => {
  Promise.resolve().then(() => commands[command](value)).then(
    answer => process.send({ turn, answer }), error => process.send({ turn, error: error.stack }))
})
process.on('disconnect', () => process.exit(0))
process.send({ turn: -1 })
