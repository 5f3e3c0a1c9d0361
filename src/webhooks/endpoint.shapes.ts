/** Inputs, payloads and connections of webhooks. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { connectionOf, Payload } from '../platform/graphql.ts'
import { WebhookEndpoint, WebhookMessage, WebhookState } from './endpoint.entity.ts'

export const WebhookEndpointConnection = connectionOf('WebhookEndpoint', () => WebhookEndpoint)
export const WebhookMessageConnection = connectionOf('WebhookMessage', () => WebhookMessage)

const URL_TEXT = 'Where to post: https, a public address, no redirects, at most 2,048 characters.'

@InputType({ description: 'A new endpoint.' })
export class WebhookEndpointCreateInput {
  @Field(() => String, { description: URL_TEXT }) url!: string
  @Field(() => [String], { description: 'Topics as `webhookTopics` lists them, at least one.' }) topics!: string[]
  @Field(() => String, { nullable: true, description: 'A note for people, at most 500 characters.' }) description?: string | null
}

@ObjectType({ description: 'The new endpoint and its secret.' })
export class WebhookEndpointCreatePayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'The endpoint; null when refused.' }) endpoint?: unknown
  @Field(() => String, { nullable: true, description: 'The secret that signs its messages. It is shown this once.' })
  secret?: string
}

@InputType({ description: 'A change of an endpoint: what is absent stays as it is.' })
export class WebhookEndpointUpdateInput {
  @Field(() => ID, { description: 'The endpoint.' }) endpointId!: string
  @Field(() => String, { nullable: true, description: URL_TEXT }) url?: string
  @Field(() => [String], { nullable: true, description: 'All topics from now on.' }) topics?: string[]
  @Field(() => String, { nullable: true, description: 'A note for people; null clears it.' }) description?: string | null
  @Field(() => WebhookState, { nullable: true, description: 'ACTIVE sends what waits at once; PAUSED lets it gather.' })
  state?: WebhookState
}

@ObjectType({ description: 'The changed endpoint.' })
export class WebhookEndpointUpdatePayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'The endpoint; null when refused.' }) endpoint?: unknown
}

@InputType({ description: 'Which endpoint.' })
export class WebhookEndpointDeleteInput {
  @Field(() => ID, { description: 'The endpoint.' }) endpointId!: string
}

@ObjectType({ description: 'The deleted endpoint.' })
export class WebhookEndpointDeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the endpoint that is no more; null when refused.' }) deletedId?: string
}

@InputType({ description: 'Which secret to replace.' })
export class WebhookSecretRotateInput {
  @Field(() => ID, { description: 'The endpoint.' }) endpointId!: string
  @Field(() => Int, { defaultValue: 24, description: 'For how many hours the present secret signs beside the new one, 0–168.' })
  previousHours!: number
}

@ObjectType({ description: 'The endpoint with its new secret.' })
export class WebhookSecretRotatePayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'The endpoint; null when refused.' }) endpoint?: unknown
  @Field(() => String, { nullable: true, description: 'The new secret. It is shown this once.' }) secret?: string
}

@InputType({ description: 'Which dead messages to send again: exactly one of the two.' })
export class WebhookReplayInput {
  @Field(() => ID, { nullable: true, description: 'One dead message.' }) messageId?: string | null
  @Field(() => ID, { nullable: true, description: 'An endpoint: its oldest 1,000 dead messages.' }) endpointId?: string | null
}

@ObjectType({ description: 'What is sent again.' })
export class WebhookReplayPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many messages wait to be sent again; null when refused.' })
  replayed?: number
}

@InputType({ description: 'Which endpoint to try.' })
export class WebhookTestInput {
  @Field(() => ID, { description: 'The endpoint.' }) endpointId!: string
}

@ObjectType({ description: 'The test message.' })
export class WebhookTestPayload extends Payload {
  @Field(() => WebhookMessage, { nullable: true, description: 'The message, on its way; null when refused.' }) message?: unknown
}
