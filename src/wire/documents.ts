/** Parsed and validated documents, remembered by their text, so that ten thousand equal subscriptions are read once. */
import {
  type DocumentNode, type ExecutionArgs, type FragmentDefinitionNode, GraphQLError, type GraphQLSchema, Kind,
  type OperationDefinitionNode, parse, specifiedRules, validate, visit,
} from 'graphql'
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
    if (errors.length) {
      const shown = errors.map(({ message, nodes }) =>
        new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: 'BAD_REQUEST' } }))
      return { errors: shown }
    }
    if (this.#read.size >= LIMITS.documentsRememberedMax) this.#read.delete(this.#read.keys().next().value!)
    this.#read.set(text, document)
    return { document }
  }
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

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } })
}
