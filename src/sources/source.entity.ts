/** Sources of facts and the log of what they sent, as the schema shows them. Secrets are never shown again. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'
import { Money } from '../platform/money.shapes.ts'

export enum HookKind { BILLING = 'BILLING', CRM = 'CRM', OTHER = 'OTHER' }
registerEnumType(HookKind, {
  name: 'HookKind', description: 'What kind of system a source is.',
  valuesConfig: {
    BILLING: { description: 'It bills.' }, CRM: { description: 'It keeps clients and deals.' },
      OTHER: { description: 'Something else.' },
  },
})

export enum HookState { ACTIVE = 'ACTIVE', PAUSED = 'PAUSED' }
registerEnumType(HookState, {
  name: 'HookState', description: 'Whether a source\'s messages are taken.',
  valuesConfig: {
    ACTIVE: { description: 'They are.' },
      PAUSED: { description: 'They are answered with 503, so that the source sends them again.' },
  },
})

export enum HookOutcome { ACCEPTED = 'ACCEPTED', IGNORED = 'IGNORED', REFUSED = 'REFUSED' }
registerEnumType(HookOutcome, {
  name: 'HookOutcome', description: 'What became of a message.',
  valuesConfig: {
    ACCEPTED: { description: 'All its facts are recorded.' }, IGNORED: { description: 'No rule of the mapping is for it.' },
    REFUSED: { description: 'It, or a fact in it, was refused; its good facts are recorded, and it may be sent again.' },
  },
})

@ObjectType({ implements: Node, description: 'A system that sends facts by signed hooks.' })
export class HookSource extends Node {
  @Field(() => String, { description: 'Its name: the source of its facts.' }) name!: string
  @Field(() => HookKind, { description: 'What kind of system it is.' }) kind!: HookKind
  @Field(() => HookState, { description: 'Whether its messages are taken.' }) state!: HookState
  @Field(() => String, { description: 'How its JSON becomes facts, as JSON text.' }) mapping!: string
  @Field(() => Int, { description: 'Version of the mapping, from 1.' }) mappingVersion!: number
  @Field(() => Date, { nullable: true, description: 'Until when the secret before the current one is good too.' })
  previousUntil?: Date | null
  @Field(() => Date, { description: 'When it was made.' }) createdAt!: Date
}

@ObjectType({ description: 'Why a fact was refused.' })
export class HookFlaw {
  @Field(() => Int, { nullable: true, description: 'Place of the fact in the message, from 0; null of the whole message.' })
  place?: number | null
  @Field(() => String, { description: 'For programs, such as NOT_FOUND or SIGNATURE.' }) code!: string
  @Field(() => String, { description: 'The part of the fact at fault.' }) field!: string
  @Field(() => String, { description: 'For people: what is wrong.' }) message!: string
}

@ObjectType({ implements: Node, description: 'One message of a source. What it held is not kept.' })
export class HookMessage extends Node {
  @Field(() => String, { description: 'Its id as the source gave it.' }) messageId!: string
  @Field(() => Date, { description: 'When it came.' }) receivedAt!: Date
  @Field(() => HookOutcome, { description: 'What became of it.' }) outcome!: HookOutcome
  @Field(() => Int, { description: 'Its size in bytes.' }) bodyBytes!: number
  @Field(() => Int, { description: 'Version of the mapping that read it.' }) mappingVersion!: number
  @Field(() => Int, { description: 'Facts that were new.' }) recorded!: number
  @Field(() => Int, { description: 'Facts that were there already.' }) repeated!: number
  @Field(() => [HookFlaw], { description: 'Why something was refused, at most 20.' }) refusals!: HookFlaw[]
}

export enum DraftKind { REVENUE = 'REVENUE', REFUND = 'REFUND', ACTIVITY = 'ACTIVITY', METRIC = 'METRIC' }
registerEnumType(DraftKind, {
  name: 'DraftKind', description: 'What kind of fact a mapping makes.',
  valuesConfig: {
    REVENUE: { description: 'Recognized revenue.' }, REFUND: { description: 'A refund of it.' },
    ACTIVITY: { description: 'An activity.' }, METRIC: { description: 'A value of a metric.' },
  },
})

@ObjectType({ description: 'A fact as a mapping would make it. Nothing is written.' })
export class DraftPreview {
  @Field(() => Int, { description: 'Its place in the message, from 0.' }) place!: number
  @Field(() => DraftKind,
    { nullable: true, description: 'What kind of fact; null when it could not be made.' }) fact?: DraftKind | null
  @Field(() => String, { nullable: true, description: 'Its id in the source.' }) sourceId?: string | null
  @Field(() => Date,
    { nullable: true, description: 'When it occurred; null stands for when the message comes.' }) occurredAt?: Date | null
  @Field(() => Money, { nullable: true, description: 'The amount of revenue.' }) amount?: Money | null
  @Field(() => String, { nullable: true, description: 'The recurrence of revenue.' }) recurrence?: string | null
  @Field(() => String, { nullable: true, description: 'The client.' }) client?: string | null
  @Field(() => String, { nullable: true, description: 'The deal.' }) deal?: string | null
  @Field(() => String, { nullable: true, description: 'The activity type or the metric, by key.' }) key?: string | null
  @Field(() => String, { nullable: true, description: 'The quantity, or the value of the metric.' }) value?: string | null
  @Field(() => HookFlaw,
    { nullable: true, description: 'Why it would be refused, as far as that can be told now.' }) flaw?: HookFlaw | null
}
