/** What of the event log is told to people. Each later room says how its events read; nothing here knows them. Pure. */

/** A committed event as the feed needs to see it. */
export interface Happened { pos: number; topic: string; payload: unknown; at: Date }

/** One told event: `facts` are what its kind needs to be worded, `line` its place among the items of its event. */
export interface FeedRow {
  pos: number; line: number; kind: FeedKindName; at: Date; userId: string | null; teamId: string | null
  facts: Record<string, unknown>
}

export type FeedKindName =
  | 'POINTS_AWARDED' | 'POINTS_REVERSED' | 'LEVEL_CHANGED' | 'BADGE_EARNED' | 'RECOGNITION_GIVEN' | 'CHALLENGE_INVITED'
  | 'CHALLENGE_COMPLETED' | 'CHALLENGE_WON' | 'SKILL_COMPLETED'

/** What an event says to the feed, before it has a place. */
export type Told = Omit<FeedRow, 'pos' | 'line' | 'at'>

/** How one topic is told, and how one kind is worded for the person it is about; `byName` is who did it (`facts.byUserId`). */
export interface FeedTeller { topic: string; tell(payload: unknown): Told[] }
export type Wording = (facts: Record<string, unknown>, name: string, byName: string) => string

const tellers = new Map<string, FeedTeller>()
const wordings = new Map<FeedKindName, Wording>()

/** Teaches the feed a topic of a later room. */
export function registerTeller(teller: FeedTeller): void {
  tellers.set(teller.topic, teller)
}

/** Teaches the feed the sentence of a kind. */
export function registerWording(kind: FeedKindName, wording: Wording): void {
  wordings.set(kind, wording)
}

/** Returns whether a topic is told at all. */
export function isTold(topic: string): boolean {
  return tellers.has(topic)
}

/** Returns the items of an event, in order; always the same for the same event. */
export function toldBy(event: Happened): readonly FeedRow[] {
  let items = toldOnce.get(event)
  if (!items) toldOnce.set(event, (items = tellAll(event)))
  return items
}

// Every feed of a tenant reads the same event: it is told once.
const toldOnce = new WeakMap<Happened, FeedRow[]>()

function tellAll({ pos, topic, payload, at }: Happened): FeedRow[] {
  return (tellers.get(topic)?.tell(payload) ?? []).map((told, line) => ({ ...told, pos, line, at }))
}

/** Returns the sentence of an item about the person of this name, done by the person of the other. */
export function wordingOf({ kind, facts }: Pick<FeedRow, 'kind' | 'facts'>, name: string, byName: string): string {
  return wordings.get(kind)?.(facts, name, byName) ?? name
}

/** Whose news a reader asked for. */
export type Scope = { kind: 'ME'; userId: string } | { kind: 'TEAM'; teamId: string } | { kind: 'TENANT' }

/** Returns whether an item belongs to the scope and is of one of the kinds (null = all). */
export function isAddressed(
  item: Pick<FeedRow, 'userId' | 'teamId' | 'kind'>, scope: Scope, kinds: ReadonlySet<string> | null,
): boolean {
  if (kinds && !kinds.has(item.kind)) return false
  return scope.kind === 'TENANT' || (scope.kind === 'ME' ? item.userId === scope.userId : item.teamId === scope.teamId)
}
