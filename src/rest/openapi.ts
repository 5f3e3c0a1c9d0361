/** The OpenAPI description of the REST aliases, made from their documents and the schema: nothing of it is written by hand. */
import {
  type GraphQLNamedType, type GraphQLOutputType, type GraphQLSchema, isEnumType, isListType, isNonNullType, isObjectType, Kind,
  type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql'
import type { RestParameter, RestRoute } from './route.ts'

type Json = Record<string, unknown>

const SCALARS: Record<string, Json> = {
  Int: { type: 'integer' }, Points: { type: 'integer' }, Float: { type: 'number' }, Percent: { type: 'number' },
  Boolean: { type: 'boolean' }, DateTime: { type: 'string', format: 'date-time' }, Date: { type: 'string', format: 'date' },
}
const REFUSALS = {
  400: 'A parameter is wrong: the message says which and what to send.', 401: 'There is no valid token.',
  403: 'The token may not do this.', 404: 'It does not exist in this tenant.', 429: 'Too much was asked; see Retry-After.',
  503: 'The database does not answer at the moment.',
}

/** Returns the description (OpenAPI 3.1) of these routes. */
export function openapiOf(schema: GraphQLSchema, routes: readonly RestRoute[], version: string): Json {
  const paths: Json = {}
  for (const route of routes) {
    for (const [at, path] of route.paths.entries()) {
      const operationId = at ? `${route.name}${at + 1}` : route.name
      paths[path] = { get: { operationId, summary: route.summary, parameters: route.parameters.map(parameterOf), responses: {
        200: { description: 'What was asked for.', content: { 'application/json': { schema: answerOf(schema, route) } } },
        ...Object.fromEntries(Object.entries(REFUSALS).map(([status, description]) => [status, {
          description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
        }])),
      } } }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Laurel', version,
      description: 'Thin aliases of GraphQL documents: the same tokens, rights and limits as /graphql.',
    },
    security: [{ bearer: [] }], paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Refusal: REFUSAL } },
  }
}

const REFUSAL = {
  type: 'object', required: ['errors'], properties: { errors: { type: 'array', items: {
    type: 'object', required: ['message', 'extensions'], properties: {
      message: { type: 'string', description: 'What to do.' },
      extensions: {
        type: 'object', required: ['code'], properties: { code: { type: 'string' }, retryAfterMs: { type: 'integer' } },
      },
    } } } },
}

function parameterOf({ name, in: place, what, values, ...rest }: RestParameter): Json {
  return {
    name, in: place, required: place === 'path', description: what, schema: { ...values ? { enum: values } : {}, ...rest },
  }
}

/** Follows the route's way through its document and describes what lies at its end. */
function answerOf(schema: GraphQLSchema, { document, answer }: RestRoute): Json {
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode
  let type: GraphQLOutputType = schema.getQueryType()!
  let selection: SelectionSetNode | undefined = operation.selectionSet
  for (const step of answer.split('.')) {
    const bare: GraphQLOutputType = isNonNullType(type) ? type.ofType : type
    if (/^\d+$/.test(step) && isListType(bare)) type = bare.ofType as GraphQLOutputType
    else [type, selection] = fieldAt(bare, selection!, step)
  }
  return describe(isNonNullType(type) ? type.ofType as GraphQLOutputType : type, selection, false)
}

function fieldAt(
  type: GraphQLOutputType, { selections }: SelectionSetNode, name: string,
): [GraphQLOutputType, SelectionSetNode?] {
  const node = selections.find(each => each.kind === Kind.FIELD && (each.alias ?? each.name).value === name)
  if (node?.kind !== Kind.FIELD || !isObjectType(type)) throw new Error(`the document of a REST route has no field ${name}`)
  return [type.getFields()[node.name.value]!.type, node.selectionSet]
}

function describe(type: GraphQLOutputType, selection: SelectionSetNode | undefined, mayBeNull = true): Json {
  if (isNonNullType(type)) return describe(type.ofType as GraphQLOutputType, selection, false)
  const described = isListType(type)
    ? { type: 'array', items: describe(type.ofType as GraphQLOutputType, selection) }
    : named(type as GraphQLNamedType, selection)
  return mayBeNull ? { anyOf: [described, { type: 'null' }] } : described
}

function named(type: GraphQLNamedType, selection: SelectionSetNode | undefined): Json {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) }
  if (!isObjectType(type)) return SCALARS[type.name] ?? { type: 'string' }
  const properties: Json = {}
  const required: string[] = []
  for (const node of selection!.selections) {
    if (node.kind !== Kind.FIELD) throw new Error('the document of a REST route holds a fragment')
    const name = (node.alias ?? node.name).value
    const field = type.getFields()[node.name.value]!
    properties[name] = { ...describe(field.type, node.selectionSet), description: field.description }
    if (!node.directives?.length) required.push(name)
  }
  return { type: 'object', properties, required }
}
