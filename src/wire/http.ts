/** The HTTP door: GraphQL over POST, health, metrics and the built pages, on one port with the sockets. */
import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApolloServer, type ApolloServerOptionsWithGateway, type GraphQLRequestContextWillSendResponse } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteHandlerMethod } from 'fastify'
import fastifyStatic from '@fastify/static'
import {
  type DocumentNode, type GraphQLError, type GraphQLFormattedError, type GraphQLSchema, Kind, type OperationDefinitionNode,
} from 'graphql'
import type { Admission } from '../limits/admission.ts'
import { admittedOf, answering, type EntranceParts, entrance } from '../limits/entrance.ts'
import { type BrowserSettings, guardBrowsers, pagePolicy } from '../limits/origins.ts'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import type { Origin } from '../platform/audit.ts'
import { LIMITS } from '../platform/limits.ts'
import { execute } from '../plans/executor.ts'
import { nameSpan, tracedRequest } from '../platform/trace.ts'
import { log } from '../platform/log.ts'
import type { Actor } from '../platform/tenancy.ts'
import { formatError, short } from './error.format.ts'
import { countOperation, outcomeOf, registry, scrape, showRefused, typeOf } from './metrics.ts'
import { originOf } from './origin.ts'

/** What the HTTP door needs from the house. */
export interface HttpDoor {
  schema: GraphQLSchema
  admission: Admission
  actorOf: EntranceParts['actorOf']
  contextFor(asker: Actor | GraphQLError, origin: Origin): Context
  browsers: BrowserSettings
  /** Returns whether the node can serve, and what is wrong, in words. */
  readiness(): Promise<{ ready: boolean; reasons: string[] }>
  /** Folder of the built pages, when there is one. */
  pages: string | null
}

/** Carries out a document as a request to `/graphql` would be, within the same limits. */
export type Run = (document: DocumentNode, variables: Record<string, unknown>, context: Context) =>
  Promise<{ data?: Record<string, unknown> | null; errors?: readonly GraphQLFormattedError[] }>

/** Returns the HTTP server with its routes, not yet listening. */
export async function httpDoor(
  { schema, admission, actorOf, contextFor, browsers, readiness, pages }: HttpDoor,
): Promise<{ app: FastifyInstance; run: Run; close(): Promise<void> }> {
  const { documents } = admission
  const apollo = new ApolloServer<Context>({
    gateway: plansFor(schema), introspection: admission.isOpen, hideSchemaDetailsFromClientErrors: !admission.isOpen,
    formatError: (_, error) => formatError(error), stopOnTerminationSignals: false,
    // The entrance has read every document and knows the persisted ones; here they are found by their hash.
    documentStore: { get: async key => documents.byHash(key.slice(-64)), set: async () => {}, delete: async () => {} },
    persistedQueries: false, status400ForVariableCoercionErrors: false,
    includeStacktraceInErrorResponses: false, csrfPrevention: true, apollo: {},
    // Its cache hints wrap every resolver; no answer here may be cached, which one header says.
    plugins: [quietLanding, refusing, timing, answering, ApolloServerPluginCacheControlDisabled()],
    // What it warns of at start is its own future, nothing for whoever runs a house.
    logger: { debug() {}, info() {}, warn: (text: string) => log.debug(text), error: (text: string) => log.error(text) },
    cache: 'bounded',
  })
  await apollo.start()
  const app = Fastify({
    bodyLimit: LIMITS.requestBytesMax, logger: false, forceCloseConnections: true, frameworkErrors: showFailure,
    routerOptions: { maxParamLength: 128, ignoreTrailingSlash: true },
    // Who dribbles a request in is cut.
    requestTimeout: LIMITS.requestArrivalMs, keepAliveTimeout: LIMITS.keepAliveMs,
    http: { headersTimeout: LIMITS.headersArrivalMs, maxHeaderSize: LIMITS.headerBytesMax },
  })
  app.removeContentTypeParser('text/plain') // A form of a stranger's page may send it; nothing here takes it.
  app.addHook('onRequest', refuseCompressed)
  guardBrowsers(app, browsers)
  app.setErrorHandler(showFailure)
  app.route({
    method: ['GET', 'POST'], url: '/graphql',
    onRequest(request, reply, done) {
      void reply.header('cache-control', 'no-store')
      // The start names this address to people, who open it.
      if (pages && isOpenedByPerson(request)) void reply.redirect('/explorer')
      else done()
    },
    preHandler: [
      entrance({
        admission, actorOf, show: showRefused('http'),
        contextFor: (asker, request, reply) => contextFor(asker, originOf(request, reply)),
      }),
      refuseStream,
    ],
    handler: requestTraced(fastifyApolloHandler(apollo, { context: async request => admittedOf(request).context })),
  })
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const { ready, reasons } = await readiness()
    return reply.code(ready ? 200 : 503).send({ status: !ready ? 'unready' : reasons.length ? 'degraded' : 'ready', reasons })
  })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await scrape()))
  if (pages && existsSync(join(pages, 'index.html'))) await servePages(app, pages)
  const nothing = { message: 'There is nothing here. See / for what this server answers.', extensions: { code: 'NOT_FOUND' } }
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ errors: [nothing] }))
  const run: Run = async (document, variables, contextValue) => {
    const asked = admission.readOwn(document, variables)
    contextValue.cost = await admission.admit(asked, contextValue.actor)
    const { body } = await apollo.executeOperation({ query: asked.text, variables }, { contextValue })
    if (body.kind !== 'single') throw new Error('an answer came in parts')
    return body.singleResult
  }
  return { app, run, close: async () => {
    await app.close()
    await apollo.stop()
  } }
}

function isOpenedByPerson({ method, query, headers }: FastifyRequest): boolean {
  return method === 'GET' && !Object.keys(query as object).length && Boolean(headers.accept?.includes('text/html'))
}

async function refuseStream(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (admittedOf(request).asked.operation.operation !== 'subscription') return undefined
  const message = 'A subscription is a stream: send it over WebSocket to /graphql, or to POST /graphql/stream.'
  const errors = showRefused('http')([fault('BAD_REQUEST', message)], performance.now() - reply.elapsedTime)
  return reply.code(400).send({ errors })
}

/** Refuses bodies that would have to be inflated: a few of their bytes may be a thousand times as many. */
function refuseCompressed({ headers }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const encoding = headers['content-encoding']
  if (!encoding || encoding === 'identity') return done()
  void reply.code(415).header('accept-encoding', 'identity').send({ errors: [
    { message: 'Bodies are taken uncompressed: send it without content-encoding.', extensions: { code: 'BAD_REQUEST' } },
  ] })
}

/** Answers what went wrong around an operation: below 500 it is the framework's word on the request. */
function showFailure(error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500
  countOperation('http', 'none', status < 500 ? 'refused' : 'failed', performance.now() - reply.elapsedTime)
  const shown = status < 500 ? { message: short(error.message), extensions: { code: 'BAD_REQUEST' } } : formatError(error)
  return reply.code(status).send({ errors: [shown] })
}

/** Has Apollo Server execute by plans: a gateway is what it calls whatever brings a schema and an executor of its own. */
function plansFor(schema: GraphQLSchema): ApolloServerOptionsWithGateway<Context>['gateway'] {
  const loaded: ((loaded: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void)[] = []
  return {
    onSchemaLoadOrUpdate(listener) {
      loaded.push(listener)
      return () => {}
    },
    async load() {
      for (const tell of loaded) tell({ apiSchema: schema, coreSupergraphSdl: '' })
      return {
        executor: async ({ document, request: { operationName, variables }, context }) =>
          execute({ schema, document, operationName, variableValues: variables, contextValue: context }),
      }
    },
    async stop() {},
  }
}

const quietLanding = { async serverWillStart() { return { async renderLandingPage() { return { html: 'Laurel' } } } } }

/** A request that was refused for its token alone says so in HTTP too, as RFC 6750 has it. */
const refusing = {
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body, http } }: GraphQLRequestContextWillSendResponse<Context>) {
        const errors = body.kind === 'single' ? body.singleResult.errors : undefined
        if (!errors?.length || !errors.every(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) return
        http.status = 401
        http.headers.set('www-authenticate', 'Bearer')
      },
    }
  },
}

const timing = {
  async requestDidStart() {
    const begun = performance.now()
    return {
      async willSendResponse({ operation, response: { body } }: GraphQLRequestContextWillSendResponse<Context>) {
        const errors = body.kind === 'single' ? body.singleResult.errors : undefined
        const [kind, outcome] = [typeOf(operation), outcomeOf(errors)]
        countOperation('http', kind, outcome, begun)
        nameSpan(`GraphQL ${kind}`, () => ({ kind, outcome, fields: rootFieldsOf(operation) }))
      },
    }
  },
}

function requestTraced(work: RouteHandlerMethod): RouteHandlerMethod {
  return function (request, reply) {
    return tracedRequest('GraphQL', request.headers, () => work.call(this, request, reply) as Promise<unknown>)
  }
}

/** Returns which root fields an operation asks for: names of the schema, never the client's own. */
function rootFieldsOf(operation: OperationDefinitionNode | undefined): string[] {
  return operation?.selectionSet.selections.flatMap(chosen => chosen.kind === Kind.FIELD ? [chosen.name.value] : []) ?? []
}

async function servePages(app: FastifyInstance, pages: string): Promise<void> {
  await app.register(
    fastifyStatic, { root: join(pages, 'assets'), prefix: '/assets/', immutable: true, maxAge: '365d', index: false })
  const page = (file: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64')
    reply.headers({ 'content-security-policy': pagePolicy(request.headers.host ?? '', nonce), 'cache-control': 'no-cache' })
    // The explorer's editor makes style elements, which the policy lets pass by this word, other than styles of a stranger.
    const told = `<head>\n  <meta name="csp-nonce" nonce="${nonce}">`
    const html = (await readFile(join(pages, file), 'utf8')).replace('<head>', told)
    return reply.type('text/html; charset=utf-8').send(html)
  }
  app.get('/', page('index.html'))
  app.get('/explorer', page('explorer.html'))
  app.get('/live/:id', page('live.html'))
  app.get('/admin', page('admin.html'))
  app.get('/admin/*', page('admin.html')) // The page itself reads the rest of its address.
  for (const icon of ['favicon.svg', 'favicon.ico']) {
    const path = join(pages, icon)
    if (existsSync(path)) {
      app.get(`/${icon}`, (_request, reply) => reply.type(icon.endsWith('svg') ? 'image/svg+xml' : 'image/x-icon')
        .send(createReadStream(path)))
    }
  }
}
