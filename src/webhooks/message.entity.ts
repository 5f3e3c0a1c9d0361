/** WebhookMessage and WebhookAttempt as the schema shows them: one fact for one endpoint, and each try to deliver it. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

export enum WebhookMessageState { PENDING = 'PENDING', DELIVERED = 'DELIVERED', DEAD = 'DEAD' }
export enum WebhookFailure {
  STATUS = 'STATUS', TIMEOUT = 'TIMEOUT', CONNECTION = 'CONNECTION', NAME = 'NAME', ADDRESS = 'ADDRESS', TLS = 'TLS',
}
registerEnumType(WebhookMessageState, {
  name: 'WebhookMessageState', description: 'How far a message has come.',
  valuesConfig: {
    PENDING: { description: 'Waits for its turn, its next attempt, or its endpoint to be ACTIVE. Leaves to DELIVERED or DEAD.' },
    DELIVERED: { description: 'Answered with a status of 2xx. Final.' },
    DEAD: { description: 'Tried ten times in vain. Leaves by `webhookReplay` to PENDING.' },
  },
})
registerEnumType(WebhookFailure, {
  name: 'WebhookFailure', description: 'Why an attempt failed. Later versions may add values.',
  valuesConfig: {
    STATUS: { description: 'Answered with another status than 2xx; redirects are not followed.' },
    TIMEOUT: { description: 'Not connected, or not answered, within 10 seconds.' },
    CONNECTION: { description: 'Refused, or cut before the answer.' },
    NAME: { description: 'The host has no address.' },
    ADDRESS: { description: 'The host has an address that webhooks may not go to.' },
    TLS: { description: 'The certificate is not valid, or no secure connection could be made.' },
  },
})

@ObjectType({ implements: Node, description: 'One fact for one endpoint. Kept for 30 days. Only an ADMIN sees it.' })
export class WebhookMessage extends Node {
  @Field(() => String, { description: 'Topic, the `type` of the body.' }) topic!: string
  @Field(() => WebhookMessageState, { description: 'How far it has come.' }) state!: WebhookMessageState
  @Field(() => String, { description: 'Id of whom or what it is about. Messages about one subject are sent one after another.' })
  subject!: string
  @Field(() => Date, { description: 'When the fact was committed.' }) at!: Date
  @Field(() => Int, { description: 'How often it was tried.' }) attemptCount!: number
  @Field(() => Date, { nullable: true, description: 'When it is tried next at the earliest; null unless PENDING.' })
  dueAt?: Date | null
  @Field(() => Date, { nullable: true, description: 'When it was delivered or given up; null while PENDING.' })
  finishedAt?: Date | null
}

@ObjectType({ description: 'One try to deliver a message. The receiver\'s answer beside its status is not kept.' })
export class WebhookAttempt {
  @Field(() => Int, { description: 'From 1.' }) number!: number
  @Field(() => Date, { description: 'When it began.' }) at!: Date
  @Field(() => Int, { nullable: true, description: 'HTTP status; null without an answer.' }) status?: number | null
  @Field(() => Int, { description: 'How long it took, in ms.' }) durationMs!: number
  @Field(() => WebhookFailure, { nullable: true, description: 'Why it failed; null when it was delivered.' })
  failure?: WebhookFailure | null
}
