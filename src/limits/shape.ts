/**
 * The shape of a document: how deep, how wide, how often repeated. Measured in one pass before the document is validated, since
 * validation itself is where a small document can hold a server up for minutes.
 */
import {
  type DocumentNode, type FieldNode, type FragmentDefinitionNode, type GraphQLError, Kind, type SelectionSetNode,
} from 'graphql'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

interface Measure { depth: number; introspectionDepth: number; fields: number; aliases: number; directives: number }

/** The bounds that a document is held against: what is counted, how many there may be, and what to do about more. */
const BOUNDS = {
  depth: {
    max: LIMITS.documentDepthMax, what: 'levels of depth', advice: 'Ask for less at once, and fetch the rest by `node(id)`.',
  },
  introspectionDepth: {
    max: LIMITS.introspectionDepthMax, what: 'levels below __schema', advice: 'Ask for the schema as graphql-js does.',
  },
  rootFields: { max: LIMITS.documentRootFieldsMax, what: 'fields at its root', advice: 'Send several operations.' },
  aliases: { max: LIMITS.documentAliasesMax, what: 'aliases', advice: 'Use `nodes(ids)`, or send several operations.' },
  directives: { max: LIMITS.documentDirectivesMax, what: 'directives', advice: 'Leave out those that decide nothing.' },
  fragments: {
    max: LIMITS.documentFragmentsMax, what: 'fragments and spreads of them', advice: 'Write fields where they are used.',
  },
  fields: { max: LIMITS.documentFieldsMax, what: 'fields with its fragments put in', advice: 'Spread fragments less often.' },
  repeats: { max: LIMITS.documentRepeatsMax, what: 'pairs of fields in one place', advice: 'Ask for each field once.' },
} as const

/** Returns why a document's shape is refused (TOO_COSTLY, or BAD_REQUEST for a fragment within itself), or null. */
export function shapeFault(document: DocumentNode): GraphQLError | null {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const measures = new Measures(fragments)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue
    const measure = measures.of(definition.selectionSet)
    if (measures.circle) return circular(measures.circle)
    measure.directives += definition.directives?.length ?? 0
    // A fragment that nothing spreads is validated all the same. One of the schema's own types may be as deep as those are.
    const isOperation = definition.kind === Kind.OPERATION_DEFINITION
    if (!isOperation) [measure.depth, measure.introspectionDepth] = [0, measure.depth]
    for (const bound of ['depth', 'introspectionDepth', 'aliases', 'directives', 'fields'] as const) {
      if (measure[bound] > BOUNDS[bound].max) return tooMuch(bound, measure[bound])
    }
    if (measures.fragments > BOUNDS.fragments.max) return tooMuch('fragments', measures.fragments)
    // From here on the document is small with everything put in, so it may be walked as the executor would.
    const { rootFields, repeats } = repeatsIn(definition.selectionSet, fragments)
    if (isOperation && rootFields > BOUNDS.rootFields.max) return tooMuch('rootFields', rootFields)
    if (repeats > BOUNDS.repeats.max) return tooMuch('repeats', repeats)
  }
  return null
}

/** Measures selections, each fragment once however often it is spread. */
class Measures {
  /** A fragment that spreads itself, when one was met. */
  circle: string | null = null
  /** How many fragments are defined and how often one is spread, as written: validation compares them pair by pair. */
  fragments: number
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #known = new Map<string, Measure | 'under way'>()

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments
    this.fragments = fragments.size
  }

  of(set: SelectionSetNode | undefined): Measure {
    const sum: Measure = { depth: 0, introspectionDepth: 0, fields: 0, aliases: 0, directives: 0 }
    for (const selection of set?.selections ?? []) {
      sum.directives += selection.directives?.length ?? 0
      if (selection.kind === Kind.FIELD) add(sum, this.#ofField(selection))
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(sum, this.of(selection.selectionSet))
      else add(sum, this.#ofFragment(selection.name.value))
    }
    return sum
  }

  #ofField({ name, alias, selectionSet }: FieldNode): Measure {
    const inner = this.of(selectionSet)
    inner.fields += 1
    if (alias) inner.aliases += 1
    // The schema's own schema is deep by nature (`ofType`), and its answer does not grow with what people wrote.
    const isOwn = name.value === '__schema' || name.value === '__type'
    if (isOwn) inner.introspectionDepth = Math.max(inner.introspectionDepth, inner.depth)
    inner.depth = isOwn ? 1 : inner.depth + 1
    return inner
  }

  #ofFragment(name: string): Measure {
    this.fragments += 1
    const known = this.#known.get(name)
    if (known === 'under way') this.circle = name
    if (known) return known === 'under way' ? this.of(undefined) : known
    this.#known.set(name, 'under way')
    const fragment = this.#fragments.get(name)
    const measure = this.of(fragment?.selectionSet)
    measure.directives += fragment?.directives?.length ?? 0
    this.#known.set(name, measure)
    return measure
  }
}

function add(sum: Measure, other: Measure): void {
  sum.depth = Math.max(sum.depth, other.depth)
  sum.introspectionDepth = Math.max(sum.introspectionDepth, other.introspectionDepth)
  sum.fields += other.fields
  sum.aliases += other.aliases
  sum.directives += other.directives
}

/**
 * Returns how many fields stand at the root, and how many pairs of fields have to be compared because they share a place in the
 * answer: what OverlappingFieldsCanBeMerged does, whose work grows by their square.
 */
function repeatsIn(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
  let repeats = 0
  let rootFields = 0
  const level = (sets: readonly SelectionSetNode[], isRoot: boolean): void => {
    const places = new Map<string, FieldNode[]>()
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const place = selection.alias?.value ?? selection.name.value
          const fields = places.get(place)
          if (fields) fields.push(selection)
          else places.set(place, [selection])
        } else {
          const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
          if (inner) collect(inner.selectionSet)
        }
      }
    }
    for (const each of sets) collect(each)
    if (isRoot) rootFields = [...places.values()].reduce((sum, fields) => sum + fields.length, 0)
    for (const fields of places.values()) {
      repeats += fields.length * (fields.length - 1) / 2
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? [])
      if (inner.length) level(inner, false)
    }
  }
  level([set], true)
  return { repeats, rootFields }
}

function tooMuch(bound: keyof typeof BOUNDS, count: number): GraphQLError {
  const { max, what, advice } = BOUNDS[bound]
  const [found, shown] = count > 1e6 ? [1e6, 'more than a million'] : [count, count]
  return fault('TOO_COSTLY', `This document has ${shown} ${what}; at most ${max} are allowed. ${advice}`, { bound, found, max })
}

function circular(name: string): GraphQLError {
  return fault('BAD_REQUEST', `Fragment ${name.slice(0, 100)} spreads itself, so it has no end: take it out of itself.`)
}

/** Returns why variables are refused (BAD_REQUEST), or null: too many values, or nested too deeply. Takes time in proportion. */
export function variablesFault(variables: unknown): GraphQLError | null {
  let values = 0
  // A list of what is yet to be seen instead of recursion: nesting may be deeper than a stack.
  let level: unknown[] = [variables]
  for (let depth = 0; level.length; depth++) {
    if (depth > LIMITS.variablesDepthMax) {
      const max = LIMITS.variablesDepthMax
      return fault('BAD_REQUEST', `The variables are nested more than ${max} levels deep: send them flatter.`)
    }
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      for (const inner of Array.isArray(value) ? value : Object.values(value)) {
        if (++values > LIMITS.variableValuesMax) {
          const max = LIMITS.variableValuesMax.toLocaleString('en-US')
          return fault('BAD_REQUEST', `The variables hold more than ${max} values: send them in several operations.`)
        }
        if (typeof inner === 'object' && inner !== null) next.push(inner)
      }
    }
    level = next
  }
  return null
}
