/** Which facts an event belongs to: found by its type and one attribute, so that facts of other events cost nothing. Pure. */
import type { Part } from './bucket.rules.ts'
import type { SubjectKind } from './condition.rules.ts'
import { attributeOf, type AttributeValue, type FactDefinition, isFrom, type RuleEvent, type Source } from './fact.rules.ts'
import type { Reader } from './reading.rules.ts'

/** One fact of one kind of subject, with the numbers of the rules that read it; what was recorded before `sinceMs` is not its. */
export interface Slot {
  name: string; fact: FactDefinition; kind: SubjectKind; reader: Reader; rules: number[]; index: number; sinceMs: number
}

/** A way from an event into a fact. */
export interface Route { slot: Slot; source: Source; part: Part }

const NONE: ReadonlySet<SubjectKind> = new Set()

/** All ways, by event type. */
export class Routes {
  readonly #kinds = new Map<string, Set<SubjectKind>>()
  readonly #types = new Map<string, { always: Route[]; byAttribute: Map<string, Map<AttributeValue, Route[]>> }>()

  /** Adds the ways into a fact. */
  add(slot: Slot): void {
    const { fact } = slot
    this.#addOne({ slot, source: fact, part: 'TOP' })
    if (fact.over) this.#addOne({ slot, source: fact.over, part: 'UNDER' })
    if (fact.freeze) this.#addOne({ slot, source: { event: fact.freeze }, part: 'FREEZE' })
    if (fact.rest) this.#addOne({ slot, source: { event: fact.rest }, part: 'REST' })
  }

  /** Returns whether any fact is made of events of the type. */
  has(type: string): boolean {
    return this.#types.has(type)
  }

  /** Returns the kinds of subjects whose facts are made of events of the type. */
  kindsOf(type: string): ReadonlySet<SubjectKind> {
    return this.#kinds.get(type) ?? NONE
  }

  /** Calls `take` with each way of the event. */
  each(event: RuleEvent, take: (route: Route) => void): void {
    const type = this.#types.get(event.type)
    if (!type) return
    for (const route of type.always) take(route)
    for (const [name, byValue] of type.byAttribute) {
      const value = attributeOf(event, name)
      const routes = value === undefined ? undefined : byValue.get(value)
      for (const route of routes ?? []) if (isFrom(route.source, event)) take(route)
    }
  }

  #addOne(route: Route): void {
    const { event, where } = route.source
    const kinds = this.#kinds.get(event)
    if (kinds) kinds.add(route.slot.kind)
    else this.#kinds.set(event, new Set([route.slot.kind]))
    let type = this.#types.get(event)
    if (!type) this.#types.set(event, type = { always: [], byAttribute: new Map() })
    const name = Object.keys(where ?? {})[0]
    if (name === undefined) {
      type.always.push(route)
      return
    }
    let byValue = type.byAttribute.get(name)
    if (!byValue) type.byAttribute.set(name, byValue = new Map<AttributeValue, Route[]>())
    const routes = byValue.get(where![name]!)
    if (routes) routes.push(route)
    else byValue.set(where![name]!, [route])
  }
}
