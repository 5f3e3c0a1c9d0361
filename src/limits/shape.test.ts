import { getIntrospectionQuery, parse } from 'graphql'
import { expect, test } from 'vitest'
import { LIMITS } from '../platform/limits.ts'
import { makeSchema } from '../schema.ts'
import { Documents } from './documents.ts'
import { shapeFault, variablesFault } from './shape.ts'

const times = (count: number, text: (at: number) => string) => Array.from({ length: count }, (_, at) => text(at)).join(' ')
const deep = (levels: number) => `{ ${'users { nodes { '.repeat(levels)} id ${'} }'.repeat(levels)} }`
const chain = (length: number) => times(length, at => `fragment F${at} on Team { lead { team { ...F${at + 1} } } }`)

test.each<[title: string, document: string, bound: string | null]>([
  ['12 levels', `{ a { a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } } }`, null],
  ['13 levels', `{ a { a { a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } } } }`, 'depth'],
  ['lists within lists, 51 levels', deep(25), 'depth'],
  ['the same in inline fragments', `{ ${'... on Query { a { '.repeat(13)} a ${'} } '.repeat(13)} }`, 'depth'],
  ['the same in a chain of fragments', `{ teams { ...F0 } } ${chain(6)} fragment F6 on Team { id }`, 'depth'],
  ['a fragment that nothing spreads, 26 levels', `{ a } fragment F on Query { ${'a { '.repeat(25)} a ${'}'.repeat(25)} }`,
    'introspectionDepth'],
  ['the schema, as graphql-js asks for it', getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }), null],
  ['the schema, 22 levels', `{ __type(name: "A") { ${'ofType { '.repeat(21)} name ${'}'.repeat(21)} } }`, 'introspectionDepth'],
  ['50 aliases', `{ a { ${times(50, at => `x${at}: id`)} } }`, null],
  ['51 aliases', `{ a { ${times(51, at => `x${at}: id`)} } }`, 'aliases'],
  ['17 aliases in a fragment that is spread three times',
    `{ a { ...F } b { ...F } c { ...F } } fragment F on A { ${times(17, at => `x${at}: id`)} }`, 'aliases'],
  ['20 fields at the root', `{ ${times(20, at => `f${at}`)} }`, null],
  ['21 fields at the root', `{ ${times(21, at => `f${at}`)} }`, 'rootFields'],
  ['21 fields at the root by a fragment', `{ ...F } fragment F on Query { ${times(21, at => `f${at}`)} }`, 'rootFields'],
  ['51 directives', `{ a { ${times(51, () => 'id @include(if: true)')} } }`, 'directives'],
  ['51 directives on one field', `{ a ${times(51, () => '@x')} }`, 'directives'],
  ['101 fragments', `{ a } ${times(101, at => `fragment F${at} on A { id }`)}`, 'fragments'],
  ['a fragment spread 101 times', `{ a { ${times(101, () => '...F')} } } fragment F on A { id }`, 'fragments'],
  ['fragments that double at each of 9 steps',
    `{ ...F0 } ${times(9, at => `fragment F${at} on A { a { ...F${at + 1} } b { ...F${at + 1} } }`)} fragment F9 on A { c d }`,
    'fields'],
  ['45 times the same field', `{ a { ${times(45, () => 'id')} } }`, null],
  ['46 times the same field', `{ a { ${times(46, () => 'id')} } }`, 'repeats'],
  ['pairs of pairs of lists', `{ a { ${times(12, () => `l { ${times(12, () => 'm { id }')} }`)} } }`, 'repeats'],
])('%s: %#', (_title, document, bound) => {
  const refusal = shapeFault(parse(document))
  expect(refusal?.extensions.bound ?? null).toBe(bound)
  if (!bound) return
  expect(refusal!.extensions).toMatchObject({ code: 'TOO_COSTLY', max: expect.any(Number), found: expect.any(Number) })
  expect(refusal!.message).toMatch(/^This document has .+; at most \d+ are allowed\. [A-Z].+\.$/)
})

test.each([
  ['itself', '{ a { ...F } } fragment F on A { a { ...F } }'],
  ['itself through others',
    '{ a { ...F } } fragment F on A { a { ...G } } fragment G on A { b { ...H } } fragment H on A { ...F }'],
  ['itself, spread by nothing', '{ a } fragment F on A { ...F }'],
])('a fragment that spreads %s is a bad request', (_title, document) => {
  expect(shapeFault(parse(document))?.extensions).toEqual({ code: 'BAD_REQUEST' })
})

test('a bomb of fragments is measured without being blown up', () => {
  // Two to the power of forty fields, were they put in; the limit of depth is checked last so that its measure is seen.
  const bomb = `{ ...F0 } ${times(40, at => `fragment F${at} on A { ...F${at + 1} ... on A { x: a { ...F${at + 1} } } }`)}
    fragment F40 on A { id }`
  expect(shapeFault(parse(bomb))?.extensions.code).toBe('TOO_COSTLY')
})

test('a document that is too long, has too many tokens, or is nested beyond the stack is refused', async () => {
  const documents = new Documents(await makeSchema())
  const codeOf = (text: string) => {
    const read = documents.read(text)
    return 'errors' in read ? read.errors[0]!.extensions.code : 'good'
  }
  const one = '{ viewer { role } }'
  expect(codeOf(one)).toBe('good')
  expect(codeOf(one + ' '.repeat(LIMITS.documentLengthMax - one.length))).toBe('good')
  expect(codeOf(one + ' '.repeat(LIMITS.documentLengthMax))).toBe('TOO_COSTLY')
  expect(codeOf(`{ viewer { ${'role '.repeat(LIMITS.documentTokensMax)} } }`)).toBe('BAD_REQUEST')
  expect(codeOf(`{ users(first: ${'['.repeat(990)}${']'.repeat(990)}) { nodes { id } } }`)).toBe('BAD_REQUEST')
  expect(codeOf(`${'{ a '.repeat(660)}${'}'.repeat(660)}`)).toBe('TOO_COSTLY')
})

test('variables are bounded in number and in depth', () => {
  const nestedBy = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown
  expect(variablesFault({ deep: nestedBy(LIMITS.variablesDepthMax - 1) })).toBeNull()
  expect(variablesFault({ deep: nestedBy(100_000) })?.extensions).toEqual({ code: 'BAD_REQUEST' })
  expect(variablesFault({ many: Array.from({ length: LIMITS.variableValuesMax - 1 }, () => 1) })).toBeNull()
  expect(variablesFault({ many: Array.from({ length: LIMITS.variableValuesMax }, () => 1) })?.message)
    .toBe('The variables hold more than 50,000 values: send them in several operations.')
  expect([undefined, null, {}].map(variablesFault)).toEqual([null, null, null])
})
