/**
 * GraphQL over server-sent events, in the distinct-connections mode of the GraphQL-SSE protocol: one operation a request,
 * the same messages as the sockets.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  createSourceEventStream, type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema,
} from 'graphql'
import type { Admission } from '../limits/admission.ts'
import { admittedOf, entrance } from '../limits/entrance.ts'
import type { Origin } from '../platform/audit.ts'
import { execute } from '../plans/executor.ts'
import { reach } from '../platform/faults.ts'
import type { Context } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Actor } from '../platform/tenancy.ts'
import type { Identified } from './auth.ts'
import { formatError } from './error.format.ts'
import { Payload } from './frames.ts'
import type { Groups, Subscriber, Outlet, Standing } from './groups.ts'
import { countOperation, depths, outcomeOf, showRefused, stalledReaders, streams, typeOf } from './metrics.ts'
import { originOf } from './origin.ts'
import type { Opened } from './streams.ts'

const KEEP_ALIVE_MS = 12_000 // Proxies cut silent responses sooner than sockets.
const SWEEP_MS = 5_000
const LASTING = {
  'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no',
  connection: 'keep-alive',
}
const END = 'event: complete\ndata:\n\n'
const DRAIN_COMMENT = ': this node drains; reconnect\n\n'

/** What this door needs from the house. */
export interface EventDoor {
  schema: GraphQLSchema
  admission: Admission
  groups: Groups
  actorOf(authorization: string | undefined): Promise<Identified>
  lostOf(actors: readonly Identified[]): Promise<Map<Identified, string>>
  contextFor(asker: Actor | GraphQLError, origin?: Origin): Context
  standingOf(actors: readonly Actor[]): Promise<Map<Actor, Standing>>
}

/** One response as an outlet: it takes more while the kernel does. */
export class ResponseOutlet implements Outlet {
  readonly #response: ServerResponse
  #isFull = false
  #waiting: (() => void)[] = []
  #bytesLeft = 0
  #progressMs = 0
  constructor(response: ServerResponse) {
    this.#response = response
    response.on('close', () => this.#fill(false)).on('drain', () => {
      this.#fill(false)
      for (const listener of this.#waiting.splice(0)) listener()
    })
  }

  ready(): boolean {
    return !this.#isFull
  }

  whenReady(listener: () => void): void {
    if (this.#isFull) this.#waiting.push(listener)
    else listener()
  }

  send(_id: string, payload: Payload): void {
    if (this.#response.writableEnded) return
    reach('response.sending')
    this.#fill(!this.#response.write(payload.event))
    this.#bytesLeft = this.#response.writableLength
    this.#progressMs = Date.now()
  }

  #fill(isFull: boolean): void {
    if (isFull !== this.#isFull) depths.readers.set(depths.readers.now + (isFull ? 1 : -1))
    this.#isFull = isFull
  }

  /** Keeps proxies from cutting a silent response; one that takes no more has enough to carry. */
  keepAlive(): void {
    if (!this.#isFull && !this.#response.writableEnded) this.#response.write(':\n\n')
  }

  /** Cuts a reader that has taken nothing for 60 s though something lies ready. */
  sweep(nowMs: number): void {
    const bytesLeft = this.#response.writableLength
    const isOwed = this.#isFull || this.#response.writableEnded
    if (!isOwed || bytesLeft < this.#bytesLeft) this.#progressMs = nowMs
    this.#bytesLeft = bytesLeft
    if (nowMs - this.#progressMs < LIMITS.stalledMaxMs) return
    stalledReaders.inc()
    this.#response.destroy()
  }
}

/** Adds `POST /graphql/stream`; returns how to end all running responses and a check of everybody's rights. */
export function eventDoor(app: FastifyInstance, door: EventDoor): { checkRights(): Promise<void>; close(): void } {
  const running = new Map<ServerResponse, { actor: Identified; outlet: ResponseOutlet }>()
  const sweep = setInterval(() => { for (const { outlet } of running.values()) outlet.sweep(Date.now()) }, SWEEP_MS).unref()
  const admit = entrance({
    admission: door.admission, actorOf: door.actorOf, show: showRefused('sse'),
    contextFor: (asker, request, reply) => door.contextFor(asker, originOf(request, reply)),
  })
  app.post('/graphql/stream', { preHandler: admit }, async (request, reply) => {
    const begun = performance.now() - reply.elapsedTime
    const { asked: { document, operation, operationName, variables }, asker, context } = admittedOf(request)
    const args = { schema: door.schema, document, operationName, variableValues: variables, contextValue: context }
    const { cost } = context
    const once = ({ data, errors }: ExecutionResult) => {
      const shown = errors?.map(error => formatError(error))
      countOperation('sse', typeOf(operation), outcomeOf(shown), begun)
      return answerOnce(reply, {
        ...data === undefined ? {} : { data }, ...shown ? { errors: shown } : {}, ...cost ? { extensions: { cost } } : {},
      })
    }
    if (operation.operation !== 'subscription') return once(await execute(args) as ExecutionResult)
    if (asker instanceof GraphQLError) {
      const status = asker.extensions.code === 'UNAVAILABLE' ? 503 : 401
      return reply.code(status).send({ errors: showRefused('sse')([asker], begun) })
    }
    const opened = await createSourceEventStream(args)
    if (!('source' in opened)) return once(opened as ExecutionResult)
    countOperation('sse', 'subscription', 'ok', begun)
    return follow(reply, opened as unknown as Opened, args, asker as Identified)
  })

  const follow = (reply: FastifyReply, { source, place, use }: Opened, args: ExecutionArgs, actor: Identified) => {
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, { ...reply.getHeaders() as OutgoingHttpHeaders, ...LASTING })
    response.write(':\n\n')
    streams.inc()
    const outlet = new ResponseOutlet(response)
    running.set(response, { actor, outlet })
    const keepAlive = setInterval(() => outlet.keepAlive(), KEEP_ALIVE_MS).unref()
    const expiry = setTimeout(() => response.end(END), Math.min(actor.expiresMs - Date.now(), 2 ** 31 - 1)).unref()
    const fail = (error: Error) => {
      response.end(`event: next\ndata: ${JSON.stringify({ errors: [formatError(error)] })}\n\n${END}`)
    }
    const subscriber: Subscriber = { id: '', outlet, place, actor, use, fail }
    const group = door.groups.join(args, source, subscriber)
    response.on('close', () => {
      clearInterval(keepAlive)
      clearTimeout(expiry)
      streams.dec()
      running.delete(response)
      door.groups.leave(group, subscriber)
    })
  }
  return {
    async checkRights() {
      const actors = [...running.values()].map(({ actor }) => actor)
      const [lost, people] = await Promise.all([door.lostOf(actors), door.standingOf(actors)])
      const isGone = (actor: Identified) => lost.has(actor) || people.get(actor)?.isActive === false
      for (const [response, { actor }] of running) if (isGone(actor)) response.end(END)
    },
    close() {
      clearInterval(sweep)
      for (const response of running.keys()) response.end(DRAIN_COMMENT)
    },
  }
}

/** Answers a query or mutation, or the errors of a subscription that may not begin, as one event. */
function answerOnce(reply: FastifyReply, answer: object): FastifyReply {
  const payload = new Payload(JSON.stringify(answer))
  return reply.type('text/event-stream; charset=utf-8').header('cache-control', 'no-cache').send(
    Buffer.concat([payload.event, Buffer.from(END)]))
}
