/** Inputs and payloads of judgements and grants. */
import { Field, ID, InputType, ObjectType } from 'type-graphql'
import { Challenge } from '../challenges/challenge.entity.ts'
import { connectionOf, Payload } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { ChallengeCorrection, ChallengeGrant, ChallengeResult } from './prize.entity.ts'

export const ChallengeResultConnection = connectionOf('ChallengeResult', () => ChallengeResult)
export const ChallengeCorrectionConnection = connectionOf('ChallengeCorrection', () => ChallengeCorrection)
export const ChallengeGrantConnection = connectionOf('ChallengeGrant', () => ChallengeGrant)

@InputType({ description: 'One verdict.' })
export class ChallengeVerdictInput {
  @Field(() => ID, { description: 'The user, team or department.' }) subjectId!: string
  @Field(() => String, { description: 'One of the challenge\'s verdicts.' }) verdict!: string
}

@InputType({ description: 'The verdicts of a judged challenge; they replace those before.' })
export class ChallengeJudgeInput {
  @Field(() => ID, { description: 'The challenge.' }) challengeId!: string
  @Field(() => [ChallengeVerdictInput], { description: 'At most one a subject; who has none took part.' })
  verdicts!: ChallengeVerdictInput[]
}

@ObjectType({ description: 'The challenge as it is now.' })
export class ChallengeJudgePayload extends Payload {
  @Field(() => Challenge, { nullable: true, description: 'The challenge; null when refused.' }) challenge?: unknown
}

@InputType({ description: 'A grant to decide on.' })
export class ChallengeGrantInput {
  @Field(() => ID, { description: 'The grant.' }) grantId!: string
  @Field(() => String, { nullable: true, description: `For those who look later: at most ${LIMITS.noteLengthMax} characters.` })
  note?: string | null
}

@ObjectType({ description: 'The grant as it is now.' })
export class ChallengeGrantPayload extends Payload {
  @Field(() => ChallengeGrant, { nullable: true, description: 'The grant; null when refused.' }) grant?: unknown
}
