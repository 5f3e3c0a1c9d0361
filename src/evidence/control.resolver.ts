/** GraphQL door of the report of standards. */
import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql'
import { StandardWithdrawal } from '../controls/standard.entity.ts'
import { listAsked } from '../controls/standard.queries.ts'
import { Context } from '../platform/graphql.ts'
import { Allows } from '../platform/policy.ts'
import { controlsOf, listBlocked } from './control.queries.ts'
import { BlockedWrites, Control, Standards } from './control.shapes.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { auditDays: number | null }
}

@Resolver(() => Standards)
export class EvidenceResolver {
  @Allows('standard.read')
  @Query(() => Standards, {
    description: 'Which standards are in force, how their controls stand, and what was stopped. FINANCE, COMPLIANCE and ADMIN.',
  })
  standards(@Ctx() { actor, controls: { region }, auditDays }: Context) {
    return controlsOf(actor, { region, auditDays })
  }

  @FieldResolver(() => [StandardWithdrawal])
  withdrawals(@Ctx() { actor }: Context) {
    return listAsked(actor)
  }

  @FieldResolver(() => [Control])
  violated(@Root() { controls }: Standards) {
    return controls.filter(({ status }) => status === 'FAIL')
  }

  @FieldResolver(() => [BlockedWrites])
  blocked(@Ctx() { actor }: Context) {
    return listBlocked(actor)
  }
}
