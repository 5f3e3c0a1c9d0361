/** How challenges end, as the schema shows it: settlements, results, grants and corrections. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, Percent, Points } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'

export enum ChallengeGrantState {
  GRANTED = 'GRANTED', APPROVED = 'APPROVED', REJECTED = 'REJECTED', FULFILLED = 'FULFILLED', EXPIRED = 'EXPIRED',
}
registerEnumType(ChallengeGrantState, {
  name: 'ChallengeGrantState', description: 'What has become of a reward.',
  valuesConfig: {
    GRANTED: { description: 'Waits for another person; then APPROVED or REJECTED.' },
    APPROVED: { description: 'Another person has approved it; then FULFILLED, or EXPIRED where it is good for some days only.' },
    REJECTED: { description: 'Another person has said no.' },
    FULFILLED: { description: 'Given. Points are at once.' },
    EXPIRED: { description: 'Approved, and not used in time.' },
  },
})

@ObjectType({ description: 'How a challenge ended; it never changes.' })
export class ChallengeSettlement {
  @Field(() => Date, { description: 'When it was settled, UTC.' }) settledAt!: Date
  @Field(() => Int, { description: 'How many took part.' }) subjectCount!: number
}

@ObjectType({ description: 'Where one subject stood at the end, and what that gave.' })
export class ChallengeResult {
  @Field(() => Int, { description: 'Place in order, from 1.' }) position!: number
  @Field(() => Int, { nullable: true, description: 'Rank by the tie rule; null without a value.' }) rank?: number | null
  @Field(() => Decimal, { nullable: true, description: 'What was counted.' }) value?: string | null
  @Field(() => Percent, { nullable: true, description: 'How far to the target; null in a race.' }) percent?: number | null
  @Field(() => Int, { nullable: true, description: 'Place of the tier in the challenge\'s list, from 0; null: none was theirs.' })
  tier?: number | null
  @Field(() => Points, { description: 'Points that the tier gave.' }) points!: number
}

@ObjectType({ implements: Node, description: 'One reward of a challenge for one recipient, and what became of it.' })
export class ChallengeGrant extends Node {
  @Field(() => ChallengeGrantState, { description: 'What has become of it.' }) state!: string
  @Field(() => String, { nullable: true, description: 'Title of the tier.' }) title?: string | null
  @Field(() => Date, { description: 'When it was granted, UTC.' }) grantedAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was approved or rejected.' }) decidedAt?: Date | null
  @Field(() => Date, { nullable: true, description: 'When it was fulfilled.' }) fulfilledAt?: Date | null
  @Field(() => Date, { nullable: true, description: 'Until when it is good; null without a limit.' }) expiresAt?: Date | null
  @Field(() => String, { nullable: true, description: 'What the decider noted.' }) note?: string | null
}

@ObjectType({
  description: 'What facts that came or were taken back after the settlement would have changed. Nothing was paid or taken '
    + 'for it.',
})
export class ChallengeCorrection {
  @Field(() => Decimal, { nullable: true, description: 'Value known before.' }) valueBefore?: string | null
  @Field(() => Decimal, { nullable: true, description: 'Value by now.' }) value?: string | null
  @Field(() => Int, { nullable: true, description: 'Rank known before.' }) rankBefore?: number | null
  @Field(() => Int, { nullable: true, description: 'Rank by now.' }) rank?: number | null
  @Field(() => Int, { nullable: true, description: 'Tier known before.' }) tierBefore?: number | null
  @Field(() => Int, { nullable: true, description: 'Tier that would be theirs by now.' }) tier?: number | null
  @Field(() => Date, { description: 'When it was found, UTC.' }) foundAt!: Date
}
