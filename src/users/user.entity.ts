/** User: a person in a tenant, with a role, a kind and a manager. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'
import { UserRole } from '../platform/policy.ts'

export { UserRole }

export enum UserKind { EMPLOYEE = 'EMPLOYEE', PARTNER = 'PARTNER', CLIENT = 'CLIENT' }
registerEnumType(UserKind, {
  name: 'UserKind', description: 'Whether a person is staff, a partner or a client.',
  valuesConfig: {
    EMPLOYEE: { description: 'Staff.' },
    PARTNER: { description: 'A partner.' },
    CLIENT: { description: 'A client.' },
  },
})

@Entity({ tableName: 'users' })
@ObjectType({ implements: Node, description: 'A person in a tenant.' })
export class User extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Name as shown on boards.' }) name!: string
  @Property({ type: 'text' })
  @Field(() => String, { description: 'E-mail address, lower case, unique in the tenant.' }) email!: string
  @Property({ type: 'text' }) @Field(() => UserRole, { description: 'What the person may do.' }) role!: UserRole
  @Property({ type: 'text' }) @Field(() => UserKind, { description: 'Staff, partner or client.' }) kind!: UserKind
  @Property({ type: 'uuid', fieldName: 'manager_id', nullable: true }) managerId!: string | null
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) createdAt!: Date
  @Property({ type: 'timestamptz', fieldName: 'deactivated_at', nullable: true })
  @Field(() => Date, { nullable: true, description: 'When the person left; null while active.' }) deactivatedAt!: Date | null
}
