/** GraphQL door of points: what a user has, and the level it makes. */
import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql'
import { Context, Points, sized } from '../platform/graphql.ts'
import { Allows } from '../platform/policy.ts'
import { User } from '../users/user.entity.ts'
import { levelFor } from './level.rules.ts'
import { Level } from './point.entity.ts'
import { balancesById, levelsByTenant, listLevels } from './point.queries.ts'

@Resolver(() => User)
export class PointResolver {
  @FieldResolver(() => Points, { description: 'Lifetime points: earned minus reversed.' })
  async points(@Root() user: { id: string }, @Ctx() context: Context) {
    return (await context.load(balancesById, user.id))?.points ?? 0
  }

  @FieldResolver(() => Level, { nullable: true, description: 'The level of these points; null when the tenant has no levels.' })
  async level(@Root() user: { id: string }, @Ctx() context: Context) {
    const [balance, levels] =
      await Promise.all([context.load(balancesById, user.id), context.load(levelsByTenant, context.actor.tenantId)])
    if (!levels?.length) return null
    // The stored level is the one that was announced; it follows the points within the reaction's delay.
    return levels.find(({ number }) => number === balance?.level) ?? levelFor(levels, balance?.points ?? 0)
  }

  @Allows('level.read')
  @sized(100)
  @Query(() => [Level], { description: 'The tenant\'s levels by threshold, at most 100.' })
  levels(@Ctx() { actor }: Context) {
    return listLevels(actor)
  }
}
