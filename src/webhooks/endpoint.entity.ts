/** WebhookEndpoint: a URL of an integrator, the topics it is told of, and its secret, which is shown only when it is made. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType, registerEnumType } from 'type-graphql'
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
