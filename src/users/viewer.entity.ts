/** The viewer: whoever asks, as their token says. Later rooms add what is theirs alone. */
import { Field, ObjectType } from 'type-graphql'
import { Tenant } from '../tenants/tenant.entity.ts'
import { User, UserRole } from './user.entity.ts'

@ObjectType({ description: 'Who is asking.' })
export class Viewer {
  @Field(() => User, { nullable: true, description: 'The person; null for API keys and screen tokens.' }) user?: unknown
  @Field(() => Tenant, { description: 'The tenant that the token is for.' }) tenant!: unknown
  @Field(() => UserRole, { description: 'The role that the token grants.' }) role!: string
}
