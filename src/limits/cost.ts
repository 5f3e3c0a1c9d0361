/**
 * The cost of an operation: how many things its answer may hold, by the real shape of its lists. It is worked out once for
 * each document, so that a request only puts its variables in.
 */
import {
  type DocumentNode, type FieldNode, type FragmentDefinitionNode, getNamedType, type GraphQLCompositeType, type GraphQLField,
  type GraphQLSchema, isAbstractType, isCompositeType, isListType, isNonNullType, isObjectType, Kind,
  type OperationDefinitionNode, type SelectionSetNode, valueFromAST, type ValueNode,
} from 'graphql'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

type Variables = Readonly<Record<string, unknown>>
/** A number that is known from the document alone, or one that waits for the variables. */
type Amount = number | ((variables: Variables) => number)

// Types that only hold others together; whatever is counted lies in them.
const WRAPPER = /(Connection|Edge|Payload|Result|Snapshot|Delta|PageInfo|UserError)$/
// The arguments that size the lists beneath their field. What is larger is refused by the field itself, in better words.
const SIZES: Record<string, number> = { first: LIMITS.pageMax, top: LIMITS.leaderboardTopMax, days: 366 }

const known = new WeakMap<OperationDefinitionNode, Amount>()

/** Returns the cost of an operation of a validated document with these variables, as they came. */
export function costOf(
  schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables,
): number {
  let amount = known.get(operation)
  if (amount === undefined) known.set(operation, (amount = new Reckoner(schema, document, operation).whole()))
  return typeof amount === 'number' ? amount : amount(variables)
}

/** @throws Fault TOO_COSTLY when an operation costs more than one may */
export function refuseTooCostly(cost: number, max: number): void {
  if (cost <= max) return
  const advice = 'Ask for smaller pages (`first`, `top`), for fewer lists within lists, or for fewer things of each item; ' +
    'a list costs its page size times what is asked of one item.'
  throw fault(
    'TOO_COSTLY', `This operation costs ${cost}; at most ${max} is allowed. ${advice}`, { cost: { requested: cost, limit: max } })
}

/** Reads what each field of one operation may hold. */
class Reckoner {
  readonly #schema: GraphQLSchema
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  readonly #operation: OperationDefinitionNode
  readonly #defaults = new Map<string, ValueNode>()

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema
    this.#operation = operation
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition)
    }
    for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
      if (defaultValue) this.#defaults.set(variable.name.value, defaultValue)
    }
  }

  whole(): Amount {
    const type = this.#schema.getRootType(this.#operation.operation)!
    return sumOf([...this.#fieldsOf([this.#operation.selectionSet], type).common.values()].map(nodes => {
      const field = type.getFields()[nodes[0]!.name.value]
      const answer = this.#field(nodes, type, null)
      // A command is work, however little of its answer is read.
      return field && this.#operation.operation === 'mutation' ? largestOf([1, this.#itemsOf(nodes[0]!), answer]) : answer
    }))
  }

  /** Returns what selections of one type hold; `beneath` is the size of the lists that lie directly in it. */
  #selections(sets: readonly SelectionSetNode[], type: GraphQLCompositeType, beneath: Amount | null): Amount {
    const { common, special } = this.#fieldsOf(sets, type)
    const shared = sumOf([...common.values()].map(nodes => this.#field(nodes, type, beneath)))
    // An answer is of one of the possible types: the costliest counts.
    const own = [...special].map(([name, inner]) =>
      this.#selections(inner, this.#schema.getType(name) as GraphQLCompositeType, beneath))
    return own.length ? sumOf([shared, largestOf(own)]) : shared
  }

  /** Returns the fields by their place in the answer, and apart from them what is asked of single possible types only. */
  #fieldsOf(sets: readonly SelectionSetNode[], type: GraphQLCompositeType) {
    const common = new Map<string, FieldNode[]>()
    const special = new Map<string, SelectionSetNode[]>()
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const place = selection.alias?.value ?? selection.name.value
          common.set(place, [...common.get(place) ?? [], selection])
          continue
        }
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)!
        const condition = fragment.typeCondition?.name.value
        const isSpecial = condition && isAbstractType(type) && isObjectType(this.#schema.getType(condition))
        if (isSpecial) special.set(condition, [...special.get(condition) ?? [], fragment.selectionSet])
        else collect(fragment.selectionSet)
      }
    }
    for (const set of sets) collect(set)
    return { common, special }
  }

  #field(nodes: readonly FieldNode[], parent: GraphQLCompositeType, beneath: Amount | null): Amount {
    const node = nodes[0]!
    const name = node.name.value
    if (name === '__schema' || name === '__type') return LIMITS.introspectionCost
    const field = 'getFields' in parent ? parent.getFields()[name] : undefined
    const type = field && getNamedType(field.type)
    if (!field || !isCompositeType(type)) return 0
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    const items = WRAPPER.test(type.name) ? this.#itemsOf(node) || null : null
    const size = this.#size(field, node) ?? items
    const inner = this.#selections(sets, type, size)
    const isItem = isList(field.type) || parent.name.endsWith('Edge')
    const one = sumOf([isWrapper(type) || (!isItem && isOnlyId(sets)) ? 0 : 1, inner])
    return isList(field.type) ? productOf(this.#listSize(field, node, type) ?? beneath ?? LIMITS.listSizeAssumed, one) : one
  }

  /** Returns how many things a list holds at most where its own field says so. */
  #listSize(field: GraphQLField<unknown, unknown>, node: FieldNode, type: GraphQLCompositeType): Amount | null {
    const declared = (field.extensions as { sizeMax?: number }).sizeMax
    if (declared !== undefined) return declared
    const ids = node.arguments?.find(({ name }) => name.value === 'ids')
    if (ids) return this.#lengthOf(ids.value)
    return type.name === 'UserError' ? 0 : null
  }

  /** Returns how large the lists beneath a field are by its own argument, else null. */
  #size(field: GraphQLField<unknown, unknown>, node: FieldNode): Amount | null {
    const argument = field.args.find(({ name }) => Object.hasOwn(SIZES, name))
    if (!argument) return null
    const max = SIZES[argument.name]!
    const fallback = typeof argument.defaultValue === 'number' ? argument.defaultValue : max
    const given = node.arguments?.find(({ name }) => name.value === argument.name)?.value
    if (!given) return fallback
    if (given.kind !== Kind.VARIABLE) return bounded(valueFromAST(given, argument.type), fallback, max)
    const name = given.name.value
    const initial = this.#defaults.get(name)
    const ownFallback = initial ? bounded(valueFromAST(initial, argument.type), fallback, max) : fallback
    return variables => bounded(variables[name], ownFallback, max)
  }

  /** Returns the number of items that a command was given as `input.items`; 0 without. */
  #itemsOf(node: FieldNode): Amount {
    const input = node.arguments?.find(({ name }) => name.value === 'input')?.value
    if (input?.kind === Kind.VARIABLE) {
      const name = input.name.value
      return variables => withinBatch(lengthOf((variables[name] as { items?: unknown } | null | undefined)?.items))
    }
    const items = input?.kind === Kind.OBJECT ? input.fields.find(({ name }) => name.value === 'items')?.value : undefined
    if (!items) return 0
    const length = this.#lengthOf(items)
    return typeof length === 'number' ? withinBatch(length) : variables => withinBatch(length(variables))
  }

  #lengthOf(value: ValueNode): Amount {
    if (value.kind === Kind.LIST) return value.values.length
    if (value.kind !== Kind.VARIABLE) return 1
    const initial = this.#defaults.get(value.name.value)
    const fallback = initial?.kind === Kind.LIST ? initial.values.length : 1
    return variables => variables[value.name.value] === undefined ? fallback : lengthOf(variables[value.name.value])
  }
}

const isWrapper = (type: GraphQLCompositeType): boolean =>
  isAbstractType(type) ? type.name.endsWith('Message') : WRAPPER.test(type.name)

/** Returns whether only the id of a thing is asked for, which its holder knows, so that no row is read. */
function isOnlyId(sets: readonly SelectionSetNode[]): boolean {
  return sets.every(({ selections }) => selections.every(
    selection => selection.kind === Kind.FIELD && (selection.name.value === 'id' || selection.name.value === '__typename')))
}

function isList(type: GraphQLField<unknown, unknown>['type']): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type)
}

const lengthOf = (value: unknown): number => Array.isArray(value) ? value.length : value === null || value === undefined ? 0 : 1

// A longer batch is refused by the command itself, in better words.
const withinBatch = (length: number): number => Math.min(length, LIMITS.batchItemsMax)

const bounded = (value: unknown, fallback: number, max: number): number =>
  typeof value === 'number' && value >= 0 ? Math.min(value, max) : value === null || value === undefined ? fallback : 0

function folded(amounts: readonly Amount[], start: number, fold: (one: number, other: number) => number): Amount {
  const constant = amounts.filter(amount => typeof amount === 'number').reduce((total, amount) => fold(total, amount), start)
  const waiting = amounts.filter(amount => typeof amount === 'function')
  if (!waiting.length) return constant
  return variables => waiting.reduce((total, amount) => fold(total, amount(variables)), constant)
}

const sumOf = (amounts: readonly Amount[]) => folded(amounts, 0, (one, other) => one + other)
const productOf = (...amounts: readonly Amount[]) => folded(amounts, 1, (one, other) => one * other)
const largestOf = (amounts: readonly Amount[]) => folded(amounts, 0, Math.max)
