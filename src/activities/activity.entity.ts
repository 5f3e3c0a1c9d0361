/**
 * Activities and their types as the schema shows them. An activity is a fact from outside; it is never changed, only
 * taken back.
 */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, Points } from '../platform/graphql.ts'

export enum AttributeType { NUMBER = 'number', TEXT = 'text', FLAG = 'flag' }
registerEnumType(AttributeType, {
  name: 'AttributeType', description: 'What an attribute of activities holds.',
  valuesConfig: {
    NUMBER: { description: 'A number with a fixed count of places.' }, TEXT: { description: 'A text.' },
    FLAG: { description: 'Yes or no.' },
  },
})

@ObjectType({ description: 'An attribute that activities of a type may carry, for rules to read.' })
export class AttributeDefinition {
  @Field(() => String, { description: 'Its name.' }) name!: string
  @Field(() => AttributeType, { description: 'What it holds.' }) type!: AttributeType
  @Field(() => Int, { description: 'Places of a number, 0–4.' }) decimals!: number
  @Field(() => Boolean, { description: 'Whether a number may be negative.' }) signed!: boolean
}

@ObjectType({ description: 'An attribute of an activity.' })
export class ActivityAttribute {
  @Field(() => String, { description: 'Its name.' }) name!: string
  @Field(() => String, { description: 'Its value as text: a number, a text, "true" or "false".' }) value!: string
}

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
