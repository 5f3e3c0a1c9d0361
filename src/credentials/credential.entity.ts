/**
 * ApiKey and ScreenToken: what a program, and a screen on a wall, proves itself by. Of the secret only its SHA-256 is kept; it is
 * shown when it is made and never again.
 */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'
import { UserRole } from '../platform/policy.ts'

@Entity({ tableName: 'api_key' })
@ObjectType({
  implements: Node, description: 'A key for a program: the rights of a role, as far as its scopes go. Only an ADMIN sees it.',
})
export class ApiKey extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'What it is for.' }) name!: string
  @Property({ type: 'text' })
  @Field(() => String, { description: 'How the key begins, to tell it by: "lk_…".' }) prefix!: string
  @Property({ type: 'blob' }) hash!: Buffer
  @Property({ type: 'text' }) @Field(() => UserRole, { description: 'The role whose rights it has.' }) role!: UserRole
  @Property({ type: 'text[]' })
  @Field(() => [String], { description: 'How far they go: actions of the policy, or "room.*" for all of a room; at most 50.' })
  scopes!: string[]
  @Property({ type: 'uuid', fieldName: 'created_by', nullable: true }) createdBy!: string | null
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date
  @Property({ type: 'timestamptz', fieldName: 'expires_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it ends by itself; null when it does not.' }) expiresAt!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'last_used_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it was last used, to the minute; null when never.' })
  lastUsedAt!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'revoked_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it was taken back; null while it is good.' }) revokedAt!: Date | null
}

@Entity({ tableName: 'screen_token' })
@ObjectType({
  implements: Node, description: 'A link for a screen on a wall: it shows its boards and nothing else. Only an ADMIN sees it.',
})
export class ScreenToken extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Where the screen hangs.' }) name!: string
  @Property({ type: 'text' })
  @Field(() => String, { description: 'How the token begins, to tell it by: "ls_…".' }) prefix!: string
  @Property({ type: 'blob' }) hash!: Buffer
  @Property({ type: 'uuid', fieldName: 'created_by', nullable: true }) createdBy!: string | null
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date
  @Property({ type: 'timestamptz', fieldName: 'expires_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it ends by itself; null when it does not.' }) expiresAt!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'last_used_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it was last used, to the minute; null when never.' })
  lastUsedAt!: Date | null
  @Property({ type: 'timestamptz', fieldName: 'revoked_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When it was taken back; null while it is good.' }) revokedAt!: Date | null
}
