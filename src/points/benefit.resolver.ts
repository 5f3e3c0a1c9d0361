/** GraphQL door of benefits: what levels and badges bring, granted by somebody else. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'
import { answer, connectionOf, Context, Cursor, Payload, sized } from '../platform/graphql.ts'
import { uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { NOBODY } from '../platform/tenancy.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { type BenefitRow, benefitsById, benefitsByUser, listPending } from './benefit.queries.ts'
import { grantBenefit } from './benefit.service.ts'
import { Benefit } from './point.entity.ts'
import { multiplierAt } from './point.queries.ts'

const BenefitConnection = connectionOf('Benefit', () => Benefit)

@InputType({ description: 'A benefit to grant.' })
class BenefitGrantInput {
  @Field(() => ID, { description: 'Of somebody else, and pending.' }) benefitId!: string
}

@ObjectType({ description: 'The benefit as it is now.' })
class BenefitGrantPayload extends Payload {
  @Field(() => Benefit, { nullable: true, description: 'The benefit; null when refused.' }) benefit?: unknown
}

@Resolver(() => Benefit)
export class BenefitResolver {
  @Allows('benefit.grant')
  @Mutation(() => BenefitGrantPayload, {
    description: 'Grants a benefit that waits; it stays with the person. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED.',
  })
  benefitGrant(@Arg('input', () => BenefitGrantInput, { description: 'The benefit.' }) input: BenefitGrantInput,
    @Ctx() context: Context) {
    return answer(new BenefitGrantPayload(), async () => {
      const { benefitId, mark } = await grantBenefit(context.actor, uuidOf('Benefit', input.benefitId) ?? NOBODY)
      return { benefit: await context.load(benefitsById, benefitId), mark } as Partial<BenefitGrantPayload>
    })
  }

  @Allows('benefit.read')
  @Query(() => BenefitConnection, {
    description: 'Benefits that wait to be granted, of people whom your right reaches, the longest waiting first.',
  })
  benefitsPending(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context,
  ) {
    return listPending(actor, first, after)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whose it is; null when you may not see them.' })
  user(@Root() { userId }: BenefitRow, @Ctx() context: Context) {
    return context.load(usersById, userId)
  }
}

@Resolver(() => User)
export class UserBenefitsResolver {
  @sized(20)
  @FieldResolver(() => [Benefit], {
    description: `What levels and badges brought, at most ${LIMITS.benefitsShownMax}; empty unless it is you, your team or your `
      + 'right to see all.',
  })
  benefits(@Root() { id }: { id: string }, @Ctx() context: Context) {
    return context.load(benefitsByUser, id)
  }

  @FieldResolver(() => Int, {
    description: 'What eligible cash bonuses are multiplied by, in basis points (15000 is 1.5×), now or at an instant: as the '
      + 'level was entered (A-67).',
  })
  multiplierBp(@Root() { id }: { id: string },
    @Arg('at', () => Date, { nullable: true, description: 'The instant; now when absent.' }) at: Date | null,
    @Ctx() { actor }: Context) {
    return multiplierAt(actor, id, at ?? null)
  }
}
