/** GraphQL door of boosts. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'
import { Activity } from '../activities/activity.entity.ts'
import { answer, connectionOf, Context, Cursor, Payload } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { ActivityBoost, Boost, BoostRounding } from './boost.entity.ts'
import { addedByActivity, boostsById, listBoosts } from './boost.queries.ts'
import { cancelBoost, createBoost } from './boost.service.ts'

const BoostConnection = connectionOf('Boost', () => Boost)

@InputType({ description: 'A window in which activities pay more.' })
class BoostCreateInput {
  @Field(() => String, { description: 'Name for people, 1–100 characters; it stands in the feed.' }) name!: string
  @Field(() => Int, { description: '10,001–100,000 basis points: 20,000 doubles.' }) multiplierBp!: number
  @Field(() => BoostRounding, { defaultValue: BoostRounding.HALF_UP, description: 'How what it adds becomes whole points.' })
  rounding!: BoostRounding
  @Field(() => [String], { nullable: true, description: `Keys of activity types, 1–${LIMITS.boostTypesMax}; all when absent.` })
  activityTypes?: string[] | null
  @Field(() => Date, { nullable: true, description: 'When it begins; now when absent.' }) startsAt?: Date | null
  @Field(() => Date, { description: 'When it ends, at most 92 days later.' }) endsAt!: Date
}
@InputType({ description: 'A boost to end.' })
class BoostCancelInput {
  @Field(() => ID, { description: 'The boost.' }) boostId!: string
}
@ObjectType({ description: 'A boost after a command.' })
class BoostPayload extends Payload {
  @Field(() => Boost, { nullable: true, description: 'The boost; null when refused.' }) boost?: unknown
}

@Resolver(() => Activity)
export class BoostResolver {
  @Allows('boost.read')
  @Query(() => BoostConnection, { description: 'Boosts, newest first.' })
  boosts(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listBoosts(actor, first, after)
  }

  @Allows('boost.write')
  @Mutation(() => BoostPayload, {
    description: 'Plans a boost. ADMIN only. Codes: INVALID, OUT_OF_RANGE, NOT_FOUND.',
  })
  boostCreate(@Arg('input', () => BoostCreateInput, { description: 'The boost.' }) input: BoostCreateInput,
    @Ctx() { actor }: Context) {
    return answer(new BoostPayload(), () => createBoost(
      actor, { ...input, activityTypes: input.activityTypes ?? null, startsAt: input.startsAt ?? null }))
  }

  @Allows('boost.write')
  @Mutation(() => BoostPayload, {
    description: 'Ends a boost now; what occurred before keeps what it added. ADMIN only. Codes: NOT_FOUND, ALREADY_DECIDED.',
  })
  boostCancel(@Arg('input', () => BoostCancelInput, { description: 'Which.' }) input: BoostCancelInput, @Ctx() context: Context) {
    const id = requireId('Boost', input.boostId, 'boostId')
    return answer(new BoostPayload(), async () => {
      const { boostId, mark } = await cancelBoost(context.actor, id)
      return { boost: await context.load(boostsById, boostId), mark }
    })
  }

  @FieldResolver(() => ActivityBoost, { nullable: true, description: 'What a boost added, within a second; null when none did.' })
  async boost(@Root() { id }: { id: string }, @Ctx() context: Context) {
    const added = await context.load(addedByActivity, id)
    return added && { points: added.points, boost: await context.load(boostsById, added.boostId) }
  }
}
