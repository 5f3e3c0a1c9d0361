/**
 * WebhookEndpoint: a URL of an integrator, the topics it is told of, and its secret, which is shown only when it is made.
 * WebhookMessage and WebhookAttempt: one fact for one endpoint, and each try to deliver it, as the schema shows them.
 */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

export enum WebhookState { ACTIVE = 'ACTIVE', PAUSED = 'PAUSED', DISABLED = 'DISABLED' }
export enum WebhookDisabledReason { FAILING = 'FAILING', BACKLOG = 'BACKLOG' }
registerEnumType(WebhookState, {
  name: 'WebhookState', description: 'Whether an endpoint is sent to.',
  valuesConfig: {
    ACTIVE: { description: 'Messages are sent. Leaves by `webhookEndpointUpdate` to PAUSED, by itself to DISABLED.' },
    PAUSED: { description: 'Messages gather unsent. Leaves by `webhookEndpointUpdate` to ACTIVE, by itself to DISABLED.' },
    DISABLED: { description: 'Given up on: no message gathers, those that wait stay. Leaves by `webhookEndpointUpdate`.' },
  },
})
registerEnumType(WebhookDisabledReason, {
  name: 'WebhookDisabledReason', description: 'Why an endpoint was given up on.',
  valuesConfig: {
    FAILING: { description: 'A message failed ten times over three days, and nothing arrived in all that time.' },
    BACKLOG: { description: 'More than 100,000 messages waited for it.' },
  },
})

@Entity({ tableName: 'webhook_endpoint' })
@ObjectType({ implements: Node, description: 'A URL that is told of events. Only an ADMIN sees it.' })
export class WebhookEndpoint extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Where messages are posted.' }) url!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'A note for people.' }) description!: string
  @Property({ type: 'text[]' })
  @Field(() => [String], { description: 'The topics it is told of, at most 50; see `webhookTopics`.' }) topics!: string[]
  @Property({ type: 'text' }) @Field(() => WebhookState, { description: 'Whether it is sent to.' }) state!: WebhookState
  @Property({ type: 'text', fieldName: 'disabled_reason', nullable: true })
  @Field(() => WebhookDisabledReason, { nullable: true, description: 'Why it was given up on; null unless DISABLED.' })
  disabledReason!: WebhookDisabledReason | null
  @Property({ type: 'text' }) secret!: string
  @Property({ type: 'text', fieldName: 'previous_secret', nullable: true }) previousSecret!: string | null
  @Property({ type: 'timestamptz', fieldName: 'previous_until', nullable: true })
  @Field(() => Date, { nullable: true, description: 'Until when the secret before the last rotation signs too.' })
  previousUntil!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'failing_since', nullable: true })
  @Field(() => Date, { nullable: true, description: 'The first failure since the last success; null when all is well.' })
  failingSince!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'created_at' })
  @Field(() => Date, { description: 'When it was made.' }) createdAt!: Date
  @Property({ type: 'timestamptz', fieldName: 'deleted_at', nullable: true }) deletedAt!: Date | null
}

@ObjectType({ description: 'A topic that endpoints may subscribe to.' })
export class WebhookTopic {
  @Field(() => String, { description: 'Dotted name, the `type` of its messages.' }) name!: string
  @Field(() => String, { description: 'What it says.' }) description!: string
}

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
