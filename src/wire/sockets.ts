/** The WebSocket door: graphql-ws keeps the protocol, groups do the work; limits and rights are kept at each socket. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { createSourceEventStream, type ExecutionArgs, getOperationAST, GraphQLError, type GraphQLSchema } from 'graphql'
import { CloseCode, type Context as ProtocolContext, handleProtocols, makeServer } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { type Admission, Refused } from '../limits/admission.ts'
import { isAllowedOrigin } from '../limits/origins.ts'
import type { Origin } from '../platform/audit.ts'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Actor } from '../platform/tenancy.ts'
import type { Identified } from './auth.ts'
import { formatError } from './error.format.ts'
import { writtenId } from './frames.ts'
import type { Group, Groups, Standing, Subscriber } from './groups.ts'
import {
  beforeScrape, countOperation, countSocket, outcomeOf, setOwed, showRefused, sockets, streams, typeOf,
} from './metrics.ts'
import { readOrigin } from './origin.ts'
import { Connection, Pulse, TRY_LATER } from './socket.connection.ts'
import { Census } from './socket.limits.ts'
import type { Opened, Place } from './streams.ts'

/** Close codes beside those of the protocol. */
const DRAINS = 1012
const RIGHT_LOST = 4403
const PATH = '/graphql'
const NOWHERE = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const STRANGER = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const PULSE_SLOTS = 25 // One a second: every connection is asked in 25 s.
const PULSE_MS = 1_000
const SWEEP_MS = 5_000
const GOODBYE_MS = 100
const INIT_WAIT_MS = 10_000
const INIT_LOOK_MS = 500
const REASON_MAX = 120 // A close frame carries 123 bytes.

// Each message stands alone, so that one compressed for a group fits every socket. ws itself compresses none: what it would
// compress in the background could be overtaken by the group's frames.
const DEFLATE = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: Infinity }

/** What the WebSocket door needs from the house. */
export interface SocketDoor {
  schema: GraphQLSchema
  admission: Admission
  /** Origins that pages may connect from, beside this host's own. */
  origins: readonly string[]
  groups: Groups
  actorOf(authorization: string | undefined): Promise<Identified>
  /** Returns those whose token is no longer good, each with a sentence; asked as often. */
  lostOf(actors: readonly Identified[]): Promise<Map<Identified, string>>
  contextFor(actor: Actor, origin?: Origin): Context
  /** Returns how these people stand now; asked every 30 s and when people change. */
  standingOf(actors: readonly Identified[]): Promise<Map<Actor, Standing>>
}

type IdentifiedConnection = Connection & { actor: Identified }
const isIdentified = (connection: Connection): connection is IdentifiedConnection => connection.actor !== null

interface InitParameters extends Record<string, unknown> {
  authorization?: unknown; Authorization?: unknown; platform?: unknown
}
interface Extra extends Record<PropertyKey, unknown> { connection: Connection }
type SocketContext = ProtocolContext<InitParameters, Extra>
/** graphql-ws hands these back to `subscribe`: the protocol's own arguments and whose operation it is. */
type SocketOperation = ExecutionArgs & { operationId: string; connection: Connection; begun: number }

/** Opens the door on `server`; returns how many sockets are open, a check of everybody's rights, and how to close them all. */
export function socketDoor(
  server: Server, door: SocketDoor,
): { open(): number; checkRights(): Promise<void>; close(): Promise<void> } {
  const wss = new WebSocketServer({
    noServer: true, perMessageDeflate: DEFLATE, maxPayload: LIMITS.socketMessageBytesMax, clientTracking: false, handleProtocols,
  })
  const open = new Set<Connection>()
  /** Those who have yet to say who they are, oldest first, and since when. */
  const arriving = new Map<Connection, number>()
  const census = new Census()
  const pulse = new Pulse(PULSE_SLOTS, PULSE_MS)
  const protocol = protocolOf(door, census, connection => arriving.delete(connection))

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?')[0] !== PATH) return socket.end(NOWHERE)
    const { origin, host } = request.headers
    if (origin !== undefined && !isAllowedOrigin(origin, host, door.origins)) return socket.end(STRANGER)
    wss.handleUpgrade(request, socket, head, ws => enter(new Connection(ws, socket, readOrigin(request))))
  })
  const enter = (connection: Connection) => {
    const slot = pulse.add(connection)
    open.add(connection)
    arriving.set(connection, Date.now())
    sockets.inc()
    const closed = protocol.opened(connection, { connection })
    connection.ws.on('close', (code: number, reason: Buffer) => {
      open.delete(connection)
      arriving.delete(connection)
      pulse.delete(connection, slot)
      connection.outlet.end()
      countSocket(code, connection.since)
      if (connection.actor) census.leave(connection.actor)
      void closed(code, reason.toString())
    })
  }
  const identified = () => [...open].filter(isIdentified)
  const waits = setInterval(() => {
    for (const [connection, sinceMs] of arriving) {
      if (sinceMs > Date.now() - INIT_WAIT_MS) return
      connection.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
      arriving.delete(connection)
    }
  }, INIT_LOOK_MS).unref()
  const forgetOwed = beforeScrape(() => setOwed([...open].reduce((sum, { outlet }) => sum + outlet.owed, 0)))
  const sweep = setInterval(() => { for (const { outlet } of open) outlet.sweep(Date.now()) }, SWEEP_MS).unref()
  return {
    open: () => open.size,
    async checkRights() {
      for (const { ws, actor } of identified()) {
        if (actor.expiresMs <= Date.now()) ws.close(CloseCode.Unauthorized, 'The token has expired')
      }
      const actors = identified().map(({ actor }) => actor)
      const [lost, people] = await Promise.all([door.lostOf(actors), door.standingOf(actors)])
      for (const { ws, actor } of identified()) {
        if (lost.has(actor)) ws.close(CloseCode.Unauthorized, lost.get(actor)!.slice(0, REASON_MAX))
        if (people.get(actor)?.isActive === false) ws.close(RIGHT_LOST, 'This person is no longer active')
      }
      door.groups.review(people)
    },
    async close() {
      clearInterval(sweep)
      clearInterval(waits)
      forgetOwed()
      pulse.stop()
      for (const { ws } of open) ws.close(DRAINS, 'This node drains; reconnect')
      await new Promise(resolve => setTimeout(resolve, open.size ? GOODBYE_MS : 0))
      for (const { ws } of open) ws.terminate()
    },
  }
}

/** The protocol with the house behind it. */
function protocolOf(
  { schema, admission, groups, actorOf, contextFor }: SocketDoor, census: Census, onInit: (connection: Connection) => void,
) {
  return makeServer<InitParameters, Extra>({
    connectionInitWaitTimeout: 0, // Its timer would live as long as the socket; the door waits for all of them with one.
    async onConnect(context) {
      const { connection } = context.extra
      onInit(connection)
      try {
        connection.origin.platform = platformIn(context) ?? connection.origin.platform ?? null
        const actor = await actorOf(tokenIn(context))
        if (connection.ws.readyState !== connection.ws.OPEN) return false
        if (!census.enter(actor)) {
          connection.close(TRY_LATER, 'Too many connections of this tenant or token; try again later')
          return false
        }
        connection.actor = actor
        return true
      } catch (error) {
        const { message, extensions } = error as GraphQLError
        // A token that cannot be looked at now is no bad token: clients come back after this code, not after the other.
        const isAway = extensions?.code === 'UNAVAILABLE'
        connection.close(isAway ? TRY_LATER : CloseCode.Unauthorized, message.slice(0, REASON_MAX))
        return false
      }
    },
    async onSubscribe({ extra: { connection }, subscriptions }, id, payload) {
      const begun = performance.now()
      const wish = { ...payload }
      Object.assign(payload, { query: '' }) // graphql-ws keeps the message while the operation runs; the document is known.
      try {
        const asked = admission.read(wish)
        if (Object.keys(subscriptions).length > LIMITS.subscriptionsPerSocketMax) throw tooManyAtATime()
        const isStream = asked.operation.operation === 'subscription'
        const actor = { ...connection.actor!, now: new Date(), ...isStream ? {} : { signal: connection.deadline() } }
        const cost = await admission.admit(asked, actor)
        const contextValue = contextFor(actor, { ...connection.origin, correlationId: randomUUID() })
        contextValue.cost = cost
        const { document, operationName, variables: variableValues } = asked
        const args: SocketOperation =
          { schema, document, operationName, variableValues, contextValue, operationId: id, connection, begun }
        return args
      } catch (error) {
        if (error instanceof Refused) return error.errors
        if (error instanceof GraphQLError) return [error]
        throw error
      }
    },
    subscribe: args => subscribeIn(groups, args as SocketOperation),
    onOperation(_context, _id, _payload, args, result) {
      streams.inc()
      if (result instanceof Following) countOperation('socket', 'subscription', 'ok', (args as SocketOperation).begun)
    },
    onComplete: () => streams.dec(),
    onNext(_context, _id, _payload, args, result) { // Of queries and mutations, and of subscriptions that may not begin.
      const errors = result.errors?.map(error => formatError(error))
      const type = typeOf(getOperationAST(args.document, args.operationName))
      countOperation('socket', type, outcomeOf(errors), (args as SocketOperation).begun)
      // A stream's messages are the same for all and say nothing of cost; only what is answered once passes here.
      const { cost } = (args.contextValue ?? {}) as Partial<Context>
      return { ...result, ...errors ? { errors: errors as never } : {}, ...cost ? { extensions: { cost } } : {} }
    },
    onError: (_context, _id, _payload, errors) => showRefused('socket')(errors, performance.now()),
  })
}

const tooManyAtATime = () => fault(
  'RATE_LIMITED', `A socket carries at most ${LIMITS.subscriptionsPerSocketMax} operations at a time: complete one first.`,
  { retryAfterMs: 1_000 })

/** Returns what `connection_init` brought, and forgets it: the actor holds all that is needed of it. */
function tokenIn(context: SocketContext): string | undefined {
  const given = context.connectionParams?.authorization ?? context.connectionParams?.Authorization
  ;(context as { connectionParams?: unknown }).connectionParams = undefined
  return typeof given === 'string' ? given : undefined
}

/** Returns the platform that `connection_init` names; what is no name is none of the tenant's. */
function platformIn({ connectionParams }: SocketContext): string | null {
  const named = connectionParams?.platform
  return named == null ? null : typeof named === 'string' ? named : ''
}

/** Runs the root field's own subscribe with the subscriber's rights, then joins the group of its stream. */
async function subscribeIn(groups: Groups, args: SocketOperation) {
  const opened = await createSourceEventStream(args)
  args.contextValue = null // Only the group's own contexts are used from here on.
  if (!('source' in opened)) return opened as never // The errors of a refused subscription.
  return new Following(groups, args, opened as unknown as Opened) as never
}

/**
 * A subscription: to its group a subscriber, to graphql-ws an iterator that never yields, since the group writes to the socket.
 * Ending it leaves the group.
 */
class Following implements AsyncGenerator<never, void>, Subscriber {
  readonly id: string
  readonly outlet: Subscriber['outlet']
  readonly actor: Identified
  readonly use: Subscriber['use']
  place: Place
  readonly #groups: Groups
  readonly #ended = Promise.withResolvers<IteratorReturnResult<void>>()
  /** What joining takes; forgotten once joined. */
  #wish: { args: SocketOperation; source: Opened['source'] } | null
  #group: Group | null = null

  constructor(groups: Groups, args: SocketOperation, { source, place, use }: Opened) {
    this.id = writtenId(args.operationId)
    this.outlet = args.connection.outlet
    this.actor = args.connection.actor!
    this.place = place
    this.use = use
    this.#groups = groups
    this.#wish = { args, source }
  }

  next(): Promise<IteratorResult<never, void>> {
    if (this.#wish) this.#group = this.#groups.join(this.#wish.args, this.#wish.source, this)
    this.#wish = null
    return this.#ended.promise
  }

  #leave(): void {
    this.#wish = null
    if (this.#group) this.#groups.leave(this.#group, this)
    this.#group = null
  }

  fail(error: Error): void {
    this.#leave()
    this.#ended.reject(error)
  }

  async return(): Promise<IteratorReturnResult<void>> {
    const end = { done: true, value: undefined } as const
    this.#leave()
    this.#ended.resolve(end)
    return end
  }

  throw(): Promise<IteratorReturnResult<void>> {
    return this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => {})
  }
}
