import { type GraphQLResolveInfo, Kind, type OperationDefinitionNode, parse } from 'graphql'
import { expect, test } from 'vitest'
import { fieldsAsked, wantsOnlyId } from './asked.ts'

test.each([
  ['{ id }', true], ['{ __typename id }', true], ['{ id name }', false], ['{ ...x }', false], ['{ other: id }', true],
])('%s asks for nothing but the id: %s', (selection, only) => {
  const [definition] = parse(`{ user ${selection} }`).definitions
  const { selections } = (definition as unknown as { selectionSet: { selections: unknown[] } }).selectionSet
  expect(wantsOnlyId({ fieldNodes: selections } as never)).toBe(only)
})

test('what is asked below places is found through fragments, aliases and conditions', () => {
  const { definitions: [operation, ...fragments] } = parse(`query($is: Boolean!) { users { nodes { id a: name ...F }
    edges { node { level { number } ... on User @include(if: $is) { team { id } } } cursor } pageInfo { endCursor } } }
    fragment F on User { points ...G } fragment G on User { standing(leaderboardId: "x") { rank } }`)
  const at = {
    fieldNodes: (operation as OperationDefinitionNode).selectionSet.selections,
    fragments: Object.fromEntries(fragments.flatMap(part =>
      part.kind === Kind.FRAGMENT_DEFINITION ? [[part.name.value, part]] : [])),
  } as unknown as GraphQLResolveInfo
  expect([...fieldsAsked(at, 'nodes')].sort()).toEqual(['id', 'name', 'points', 'standing'])
  expect([...fieldsAsked(at, 'nodes', 'edges.node')].sort()).toEqual(['id', 'level', 'name', 'points', 'standing', 'team'])
  expect([...fieldsAsked(at, 'elsewhere')]).toEqual([])
})
