/** Streak: a person's consecutive days with an activity, in their own zone, and the freezes that save missed days. */
import { Field, Int, ObjectType } from 'type-graphql'
import { LocalDate, Node, sized } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'

@ObjectType({ implements: Node, description: 'It saves one missed day of a streak, from the day it was granted on.' })
export class StreakFreeze extends Node {
  @Field(() => Date, { description: 'When it was granted.' }) grantedAt!: Date
  @Field(() => String, { description: 'What for.' }) reason!: string
  @Field(() => LocalDate, {
    nullable: true, description: 'The day it saves; null while unused. An activity recorded late for that day frees it.',
  }) usedOn!: string | null
}

@ObjectType({ description: 'Consecutive days with an activity that was not taken back.' })
export class Streak {
  @Field(() => Int, { description: 'Days up to today, or up to yesterday while today has none yet; saved days do not count.' })
  currentDays!: number
  @Field(() => Int, { description: 'The longest there was.' }) bestDays!: number
  @Field(() => LocalDate, { nullable: true, description: 'The last day with an activity.' }) lastDay!: string | null
  @Field(() => Boolean, { description: 'Whether today has an activity.' }) isTodayDone!: boolean
  @Field(() => String, { description: 'IANA time zone in which the person\'s days begin; the tenant\'s unless they chose one.' })
  timeZone!: string
  @Field(() => Date, { description: 'When the person\'s day ends, UTC.' }) dayEndsAt!: Date
  @Field(() => Int, { nullable: true, description: 'Unused freezes; null for others than the person and an ADMIN.' })
  freezesLeft!: number | null
  @sized(10)
  @Field(() => [StreakFreeze], {
    nullable: true,
    description: `The newest ${LIMITS.freezesShownMax} freezes, newest first; null for others than the person and an ADMIN.`,
  }) freezes!: unknown[] | null
}
