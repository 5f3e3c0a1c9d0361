/** Challenge: a goal with a time window, who takes part, and where each stands, as the schema shows them. */
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { LocalDate, Node, Percent, Points } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'
import { TieRule } from '../leaderboards/leaderboard.entity.ts'

const enumOf = (values: Record<string, string>) => Object.fromEntries(Object.keys(values).map(value => [value, value]))
const CHALLENGE_KINDS = {
  TEAM: 'Set by an admin, for all or for some.', GAP: 'Made by itself where a figure falls short.', PERSONAL: 'For one person.',
}
const SUBJECTS = {
  USER: 'People.', TEAM: 'Teams, by what their people did while they were in them.', DEPARTMENT: 'Departments, likewise.',
  TENANT: 'The whole company, which has nobody beside it.',
}
const STATUSES = {
  UPCOMING: 'It has not begun; then it is RUNNING.', RUNNING: 'What occurs now counts; then it has ENDED.',
  ENDED: 'Over, but late facts still count for 24 hours, or a verdict is awaited; then it is SETTLED.',
  SETTLED: 'Decided and paid, for good.', CANCELED: 'Called off; nothing is paid.',
}
const MEASURES = {
  ACTIVITIES: 'Activities that stand.', POINTS: 'Points that stand, but for those that challenges paid.',
  REVENUE: 'Revenue in the tenant\'s currency, less refunds.', DEALS: 'Recognized revenue facts of which something is left.',
  METRIC: 'Values of a metric.', COMBINED: 'Several measures of equal weight: the mean of each one\'s share of the best.',
  JUDGED: 'Nothing is counted: an admin enters a verdict.',
}
export const ChallengeKind = enumOf(CHALLENGE_KINDS)
export const ChallengeSubject = enumOf(SUBJECTS)
export const ChallengeStatus = enumOf(STATUSES)
export const ChallengeState = enumOf({ OPEN: '', SETTLED: '', CANCELED: '' })
export const ChallengeMeasureKind = enumOf(MEASURES)
export const ChallengeMetricTake = enumOf({ AVERAGE: '', LAST: '' })
export const ChallengeGoal = enumOf({ AT_LEAST: '', AT_MOST: '' })
export const ChallengeEnrollmentMode = enumOf({ OPEN: '', INVITED: '', ALL: '' })
export const ChallengeEnrollmentState = enumOf({ INVITED: '', ENROLLED: '', OPTED_OUT: '' })
export const ChallengePayout = enumOf({ OWN: '', EACH_USER: '', SPLIT_EQUAL: '' })
const TIERS = {
  RANK: 'A rank from `from` to `to`, with more than nothing, and at least `minimum`.',
  TARGET: 'The target, EXCEEDED or MET.', REACHED: 'A value on the way.', VERDICT: 'A verdict.',
  POT: 'A share of the points by one\'s share of all that was counted, rounded down.', TOOK_PART: 'Having taken part to the end.',
}
export const ChallengeTierKind = enumOf(TIERS)
export const ChallengeTargetOutcome = enumOf({ EXCEEDED: '', MET: '' })
const REWARDS = {
  POINTS: 'Points.', CASH: 'An amount of money.', BUDGET: 'A budget.', PERK: 'A perk, such as a team outing.', TITLE: 'A title.',
  BADGE: 'A badge.', DISCOUNT: 'A discount.', ENTITLEMENT: 'A right to something.',
}
export const ChallengeRewardKind = enumOf(REWARDS)

function register(type: object, name: string, description: string, values: Record<string, string>): void {
  registerEnumType(type, {
    name, description,
    valuesConfig: Object.fromEntries(Object.entries(values).map(([value, what]) => [value, { description: what }])),
  })
}
register(ChallengeKind, 'ChallengeKind', 'How a challenge comes about.', CHALLENGE_KINDS)
register(ChallengeSubject, 'ChallengeSubject', 'Who takes part.', SUBJECTS)
register(ChallengeStatus, 'ChallengeStatus', 'How a challenge stands.', STATUSES)
register(ChallengeState, 'ChallengeState', 'Whether a challenge is decided.', {
  OPEN: 'Not yet, whether it has begun or not.', SETTLED: 'Decided and paid.', CANCELED: 'Called off.',
})
register(ChallengeMeasureKind, 'ChallengeMeasureKind', 'What a challenge counts.', MEASURES)
register(ChallengeMetricTake, 'ChallengeMetricTake', 'Which value of a metric counts.', {
  AVERAGE: 'The mean of the values in the window, rounded half-up to two digits.', LAST: 'The last value in the window.',
})
register(ChallengeGoal, 'ChallengeGoal', 'Which way is better.', {
  AT_LEAST: 'More is better.', AT_MOST: 'Less is better; for metrics.',
})
register(ChallengeEnrollmentMode, 'ChallengeEnrollmentMode', 'Who may take part.', {
  OPEN: 'Whoever wants to.', INVITED: 'Whoever is invited.', ALL: 'All there are when it is created; others may join.',
})
register(ChallengeEnrollmentState, 'ChallengeEnrollmentState', 'How a subject stands to a challenge.', {
  INVITED: 'Asked, and has not answered; then ENROLLED or OPTED_OUT.', ENROLLED: 'Takes part.',
  OPTED_OUT: 'Does not take part, and is not asked again; may still join.',
})
register(ChallengePayout, 'ChallengePayout', 'Whom points for a team, a department or the company go to (A-08).', {
  OWN: 'To its own account, shown beside the points of its people.', EACH_USER: 'The whole to each of its people.',
  SPLIT_EQUAL: 'Shared equally among its people; what is left over goes point by point to the first by id.',
})
register(ChallengeTierKind, 'ChallengeTierKind', 'What a tier pays for.', TIERS)
register(ChallengeTargetOutcome, 'ChallengeTargetOutcome', 'How a target ended.', {
  EXCEEDED: 'Better than the target.', MET: 'At the target or better; put EXCEEDED before it to pay for exactly met.',
})
register(ChallengeRewardKind, 'ChallengeRewardKind', 'What is given (A-09).', REWARDS)

@ObjectType({ description: 'One thing that is counted.' })
export class ChallengeMeasurePart {
  @Field(() => ChallengeMeasureKind, { description: 'What is counted.' }) kind!: string
  @Field(() => [String], { nullable: true, description: 'Only activities of these types; all when null.' })
  activityTypes?: string[] | null
  @Field(() => [String], { nullable: true, description: 'Only activities of these categories, beside the types.' })
  categories?: string[] | null
  @Field(() => String, { nullable: true, description: 'Key of the metric.' }) metric?: string | null
  @Field(() => ChallengeMetricTake, { nullable: true, description: 'Which of its values counts.' }) take?: string | null
}

@ObjectType({ description: 'What a challenge counts.' })
export class ChallengeMeasure extends ChallengeMeasurePart {
  @Field(() => [String], { nullable: true, description: 'The verdicts of a judged challenge.' }) verdicts?: string[] | null
}

@ObjectType({ description: 'One part of what a tier gives.' })
export class ChallengeReward {
  @Field(() => ChallengeRewardKind, { description: 'What is given.' }) kind!: string
  @Field(() => Points, { nullable: true, description: 'Points, of POINTS.' }) points?: number | null
  @Field(() => Decimal, { nullable: true, description: 'Amount, of CASH, BUDGET and some DISCOUNTs.' }) amount?: string | null
  @Field(() => String,
    { nullable: true, description: 'Currency of the amount; null means the tenant\'s.' }) currency?: string | null
  @Field(() => String, { nullable: true, description: 'Name, of what has one.' }) name?: string | null
  @Field(() => Float, { nullable: true, description: 'Percent, of a DISCOUNT.' }) percent?: number | null
  @Field(() => String, { nullable: true, description: 'Code, of a DISCOUNT.' }) code?: string | null
  @Field(() => Int, { nullable: true, description: 'For how many days a DISCOUNT is good.' }) validDays?: number | null
  @Field(() => Int, { nullable: true, description: 'How often a DISCOUNT may be used.' }) useMax?: number | null
}

@ObjectType({ description: 'What a subject gets for what. Of several that fit, the first is theirs.' })
export class ChallengeTier {
  @Field(() => ChallengeTierKind, { description: 'What it is for.' }) kind!: string
  @Field(() => Int, { nullable: true, description: 'Best rank, of RANK.' }) from?: number | null
  @Field(() => Int, { nullable: true, description: 'Worst rank, of RANK.' }) to?: number | null
  @Field(() => Decimal, { nullable: true, description: 'Least value, of RANK.' }) minimum?: string | null
  @Field(() => ChallengeTargetOutcome,
    { nullable: true, description: 'How the target ended, of TARGET.' }) outcome?: string | null
  @Field(() => Decimal, { nullable: true, description: 'The value, of REACHED.' }) value?: string | null
  @Field(() => String, { nullable: true, description: 'The verdict, of VERDICT.' }) verdict?: string | null
  @Field(() => String, { nullable: true, description: 'Title for whoever gets it.' }) title?: string | null
}

@ObjectType({ description: 'A link for whoever takes part.' })
export class ChallengeLink {
  @Field(() => String, { description: 'What it leads to.' }) title!: string
  @Field(() => String, { description: 'The address.' }) url!: string
}

@ObjectType({ implements: Node, description: 'A goal with a time window, for people, teams, departments or the company.' })
export class Challenge extends Node {
  @Field(() => ChallengeKind, { description: 'How it came about.' }) kind!: string
  @Field(() => String, { description: 'What it is one of, such as "revenue_race".' }) series!: string
  @Field(() => String, { description: 'Name for people.' }) title!: string
  @Field(() => String, { description: 'What to do, for people.' }) description!: string
  @Field(() => ChallengeSubject, { description: 'Who takes part.' }) subject!: string
  @Field(() => ChallengeGoal, { description: 'Which way is better.' }) goal!: string
  @Field(() => Decimal, { nullable: true, description: 'What is to be reached; null in a race.' }) target?: string | null
  @Field(() => Decimal, { nullable: true, description: 'What the target was taken from; null when it was set.' })
  baseline?: string | null
  @Field(() => ChallengeEnrollmentMode, { description: 'Who may take part.' }) enrollment!: string
  @Field(() => TieRule, { description: 'How ties are ranked.' }) tieRule!: TieRule
  @Field(() => ChallengePayout, { description: 'Whom points go to.' }) payout!: string
  @Field(() => Int, { nullable: true, description: 'From 1, easy, to 5; null where none was said.' }) difficulty?: number | null
  @Field(() => LocalDate, { description: 'First day, in the tenant\'s zone.' }) startsOn!: string
  @Field(() => Date, { description: 'When its first day begins, UTC.' }) startsAt!: Date
  @Field(() => Date, { description: 'When its last day ends, UTC: the deadline.' }) endsAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was settled or canceled.' }) closedAt?: Date | null
}

@ObjectType({ description: 'Where one subject of a challenge stands.' })
export class ChallengeStanding {
  @Field(() => ID, { description: 'Id of the user, team, department or tenant.' }) subjectId!: string
  @Field(() => Decimal,
    { nullable: true, description: 'What was counted, in the unit of the measure; null while nothing was measured.' })
  value?: string | null
  @Field(() => Percent, { nullable: true, description: 'How far to the target; 100 only when it is reached; null in a race.' })
  percent?: number | null
  @Field(() => Int, { nullable: true, description: 'The rank by the tie rule; null without a value.' }) rank?: number | null
  @Field(() => Date, { nullable: true, description: 'When the target was seen to be reached.' }) completedAt?: Date | null
}

@ObjectType({ description: 'How a subject stands to a challenge.' })
export class ChallengeEnrollment {
  @Field(() => ChallengeEnrollmentState, { description: 'Invited, enrolled, or opted out.' }) state!: string
  @Field(() => Date, { description: 'Since when.' }) changedAt!: Date
}
