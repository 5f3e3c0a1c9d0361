/** The imports' door: `POST /imports` takes a CSV file as it streams in, `GET /imports/:id/errors.csv` answers refused lines. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Origin } from '../platform/audit.ts'
import { fault, Refusal } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import { requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { markOf } from '../platform/marks.ts'
import { formatError } from '../wire/error.format.ts'
import { originOf } from '../wire/origin.ts'
import { refusedCsv } from './import.queries.ts'
import { importOf } from './import.service.ts'
import { uploadFile } from './upload.service.ts'

type ContextOf = (authorization: string | undefined, origin: Origin) => Promise<Context>
const STATUS: Record<string, number> =
  { UNAUTHENTICATED: 401, FORBIDDEN: 403, NOT_FOUND: 404, BAD_REQUEST: 400, UNAVAILABLE: 503 }

/** Adds both routes, with the rights of the bearer's token. */
export function importDoor(app: FastifyInstance, contextOf: ContextOf): void {
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    // The body is not gathered: it is read as it comes.
    scope.addContentTypeParser('*', { bodyLimit: LIMITS.importBytesMax }, (_request, payload, done) => done(null, payload))
    scope.post<{ Querystring: { name?: string; delimiter?: string } }>('/imports', async (request, reply) => {
      try {
        const context = await contextOf(request.headers.authorization, originOf(request, reply))
        if (!(request.body instanceof Readable)) throw fault('BAD_REQUEST',
          'Send the file as the body, with content-type text/csv.')
        return await reply.code(201).send(await uploaded(context, request.query, request.body))
      } catch (error) {
        return refuse(reply, error)
      }
    })
  })
  app.get<{ Params: { id: string } }>('/imports/:id/errors.csv', async (request, reply) => {
    try {
      const context = await contextOf(request.headers.authorization, originOf(request, reply))
      context.require('import.read')
      const importId = requireId('FactImport', request.params.id, 'id')
      const found = await importOf(context.actor, importId)
      if (!found) throw fault('NOT_FOUND', 'There is no such import.')
      return reply.type('text/csv; charset=utf-8').header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="errors.csv"')
        .send(Readable.from(refusedCsv(context.actor, importId, found.header)))
    } catch (error) {
      return refuse(reply, error)
    }
  })
}

/** A command like those of the schema: it leaves one audit entry, come what may. */
async function uploaded(context: Context, { name, delimiter }: { name?: string; delimiter?: string }, file: Readable) {
  const [{ actor }, command] = context.commanding('import.write')
  try {
    const { importId, lines, mark } = await uploadFile(actor, { name: String(name ?? 'import.csv'), delimiter }, file)
    return { id: wireId('FactImport', importId), lines, mark: markOf(mark) }
  } catch (error) {
    Object.assign(command.entry, error instanceof Refusal
      ? { decision: 'REFUSED', rule: [error.code, ...error.field].join(' ') } : { decision: 'FAILED', rule: 'INTERNAL' })
    context.audit.add(actor.tenantId, command.entry)
    throw error
  }
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof Refusal) {
    const { code, message, field } = error
    return reply.code(422).send({ userErrors: [{ code, message, field }] })
  }
  const shown = formatError(error)
  return reply.code(STATUS[shown.extensions?.code as string] ?? 500).send({ errors: [shown] })
}
