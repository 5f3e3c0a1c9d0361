/**
 * Runs plans as graphql-js executes documents: the same resolvers, errors, paths and nulls. Values are placed where they
 * belong as they arrive, so that a list of people costs no promise for each person but those of its resolvers.
 */
import {
  type ExecutionResult, getArgumentValues, GraphQLError, type GraphQLField, type GraphQLObjectType, type GraphQLOutputType,
  type GraphQLResolveInfo, type GraphQLSchema, isAbstractType, isObjectType, locatedError,
} from 'graphql'
import { type Field, isShareable, type Plan, type Selection, type Shape } from './plan.ts'

/** An object or a list of the answer, by its keys. */
type Holder = Record<string | number, unknown>
type Path = GraphQLResolveInfo['path']

/** Where an object or a list stands in the answer. */
class Frame {
  readonly holder: Holder
  readonly key: string | number
  readonly up: Frame | null
  readonly canBeNull: boolean
  readonly typename: string | undefined
  /** Whether null was put here: what still arrives below is not looked at. */
  isDead = false

  constructor(holder: Holder, key: string | number, up: Frame | null, canBeNull: boolean, typename: string | undefined) {
    this.holder = holder
    this.key = key
    this.up = up
    this.canBeNull = canBeNull
    this.typename = typename
  }
}

/** One execution of a plan. */
export class Run {
  readonly plan: Plan
  readonly context: unknown
  readonly rootValue: unknown
  readonly variables: Record<string, unknown>
  answer: Record<string, unknown> | null
  readonly #errors: GraphQLError[] = []
  readonly #args = new Map<Field, Record<string, unknown>>()
  #waiting = 0
  #end: { resolve(result: ExecutionResult): void; reject(error: unknown): void } | null = null

  constructor(plan: Plan, rootValue: unknown, context: unknown, variables: Record<string, unknown>) {
    this.plan = plan
    this.rootValue = rootValue
    this.context = context
    this.variables = variables
    this.answer = { ...plan.root.blank }
  }

  /** Returns the answer, at once when no resolver waits. */
  start(): ExecutionResult | Promise<ExecutionResult> {
    const root = new Frame(this as unknown as Holder, 'answer', null, true, undefined)
    this.#ask(this.plan.root, this.rootValue, this.answer!, root)
    if (!this.#waiting) return this.#result()
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject }
    })
  }

  #result(): ExecutionResult {
    return this.#errors.length ? { errors: this.#errors, data: this.answer } : { data: this.answer }
  }

  #ask({ fields }: Selection, source: unknown, holder: Holder, frame: Frame): void {
    for (const field of fields) {
      if (frame.isDead) return
      if (field.isTypename) {
        holder[field.name] = field.parent.name
        continue
      }
      let value: unknown
      try {
        value = field.resolve
          ? field.resolve(source, this.#argsOf(field), this.context, field.isCurious ? new Asking(this, field, frame) : UNASKED)
          : this.#property(field, source, frame)
      } catch (error) {
        this.#fail(field, field.shape, error, holder, field.name, frame)
        continue
      }
      this.#put(field, field.shape, value, holder, field.name, frame)
    }
  }

  /** As graphql-js resolves a field without a resolver. */
  #property(field: Field, source: unknown, frame: Frame): unknown {
    if (source === null || (typeof source !== 'object' && typeof source !== 'function')) return undefined
    const { name } = field.definition
    const property = (source as Record<string, unknown>)[name]
    if (typeof property !== 'function') return property
    return (source as Record<string, Function>)[name]!(this.#argsOf(field), this.context, new Asking(this, field, frame))
  }

  #argsOf(field: Field): Record<string, unknown> {
    if (field.args) return field.args
    const known = this.#args.get(field)
    if (known) return known
    const args = getArgumentValues(field.definition, field.nodes[0]!, this.variables)
    if (isShareable(args)) this.#args.set(field, Object.freeze(args) as Record<string, unknown>)
    return args
  }

  /** Places a value, or waits for it. */
  #put(field: Field, shape: Shape, value: unknown, holder: Holder, key: string | number, frame: Frame): void {
    if (!isPromise(value)) return this.#place(field, shape, value, holder, key, frame)
    this.#waiting++
    value.then(
      arrived => this.#arrive(() => { if (!isGone(frame)) this.#place(field, shape, arrived, holder, key, frame) }),
      (error: unknown) => this.#arrive(() => this.#fail(field, shape, error, holder, key, frame)))
  }

  #arrive(place: () => void): void {
    try {
      place()
      if (!--this.#waiting) this.#end?.resolve(this.#result()) // Without one the answer is still being begun.
    } catch (error) {
      if (!this.#end) throw error
      this.#end.reject(error)
    }
  }

  #place(field: Field, shape: Shape, value: unknown, holder: Holder, key: string | number, frame: Frame): void {
    try {
      if (value instanceof Error) throw value
      if (value === null || value === undefined) {
        if (shape.isNonNull) throw new Error(`Cannot return null for non-nullable field ${fieldName(field)}.`)
        holder[key] = null
      } else if (shape.serialize) {
        holder[key] = serialized(shape, value)
      } else {
        const typename = typeof key === 'string' ? field.parent.name : undefined
        const inner = new Frame(holder, key, frame, !shape.isNonNull, typename)
        if (shape.item) this.#list(field, shape.item, value, inner)
        else if (shape.byType) this.#abstract(field, shape, value, inner)
        else this.#object(field, shape, shape.type as GraphQLObjectType, value, inner)
      }
    } catch (error) {
      this.#fail(field, shape, error, holder, key, frame)
    }
  }

  #list(field: Field, item: Shape, value: unknown, frame: Frame): void {
    if (typeof value !== 'object' || typeof (value as Iterable<unknown>)[Symbol.iterator] !== 'function') {
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${fieldName(field)}".`)
    }
    const list: unknown[] = []
    frame.holder[frame.key] = list
    let at = 0
    for (const each of value as Iterable<unknown>) {
      if (frame.isDead) return
      list.push(null)
      this.#put(field, item, each, list as unknown as Holder, at++, frame)
    }
  }

  #object(field: Field, shape: Shape, type: GraphQLObjectType, value: unknown, frame: Frame): void {
    const selection = this.plan.selectionFor(field, shape, type)
    const object: Holder = { ...selection.blank }
    frame.holder[frame.key] = object
    this.#ask(selection, value, object, frame)
  }

  #abstract(field: Field, shape: Shape, value: unknown, frame: Frame): void {
    const { type } = shape
    if (!isAbstractType(type) || !type.resolveType) throw new Error(`${String(type)} does not tell its types.`)
    const named = type.resolveType(value, this.context, new Asking(this, field, frame.up!), type)
    if (!isPromise(named)) return this.#object(field, shape, this.#typeOf(field, type, named, value), value, frame)
    this.#waiting++
    const fail = (error: unknown) => this.#fail(field, shape, error, frame.holder, frame.key, frame.up!)
    named.then(name => this.#arrive(() => {
      try {
        this.#object(field, shape, this.#typeOf(field, type, name, value), value, frame)
      } catch (error) {
        fail(error)
      }
    }), (error: unknown) => this.#arrive(() => fail(error)))
  }

  #typeOf(field: Field, abstract: GraphQLOutputType, name: unknown, value: unknown): GraphQLObjectType {
    const type = typeof name === 'string' ? this.plan.schema.getType(name) : undefined
    if (isObjectType(type) && isAbstractType(abstract) && this.plan.schema.isSubType(abstract, type)) return type
    throw new GraphQLError(
      `Abstract type "${String(abstract)}" must resolve to one of its Object types at runtime for field "${fieldName(field)}", ` +
      `received "${String(name)}" for ${typeof value}.`, { nodes: field.nodes })
  }

  /** Notes an error and puts null here, or at the nearest place above that may be null. */
  #fail(field: Field, shape: Shape, error: unknown, holder: Holder, key: string | number, frame: Frame): void {
    if (isGone(frame)) return
    this.#errors.push(locatedError(error, field.nodes, keysTo(frame, key)))
    if (!shape.isNonNull) {
      holder[key] = null
      return
    }
    let place: Frame = frame
    place.isDead = true
    while (!place.canBeNull) {
      place = place.up!
      place.isDead = true
    }
    place.holder[place.key] = null
  }
}

const UNASKED = undefined as unknown as GraphQLResolveInfo

/** What a resolver may ask about its field. Made for each call, worked out when asked. */
class Asking implements GraphQLResolveInfo {
  readonly #run: Run
  readonly #field: Field
  readonly #frame: Frame

  constructor(run: Run, field: Field, frame: Frame) {
    this.#run = run
    this.#field = field
    this.#frame = frame
  }

  get fieldName(): string { return this.#field.definition.name }
  get fieldNodes() { return this.#field.nodes }
  get returnType(): GraphQLOutputType { return this.#field.definition.type }
  get parentType(): GraphQLObjectType { return this.#field.parent }
  get path(): Path { return pathTo(this.#frame, this.#field.name, this.#field.parent.name) }
  get schema(): GraphQLSchema { return this.#run.plan.schema }
  get fragments() { return this.#run.plan.fragments as GraphQLResolveInfo['fragments'] }
  get rootValue(): unknown { return this.#run.rootValue }
  get operation() { return this.#run.plan.operation }
  get variableValues(): Record<string, unknown> { return this.#run.variables }
}

function isGone(frame: Frame): boolean {
  for (let place: Frame | null = frame; place; place = place.up) if (place.isDead) return true
  return false
}

function serialized({ type, serialize }: Shape, value: unknown): unknown {
  const leaf = serialize!(value)
  if (leaf === null || leaf === undefined) {
    throw new Error(`Expected \`${String(type)}.serialize(${String(value)})\` to return non-nullable value, ` +
      `returned: ${String(leaf)}`)
  }
  return leaf
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}

const fieldName = ({ parent, definition }: { parent: GraphQLObjectType; definition: GraphQLField<unknown, unknown> }) =>
  `${parent.name}.${definition.name}`

function keysTo(frame: Frame, key: string | number): (string | number)[] {
  const keys = [key]
  for (let place = frame; place.up; place = place.up) keys.push(place.key)
  return keys.reverse()
}

function pathTo(frame: Frame, key: string | number, typename: string | undefined): Path {
  const { up } = frame
  return { prev: up ? pathTo(up, frame.key, frame.typename) : undefined, key, typename }
}
