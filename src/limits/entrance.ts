/** The way in over HTTP: reads what a request asks, admits it, and answers itself where it is refused. */
import type { ApolloServerPlugin } from '@apollo/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { fault, stopped } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import type { Actor } from '../platform/tenancy.ts'
import { type Admission, type Asked, Refused, type Wish } from './admission.ts'
import { deadlineOf } from './deadline.ts'
import { isForgeable } from './origins.ts'
import type { Payer } from './quotas.ts'

/** An actor with the token that proved it. */
export type Bearer = Actor & { token: string }

/** What the way in needs of the house. */
export interface EntranceParts {
  admission: Admission
  actorOf(authorization: string | undefined): Promise<Bearer>
  contextFor(asker: Bearer | GraphQLError, request: FastifyRequest, reply: FastifyReply): Context
  /** Returns errors as a client may see them; `begun` is when the request came, of `performance.now()`. */
  show(errors: readonly GraphQLError[], begun: number): GraphQLFormattedError[]
}

/** What was admitted: what is asked, by whom, and the context in which it is executed. */
export interface Admitted { asked: Asked; asker: Bearer | GraphQLError; context: Context }

const admitted = new WeakMap<FastifyRequest, Admitted>()

/** Returns what the entrance admitted of a request. */
export function admittedOf(request: FastifyRequest): Admitted {
  const found = admitted.get(request)
  if (!found) throw new Error('this request was not admitted')
  return found
}

/** Returns the hook before a GraphQL route: refuses what a stranger's page could send, what is too large, costly or frequent. */
export function entrance({ admission, actorOf, contextFor, show }: EntranceParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (isForgeable(request)) {
      return refuse(request, reply, show, 400, [fault(
        'BAD_REQUEST', 'Send content-type: application/json, or the header apollo-require-preflight, which a form cannot.')])
    }
    try {
      const asked = admission.read(wishOf(request))
      if (request.method === 'GET' && asked.operation.operation !== 'query') {
        void reply.header('allow', 'POST')
        const message = `GET answers queries only: send a ${asked.operation.operation} by POST.`
        return refuse(request, reply, show, 405, [fault('BAD_REQUEST', message)])
      }
      const signal = deadlineOf(reply, () => void refuse(request, reply, show, 503, [stopped()]), admission.requestMs)
      const asker = await actorOf(request.headers.authorization).catch((error: unknown) => {
        if (error instanceof GraphQLError) return error
        throw error
      })
      const payer: Payer = asker instanceof GraphQLError ? { address: request.ip } : asker
      const cost = await admission.admit(asked, payer)
      if (reply.sent) return reply // It took too long already.
      // A stream lasts as long as it is read, and lives on beyond this request's own context.
      const isBounded = !(asker instanceof GraphQLError) && asked.operation.operation !== 'subscription'
      const context = contextFor(isBounded ? { ...asker, signal } : asker, request, reply)
      context.cost = cost
      admitted.set(request, { asked, asker, context })
      putText(request, asked)
    } catch (error) {
      if (reply.sent) return reply
      if (error instanceof Refused) return refuse(request, reply, show, error.isMalformed ? 400 : null, error.errors)
      if (error instanceof GraphQLError) return refuse(request, reply, show, null, [error])
      throw error
    }
  }
}

function wishOf({ method, query, body }: FastifyRequest): Wish {
  if (method === 'GET') {
    const given = query as Record<string, unknown>
    return { ...given, variables: parsed(given.variables, 'variables'), extensions: parsed(given.extensions, 'extensions') }
  }
  if (Array.isArray(body)) {
    const message = 'One operation a request: lists of operations are not taken. Ask for several fields in one.'
    throw new Refused([fault('BAD_REQUEST', message)], true)
  }
  if (typeof body !== 'object' || body === null) {
    throw new Refused([fault('BAD_REQUEST', 'The body must be a JSON object with query, variables and operationName.')], true)
  }
  return body
}

function parsed(text: unknown, name: string): unknown {
  if (typeof text !== 'string' || !text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused([fault('BAD_REQUEST', `${name} must be JSON.`)], true)
  }
}

/** Puts the document's text where the executor looks for it, when only its hash was sent. */
function putText(request: FastifyRequest, { text, operationName, variables }: Asked): void {
  if (request.method === 'GET') {
    if (!(request.query as Wish).extensions) return
    const search = new URLSearchParams({ query: text, variables: JSON.stringify(variables) })
    if (operationName) search.set('operationName', operationName)
    request.raw.url = `/graphql?${search}`
  } else if ((request.body as Wish).extensions) {
    request.body = { query: text, operationName, variables }
  }
}

function refuse(
  request: FastifyRequest, reply: FastifyReply, show: EntranceParts['show'], status: number | null,
  errors: readonly GraphQLError[],
): FastifyReply {
  const shown = show(errors, performance.now() - reply.elapsedTime)
  const type = answerType(request)
  const retryAfterMs = shown[0]?.extensions?.retryAfterMs
  if (typeof retryAfterMs === 'number') void reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
  const isLimited = shown[0]?.extensions?.code === 'RATE_LIMITED'
  // Clients of old take JSON to be an answer; those who ask for GraphQL's own type can read its status (GraphQL over HTTP §6.4).
  return reply.code(status ?? (isLimited ? 429 : type === RESPONSE ? 400 : 200)).type(`${type}; charset=utf-8`)
    .send(JSON.stringify({ errors: shown }))
}

const RESPONSE = 'application/graphql-response+json'
const TYPES = new Set([RESPONSE, 'application/json', 'application/*', '*/*'])

/** Returns the type in which a request wants its answer. */
export function answerType({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const wanted = (headers.accept ?? '*/*').split(',').map(part => {
    const [type, ...parameters] = part.trim().toLowerCase().split(/\s*;\s*/)
    const quality = parameters.find(parameter => parameter.startsWith('q='))
    return { type, weight: quality ? Number(quality.slice(2)) || 0 : 1 }
  }).filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight)
  return wanted.find(({ type }) => TYPES.has(type!))?.type === RESPONSE ? RESPONSE : 'application/json'
}

/** What Apollo Server adds to its answers: their cost, and the status that a client of GraphQL's own type reads. */
export const answering: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response, contextValue, request }) {
        if (response.body.kind !== 'single') return
        const { singleResult } = response.body
        const { cost } = contextValue
        if (cost) singleResult.extensions = { ...singleResult.extensions, cost }
        // Variables of the wrong shape: nothing was executed.
        const accept = request.http?.headers.get('accept')
        if (singleResult.data !== undefined || response.http.status || !accept) return
        if (answerType({ headers: { accept } }) === RESPONSE) response.http.status = 400
      },
    }
  },
}
