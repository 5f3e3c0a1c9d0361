/** What a query asks below a field, for those who read ahead of it. */
import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

const askedAt = new WeakMap<readonly FieldNode[], Map<string, ReadonlySet<string>>>()

/**
 * Returns the names of the fields that are asked below these places under a field (`nodes`, `edges.node`), so that one statement
 * can read them together. It may name more than is asked in the end: conditions and types are not looked at.
 */
export function fieldsAsked({ fieldNodes, fragments }: GraphQLResolveInfo, ...places: string[]): ReadonlySet<string> {
  let known = askedAt.get(fieldNodes)
  if (!known) askedAt.set(fieldNodes, (known = new Map()))
  const key = places.join()
  let names = known.get(key)
  if (!names) {
    const below = (sets: readonly (SelectionSetNode | undefined)[]): readonly FieldNode[] =>
      sets.flatMap(set => set?.selections ?? []).flatMap(selection => {
        if (selection.kind === Kind.FIELD) return [selection]
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value]
        return below([fragment?.selectionSet])
      })
    const setsAt = (place: string) => place.split('.').reduce((nodes, step) =>
      below(nodes.map(({ selectionSet }) => selectionSet)).filter(({ name }) => name.value === step), fieldNodes)
    names = new Set(below(places.flatMap(setsAt).map(({ selectionSet }) => selectionSet)).map(({ name }) => name.value))
    known.set(key, names)
  }
  return names
}

/** Returns whether a field's selection asks for nothing but `id` and `__typename`, so that no row need be read. */
export function wantsOnlyId({ fieldNodes }: GraphQLResolveInfo): boolean {
  return fieldNodes.every(({ selectionSet }) => selectionSet?.selections.every(selection =>
    selection.kind === Kind.FIELD && (selection.name.value === 'id' || selection.name.value === '__typename')))
}
