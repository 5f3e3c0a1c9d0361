/** GraphQL door of badges: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql'
import { answer, Context, sized } from '../platform/graphql.ts'
import { uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { NOBODY } from '../platform/tenancy.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { Badge, BadgeLevel, BadgeMeasure, BadgeProgress, EarnedBadge } from './badge.entity.ts'
import {
  badgesById, earnedById, earnedByUser, type EarnedRow, levelsOf, listBadges, measureShown, progressOf,
} from './badge.queries.ts'
import type { BadgeRow } from './badge.rules.ts'
import { reviseBadge, revokeBadge } from './badge.service.ts'
import { BadgeReviseInput, BadgeRevisePayload, BadgeRevokeInput, BadgeRevokePayload } from './badge.shapes.ts'

@Resolver(() => Badge)
export class BadgeResolver {
  @sized(10)
  @Allows('badge.read')
  @Query(() => [Badge], { description: `The badges that can be earned, by key: at most ${LIMITS.badgesMax}.` })
  badges(@Ctx() { actor }: Context) {
    return listBadges(actor)
  }

  @Allows('badge.write')
  @Mutation(() => BadgeRevisePayload, {
    description: 'Changes a badge\'s figures by a new version. What was earned stays; people are measured anew when a fact of '
      + 'theirs comes in. Codes: NOT_FOUND, OUT_OF_RANGE, INVALID.',
  })
  badgeRevise(@Arg('input', () => BadgeReviseInput, { description: 'The change.' }) input: BadgeReviseInput,
    @Ctx() context: Context) {
    return answer(new BadgeRevisePayload(), async () => {
      const { badgeId, mark } = await reviseBadge(context.actor, input)
      return { badge: await context.load(badgesById, badgeId), mark } as Partial<BadgeRevisePayload>
    })
  }

  @Allows('badge.revoke')
  @Mutation(() => BadgeRevokePayload, {
    description: 'Takes an earned badge from somebody who should not have it; it is not earned again. '
      + 'Codes: NOT_FOUND, INVALID, ALREADY_DECIDED.',
  })
  badgeRevoke(@Arg('input', () => BadgeRevokeInput, { description: 'The earned badge.' }) input: BadgeRevokeInput,
    @Ctx() context: Context) {
    return answer(new BadgeRevokePayload(), async () => {
      const wanted = { ...input, earnedBadgeId: uuidOf('EarnedBadge', input.earnedBadgeId) ?? NOBODY }
      const { earnedBadgeId, mark } = await revokeBadge(context.actor, wanted)
      return { earnedBadge: await context.load(earnedById, earnedBadgeId), mark } as Partial<BadgeRevokePayload>
    })
  }

  @FieldResolver(() => BadgeMeasure, { description: 'What is measured.' })
  measure(@Root() badge: BadgeRow) {
    return measureShown(badge)
  }

  @sized(4)
  @FieldResolver(() => [BadgeLevel], { description: `Its levels, ascending, at most ${LIMITS.badgeLevelsMax}.` })
  levels(@Root() badge: BadgeRow) {
    return levelsOf(badge)
  }
}

@Resolver(() => EarnedBadge)
export class EarnedBadgeResolver {
  @FieldResolver(() => Badge, { description: 'The version by which it was earned.' })
  badge(@Root() { badgeId }: EarnedRow, @Ctx() context: Context) {
    return context.load(badgesById, badgeId)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who earned it; null when you may not see them.' })
  user(@Root() { userId }: EarnedRow, @Ctx() context: Context) {
    return context.load(usersById, userId)
  }
}

@Resolver(() => User)
export class UserBadgesResolver {
  @sized(10)
  @FieldResolver(() => [EarnedBadge], {
    description: `The badges they earned and have, in order, at most ${LIMITS.badgesShownMax}.`,
  })
  badges(@Root() { id }: { id: string }, @Ctx() context: Context) {
    return context.load(earnedByUser, id)
  }

  @sized(10)
  @FieldResolver(() => [BadgeProgress], {
    description: `How far they are in each badge, at most ${LIMITS.badgesMax}; empty unless it is you, your team or your right `
      + 'to see all.',
  })
  badgeProgress(@Root() { id }: { id: string }, @Ctx() { actor }: Context) {
    return progressOf(actor, id)
  }
}
