import fc from 'fast-check'
import {
  buildSchema, execute as executePlainly, type ExecutionResult, GraphQLError, type GraphQLObjectType, type GraphQLResolveInfo,
  type GraphQLSchema, parse, validate,
} from 'graphql'
import { expect, test } from 'vitest'
import { LIMITS } from '../platform/limits.ts'
import { execute } from './executor.ts'

const SDL = `scalar Day enum Color { RED BLUE }
interface Thing { id: ID! name: String }
type Person implements Thing { id: ID! name: String nick: String! born: Day color: Color friends: [Person!]! maybe: [Person]
  sure: Person! best: Thing any: Any says(what: String = "hi", day: Day, to: Filter): String tags: [[String!]]! }
type Robot implements Thing { id: ID! name: String serial: Int! }
union Any = Person | Robot input Filter { color: Color = BLUE names: [String!] }
type Query { one: Person must: Person! all(first: Int = 2): [Person!]! things: [Thing] any: [Any!] where: String rest: String }
type Mutation { set(to: Int!): Int add(by: Int!): Int }`

const FRAGMENTS = `fragment P on Person { name nick ...T } fragment T on Thing { id name ... on Robot { serial } }`
const DOCUMENTS = [
  '{ one { id name nick born color } must { id } }',
  '{ all { id friends { nick friends { id nick } } } }',
  'query($n: Int) { all(first: $n) { id maybe { nick sure { nick } } } }',
  '{ things { __typename ...T } any { ... on Person { a: nick b: nick } ... on Robot { serial } ... { __typename } } }',
  '{ one { sure { sure { nick } name } best { id ... on Person { nick } } tags } }',
  `query($yes: Boolean!, $no: Boolean = false) { one { id @skip(if: $yes) name @include(if: $no)
    ... on Person @include(if: $yes) { nick } sure @skip(if: $no) { id @include(if: $yes) nick } } }`,
  'query($day: Day = "2026-01-02", $f: Filter) { one { says(what: "x", day: $day, to: $f) b: says(day: "2026-02-03") c: says } }',
  '{ one { ...P ...P sure { ...P name } } one { born } }',
  '{ where a: where }',
].map(text => `${text} ${text.includes('...P') || text.includes('...T') ? FRAGMENTS : ''}`
  .replace('fragment P on Person { name nick ...T }', text.includes('...P') ? '$&' : ''))
const VARIABLES = [
  { n: 1, yes: true, no: false, f: { names: ['a'] } }, { n: 3, yes: false, day: '2026-03-04' }, { yes: true, no: true }, {},
  { n: 'x' },
]

/** What a resolver does: answers at once or later, with a value, with null, with an error as a value, or by throwing. */
type Deed = 'value' | 'null' | 'error' | 'throw' | 'later' | 'later null' | 'later throw'
type Deeds = (place: string) => Deed
type Kinds = readonly { weight: number; arbitrary: fc.Arbitrary<Deed> }[]
const likely = (deed: Deed, ...others: Deed[]) =>
  [{ weight: 14, arbitrary: fc.constant(deed) }, ...others.map(other => ({ weight: 1, arbitrary: fc.constant(other) }))]
const AT_ONCE: Kinds = likely('value', 'null', 'error', 'throw')
const LATER: Kinds = likely('later', 'later null', 'later throw')
const MIXED: Kinds = [...AT_ONCE, ...LATER]

/** Returns assignments of deeds to places, so many that neighbors differ. */
const deedsOf = (kinds: Kinds) => fc.array(fc.oneof(...kinds), { minLength: 97, maxLength: 97 }).map(deeds => {
  const hashOf = (place: string) => [...place].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7)
  return { kinds, deedAt: (place: string) => deeds[hashOf(place) % deeds.length]! }
})

/** Returns a schema whose resolvers do these deeds; each is told of its place in the answer by its info. */
function schemaOf(deedAt: Deeds): GraphQLSchema {
  const schema = buildSchema(SDL)
  Object.assign(schema.getType('Day')!, {
    serialize: (day: Date) => day.toISOString().slice(0, 10), parseValue: (text: string) => new Date(text),
    parseLiteral: ({ value }: { value: string }) => new Date(value),
  })
  for (const name of ['Thing', 'Any']) {
    Object.assign(schema.getType(name)!, { resolveType: ({ kind }: { kind: string }) => kind })
  }
  const person = (kind: 'Person' | 'Robot' = 'Person') => ({ kind, id: 'p', name: 'Ann', color: 'RED', serial: 7 })
  const values: Record<string, (args: Record<string, unknown>, at: GraphQLResolveInfo) => unknown> = {
    born: () => new Date('2001-02-03'), friends: () => [person(), person()], maybe: () => [person(), null, person()],
    sure: () => person(), best: () => person('Robot'), any: () => [person(), person('Robot')], one: () => person(),
    must: () => person(), all: ({ first }) => Array.from({ length: Number(first) }, () => person()), nick: () => 'nick',
    things: () => [person(), Promise.resolve(person('Robot')), null], tags: () => [['a'], null, ['b', 'c']],
    says: args => JSON.stringify(args), where: (_, { path, fieldName, parentType, returnType, fieldNodes, operation }) =>
      JSON.stringify([path, fieldName, parentType, returnType, fieldNodes.length, operation.operation]),
  }
  for (const type of ['Query', 'Person'].map(name => schema.getType(name) as GraphQLObjectType)) {
    for (const field of Object.values(type.getFields())) {
      const value = values[field.name]
      if (!value) continue
      field.resolve = (_source, args, _context, at) => {
        const place = placeOf(at)
        const answer = () => value(args, at)
        return act(deedAt(place), answer, new GraphQLError(`no ${place}`))
      }
    }
  }
  return schema
}

function act(deed: Deed, answer: () => unknown, error: Error): unknown {
  switch (deed) {
    case 'value': return answer()
    case 'null': return null
    case 'error': return error
    case 'throw': throw error
    case 'later': return Promise.resolve().then(answer)
    case 'later null': return Promise.resolve(null)
    case 'later throw': return Promise.reject(error)
  }
}

function placeOf({ path }: GraphQLResolveInfo): string {
  const keys: (string | number)[] = []
  for (let at: GraphQLResolveInfo['path'] | undefined = path; at; at = at.prev) keys.unshift(at.key)
  return keys.join('.')
}

const shown = ({ data, errors }: ExecutionResult) => JSON.parse(JSON.stringify({
  data, errors: errors?.map(({ message, path, locations }) => ({ message, path, locations })).sort((one, other) =>
    JSON.stringify(one) < JSON.stringify(other) ? -1 : 1),
}))

async function both(schema: GraphQLSchema, text: string, variableValues: object, operationName?: string) {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const args = { schema, document, variableValues: { ...variableValues }, ...operationName ? { operationName } : {} }
  const [plain, planned] = [await executePlainly(args), await execute(args)]
  expect(shown(await execute(args) as ExecutionResult)).toEqual(shown(planned as ExecutionResult)) // A remembered plan too.
  return { plain: shown(plain as ExecutionResult), planned: shown(planned as ExecutionResult) }
}

test('plans answer as graphql-js: aliases, fragments, unions, conditions, defaults, scalars, what resolvers see', async () => {
  const schema = schemaOf(() => 'value')
  for (const text of DOCUMENTS) {
    for (const variables of VARIABLES) {
      const { plain, planned } = await both(schema, text, variables)
      expect(planned, `${text} ${JSON.stringify(variables)}`).toEqual(plain)
      expect(Object.keys(planned.data ?? {})).toEqual(Object.keys(plain.data ?? {})) // In the order of the document.
    }
  }
})

test('whatever resolvers do, nulls end up in the same places, and errors name them', async () => {
  await fc.assert(fc.asyncProperty(
    fc.constantFrom(...DOCUMENTS), fc.constantFrom(...VARIABLES), fc.constantFrom(AT_ONCE, LATER, MIXED).chain(deedsOf),
    async (text, variables, { kinds, deedAt }) => {
      const schema = schemaOf(deedAt)
      // In a list of which one item fails at once, graphql-js forgets those that fail later: nobody handles their rejection.
      fc.pre(kinds !== MIXED || !/all|friends|maybe|any|tags|things/.test(text))
      const { plain, planned } = await both(schema, text, variables)
      expect(planned.data).toEqual(plain.data)
      expect(Boolean(planned.errors)).toBe(Boolean(plain.errors))
      // Of several faults below one null, the two may report others, since they need not wait alike.
      const isWide = (at: { path?: (string | number)[] }) => at.path !== undefined && valueAt(plain.data, at.path) !== 'gone'
      expect((planned.errors ?? []).filter(isWide)).toEqual((plain.errors ?? []).filter(isWide))
    }), { numRuns: 600 })
})

test('no fault is left without a handler, and every execution ends', async () => {
  await fc.assert(fc.asyncProperty(
    fc.constantFrom(...DOCUMENTS), fc.constantFrom(...VARIABLES), deedsOf(MIXED), async (text, variableValues, { deedAt }) => {
      const answer = await execute({ schema: schemaOf(deedAt), document: parse(text), variableValues })
      expect(() => JSON.stringify(answer)).not.toThrow()
    }), { numRuns: 600 })
})

/** Returns what stands at a path: 'gone' when something above it is null. */
function valueAt(answer: unknown, path: readonly (string | number)[]): unknown {
  let at: any = answer // eslint-disable-line
  for (const key of path) {
    if (at === null || at === undefined) return 'gone'
    at = at[key]
  }
  return at
}

test('mutations run in turn; introspection, unknown names and a key like __proto__ are answered alike', async () => {
  const schema = schemaOf(() => 'value')
  let value = 0
  const fields = schema.getMutationType()!.getFields()
  fields.set!.resolve = async (_source, { to }: { to: number }) => {
    await new Promise(resolve => setTimeout(resolve, 5))
    return (value = to)
  }
  fields.add!.resolve = (_source, { by }: { by: number }) => (value += by)
  const run = async (text: string) => shown(await execute({ schema, document: parse(text) }) as ExecutionResult)
  expect(await run('mutation { set(to: 10) a: add(by: 1) b: add(by: 2) }')).toEqual({ data: { set: 10, a: 11, b: 13 } })
  expect(await run('mutation { set(to: 4) }')).toEqual({ data: { set: 4 } })
  for (const [text, name] of [
    ['{ __schema { queryType { name } } }'], ['{ one { __proto__: nick } }'], ['query A { where } query B { rest }', 'B'],
    ['query A { where } query B { rest }'], ['query A { where }', 'C'],
  ] as const) {
    const { plain, planned } = await both(schema, text, {}, name)
    expect(planned, text).toEqual(plain)
  }
})

test('text of a stranger is never run, and plans that would grow without end are not kept', async () => {
  const schema = schemaOf(() => 'value')
  const trap = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d(globalThis.trapped = 1)'
  const { planned } = await both(schema, `{ one { says(what: ${JSON.stringify(trap)}) } }`, {})
  expect([JSON.parse(planned.data.one.says).what, 'trapped' in globalThis]).toEqual([trap, false])
  const levels = Math.ceil(Math.log2(LIMITS.planFieldsMax)) + 1
  const nested = Array.from({ length: levels }, (_, at) =>
    `fragment F${at} on Person { a: sure { ...F${at + 1} } b: sure { ...F${at + 1} } }`)
  const text = `{ one { ...F0 } } ${nested.join(' ')} fragment F${levels} on Person { nick }`
  const { plain, planned: large } = await both(schema, text, {})
  expect(large).toEqual(plain)
})
