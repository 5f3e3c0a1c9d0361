/** The policy at the schema's roots: every root field declares its action, and nothing runs before the table was asked. */
import {
  getNamedType, getNullableType, type GraphQLField, type GraphQLFieldResolver, GraphQLError, type GraphQLInputType,
  type GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema, GraphQLString, isInputObjectType, isListType,
  isNonNullType, TypeInfo, visit, visitWithTypeInfo,
} from 'graphql'
import { Extensions, registerEnumType } from 'type-graphql'
import type { Command } from './audit.ts'
import { fault, type Refusal } from './errors.ts'
import { type Context, nodeFetches, userError } from './graphql.ts'
import { kindOf, requireId } from './ids.ts'
import { type Action, decisionFor, featureOf, type FeatureUse, type FreeText, isOnScreens, POLICY } from './policy.rules.ts'

export enum UserRole {
  VIEWER = 'VIEWER', MEMBER = 'MEMBER', PARTNER = 'PARTNER', MANAGER = 'MANAGER', FINANCE = 'FINANCE', COMPLIANCE = 'COMPLIANCE',
  ADMIN = 'ADMIN',
}
registerEnumType(UserRole, {
  name: 'Role', description: 'What a person may do.',
  valuesConfig: {
    VIEWER: { description: 'Reads.' },
    MEMBER: { description: 'Reads, and records for themself.' },
    PARTNER: { description: 'Records for themself and sees no employees.' },
    MANAGER: { description: 'Records and takes back for the teams they lead.' },
    FINANCE: { description: 'As MEMBER, and searches the audit.' },
    COMPLIANCE: { description: 'As MEMBER, and searches the audit.' },
    ADMIN: { description: 'Everything in the tenant.' },
  },
})

/** Declares which action of the policy a query, mutation or subscription is. */
export const Allows = (action: Action) => Extensions({ action })

/** Returns the action that a root field declares. @throws Error when it declares none: the schema is not built then */
export function actionOf(field: GraphQLField<unknown, unknown>): Action {
  const action = field.extensions.action
  if (typeof action !== 'string' || !Object.hasOwn(POLICY, action)) {
    throw new Error(`${field.name} declares no action of the policy`)
  }
  return action as Action
}

/** Returns what `next` returns, at once when there is nothing to wait for. */
const after = <T>(waiting: void | Promise<void>, next: () => T): T | Promise<T> => waiting ? waiting.then(next) : next()

/**
 * Has every root field of a schema ask the policy first, then whether its feature is on. Commands are audited besides: each
 * leaves one entry, come what may.
 */
export function guardRoots(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const action = actionOf(field)
    const resolve = field.resolve!
    field.resolve = (source, args, context: Context, at) => {
      context.require(action)
      requireShown(context, at)
      return after(context.pass(action), () => resolve(source, args, context, at))
    }
  }
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    field.resolve = audited(actionOf(field), field.resolve!)
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const action = actionOf(field)
    const subscribe = field.subscribe!
    field.subscribe = async (source, args, context: Context, at) => {
      context.require(action)
      requireShown(context, at)
      await context.pass(action)
      const opened = await subscribe(source, args, context, at) as { use?: FeatureUse }
      const feature = featureOf(action)
      if (feature) opened.use = { feature, platform: context.platform }
      return opened
    }
  }
}

/** A screen hangs where anybody passes by: it shows names and places, and nothing else of a person. @throws Fault FORBIDDEN */
function requireShown(context: Context, { operation, fragments, schema }: GraphQLResolveInfo): void {
  if (context.actor.credential?.kind !== 'SCREEN') return
  const types = new TypeInfo(schema)
  const judge = visitWithTypeInfo(types, {
    Field({ name: { value: field } }) {
      const type = types.getParentType()?.name ?? ''
      if (isOnScreens(type, field)) return
      throw fault('FORBIDDEN', `A screen does not show ${type}.${field}: take it out, or use a personal token.`)
    },
  })
  for (const part of [operation, ...Object.values(fragments)]) visit(part, judge)
}

type Outcome = { userErrors?: { code: string; field?: string[] }[]; results?: Outcome[] } | null | undefined
type RootResolver = GraphQLFieldResolver<unknown, Context>

function audited(action: Action, resolve: RootResolver): RootResolver {
  return async (source, args, context, at) => {
    const [own, command] = context.commanding(action)
    try {
      await own.pass(action)
      const refusal = await own.gate.write(own.actor.tenantId, () => freeTexts(at, args))
      const answer = refusal ? refusedBy(refusal, at) : await resolve(source, args, own, at) as Outcome
      if (!command.isWritten) Object.assign(command.entry, decisionOf(answer))
      return answer
    } catch (error) {
      if (!command.isWritten) Object.assign(command.entry, failureOf(error))
      throw error
    } finally {
      if (!command.isWritten) context.audit.add(own.actor.tenantId, command.entry)
    }
  }
}

/** A command that wrote nothing was refused, or had nothing to do: the same was sent before. */
function decisionOf(answer: Outcome): Partial<Command['entry']> {
  const parts = answer?.results ?? []
  const ofParts = parts.every(part => part?.userErrors?.length) ? parts[0]?.userErrors : null
  const [first] = [...answer?.userErrors ?? [], ...ofParts ?? []]
  if (!first) return { rule: 'nothing new' }
  return {
    decision: first.code === 'FORBIDDEN' ? 'DENIED' : 'REFUSED',
    rule: [first.code, ...first.field ?? []].join(' ').slice(0, 200),
  }
}

/** Yields every text of a command's input, with its field: ids, enums, numbers and instants are none. */
function* freeTexts({ parentType, fieldName }: GraphQLResolveInfo, args: Record<string, unknown>): Generator<FreeText> {
  for (const { name, type } of parentType.getFields()[fieldName]!.args) {
    yield* textsIn(type, args[name], name === 'input' ? [] : [name], name)
  }
}

function* textsIn(type: GraphQLInputType, value: unknown, path: string[], name: string): Generator<FreeText> {
  if (isNonNullType(type)) yield* textsIn(type.ofType, value, path, name)
  else if (Array.isArray(value) && isListType(type)) {
    for (const [at, item] of value.entries()) yield* textsIn(type.ofType, item, [...path, String(at)], name)
  } else if (isInputObjectType(type) && value) {
    for (const field of Object.values(type.getFields())) {
      yield* textsIn(field.type, (value as Record<string, unknown>)[field.name], [...path, field.name], field.name)
    }
  } else if (type === GraphQLString && typeof value === 'string') yield { path, name, text: value }
}

/** Returns a payload that says nothing but why its command was refused. */
function refusedBy(refusal: Refusal, { returnType }: GraphQLResolveInfo): Outcome {
  const fields = Object.values((getNamedType(returnType) as GraphQLObjectType).getFields())
  const owed = fields.filter(({ type }) => isNonNullType(type))
    .map(({ name, type }) => [name, isListType(getNullableType(type)) ? [] : false])
  return { ...Object.fromEntries(owed), userErrors: [userError(refusal)] }
}

function failureOf(error: unknown): Partial<Command['entry']> {
  const code = error instanceof GraphQLError ? String(error.extensions.code ?? 'INTERNAL') : 'INTERNAL'
  if (code === 'INTERNAL' || code === 'UNAVAILABLE') return { decision: 'FAILED', rule: code }
  const rule = [code, (error as GraphQLError).extensions.control ?? []].flat().join(' ')
  return { decision: code === 'FORBIDDEN' ? 'DENIED' : 'REFUSED', rule }
}

/** Returns the thing with this wire id, or null when it does not exist or belongs to another tenant. */
export async function nodeFor(context: Context, id: string): Promise<object | null> {
  const kind = kindOf(id)
  const known = kind && nodeFetches.get(kind)
  if (!kind) throw fault('BAD_REQUEST', 'id must be an id as the API returned it.', { argument: 'id' })
  const uuid = requireId(kind, id, 'id')
  if (!known) throw fault('BAD_REQUEST', `A ${kind} is no node: read it where the API lists it.`, { argument: 'id' })
  // What one may not see does not exist, and neither does what is switched off.
  const isSeen = decisionFor(context.actor, known.action).reach
    && await context.gate.isOpen(context.actor.tenantId, known.action, context.platform)
  const row = isSeen ? await context.load(known.fetch, uuid) : null
  return row && { ...row, __typename: kind }
}
