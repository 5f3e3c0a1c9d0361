/**
 * Shared execution: subscribers who may see the same answer form a group; a message is executed and serialized once for all of
 * them. A group's resolvers run without a viewer. One that asks for the viewer makes the group execute for each subscriber.
 */
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { execute } from '../plans/executor.ts'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import type { Actor } from '../platform/tenancy.ts'
import { operationKey } from '../limits/documents.ts'
import { formatError } from './error.format.ts'
import { Payload } from './frames.ts'
import { log } from '../platform/log.ts'
import { countDelays, countExecution, messages, streamFailures } from './metrics.ts'
import { Cohort, endIfOff, type IsOff, type Standing, type StreamSource, type Subscriber } from './streams.ts'

export type { Outlet, Standing, Subscriber } from './streams.ts'

/** Thrown inside a group's resolver that asks who is looking. */
class ViewerAsked extends Error { readonly isPersonal = true }

/** What all in a group have in common. */
type Audience = Pick<Actor, 'tenantId' | 'db' | 'isOutsider'>

/** Returns the actor of a group: its tenant, whether it may see employees, and nothing of a person. */
function audienceOf({ tenantId, db, isOutsider = false }: Audience): Actor {
  const refuse = (): never => { throw new ViewerAsked() }
  return Object.defineProperties(
    { tenantId, now: new Date(), db, isOutsider },
    { userId: { get: refuse }, role: { get: refuse }, credential: { get: refuse } }) as Actor
}

/** How a group makes the context of an execution. */
export type ContextFor = (actor: Actor) => Context

/** Deltas that a held-back reader of a STATE stream may have missed before one snapshot is cheaper for it. */
const MISSED_MAX = 4
const RETRY_MS = 1_000

/** All subscribers of one document, variables and audience. */
export class Group {
  readonly key: string
  readonly #args: ExecutionArgs
  readonly #source: StreamSource
  readonly #contextFor: ContextFor
  readonly #audience: Audience
  readonly #payloads = new WeakMap<object, Promise<Payload>>()
  /** Cohorts that were level when last served, by their key; those being served; and subscribers whose outlets take no more. */
  readonly #level = new Map<string, Cohort>()
  readonly #serving = new Set<Cohort>()
  readonly #held = new Set<Subscriber>()
  readonly #stop: () => void
  #changes = 0
  #isPersonal: boolean

  constructor(
    key: string, args: ExecutionArgs, source: StreamSource, { tenantId, db, isOutsider }: Actor, contextFor: ContextFor,
    isPersonal: boolean,
  ) {
    this.key = key
    this.#args = args
    this.#source = source
    this.#audience = { tenantId, db, ...isOutsider ? { isOutsider } : {} }
    this.#contextFor = contextFor
    this.#isPersonal = isPersonal
    this.#stop = source.onChange(() => this.flush())
  }

  close(): void {
    this.#stop()
  }

  get isEmpty(): boolean {
    return !this.#held.size && this.#cohorts().every(({ subscribers }) => !subscribers.size)
  }

  /** Adds a subscriber, which then gets what it has not read. */
  join(subscriber: Subscriber): void {
    this.#admit(subscriber, false)
  }

  /** Takes a subscriber out, wherever it stands; touches no other. */
  leave(subscriber: Subscriber): void {
    this.#held.delete(subscriber)
    for (const { subscribers } of this.#cohorts()) if (subscribers.delete(subscriber)) return
  }

  /** Ends the subscribers whose person may no longer follow this stream. */
  review(people: ReadonlyMap<Actor, Standing>): void {
    const { allows } = this.#source
    if (!allows) return
    for (const subscriber of this.#subscribers()) {
      const standing = people.get(subscriber.actor)
      if (standing && !allows(standing)) {
        subscriber.fail(fault(
          'FORBIDDEN', 'You may no longer follow this: your team has changed. Subscribe again to what is yours now.'))
      }
    }
  }

  /** Ends the subscribers whose feature is off by now. */
  endOff(isOff: IsOff): void {
    for (const subscriber of this.#subscribers()) endIfOff(subscriber, isOff)
  }

  #subscribers(): Subscriber[] {
    return [...this.#held, ...this.#cohorts().flatMap(({ subscribers }) => [...subscribers])]
  }

  #cohorts(): Cohort[] {
    return [...this.#level.values(), ...this.#serving]
  }

  /** Brings every subscriber that can take more to the stream's present. */
  flush(): void {
    this.#changes++ // Cohorts that are being served look once more before they rest.
    for (const cohort of [...this.#level.values()]) void this.#serve(cohort)
  }

  #admit(subscriber: Subscriber, wasHeld: boolean): void {
    const wanted = new Cohort(subscriber.place, wasHeld)
    const cohort = this.#level.get(wanted.key) ?? wanted
    cohort.subscribers.add(subscriber)
    void this.#serve(cohort)
  }

  async #serve(cohort: Cohort): Promise<void> {
    this.#level.delete(cohort.key)
    this.#serving.add(cohort)
    try {
      for (let moved = true, seen = -1; moved || seen !== this.#changes;) {
        seen = this.#changes
        moved = await this.#advance(cohort)
      }
      cohort.isLive = true
    } catch (error) {
      streamFailures.inc()
      log.error({ source: this.#source.key, reason: (error as Error).message }, 'a stream could not be read and is tried again')
      setTimeout(() => this.flush(), RETRY_MS).unref()
    }
    this.#serving.delete(cohort)
    this.#rest(cohort)
  }

  /** Lets a cohort wait for news, together with one that waits at the same place. */
  #rest(cohort: Cohort): void {
    if (!cohort.subscribers.size) return
    const other = this.#level.get(cohort.key)
    const [few, many] = other && other.subscribers.size > cohort.subscribers.size ? [cohort, other] : [other, cohort]
    for (const subscriber of few?.subscribers ?? []) many.subscribers.add(subscriber)
    this.#level.set(many.key, many)
  }

  /** Sends what a cohort has not read; returns whether there was anything. */
  async #advance(cohort: Cohort): Promise<boolean> {
    const { place, wasHeld, subscribers } = cohort
    let read = await this.#source.read(place)
    // A reader that was held back and missed much needs the newest, not the way there.
    if (wasHeld && this.#source.kind === 'STATE' && read.messages.length > MISSED_MAX) {
      read = await this.#source.read({ pos: null, told: 0, reason: 'SLOW_CLIENT' })
    }
    if (read.messages.length) {
      for (const subscriber of subscribers) if (!subscriber.outlet.ready()) this.#hold(subscriber, cohort)
      await this.#send(read.messages, subscribers)
      if (cohort.isLive && subscribers.size) countDelays(this.#source.kind, read.messages)
    }
    cohort.place = read.place
    cohort.wasHeld = false
    return read.place !== place
  }

  /** Sets a subscriber aside where it stands, until its outlet takes more. */
  #hold(subscriber: Subscriber, { subscribers, place }: Cohort): void {
    subscribers.delete(subscriber)
    subscriber.place = place
    this.#held.add(subscriber)
    subscriber.outlet.whenReady(() => { if (this.#held.delete(subscriber)) this.#admit(subscriber, true) })
  }

  /** Makes every message before it sends the first: when one cannot be made, all are tried again and none has been sent twice. */
  async #send(read: readonly object[], subscribers: ReadonlySet<Subscriber>): Promise<void> {
    if (!subscribers.size) return
    const shared = this.#isPersonal ? null : await this.#shared(read)
    if (shared) for (const payload of shared) for (const { id, outlet } of subscribers) outlet.send(id, payload)
    else await this.#sendPersonal(read, subscribers)
    messages.inc(read.length * subscribers.size)
  }

  /** Returns the messages as everybody in the group gets them, each executed once; null when they depend on the viewer. */
  async #shared(read: readonly object[]): Promise<Payload[] | null> {
    const payloads: Payload[] = []
    for (const message of read) {
      let payload = this.#payloads.get(message)
      if (!payload) this.#payloads.set(message, (payload = this.#execute(message, this.#contextFor(audienceOf(this.#audience)))))
      try {
        payloads.push(await payload)
      } catch (error) {
        this.#payloads.delete(message)
        if (!(error instanceof ViewerAsked)) throw error
        this.#isPersonal = true
        return null
      }
    }
    return payloads
  }

  async #sendPersonal(read: readonly object[], subscribers: ReadonlySet<Subscriber>): Promise<void> {
    const own = new Map<Subscriber, Payload[]>()
    for (const subscriber of [...subscribers]) {
      const payloads: Payload[] = []
      const asViewer = () => this.#contextFor({ ...subscriber.actor, now: new Date() })
      for (const message of read) payloads.push(await this.#execute(message, asViewer()))
      own.set(subscriber, payloads)
    }
    for (const [{ id, outlet }, payloads] of [...own].filter(([subscriber]) => subscribers.has(subscriber))) {
      for (const payload of payloads) outlet.send(id, payload)
    }
  }

  #execute(message: object, contextValue: Context): Promise<Payload> {
    return countExecution(async () => {
      const { data, errors } = await execute({ ...this.#args, rootValue: message, contextValue }) as ExecutionResult
      if (errors?.some(({ originalError }) => originalError instanceof ViewerAsked)) throw new ViewerAsked()
      const shown = errors?.map(formatError)
      // A message with holes would count as delivered: it is made again when the vault is back.
      if (shown?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE')) throw new Error('the database is away')
      return new Payload(JSON.stringify(shown ? { data, errors: shown } : { data }))
    })
  }
}

/** The groups of a node. */
export class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #contextFor: ContextFor
  readonly #isPersonal: boolean
  readonly #isOff: IsOff

  /** `isPersonal` makes every group execute for each subscriber; for comparing the two. */
  constructor(contextFor: ContextFor, isOff: IsOff, isPersonal = false) {
    this.#contextFor = contextFor
    this.#isOff = isOff
    this.#isPersonal = isPersonal
  }

  /** Ends the subscriptions whose feature is off by now. */
  endOff(): void {
    for (const group of this.#groups.values()) group.endOff(this.#isOff)
  }

  /** Ends the subscriptions of people who may no longer follow their stream. */
  review(people: ReadonlyMap<Actor, Standing>): void {
    for (const group of this.#groups.values()) group.review(people)
  }

  get size(): number {
    return this.#groups.size
  }

  /** Adds a subscriber, which then gets its first message; returns the group that it is to leave by `leave`. */
  join(args: ExecutionArgs, source: StreamSource, subscriber: Subscriber): Group {
    const { tenantId, isOutsider } = subscriber.actor
    const key = `${tenantId}|${isOutsider ? 'outsiders|' : ''}${source.key}|${operationKey(args)}`
    let group = this.#groups.get(key)
    if (!group) {
      group = new Group(key, args, source, subscriber.actor, this.#contextFor, this.#isPersonal)
      this.#groups.set(key, group)
    }
    group.join(subscriber)
    // It may have been switched off between the request and here.
    if (subscriber.use && this.#isOff(tenantId, subscriber.use)) queueMicrotask(() => endIfOff(subscriber, this.#isOff))
    return group
  }

  /** Takes a subscriber out of its group, which ends with its last one. Leaving twice is leaving once. */
  leave(group: Group, subscriber: Subscriber): void {
    group.leave(subscriber)
    if (!group.isEmpty || this.#groups.get(group.key) !== group) return
    this.#groups.delete(group.key)
    group.close()
  }
}
