/** The people in the audit: who asked, and for whom. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { AuditEntry } from '../identity/audit.entity.ts'
import { Context } from '../platform/graphql.ts'
import { User } from './user.entity.ts'
import { usersById } from './user.queries.ts'

@Resolver(() => AuditEntry)
export class AuditPeopleResolver {
  @FieldResolver(() => User, { nullable: true, description: 'Who asked; null for keys, screens and the server itself.' })
  actor(@Root() { actorId }: { actorId: string | null }, @Ctx() context: Context) {
    return actorId ? context.load(usersById, actorId) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whom the command was for; null when for nobody in particular.' })
  forUser(@Root() { forUserId }: { forUserId: string | null }, @Ctx() context: Context) {
    return forUserId ? context.load(usersById, forUserId) : null
  }
}
