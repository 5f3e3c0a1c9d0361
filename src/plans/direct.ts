/**
 * Leads a schema's fields straight to the methods and columns behind them. What type-graphql puts between (a container,
 * conversion and validation of arguments, promises for both) is not used here and cost more than the resolvers (bench/query).
 */
import {
  getNamedType, type GraphQLFieldResolver, GraphQLObjectType, type GraphQLSchema, isLeafType,
} from 'graphql'
import { getMetadataStorage } from 'type-graphql'

type Storage = ReturnType<typeof getMetadataStorage>
type Column = NonNullable<Storage['objectTypes'][number]['fields']>[number]
type FieldMethod = Storage['fieldResolvers'][number]
type Parameter = NonNullable<FieldMethod['params']>[number]
type Method = (...args: unknown[]) => unknown
type Resolve = GraphQLFieldResolver<unknown, unknown>
type Row = Record<string, unknown> | null | undefined

/** Binds the fields of object types where that changes nothing; the others keep the resolver they have. */
export function bindDirectly(schema: GraphQLSchema): void {
  const { objectTypes, fieldResolvers } = getMetadataStorage()
  const instances = new Map<Function, Record<string, Method>>()
  const instanceOf = (target: Function) => {
    let instance = instances.get(target)
    if (!instance) instances.set(target, (instance = new (target as new () => Record<string, Method>)()))
    return instance
  }
  for (const { name, fields } of objectTypes) {
    const type = schema.getType(name)
    if (!(type instanceof GraphQLObjectType)) continue
    for (const metadata of fields ?? []) {
      const field = type.getFields()[metadata.schemaName]
      if (!field || metadata.middlewares?.length || metadata.roles) continue
      const methods = fieldResolvers.filter(({ methodName, getObjectType }) =>
        methodName === metadata.name && getObjectType?.() === metadata.target)
      if (!methods.length) bindColumn(field, metadata)
      else if (methods.length === 1 && field.args.every(({ type: of }) => isLeafType(getNamedType(of)))) {
        const resolve = methodResolver(methods[0]!, instanceOf)
        if (resolve) field.resolve = resolve
      }
    }
  }
}

function bindColumn(field: { resolve?: Resolve; name: string }, { name }: Column): void {
  if (name === field.name) delete field.resolve
  else field.resolve = source => (source as Row)?.[name]
}

/** Returns a resolver that calls the method, or null when its parameters need more than to be handed over. */
function methodResolver(
  { kind, target, methodName, params, middlewares, roles }: FieldMethod,
  instanceOf: (target: Function) => Record<string, Method>,
): Resolve | null {
  if (kind !== 'external' || middlewares?.length || roles) return null
  const takes = (params ?? []).toSorted((one, other) => one.index - other.index).map(takerOf)
  if (takes.includes(null)) return null
  const [first, second, third, ...more] = takes as Taker[]
  const instance = instanceOf(target)
  const method = instance[methodName]!.bind(instance)
  // Only a resolver of four parameters is told about its field, which costs an object each time.
  if (more.length) {
    return (source, args, context, at) => method(...(takes as Taker[]).map(take => take(source, args, context, at)))
  }
  if ((params ?? []).some(({ kind: taken }) => taken === 'info')) {
    return (source, args, context, at) => third
      ? method(first!(source, args, context, at), second!(source, args, context, at), third(source, args, context, at))
      : method(first!(source, args, context, at), second?.(source, args, context, at))
  }
  if (third) return (source, args, context) =>
    method(first!(source, args, context), second!(source, args, context), third(source, args, context))
  if (second) return (source, args, context) => method(first!(source, args, context), second(source, args, context))
  return (source, args, context) => method(first?.(source, args, context))
}

type Taker = (source: unknown, args: Record<string, unknown>, context: unknown, at?: unknown) => unknown

function takerOf(param: Parameter): Taker | null {
  if (param.kind === 'arg') return (_source, args) => args[param.name]
  if (param.kind === 'info') return (_source, _args, _context, at) => at
  if ((param.kind !== 'context' && param.kind !== 'root') || (param.kind === 'root' && param.getType)) return null
  const { kind, propertyName } = param
  const whole: Taker = kind === 'context' ? (_source, _args, context) => context : source => source
  return propertyName ? (source, args, context) => (whole(source, args, context) as Row)?.[propertyName] : whole
}
