/** The WebSocket door: graphql-transport-ws by graphql-ws, on the HTTP server's own port. */
import type { Server } from 'node:http'
import { GraphQLError, type GraphQLSchema } from 'graphql'
import { CloseCode } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { Context } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Actor } from '../platform/tenancy.ts'
import { formatError } from './error.format.ts'
import { messages, sockets, streams } from './metrics.ts'

/** Close codes beside those of the protocol: 1012 = this node drains, reconnect elsewhere. */
const DRAINS = 1012
const KEEP_ALIVE_MS = 25_000

/** What the WebSocket door needs from the house. */
export interface SocketDoor {
  schema: GraphQLSchema
  actorOf(authorization: string | undefined): Promise<Actor & { expiresMs: number }>
  contextFor(actor: Actor): Context
}

interface Extra extends Record<PropertyKey, unknown> { actor?: Actor & { expiresMs: number }; expiry?: NodeJS.Timeout }

/** Opens the door on `server`; returns how many sockets are open and how to close them all. */
export function socketDoor(server: Server, { schema, actorOf, contextFor }: SocketDoor): { open(): number; close(): Promise<void> } {
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: LIMITS.requestBytesMax })
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?')[0] !== '/graphql') return socket.destroy()
    wss.handleUpgrade(request, socket, head, ws => wss.emit('connection', ws, request))
  })
  const door = useServer<{ authorization?: unknown; Authorization?: unknown }, Extra>({
    schema,
    connectionInitWaitTimeout: 10_000,
    async onConnect(ctx) {
      const { authorization, Authorization } = ctx.connectionParams ?? {}
      const given = authorization ?? Authorization
      const { socket } = ctx.extra as unknown as { socket: WebSocket }
      try {
        const actor = await actorOf(typeof given === 'string' ? given : undefined)
        ctx.extra.actor = actor
        ctx.extra.expiry = setTimeout(() => socket.close(CloseCode.Unauthorized, 'The token has expired'), Math.min(actor.expiresMs - Date.now(), 2 ** 31 - 1)).unref()
        return true
      } catch (error) {
        socket.close(CloseCode.Unauthorized, (error as Error).message.slice(0, 120))
        return false
      }
    },
    onClose: ctx => clearTimeout(ctx.extra.expiry),
    context: ctx => contextFor({ ...ctx.extra.actor!, now: new Date() }),
    onOperation: () => streams.inc(),
    onComplete: () => streams.dec(),
    onNext: (_ctx, _id, _payload, _args, result) => {
      messages.inc()
      return result.errors ? { ...result, errors: result.errors.map(formatError) as unknown as GraphQLError[] } : result
    },
    onError: (_ctx, _id, _payload, errors) => errors.map(formatError),
  }, wss, KEEP_ALIVE_MS)
  wss.on('connection', ws => {
    sockets.inc()
    ws.on('close', () => sockets.dec())
  })
  return {
    open: () => wss.clients.size,
    async close() {
      for (const client of wss.clients) client.close(DRAINS, 'This node drains; reconnect')
      await new Promise(resolve => setTimeout(resolve, wss.clients.size ? 100 : 0))
      await door.dispose()
      for (const client of wss.clients) client.terminate()
    },
  }
}
