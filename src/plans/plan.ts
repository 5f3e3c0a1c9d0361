/**
 * Plans: what an operation asks, worked out once for each document and remembered, so that a request only resolves and places
 * values. A plan is made of objects, never of generated code: documents come from strangers.
 */
import {
  type DirectiveNode, type DocumentNode, type FieldNode, type FragmentDefinitionNode, getArgumentValues, getDirectiveValues,
  type GraphQLField, type GraphQLFieldResolver, GraphQLIncludeDirective, type GraphQLNamedOutputType, type GraphQLObjectType,
  type GraphQLOutputType, type GraphQLSchema, GraphQLSkipDirective, isAbstractType, isLeafType, isListType, isNonNullType,
  isObjectType, Kind, type OperationDefinitionNode, type SelectionNode, type SelectionSetNode, typeFromAST,
  TypeNameMetaFieldDef, visit,
} from 'graphql'
import { LIMITS } from '../platform/limits.ts'

/** The values of the variables that decide which fields are asked. */
export type Conditions = Readonly<Record<string, unknown>>

/** What is asked of an object: its fields in order, and an answer with all of them still null. */
export interface Selection { readonly fields: readonly Field[]; readonly blank: Readonly<Record<string, unknown>> }

/** How values of a type become part of an answer. */
export interface Shape {
  readonly type: GraphQLOutputType
  readonly isNonNull: boolean
  /** Of a list: the shape of its items. */
  readonly item: Shape | null
  /** Of a scalar or an enum: what serializes it. */
  readonly serialize: ((value: unknown) => unknown) | null
  /** Of an object type: what is asked of it, once it was met. */
  selection: Selection | null
  /** Of an interface or a union: what is asked of each type that was met. */
  readonly byType: Map<string, Selection> | null
}

/** One field of an answer. */
export interface Field {
  readonly name: string
  readonly definition: GraphQLField<unknown, unknown>
  readonly parent: GraphQLObjectType
  readonly nodes: readonly FieldNode[]
  readonly shape: Shape
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | null
  /** Whether its resolver takes what can be asked about the field itself. */
  readonly isCurious: boolean
  /** Its arguments, when they are the same for every request and every row. */
  readonly args: Readonly<Record<string, unknown>> | null
  readonly isTypename: boolean
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze(Object.create(null) as Record<string, unknown>)

/** Returns whether nothing in these arguments can be changed by who receives them, so that they may be handed out again. */
export function isShareable(args: Readonly<Record<string, unknown>>): boolean {
  return Object.values(args).every(value => value === null || typeof value !== 'object')
}

/** The plan of one operation under one set of conditions. */
export class Plan {
  readonly schema: GraphQLSchema
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  readonly root: Selection
  readonly #conditions: Conditions
  #size = 0

  constructor(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Readonly<Record<string, FragmentDefinitionNode>>,
    conditions: Conditions,
  ) {
    this.schema = schema
    this.operation = operation
    this.fragments = fragments
    this.#conditions = conditions
    this.root = this.#select(schema.getRootType(operation.operation)!, [operation.selectionSet])
  }

  /** Whether it has grown too large to be remembered. */
  get isLarge(): boolean {
    return this.#size > LIMITS.planFieldsMax
  }

  /** Returns what is asked of an object of this type at this place. */
  selectionFor({ nodes }: Field, place: Shape, type: GraphQLObjectType): Selection {
    const known = place.byType ? place.byType.get(type.name) : place.selection
    if (known) return known
    const selection = this.#select(type, nodes.map(({ selectionSet }) => selectionSet!))
    if (place.byType) place.byType.set(type.name, selection)
    else place.selection = selection
    return selection
  }

  #select(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Selection {
    const groups = new Map<string, FieldNode[]>()
    const visited = new Set<string>()
    for (const { selections } of sets) this.#collect(type, selections, groups, visited)
    const fields = [...groups].flatMap(([name, nodes]) => this.#fieldOf(type, name, nodes) ?? [])
    this.#size += fields.length
    return { fields, blank: Object.fromEntries(fields.map(({ name }) => [name, null])) }
  }

  #collect(
    type: GraphQLObjectType, selections: readonly SelectionNode[], groups: Map<string, FieldNode[]>, visited: Set<string>,
  ): void {
    for (const selection of selections) {
      if (!this.#isIncluded(selection)) continue
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value
        const group = groups.get(name)
        if (group) group.push(selection)
        else groups.set(name, [selection])
        continue
      }
      let fragment: { typeCondition?: FragmentDefinitionNode['typeCondition']; selectionSet: SelectionSetNode } | undefined
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) continue
        visited.add(selection.name.value)
        fragment = this.fragments[selection.name.value]
      } else fragment = selection
      if (fragment && this.#fits(type, fragment.typeCondition)) {
        this.#collect(type, fragment.selectionSet.selections, groups, visited)
      }
    }
  }

  #isIncluded(node: { directives?: readonly DirectiveNode[] }): boolean {
    if (!node.directives?.length) return true
    if (getDirectiveValues(GraphQLSkipDirective, node, this.#conditions)?.if === true) return false
    return getDirectiveValues(GraphQLIncludeDirective, node, this.#conditions)?.if !== false
  }

  #fits(type: GraphQLObjectType, condition: FragmentDefinitionNode['typeCondition'] | undefined): boolean {
    if (!condition) return true
    const wanted = typeFromAST(this.schema, condition)
    return wanted === type || (isAbstractType(wanted) && this.schema.isSubType(wanted, type))
  }

  #fieldOf(parent: GraphQLObjectType, name: string, nodes: readonly FieldNode[]): Field | null {
    const node = nodes[0]!
    const isTypename = node.name.value === TypeNameMetaFieldDef.name
    const definition = isTypename ? TypeNameMetaFieldDef : parent.getFields()[node.name.value]
    if (!definition) return null
    const resolve = definition.resolve ?? null
    return {
      name, definition, parent, nodes, isTypename, resolve, shape: shapeOf(definition.type), args: fixedArgs(definition, node),
      // Rest parameters do not count towards a function's length.
      isCurious: !resolve || resolve.length === 0 || resolve.length > 3,
    }
  }
}

function shapeOf(type: GraphQLOutputType, isNonNull = false): Shape {
  if (isNonNullType(type)) return shapeOf(type.ofType as GraphQLOutputType, true)
  const item = isListType(type) ? shapeOf(type.ofType as GraphQLOutputType) : null
  const serialize = isLeafType(type) ? (value: unknown) => type.serialize(value) : null
  return { type, isNonNull, item, serialize, selection: null, byType: isAbstractType(type) ? new Map() : null }
}

function fixedArgs(definition: GraphQLField<unknown, unknown>, node: FieldNode): Readonly<Record<string, unknown>> | null {
  if (!definition.args.length) return NOTHING
  let isFixed = true
  for (const argument of node.arguments ?? []) visit(argument, { Variable() { isFixed = false } })
  if (!isFixed) return null
  const args = getArgumentValues(definition, node)
  return isShareable(args) ? Object.freeze(args) : null
}

/** Returns whether a plan can answer this operation; where it cannot, graphql-js executes the document. */
export function isPlannable(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): boolean {
  if (!schema.getRootType(operation.operation)) return false
  let isPlannable = true
  visit(document, {
    Field({ name, alias }) {
      const isIntrospection = name.value.startsWith('__') && name.value !== '__typename'
      // On a plain object this key would be its prototype.
      if (isIntrospection || alias?.value === '__proto__') isPlannable = false
    },
  })
  return isPlannable
}

/** Returns whether no type of the schema tells its values by `isTypeOf`, which plans do not ask. */
export function hasNamedTypes(schema: GraphQLSchema): boolean {
  return Object.values(schema.getTypeMap()).every(type => !isObjectType(type as GraphQLNamedOutputType)
    || !(type as GraphQLObjectType).isTypeOf)
}

/** Returns the names of the variables that decide which fields are asked. */
export function conditionNames(document: DocumentNode): string[] {
  const names = new Set<string>()
  visit(document, {
    Directive({ arguments: args }) {
      for (const { value } of args ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names].sort()
}
