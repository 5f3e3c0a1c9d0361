/** Badges as the schema shows them: families of levels that admins keep, and the levels that people earned. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, Percent, sized } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'

export enum MeasureKind {
  REVENUE = 'REVENUE', ACTIVITIES = 'ACTIVITIES', METRIC_AVERAGE = 'METRIC_AVERAGE', REVENUE_GROWTH = 'REVENUE_GROWTH',
}
registerEnumType(MeasureKind, {
  name: 'MeasureKind', description: 'What is measured of a person.',
  valuesConfig: {
    REVENUE: { description: 'Revenue they own, in the tenant\'s currency, less refunds and what was taken back.' },
    ACTIVITIES: { description: 'Quantities of their activities of some types; those that stand.' },
    METRIC_AVERAGE: { description: 'The mean of a metric\'s values of them, once there are enough.' },
    REVENUE_GROWTH: { description: 'Percent by which revenue they own grew: the last 28 full days over the 28 before.' },
  },
})

@ObjectType({ description: 'One level of a badge.' })
export class BadgeLevel {
  @Field(() => Int, { description: 'From 1 upward.' }) number!: number
  @Field(() => String, { description: 'Name for people: "Gold".' }) title!: string
  @Field(() => Decimal, { description: 'Earned when what is measured is at least this.' }) threshold!: string
}

@ObjectType({ description: 'What is measured of a person, and its figures.' })
export class BadgeMeasure {
  @Field(() => MeasureKind, { description: 'What is measured.' }) kind!: MeasureKind
  @sized(10)
  @Field(() => [String], { description: 'Of activities: the keys of the types that count, at most 20; else empty.' })
  activityTypes!: string[]
  @Field(() => String, { nullable: true, description: 'Of an average: the metric\'s key.' }) metric?: string | null
  @Field(() => Int, { description: 'Of how many facts it must be at least.' }) minSample!: number
}

@ObjectType({ implements: Node, description: 'A version of a badge: a family of levels with one measure.' })
export class Badge extends Node {
  @Field(() => String, { description: 'Stable name for programs: "revenue_generator".' }) key!: string
  @Field(() => Int, { description: 'Counts the changes of its figures, from 1.' }) version!: number
  @Field(() => String, { description: 'Name for people.' }) name!: string
  @sized(10)
  @Field(() => [String], { description: 'What the family brings, at most 20 lines; due with the first level (BADGE-R1).' })
  benefits!: string[]
  @Field(() => Boolean, { description: 'Whether it can be earned.' }) active!: boolean
  @Field(() => Date, { description: 'From when this version holds, UTC.' }) effectiveFrom!: Date
}

@ObjectType({ implements: Node, description: 'A level of a badge that somebody earned; it stays (BADGE-R2).' })
export class EarnedBadge extends Node {
  @Field(() => String, { description: 'The badge\'s stable name.' }) key!: string
  @Field(() => Int, { description: 'The level, from 1.' }) level!: number
  @Field(() => String, { description: 'The level\'s name when it was earned.' }) title!: string
  @Field(() => Date, { description: 'When it was earned, UTC.' }) earnedAt!: Date
  @Field(() => Date, { nullable: true, description: 'When an admin took it away; null while it stands.' }) revokedAt?: Date | null
}

@ObjectType({ description: 'How far a person is in a badge.' })
export class BadgeProgress {
  @Field(() => Badge, { description: 'The badge as it holds now.' }) badge!: unknown
  @Field(() => Int, { description: 'The highest level earned; 0 for none.' }) level!: number
  @Field(() => BadgeLevel, { nullable: true, description: 'The level that comes next; null after the last.' })
  next?: BadgeLevel | null
  @Field(() => Decimal, { nullable: true, description: 'What is measured, cut to six digits; null while there is nothing.' })
  value?: string | null
  @Field(() => Int, { description: 'Of how many facts it is.' }) sample!: number
  @Field(() => Percent, { description: 'How far the value is on its way to the next level; 100 after the last (RULE-6).' })
  percent!: number
}
