/** Inputs and payloads of metrics, in words for the explorer. */
import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload, UserError } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Decimal } from '../platform/money.shapes.ts'
import { Metric, MetricDirection, MetricPoint } from './metric.entity.ts'

@InputType({ description: 'A metric to define or to change; of one that is there, what is absent stays.' })
export class MetricDefineInput {
  @Field(() => String, { description: 'Its name for programs: 2–64 of a–z, 0–9 and _.' }) key!: string
  @Field(() => String, { nullable: true, description: 'Its name for people; the key when absent.' }) name?: string | null
  @Field(() => String, { nullable: true, description: 'Its unit for people, 1–32 characters; needed for a new one.' })
  unit?: string | null
  @Field(() => MetricDirection, { nullable: true, description: 'Which way is better; HIGHER when absent.' })
  direction?: MetricDirection | null
  @Field(() => Decimal, { nullable: true, description: 'No value may lie below; null clears it.' }) lowest?: string | null
  @Field(() => Decimal, { nullable: true, description: 'No value may lie above; null clears it.' }) highest?: string | null
  @Field(() => Boolean, { nullable: true, description: 'Whether values may be recorded.' }) active?: boolean | null
}

@ObjectType({ description: 'The metric as it is now.' })
export class MetricDefinePayload extends Payload {
  @Field(() => Metric, { nullable: true, description: 'The metric; null when refused.' }) metric?: unknown
}

@InputType({ description: 'A value at an instant, of the whole company unless a team or a person is named.' })
export class MetricRecordInput {
  @Field(() => String, { description: 'Key of the metric.' }) metric!: string
  @Field(() => String, { description: '8–64 visible ASCII characters. The same key and input again answers the first value.' })
  idempotencyKey!: string
  @Field(() => Decimal, {
    nullable: true,
      description: 'The value, at most 12 digits before the point and 6 behind; null takes back what was said of `at`.',
  }) value?: string | null
  @Field(() => Date, {
    nullable: true, description: 'When it was measured; now when absent. A value of the same instant supersedes the one before.',
  }) at?: Date | null
  @Field(() => Boolean, { nullable: true, description: 'Whether later values are compared with it; false when absent.' })
  baseline?: boolean | null
  @Field(() => ID, { nullable: true, description: 'The team it was measured of.' }) teamId?: string | null
  @Field(() => ID, { nullable: true, description: 'The person it was measured of.' }) userId?: string | null
  @Field(() => String, { nullable: true, description: 'The system it comes from; with sourceId the same value counts once.' })
  source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system.' }) sourceId?: string | null
  @Field(() => String,
    { nullable: true, description: `Free text, at most ${LIMITS.noteLengthMax} characters.` }) note?: string | null
}

@InputType({ description: 'Many values at once.' })
export class MetricsRecordInput {
  @Field(() => [MetricRecordInput], { description: `1–${LIMITS.batchItemsMax} values.` }) items!: MetricRecordInput[]
}

@ObjectType({ description: 'The recorded value.' })
export class MetricRecordPayload extends Payload {
  @Field(() => MetricPoint, { nullable: true, description: 'The point, or the earlier one it repeats; null when refused.' })
  point?: unknown
  @Field(() => Boolean, { description: 'Whether the same source fact was recorded before under another key.' })
  duplicate: boolean = false
  @Field(() => Boolean, { description: 'Whether this key and input were sent before.' }) idempotencyHit: boolean = false
}

@ObjectType({ description: 'What became of one item of a batch.' })
export class MetricRecordResult {
  @Field(() => Int, { description: 'Place of the item in the input, from 0.' }) index!: number
  @Field(() => MetricPoint, { nullable: true, description: 'The point, or the earlier one it repeats; null when refused.' })
  point?: unknown
  @Field(() => Boolean,
    { description: 'Whether the same source fact was recorded before under another key.' }) duplicate!: boolean
  @Field(() => Boolean, { description: 'Whether this key and input were sent before.' }) idempotencyHit!: boolean
  @Field(() => [UserError], { description: 'Why this item was refused; empty when it was not.' }) userErrors!: UserError[]
}

@ObjectType({ description: 'What became of a batch.' })
export class MetricsRecordPayload extends Payload {
  @Field(() => [MetricRecordResult],
    { description: 'One for each item, in the input\'s order.' }) results: MetricRecordResult[] = []
}

/** Whose values are asked for. */
@ArgsType()
export class SubjectArgs {
  @Field(() => ID, { nullable: true, description: 'Of this team; of the whole company when neither is named.' })
  teamId?: string | null
  @Field(() => ID, { nullable: true, description: 'Of this person.' }) userId?: string | null
}
