/** GraphQL door of the feed. */
import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root, Subscription } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { Context, Cursor, sized } from '../platform/graphql.ts'
import { derivedId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import type { EventLogs } from '../wire/events.ts'
import { openStream, placeAfter, poll } from '../wire/streams.ts'
import { Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { teamsById, usersById } from '../users/user.queries.ts'
import { FeedItem, FeedKind, FeedMessage, FeedScope } from './feed.entity.ts'
import { type FeedRow, type Scope, wordingOf } from './feed.rules.ts'
import { FeedSource } from './feed.stream.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { logs: EventLogs }
}

async function scopeOf(context: Context, scope: FeedScope): Promise<Scope> {
  if (scope !== FeedScope.ME && context.require('feed.read') === 'OWN') {
    throw fault('FORBIDDEN', 'You may follow your own news: use scope ME.', { action: 'feed.read' })
  }
  if (scope === FeedScope.TENANT) return { kind: 'TENANT' }
  const { userId } = context.actor
  if (!userId) throw fault('BAD_REQUEST', 'This token speaks for no person: use scope TENANT.', { argument: 'scope' })
  if (scope === FeedScope.ME) return { kind: 'ME', userId }
  const teamId = (await context.load(usersById, userId))?.teamId
  if (!teamId) throw fault('BAD_REQUEST', 'You have no primary team: use scope ME or TENANT.', { argument: 'scope' })
  return { kind: 'TEAM', teamId }
}

async function openFeed(
  context: Context, { scope, kinds, after }: { scope: FeedScope; kinds?: FeedKind[] | null; after?: string | null },
) {
  // Who asks comes first: a promise begun before it fails would be left alone with its error.
  const { tenantId, db } = context.actor
  const [wanted, followed] = await Promise.all([scopeOf(context, scope), context.logs.of(tenantId)])
  const place = placeAfter(followed.epoch, after)
  // Another node may have been ahead of this one. Once the log was read no event has that position: nobody was given the cursor.
  // While it cannot be read, the reader waits where it stands.
  const isAhead = () => place.pos !== null && place.pos > followed.pos
  const isNowhere = isAhead() && await followed.catchUp() && isAhead()
  return openStream(new FeedSource(followed, db, wanted, kinds ?? null), isNowhere ? { ...place, pos: null, told: 0 } : place)
}

@Resolver(() => FeedItem)
export class FeedResolver {
  @Allows('feed.read')
  @sized(1)
  @Query(() => [FeedMessage], {
    description: 'The feed by polling: the messages after a cursor, waiting up to `waitMs` (at most 25,000) for the first.',
  })
  async feedMessages(@Ctx() context: Context,
    @Arg('scope', () => FeedScope, { defaultValue: FeedScope.ME, description: 'Whose news.' }) scope: FeedScope,
    @Arg('kinds', () => [FeedKind], { nullable: true, description: 'Only these kinds; all when absent.' })
    kinds: FeedKind[] | null,
    @Arg('after', () => Cursor, {
      nullable: true, description: 'Cursor of the last message; a snapshot comes first without it.',
    }) after: string | null,
    @Arg('waitMs', () => Int, { defaultValue: 0, description: 'How long to wait for news, in ms.' }) waitMs: number) {
    if (waitMs < 0 || waitMs > LIMITS.pollWaitMaxMs) {
      throw fault('BAD_REQUEST', `waitMs must be between 0 and ${LIMITS.pollWaitMaxMs}.`, { argument: 'waitMs' })
    }
    return poll(await openFeed(context, { scope, kinds, after }), waitMs, context.actor.signal)
  }

  @Allows('feed.read')
  @Subscription(() => FeedMessage, {

    subscribe: ({ args, context }) => openFeed(context as Context, args as never) as never,
    description: 'News, live: the newest 50, then every item once. Resumes over 24 hours; else one snapshot with reason EXPIRED.',
  })
  feed(@Root() message: object, @Ctx() context: Context,
    @Arg('scope', () => FeedScope, { defaultValue: FeedScope.ME, description: 'Whose news.' }) _scope: FeedScope,
    @Arg('kinds', () => [FeedKind], { nullable: true, description: 'Only these kinds; all when absent.' })
    _kinds: FeedKind[] | null,
    @Arg('after', () => Cursor, { nullable: true, description: 'Resume after this cursor.' }) _after: string | null): object {
    context.renew()
    return message
  }

  @FieldResolver(() => ID)
  id(@Root() item: FeedRow, @Ctx() { actor }: Context) {
    return wireId('FeedItem', derivedId(actor.tenantId, 'feed', `${item.pos}:${item.line}`))
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whom it is about; null when about no person.' })
  user(@Root() item: FeedRow, @Ctx() context: Context) {
    return item.userId ? context.load(usersById, item.userId) : null
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The person\'s team at that time.' })
  team(@Root() item: FeedRow, @Ctx() context: Context) {
    return item.teamId ? context.load(teamsById, item.teamId) : null
  }

  @FieldResolver(() => String)
  async text(@Root() item: FeedRow, @Ctx() context: Context) {
    const { userId, facts: { byUserId } } = item
    const named = [userId, byUserId as string | undefined]
    const [user, by] = await Promise.all(named.map(id => id ? context.load(usersById, id) : null))
    return wordingOf(item, user?.name ?? 'Somebody', by?.name ?? 'Somebody')
  }
}
