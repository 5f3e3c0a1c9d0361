/** The people in the audit and in asks: who asked, for whom, and who approved. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { DeclaredStandard, StandardWithdrawal } from '../controls/standard.entity.ts'
import type { DeclaredStandardRow, WithdrawalRow } from '../controls/standard.queries.ts'
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

@Resolver(() => StandardWithdrawal)
export class WithdrawalPeopleResolver {
  @FieldResolver(() => User, { nullable: true, description: 'Who asked.' })
  askedBy(@Root() { askedById }: WithdrawalRow, @Ctx() context: Context) {
    return context.load(usersById, askedById)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who approved; null until then.' })
  decidedBy(@Root() { decidedById }: WithdrawalRow, @Ctx() context: Context) {
    return decidedById ? context.load(usersById, decidedById) : null
  }
}

@Resolver(() => DeclaredStandard)
export class DeclarationPeopleResolver {
  @FieldResolver(() => User, { nullable: true, description: 'Who declared it first; null when no person did.' })
  declaredBy(@Root() { declaredById }: DeclaredStandardRow, @Ctx() context: Context) {
    return declaredById ? context.load(usersById, declaredById) : null
  }
}
