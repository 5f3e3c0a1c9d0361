/** Where a subject stands: the buckets of its facts, and what each rule has earned and granted it. Pure. */
import { periodRange } from '../platform/time.ts'
import type { Buckets, PackedBucket } from './bucket.rules.ts'
import { dateOf } from './calendar.rules.ts'
import type { SubjectKind } from './condition.rules.ts'
import { type RuleEvent, UNLOCK_EVENT } from './fact.rules.ts'
import { type Earned, maxOf, type ReadyRule } from './unlock.rules.ts'

/** One occurrence of a rule for one subject; `day` is the local date at whose end it was first earned, `atMs` its instant. */
export interface Unlock { rule: string; kind: SubjectKind; subjectId: string; occurrence: string; day: string; atMs: number }

/** What an event changed. `parked` were granted, but are not told to other rules: the chain of unlocks has grown too long. */
export interface Outcome {
  unlocked: Unlock[]; revoked: Unlock[]; parked: Unlock[]
  progress: { rule: string; kind: SubjectKind; subjectId: string; percent: number }[]
}

/** Returns an outcome in which nothing changed. */
export const emptyOutcome = (): Outcome => ({ unlocked: [], revoked: [], parked: [], progress: [] })

/** When an occurrence was granted: for the day at whose end it was earned, at an instant of it. */
export interface Granted { day: number; atMs: number }

/** Where one subject stands with one rule. `openFrom` is the first day that waits for its close to be read. */
export interface Standing {
  ready: ReadyRule; subject: Subject; earned: Earned[]; granted: Map<string, Granted>; percent: number; openFrom: number | null
  touchedFrom: number
}

/** A user, a team, or the tenant, with its facts by slot and its standings by rule. */
export interface Subject { kind: SubjectKind; id: string; facts: Map<number, Buckets>; standings: Map<number, Standing> }

/** A subject as it stands in a snapshot. */
export interface PackedSubject {
  kind: SubjectKind; id: string; facts: Record<string, PackedBucket[]>; rules: Record<string, PackedStanding>
}
/** A standing as it stands in a snapshot. */
export interface PackedStanding { earned: Earned[]; granted: [string, Granted][]; percent: number; openFrom: number | null }

/** The id of the one subject of kind TENANT. */
export const TENANT_SUBJECT = 'tenant'

/** Returns the subject's standing with a rule, which begins with nothing. */
export function standingWith(subject: Subject, ready: ReadyRule): Standing {
  let standing = subject.standings.get(ready.index)
  if (!standing) {
    standing = { ready, subject, earned: [], granted: new Map(), percent: 0, openFrom: null, touchedFrom: Infinity }
    subject.standings.set(ready.index, standing)
  }
  return standing
}

/** Returns the days from `start` on, in order, on which something the rule reads happened to the subject. */
export function daysFrom({ slots }: ReadyRule, { facts }: Subject, start: number): number[] {
  const days: number[] = []
  let isSorted = true
  for (const slot of slots) {
    const buckets = facts.get(slot)
    if (!buckets) continue
    for (let at = buckets.placeOf(start); at < buckets.list.length; at++) {
      const { day } = buckets.list[at]!
      if (day === days.at(-1)) continue
      if (days.length && day < days.at(-1)!) isSorted = false
      days.push(day)
    }
  }
  return isSorted ? days : [...new Set(days)].sort((one, other) => one - other)
}

/** Returns the first of those days, or null. */
export function firstDayFrom({ slots }: ReadyRule, { facts }: Subject, start: number): number | null {
  let first: number | null = null
  for (const slot of slots) {
    const buckets = facts.get(slot)
    const day = buckets?.list[buckets.placeOf(start)]?.day
    if (day !== undefined && (first === null || day < first)) first = day
  }
  return first
}

/** Returns the newest day on which something the rule reads happened, or `today` when that is later. */
export function newestDay({ slots }: ReadyRule, { facts }: Subject, today: number): number {
  let newest = today
  for (const slot of slots) {
    const list = facts.get(slot)?.list
    if (list?.length && list.at(-1)!.day > newest) newest = list.at(-1)!.day
  }
  return newest
}

/** Returns a grant as others are told of it. */
export function unlockOf({ ready, subject }: Pick<Standing, 'ready' | 'subject'>, occurrence: string, granted: Granted): Unlock {
  const { day, atMs } = granted
  return { rule: ready.key, kind: subject.kind, subjectId: subject.id, occurrence, day: dateOf(day), atMs }
}

/** A reading again: the occurrences from the place `kept` on are new, `lost` ones were earned before; and what caused it. */
export interface Reread {
  kept: number; lost: readonly Earned[]; cause: { atMs: number; day: number } | null; zone: string; nowMs: number
}

/** Grants what was earned, once; takes back what is no longer earned where the rule says so. */
export function grantEarned(standing: Standing, { kept, lost, cause, zone, nowMs }: Reread, outcome: Outcome): void {
  const { ready, granted, earned } = standing
  if (ready.rule.onReversal === 'REVOKE') {
    for (const { occurrence } of lost) {
      const was = granted.get(occurrence)
      if (!was || earned.some((one, at) => at >= kept && one.occurrence === occurrence)) continue
      granted.delete(occurrence)
      outcome.revoked.push(unlockOf(standing, occurrence, was))
    }
  }
  for (let at = kept; at < earned.length; at++) {
    const { occurrence, day } = earned[at]!
    if (granted.has(occurrence) || granted.size >= maxOf(ready.repeat)) continue
    const endMs = periodRange('DAILY', zone, dateOf(day)).endMs - 1
    const grant = { day, atMs: ready.isLive && cause?.day === day ? cause.atMs : Math.min(nowMs, endMs) }
    granted.set(occurrence, grant)
    outcome.unlocked.push(unlockOf(standing, occurrence, grant))
  }
}

/** Returns the event by which an unlock is a fact for other rules. */
export function eventOf({ rule, kind, subjectId, occurrence, atMs }: Unlock): RuleEvent {
  return {
    id: `unlock ${rule} ${kind} ${subjectId} ${occurrence}`, type: UNLOCK_EVENT, atMs, zone: null,
    userId: kind === 'USER' ? subjectId : null, teamId: kind === 'TEAM' ? subjectId : null, attributes: { achievement: rule },
  }
}

/** Returns a subject as JSON; `names` are those of the slots. */
export function packSubject({ kind, id, facts, standings }: Subject, names: readonly string[]): PackedSubject {
  return {
    kind, id, facts: Object.fromEntries([...facts].map(([slot, buckets]) => [names[slot]!, buckets.pack()])),
    rules: Object.fromEntries([...standings.values()].map(standing => [standing.ready.key, packStanding(standing)])),
  }
}

function packStanding({ earned, granted, percent, openFrom }: Standing): PackedStanding {
  return { earned: earned.map(one => ({ ...one })), granted: [...granted], percent, openFrom }
}

/** A bucket of a subject that changed; null when nothing is left in it. `fact` is the fact's name. */
export interface ChangedBucket { kind: SubjectKind; subjectId: string; fact: string; day: number; bucket: PackedBucket | null }

/** A standing that changed. */
export interface ChangedStanding { kind: SubjectKind; subjectId: string; rule: string; standing: PackedStanding }

/** What has changed since it was last taken, for whoever keeps the state. */
export class Changes {
  readonly #buckets = new Map<Buckets, { subject: Subject; fact: string; days: Set<number> }>()
  readonly #standings = new Set<Standing>()
  readonly #kept = new WeakMap<Standing, string>()

  /** Notes a bucket. */
  bucket(subject: Subject, fact: string, buckets: Buckets, day: number): void {
    const known = this.#buckets.get(buckets)
    if (known) known.days.add(day)
    else this.#buckets.set(buckets, { subject, fact, days: new Set([day]) })
  }

  /** Notes a standing that may have changed. */
  standing(standing: Standing): void {
    this.#standings.add(standing)
  }

  /** Notes that a standing is kept as it is. */
  isKept(standing: Standing): void {
    this.#kept.set(standing, JSON.stringify(packStanding(standing)))
  }

  /** Returns what has changed, and forgets it. */
  take(): { buckets: ChangedBucket[]; standings: ChangedStanding[] } {
    const buckets = [...this.#buckets].flatMap(([own, { subject: { kind, id: subjectId }, fact, days }]) =>
      [...days].map(day => ({ kind, subjectId, fact, day, bucket: own.packDay(day) })))
    const standings: ChangedStanding[] = []
    for (const each of this.#standings) {
      const [standing, { kind, id: subjectId }] = [packStanding(each), each.subject]
      const text = JSON.stringify(standing)
      if (this.#kept.get(each) === text) continue
      this.#kept.set(each, text)
      standings.push({ kind, subjectId, rule: each.ready.key, standing })
    }
    this.#buckets.clear()
    this.#standings.clear()
    return { buckets, standings }
  }
}
