/** GraphQL door of points: what a user has, and the level it makes. */
import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql'
import { Context, Points, sized } from '../platform/graphql.ts'
import { Allows } from '../platform/policy.ts'
import { User } from '../users/user.entity.ts'
import { levelFor, type LevelRow } from './level.rules.ts'
import { Level } from './point.entity.ts'
import { balancesById, levelsByTenant, listLevels, type WithBalance } from './point.queries.ts'

/** The stored level is the one that was announced; it follows the points within the reaction's delay. */
function shownLevel(
  levels: LevelRow[] | null, balance: { level: number | null; points?: number | null | undefined } | null,
): LevelRow | null {
  if (!levels?.length) return null
  return levels.find(({ number }) => number === balance?.level) ?? levelFor(levels, balance?.points ?? 0)
}

@Resolver(() => User)
export class PointResolver {
  @FieldResolver(() => Points, { description: 'Lifetime points: earned minus reversed.' })
  points(@Root() user: WithBalance, @Ctx() context: Context) {
    if (user.points !== undefined) return user.points ?? 0
    return context.load(balancesById, user.id).then(balance => balance?.points ?? 0)
  }

  @FieldResolver(() => Level, { nullable: true, description: 'The level of these points; null when the tenant has no levels.' })
  level(@Root() user: WithBalance, @Ctx() context: Context) {
    const { points, levelNumber, levels } = user
    if (levels && levelNumber !== undefined) return shownLevel(levels, { level: levelNumber, points })
    return Promise.all([context.load(balancesById, user.id), context.load(levelsByTenant, context.actor.tenantId)])
      .then(([balance, all]) => shownLevel(all, balance))
  }

  @Allows('level.read')
  @sized(100)
  @Query(() => [Level], { description: 'The tenant\'s levels by threshold, at most 100.' })
  levels(@Ctx() { actor }: Context) {
    return listLevels(actor)
  }
}
