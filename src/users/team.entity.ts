/**
 * Team and Department: users under a lead, teams under a head; a user's primary team is dated, so that the past keeps its
 * team.
 */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

@Entity({ tableName: 'department' })
@ObjectType({ implements: Node, description: 'Teams under a head.' })
export class Department extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Name, unique in the tenant.' }) name!: string
  @Property({ type: 'uuid', fieldName: 'head_id', nullable: true }) headId!: string | null
}

@Entity({ tableName: 'team' })
@ObjectType({ implements: Node, description: 'Users under a lead.' })
export class Team extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Name, unique in the tenant.' }) name!: string
  @Property({ type: 'uuid', fieldName: 'department_id', nullable: true }) departmentId!: string | null
  @Property({ type: 'uuid', fieldName: 'lead_id', nullable: true }) leadId!: string | null
}

/** A user's time in a team; `endsAt` is null while it lasts. One primary team at a time counts for points. */
@Entity({ tableName: 'team_membership' })
export class TeamMembership {
  @PrimaryKey({ type: 'uuid' }) id!: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'uuid', fieldName: 'user_id' }) userId!: string
  @Property({ type: 'uuid', fieldName: 'team_id' }) teamId!: string
  @Property({ type: 'boolean', fieldName: 'is_primary' }) isPrimary!: boolean
  @Property({ type: 'timestamptz', fieldName: 'starts_at' }) startsAt!: Date
  @Property({ type: 'timestamptz', fieldName: 'ends_at', nullable: true }) endsAt!: Date | null
}
