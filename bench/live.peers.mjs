/**
 * The usual servers on the same event: graphql-ws as people run it beside Apollo Server, GraphQL Yoga over WebSocket, Mercurius.
 * One schema, one set of resolvers, the fields that Laurel resolves; each subscriber's message is executed on its own.
 */
import { setMaxListeners } from 'node:events'
import { createServer } from 'node:http'
import DataLoader from 'dataloader'
import { buildSchema } from 'graphql'
import { PubSub } from 'graphql-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const { peer, isSync } = JSON.parse(process.env.BENCH_SETTINGS)
const TOPIC = 'board'
setMaxListeners(0) // A thousand listen to one topic on purpose.
const SDL = `scalar Cursor scalar Mark scalar DateTime scalar Points
type Query { ping: String }
type User { id: ID! name: String! }
type Standing { rank: Int! points: Points! user: User }
type RankChange { from: Int to: Int! points: Points! user: User }
type LeaderboardSnapshot { cursor: Cursor! reason: String! takenAt: DateTime! standings: [Standing!]! }
type LeaderboardDelta { after: Cursor! cursor: Cursor! marks: [Mark!]! at: DateTime! changes: [RankChange!]! left: [ID!]! }
union LeaderboardMessage = LeaderboardSnapshot | LeaderboardDelta
type Subscription { leaderboard(id: ID!, top: Int = 100, after: Cursor): LeaderboardMessage! }`

const people = new Map()
const readPeople = async ids => ids.map(id => people.get(id))

/** The subscription's own resolver: each message reads people afresh, as Laurel's does. */
function leaderboard(event, _args, context) {
  context.people = new DataLoader(readPeople)
  return event.leaderboard
}
const user = isSync ? ({ userId }) => people.get(userId) : ({ userId }, _args, context) => context.people.load(userId)

/** Puts the resolvers into a schema. */
function dress(schema, subscribe) {
  Object.assign(schema.getSubscriptionType().getFields().leaderboard, { subscribe, resolve: leaderboard })
  schema.getType('RankChange').getFields().user.resolve = user
  return schema
}

const servers = {
  async graphqlws() {
    const pubsub = new PubSub()
    pubsub.ee.setMaxListeners(0)
    const server = createServer()
    const schema = dress(buildSchema(SDL), () => pubsub.asyncIterableIterator(TOPIC))
    useServer({ schema, context: () => ({}) }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }))
    await new Promise(done => server.listen(0, '127.0.0.1', 4_096, done))
    return { server, publish: event => pubsub.publish(TOPIC, event) }
  },
  async yoga() {
    const { createPubSub, createYoga } = await import('graphql-yoga')
    const pubsub = createPubSub()
    const schema = dress(buildSchema(SDL), () => pubsub.subscribe(TOPIC))
    const yoga = createYoga({ schema, logging: false, graphiql: false })
    const server = createServer(yoga)
    // As Yoga's own guide joins it to graphql-ws.
    useServer({
      execute: args => args.rootValue.execute(args),
      subscribe: args => args.rootValue.subscribe(args),
      async onSubscribe({ extra, ...context }, _id, params) {
        const { schema: own, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...context, req: extra.request, socket: extra.socket, params })
        const document = parse(params.query)
        const args = {
          schema: own, operationName: params.operationName, document, variableValues: params.variables,
          contextValue: await contextFactory(), rootValue: { execute, subscribe },
        }
        const errors = validate(own, document)
        return errors.length ? errors : args
      },
    }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }))
    await new Promise(done => server.listen(0, '127.0.0.1', 4_096, done))
    return { server, publish: event => pubsub.publish(TOPIC, event) }
  },
  async mercurius() {
    const { default: Fastify } = await import('fastify')
    const { default: mercurius } = await import('mercurius')
    const app = Fastify({ logger: false })
    app.register(mercurius, {
      schema: SDL, subscription: true,
      resolvers: {
        RankChange: { user },
        LeaderboardMessage: { resolveType: ({ __typename }) => __typename },
        Subscription: { leaderboard: { resolve: leaderboard, subscribe: (_root, _args, { pubsub }) => pubsub.subscribe(TOPIC) } },
      },
    })
    await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    const publish = event => new Promise(done => app.graphql.pubsub.publish({ topic: TOPIC, payload: event }, done))
    return { server: app.server, publish }
  },
}

const { server, publish } = await servers[peer]()
const commands = {
  port: () => server.address().port,
  cpu: () => process.cpuUsage(),
  collect: () => globalThis.gc(),
  /** Publishes the event that this message of Laurel's tells. */
  publish(text) {
    const { payload: { data: { leaderboard: delta } } } = JSON.parse(text)
    for (const change of delta.changes) people.set(change.user.id, change.user)
    const changes = delta.changes.map(({ user: { id }, ...change }) => ({ ...change, userId: id }))
    return publish({ leaderboard: { ...delta, changes } })
  },
}
process.on('message', ({ turn, command, value }) => {
  Promise.resolve().then(() => commands[command](value)).then(
    answer => process.send({ turn, answer: command === 'publish' ? null : answer }),
    error => process.send({ turn, error: error.stack }))
})
process.on('disconnect', () => process.exit(0))
process.send({ turn: -1 })
