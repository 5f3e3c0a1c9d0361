/**
 * Many rules over the events of one tenant: an event touches only the facts it belongs to and the rules that read them. What is
 * earned depends on the events alone, not on the order in which they arrive; what was granted stays, unless a rule revokes. Pure.
 */
import { LIMITS } from '../platform/limits.ts'
import { Buckets } from './bucket.rules.ts'
import { closedThrough, dayNumber, dayOf } from './calendar.rules.ts'
import { type NextStep, type ReadFact, type SubjectKind, UNLOCKED, withPrerequisites } from './condition.rules.ts'
import { type Catalog, type FactValue, type RuleEvent, UNLOCK_EVENT } from './fact.rules.ts'
import { contributionOf, readerOf } from './reading.rules.ts'
import { type Route, Routes, type Slot } from './route.rules.ts'
import {
  type Changes, daysFrom, emptyOutcome, eventOf, firstDayFrom, grantEarned, newestDay, type Outcome, packSubject,
  type PackedSubject, type Standing, standingWith, type Subject, TENANT_SUBJECT, type Unlock, unlockOf,
} from './standing.rules.ts'
import {
  type Earned, earnOn, isInForce, isSpent, type KeyedRule, nextOn, percentOn, readingDay, readingStart, type ReadyRule,
  readyRule,
} from './unlock.rules.ts'

/** How far a subject is; `read` reads the rule's facts as of the same moment. */
export interface Progress { percent: number; next: NextStep | null; read: ReadFact; ready: ReadyRule }

/**
 * What an engine is made of; `zone` is the tenant's. Keys of rules are unique. `sinceMs` says from when on a fact counts what is
 * recorded; `changes` are told what there is to keep.
 */
export interface EngineSettings {
  catalog: Catalog; rules: readonly KeyedRule[]; zone: string; sinceMs?: (kind: SubjectKind, fact: string) => number
  changes?: Changes
}

/** The rules of one tenant with the state of its subjects. */
export class RuleEngine {
  readonly #zone: string
  readonly #changes: Changes | undefined
  readonly #rules: ReadyRule[] = []
  readonly #byKey = new Map<string, ReadyRule>()
  readonly #slots: Slot[] = []
  readonly #nothing: Buckets[] = [] // What a subject without events has, by slot.
  readonly #routes = new Routes()
  readonly #subjects = { USER: new Map<string, Subject>(), TEAM: new Map<string, Subject>(), TENANT: new Map<string, Subject>() }
  readonly #waiting = new Set<Standing>()

  /**
   * @throws Error when a rule reads a fact that the catalog lacks, a key is there twice, or a prerequisite is no rule of its
   * kind
   */
  constructor({ catalog, rules, zone, sinceMs = () => -Infinity, changes }: EngineSettings) {
    this.#zone = zone
    this.#changes = changes
    const whole = withPrerequisites(catalog, rules.flatMap(({ rule }) => rule.prerequisites ?? []))
    const places = new Map<string, number>()
    for (const keyed of rules) {
      const { key, rule } = keyed
      if (this.#byKey.has(key)) throw new Error(`There are two rules ${key}`)
      const ready = readyRule(keyed, whole, this.#rules.length, fact => {
        const name = `${rule.subject} ${fact}`
        return places.get(name) ?? this.#addSlot(places, name, fact, rule.subject, whole, sinceMs(rule.subject, fact))
      })
      for (const slot of ready.slots) this.#slots[slot]!.rules.push(ready.index)
      this.#rules.push(ready)
      this.#byKey.set(key, ready)
    }
    for (const { key, rule } of rules) {
      const lacking = rule.prerequisites?.find(needed => this.#byKey.get(needed)?.rule.subject !== rule.subject)
      if (lacking !== undefined) throw new Error(`${key} needs ${lacking}, which is no rule for a ${rule.subject}`)
    }
  }

  /** Adds an event and returns what it changed. `nowMs` is when it is looked at; what is late by then is read again. */
  apply(event: RuleEvent, nowMs: number): Outcome {
    return this.#change(event, 1, nowMs)
  }

  /** Takes an event away, which must be given as it was applied. @throws Error when it was never applied; nothing changed then */
  reverse(event: RuleEvent, nowMs: number): Outcome {
    return this.#change(event, -1, nowMs)
  }

  /** Reads the days and periods that have closed by now, and returns what that changed; safe to run again. */
  settle(nowMs: number): Outcome {
    const outcome = emptyOutcome()
    for (const standing of this.#waiting) this.#read(standing, standing.openFrom!, null, nowMs, outcome)
    this.#feedBack(outcome, 0, 0, nowMs)
    return outcome
  }

  /** Returns how far the subject is with the rule as of now. @throws Error when there is no such rule */
  progressOf(key: string, subjectId: string, nowMs: number): Progress {
    const ready = this.#byKey.get(key)
    if (!ready) throw new Error(`There is no rule ${key}`)
    const subject = this.#subjectOf(ready.rule.subject, subjectId, false)
    const granted = subject.standings.get(ready.index)?.granted
    const day = newestDay(ready, subject, dayOf(this.#zone, nowMs))
    const read: ReadFact = slot => this.#readFact(subject, slot, day)
    const isGranted = (occurrence: string): boolean => granted?.has(occurrence) ?? false
    return { percent: percentOn(ready, isGranted, day, read), next: nextOn(ready, isGranted, day, read), read, ready }
  }

  /** Returns what the events alone earn, whatever was granted before: occurrences in the order of their days. */
  earnedBy(key: string, subjectId: string): readonly Earned[] {
    const ready = this.#byKey.get(key)
    return ready ? this.#subjectOf(ready.rule.subject, subjectId, false).standings.get(ready.index)?.earned ?? [] : []
  }

  /** Returns every granted unlock. */
  unlocks(): Unlock[] {
    return Object.values(this.#subjects).flatMap(subjects => [...subjects.values()])
      .flatMap(subject => [...subject.standings.values()])
      .flatMap(standing => [...standing.granted].map(([occurrence, granted]) => unlockOf(standing, occurrence, granted)))
  }

  /** Returns the slots by name; each with the definition of its fact and the keys of the rules that read it. */
  readers(): { fact: string; kind: SubjectKind; rules: string[] }[] {
    return this.#slots.map(({ name, kind, rules }) =>
      ({ fact: name.slice(kind.length + 1), kind, rules: rules.map(index => this.#rules[index]!.key) }))
  }

  /** Returns whether the rules read events of the type, of subjects of the kind. */
  isReader(kind: SubjectKind, type: string): boolean {
    return this.#routes.kindsOf(type).has(kind)
  }

  /** Returns the definition of each fact that is read, by kind and name. */
  definitions(): Record<string, string> {
    return Object.fromEntries(this.#slots.map(({ name, fact }) => [name, JSON.stringify(fact)]))
  }

  /** Returns every subject as JSON. */
  pack(): PackedSubject[] {
    const names = this.#slots.map(({ name }) => name)
    return Object.values(this.#subjects).flatMap(each => [...each.values()]).map(subject => packSubject(subject, names))
  }

  /** Returns the facts of the unlock's rule as they stood at the end of its day. */
  factsOf({ rule, kind, subjectId, day }: Unlock): Record<string, FactValue> {
    const subject = this.#subjectOf(kind, subjectId, false)
    return Object.fromEntries(this.#byKey.get(rule)!.slots.map(slot =>
      [this.#slots[slot]!.name.slice(kind.length + 1), this.#readFact(subject, slot, dayNumber(day))]))
  }

  /** Takes in subjects as they were packed. What other rules unlocked for them is told to those that need it. */
  load(subjects: readonly PackedSubject[]): void {
    for (const { kind, id, facts, rules } of subjects) {
      const subject = this.#subjectOf(kind, id)
      for (const slot of this.#slots) {
        const packed = slot.kind === kind ? facts[slot.name] : undefined
        if (packed) this.#bucketsOf(subject, slot).unpack(packed)
      }
      for (const [key, { earned, granted, percent, openFrom }] of Object.entries(rules)) {
        const ready = this.#byKey.get(key)
        if (!ready || ready.rule.subject !== kind) continue
        const standing = standingWith(subject, ready)
        Object.assign(standing, { earned: [...earned], granted: new Map(granted), percent, openFrom })
        if (openFrom !== null) this.#waiting.add(standing)
        this.#changes?.isKept(standing)
      }
      for (const slot of this.#slots) if (slot.kind === kind && !facts[slot.name]) this.#recall(subject, slot)
    }
  }

  /** Forgets a subject, as if it had never been heard of. */
  forget(kind: SubjectKind, id: string): void {
    const subject = this.#subjects[kind].get(id)
    for (const standing of subject?.standings.values() ?? []) this.#waiting.delete(standing)
    this.#subjects[kind].delete(id)
  }

  /** What is unlocked is a fact for whoever needs it, also for a rule that came later. */
  #recall(subject: Subject, slot: Slot): void {
    const key = slot.fact.event === UNLOCK_EVENT && slot.name.includes(` ${UNLOCKED}`) ? slot.fact.where!.achievement : undefined
    for (const { ready, granted } of key === undefined ? [] : subject.standings.values()) {
      if (ready.key !== key) continue
      for (const [occurrence, { day, atMs }] of granted) {
        const { id } = eventOf(unlockOf({ ready, subject }, occurrence, { day, atMs }))
        this.#bucketsOf(subject, slot).change(1, 'TOP', dayOf(this.#zone, atMs), atMs, id, 1)
      }
    }
  }

  #addSlot(
    places: Map<string, number>, name: string, fact: string, kind: SubjectKind, catalog: Catalog, sinceMs: number,
  ): number {
    const definition = catalog.facts.get(fact)
    if (!definition) throw new Error(`There is no fact ${fact}`)
    const reader = readerOf(catalog, definition)
    const slot: Slot = { name, fact: definition, kind, reader, rules: [], index: this.#slots.length, sinceMs }
    places.set(name, this.#slots.push(slot) - 1)
    this.#nothing.push(new Buckets(definition))
    this.#routes.add(slot)
    return slot.index
  }

  #change(event: RuleEvent, sign: 1 | -1, nowMs: number, outcome = emptyOutcome(), depth = 0): Outcome {
    const [unlockedBefore, revokedBefore] = [outcome.unlocked.length, outcome.revoked.length]
    const touched: Standing[] = []
    this.#routes.each(event, route => this.#touch(route, event, sign, touched))
    if (touched.length > 1) touched.sort((one, other) => one.ready.index - other.ready.index)
    for (const standing of touched) {
      const from = standing.touchedFrom
      standing.touchedFrom = Infinity
      this.#read(standing, from, event, nowMs, outcome)
    }
    if (outcome.unlocked.length > unlockedBefore || outcome.revoked.length > revokedBefore) {
      this.#feedBack(outcome, unlockedBefore, revokedBefore, nowMs, depth)
    }
    return outcome
  }

  #touch({ slot, source, part }: Route, event: RuleEvent, sign: 1 | -1, touched: Standing[]): void {
    const id = slot.kind === 'TENANT' ? TENANT_SUBJECT : slot.kind === 'USER' ? event.userId : event.teamId
    const value = contributionOf(slot.reader, source, part, event)
    if (id === null || value === null || (event.recordedMs ?? Infinity) < slot.sinceMs) return
    const subject = this.#subjectOf(slot.kind, id)
    const day = dayOf(slot.fact.zone === 'USER' ? event.zone ?? this.#zone : this.#zone, event.atMs)
    const buckets = this.#bucketsOf(subject, slot)
    buckets.change(sign, part, day, event.atMs, event.id, value)
    this.#changes?.bucket(subject, slot.name.slice(slot.kind.length + 1), buckets, day)
    for (const index of slot.rules) {
      const standing = standingWith(subject, this.#rules[index]!)
      if (standing.touchedFrom === Infinity) touched.push(standing)
      if (day < standing.touchedFrom) standing.touchedFrom = day
    }
  }

  /** Reads a rule again for what happened from a day on. */
  #read(standing: Standing, from: number, event: RuleEvent | null, nowMs: number, outcome: Outcome): void {
    const { ready, subject, earned } = standing
    this.#changes?.standing(standing)
    const start = readingStart(ready, Math.min(from, standing.openFrom ?? from)) // What waits may have closed meanwhile.
    if (earned.length && earned.at(-1)!.day < start && isSpent(ready, earned)) {
      standing.openFrom = null
      this.#waiting.delete(standing)
      return
    }
    const closed = closedThrough(this.#zone, nowMs)
    if (ready.isLive || readingDay(ready, start) <= closed) {
      const lost: Earned[] = []
      while (earned.length && earned.at(-1)!.day >= start) lost.push(earned.pop()!)
      const kept = earned.length
      const read: ReadFact = slot => this.#readFact(subject, slot, day)
      let day = -Infinity
      for (const each of daysFrom(ready, subject, start)) {
        const readOn = readingDay(ready, each)
        if (isSpent(ready, earned) || (!ready.isLive && readOn > closed)) break
        if (readOn === day || !isInForce(ready, readOn, this.#zone)) continue
        day = readOn
        earnOn(ready, earned, day, read)
      }
      const cause = event && { atMs: event.atMs, day: from }
      grantEarned(standing, { kept, lost, cause, zone: this.#zone, nowMs }, outcome)
    }
    if (!ready.isLive) standing.openFrom = firstDayFrom(ready, subject, readingStart(ready, closed + 1))
    if (standing.openFrom === null) this.#waiting.delete(standing)
    else this.#waiting.add(standing)
    this.#tellProgress(standing, nowMs, outcome)
  }

  #tellProgress(standing: Standing, nowMs: number, { progress }: Outcome): void {
    const { ready, subject, granted } = standing
    const day = newestDay(ready, subject, dayOf(this.#zone, nowMs))
    const percent = percentOn(ready, occurrence => granted.has(occurrence), day, slot => this.#readFact(subject, slot, day))
    if (percent === standing.percent) return
    standing.percent = percent
    progress.push({ rule: ready.key, kind: subject.kind, subjectId: subject.id, percent })
  }

  /** Unlocks are facts for other rules: told to them at once, up to a length of the chain. */
  #feedBack(outcome: Outcome, unlockedFrom: number, revokedFrom: number, nowMs: number, depth = 0): void {
    if (!this.#routes.has(UNLOCK_EVENT)) return
    const changes = [
      ...outcome.revoked.slice(revokedFrom).map(unlock => [unlock, -1] as const),
      ...outcome.unlocked.slice(unlockedFrom).map(unlock => [unlock, 1] as const),
    ]
    for (const [unlock, sign] of changes) {
      if (depth >= LIMITS.ruleChainMax) outcome.parked.push(unlock)
      else this.#change(eventOf(unlock), sign, nowMs, outcome, depth + 1)
    }
  }

  #readFact({ facts }: Subject, slot: number, day: number) {
    return this.#slots[slot]!.reader.read(facts.get(slot) ?? this.#nothing[slot]!, day)
  }

  #subjectOf(kind: SubjectKind, id: string, isKept = true): Subject {
    let subject = this.#subjects[kind].get(id)
    if (!subject) {
      subject = { kind, id, facts: new Map(), standings: new Map() }
      if (isKept) this.#subjects[kind].set(id, subject)
    }
    return subject
  }

  #bucketsOf({ facts }: Subject, { index, fact }: Slot): Buckets {
    let buckets = facts.get(index)
    if (!buckets) facts.set(index, buckets = new Buckets(fact))
    return buckets
  }
}
