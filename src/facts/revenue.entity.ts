/** Revenue as the schema shows it: exact facts that are only ever added. */
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

export enum RevenueKind { RECOGNIZED = 'RECOGNIZED', REFUND = 'REFUND', REVERSAL = 'REVERSAL' }
registerEnumType(RevenueKind, {
  name: 'RevenueKind', description: 'What a revenue fact says.',
  valuesConfig: {
    RECOGNIZED: { description: 'Revenue was recognized; the amount is positive.' },
    REFUND: { description: 'Part or all of a recognized amount was given back; the amount is negative.' },
    REVERSAL: { description: 'A fact was wrong and is taken back: a recognized one with what was left of it, or a refund.' },
  },
})

export enum Recurrence { ONE_OFF = 'ONE_OFF', MONTH = 'MONTH', QUARTER = 'QUARTER', YEAR = 'YEAR' }
registerEnumType(Recurrence, {
  name: 'Recurrence', description: 'Whether revenue recurs, and the period that its amount pays for (A-62).',
  valuesConfig: {
    ONE_OFF: { description: 'It does not recur.' },
    MONTH: { description: 'It recurs each month; the amount is for the month in which it occurred.' },
    QUARTER: { description: 'It recurs each quarter; the amount is for three months from that in which it occurred.' },
    YEAR: { description: 'It recurs each year; the amount is for twelve months from that in which it occurred.' },
  },
})

@ObjectType({ implements: Node, description: 'Revenue that was recognized, refunded or taken back. Facts are never changed.' })
export class RevenueFact extends Node {
  @Field(() => RevenueKind, { description: 'What the fact says.' }) kind!: RevenueKind
  @Field(() => Recurrence, { description: 'Whether it recurs; a refund or reversal has that of its original.' })
  recurrence!: Recurrence
  @Field(() => String, { nullable: true, description: 'The client, by their id or name in the source.' }) client?: string | null
  @Field(() => String, { nullable: true, description: 'The deal, by its id or name in the source.' }) deal?: string | null
  @Field(() => Date, { description: 'When it was recognized, refunded or found wrong, UTC.' }) occurredAt!: Date
  @Field(() => Date, { description: 'When it was recorded, UTC.' }) recordedAt!: Date
  @Field(() => Boolean,
    { description: 'Whether it came after its own day, week or month was closed, and counts in an open one.' })
  isCorrection!: boolean
  @Field(() => String, { nullable: true, description: 'The system it came from.' }) source?: string | null
  @Field(() => String,
    { nullable: true, description: 'Its id in that system; the same fact counts once.' }) sourceId?: string | null
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) note?: string | null
}
