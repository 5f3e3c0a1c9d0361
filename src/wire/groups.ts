/**
 * Shared execution: subscribers who may see the same answer form a group; a message is executed and serialized once for all of
 * them. A group's resolvers run without a viewer. One that asks for the viewer makes the group execute for each
 * subscriber instead.
 */
import {
  type DocumentNode, execute, type ExecutionArgs, type ExecutionResult, type FragmentDefinitionNode, Kind,
  type OperationDefinitionNode, visit,
} from 'graphql'
import { fault } from '../platform/errors.ts'
import type { Context } from '../platform/graphql.ts'
import type { Actor } from '../platform/tenancy.ts'
import { formatError } from './error.format.ts'
import { Payload } from './frames.ts'
import { log } from '../platform/log.ts'
import { executions, messages } from './metrics.ts'
import type { Place, StreamSource } from './streams.ts'

/** Where a subscriber's messages go. */
export interface Outlet {
  /** Whether it can take more now; when it becomes able again it calls what `onReady` was given. */
  ready(): boolean
  onReady(listener: () => void): void
  /** Takes one message for this operation. */
  send(id: string, payload: Payload): void
}

/** One subscriber in a group. */
export interface Subscriber {
  id: string; outlet: Outlet; place: Place; actor: Actor; isBusy: boolean; wasHeld: boolean; fail(error: Error): void
}

/** How a person stands: what may have changed since a subscriber joined. */
export interface Standing { isActive: boolean; teamId: string | null }

/** Thrown inside a group's resolver that asks who is looking. */
class ViewerAsked extends Error {}

/** Returns the actor of a group: its tenant and nothing of a person. */
function audienceOf({ tenantId, db }: Actor): Actor {
  const refuse = (): never => { throw new ViewerAsked() }
  return Object.defineProperties({ tenantId, now: new Date(), db }, { userId: { get: refuse }, role: { get: refuse } }) as Actor
}

/** How a group makes the context of an execution. */
export type ContextFor = (actor: Actor) => Context

/** Deltas that a held-back reader of a STATE stream may have missed before one snapshot is cheaper for it. */
const MISSED_MAX = 4
const RETRY_MS = 1_000

/** All subscribers of one document, variables and audience. */
export class Group {
  readonly subscribers = new Set<Subscriber>()
  readonly #args: ExecutionArgs
  readonly #source: StreamSource
  readonly #contextFor: ContextFor
  readonly #payloads = new WeakMap<object, Promise<Payload>>()
  readonly #stop: () => void
  #isPersonal: boolean

  constructor(args: ExecutionArgs, source: StreamSource, contextFor: ContextFor, isPersonal: boolean) {
    this.#args = args
    this.#source = source
    this.#contextFor = contextFor
    this.#isPersonal = isPersonal
    this.#stop = source.onChange(() => this.flush())
  }

  close(): void {
    this.#stop()
  }

  /** Ends the subscribers whose person may no longer follow this stream. */
  review(people: ReadonlyMap<Actor, Standing>): void {
    const { allows } = this.#source
    if (!allows) return
    for (const { actor, fail } of this.subscribers) {
      const standing = people.get(actor)
      if (standing && !allows(standing)) {
        fail(fault('FORBIDDEN', 'You may no longer follow this: your team has changed. Subscribe again to what is yours now.'))
      }
    }
  }

  /**
   * Brings every subscriber that can take more to the stream's present. A subscriber that is being served is served again when it
   * is behind.
   */
  flush(): void {
    // Members at one place read the same; most are at the newest.
    const byPlace = new Map<string, Subscriber[]>()
    for (const subscriber of this.subscribers) {
      if (subscriber.isBusy) continue
      if (!subscriber.outlet.ready()) {
        subscriber.wasHeld = true
        continue
      }
      const { pos, told, reason } = subscriber.place
      const key = `${pos}|${told}|${reason}|${subscriber.wasHeld}`
      const alike = byPlace.get(key)
      if (alike) alike.push(subscriber)
      else byPlace.set(key, [subscriber])
    }
    for (const alike of byPlace.values()) void this.#serve(alike)
  }

  async #serve(alike: Subscriber[]): Promise<void> {
    for (const subscriber of alike) subscriber.isBusy = true
    const moved = await this.#advance(alike).catch((error: Error) => {
      log.error({ source: this.#source.key, reason: error.message }, 'a stream could not be read and is tried again')
      setTimeout(() => this.flush(), RETRY_MS).unref()
      return false
    })
    for (const subscriber of alike) subscriber.isBusy = false
    if (moved) this.flush()
  }

  /** Sends what these subscribers have not read; returns whether there was anything. */
  async #advance(alike: Subscriber[]): Promise<boolean> {
    const { place, wasHeld } = alike[0]!
    let read = await this.#source.read(place)
    // A reader that was held back and missed much needs the newest, not the way there.
    if (wasHeld && this.#source.kind === 'STATE' && read.messages.length > MISSED_MAX) {
      read = await this.#source.read({ pos: null, told: 0, reason: 'SLOW_CLIENT' })
    }
    for (const message of read.messages) {
      if (this.#isPersonal) await this.#sendPersonal(alike, message)
      else await this.#sendShared(alike, message)
    }
    for (const subscriber of alike) {
      subscriber.place = read.place
      subscriber.wasHeld = false
    }
    return read.place !== place
  }

  async #sendShared(alike: Subscriber[], message: object): Promise<void> {
    let payload = this.#payloads.get(message)
    if (!payload) this.#payloads.set(message, (payload = this.#execute(message, this.#contextFor(audienceOf(alike[0]!.actor)))))
    let ready: Payload
    try {
      ready = await payload
    } catch (error) {
      if (!(error instanceof ViewerAsked)) {
        this.#payloads.delete(message)
        throw error
      }
      this.#isPersonal = true
      return this.#sendPersonal(alike, message)
    }
    for (const subscriber of alike) if (this.subscribers.has(subscriber)) subscriber.outlet.send(subscriber.id, ready)
    messages.inc(alike.length)
  }

  async #sendPersonal(alike: Subscriber[], message: object): Promise<void> {
    for (const subscriber of alike) {
      const payload = await this.#execute(message, this.#contextFor({ ...subscriber.actor, now: new Date() }))
      if (this.subscribers.has(subscriber)) subscriber.outlet.send(subscriber.id, payload)
    }
    messages.inc(alike.length)
  }

  async #execute(message: object, contextValue: Context): Promise<Payload> {
    executions.inc()
    const { data, errors } = await execute({ ...this.#args, rootValue: message, contextValue }) as ExecutionResult
    if (errors?.some(({ originalError }) => originalError instanceof ViewerAsked)) throw new ViewerAsked()
    const shown = errors?.map(formatError)
    // A message with holes would count as delivered: it is made again when the vault is back.
    if (shown?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE')) throw new Error('the database is away')
    return new Payload(JSON.stringify(shown ? { data, errors: shown } : { data }))
  }
}

/** The groups of a node. */
export class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #contextFor: ContextFor
  readonly #isPersonal: boolean

  /** `isPersonal` makes every group execute for each subscriber; for comparing the two. */
  constructor(contextFor: ContextFor, isPersonal = false) {
    this.#contextFor = contextFor
    this.#isPersonal = isPersonal
  }

  /** Ends the subscriptions of people who may no longer follow their stream. */
  review(people: ReadonlyMap<Actor, Standing>): void {
    for (const group of this.#groups.values()) group.review(people)
  }

  get size(): number {
    return this.#groups.size
  }

  /** Adds a subscriber, which then gets its first message; returns how it leaves, which touches no other. */
  join(args: ExecutionArgs, source: StreamSource, subscriber: Subscriber): () => void {
    const key = `${subscriber.actor.tenantId}|${source.key}|${operationKey(args)}`
    let group = this.#groups.get(key)
    if (!group) this.#groups.set(key, (group = new Group(args, source, this.#contextFor, this.#isPersonal)))
    const joined = group
    joined.subscribers.add(subscriber)
    subscriber.outlet.onReady(() => joined.flush())
    joined.flush()
    return () => {
      joined.subscribers.delete(subscriber)
      if (joined.subscribers.size || this.#groups.get(key) !== joined) return
      this.#groups.delete(key)
      joined.close()
    }
  }
}

const texts = new WeakMap<DocumentNode, { text: string; placing: Set<string> }>()

/** Returns what tells one operation's answers from another's: its text, its name, and the variables that reach a field. */
function operationKey({ document, operationName, variableValues }: ExecutionArgs): string {
  let known = texts.get(document)
  if (!known) {
    texts.set(document, (known = {
      text: document.loc?.source.body ?? JSON.stringify(document), placing: placingVariables(document),
    }))
  }
  const { text, placing } = known
  const variables = Object.entries(variableValues ?? {}).filter(([name]) => !placing.has(name))
    .sort(([one], [other]) => one < other ? -1 : 1)
  return `${text}|${operationName ?? ''}|${JSON.stringify(variables)}`
}

/**
 * Returns the variables that only say where a subscriber begins (`after`, `atLeast` of the root field): they change no
 * answer.
 */
function placingVariables(document: DocumentNode): Set<string> {
  const placing = new Set<string>()
  const elsewhere = new Set<string>()
  const roots = new Set<unknown>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      for (const field of (definition as OperationDefinitionNode).selectionSet.selections) roots.add(field)
    }
  }
  visit(document as DocumentNode & { definitions: readonly (OperationDefinitionNode | FragmentDefinitionNode)[] }, {
    VariableDefinition: () => false,
    Variable(node, _key, _parent, _path, ancestors) {
      const argument = ancestors.at(-1) as { kind?: string; name?: { value: string } } | undefined
      const field = ancestors.at(-3)
      const isPlace = argument?.kind === Kind.ARGUMENT && (argument.name?.value === 'after' || argument.name?.value === 'atLeast')
        && roots.has(field)
      ;(isPlace ? placing : elsewhere).add(node.name.value)
    },
  })
  for (const name of elsewhere) placing.delete(name)
  return placing
}
