/**
 * Activities and their types as the schema shows them. An activity is a fact from outside; it is never changed, only
 * taken back.
 */
import { Field, Int, ObjectType } from 'type-graphql'
import { Node, Points } from '../platform/graphql.ts'

@ObjectType({ implements: Node, description: 'One version of what may be recorded and what it pays.' })
export class ActivityType extends Node {
  @Field(() => String, { description: 'Stable name for programs, such as "meeting_scheduled".' }) key!: string
  @Field(() => Int, { description: 'Version, from 1; each has a date from which it counts.' }) version!: number
  @Field(() => String, { description: 'Category key, such as "revenue_generation".' }) category!: string
  @Field(() => String, { description: 'Name for people.' }) name!: string
  @Field(() => Points, { description: 'Points for one.' }) points!: number
  @Field(() => Boolean, { description: 'Whether the points are multiplied by the quantity.' }) perUnit!: boolean
  @Field(() => Boolean, { description: 'Whether it may be recorded.' }) active!: boolean
  @Field(() => Date, { description: 'From when this version counts, by when an activity occurred.' }) effectiveFrom!: Date
}

@ObjectType({ implements: Node, description: 'A fact from outside: a call made, a deal won.' })
export class Activity extends Node {
  @Field(() => Int, { description: 'How many, 1–1,000.' }) quantity!: number
  @Field(() => Date, { description: 'When it happened, UTC.' }) occurredAt!: Date
  @Field(() => Date, { description: 'When it was recorded, UTC.' }) recordedAt!: Date
  @Field(() => String, { nullable: true, description: 'The system it came from.' }) source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system; the same fact pays once.' })
  sourceId?: string | null
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) note?: string | null
  @Field(() => Date, { nullable: true, description: 'When it was taken back; null while it stands.' }) reversedAt?: Date | null
}
