/** How badges are told in the feed, and the field they add to its items. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { FeedItem } from '../feed/feed.entity.ts'
import { type FeedRow, registerTeller, registerWording } from '../feed/feed.rules.ts'
import { Context } from '../platform/graphql.ts'
import { EarnedBadge } from './badge.entity.ts'
import { earnedById } from './badge.queries.ts'
import type { BadgeEarned } from './badge.reaction.ts'

registerTeller({
  topic: 'badge.earned',
  tell(payload) {
    const { earnedBadgeId, userId, teamId, name, title } = payload as BadgeEarned
    return [{ kind: 'BADGE_EARNED', userId, teamId, facts: { earnedBadgeId, name, title } }]
  },
})
registerWording('BADGE_EARNED', ({ name: badge, title }, name) => `${name} earned a badge: ${badge}, ${title}.`)

@Resolver(() => FeedItem)
export class BadgeFeedResolver {
  @FieldResolver(() => EarnedBadge, { nullable: true, description: 'The badge that was earned; null for other kinds.' })
  earnedBadge(@Root() { facts }: FeedRow, @Ctx() context: Context) {
    return facts.earnedBadgeId === undefined ? null : context.load(earnedById, facts.earnedBadgeId as string)
  }
}
