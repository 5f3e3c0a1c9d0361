/** Inputs and payloads of revenue, in words for the explorer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload, UserError } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { CurrencyCode, Decimal, MoneyInput } from '../platform/money.shapes.ts'
import { Recurrence, RevenueFact, RevenueKind } from './revenue.entity.ts'

const KEY = '8–64 visible ASCII characters. The same key and input again answers the first fact; it never expires.'
const SOURCE = 'The system it comes from; together with sourceId the same fact counts once, whatever channel it came by.'

@InputType({ description: 'One revenue fact.' })
export class RevenueRecordInput {
  @Field(() => MoneyInput, { description: 'The recognized amount, above zero.' }) amount!: MoneyInput
  @Field(() => String, { description: KEY }) idempotencyKey!: string
  @Field(() => Recurrence, { nullable: true, description: 'Whether it recurs; ONE_OFF when absent.' })
  recurrence?: Recurrence | null
  @Field(() => ID, { nullable: true, description: 'Whose it is; the viewer when absent, nobody\'s when null.' })
  ownerId?: string | null
  @Field(() => String, { nullable: true, description: `The client, at most ${LIMITS.clientLengthMax} characters.` })
  client?: string | null
  @Field(() => String,
    { nullable: true, description: `The deal, at most ${LIMITS.clientLengthMax} characters.` }) deal?: string | null
  @Field(() => Date, { nullable: true, description: 'When it was recognized; now when absent. At most 5 minutes ahead.' })
  occurredAt?: Date | null
  @Field(() => String, { nullable: true, description: SOURCE }) source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system.' }) sourceId?: string | null
  @Field(() => String,
    { nullable: true, description: `Free text, at most ${LIMITS.noteLengthMax} characters.` }) note?: string | null
}

@InputType({ description: 'Many revenue facts at once.' })
export class RevenuesRecordInput {
  @Field(() => [RevenueRecordInput], { description: `1–${LIMITS.batchItemsMax} facts.` }) items!: RevenueRecordInput[]
}

@InputType({ description: 'Revenue to give back.' })
export class RevenueRefundInput {
  @Field(() => ID, { description: 'The recognized fact.' }) revenueId!: string
  @Field(() => String, { description: KEY }) idempotencyKey!: string
  @Field(() => Decimal,
    { nullable: true, description: 'How much, in the fact\'s currency, above zero; all that is left when absent.' })
  amount?: string | null
  @Field(() => Date, { nullable: true, description: 'When it was given back; now when absent.' }) occurredAt?: Date | null
  @Field(() => String, { nullable: true, description: SOURCE }) source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system.' }) sourceId?: string | null
  @Field(() => String, { nullable: true, description: 'Why, at most 500 characters.' }) note?: string | null
}

@InputType({ description: 'A fact that was wrong.' })
export class RevenueReverseInput {
  @Field(() => ID, { description: 'A recognized fact, or a refund.' }) revenueId!: string
  @Field(() => String, { description: KEY }) idempotencyKey!: string
  @Field(() => String, { nullable: true, description: 'Why, at most 500 characters.' }) note?: string | null
}

@ObjectType({ description: 'The revenue fact of a command.' })
export class RevenuePayload extends Payload {
  @Field(() => RevenueFact, { nullable: true, description: 'The fact, or the earlier one it repeats; null when refused.' })
  revenue?: unknown
  @Field(() => Boolean,
    { description: 'Whether the same source fact was recorded before under another key; nothing was written.' })
  duplicate: boolean = false
  @Field(() => Boolean, { description: 'Whether this key and input were sent before; nothing was written.' })
  idempotencyHit: boolean = false
}

@ObjectType({ description: 'What became of one item of a batch.' })
export class RevenueRecordResult {
  @Field(() => Int, { description: 'Place of the item in the input, from 0.' }) index!: number
  @Field(() => RevenueFact, { nullable: true, description: 'The fact, or the earlier one it repeats; null when refused.' })
  revenue?: unknown
  @Field(() => Boolean,
    { description: 'Whether the same source fact was recorded before under another key.' }) duplicate!: boolean
  @Field(() => Boolean, { description: 'Whether this key and input were sent before.' }) idempotencyHit!: boolean
  @Field(() => [UserError], { description: 'Why this item was refused; empty when it was not.' }) userErrors!: UserError[]
}

@ObjectType({ description: 'What became of a batch.' })
export class RevenuesRecordPayload extends Payload {
  @Field(() => [RevenueRecordResult],
    { description: 'One for each item, in the input\'s order.' }) results: RevenueRecordResult[] = []
}

@InputType({ description: 'Which revenue facts; what is absent does not matter.' })
export class RevenueFilterInput {
  @Field(() => ID, { nullable: true, description: 'Only those of this person.' }) ownerId?: string | null
  @Field(() => ID, { nullable: true, description: 'Only those that this team had.' }) teamId?: string | null
  @Field(() => String, { nullable: true, description: 'Only those of this client.' }) client?: string | null
  @Field(() => String, { nullable: true, description: 'Only those of this deal.' }) deal?: string | null
  @Field(() => String, { nullable: true, description: 'Only those from this system.' }) source?: string | null
  @Field(() => CurrencyCode, { nullable: true, description: 'Only those in this currency.' }) currency?: string | null
  @Field(() => RevenueKind, { nullable: true, description: 'Only those of this kind.' }) kind?: RevenueKind | null
  @Field(() => Date, { nullable: true, description: 'Only those that occurred then or later.' }) since?: Date | null
  @Field(() => Date, { nullable: true, description: 'Only those that occurred before.' }) until?: Date | null
}
