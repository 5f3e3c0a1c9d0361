/** Inputs and payloads of sources, in words for the explorer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { connectionOf, Payload } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { HookKind, HookMessage, HookSource, HookState } from './source.entity.ts'

export const HookSourceConnection = connectionOf('HookSource', () => HookSource)
export const HookMessageConnection = connectionOf('HookMessage', () => HookMessage)
const MAPPING =
  `How its JSON becomes facts, as JSON text of at most ${LIMITS.mappingLengthMax} characters; see the guide on hooks.`

@InputType({ description: 'A source to be.' })
export class HookSourceCreateInput {
  @Field(() => String, { description: 'Its name, 2–32 of a–z, 0–9, _ and -: the source of its facts.' }) name!: string
  @Field(() => HookKind, { description: 'What kind of system it is.' }) kind!: HookKind
  @Field(() => String, { description: MAPPING }) mapping!: string
}

@InputType({ description: 'A change of a source; absent fields keep their value.' })
export class HookSourceUpdateInput {
  @Field(() => ID, { description: 'The source.' }) sourceId!: string
  @Field(() => String, { nullable: true, description: MAPPING }) mapping?: string | null
  @Field(() => HookState, { nullable: true, description: 'Whether its messages are taken.' }) state?: HookState | null
}

@ObjectType({ description: 'The source, its address and its secret.' })
export class HookSourceCreatePayload extends Payload {
  @Field(() => HookSource, { nullable: true, description: 'The source; null when refused.' }) source?: unknown
  @Field(() => String, { nullable: true, description: 'Where to send: a path of this server.' }) path?: string | null
  @Field(() => String, { nullable: true, description: 'The secret it signs with. Shown this once.' }) secret?: string | null
}

@ObjectType({ description: 'The source as it is now.' })
export class HookSourceUpdatePayload extends Payload {
  @Field(() => HookSource, { nullable: true, description: 'The source; null when refused.' }) source?: unknown
}

@InputType({ description: 'A source whose secret is replaced.' })
export class HookSecretRotateInput {
  @Field(() => ID, { description: 'The source.' }) sourceId!: string
  @Field(() => Int, {
    defaultValue: 24, description: `For how many hours the secret before is good too, 0–${LIMITS.webhookPreviousSecretHoursMax}.`,
  }) previousHours!: number
}

@ObjectType({ description: 'The new secret.' })
export class HookSecretRotatePayload extends Payload {
  @Field(() => HookSource, { nullable: true, description: 'The source; null when refused.' }) source?: unknown
  @Field(() => String, { nullable: true, description: 'The secret. Shown this once.' }) secret?: string | null
}

@InputType({ description: 'A source to remove.' })
export class HookSourceDeleteInput {
  @Field(() => ID, { description: 'The source. Its facts stay.' }) sourceId!: string
}

@ObjectType({ description: 'What was removed.' })
export class HookSourceDeletePayload extends Payload {
  @Field(() => Boolean, { description: 'Whether it was removed.' }) deleted: boolean = false
}

@InputType({ description: 'Whom a source means by an id of its own.' })
export class HookPersonLinkInput {
  @Field(() => ID, { description: 'The source.' }) sourceId!: string
  @Field(() => String, { description: 'Its id for the person, 1–100 characters.' }) externalId!: string
  @Field(() => ID, { nullable: true, description: 'The person; null unties them.' }) userId?: string | null
}

@ObjectType({ description: 'Whether a person is tied now.' })
export class HookPersonLinkPayload extends Payload {
  @Field(() => Boolean, { description: 'Whether the id means somebody now.' }) linked: boolean = false
}
