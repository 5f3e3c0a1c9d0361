/** Inputs and payloads of recognition, in words for the explorer. */
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import { LocalDate, Payload, Points } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { ReactionKind, Recognition, RecognitionFlag, RecognitionSetting } from './recognition.entity.ts'
import type { ReactionName } from './recognition.rules.ts'

const KEY = '8–64 visible ASCII characters. The same key and input again answers the first recognition; it never expires.'

@InputType({ description: 'Points and a message for a colleague.' })
export class RecognitionGiveInput {
  @Field(() => ID, { description: 'The colleague.' }) receiverId!: string
  @Field(() => Points, { description: `Whole points, 1–${LIMITS.recognitionPointsMax}, of your allowance.` }) points!: number
  @Field(() => String, { description: `What for, 1–${LIMITS.recognitionMessageMax} characters; everybody reads it.` })
  message!: string
  @Field(() => String, { description: KEY }) idempotencyKey!: string
}

@ObjectType({ description: 'The recognition of a command.' })
export class RecognitionGivePayload extends Payload {
  @Field(() => Recognition, { nullable: true, description: 'The recognition; null when refused.' }) recognition?: unknown
  @Field(() => Boolean, { description: 'Whether this key and input were sent before; nothing was written.' })
  idempotencyHit: boolean = false
}

@InputType({ description: 'A reaction to a recognition.' })
export class RecognitionReactInput {
  @Field(() => ID, { description: 'The recognition.' }) recognitionId!: string
  @Field(() => ReactionKind, { description: 'What you feel; one of each kind at most.' }) kind!: ReactionName
}

@ObjectType({ description: 'The recognition with its reactions as they are now.' })
export class RecognitionReactPayload extends Payload {
  @Field(() => Recognition, { nullable: true, description: 'The recognition; null when refused.' }) recognition?: unknown
}

@InputType({ description: 'Figures of recognition from a day on.' })
export class RecognitionSettingReviseInput {
  @Field(() => Points, { nullable: true, description: 'What each may give a week, 0–10,000; as before when absent.' })
  allowancePoints?: number | null
  @Field(() => Points, { nullable: true, description: 'From how many points each way a ring is flagged; as before when absent.' })
  ringPoints?: number | null
  @Field(() => LocalDate, { nullable: true, description: 'The local day from which they hold; today when absent.' })
  effectiveFrom?: string | null
}

@ObjectType({ description: 'The new figures.' })
export class RecognitionSettingRevisePayload extends Payload {
  @Field(() => RecognitionSetting, { nullable: true, description: 'The new version; null when refused.' }) setting?: unknown
}

export enum FlagDecision { CLEARED = 'CLEARED', WITHDRAWN = 'WITHDRAWN' }
registerEnumType(FlagDecision, {
  name: 'RecognitionFlagDecision', description: 'What a flagged ring is.',
  valuesConfig: {
    CLEARED: { description: 'All is well: the points stay.' },
    WITHDRAWN: { description: 'A deal: the points of its gifts are taken back. The allowance stays spent.' },
  },
})

@InputType({ description: 'A decision on a flagged ring.' })
export class RecognitionFlagDecideInput {
  @Field(() => ID, { description: 'The flag.' }) flagId!: string
  @Field(() => FlagDecision, { description: 'What it is.' }) decision!: FlagDecision
  @Field(() => String, { nullable: true, description: `Why, at most ${LIMITS.noteLengthMax} characters.` }) note?: string | null
}

@ObjectType({ description: 'The flag after a decision.' })
export class RecognitionFlagDecidePayload extends Payload {
  @Field(() => RecognitionFlag, { nullable: true, description: 'The flag; null when refused.' }) flag?: unknown
}
