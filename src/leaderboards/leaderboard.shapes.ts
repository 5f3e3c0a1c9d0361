/** Inputs, payloads and messages of leaderboards, in words for the explorer. */
import { createUnionType, Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { connectionOf, Cursor, Mark, Payload, Points } from '../platform/graphql.ts'
import { SnapshotReason } from '../wire/stream.shapes.ts'
import { LIMITS } from '../platform/limits.ts'
import {
  HeadRule, Leaderboard, LeaderboardMetric, LeaderboardPeriod, LeaderboardSubject, MeasuredFields, Standing, TieRule, Visibility,
} from './leaderboard.entity.ts'

const GROWTH_FLOOR = 100
const LIST_DEFAULT = 100

export const StandingConnection = connectionOf('Standing', () => Standing)

@InputType({ description: 'A new board.' })
export class LeaderboardCreateInput {
  @Field(() => String, { description: 'Name for people, 1–200 characters.' }) name!: string
  @Field(() => LeaderboardSubject, { defaultValue: LeaderboardSubject.USER, description: 'Who is ranked.' })
  subject!: LeaderboardSubject
  @Field(() => LeaderboardPeriod, { defaultValue: LeaderboardPeriod.MONTHLY, description: 'Over which period.' })
  period!: LeaderboardPeriod
  @Field(() => TieRule, { defaultValue: TieRule.COMPETITION, description: 'How ties are ranked.' }) tieRule!: TieRule
  @Field(() => [ID], {
    nullable: true,
    description: `Rank only these, 1–${LIMITS.leaderboardSubjectsMax} ids of the subject's kind; everybody when absent.`,
  }) subjectIds?: string[] | null
  @Field(() => LeaderboardMetric, { defaultValue: LeaderboardMetric.POINTS, description: 'What is counted.' })
  metric!: LeaderboardMetric
  @Field(() => HeadRule, {
    defaultValue: HeadRule.SUM, description: 'AVERAGE divides the points of teams or departments by their people.',
  }) headRule!: HeadRule
  @Field(() => Points, {
    defaultValue: GROWTH_FLOOR, description: 'The least that growth is divided by, 1–1,000,000 points.',
  }) growthFloor!: number
  @Field(() => Int, {
    nullable: true, defaultValue: LIST_DEFAULT,
    description: `How many places are listed, 1–${LIMITS.leaderboardListMax}; null lists all (LB-6).`,
  }) listMax?: number | null
  @Field(() => Visibility, { defaultValue: Visibility.PUBLIC, description: 'Who sees it, and who is listed.' })
  visibility!: Visibility
}

@ObjectType({ description: 'The new board.' })
export class LeaderboardCreatePayload extends Payload {
  @Field(() => Leaderboard, { nullable: true, description: 'The board; null when refused.' }) leaderboard?: unknown
}

@ObjectType({ description: 'The whole list at a cursor; it replaces whatever the reader had.' })
export class LeaderboardSnapshot {
  @Field(() => Cursor, { description: 'Where the stream stands.' }) cursor!: string
  @Field(() => Date, { description: 'When the list was published.' }) takenAt!: Date
  @Field(() => SnapshotReason, { description: 'Why a snapshot and not deltas.' }) reason!: string
  @Field(() => [Standing], { description: 'The first `top` places, in order.' }) standings!: Standing[]
}

@ObjectType({ description: 'One change of a listed subject.' })
export class RankChange extends MeasuredFields {
  @Field(() => ID, { description: 'Id of the user, team or department.' }) subjectId!: string
  @Field(() => Int, { nullable: true, description: 'Rank before; null = entered the list.' }) from?: number | null
  @Field(() => Int, { description: 'Rank now; equal to `from` when only the figures changed.' }) to!: number
  @Field(() => Int, { nullable: true, description: 'Rank when the previous period closed; null for newcomers.' })
  closeRank?: number | null
}

@ObjectType({ description: 'What changed since `after`, coalesced per tick; it applies if `after` is the reader\'s cursor.' })
export class LeaderboardDelta {
  @Field(() => Cursor, { description: 'The cursor this follows.' }) after!: string
  @Field(() => Cursor, { description: 'The cursor from here on.' }) cursor!: string
  @Field(() => [Mark], { description: 'The commits it contains.' }) marks!: number[]
  @Field(() => Date, { description: 'When it was published.' }) at!: Date
  @Field(() => [RankChange], { description: 'Entered, moved or changed points, by rank; at most `top`.' }) changes!: RankChange[]
  @Field(() => [ID], { description: 'Subjects that left the list.' }) left!: string[]
}

export const LeaderboardMessage = createUnionType({
  name: 'LeaderboardMessage', description: 'A message of the `leaderboard` stream.',
  types: () => [LeaderboardSnapshot, LeaderboardDelta] as const,
  resolveType: row => (row as unknown as { __typename: string }).__typename,
})
