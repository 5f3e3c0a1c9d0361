/** Inputs and payloads of activities, in words for the explorer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload, Points, UserError } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Activity, ActivityType, AttributeType } from './activity.entity.ts'

@InputType({ description: 'An attribute of an activity.' })
export class ActivityAttributeInput {
  @Field(() => String, { description: 'Its name, as the type declares it.' }) name!: string
  @Field(() => String, { description: 'Its value as text: a number such as "49.90", a text, "true" or "false".' }) value!: string
}

@InputType({ description: 'An attribute that activities of a type may carry.' })
export class AttributeDefinitionInput {
  @Field(() => String, { description: 'Its name: 1–64 letters, digits and _.' }) name!: string
  @Field(() => AttributeType, { description: 'What it holds.' }) type!: AttributeType
  @Field(() => Int, { nullable: true, description: 'Places of a number, 0–4; 0 when absent.' }) decimals?: number | null
  @Field(() => Boolean, { nullable: true, description: 'Whether a number may be negative; false when absent.' })
  signed?: boolean | null
}

@InputType({ description: 'One activity.' })
export class ActivityRecordInput {
  @Field(() => String, { description: 'Key of the activity type, such as "meeting_scheduled".' }) activityType!: string
  @Field(() => String, {
    description: '8–64 visible ASCII characters. The same key and input again answers the first activity; it never expires.',
  }) idempotencyKey!: string
  @Field(() => ID, { nullable: true, description: 'Who did it; the viewer when absent.' }) userId?: string | null
  @Field(() => Int, { nullable: true, description: `How many, 1–${LIMITS.quantityMax}; 1 when absent.` }) quantity?: number | null
  @Field(() => Date, { nullable: true, description: 'When it happened; now when absent. At most 5 minutes ahead.' })
  occurredAt?: Date | null
  @Field(() => String, {
    nullable: true, description: 'The system it comes from; together with sourceId the same fact pays once.',
  }) source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system.' }) sourceId?: string | null
  @Field(() => String, { nullable: true, description: `Free text, at most ${LIMITS.noteLengthMax} characters.` })
  note?: string | null
  @Field(() => [ActivityAttributeInput], {
    nullable: true, description: `What its type declares besides, at most ${LIMITS.attributesMax}.`,
  }) attributes?: ActivityAttributeInput[] | null
}

@InputType({ description: 'Many activities at once.' })
export class ActivitiesRecordInput {
  @Field(() => [ActivityRecordInput], { description: `1–${LIMITS.batchItemsMax} activities.` }) items!: ActivityRecordInput[]
}

@ObjectType({ description: 'The recorded activity.' })
export class ActivityRecordPayload extends Payload {
  @Field(() => Activity, { nullable: true, description: 'The activity, or the earlier one it repeats; null when refused.' })
  activity?: unknown
  @Field(() => Boolean, {
    description: 'Whether the same source fact was recorded before under another key; nothing was written.',
  }) duplicate!: boolean
  @Field(() => Boolean, { description: 'Whether this key and input were sent before; nothing was written.' })
  idempotencyHit!: boolean
}

@ObjectType({ description: 'What became of one item of a batch.' })
export class ActivityRecordResult {
  @Field(() => Int, { description: 'Place of the item in the input, from 0.' }) index!: number
  @Field(() => Activity, { nullable: true, description: 'The activity, or the earlier one it repeats; null when refused.' })
  activity?: unknown
  @Field(() => Boolean, { description: 'Whether the same source fact was recorded before under another key.' })
  duplicate!: boolean
  @Field(() => Boolean, { description: 'Whether this key and input were sent before.' }) idempotencyHit!: boolean
  @Field(() => [UserError], { description: 'Why this item was refused; empty when it was not.' }) userErrors!: UserError[]
}

@ObjectType({ description: 'What became of a batch.' })
export class ActivitiesRecordPayload extends Payload {
  @Field(() => [ActivityRecordResult], { description: 'One for each item, in the input\'s order.' })
  results: ActivityRecordResult[] = []
}

@InputType({ description: 'An activity to take back.' })
export class ActivityReverseInput {
  @Field(() => ID, { description: 'The activity.' }) activityId!: string
  @Field(() => String, { description: '8–64 visible ASCII characters; the same key and input again changes nothing.' })
  idempotencyKey!: string
  @Field(() => String, { nullable: true, description: 'Why, at most 500 characters.' }) reason?: string | null
}

@ObjectType({ description: 'The activity that was taken back.' })
export class ActivityReversePayload extends Payload {
  @Field(() => Activity, { nullable: true, description: 'The activity with both entries; null when refused.' }) activity?: unknown
  @Field(() => Boolean, { description: 'Whether this key and input were sent before; nothing was written.' })
  idempotencyHit: boolean = false
}

@InputType({ description: 'Activities to take back, by a list or by what their idempotency keys begin with.' })
export class ActivitiesReverseInput {
  @Field(() => [ID], { nullable: true, description: `The activities, 1–${LIMITS.batchItemsMax}; or \`keyPrefix\`.` })
  activityIds?: string[] | null
  @Field(() => String, {
    nullable: true,
    description: 'What the idempotency keys of a batch begin with, 4–64 visible ASCII characters; what was taken back is left.',
  }) keyPrefix?: string | null
  @Field(() => ID, {
    nullable: true, description: 'With `keyPrefix`: the user or API key whose keys are meant; oneself when absent. ADMIN only.',
  }) sentBy?: string | null
  @Field(() => String, { description: '8–64 visible ASCII characters; the same key and input again changes nothing.' })
  idempotencyKey!: string
  @Field(() => String, { nullable: true, description: 'Why, at most 500 characters.' }) reason?: string | null
}

@ObjectType({ description: 'What became of one activity of many.' })
export class ActivityReverseResult {
  @Field(() => ID, { description: 'The activity.' }) activityId!: string
  @Field(() => [UserError], { description: 'Why it was not taken back; empty when it was.' }) userErrors!: UserError[]
}

@ObjectType({ description: 'What became of the activities.' })
export class ActivitiesReversePayload extends Payload {
  @Field(() => [ActivityReverseResult], { description: `One for each activity, at most ${LIMITS.batchItemsMax}.` })
  results: ActivityReverseResult[] = []
  @Field(() => Boolean, { description: 'Whether more keys begin so: send the command again with another idempotencyKey.' })
  hasMore: boolean = false
  @Field(() => Boolean, { description: 'Whether this key and input were sent before; nothing was written.' })
  idempotencyHit: boolean = false
}

@InputType({ description: 'A new version of an activity type; absent fields keep their value.' })
export class ActivityTypeReviseInput {
  @Field(() => String, { description: 'Key of the type.' }) key!: string
  @Field(() => Points, { nullable: true, description: 'Points for one, within ±1,000,000.' }) points?: number | null
  @Field(() => String, { nullable: true, description: 'Name for people, 1–200 characters.' }) name?: string | null
  @Field(() => Boolean, { nullable: true, description: 'Whether points are multiplied by the quantity.' })
  perUnit?: boolean | null
  @Field(() => Boolean, { nullable: true, description: 'Whether it may be recorded.' }) active?: boolean | null
  @Field(() => Date, { nullable: true, description: 'From when it counts; now when absent. Not before the newest version.' })
  effectiveFrom?: Date | null
  @Field(() => [AttributeDefinitionInput], {
    nullable: true, description: 'What activities of it may carry, at most 20; what is declared already among them, as it is.',
  }) attributes?: AttributeDefinitionInput[] | null
}

@ObjectType({ description: 'The new version.' })
export class ActivityTypeRevisePayload extends Payload {
  @Field(() => ActivityType, { nullable: true, description: 'The version; null when refused.' }) activityType?: unknown
}
