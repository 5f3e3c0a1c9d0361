/** Boost: a window in which activities pay more. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, Points, sized } from '../platform/graphql.ts'

export enum BoostRounding { HALF_UP = 'HALF_UP', DOWN = 'DOWN', UP = 'UP' }
registerEnumType(BoostRounding, {
  name: 'BoostRounding', description: 'How what a boost adds becomes whole points.',
  valuesConfig: {
    HALF_UP: { description: 'To the nearest; a half up.' },
    DOWN: { description: 'Down.' },
    UP: { description: 'Up.' },
  },
})

@ObjectType({ implements: Node, description: 'A window in which activities pay more; of several the largest holds.' })
export class Boost extends Node {
  @Field(() => String, { description: 'Name for people.' }) name!: string
  @Field(() => Int, { description: 'In basis points: 20,000 doubles.' }) multiplierBp!: number
  @Field(() => BoostRounding, { description: 'How what it adds becomes whole points.' }) rounding!: string
  @sized(10)
  @Field(() => [String], { nullable: true, description: 'Keys of the activity types that it is for, at most 25; null for all.' })
  activityTypes!: string[] | null
  @Field(() => Date, { description: 'It holds for what occurs from then on.' }) startsAt!: Date
  @Field(() => Date, { description: 'It holds for what occurs before then.' }) endsAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was canceled; what it had paid stays.' }) canceledAt!: Date | null
}

@ObjectType({ description: 'What a boost added to an activity.' })
export class ActivityBoost {
  @Field(() => Boost, { description: 'The boost, with its multiplier and rounding.' }) boost!: Boost
  @Field(() => Points, { description: 'What it added, as an entry of its own; 0 once it was taken back.' })
  points!: number
}
