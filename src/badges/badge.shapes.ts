/** Inputs and payloads of badges, in words for the explorer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Decimal } from '../platform/money.shapes.ts'
import { Badge, EarnedBadge } from './badge.entity.ts'

@InputType({ description: 'One level of a badge.' })
export class BadgeLevelInput {
  @Field(() => String, { description: 'Name for people, 1–100 characters.' }) title!: string
  @Field(() => Decimal, { description: 'Earned when what is measured is at least this; above that of the level before.' })
  threshold!: string
}

@InputType({ description: 'A change to a badge; what is absent stays.' })
export class BadgeReviseInput {
  @Field(() => String, { description: 'The badge\'s key.' }) key!: string
  @Field(() => String, { nullable: true, description: 'Name for people, 1–200 characters.' }) name?: string | null
  @Field(() => [String], { nullable: true, description: `At most ${LIMITS.badgeBenefitsMax} lines.` }) benefits?: string[] | null
  @Field(() => [BadgeLevelInput], { nullable: true, description: `All levels, 1–${LIMITS.badgeLevelsMax}, ascending.` })
  levels?: BadgeLevelInput[] | null
  @Field(() => Int, { nullable: true, description: `Of an average: how many values it needs, 1–${LIMITS.badgeSampleMax}.` })
  minSample?: number | null
  @Field(() => [String], { nullable: true, description: 'Of activities: the keys of the types that count, 1–20.' })
  activityTypes?: string[] | null
  @Field(() => Boolean, { nullable: true, description: 'Whether it can be earned.' }) active?: boolean | null
  @Field(() => Date, { nullable: true, description: 'From when it holds, after the newest version; now when absent.' })
  effectiveFrom?: Date | null
}

@ObjectType({ description: 'The new version of the badge.' })
export class BadgeRevisePayload extends Payload {
  @Field(() => Badge, { nullable: true, description: 'The new version; null when refused.' }) badge?: unknown
}

@InputType({ description: 'An earned badge to take away.' })
export class BadgeRevokeInput {
  @Field(() => ID, { description: 'The earned badge.' }) earnedBadgeId!: string
  @Field(() => String, { description: `Why, 1–${LIMITS.noteLengthMax} characters; it shows in the audit.` }) reason!: string
}

@ObjectType({ description: 'The earned badge as it is now.' })
export class BadgeRevokePayload extends Payload {
  @Field(() => EarnedBadge, { nullable: true, description: 'The earned badge; null when refused.' }) earnedBadge?: unknown
}
