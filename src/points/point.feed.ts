/** How points and levels are told in the feed, and the fields they add to its items. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { type FeedRow, registerTeller, registerWording } from '../feed/feed.rules.ts'
import { FeedItem } from '../feed/feed.entity.ts'
import { Context, Points } from '../platform/graphql.ts'
import { tellAwards, tellChanges } from './change.rules.ts'
import type { LevelChanged } from './level.reaction.ts'
import { Level } from './point.entity.ts'
import { levelsByTenant } from './point.queries.ts'

registerTeller({ topic: 'points.granted', tell: tellAwards })
registerTeller({ topic: 'points.withdrawn', tell: payload => tellChanges(payload, 'POINTS_REVERSED') })
registerTeller({
  topic: 'level.changed',
  tell(payload) {
    const { userId, teamId, number, title, direction } = payload as LevelChanged
    return [{ kind: 'LEVEL_CHANGED', userId, teamId, facts: { number, title, direction } }]
  },
})
registerWording('LEVEL_CHANGED', ({ number, title, direction }, name) =>
  direction === 'UP' ? `${name} reached level ${number}. ${title}.` : `${name} is at level ${number}. ${title}.`)

@Resolver(() => FeedItem)
export class PointFeedResolver {
  @FieldResolver(() => Points, { nullable: true, description: 'Points that moved; null for other kinds.' })
  points(@Root() { facts }: FeedRow) {
    return facts.points ?? null
  }

  @FieldResolver(() => Level, { nullable: true, description: 'The level that was entered; null for other kinds.' })
  async level(@Root() { facts }: FeedRow, @Ctx() context: Context) {
    if (facts.number === undefined) return null
    return (await context.load(levelsByTenant, context.actor.tenantId))?.find(({ number }) => number === facts.number) ?? null
  }
}
