/** Parsed and validated documents, remembered by their text, so that ten thousand equal subscriptions are read once. */
import { type DocumentNode, getOperationAST, GraphQLError, type GraphQLSchema, parse, specifiedRules, validate } from 'graphql'
import { LIMITS } from '../platform/limits.ts'

/** A document that may be executed, or why it may not. */
export type ReadDocument = { document: DocumentNode } | { errors: readonly GraphQLError[] }

/** Reads documents of one schema. */
export class Documents {
  readonly #schema: GraphQLSchema
  readonly #read = new Map<string, DocumentNode>()

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** Returns the document of this text, or its errors with code BAD_REQUEST. */
  read(text: unknown): ReadDocument {
    if (typeof text !== 'string') return { errors: [badRequest('query must be the text of a GraphQL document.')] }
    const known = this.#read.get(text)
    if (known) return { document: known }
    let document: DocumentNode
    try {
      document = parse(text, { maxTokens: LIMITS.documentTokensMax })
    } catch (error) {
      return { errors: [badRequest((error as Error).message)] }
    }
    const errors = validate(this.#schema, document, specifiedRules, { maxErrors: 10 })
    if (errors.length) return { errors: errors.map(({ message, nodes }) => new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_REQUEST' } })) }
    if (this.#read.size >= LIMITS.documentsRememberedMax) this.#read.delete(this.#read.keys().next().value!)
    this.#read.set(text, document)
    return { document }
  }

  /** Returns the kind of the operation that would run, or null when the name fits none. */
  kindOf(document: DocumentNode, operationName?: string | null): 'query' | 'mutation' | 'subscription' | null {
    return getOperationAST(document, operationName)?.operation ?? null
  }
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } })
}
