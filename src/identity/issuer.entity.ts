/** Issuer: whose tokens are believed in a tenant, and how their claims are read. IssuerKeys: what came of asking for its keys. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { Node, sized } from '../platform/graphql.ts'
import { UserRole } from '../platform/policy.ts'

export enum IssuerSubject { USER_ID = 'USER_ID', EMAIL = 'EMAIL' }
registerEnumType(IssuerSubject, {
  name: 'IssuerSubject', description: 'What the claim that names the person holds.',
  valuesConfig: {
    USER_ID: { description: 'The id of a user, as the API returns it.' },
    EMAIL: { description: 'The e-mail address of a user. A token that says it is not verified is refused.' },
  },
})

@ObjectType({ description: 'Which value of the role claim grants which role.' })
export class IssuerRole {
  @Field(() => String, { description: 'The value, such as a group\'s name.' }) value!: string
  @Field(() => UserRole, { description: 'The role it grants.' }) role!: UserRole
}

@ObjectType({ description: 'A key that an issuer publishes.' })
export class IssuerKey {
  @Field(() => String, { nullable: true, description: 'Its name (kid).' }) kid?: string | null
  @Field(() => String, { nullable: true, description: 'The algorithm it is for, when it says so.' }) algorithm?: string | null
}

@ObjectType({ description: 'What came of asking an issuer for its keys. It is asked at most once in 30 seconds.' })
export class IssuerKeys {
  @Field(() => Boolean, { description: 'Whether tokens can be checked now.' }) isUsable!: boolean
  @sized(4)
  @Field(() => [IssuerKey], { description: 'The keys that can check tokens, at most 100.' }) keys!: IssuerKey[]
  @Field(() => String, { nullable: true, description: 'What went wrong the last time, as a sentence; null when all is well.' })
  problem?: string | null
  @Field(() => Date, { nullable: true, description: 'When the keys were read; null when never.' }) readAt?: Date | null
}

@Entity({ tableName: 'issuer' })
@ObjectType({ implements: Node, description: 'An identity provider whose tokens are believed. Only an ADMIN sees it.' })
export class Issuer extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' })
  @Field(() => String, { description: 'Its name in tokens (iss), exactly as they say it.' }) url!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Whom its tokens must be for (aud).' }) audience!: string
  @Property({ type: 'text', fieldName: 'jwks_url' })
  @Field(() => String, { description: 'Where it publishes its keys (JWKS).' }) jwksUrl!: string
  @Property({ type: 'text', fieldName: 'subject_claim' })
  @Field(() => String, { description: 'The claim that names the person.' }) subjectClaim!: string
  @Property({ type: 'text', fieldName: 'subject_kind' })
  @Field(() => IssuerSubject, { description: 'What that claim holds.' }) subjectKind!: IssuerSubject
  @Property({ type: 'text', fieldName: 'role_claim', nullable: true })
  @Field(() => String, { nullable: true, description: 'The claim that grants roles; null: the person\'s own role counts.' })
  roleClaim!: string | null
  @Property({ type: 'text[]', fieldName: 'role_values' }) roleValues!: string[]
  @Property({ type: 'text[]', fieldName: 'role_names' }) roleNames!: UserRole[]
  @Property({ type: 'text', fieldName: 'proved_claim' })
  @Field(() => String, { description: 'The claim that says when the person last signed in, in seconds.' }) provedClaim!: string
  @Property({ type: 'boolean' }) @Field(() => Boolean, { description: 'Whether its tokens are believed now.' }) active!: boolean
  @Property({ type: 'integer' }) revision!: number
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) @Field(() => Date, { description: 'When it was added.' })
  createdAt!: Date
}
