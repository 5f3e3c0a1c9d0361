/** GraphQL door of flagged rings. */
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { answer, connectionOf, Context, Cursor, sized } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { type FlagRow, flagsById, giftsByFlag, listFlags } from './flag.queries.ts'
import { decideFlag } from './flag.service.ts'
import { FlagState, Recognition, RecognitionFlag } from './recognition.entity.ts'
import { RecognitionFlagDecideInput, RecognitionFlagDecidePayload } from './recognition.shapes.ts'

const RecognitionFlagConnection = connectionOf('RecognitionFlag', () => RecognitionFlag)

@Resolver(() => RecognitionFlag)
export class RecognitionFlagResolver {
  @Allows('recognition.review')
  @Query(() => RecognitionFlagConnection, {
    description: 'Rings of gifts to look at, newest first: a manager\'s with people they lead, an admin\'s all.',
  })
  recognitionFlags(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('state', () => FlagState, { nullable: true, description: 'Only these; all when absent.' }) state: FlagState | null,
    @Ctx() { actor }: Context) {
    return listFlags(actor, first, after, state)
  }

  @Allows('recognition.decide')
  @Mutation(() => RecognitionFlagDecidePayload, {
    description: 'Decides on a ring, once: clears it, or takes its points back. A manager where they lead everybody in it, ' +
      'an admin any, and nobody who gave or received. Codes: INVALID, NOT_FOUND, FORBIDDEN, ALREADY_DECIDED.',
  })
  recognitionFlagDecide(
    @Arg('input', () => RecognitionFlagDecideInput, { description: 'On which, and how.' }) input: RecognitionFlagDecideInput,
    @Ctx() context: Context) {
    const flagId = requireId('RecognitionFlag', input.flagId, 'flagId')
    return answer(new RecognitionFlagDecidePayload(), async () => {
      const { mark } = await decideFlag(context.actor, { ...input, flagId })
      return { flag: await context.load(flagsById, flagId), mark } as Partial<RecognitionFlagDecidePayload>
    })
  }

  @sized(3)
  @FieldResolver(() => [User], { description: 'The two or three people: each gave the next, the last the first.' })
  async users(@Root() { userIds }: FlagRow, @Ctx() context: Context) {
    return (await Promise.all(userIds.map(id => context.load(usersById, id)))).filter(user => user !== null)
  }

  @sized(10) // As a rule a few.
  @FieldResolver(() => [Recognition], { description: `Its gifts, newest first: at most ${LIMITS.recognitionFlagGiftsMax}.` })
  recognitions(@Root() { id }: FlagRow, @Ctx() context: Context) {
    return context.load(giftsByFlag, id)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who decided; null while open.' })
  decidedBy(@Root() { decidedById }: FlagRow, @Ctx() context: Context) {
    return decidedById ? context.load(usersById, decidedById) : null
  }
}
