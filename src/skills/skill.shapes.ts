/** Inputs and payloads of skills, in words for the explorer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload, Points } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Decimal } from '../platform/money.shapes.ts'
import { SkillClaim, SkillPath } from './skill.entity.ts'

@InputType({ description: 'A milestone of your own to claim.' })
export class SkillClaimInput {
  @Field(() => String, { description: 'The path\'s key.' }) path!: string
  @Field(() => Int, { description: 'The level that comes next for you.' }) level!: number
  @Field(() => String, { description: `What you did, 1–${LIMITS.evidenceLengthMax} characters.` }) evidence!: string
}

@InputType({ description: 'A claim to attest.' })
export class SkillAttestInput {
  @Field(() => ID, { description: 'Of somebody whom you lead, and pending.' }) claimId!: string
}

@InputType({ description: 'A claim to reject.' })
export class SkillRejectInput {
  @Field(() => ID, { description: 'Of somebody whom you lead, and pending.' }) claimId!: string
  @Field(() => String, { description: `Why, 1–${LIMITS.noteLengthMax} characters; the person reads it.` }) reason!: string
}

@ObjectType({ description: 'The claim as it is now.' })
export class SkillClaimPayload extends Payload {
  @Field(() => SkillClaim, { nullable: true, description: 'The claim; null when refused.' }) claim?: unknown
}

@InputType({ description: 'A change to one milestone; what is absent stays, and so does whether it is counted or attested.' })
export class SkillMilestoneInput {
  @Field(() => Int, { description: 'Which one, from 1.' }) level!: number
  @Field(() => String, { nullable: true, description: 'Name for people, 1–100 characters.' }) title?: string | null
  @Field(() => String, { nullable: true, description: 'What must be done, 1–200 characters.' }) requirement?: string | null
  @Field(() => Points, { nullable: true, description: 'What its completion pays, 1–1,000,000.' }) points?: number | null
  @Field(() => Decimal, { nullable: true, description: 'Of a counted one: completed at this.' }) threshold?: string | null
  @Field(() => [String], { nullable: true, description: 'Of one that counts activities: the keys of the types, 1–20.' })
  activityTypes?: string[] | null
}

@InputType({ description: 'A change to a path; what is absent stays.' })
export class SkillPathReviseInput {
  @Field(() => String, { description: 'The path\'s key.' }) key!: string
  @Field(() => String, { nullable: true, description: 'Name for people, 1–200 characters.' }) name?: string | null
  @Field(() => [SkillMilestoneInput], { nullable: true, description: 'The milestones that change, at most 20.' })
  milestones?: SkillMilestoneInput[] | null
  @Field(() => Boolean, { nullable: true, description: 'Whether it can be followed.' }) active?: boolean | null
  @Field(() => Date, { nullable: true, description: 'From when it holds, after the newest version; now when absent.' })
  effectiveFrom?: Date | null
}

@ObjectType({ description: 'The new version of the path.' })
export class SkillPathRevisePayload extends Payload {
  @Field(() => SkillPath, { nullable: true, description: 'The new version; null when refused.' }) path?: unknown
}
