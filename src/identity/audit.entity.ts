/** Audit entry: who did or tried what, for whom, from where, and what decided (AUTH-05). Written by platform/audit.ts. */
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

export enum AuditDecision { ALLOWED = 'ALLOWED', REFUSED = 'REFUSED', DENIED = 'DENIED', FAILED = 'FAILED' }
registerEnumType(AuditDecision, {
  name: 'AuditDecision', description: 'What became of a command.',
  valuesConfig: {
    ALLOWED: { description: 'Carried out; with the rule "nothing new" it had been carried out before.' },
    REFUSED: { description: 'The input broke a rule; nothing was written.' },
    DENIED: { description: 'The right was missing; nothing was written.' },
    FAILED: { description: 'Something broke; nothing was written.' },
  },
})
export enum ActorKind { PERSON = 'PERSON', KEY = 'KEY', SCREEN = 'SCREEN', HOUSE = 'HOUSE' }
registerEnumType(ActorKind, {
  name: 'ActorKind', description: 'By what somebody proved who they are.',
  valuesConfig: {
    PERSON: { description: 'A signed-in person\'s token.' }, KEY: { description: 'An API key.' },
    SCREEN: { description: 'A screen token.' }, HOUSE: { description: 'The server itself.' },
  },
})

@ObjectType({ implements: Node, description: 'One command or denial. Entries are never changed or removed.' })
export class AuditEntry extends Node {
  @Field(() => Date, { description: 'When it was asked for.' }) at!: Date
  @Field(() => ActorKind, { description: 'By what the asker proved who they are.' }) actorKind!: ActorKind
  @Field(() => String, { description: 'The role that the token granted.' }) role!: string
  @Field(() => String, { description: 'The action of the policy, such as "activity.record".' }) action!: string
  @Field(() => String, { nullable: true, description: 'What it was about, as kind:uuid; null when nothing was reached.' })
  subject?: string | null
  @Field(() => AuditDecision, { description: 'What became of it.' }) decision!: AuditDecision
  @Field(() => String, { nullable: true, description: 'What decided, when it was not simply carried out.' }) rule?: string | null
  @Field(() => String, { nullable: true, description: 'SHA-256 of the changed rows before, in hex; null for new ones.' })
  beforeHash?: string | null
  @Field(() => String, { nullable: true, description: 'SHA-256 of what was written, in hex; null when nothing was.' })
  afterHash?: string | null
  @Field(() => String, { description: 'Names the request: the answer\'s header x-correlation-id.' }) correlationId!: string
  @Field(() => String, { nullable: true, description: 'Address it came from; null for the server itself.' }) ip?: string | null
  @Field(() => String, { nullable: true, description: 'User agent, cut to 200 characters.' }) agent?: string | null
}
