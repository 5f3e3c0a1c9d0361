/** The REST door: thin aliases of GraphQL documents, with the errors of GraphQL under their HTTP status. */
import type { DocumentNode, GraphQLFormattedError } from 'graphql'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Origin } from '../platform/audit.ts'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import { formatError } from '../wire/error.format.ts'
import { originOf } from '../wire/origin.ts'
import type { Given, RestParameter, RestRoute } from './route.ts'

const STATUS: Record<string, number> = {
  BAD_REQUEST: 400, TOO_COSTLY: 400, UNAUTHENTICATED: 401, FORBIDDEN: 403, FEATURE_DISABLED: 403, NOT_FOUND: 404,
  RATE_LIMITED: 429, UNAVAILABLE: 503,
}

interface Answer { data?: Record<string, unknown> | null; errors?: readonly GraphQLFormattedError[] }

/** What the REST door needs from the house; `run` carries a document out as `/graphql` would. */
export interface RestDoor {
  contextOf(authorization: string | undefined, origin: Origin): Promise<Context>
  run(document: DocumentNode, variables: Record<string, unknown>, context: Context): Promise<Answer>
}

/** Adds the routes, and the description of them all as JSON. */
export function restDoor(
  app: FastifyInstance, { contextOf, run }: RestDoor, routes: readonly RestRoute[], openapi: object,
): void {
  for (const route of routes) {
    for (const path of route.paths) {
      app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, reply) => {
        void reply.header('cache-control', 'no-store')
        try {
          const given = givenOf(route.parameters, request.params as Given, request.query as Given)
          const context = await contextOf(request.headers.authorization, originOf(request, reply))
          const { data, errors } = await run(route.document, route.variables(given), context)
          if (errors?.length) return refuse(reply, errors[0]!)
          return answerOf(route, data!, given.tenant)
        } catch (error) {
          return refuse(reply, formatError(error))
        }
      })
    }
  }
  app.get('/api/v1/openapi.json', (_request, reply) => reply.header('cache-control', 'no-cache').send(openapi))
}

function answerOf(route: RestRoute, answered: Record<string, unknown>, tenant: unknown): unknown {
  const own = (answered.viewer as { tenant: { id: string; slug: string } } | undefined)?.tenant
  if (tenant !== undefined && tenant !== own?.id && tenant !== own?.slug) throw fault('NOT_FOUND', 'There is no such tenant.')
  const found = route.answer.split('.').reduce<unknown>((at, step) => (at as Record<string, unknown> | null)?.[step], answered)
  if (found == null) throw fault('NOT_FOUND', `There is nothing of this kind: ${route.summary.toLowerCase()}`)
  return found
}

function refuse(reply: FastifyReply, error: GraphQLFormattedError): FastifyReply {
  const { code, retryAfterMs } = error.extensions as { code: string; retryAfterMs?: number }
  if (retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(retryAfterMs / 1_000))
  const { message, extensions } = error
  return reply.code(STATUS[code] ?? 500).send({ errors: [{ message, extensions }] })
}

function givenOf(parameters: readonly RestParameter[], path: Given, query: Given): Given {
  const known = parameters.filter(parameter => parameter.in === 'query').map(({ name }) => name)
  if (Object.keys(query).some(name => !known.includes(name))) {
    throw fault('BAD_REQUEST', `There is no such parameter here; known are ${known.join(', ') || 'none'}.`)
  }
  const given: Given = {}
  for (const parameter of parameters) {
    const value = (parameter.in === 'path' ? path : query)[parameter.name] ?? parameter.default
    if (value !== undefined) given[parameter.name] = checked(parameter, value)
  }
  return given
}

function checked({ name, type, values, pattern, minimum, maximum }: RestParameter, value: unknown): string | number {
  if (type === 'integer') {
    const number = /^-?\d{1,15}$/.test(String(value)) ? Number(value) : NaN
    if (number >= (minimum ?? -Infinity) && number <= (maximum ?? Infinity)) return number
    throw fault('BAD_REQUEST', `${name} must be a whole number from ${minimum} to ${maximum}.`, { argument: name })
  }
  const isGood = typeof value === 'string' && value.length <= 200
    && (!values || values.includes(value)) && (!pattern || new RegExp(pattern).test(value))
  if (isGood) return value
  const form = pattern ? `in the form ${pattern}` : 'up to 200 characters'
  const wish = values ? `one of ${values.join(', ')}` : `given once, ${form}`
  throw fault('BAD_REQUEST', `${name} must be ${wish}.`, { argument: name })
}
