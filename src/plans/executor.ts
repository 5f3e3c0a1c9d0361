/**
 * Executes operations by remembered plans. What a plan cannot do (introspection, several mutations in turn, what does not fit its
 * schema) graphql-js executes; both answer the same.
 */
import {
  type DocumentNode, execute as executePlainly, type ExecutionArgs, type ExecutionResult, type FragmentDefinitionNode,
  getOperationAST, getVariableValues, type GraphQLSchema, Kind, type OperationDefinitionNode,
} from 'graphql'
import { LIMITS } from '../platform/limits.ts'
import { conditionNames, hasNamedTypes, isPlannable, Plan } from './plan.ts'
import { Run } from './run.ts'

const VARIANTS_MAX = 16
const VARIABLE_ERRORS_MAX = 50

/** An operation and the plans made of it, by the values of the variables that decide which fields are asked. */
interface Prepared {
  operation: OperationDefinitionNode
  fragments: Readonly<Record<string, FragmentDefinitionNode>>
  conditions: readonly string[]
  plans: Map<string, Plan>
}

/** The plans of one schema; the documents used last are remembered. */
class Plans {
  readonly #schema: GraphQLSchema
  readonly #canPlan: boolean
  readonly #known = new Map<DocumentNode, Map<string, Prepared | null>>()

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
    this.#canPlan = hasNamedTypes(schema)
  }

  /** Returns the operation's plans, or null when it has none. */
  of(document: DocumentNode, operationName: string | null | undefined): Prepared | null {
    if (!this.#canPlan) return null
    let byName = this.#known.get(document)
    if (!byName) {
      if (this.#known.size >= LIMITS.documentsRememberedMax) this.#known.delete(this.#known.keys().next().value!)
      this.#known.set(document, (byName = new Map()))
    }
    const name = operationName ?? ''
    let prepared = byName.get(name)
    if (prepared === undefined) {
      const operation = getOperationAST(document, operationName)
      if (!operation) return null // Names that fit none are not remembered: there is no end of them.
      byName.set(name, (prepared = prepare(this.#schema, document, operation)))
    }
    return prepared
  }

  /** Has graphql-js execute this document from now on. */
  giveUp(document: DocumentNode, operationName: string | null | undefined): void {
    this.#known.get(document)?.set(operationName ?? '', null)
  }
}

function prepare(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Prepared | null {
  if (!isPlannable(schema, document, operation)) return null
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null)
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition
  }
  return { operation, fragments, conditions: conditionNames(document), plans: new Map() }
}

const plansOf = new WeakMap<GraphQLSchema, Plans>()

/** Returns the answer to an operation of a validated document, as graphql-js's `execute` does. */
export function execute(args: ExecutionArgs): ExecutionResult | Promise<ExecutionResult> {
  const { schema, document, operationName, rootValue, contextValue } = args
  let plans = plansOf.get(schema)
  if (!plans) plansOf.set(schema, (plans = new Plans(schema)))
  const prepared = plans.of(document, operationName)
  if (!prepared) return executePlainly(args) as ExecutionResult | Promise<ExecutionResult>
  const { operation } = prepared
  const read = getVariableValues(
    schema, operation.variableDefinitions ?? [], args.variableValues ?? {}, { maxErrors: VARIABLE_ERRORS_MAX })
  if (read.errors) return { errors: read.errors }
  const plan = planFor(schema, prepared, read.coerced)
  if (!plan) return executePlainly(args) as ExecutionResult | Promise<ExecutionResult>
  // Large ones stay only while they run.
  if (plan.isLarge) plans.giveUp(document, operationName)
  return new Run(plan, rootValue, contextValue, read.coerced).start()
}

/** Returns the plan under these variables, or null when it is none for a plan. */
function planFor(
  schema: GraphQLSchema, { operation, fragments, conditions, plans }: Prepared, variables: Record<string, unknown>,
): Plan | null {
  const values = Object.fromEntries(conditions.flatMap(name => Object.hasOwn(variables, name) ? [[name, variables[name]]] : []))
  const key = conditions.length ? JSON.stringify(values) : ''
  let plan = plans.get(key)
  if (!plan) {
    if (plans.size >= VARIANTS_MAX) plans.clear()
    plans.set(key, (plan = new Plan(schema, operation, fragments, values)))
  }
  return operation.operation === 'mutation' && plan.root.fields.length > 1 ? null : plan
}
