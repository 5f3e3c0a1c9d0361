/** GraphQL door of streaks. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Resolver, Root } from 'type-graphql'
import { answer, Context, Payload } from '../platform/graphql.ts'
import { optionalId, requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { Streak } from './streak.entity.ts'
import { seesFreezes, shownFreezes, streaksByUser } from './streak.queries.ts'
import { changeStreak, grantFreezes, withdrawFreeze } from './streak.service.ts'

@InputType({ description: 'How a person\'s streak is counted; absent fields stay.' })
class StreakChangeInput {
  @Field(() => ID, { nullable: true, description: 'The person; oneself when absent. Others: ADMIN only.' }) userId?: string | null
  @Field(() => String, { nullable: true, description: 'IANA time zone in which their days begin from now on.' })
  timeZone?: string | null
  @Field(() => Boolean, { nullable: true, description: 'Whether they want no streak: it is null for everybody then.' })
  isOff?: boolean | null
}
@InputType({ description: 'Freezes for people.' })
class StreakFreezeGrantInput {
  @Field(() => [ID], { description: `The people, 1–${LIMITS.pageMax}.` }) userIds!: string[]
  @Field(() => Int, { defaultValue: 1, description: `How many for each, 1–${LIMITS.freezesAtOnceMax}.` }) count!: number
  @Field(() => String, { description: 'What for, 1–500 characters.' }) reason!: string
  @Field(() => String, { description: '8–64 visible ASCII characters; the same key and input again grants nothing.' })
  idempotencyKey!: string
}
@InputType({ description: 'A freeze to take back.' })
class StreakFreezeWithdrawInput {
  @Field(() => ID, { description: 'The freeze.' }) freezeId!: string
}
@ObjectType({ description: 'A streak after a command.' })
class StreakPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The person; null when refused or when there are several.' }) user?: unknown
}

@Resolver(() => User)
export class StreakResolver {
  @FieldResolver(() => Streak, {
    nullable: true, description: 'Consecutive days with an activity, in the person\'s own zone; null when they want none.',
  })
  async streak(@Root() { id }: { id: string }, @Ctx() context: Context) {
    if (!decisionFor(context.actor, 'streak.read').reach) return null
    const streak = await context.load(streaksByUser, id)
    if (!streak) return null
    return seesFreezes(context.actor, id)
      ? { ...streak, freezes: shownFreezes(streak), freezesLeft: streak.freezes.filter(({ usedOn }) => !usedOn).length }
      : { ...streak, freezes: null, freezesLeft: null }
  }

  @Allows('streak.write')
  @Mutation(() => StreakPayload, {
    description: 'Changes how a streak is counted from now on. Codes: INVALID, FORBIDDEN, NOT_FOUND.',
  })
  streakChange(@Arg('input', () => StreakChangeInput, { description: 'The change.' }) input: StreakChangeInput,
    @Ctx() context: Context) {
    const { actor } = context
    const userId = optionalId('User', input.userId, 'userId') ?? actor.userId
    return answer(new StreakPayload(), async () => {
      if (!userId) throw new Refusal(ErrorCode.INVALID, 'userId is needed: this token speaks for no person.', ['userId'])
      const mark = await changeStreak(actor, { userId, timeZone: input.timeZone ?? null, isOff: input.isOff ?? null })
      return { user: await context.load(usersById, userId), mark }
    })
  }

  @Allows('streak.grant')
  @Mutation(() => StreakPayload, {
    description: 'Grants freezes, which save missed days from today on. ADMIN only. '
      + 'Codes: INVALID, OUT_OF_RANGE, NOT_FOUND, IDEMPOTENCY_CONFLICT.',
  })
  streakFreezeGrant(@Arg('input', () => StreakFreezeGrantInput, { description: 'The freezes.' }) input: StreakFreezeGrantInput,
    @Ctx() context: Context) {
    const userIds = input.userIds.map(id => requireId('User', id, 'userIds'))
    return answer(new StreakPayload(), async () => {
      const mark = await grantFreezes(context.actor, { ...input, userIds })
      return { user: userIds.length === 1 ? await context.load(usersById, userIds[0]!) : null, mark }
    })
  }

  @Allows('streak.grant')
  @Mutation(() => StreakPayload, {
    description: 'Takes a freeze back; a day that it saved is missed then. ADMIN only. Codes: NOT_FOUND.',
  })
  streakFreezeWithdraw(
    @Arg('input', () => StreakFreezeWithdrawInput, { description: 'Which.' }) input: StreakFreezeWithdrawInput,
    @Ctx() { actor }: Context) {
    const freezeId = requireId('StreakFreeze', input.freezeId, 'freezeId')
    return answer(new StreakPayload(), async () => ({ mark: await withdrawFreeze(actor, freezeId) }))
  }
}
