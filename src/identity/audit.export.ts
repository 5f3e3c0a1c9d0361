/** The audit as JSON Lines: `GET /audit.jsonl?since=…&until=…` with a bearer token. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { fault } from '../platform/errors.ts'
import { type Context, DateTime } from '../platform/graphql.ts'
import type { Origin } from '../platform/audit.ts'
import { formatError } from '../wire/error.format.ts'
import { originOf } from '../wire/origin.ts'
import { exportAudit } from './audit.queries.ts'

const STATUS: Record<string, number> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, BAD_REQUEST: 400, UNAVAILABLE: 503 }

/** Adds the route. It answers entries from the oldest on, read as fast as they are taken. */
export function auditRoute(
  app: FastifyInstance, contextOf: (authorization: string | undefined, origin: Origin) => Promise<Context>,
): void {
  app.get('/audit.jsonl', async (request, reply) => {
    try {
      const context = await contextOf(request.headers.authorization, originOf(request, reply))
      context.require('audit.read')
      const { since, until } = request.query as Record<string, unknown>
      const lines = exportAudit(context.actor, { since: instantOf(since, 'since'), until: instantOf(until, 'until') })
      return reply.type('application/jsonl; charset=utf-8').header('cache-control', 'no-store').send(Readable.from(lines))
    } catch (error) {
      const shown = formatError(error)
      return reply.code(STATUS[shown.extensions?.code as string] ?? 500).send({ errors: [shown] })
    }
  })
}

function instantOf(value: unknown, name: string): Date | null {
  if (value === undefined) return null
  if (typeof value !== 'string') throw fault('BAD_REQUEST', `${name} may be given once.`)
  return DateTime.parseValue(value)
}
