/**
 * The way in, one for all doors: what is asked is found, read within its limits, weighed and charged before anything is executed.
 */
import {
  type DocumentNode, getOperationAST, getVariableValues, GraphQLError, type GraphQLSchema, type OperationDefinitionNode,
  print,
} from 'graphql'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { LocalBuckets } from './buckets.ts'
import { type Scripts, SharedBuckets } from './buckets.shared.ts'
import { costOf, refuseTooCostly } from './cost.ts'
import { Documents, hashOf } from './documents.ts'
import { type Payer, Quotas, type QuotaSettings, type Remaining } from './quotas.ts'
import { variablesFault } from './shape.ts'
import { checkTrusted, type Trusted } from './trusted.ts'

/** What an operator sets. */
export interface AdmissionSettings {
  /** Whether the schema may be read from outside, and errors may hint at it; on when absent. */
  introspection?: boolean | undefined
  /** The most that one operation may cost; 1,000 when absent. */
  costMax?: number | undefined
  /** Documents known beforehand. */
  trusted?: Trusted | undefined
  /** Whether nothing but trusted documents is answered. */
  isStrict?: boolean | undefined
  quotas?: QuotaSettings | null | undefined
  /** How long a request may take; 30 s when absent. */
  requestMs?: number | undefined
}

/** A request as it came. */
export interface Wish { query?: unknown; operationName?: unknown; variables?: unknown; extensions?: unknown }

/** What is asked, once it has been read. */
export interface Asked {
  text: string; document: DocumentNode; operation: OperationDefinitionNode; operationName: string | null
  variables: Record<string, unknown>
}

/** What an answer's `extensions.cost` says. */
export interface CostReport { requested: number; limit: number; remaining: Remaining | null }

/** A request that is refused before it is executed, with its errors; `isMalformed` says that it is no GraphQL request at all. */
export class Refused extends Error {
  readonly errors: readonly GraphQLError[]
  readonly isMalformed: boolean
  constructor(errors: readonly GraphQLError[], isMalformed = false) {
    super(errors[0]?.message)
    this.errors = errors
    this.isMalformed = isMalformed
  }
}

/** Admits operations of one schema. */
export class Admission {
  readonly documents: Documents
  /** Whether introspection and hints are open. */
  readonly isOpen: boolean
  readonly costMax: number
  readonly requestMs: number
  readonly #schema: GraphQLSchema
  readonly #trusted: Trusted
  readonly #isStrict: boolean
  readonly #quotas: Quotas | null
  readonly #own = new WeakMap<DocumentNode, string>()
  readonly #buckets: { close(): Promise<void> }[] = []

  /** @throws StartError when a trusted document does not fit the schema */
  constructor(schema: GraphQLSchema, settings: AdmissionSettings = {}, scripts: Scripts | null = null) {
    this.#schema = schema
    this.isOpen = settings.introspection ?? true
    this.requestMs = settings.requestMs ?? LIMITS.requestMs
    this.costMax = settings.costMax ?? LIMITS.costMax
    this.documents = new Documents(schema, { isOpen: this.isOpen })
    this.#trusted = settings.trusted ?? new Map()
    this.#isStrict = settings.isStrict ?? false
    checkTrusted(this.#trusted, this.documents)
    const local = new LocalBuckets()
    const shared = scripts && settings.quotas ? new SharedBuckets(scripts) : local
    this.#buckets.push(shared)
    this.#quotas = settings.quotas ? new Quotas(settings.quotas, shared, local) : null
  }

  /** Returns what a request asks for. @throws Refused with the errors of its document, its variables or its form */
  read({ query, operationName, variables, extensions }: Wish): Asked {
    if (!isAbsent(operationName) && typeof operationName !== 'string') throw malformed('operationName must be a text or null.')
    if (!isAbsent(variables) && !isMap(variables)) throw malformed('variables must be an object or null.')
    if (!isAbsent(extensions) && !isMap(extensions)) throw malformed('extensions must be an object or null.')
    const refusal = variablesFault(variables)
    if (refusal) throw new Refused([refusal])
    return this.#askedFor(
      this.#textOf(query, extensions), (operationName as string | null | undefined) || null,
      (variables ?? {}) as Record<string, unknown>)
  }

  /** Returns what a document of the house itself asks for; it is trusted by nature. */
  readOwn(document: DocumentNode, variables: Record<string, unknown>): Asked {
    let text = this.#own.get(document)
    if (text === undefined) this.#own.set(document, (text = print(document)))
    return this.#askedFor(text, null, variables)
  }

  #askedFor(text: string, operationName: string | null, variables: Record<string, unknown>): Asked {
    const read = this.documents.read(text)
    if ('errors' in read) throw new Refused(read.errors)
    const operation = getOperationAST(read.document, operationName)
    if (!operation) throw new Refused([fault('BAD_REQUEST', 'operationName must name an operation of the document.')])
    if (!this.isOpen) this.#refuseWithoutHints(operation, variables)
    return { text, document: read.document, operation, operationName, variables }
  }

  /** What the executor says of wrong variables hints at right ones; where that is closed, it is said here without. */
  #refuseWithoutHints({ variableDefinitions = [] }: OperationDefinitionNode, variables: Record<string, unknown>): void {
    const { errors } =
      getVariableValues(this.#schema, variableDefinitions, variables, { maxErrors: 10, hideSuggestions: true })
    if (errors) throw new Refused(errors)
  }

  /** Returns the document's text: as sent, or as known by the hash that was sent (Apollo's persisted queries). */
  #textOf(query: unknown, extensions: unknown): string {
    const hash = hashIn(extensions)
    if (!isAbsent(query) && typeof query !== 'string') throw malformed('query must be the text of a GraphQL document.')
    if (hash === null) {
      if (!query) throw malformed('query must be the text of a GraphQL document.')
      if (this.#isStrict && !this.#trusted.has(hashOf(query as string))) throw untrusted()
      return query as string
    }
    const text = this.#trusted.get(hash) ?? (this.#isStrict ? undefined : this.documents.textOf(hash))
    if (text !== undefined) return text
    if (!query) {
      throw new Refused([new GraphQLError('PersistedQueryNotFound', { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } })])
    }
    if (hashOf(query as string) !== hash) throw malformed('sha256Hash is not the SHA-256 of query.')
    if (this.#isStrict) throw untrusted()
    return query as string
  }

  /**
   * Weighs an operation and charges it; returns what its answer says of that.
   * @throws Fault TOO_COSTLY | RATE_LIMITED
   */
  async admit({ document, operation, variables }: Asked, payer: Payer): Promise<CostReport> {
    const requested = costOf(this.#schema, document, operation, variables)
    refuseTooCostly(requested, this.costMax)
    const remaining = this.#quotas ? await this.#quotas.charge(payer, requested, operation.operation === 'subscription') : null
    return { requested, limit: this.costMax, remaining }
  }

  async close(): Promise<void> {
    for (const buckets of this.#buckets) await buckets.close()
  }
}

function hashIn(extensions: unknown): string | null {
  const wish = (extensions as { persistedQuery?: unknown } | null | undefined)?.persistedQuery
  if (isAbsent(wish)) return null
  const { sha256Hash, version } = wish as { sha256Hash?: unknown; version?: unknown }
  if (!isMap(wish) || version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/.test(sha256Hash)) {
    throw malformed('persistedQuery must be { version: 1, sha256Hash: 64 hexadecimal digits }.')
  }
  return sha256Hash
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null
const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const malformed = (message: string) => new Refused([fault('BAD_REQUEST', message)], true)
const untrusted = () => new Refused([fault(
  'FORBIDDEN', 'This server answers documents that it knows beforehand only: send the sha256Hash of one of them.')])
