/** Recognition as the schema shows it: what one gave another, what others feel about it, the figures, and flagged rings. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { LocalDate, Node, Points } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { REACTIONS, type ReactionName } from './recognition.rules.ts'
import { RING_DAYS } from './ring.rules.ts'

/** The kinds of reactions as an enum; each is shown by its emoji. */
export const ReactionKind = Object.fromEntries(Object.keys(REACTIONS).map(name => [name, name])) as
  { [Name in ReactionName]: Name }
registerEnumType(ReactionKind, {
  name: 'RecognitionReactionKind', description: 'What somebody feels about a recognition.',
  valuesConfig: Object.fromEntries(Object.entries(REACTIONS).map(([name, emoji]) => [name, { description: emoji }])),
})

export enum FlagState { OPEN = 'OPEN', CLEARED = 'CLEARED', WITHDRAWN = 'WITHDRAWN' }
registerEnumType(FlagState, {
  name: 'RecognitionFlagState', description: 'What became of a flagged ring.',
  valuesConfig: {
    OPEN: { description: 'Somebody shall look at it; then it is CLEARED or WITHDRAWN.' },
    CLEARED: { description: 'All is well. Later gifts may raise a new flag.' },
    WITHDRAWN: { description: 'The points were taken back.' },
  },
})

@ObjectType({ implements: Node, description: 'Points and a message that one person gave another from their weekly allowance.' })
export class Recognition extends Node {
  @Field(() => Points, { description: `Whole points, 1–${LIMITS.recognitionPointsMax}.` }) points!: number
  @Field(() => String, { description: `What for, 1–${LIMITS.recognitionMessageMax} characters.` }) message!: string
  @Field(() => Date, { description: 'When it was given, UTC.' }) givenAt!: Date
  @Field(() => Date, { nullable: true, description: 'When its points were taken back after a review; null while they stand.' })
  withdrawnAt?: Date | null
}

@ObjectType({ description: 'How many people feel one way about a recognition.' })
export class RecognitionReaction {
  @Field(() => ReactionKind, { description: 'What they feel.' }) kind!: ReactionName
  @Field(() => Int, { description: 'How many people; never 0.' }) count!: number
}

@ObjectType({ description: 'What a person may still give this week. A week begins on Monday in the tenant\'s zone.' })
export class RecognitionAllowance {
  @Field(() => Points, { description: 'What each may give a week.' }) allowancePoints!: number
  @Field(() => Points, { description: 'What the person gave this week, also what was taken back since.' }) givenPoints!: number
  @Field(() => Points, { description: 'What is left.' }) leftPoints!: number
  @Field(() => LocalDate, { description: 'The Monday on which the week began.' }) week!: string
  @Field(() => Date, { description: 'When the next week begins, UTC; nothing is carried over.' }) resetsAt!: Date
  @Field(() => String, { description: 'The tenant\'s zone, an IANA name.' }) timeZone!: string
}

@ObjectType({ description: 'One version of a tenant\'s figures of recognition.' })
export class RecognitionSetting {
  @Field(() => Int, { description: 'Counted from 1; 0 are the template\'s.' }) version!: number
  @Field(() => LocalDate, { nullable: true, description: 'The local day from which it holds; null of the template\'s.' })
  effectiveFrom?: string | null
  @Field(() => Points, { description: 'What each person may give a week.' }) allowancePoints!: number
  @Field(() => Points, {
    description: `A ring is flagged when each gave the next at least so many points within ${RING_DAYS} days.`,
  }) ringPoints!: number
}

@ObjectType({
  implements: Node,
  description: `Two or three people who gave each other points in a circle within ${RING_DAYS} days, for somebody to look at.`,
})
export class RecognitionFlag extends Node {
  @Field(() => FlagState, { description: 'What became of it.' }) state!: FlagState
  @Field(() => Points, { description: 'The points of all its gifts.' }) points!: number
  @Field(() => Date, { description: 'When it was raised, UTC.' }) raisedAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was decided on, UTC; null while open.' }) decidedAt?: Date | null
  @Field(() => String, { nullable: true, description: 'Why it was decided so.' }) note?: string | null
}
