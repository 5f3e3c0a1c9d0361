/** GraphQL door of revenue: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { GraphQLResolveInfo } from 'graphql'
import { answer, connectionOf, Context, Cursor, userError } from '../platform/graphql.ts'
import { wantsOnlyId } from '../plans/asked.ts'
import { optionalId, requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Money, moneyOf } from '../platform/money.shapes.ts'
import { Allows } from '../platform/policy.ts'
import { Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { teamsById, usersById } from '../users/user.queries.ts'
import { type Returned, refundRevenue, reverseRevenue } from './refund.service.ts'
import { RevenueFact } from './revenue.entity.ts'
import { listRevenue, revenueById, type RevenueRow } from './revenue.queries.ts'
import { recordRevenue, type RevenueRecording } from './revenue.service.ts'
import {
  RevenueFilterInput, RevenuePayload, RevenueRecordInput, RevenueRefundInput, RevenueReverseInput, RevenuesRecordInput,
  RevenuesRecordPayload,
} from './revenue.shapes.ts'

const RevenueFactConnection = connectionOf('RevenueFact', () => RevenueFact)

async function shown(context: Context, recording: RevenueRecording) {
  if (recording.kind === 'REFUSED') {
    return { revenue: null, duplicate: false, idempotencyHit: false, userErrors: [userError(recording.refusal)] }
  }
  return {
    revenue: await context.load(revenueById, recording.revenueId), duplicate: recording.kind === 'DUPLICATE',
    idempotencyHit: recording.kind === 'HIT', userErrors: [],
  }
}

function returned(context: Context, work: () => Promise<Returned>) {
  return answer(new RevenuePayload(), async () => {
    const { revenueId, ...rest } = await work()
    return { revenue: await context.load(revenueById, revenueId), ...rest } as Partial<RevenuePayload>
  })
}

@Resolver(() => RevenueFact)
export class RevenueResolver {
  @Allows('revenue.record')
  @Mutation(() => RevenuePayload, {
    description: 'Records recognized revenue, once for each key and source fact. ' +
      'Codes: INVALID, OUT_OF_RANGE, NOT_FOUND, FORBIDDEN, IDEMPOTENCY_CONFLICT.',
  })
  revenueRecord(@Arg('input', () => RevenueRecordInput, { description: 'The fact.' }) input: RevenueRecordInput,
    @Ctx() context: Context) {
    return answer(new RevenuePayload(), async () => {
      const { recordings, mark } = await recordRevenue(context.actor, [input])
      return { ...await shown(context, recordings[0]!), mark } as Partial<RevenuePayload>
    })
  }

  @Allows('revenue.record')
  @Mutation(() => RevenuesRecordPayload, {
    description: `Records up to ${LIMITS.batchItemsMax} revenue facts in one commit, each with its own answer; ` +
      'a refused one leaves the others alone. Codes per item as revenueRecord; for the whole: OUT_OF_RANGE.',
  })
  revenuesRecord(@Arg('input', () => RevenuesRecordInput, { description: 'The facts.' }) input: RevenuesRecordInput,
    @Ctx() context: Context) {
    return answer(new RevenuesRecordPayload(), async () => {
      const { recordings, mark } = await recordRevenue(context.actor, input.items)
      const results = await Promise.all(
        recordings.map(async (recording, index) => ({ index, ...await shown(context, recording) })))
      return { results, mark } as Partial<RevenuesRecordPayload>
    })
  }

  @Allows('revenue.record')
  @Mutation(() => RevenuePayload, {
    description: 'Gives back part or all of what is left of recognized revenue: a negative fact linked to it. ' +
      'Codes: INVALID, NOT_FOUND, FORBIDDEN, OUT_OF_RANGE, ALREADY_REVERSED, IDEMPOTENCY_CONFLICT.',
  })
  revenueRefund(@Arg('input', () => RevenueRefundInput, { description: 'What, and how much.' }) input: RevenueRefundInput,
    @Ctx() context: Context) {
    const revenueId = requireId('RevenueFact', input.revenueId, 'revenueId')
    return returned(context, () => refundRevenue(context.actor, { ...input, revenueId }))
  }

  @Allows('revenue.record')
  @Mutation(() => RevenuePayload, {
    description: 'Takes back a fact that was wrong: recognized revenue with what is left of it, or a refund. ' +
      'Codes: INVALID, NOT_FOUND, FORBIDDEN, ALREADY_REVERSED, IDEMPOTENCY_CONFLICT.',
  })
  revenueReverse(@Arg('input', () => RevenueReverseInput, { description: 'Which, and why.' }) input: RevenueReverseInput,
    @Ctx() context: Context) {
    const revenueId = requireId('RevenueFact', input.revenueId, 'revenueId')
    return returned(context, () => reverseRevenue(context.actor, { ...input, revenueId }))
  }

  @Allows('revenue.read')
  @Query(() => RevenueFactConnection,
    { description: 'Revenue facts, the last recorded first; a manager sees those of their teams.' })
  revenueFacts(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('filter', () => RevenueFilterInput, { nullable: true, description: 'Which facts; all when absent.' })
    filter: RevenueFilterInput | null, @Ctx() { actor }: Context) {
    return listRevenue(actor, first, after, {
      ...filter, ownerId: optionalId('User', filter?.ownerId, 'ownerId'), teamId: optionalId('Team', filter?.teamId, 'teamId'),
    })
  }

  @FieldResolver(() => Money, { description: 'The amount with its sign: above zero as recognized, below when given back.' })
  amount(@Root() { amountMinor, currency }: RevenueRow) {
    return moneyOf(BigInt(amountMinor), currency)
  }

  @FieldResolver(() => Money,
    { nullable: true, description: 'What refunds and reversals have left of a recognized fact; null of others.' })
  rest(@Root() { restMinor, currency }: RevenueRow) {
    return restMinor === null ? null : moneyOf(BigInt(restMinor), currency)
  }

  @FieldResolver(() => RevenueFact,
    { nullable: true, description: 'What a refund or reversal gives back; null of recognized revenue.' })
  original(@Root() { originalId }: RevenueRow, @Ctx() context: Context) {
    return originalId && context.load(revenueById, originalId)
  }

  @FieldResolver(() => Date, { nullable: true, description: 'When it was taken back; null while it stands.' })
  reversedAt(@Root() { reversedAt }: RevenueRow) {
    return reversedAt
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whose it is; null when it is nobody\'s own.' })
  owner(@Root() { ownerId }: RevenueRow, @Ctx() context: Context, @Info() at: GraphQLResolveInfo) {
    return ownerId && (wantsOnlyId(at) ? { id: ownerId } : context.load(usersById, ownerId))
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The owner\'s primary team when it occurred (A-64).' })
  team(@Root() { teamId }: RevenueRow, @Ctx() context: Context) {
    return teamId && context.load(teamsById, teamId)
  }
}
