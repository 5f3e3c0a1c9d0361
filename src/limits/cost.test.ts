import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  getNamedType, getOperationAST, type GraphQLField, isCompositeType, isListType, isNonNullType, isObjectType, Kind, parse,
  validate,
} from 'graphql'
import { expect, test } from 'vitest'
import { LIMITS } from '../platform/limits.ts'
import { projectRoot } from '../platform/project.ts'
import { makeSchema } from '../schema.ts'
import { costOf } from './cost.ts'

const schema = await makeSchema()

/** Returns the cost of an operation; the document must be valid, so that no case is about another schema. */
function cost(text: string, variables: Record<string, unknown> = {}, operationName?: string): number {
  const document = parse(text)
  expect(validate(schema, document).map(({ message }) => message)).toEqual([])
  return costOf(schema, document, getOperationAST(document, operationName)!, variables)
}

const ITEMS = [{ a: 1 }, { a: 1 }, { a: 1 }]

test.each<[title: string, cost: number, document: string, variables?: Record<string, unknown>]>([
  ['a thing costs one, its scalars nothing', 1, '{ viewer { role __typename } }'],
  ['things within it cost one each', 4, '{ viewer { role tenant { name } user { name team { name } } } }'],
  ['what only its id is asked of is not read', 1, '{ viewer { user { id __typename } } }'],
  ['a page costs its size', 30, '{ users(first: 30) { nodes { name } } }'],
  ['also when only ids are asked for', 30, '{ users(first: 30) { nodes { id } } }'],
  ['without a size the default counts', 25, '{ users { nodes { name } } }'],
  ['a size from a variable', 7, 'query($n: Int!) { users(first: $n) { nodes { name } } }', { n: 7 }],
  ['a size from a variable that is absent', 25, 'query($n: Int! = 25) { users(first: $n) { nodes { name } } }'],
  ['a size from a variable\'s default', 9, 'query($n: Int! = 9) { users(first: $n) { nodes { name } } }'],
  ['a variable before its default', 3, 'query($n: Int! = 9) { users(first: $n) { nodes { name } } }', { n: 3 }],
  ['a size that is no number is for the executor to refuse', 0,
    'query($n: Int!) { users(first: $n) { nodes { name } } }', { n: 'many' }],
  ['a negative one too', 0, '{ users(first: -5) { nodes { name } } }'],
  ['an immense one counts as the largest, which the field refuses', 100,
    'query($n: Int!) { users(first: $n) { nodes { name } } }', { n: 1e300 }],
  ['things of each item cost the page\'s size each', 60, '{ users(first: 20) { nodes { name team { name lead { name } } } } }'],
  ['lists within lists multiply', 2_010,
    '{ leaderboards(first: 10) { nodes { standings(first: 100) { nodes { user { name } } } } } }'],
  ['edges cost as nodes do', 20,
    '{ users(first: 10) { edges { cursor node { name team { name } } } pageInfo { hasNextPage } } }'],
  ['edges of ids cost their number', 10, '{ users(first: 10) { edges { node { id } } } }'],
  ['two pages of one field add up', 30, '{ a: users(first: 10) { nodes { id } } b: users(first: 20) { nodes { id } } }'],
  ['the same field asked for twice costs once', 20,
    '{ users(first: 10) { nodes { name } nodes { team { name } } } users(first: 10) { nodes { id } } }'],
  ['fragments count where they are spread', 50, `
    { users(first: 10) { nodes { ...U } } teams(first: 10) { nodes { lead { ...U } } } }
    fragment U on User { team { name } }`],
  ['of possible types the costliest counts', 3,
    '{ node(id: "x") { id ... on User { team { lead { name } } } ... on Team { name } } }'],
  ['a list of ids costs their number', 3, '{ nodes(ids: ["a", "b", "c"]) { id } }'],
  ['also from a variable', 4, 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b', 'c', 'd'] }],
  ['a list with a declared size', 100, '{ levels { title } }'],
  ['a stream costs the places it shows', 300,
    `subscription { leaderboard(id: "x", top: 100) {
      ... on LeaderboardSnapshot { standings { user { name team { name } } } } } }`],
  ['the costlier of its messages', 500, `subscription { leaderboard(id: "x", top: 250) {
    ... on LeaderboardSnapshot { standings { rank } } ... on LeaderboardDelta { changes { user { name } } } } }`],
  ['the longest board with its people is just within the limit', 1_000,
    'subscription { leaderboard(id: "x", top: 500) { ... on LeaderboardSnapshot { standings { user { name } } } } }'],
  ['a feed costs its fifty items', 100, 'subscription { feed { ... on FeedSnapshot { items { user { name } } } } }'],
  ['a command costs at least one', 1, 'mutation { teamCreate(input: { name: "Blues" }) { mark } }'],
  ['a batch costs one for each item', 3,
    'mutation($items: [ActivityRecordInput!]!) { activitiesRecord(input: { items: $items }) { mark } }', { items: ITEMS }],
  ['also as a whole input', 3,
    'mutation($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) { results { index } } }',
    { input: { items: ITEMS } }],
  ['what is asked of each result multiplies', 6,
    'mutation($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) { results { activity { id type { key } } } } }',
    { input: { items: ITEMS } }],
  ['the schema has a price of its own', 100, '{ __schema { types { name fields { name } } } }'],
])('%s', (_title, expected, document, variables = {}) => {
  expect(cost(document, variables)).toBe(expected)
})

test('another operation of the same document has its own cost, and variables of one request do not stay for the next', () => {
  const document = parse('query A($n: Int!) { users(first: $n) { nodes { id } } } query B { viewer { role } }')
  const of = (name: string, variables: Record<string, unknown>) =>
    costOf(schema, document, getOperationAST(document, name)!, variables)
  expect([of('A', { n: 5 }), of('B', {}), of('A', { n: 50 }), of('A', { n: 5 })]).toEqual([5, 1, 50, 5])
})

test('the operations of the pages are within the limit', () => {
  const texts = ['board', 'start'].map(name => readFileSync(join(projectRoot, 'web/graphql', `${name}.graphql`), 'utf8'))
  const costs = texts.flatMap(text => {
    const document = parse(text)
    return document.definitions.flatMap(definition => definition.kind !== Kind.OPERATION_DEFINITION ? []
      : [costOf(schema, document, definition, { top: 100 })])
  })
  expect(costs.length).toBeGreaterThanOrEqual(5)
  expect(costs.filter(each => each > LIMITS.costMax)).toEqual([])
})

const slicing = ({ args }: GraphQLField<unknown, unknown>, names: string[]) => args.some(({ name }) => names.includes(name))

test('every list of things in the schema says how many it may hold', () => {
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType).filter(({ name }) => !name.startsWith('__'))
  const sizedBeneath = new Set(objects.flatMap(type => Object.values(type.getFields()))
    .filter(field => slicing(field, ['first', 'top', 'days', 'input']))
    .flatMap(({ type }) => {
      const named = getNamedType(type)
      const possible = isCompositeType(named) && !isObjectType(named) ? schema.getPossibleTypes(named) : []
      return [named, ...possible].map(({ name }) => name)
    }))
  const silent = objects.flatMap(type => Object.values(type.getFields()).flatMap(field => {
    const list = isListType(isNonNullType(field.type) ? field.type.ofType : field.type)
    const named = getNamedType(field.type)
    if (!list || !isCompositeType(named) || named.name === 'UserError') return []
    const isSized = 'sizeMax' in field.extensions || slicing(field, ['ids']) || sizedBeneath.has(type.name)
    return isSized ? [] : [`${type.name}.${field.name}`]
  }))
  expect(silent).toEqual([])
})
