/** GraphQL door of recognition: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { answer, connectionOf, Context, Cursor, sized } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { User } from '../users/user.entity.ts'
import { type UserRow, usersById } from '../users/user.queries.ts'
import { Viewer } from '../users/viewer.entity.ts'
import { Recognition, RecognitionAllowance, RecognitionReaction, RecognitionSetting } from './recognition.entity.ts'
import {
  allowanceOf, listRecognitions, listSettings, ownReactions, type ReactionRow, reactionsByRecognition, type RecognitionRow,
  recognitionsById,
} from './recognition.queries.ts'
import { REACTIONS } from './recognition.rules.ts'
import { giveRecognition, reactTo, reviseSetting } from './recognition.service.ts'
import {
  RecognitionGiveInput, RecognitionGivePayload, RecognitionReactInput, RecognitionReactPayload, RecognitionSettingReviseInput,
  RecognitionSettingRevisePayload,
} from './recognition.shapes.ts'

const RecognitionConnection = connectionOf('Recognition', () => Recognition)

function changed(context: Context, { recognitionId: wire, kind }: RecognitionReactInput, isOn: boolean) {
  const recognitionId = requireId('Recognition', wire, 'recognitionId')
  return answer(new RecognitionReactPayload(), async () => {
    const { mark } = await reactTo(context.actor, { recognitionId, kind, isOn })
    return { recognition: await context.load(recognitionsById, recognitionId), mark } as Partial<RecognitionReactPayload>
  })
}

@Resolver(() => Recognition)
export class RecognitionResolver {
  @Allows('recognition.give')
  @Mutation(() => RecognitionGivePayload, {
    description: 'Gives points of your weekly allowance to a colleague, who gets them; you lose allowance only. ' +
      'Codes: INVALID, OUT_OF_RANGE, FORBIDDEN, NOT_FOUND, SELF_AWARD, ALLOWANCE_SPENT, IDEMPOTENCY_CONFLICT.',
  })
  recognitionGive(@Arg('input', () => RecognitionGiveInput, { description: 'To whom, how much, what for.' })
    input: RecognitionGiveInput, @Ctx() context: Context) {
    const receiverId = requireId('User', input.receiverId, 'receiverId')
    return answer(new RecognitionGivePayload(), async () => {
      const { recognitionId, idempotencyHit, mark } = await giveRecognition(context.actor, { ...input, receiverId })
      const recognition = await context.load(recognitionsById, recognitionId)
      return { recognition, idempotencyHit, mark } as Partial<RecognitionGivePayload>
    })
  }

  @Allows('recognition.react')
  @Mutation(() => RecognitionReactPayload, {
    description: 'Reacts to a recognition, once by each kind; again changes nothing. Codes: FORBIDDEN, NOT_FOUND.',
  })
  recognitionReact(@Arg('input', () => RecognitionReactInput, { description: 'To what, and how.' }) input: RecognitionReactInput,
    @Ctx() context: Context) {
    return changed(context, input, true)
  }

  @Allows('recognition.react')
  @Mutation(() => RecognitionReactPayload, {
    description: 'Takes a reaction of yours back; one that is not there changes nothing. Codes: FORBIDDEN, NOT_FOUND.',
  })
  recognitionUnreact(@Arg('input', () => RecognitionReactInput, { description: 'To what, and which.' })
    input: RecognitionReactInput, @Ctx() context: Context) {
    return changed(context, input, false)
  }

  @Allows('recognition.read')
  @Query(() => RecognitionConnection, { description: 'Recognition in the tenant, newest first.' })
  recognitions(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listRecognitions(actor, first, after)
  }

  @Allows('recognition.review')
  @sized(10) // As a rule a few.
  @Query(() => [RecognitionSetting], {
    description: `The figures of recognition, newest first, the template's last: at most ${LIMITS.recognitionSettingsMax}.`,
  })
  recognitionSettings(@Ctx() { actor }: Context) {
    return listSettings(actor)
  }

  @Allows('recognition.set')
  @Mutation(() => RecognitionSettingRevisePayload, {
    description: 'Sets the weekly allowance, or from when a ring is flagged, from a day on. ADMIN only. ' +
      'Codes: INVALID, OUT_OF_RANGE.',
  })
  recognitionSettingRevise(
    @Arg('input', () => RecognitionSettingReviseInput, { description: 'The figures.' }) input: RecognitionSettingReviseInput,
    @Ctx() { actor }: Context) {
    return answer(new RecognitionSettingRevisePayload(), () => reviseSetting(actor, input))
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who gave it.' })
  giver(@Root() { giverId }: RecognitionRow, @Ctx() context: Context) {
    return context.load(usersById, giverId)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who received it.' })
  receiver(@Root() { receiverId }: RecognitionRow, @Ctx() context: Context) {
    return context.load(usersById, receiverId)
  }

  @sized(Object.keys(REACTIONS).length)
  @FieldResolver(() => [RecognitionReaction], {
    description: 'How many feel what about it; kinds that nobody chose are left out.',
  })
  reactions(@Root() { id }: RecognitionRow, @Ctx() context: Context) {
    return context.load(reactionsByRecognition, id)
  }
}

@Resolver(() => RecognitionReaction)
export class RecognitionReactionResolver {
  @FieldResolver(() => Boolean, { description: 'Whether you are among them.' })
  async viewerReacted(@Root() { recognitionId, kind }: ReactionRow, @Ctx() context: Context) {
    return context.actor.userId !== null && (await context.load(ownReactions, recognitionId))!.has(kind)
  }
}

/** Returns a page of a person's recognitions, or null to those who may not see recognition. */
function pageFor(context: Context, userId: string, side: 'GIVEN' | 'RECEIVED', first: number, after: string | null) {
  const { actor } = context
  return decisionFor(actor, 'recognition.read').reach ? listRecognitions(actor, first, after, { userId, side }) : null
}

@Resolver(() => User)
export class UserRecognitionResolver {
  @FieldResolver(() => RecognitionConnection, {
    nullable: true, description: 'What the person gave, newest first; null for roles that do not see recognition.',
  })
  recognitionsGiven(@Root() { id }: UserRow, @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    return pageFor(context, id, 'GIVEN', first, after)
  }

  @FieldResolver(() => RecognitionConnection, {
    nullable: true, description: 'What the person received, newest first; null for roles that do not see recognition.',
  })
  recognitionsReceived(@Root() { id }: UserRow, @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    return pageFor(context, id, 'RECEIVED', first, after)
  }
}

@Resolver(() => Viewer)
export class ViewerRecognitionResolver {
  @FieldResolver(() => RecognitionAllowance, {
    nullable: true, description: 'What you may still give this week; null for those who give no recognition.',
  })
  recognitionAllowance(@Ctx() { actor }: Context) {
    return actor.userId && decisionFor(actor, 'recognition.give').reach ? allowanceOf(actor, actor.userId) : null
  }
}
