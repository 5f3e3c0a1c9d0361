/** The hooks' door: `POST /hooks/:source`. The body is read raw, since the signature is over what came, and has a bound. */
import type { FastifyInstance } from 'fastify'
import type { Database } from '../platform/db.ts'
import { LIMITS } from '../platform/limits.ts'
import { originOf } from '../wire/origin.ts'
import { receiveHook } from './hook.service.ts'

/** Adds the route. A status of 2xx says that the facts are committed; any other, that the message may be sent again. */
export function hookDoor(app: FastifyInstance, db: Database): void {
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LIMITS.hookBytesMax }, (_request, body, done) =>
      done(null, body))
    scope.post<{ Params: { source: string } }>('/hooks/:source', async (request, reply) => {
      const origin = originOf(request, reply)
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const { status, ...answer } = await receiveHook(db, {
        source: request.params.source, headers: request.headers, body, origin, now: new Date(),
      })
      if (status === 503) void reply.header('retry-after', '60')
      return reply.code(status).header('cache-control', 'no-store').send(answer)
    })
  })
}
