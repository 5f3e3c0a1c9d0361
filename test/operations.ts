/** An operation for every root field of the schema, with arguments that its types accept. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema, type GraphQLArgument, type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType,
  type GraphQLObjectType,
} from 'graphql'
import { type Kind, wireId } from '../src/platform/ids.ts'
import { projectRoot } from '../src/platform/project.ts'

/** The schema as it is committed. */
export const schema = buildSchema(readFileSync(join(projectRoot, 'schema.graphql'), 'utf8'))
const UUID = '01900000-0000-7000-8000-000000000000'

/** Returns the id that an argument gets; `kind` is what its name speaks of. */
export type IdFor = (kind: Kind) => string

function kindOf(name: string, field: string): Kind {
  if (/endpoint/i.test(name)) return 'WebhookEndpoint'
  if (/message/i.test(name)) return 'WebhookMessage'
  if (/activity/i.test(name)) return 'Activity'
  if (/revenue/i.test(name)) return 'RevenueFact'
  if (/withdrawal/i.test(name)) return 'StandardWithdrawal'
  if (/grant/i.test(name)) return 'ChallengeGrant'
  if (/challenge/i.test(name) || name === 'id' && field.startsWith('challenge')) return 'Challenge'
  if (/team/i.test(name)) return 'Team'
  if (/department/i.test(name)) return 'Department'
  return name === 'id' && field.startsWith('leaderboard') ? 'Leaderboard' : 'User'
}

type Part = Pick<GraphQLArgument, 'name' | 'type' | 'defaultValue'>
const isOwed = ({ type, defaultValue }: Part) => isNonNullType(type) && defaultValue === undefined
const bareOf = (type: GraphQLInputType): GraphQLInputType =>
  isNonNullType(type) || isListType(type) ? bareOf(type.ofType as GraphQLInputType) : type

/** Writes arguments that their types accept: those that are owed, and with `idFor` also every optional id. */
class Writer {
  readonly #field: string
  readonly #idFor: IdFor | undefined

  constructor(field: string, idFor: IdFor | undefined) {
    this.#field = field
    this.#idFor = idFor
  }

  list(parts: readonly Part[]): string {
    return parts.filter(part => isOwed(part) || (this.#idFor && this.#holdsId(part)))
      .map(({ name, type }) => `${name}: ${this.#value(name, type)}`).join(', ')
  }

  #holdsId({ type }: Part): boolean {
    const bare = bareOf(type)
    return isInputObjectType(bare) ? Object.values(bare.getFields()).some(part => this.#holdsId(part))
      : 'name' in bare && bare.name === 'ID'
  }

  #value(name: string, type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.#value(name, type.ofType)
    if (isListType(type)) return `[${this.#value(name, type.ofType)}]`
    if (isEnumType(type)) return type.getValues()[0]!.name
    if (isInputObjectType(type)) return `{ ${this.list(Object.values(type.getFields()))} }`
    if (type.name === 'ID') {
      const kind = kindOf(name, this.#field)
      return JSON.stringify(this.#idFor ? this.#idFor(kind) : wireId(kind, UUID))
    }
    if (type.name === 'CurrencyCode') return '"EUR"'
    if (type.name === 'DateTime') return '"2026-01-01T00:00:00.000Z"'
    return type.name === 'Int' || type.name === 'Points' ? '1' : type.name === 'Boolean' ? 'true' : '"12345678"'
  }
}

/** Returns an operation for each field of a root type; with `idFor`, those that take an id, each id filled in. */
export function operationsOf(
  kind: 'query' | 'mutation' | 'subscription', root: GraphQLObjectType, idFor?: IdFor,
): { name: string; text: string }[] {
  return Object.values(root.getFields()).map(({ name, args }) => {
    const given = new Writer(name, idFor).list(args)
    return { name, text: `${kind} { ${name}${given ? `(${given})` : ''} { __typename } }` }
  })
}
