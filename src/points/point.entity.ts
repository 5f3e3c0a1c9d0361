/** Point entries and levels as the schema shows them. Entries are only ever added; a level follows lifetime points. */
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, Points } from '../platform/graphql.ts'

export enum PointReason { ACTIVITY = 'ACTIVITY', REVERSAL = 'REVERSAL', AWARD = 'AWARD', WITHDRAWAL = 'WITHDRAWAL' }
registerEnumType(PointReason, {
  name: 'PointReason', description: 'Why points moved.',
  valuesConfig: {
    ACTIVITY: { description: 'An activity was recorded.' },
    REVERSAL: { description: 'An activity was taken back.' },
    AWARD: { description: 'Something else paid: an achievement, a challenge, a colleague.' },
    WITHDRAWAL: { description: 'An award was taken back.' },
  },
})

@ObjectType({ description: 'One signed, immutable change of a user\'s points.' })
export class PointEntry {
  @Field(() => ID, { description: 'Opaque and typed.' }) id!: string
  @Field(() => Points, { description: 'Whole points, negative for a reversal.' }) points!: number
  @Field(() => PointReason, { description: 'Why points moved.' }) reason!: PointReason
  @Field(() => Boolean, { description: 'Whether it counts in a later period than it occurred in, because that one was closed.' })
  isCorrection!: boolean
  @Field(() => Date, { description: 'When it was written, UTC.' }) recordedAt!: Date
}

@ObjectType({ description: 'A threshold of lifetime points.' })
export class Level {
  @Field(() => Int, { description: 'From 1 upward.' }) number!: number
  @Field(() => String, { description: 'Stable name for programs.' }) key!: string
  @Field(() => String, { description: 'Name for people.' }) title!: string
  @Field(() => Points, { description: 'Lifetime points at which it is reached.' }) threshold!: number
  @Field(() => String, { description: 'Badge color: bronze, silver, gold, platinum, diamond or rainbow.' }) badge!: string
  @Field(() => [String], { description: 'What it brings, at most 20 lines; benefits of lower levels stay (LEVEL-R1).' })
  benefits!: string[]
  @Field(() => Int, {
    description: 'What eligible cash bonuses are multiplied by, in basis points: 15000 is 1.5×. Never points (LEVEL-R2).',
  }) multiplierBp!: number
}

export enum BenefitState { PENDING = 'PENDING', GRANTED = 'GRANTED', WITHDRAWN = 'WITHDRAWN' }
registerEnumType(BenefitState, {
  name: 'BenefitState', description: 'How far a benefit has come.',
  valuesConfig: {
    PENDING: { description: 'Due, waiting to be granted; GRANTED or WITHDRAWN follow.' },
    GRANTED: { description: 'Granted by somebody else; it stays.' },
    WITHDRAWN: { description: 'The level fell while it was pending; PENDING again when the level is reached again.' },
  },
})

@ObjectType({
  implements: Node, description: 'What a level or a badge brings one person. Somebody else grants it, nothing does by itself.',
})
export class Benefit extends Node {
  @Field(() => String, { description: 'What it is: "Conference attendance".' }) benefit!: string
  @Field(() => String, { description: 'What brings it: "level specialist", "badge team_builder".' }) source!: string
  @Field(() => BenefitState, { description: 'How far it has come.' }) state!: BenefitState
  @Field(() => Date, { description: 'Since when it is due, UTC.' }) entitledAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was granted or withdrawn; null while pending.' })
  decidedAt?: Date | null
}
