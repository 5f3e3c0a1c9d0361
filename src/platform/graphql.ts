/** What every room's GraphQL door shares: scalars, Node, connections, payloads with userErrors, and the request's context. */
import 'reflect-metadata' // The decorators of every room need it before they run.
import { GraphQLError, GraphQLScalarType, Kind as AstKind } from 'graphql'
import DataLoader from 'dataloader'
import { Extensions, Field, ID, InterfaceType, ObjectType, registerEnumType } from 'type-graphql'
import { ERROR_MEANINGS, ErrorCode, fault, Refusal, refuseStopped } from './errors.ts'
import type { Kind } from './ids.ts'
import { LIMITS } from './limits.ts'
import { markOf, parseMark } from './marks.ts'
import { type AuditTrail, type Command, entryOf, type Origin } from './audit.ts'
import { type Action, decisionFor, type Gate, type Reach } from './policy.rules.ts'
import type { Actor } from './tenancy.ts'

registerEnumType(ErrorCode, {
  name: 'ErrorCode', description: 'Why a command was refused. Later versions may add values.',
  valuesConfig: Object.fromEntries(Object.entries(ERROR_MEANINGS).map(([code, description]) => [code, { description }])),
})

function scalar<T>(name: string, description: string, serialize: (value: unknown) => T | string, parse: (value: unknown) => T) {
  return new GraphQLScalarType<T>({
    name, description, serialize: serialize as never, parseValue: parse,
    parseLiteral: node => parse(node.kind === AstKind.INT ? Number(node.value) : 'value' in node ? node.value : undefined),
  })
}

function text(name: string, value: unknown, pattern: RegExp, hint: string, lengthMax = 64): string {
  if (typeof value !== 'string' || value.length > lengthMax || !pattern.test(value)) {
    throw fault('BAD_REQUEST', `${name} must be ${hint}.`)
  }
  return value
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/

// JavaScript reads 30 February as 2 March.
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

export const DateTime = scalar<Date>('DateTime', 'An instant as RFC 3339 in UTC with milliseconds: "2026-11-24T09:30:00.000Z".',
  value => (value instanceof Date ? value : new Date(value as string)).toISOString(),
  value => {
    const date = new Date(text('DateTime', value, RFC_3339, 'RFC 3339 with a zone, such as "2026-11-24T09:30:00.000Z"'))
    if (Number.isNaN(date.getTime()) || !isDay((value as string).slice(0, 10))) {
      throw fault('BAD_REQUEST', 'DateTime must be a date that exists.')
    }
    return date
  })

export const LocalDate = scalar<string>('Date', 'A calendar date in the tenant\'s time zone: "2026-11-24".',
  value => String(value), value => {
    const day = text('Date', value, /^\d{4}-\d{2}-\d{2}$/, 'like "2026-11-24"')
    if (!isDay(day)) throw fault('BAD_REQUEST', 'Date must be a date that exists.')
    return day
  })

export const Points = scalar<number>('Points', 'Whole points, positive or negative, within ±2^53−1.', value => Number(value),
  value => {
  if (!Number.isSafeInteger(value)) throw fault('BAD_REQUEST', 'Points must be a whole number within ±2^53−1.')
  return value as number
})

export const Percent = scalar<number>('Percent', 'A share, from 0 to 100.', value => Number(value), value => {
  if (typeof value === 'number' && value >= 0 && value <= 100) return value
  throw fault('BAD_REQUEST', 'Percent must be a number from 0 to 100.')
})

export const Cursor = scalar<string>('Cursor', 'An opaque place in a list or a stream. Send it back as it came.',
  value => String(value), value => text('Cursor', value, /^[\w:=-]+$/, 'a cursor as the API returned it', LIMITS.cursorLengthMax))

export const Mark = scalar<string>('Mark',
  'An opaque name of one commit. Deltas list the marks they contain; reads of live values take `atLeast`.',
  value => markOf(value as number), value => {
    const mark = typeof value === 'string' ? parseMark(value) : null
    if (mark === null) throw fault('BAD_REQUEST', 'Mark must be a mark as a mutation returned it.')
    return value as string
  })

@InterfaceType('Node', { description: 'A thing with an id.', resolveType: (row: { __typename: string }) => row.__typename })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque and typed; fetch the thing again with `node(id)`.' }) id!: string
}

@ObjectType({ description: 'Where a page of a list begins and ends.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follow after `endCursor`.' }) hasNextPage!: boolean
  @Field(() => Boolean, { description: 'Whether some come before `startCursor`.' }) hasPreviousPage!: boolean
  @Field(() => Cursor, { nullable: true, description: 'Cursor of the first edge; null on an empty page.' })
  startCursor?: string | null
  @Field(() => Cursor, { nullable: true, description: 'Cursor of the last edge; pass it as `after`.' }) endCursor?: string | null
}

/** Says how many things a list without a page size holds, as a rule or at most; the cost of an operation counts so many. */
export const sized = (sizeMax: number) => Extensions({ sizeMax })

/** Returns the `XEdge` and `XConnection` classes of a node type. */
export function connectionOf<T extends object>(name: string, node: () => abstract new (...args: never[]) => T) {
  const type = node as () => never
  @ObjectType(`${name}Edge`, { description: `One ${name} in a page and its place.` })
  class Edge {
    @Field(() => Cursor, { description: 'The place of this edge.' }) cursor!: string
    @Field(type, { description: `The ${name}.` }) node!: T
  }
  @ObjectType(`${name}Connection`, { description: `A page of ${name} (Relay connection).` })
  class Connection {
    @Field(() => [Edge], { description: 'The page, with places.' }) edges!: Edge[]
    @Field(_ => [type()], { description: 'The page, without places.' }) nodes!: T[]
    @Field(() => PageInfo, { description: 'Where the page begins and ends.' }) pageInfo!: PageInfo
  }
  return Connection
}

/** Returns a page of rows fetched with `limit first + 1`; `keyOf` gives each row's cursor. */
export function pageOf<Row>(rows: Row[], first: number, keyOf: (row: Row) => string, after?: string | null) {
  const nodes = rows.slice(0, first)
  // Places cost more than the rows they are of; most lists are asked without.
  return {
    nodes,
    get edges() {
      return nodes.map(node => ({ node, cursor: keyOf(node) }))
    },
    get pageInfo() {
      const [start, end] = [nodes[0], nodes.at(-1)]
      return {
        hasNextPage: rows.length > first, hasPreviousPage: Boolean(after),
        startCursor: start ? keyOf(start) : null, endCursor: end ? keyOf(end) : null,
      }
    },
  }
}

/** Returns the page size asked for. @throws Fault BAD_REQUEST outside 1–100. */
export function pageSize(first: number): number {
  if (first < 1 || first > LIMITS.pageMax) {
    throw fault('BAD_REQUEST', `first must be between 1 and ${LIMITS.pageMax}.`, { argument: 'first' })
  }
  return first
}

/** Returns a cursor of the list of this name that carries a row's sort key. */
export function encodeCursor(list: string, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

/** Returns the name of a list that belongs to one thing, so that its cursors are told from those of another's. */
export const listOf = (name: string, uuid: string): string => `${name} ${uuid.slice(-8)}`

const CURSOR_PART = {
  // What PostgreSQL can compare.
  string: (part: unknown) => typeof part === 'string' && part.isWellFormed() && !part.includes('\0'),
  number: Number.isSafeInteger,
  uuid: (part: unknown) => typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  date: (part: unknown) => typeof part === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(part) && isDay(part),
}

/**
 * Returns the sort key of a cursor of this list, checked to have the parts' types. @throws Fault BAD_REQUEST for anything else,
 * also for the cursor of another list.
 */
export function decodeCursor<const Shape extends readonly (keyof typeof CURSOR_PART)[]>(
  list: string, cursor: string, shape: Shape,
) {
  try {
    const [name, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (name === list && key.length === shape.length && shape.every((kind, at) => CURSOR_PART[kind](key[at]))) {
      return key as { [At in keyof Shape]: Shape[At] extends 'number' ? number : string }
    }
  } catch { /* Falls through to the one answer for every unreadable cursor. */ }
  throw fault('BAD_REQUEST', 'after must be a cursor that this list returned.', { argument: 'after' })
}

@ObjectType({ description: 'Why a command was refused, in words a person can act on.' })
export class UserError {
  @Field(() => ErrorCode, { description: 'For programs.' }) code!: ErrorCode
  @Field(() => String, { description: 'For people: what to do.' }) message!: string
  @Field(() => [String], { nullable: true, description: 'Path of the input field at fault.' }) field?: string[]
}

@ObjectType({ description: 'What every command answers.' })
export abstract class Payload {
  @Field(() => [UserError], { description: 'Empty when the command was carried out.' }) userErrors: UserError[] = []
  @Field(() => Mark, { nullable: true, description: 'Names this commit; null when nothing new was written.' })
  mark?: number | null
}

/** Returns the payload filled with what `work` returns, or with its Refusal as a user error. */
export async function answer<P extends Payload>(payload: P, work: () => Promise<Partial<P>>): Promise<P> {
  try {
    return Object.assign(payload, await work())
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    payload.userErrors = [userError(error)]
    return payload
  }
}

/** Returns a refusal as the schema shows it. */
export function userError({ code, message, field }: Refusal): UserError {
  return { code, message, field }
}

/** Fetches rows by id for one request: answers one row or null for each id, in the ids' order. */
export type Fetch<Row> = (context: Context, ids: readonly string[]) => Promise<(Row | null)[]>

const NOWHERE: Origin = { correlationId: '00000000-0000-0000-0000-000000000000', ip: null, agent: null }

/** What a request carries: who asks, from where, and the request's own batching loaders. */
export class Context {
  /** Where denials and commands that wrote nothing are noted; the house hands it to each request. */
  audit!: AuditTrail
  /** What the tenant has switched off; the house hands it to each request. */
  gate!: Gate
  // Not #private: Apollo Server hands resolvers a copy made with Object.create.
  private readonly asker: Actor | GraphQLError
  private readonly origin: Origin
  private readonly loaders = new Map<Fetch<unknown>, DataLoader<string, unknown>>()
  /** What the answer's `extensions` say of its cost. */
  cost: object | null = null
  /** `asker` is an error when there is no valid token: the schema may still be read. */
  constructor(asker: Actor | GraphQLError, origin: Origin = NOWHERE) {
    this.asker = asker
    this.origin = origin
  }

  /** Returns how far the asker's right to an action reaches; a denial is audited. @throws Fault UNAUTHENTICATED | FORBIDDEN */
  require(action: Action): Reach {
    const { actor } = this
    const decision = decisionFor(actor, action)
    if (decision.reach) return decision.reach
    this.audit.add(actor.tenantId, { ...entryOf(actor, action, this.origin), decision: 'DENIED', rule: decision.rule })
    throw fault('FORBIDDEN', decision.message, { action })
  }

  /** Passes when what an action is a part of is on for the request's platform. @throws Fault FEATURE_DISABLED | BAD_REQUEST */
  pass(action: Action): void | Promise<void> {
    return this.gate.pass(this.actor.tenantId, action, this.platform)
  }

  /** The platform that the request names, unchecked; null means the tenant's default. */
  get platform(): string | null {
    return this.origin.platform ?? null
  }

  /** Returns this request as it carries out one command, and the command. @throws Fault UNAUTHENTICATED | FORBIDDEN */
  commanding(action: Action): [Context, Command] {
    this.require(action)
    const command = { entry: entryOf(this.actor, action, this.origin), isWritten: false }
    return [Object.create(this, { actor: { value: { ...this.actor, command } } }) as Context, command]
  }

  /** Who asks. @throws Fault UNAUTHENTICATED, or UNAVAILABLE once the request was stopped */
  get actor(): Actor {
    if (this.asker instanceof GraphQLError) throw this.asker
    refuseStopped(this.asker.signal)
    return this.asker
  }

  /** Forgets what was loaded: each message of a subscription reads afresh. */
  renew(): void {
    this.loaders.clear()
  }

  /** Returns the row of an id through a loader that lives as long as this request. */
  load<Row>(fetch: Fetch<Row>, id: string): Promise<Row | null> {
    return this.loader(fetch).load(id) as Promise<Row | null>
  }

  /** Returns the request's loader of this fetch, for priming with rows already at hand. */
  loader<Row>(fetch: Fetch<Row>): DataLoader<string, Row | null> {
    let loader = this.loaders.get(fetch)
    if (!loader) {
      this.loaders.set(fetch, (loader = new DataLoader<string, unknown>(ids => fetch(this, ids), { maxBatchSize: 500 })))
    }
    return loader as DataLoader<string, Row | null>
  }
}

/** Returns rows in the order of the ids, null where one is missing: what a Fetch owes. */
export function inOrder<Row extends { id: string }>(ids: readonly string[], rows: Row[]): (Row | null)[] {
  const byId = new Map(rows.map(row => [row.id, row]))
  return ids.map(id => byId.get(id) ?? null)
}

/** The kinds that `node(id)` reaches. */
export const nodeFetches = new Map<Kind, { fetch: Fetch<object>; action: Action }>()

/** Makes a kind reachable by `node(id)` for those who may take the action. */
export function registerNode(kind: Kind, fetch: Fetch<object>, action: Action): void {
  nodeFetches.set(kind, { fetch, action })
}
