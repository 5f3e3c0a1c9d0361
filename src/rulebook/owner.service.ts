/** Owners: the rooms whose rules these are. An owner says what an unlock writes; it happens in the transaction of the unlock. */
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import type { Award } from '../points/award.service.ts'
import type { SubjectKind } from '../rules/condition.rules.ts'
import type { FactValue } from '../rules/fact.rules.ts'

/**
 * One occurrence of a rule that a subject unlocked; of the tenant the subject's id is the tenant's. `times` is 1 unless it was
 * revoked before; `facts` are as they were read (RULE-7).
 */
export interface RuleUnlock {
  id: string; rule: string; owner: string; version: number; kind: SubjectKind; subjectId: string; occurrence: string
  times: number; earnedAt: Date; facts: Record<string, FactValue>
}

/**
 * What an owner answers: what to write, outbox rows last; and points, which are paid together with those of other owners, for
 * balances are locked and read once. `withdrawn` are keys of awards.
 */
export interface OwnerAnswer { statements: Statement[]; awards?: readonly Award[]; withdrawn?: readonly string[] }

/** A room that has rules. Both may read through the batch; what they return is written in its transaction. */
export interface RuleOwner {
  owner: string
  unlocked(actor: Actor, batch: Batch, unlocks: readonly RuleUnlock[]): Promise<OwnerAnswer>
  /** Hears of unlocks that are taken back, of rules with onReversal REVOKE. */
  revoked(actor: Actor, batch: Batch, unlocks: readonly RuleUnlock[]): Promise<OwnerAnswer>
}

const owners = new Map<string, RuleOwner>()

/** Teaches the rulebook whose rules an owner's are; the name is in capitals, such as ACHIEVEMENT. */
export function registerOwner(owner: RuleOwner): void {
  if (owners.has(owner.owner)) throw new Error(`the owner ${owner.owner} is registered twice`)
  owners.set(owner.owner, owner)
}

/** Returns what the owners of these unlocks answer. */
export async function answersOf(
  actor: Actor, batch: Batch, verb: 'unlocked' | 'revoked', unlocks: readonly RuleUnlock[],
): Promise<OwnerAnswer[]> {
  const answers: OwnerAnswer[] = []
  for (const [owner, own] of Map.groupBy(unlocks, unlock => unlock.owner)) {
    const known = owners.get(owner)
    if (known) answers.push(await known[verb](actor, batch, own))
  }
  return answers
}
