/** The law of settlements: which tier is whose, and whom its points go to. Pure: the same standings always settle the same. */
import { type Aim, isMet, type Measure, millionths, type Placed, type Reward, type Tier } from '../challenges/challenge.rules.ts'

/** What a subject ends with: the place of its tier in the list, and what that gives; null when none is theirs. */
export interface Outcome { subjectId: string; tier: number | null; rewards: Reward[]; points: number }

/** What decides beside the standings. */
export interface Terms { aim: Aim; measure: Measure; tiers: readonly Tier[]; verdicts: ReadonlyMap<string, string> }

/**
 * Returns what each subject ends with, in the order given: of the tiers that fit, the first one (a subject gets only its best
 * tier). Ties share a rank and so a tier; nobody stands in the ranks that a tie leaves empty.
 */
export function outcomesFor(placed: readonly Placed[], terms: Terms): Outcome[] {
  const sum = placed.reduce((all, { value }) => value !== null && value > 0n ? all + value : all, 0n)
  return placed.map(each => {
    const at = terms.tiers.findIndex(tier => fits(tier, each, terms))
    const tier = terms.tiers[at]
    const rewards = tier ? rewardsOf(tier, each, sum) : []
    const points = rewards.reduce((all, reward) => all + (reward.kind === 'POINTS' ? reward.points : 0), 0)
    return { subjectId: each.subjectId, tier: tier ? at : null, rewards, points }
  })
}

function fits({ when }: Tier, { subjectId, value, rank }: Placed, { aim, measure, verdicts }: Terms): boolean {
  const isMore = aim.goal === 'AT_LEAST'
  const hasDone = value !== null && (!isMore || value > 0n)
  switch (when.kind) {
    case 'RANK': {
      if (rank === null || !hasDone || rank < when.from || rank > when.to) return false
      return when.minimum === undefined || isMet({ ...aim, target: millionths(when.minimum) }, value)
    }
    case 'TARGET': return isMet(aim, value) && (when.outcome === 'MET' || value !== aim.target)
    case 'REACHED': return isMet({ ...aim, target: millionths(when.value) }, value)
    case 'VERDICT': return verdicts.get(subjectId) === when.verdict
    case 'POT': return hasDone
    // Whoever is enrolled by others and did nothing took no part.
    case 'TOOK_PART': return measure.kind === 'JUDGED' || hasDone
  }
}

/** Of a pot, points are shared by what was counted, rounded down: what is left over stays with the house. */
function rewardsOf({ when, rewards }: Tier, { value }: Placed, sum: bigint): Reward[] {
  if (when.kind !== 'POT') return rewards
  return rewards.flatMap(reward => {
    if (reward.kind !== 'POINTS') return reward
    const points = Number(BigInt(reward.points) * value! / sum)
    return points ? { ...reward, points } : []
  })
}

/** Points for one recipient; a null user is the subject's own account. */
export interface Payment { userId: string | null; points: number }

/**
 * Returns whom points for a subject go to. A person gets their own; of a team, a department or the company they go to
 * its own account, wholly to each of its people, or in equal parts, what is left over going point by point to the first by id.
 */
export function paymentsFor(
  subject: 'USER' | 'TEAM' | 'DEPARTMENT' | 'TENANT', payout: 'OWN' | 'EACH_USER' | 'SPLIT_EQUAL', subjectId: string,
    points: number,
  people: readonly string[],
): Payment[] {
  if (subject === 'USER') return [{ userId: subjectId, points }]
  // Where nobody is left to be paid, the account keeps it.
  if (payout === 'OWN' || !people.length) return [{ userId: null, points }]
  if (payout === 'EACH_USER') return [...people].sort().map(userId => ({ userId, points }))
  const share = Math.floor(points / people.length)
  const rest = points - share * people.length
  return [...people].sort().map((userId, at) => ({ userId, points: share + (at < rest ? 1 : 0) })).filter(each => each.points > 0)
}

/** A grant's life: granted, approved by another person or rejected, then fulfilled. */
export type GrantState = 'GRANTED' | 'APPROVED' | 'REJECTED' | 'FULFILLED'

/** Returns whether somebody may decide on a grant: a person who neither set the challenge nor gets the reward. */
export function mayDecide(deciderId: string | null,
  { createdBy, userId }: { createdBy: string | null; userId: string | null }): boolean {
  return deciderId !== null && deciderId !== createdBy && deciderId !== userId
}
