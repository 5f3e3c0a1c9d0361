/**
 * Inputs, payloads and messages of challenges, in words for the explorer; and what is stored of them as data, closed and bounded,
 * checked when it is written and again when a pack is read.
 */
import { createUnionType, Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql'
import * as z from 'zod'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { connectionOf, Cursor, LocalDate, Mark, Payload, Points, sized } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Decimal } from '../platform/money.shapes.ts'
import { TieRule } from '../leaderboards/leaderboard.entity.ts'
import { SnapshotReason } from '../wire/stream.shapes.ts'
import {
  Challenge, ChallengeEnrollment, ChallengeGoal, ChallengeStanding, ChallengeSubject, ChallengeEnrollmentMode,
    ChallengeMeasureKind, ChallengeMetricTake,
  ChallengeRewardKind, ChallengePayout, ChallengeTargetOutcome, ChallengeTierKind,
} from './challenge.entity.ts'
import type { Link, Measure, Reward, Tier } from './challenge.rules.ts'

export const ChallengeConnection = connectionOf('Challenge', () => Challenge)
export const ChallengeStandingConnection = connectionOf('ChallengeStanding', () => ChallengeStanding)
export const ChallengeEnrollmentConnection = connectionOf('ChallengeEnrollment', () => ChallengeEnrollment)

@InputType({ description: 'One thing to count.' })
export class ChallengeMeasurePartInput {
  @Field(() => ChallengeMeasureKind,
    { description: 'What is counted; COMBINED and JUDGED have no parts of their kind.' }) kind!: string
  @Field(() => [String], { nullable: true, description: 'Only activities of these types; all when absent.' })
  activityTypes?: string[] | null
  @Field(() => [String], { nullable: true, description: 'Also activities of these categories.' }) categories?: string[] | null
  @Field(() => String, { nullable: true, description: 'Key of the metric, for METRIC.' }) metric?: string | null
  @Field(() => ChallengeMetricTake, { nullable: true, description: 'Which value counts, for METRIC.' }) take?: string | null
}

@InputType({ description: 'What a challenge counts.' })
export class ChallengeMeasureInput extends ChallengeMeasurePartInput {
  @Field(() => [ChallengeMeasurePartInput], { nullable: true, description: 'The parts, for COMBINED: 2–5.' })
  of?: ChallengeMeasurePartInput[] | null
  @Field(() => [String], { nullable: true, description: 'The verdicts, for JUDGED.' }) verdicts?: string[] | null
}

@InputType({ description: 'One part of what a tier gives.' })
export class ChallengeRewardInput {
  @Field(() => ChallengeRewardKind, { description: 'What is given.' }) kind!: string
  @Field(() => Points, { nullable: true, description: 'For POINTS: 1–1,000,000.' }) points?: number | null
  @Field(() => Decimal, { nullable: true, description: 'For CASH, BUDGET or a DISCOUNT.' }) amount?: string | null
  @Field(() => String,
    { nullable: true, description: 'Currency of the amount; the tenant\'s when absent.' }) currency?: string | null
  @Field(() => String, { nullable: true, description: 'For PERK, TITLE, BADGE or ENTITLEMENT.' }) name?: string | null
  @Field(() => Float, { nullable: true, description: 'For a DISCOUNT: above 0, at most 100.' }) percent?: number | null
  @Field(() => String, { nullable: true, description: 'For a DISCOUNT.' }) code?: string | null
  @Field(() => Int, { nullable: true, description: 'For a DISCOUNT.' }) validDays?: number | null
  @Field(() => Int, { nullable: true, description: 'For a DISCOUNT.' }) useMax?: number | null
}

@InputType({ description: 'What a subject gets for what.' })
export class ChallengeTierInput {
  @Field(() => ChallengeTierKind, { description: 'What it is for.' }) kind!: string
  @Field(() => Int, { nullable: true, description: 'Best rank, for RANK.' }) from?: number | null
  @Field(() => Int, { nullable: true, description: 'Worst rank, for RANK.' }) to?: number | null
  @Field(() => Decimal, { nullable: true, description: 'Least value, for RANK.' }) minimum?: string | null
  @Field(() => ChallengeTargetOutcome, { nullable: true, description: 'For TARGET.' }) outcome?: string | null
  @Field(() => Decimal, { nullable: true, description: 'For REACHED.' }) value?: string | null
  @Field(() => String, { nullable: true, description: 'For VERDICT.' }) verdict?: string | null
  @Field(() => String, { nullable: true, description: 'Title for whoever gets it.' }) title?: string | null
  @Field(() => [ChallengeRewardInput], { description: `What is given: 1–${LIMITS.challengeRewardsMax}.` })
  rewards!: ChallengeRewardInput[]
}

@InputType({ description: 'A link for whoever takes part.' })
export class ChallengeLinkInput {
  @Field(() => String, { description: 'What it leads to.' }) title!: string
  @Field(() => String, { description: 'The address, http or https.' }) url!: string
}

@InputType({ description: 'A new challenge.' })
export class ChallengeCreateInput {
  @Field(() => String, { description: 'Name for people, 1–200 characters.' }) title!: string
  @Field(() => String, { defaultValue: '', description: 'What to do, at most 2,000 characters.' }) description!: string
  @Field(() => String, { defaultValue: 'own', description: 'What it is one of: 2–64 of a–z, 0–9 and _.' }) series!: string
  @Field(() => ChallengeSubject, { defaultValue: 'TEAM', description: 'Who takes part.' }) subject!: string
  @Field(() => ChallengeMeasureInput, { description: 'What is counted.' }) measure!: ChallengeMeasureInput
  @Field(() => ChallengeGoal, { defaultValue: 'AT_LEAST', description: 'Which way is better.' }) goal!: string
  @Field(() => Decimal, { nullable: true, description: 'What is to be reached, in the unit of the measure; absent for a race.' })
  target?: string | null
  @Field(() => LocalDate, { nullable: true, description: 'First day, in the tenant\'s zone; today when absent.' })
  startsOn?: string | null
  @Field(() => Int, { description: `How many days, 1–${LIMITS.challengeDaysMax}.` }) days!: number
  @Field(() => ChallengeEnrollmentMode, { defaultValue: 'OPEN', description: 'Who may take part.' }) enrollment!: string
  @Field(() => [ID], {
    nullable: true, description: `Who is invited, or with enrollment ALL takes part: at most ${LIMITS.challengeSubjectsMax}.`,
  }) subjectIds?: string[] | null
  @Field(() => TieRule, { defaultValue: TieRule.COMPETITION, description: 'How ties are ranked.' }) tieRule!: TieRule
  @Field(() => ChallengePayout, { defaultValue: 'OWN', description: 'Whom points go to.' }) payout!: string
  @Field(() => [ChallengeTierInput], { description: `What it pays, best first: at most ${LIMITS.challengeTiersMax}.` })
  tiers!: ChallengeTierInput[]
  @Field(() => [ChallengeLinkInput], { nullable: true, description: `At most ${LIMITS.challengeLinksMax}.` })
  links?: ChallengeLinkInput[] | null
}

@ObjectType({ description: 'The new challenge.' })
export class ChallengeCreatePayload extends Payload {
  @Field(() => Challenge, { nullable: true, description: 'The challenge; null when refused.' }) challenge?: unknown
}

@InputType({ description: 'A challenge to call off.' })
export class ChallengeCancelInput {
  @Field(() => ID, { description: 'The challenge.' }) challengeId!: string
}

@ObjectType({ description: 'The challenge as it is now.' })
export class ChallengeCancelPayload extends Payload {
  @Field(() => Challenge, { nullable: true, description: 'The challenge; null when refused.' }) challenge?: unknown
}

@InputType({ description: 'Who takes part, or does not.' })
export class ChallengeEnrollInput {
  @Field(() => ID, { description: 'The challenge.' }) challengeId!: string
  @Field(() => ID, { nullable: true,
    description: 'The user, team or department; oneself, or the one that one leads, when absent.' })
  subjectId?: string | null
}

@ObjectType({ description: 'How the subject stands to the challenge now.' })
export class ChallengeEnrollPayload extends Payload {
  @Field(() => Challenge, { nullable: true, description: 'The challenge; null when refused.' }) challenge?: unknown
}

@InputType({ description: 'Who is asked to take part.' })
export class ChallengeInviteInput {
  @Field(() => ID, { description: 'The challenge.' }) challengeId!: string
  @Field(() => [ID], { description: `Users, teams or departments, as the challenge says: 1–${LIMITS.challengeSubjectsMax}.` })
  subjectIds!: string[]
}

@ObjectType({ description: 'All standings at a cursor; they replace whatever the reader had.' })
export class ChallengeSnapshot {
  @Field(() => Cursor, { description: 'Where the stream stands.' }) cursor!: string
  @Field(() => Date, { description: 'As of when.' }) takenAt!: Date
  @Field(() => SnapshotReason, { description: 'Why a snapshot and not deltas.' }) reason!: string
  @sized(50) // As a rule; 1,000 at most.
  @Field(() => [ChallengeStanding],
    { description: `In order, at most ${LIMITS.challengeSubjectsMax}.` }) standings!: ChallengeStanding[]
}

@ObjectType({
  description: 'What changed since `after`; it applies if `after` is the reader\'s cursor. Also told when the challenge changed.',
})
export class ChallengeDelta {
  @Field(() => Cursor, { description: 'The cursor this follows.' }) after!: string
  @Field(() => Cursor, { description: 'The cursor from here on.' }) cursor!: string
  @Field(() => [Mark], { description: 'The commits it contains, of what was counted too.' }) marks!: number[]
  @Field(() => Date, { description: 'When it was committed.' }) at!: Date
  @sized(50)
  @Field(() => [ChallengeStanding],
    { description: 'Rows that are new or differ, each as it is now.' }) changes!: ChallengeStanding[]
  @Field(() => [ID], { description: 'Subjects that take part no longer.' }) left!: string[]
}

export const ChallengeMessage = createUnionType({
  name: 'ChallengeMessage', description: 'A message of the `challenge` stream.',
  types: () => [ChallengeSnapshot, ChallengeDelta] as const,
  resolveType: row => (row as unknown as { __typename: string }).__typename,
})

const key = z.string().regex(/^[a-z][a-z0-9_]{1,63}$/)
const keys = z.array(key).min(1).max(LIMITS.challengeKeysMax).optional()
const amount = z.string().regex(/^\d{1,15}(\.\d{1,6})?$/)
const name = z.string().refine(text => isPlainText(text, 200, 1))
const points = z.int().min(1).max(1_000_000)

const SIMPLE = [
  z.strictObject({ kind: z.enum(['ACTIVITIES', 'POINTS']), activityTypes: keys, categories: keys }),
  z.strictObject({ kind: z.enum(['REVENUE', 'DEALS']) }),
  z.strictObject({ kind: z.literal('METRIC'), metric: key, take: z.enum(['AVERAGE', 'LAST']) }),
] as const
const simple = z.discriminatedUnion('kind', [...SIMPLE])

/** What is counted. */
export const measureShape: z.ZodType<Measure> = z.discriminatedUnion('kind', [
  ...SIMPLE,
  z.strictObject({ kind: z.literal('COMBINED'), of: z.array(simple).min(2).max(LIMITS.challengePartsMax) }),
  z.strictObject({ kind: z.literal('JUDGED'), verdicts: z.array(key).min(1).max(LIMITS.challengeTiersMax) }),
])

/** One part of what a tier pays. Amounts are decimals of the currency, the tenant's when none is named. */
export const rewardShape: z.ZodType<Reward> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('POINTS'), points }),
  z.strictObject({ kind: z.enum(['CASH', 'BUDGET']), amount, currency: z.string().regex(/^[A-Z]{3}$/).optional() }),
  z.strictObject({ kind: z.enum(['PERK', 'TITLE', 'BADGE', 'ENTITLEMENT']), name }),
  z.strictObject({
    kind: z.literal('DISCOUNT'), percent: z.number().gt(0).max(100).optional(), amount: amount.optional(),
    code: z.string().regex(/^[\w-]{1,50}$/).optional(), validDays: z.int().min(1).max(3_650).optional(),
    useMax: z.int().min(1).max(1_000_000).optional(),
  }),
])

const when = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('RANK'), from: z.int().min(1), to: z.int().min(1), minimum: amount.optional() }),
  z.strictObject({ kind: z.literal('TARGET'), outcome: z.enum(['EXCEEDED', 'MET']) }),
  z.strictObject({ kind: z.literal('REACHED'), value: amount }),
  z.strictObject({ kind: z.literal('VERDICT'), verdict: key }),
  z.strictObject({ kind: z.literal('POT') }),
  z.strictObject({ kind: z.literal('TOOK_PART') }),
])

/** What a subject gets for what; of several tiers that fit the first one is theirs, so the best stands first. */
export const tierShape: z.ZodType<Tier> = z.strictObject({
  when, title: name.optional(), rewards: z.array(rewardShape).min(1).max(LIMITS.challengeRewardsMax),
})

/** All tiers, best first. */
export const tiersShape = z.array(tierShape).max(LIMITS.challengeTiersMax)

/** A link for whoever takes part. */
export const linksShape: z.ZodType<Link[]> = z.array(z.strictObject({ title: name,
  url: z.url({ protocol: /^https?$/ }).max(2_048) }))
  .max(LIMITS.challengeLinksMax)

/** Returns a value of a shape. @throws Refusal INVALID that names the place and what is wrong there */
export function shaped<T>(shape: z.ZodType<T>, input: unknown, field: string): T {
  const parsed = shape.safeParse(input)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new Refusal(ErrorCode.INVALID, `${[field, ...path].join('.')}: ${message}.`, [field, ...path.map(String)])
}
