/** An operation for every root field of the schema, with arguments that its types accept. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema, type GraphQLArgument, type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType,
  type GraphQLObjectType,
} from 'graphql'
import { wireId } from '../src/platform/ids.ts'
import { projectRoot } from '../src/platform/project.ts'

/** The schema as it is committed. */
export const schema = buildSchema(readFileSync(join(projectRoot, 'schema.graphql'), 'utf8'))
const UUID = '01900000-0000-7000-8000-000000000000'

/** Returns a value that the argument's type accepts. */
function sample(name: string, type: GraphQLInputType): string {
  if (isNonNullType(type)) return sample(name, type.ofType)
  if (isListType(type)) return `[${sample(name, type.ofType)}]`
  if (isEnumType(type)) return type.getValues()[0]!.name
  if (isInputObjectType(type)) return `{ ${required(Object.values(type.getFields()))} }`
  if (type.name === 'ID') {
    const kind = /activity/i.test(name) ? 'Activity' : /team/i.test(name) ? 'Team' : name === 'id' ? 'Leaderboard' : 'User'
    return JSON.stringify(wireId(kind, UUID))
  }
  return type.name === 'Int' || type.name === 'Points' ? '1' : type.name === 'Boolean' ? 'true' : '"12345678"'
}

type Part = Pick<GraphQLArgument, 'name' | 'type' | 'defaultValue'>
const isOwed = ({ type, defaultValue }: Part) => isNonNullType(type) && defaultValue === undefined
const required = (parts: readonly Part[]) => parts.filter(isOwed)
  .map(({ name, type }) => `${name}: ${sample(name, type)}`).join(', ')

/** Returns an operation for each field of a root type. */
export function operationsOf(
  kind: 'query' | 'mutation' | 'subscription', root: GraphQLObjectType,
): { name: string; text: string }[] {
  return Object.values(root.getFields()).map(({ name, args }) => {
    const asked = args.some(isOwed) ? `(${required(args)})` : ''
    return { name, text: `${kind} { ${name}${asked} { __typename } }` }
  })
}
