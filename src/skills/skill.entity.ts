/** Skills as the schema shows them: paths of milestones that admins keep, what people completed, and what they claim. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { BadgeMeasure } from '../badges/badge.entity.ts'
import { Node, Percent, Points, sized } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'

export enum SkillClaimState { PENDING = 'PENDING', ATTESTED = 'ATTESTED', REJECTED = 'REJECTED' }
registerEnumType(SkillClaimState, {
  name: 'SkillClaimState', description: 'What became of a claim.',
  valuesConfig: {
    PENDING: { description: 'It waits for somebody who leads the person; ATTESTED or REJECTED follow.' },
    ATTESTED: { description: 'The milestone is completed.' },
    REJECTED: { description: 'It was rejected with a reason; the milestone may be claimed again.' },
  },
})

@ObjectType({ description: 'One milestone of a path.' })
export class SkillMilestone {
  @Field(() => Int, { description: 'From 1 upward; each needs the one before.' }) level!: number
  @Field(() => String, { description: 'Name for people: "Process Identifier".' }) title!: string
  @Field(() => String, { description: 'What must be done.' }) requirement!: string
  @Field(() => Points, { description: 'What its completion pays.' }) points!: number
  @Field(() => BadgeMeasure, { nullable: true, description: 'What is counted; null when it is claimed and attested (A-16).' })
  measure?: unknown
  @Field(() => Decimal, { nullable: true, description: 'Completed when what is counted is at least this; null when attested.' })
  threshold?: string | null
}

@ObjectType({ implements: Node, description: 'A version of a path: milestones in order.' })
export class SkillPath extends Node {
  @Field(() => String, { description: 'Stable name for programs: "s_streamline_mastery".' }) key!: string
  @Field(() => Int, { description: 'Counts the changes of its figures, from 1.' }) version!: number
  @Field(() => String, { description: 'Name for people.' }) name!: string
  @Field(() => Boolean, { description: 'Whether it can be followed.' }) active!: boolean
  @Field(() => Date, { description: 'From when this version holds, UTC.' }) effectiveFrom!: Date
}

@ObjectType({ description: 'A milestone that a person completed; it stays.' })
export class SkillCompletion {
  @Field(() => Int, { description: 'The level, from 1.' }) level!: number
  @Field(() => String, { description: 'Its name when it was completed.' }) title!: string
  @Field(() => Points, { description: 'What it paid.' }) points!: number
  @Field(() => Boolean, { description: 'Whether somebody attested it; else it was counted.' }) isAttested!: boolean
  @Field(() => Date, { description: 'When it was completed, UTC.' }) completedAt!: Date
}

@ObjectType({ description: 'How far a person is in a path (METRIC-05).' })
export class SkillProgress {
  @Field(() => SkillPath, { description: 'The path as it holds now.' }) path!: unknown
  @Field(() => Int, { description: 'The last level completed; 0 for none.' }) level!: number
  @Field(() => String, { nullable: true, description: 'Its name; null for none.' }) title?: string | null
  @Field(() => Percent, { description: 'Completed milestones of all.' }) percent!: number
  @Field(() => SkillMilestone, { nullable: true, description: 'The milestone that comes next; null after the last.' })
  next?: unknown
  @Field(() => Percent, {
    nullable: true, description: 'How far the next is, where it is counted; null where it is attested or not for your eyes.',
  }) nextPercent?: number | null
  @sized(4)
  @Field(() => [SkillCompletion], { description: 'What was completed, by level, at most 20.' }) completions!: unknown[]
}

@ObjectType({ implements: Node, description: 'A milestone that a person says they completed, with evidence.' })
export class SkillClaim extends Node {
  @Field(() => String, { description: 'The path\'s stable name.' }) path!: string
  @Field(() => Int, { description: 'The level, from 1.' }) level!: number
  @Field(() => String, { description: 'The milestone\'s name when it was claimed.' }) title!: string
  @Field(() => String, { description: 'What the person says they did.' }) evidence!: string
  @Field(() => SkillClaimState, { description: 'What became of it.' }) state!: SkillClaimState
  @Field(() => Date, { description: 'When it was claimed, UTC.' }) claimedAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was decided; null while pending.' }) decidedAt?: Date | null
  @Field(() => String, { nullable: true, description: 'Why it was rejected; null else.' }) reason?: string | null
}
