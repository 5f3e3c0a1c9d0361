/** GraphQL door of analytics. */
import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { Context } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { Analytics } from './analytics.entity.ts'
import { analyticsOf } from './analytics.queries.ts'

@Resolver()
export class AnalyticsResolver {
  @Allows('analytics.read')
  @Query(() => Analytics, { description: 'What happened over the last days.' })
  analytics(
    @Arg('days', () => Int, { defaultValue: 30, description: 'How many local days, today included: 1–366.' }) days: number,
    @Ctx() { actor }: Context) {
    if (days < 1 || days > LIMITS.analyticsDaysMax) {
      throw fault('BAD_REQUEST', `days must be between 1 and ${LIMITS.analyticsDaysMax}.`, { argument: 'days' })
    }
    return analyticsOf(actor, days)
  }
}
