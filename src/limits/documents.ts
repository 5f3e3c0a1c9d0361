/** Parsed and validated documents, remembered by their text, so that ten thousand equal subscriptions are read once. */
import { createHash } from 'node:crypto'
import {
  type DocumentNode, type ExecutionArgs, type FragmentDefinitionNode, GraphQLError, type GraphQLSchema, Kind,
  NoSchemaIntrospectionCustomRule, type OperationDefinitionNode, parse, specifiedRules, validate, visit,
} from 'graphql'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { shapeFault } from './shape.ts'

/** A document that may be executed, or why it may not. */
export type ReadDocument = { document: DocumentNode } | { errors: readonly GraphQLError[] }

/** Reads documents of one schema. */
export class Documents {
  readonly #schema: GraphQLSchema
  readonly #isOpen: boolean
  readonly #read = new Map<string, { document: DocumentNode; hash: string }>()
  readonly #byHash = new Map<string, string>()

  /** Where introspection is closed, errors do not say what else there is. */
  constructor(schema: GraphQLSchema, { isOpen = true }: { isOpen?: boolean } = {}) {
    this.#schema = schema
    this.#isOpen = isOpen
  }

  /** Returns the document of this text, or its errors with code BAD_REQUEST or TOO_COSTLY. */
  read(text: unknown): ReadDocument {
    if (typeof text !== 'string') return { errors: [fault('BAD_REQUEST', 'query must be the text of a GraphQL document.')] }
    const known = this.#read.get(text)
    if (known) return known
    if (text.length > LIMITS.documentLengthMax) {
      const max = LIMITS.documentLengthMax.toLocaleString('en-US')
      return { errors: [fault('TOO_COSTLY', `The document is longer than ${max} characters: move values into variables.`)] }
    }
    let document: DocumentNode
    try {
      document = parse(text, { maxTokens: LIMITS.documentTokensMax })
    } catch (error) {
      // The parser calls itself for each bracket, and has no more room than the stack.
      const message = error instanceof GraphQLError ? error.message : 'The document is nested too deeply to be read.'
      return { errors: [fault('BAD_REQUEST', message)] }
    }
    const refusal = shapeFault(document)
    if (refusal) return { errors: [refusal] }
    const rules = this.#isOpen ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
    const errors = validate(this.#schema, document, rules, { maxErrors: 10, hideSuggestions: !this.#isOpen })
    if (errors.length) {
      const shown = errors.map(({ message, nodes }) =>
        new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_REQUEST' } }))
      return { errors: shown }
    }
    this.#remember(text, document)
    return { document }
  }

  #remember(text: string, document: DocumentNode): void {
    if (this.#read.size >= LIMITS.documentsRememberedMax) {
      const [oldest, { hash }] = this.#read.entries().next().value!
      this.#read.delete(oldest)
      this.#byHash.delete(hash)
    }
    const hash = hashOf(text)
    this.#read.set(text, { document, hash })
    this.#byHash.set(hash, text)
  }

  /** Returns the text that was read before and has this hash (SHA-256, hexadecimal), or undefined. */
  textOf(hash: string): string | undefined {
    return this.#byHash.get(hash)
  }

  /** Returns the document that was read before and has this hash, or undefined. */
  byHash(hash: string): DocumentNode | undefined {
    const text = this.#byHash.get(hash)
    return text === undefined ? undefined : this.#read.get(text)?.document
  }
}

/** Returns the name of a document: the SHA-256 of its text, hexadecimal. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const texts = new WeakMap<DocumentNode, { text: string; placing: Set<string> }>()

/** Returns what tells one operation's answers from another's: its text, its name, and the variables that reach a field. */
export function operationKey({ document, operationName, variableValues }: ExecutionArgs): string {
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
