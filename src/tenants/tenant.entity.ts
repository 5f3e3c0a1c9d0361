/** Tenant: one customer company. Its row is its own, so its id is the tenant_id that every other row carries. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

@Entity({ tableName: 'tenant' })
@ObjectType({ implements: Node, description: 'One customer company: everything else belongs to exactly one.' })
export class Tenant extends Node {
  @PrimaryKey({ type: 'uuid', fieldName: 'tenant_id' }) declare id: string
  @Property({ type: 'text' })
  @Field(() => String, { description: 'Short name in addresses: lower case, digits, hyphens.' }) slug!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Name as people write it.' }) name!: string
  @Property({ type: 'text[]', fieldName: 'platforms' })
  @Field(() => [String], { description: 'Platforms it runs, 1–20 (A-65).' }) platforms!: string[]
  @Property({ type: 'text', fieldName: 'default_platform' })
  @Field(() => String, { description: 'The platform meant when none is named.' }) defaultPlatform!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Industry, free text; may be empty.' }) industry!: string
  @Property({ type: 'text', fieldName: 'time_zone' })
  @Field(() => String, { description: 'IANA time zone in which its days, weeks and months begin.' }) timeZone!: string
  @Property({ type: 'character(3)' }) @Field(() => String, { description: 'Currency, ISO 4217.' }) currency!: string
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) createdAt!: Date
}
