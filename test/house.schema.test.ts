import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  buildSchema, type GraphQLNamedType, type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType,
} from 'graphql'
import { expect, test } from 'vitest'
import { projectRoot } from '../src/platform/project.ts'
import { makeSchema, schemaText } from '../src/schema.ts'
import { bannedWord, filesBelow, isTest } from './house.rules.ts'

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const written = buildSchema(read('schema.graphql'))

interface Described { name: string; description?: string | null | undefined }

/** Returns everything in the schema that carries a name of ours, by its path. */
function namesOf(schema: GraphQLSchema): [path: string, thing: Described][] {
  const types = Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__') && !/^(ID|Int|Float|String|Boolean)$/.test(name))
  return types.flatMap((type): [string, Described][] => [[type.name, type], ...partsOf(type)])
    .filter(([path]) => !/^(Query|Mutation|Subscription)$/.test(path)) // The three roots need no words.
}

function partsOf(type: GraphQLNamedType): [string, Described][] {
  if (isEnumType(type)) return type.getValues().map(value => [`${type.name}.${value.name}`, value])
  if (isInputObjectType(type)) return Object.values(type.getFields()).map(field => [`${type.name}.${field.name}`, field])
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field): [string, Described][] =>
    [[
      `${type.name}.${field.name}`, field,
    ], ...field.args.map((arg): [string, Described] => [`${type.name}.${field.name}(${arg.name})`, arg])])
}

const mute = (schema: GraphQLSchema) => namesOf(schema).filter(([, { description }]) => !description).map(([path]) => path)

test('every type, field, argument and enum value of the schema has a description', () => {
  expect(mute(written)).toEqual([])
  expect(mute(buildSchema('"""A.""" enum A { B } """C.""" type C { d(e: Int): A } type Query { "f" f: C }')))
    .toEqual(['A.B', 'C.d', 'C.d(e)'])
})

test('no name in the schema says nothing', () => {
  const breaches = (schema: GraphQLSchema) => namesOf(schema).filter(([, { name }]) => bannedWord(name)).map(([path]) => path)
  expect(breaches(written)).toEqual([])
  expect(breaches(buildSchema('type Query { memberInfo(data: Int): Int }')))
    .toEqual(['Query.memberInfo', 'Query.memberInfo(data)'])
})

test('schema.graphql is what the code prints: npm run schema writes it', async () => {
  expect(read('schema.graphql')).toBe(schemaText(await makeSchema()))
})

const migrations = filesBelow(projectRoot, 'migrations', /\.sql$/).map(read).join('\n').replaceAll(/--.*$/gm, '')
const tables = [...migrations.matchAll(/^create table (\w+)/gm)].map(([, name]) => name!)
const glossary = read('docs/glossary.md')
const snake = (name: string) => name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()

test('no table and no column says nothing', () => {
  const types = 'uuid|text|bigint|integer|date|boolean|json|char|timestamptz|bytea'
  const declared = migrations.matchAll(new RegExp(`^(?:create table (\\w+)|  (\\w+) (?:${types}))`, 'gm'))
  const names = [...declared].map(([, table, column]) => table ?? column!)
  expect(names.length).toBeGreaterThan(100)
  expect(names.filter(bannedWord)).toEqual([])
})

// Nouns whose room has no test of its own yet; the list only gets shorter.
const AWAITED: string[] = []

/** Returns where the chain of a noun breaks: type → class in an entity file of a room → table → tests of the room → glossary. */
function chainOf(type: string): string[] {
  const table = tables.find(name => name === snake(type) || name === `${snake(type)}s`)
  if (!table) return [] // No noun of the vault: a shape of an answer, or a thing computed from others.
  const homes = filesBelow(projectRoot, 'src', /\.entity\.ts$/)
    .filter(path => new RegExp(`^export class ${type} `, 'm').test(read(path)))
  if (homes.length !== 1) return [`${type}: ${homes.length} entity files say what it is`]
  const room = dirname(homes[0]!)
  const named = new RegExp(`\\b(${type}|${table}|${type[0]!.toLowerCase()}${type.slice(1)})`.replace(/y\)$/, '(y|ies))'))
  const isTested = [...filesBelow(projectRoot, room, /\.test\.ts$/)].some(path => named.test(read(path)))
  return [
    ...isTested || AWAITED.includes(type) ? [] : [`${type}: no test in ${room} names it`],
    ...new RegExp(`^### ${type}$`, 'm').test(glossary) ? [] : [`${type}: docs/glossary.md has no entry "### ${type}"`],
    ...glossary.includes(`\`${table}\``) ? [] : [`${type}: docs/glossary.md does not name its table ${table}`],
  ]
}

test('a noun is found by its name: type, entity, table, test and glossary entry', () => {
  const nouns = Object.values(written.getTypeMap()).filter(isObjectType).map(({ name }) => name)
  expect(nouns.flatMap(chainOf)).toEqual([])
  expect(nouns.filter(name => tables.includes(snake(name))).sort()).toEqual(
    expect.arrayContaining(['Activity', 'Leaderboard', 'Level', 'Team', 'Tenant']))
})

test('every table is explained in the glossary', () => {
  expect(tables.filter(name => !glossary.includes(`\`${name}\``))).toEqual([])
})

test('every event that is emitted is listed in the glossary', () => {
  const code = filesBelow(projectRoot, 'src', /\.ts$/).filter(path => !isTest(path)).map(read).join('\n')
  const topics = new Set([...code.matchAll(/emit(?:Statement)?\((?:tx|tenantId), '([a-z_.]+)'/g)].map(([, topic]) => topic!))
  expect(topics.size).toBeGreaterThanOrEqual(8)
  expect([...topics].filter(topic => !glossary.includes(`\`${topic}\``))).toEqual([])
})
