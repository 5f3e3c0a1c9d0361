/** The WebSocket door: graphql-ws keeps the protocol, groups do the work; limits and rights are kept at each socket. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { createSourceEventStream, type ExecutionArgs, type GraphQLSchema } from 'graphql'
import { CloseCode } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Actor } from '../platform/tenancy.ts'
import type { Identified } from './auth.ts'
import type { Documents } from './documents.ts'
import { formatError } from './error.format.ts'
import type { Groups, Member, Standing } from './groups.ts'
import { sockets, streams } from './metrics.ts'
import { SocketOutlet } from './socket.outlet.ts'
import { Census, MessageRate } from './socket.limits.ts'
import type { Opened } from './streams.ts'

/** Close codes beside those of the protocol. */
const DRAINS = 1012
const TRY_LATER = 1013
const RIGHT_LOST = 4403
const KEEP_ALIVE_MS = 25_000
const SWEEP_MS = 5_000

/** What the WebSocket door needs from the house. */
export interface SocketDoor {
  schema: GraphQLSchema
  documents: Documents
  groups: Groups
  actorOf(authorization: string | undefined): Promise<Identified>
  contextFor(actor: Actor): Context
  /** Returns how these people stand now; asked every 30 s and when people change. */
  standingOf(actors: readonly Identified[]): Promise<Map<Actor, Standing>>
}

interface Extra extends Record<PropertyKey, unknown> { socket: WebSocket; actor?: Identified; outlet?: SocketOutlet; operations?: number }
/** graphql-ws hands these back to `subscribe`: the protocol's own arguments and whose operation it is. */
type SocketOperation = ExecutionArgs & { operationId: string; extra: Partial<Extra> }

/** Opens the door on `server`; returns how many sockets are open, a check of everybody's rights, and how to close them all. */
export function socketDoor(server: Server, door: SocketDoor): { open(): number; checkRights(): Promise<void>; close(): Promise<void> } {
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: LIMITS.socketMessageBytesMax, clientTracking: true })
  const outlets = new WeakMap<WebSocket, SocketOutlet>()
  const identified = new Map<WebSocket, Identified>()
  const census = new Census()
  const { documents, groups, schema } = door

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?')[0] !== '/graphql') return socket.destroy()
    wss.handleUpgrade(request, socket, head, ws => {
      outlets.set(ws, new SocketOutlet(ws, socket))
      wss.emit('connection', ws, request)
    })
  })
  wss.on('connection', ws => {
    sockets.inc()
    const rate = new MessageRate()
    ws.on('message', () => { if (!rate.admits(Date.now())) ws.close(TRY_LATER, 'Too many messages; try again later') })
    ws.on('close', () => {
      sockets.dec()
      const actor = identified.get(ws)
      if (actor) census.leave(actor)
      identified.delete(ws)
    })
    ws.on('error', () => {}) // ws closes the socket itself, with 1009 for a message that is too big.
  })

  const protocol = useServer<{ authorization?: unknown; Authorization?: unknown }, Extra>({
    connectionInitWaitTimeout: 10_000,
    async onConnect(ctx) {
      const { authorization, Authorization } = ctx.connectionParams ?? {}
      const given = authorization ?? Authorization
      const { socket } = ctx.extra
      try {
        const actor = await door.actorOf(typeof given === 'string' ? given : undefined)
        if (!census.enter(actor)) {
          socket.close(TRY_LATER, 'Too many connections of this tenant or token; try again later')
          return false
        }
        identified.set(socket, actor)
        Object.assign(ctx.extra, { actor, outlet: outlets.get(socket) })
        return true
      } catch (error) {
        socket.close(CloseCode.Unauthorized, (error as Error).message.slice(0, 120))
        return false
      }
    },
    onSubscribe(ctx, id, { query, operationName, variables }) {
      const held = ctx.extra.operations = (ctx.extra.operations ?? 0) + 1
      const read = documents.read(query)
      if ('errors' in read) return read.errors
      if (held > LIMITS.subscriptionsPerSocketMax) {
        return [fault('RATE_LIMITED', `A socket carries at most ${LIMITS.subscriptionsPerSocketMax} operations at a time: complete one first.`, { retryAfterMs: 1_000 })]
      }
      const args: SocketOperation = {
        schema, document: read.document, operationName: operationName ?? null, variableValues: (variables ?? {}) as Record<string, unknown>,
        contextValue: door.contextFor({ ...ctx.extra.actor!, now: new Date() }), operationId: id, extra: ctx.extra,
      }
      return args
    },
    subscribe: args => subscribeIn(groups, args as SocketOperation),
    onOperation: () => streams.inc(),
    onComplete(ctx) {
      streams.dec()
      ctx.extra.operations!--
    },
    onNext: (_ctx, _id, _payload, _args, result) => result.errors ? { ...result, errors: result.errors.map(formatError) as never } : result,
    onError(ctx, _id, _payload, errors) {
      ctx.extra.operations!--
      return errors.map(formatError)
    },
  }, wss, KEEP_ALIVE_MS)

  const checkRights = async () => {
    for (const [ws, { expiresMs }] of identified) if (expiresMs <= Date.now()) ws.close(CloseCode.Unauthorized, 'The token has expired')
    const people = await door.standingOf([...identified.values()])
    for (const [ws, actor] of identified) if (people.get(actor)?.isActive === false) ws.close(RIGHT_LOST, 'This person is no longer active')
    groups.review(people)
  }
  const sweep = setInterval(() => { for (const ws of wss.clients) outlets.get(ws)?.sweep(Date.now()) }, SWEEP_MS).unref()
  return {
    open: () => wss.clients.size, checkRights,
    async close() {
      clearInterval(sweep)
      for (const client of wss.clients) client.close(DRAINS, 'This node drains; reconnect')
      await new Promise(resolve => setTimeout(resolve, wss.clients.size ? 100 : 0))
      await protocol.dispose()
      for (const client of wss.clients) client.terminate()
    },
  }
}

/** Runs the root field's own subscribe with the subscriber's rights, then joins the group of its stream. */
async function subscribeIn(groups: Groups, args: SocketOperation) {
  const opened = await createSourceEventStream(args)
  if (!('source' in opened)) return opened as never // The errors of a refused subscription.
  const { source, place } = opened as unknown as Opened
  const { extra, operationId } = args
  let leave: (() => void) | null = null
  let end = () => {}
  let fail: (error: Error) => void = () => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const finish = async () => {
    leave?.()
    end()
    return { done: true as const, value: undefined }
  }
  // What graphql-ws holds: it never yields, since the group writes to the socket; ending it leaves the group.
  return {
    async next() {
      const member: Member = { id: operationId, outlet: extra.outlet!, place, actor: extra.actor!, isBusy: false, wasHeld: false, fail }
      leave ??= groups.join(args, source, member)
      await ended.finally(() => leave?.())
      return { done: true as const, value: undefined }
    },
    return: finish,
    throw: finish,
    [Symbol.asyncIterator]() {
      return this
    },
  } as never
}
