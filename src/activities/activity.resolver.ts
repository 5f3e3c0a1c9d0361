/** GraphQL door of activities: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { GraphQLResolveInfo } from 'graphql'
import { answer, connectionOf, Context, Cursor, sized, userError } from '../platform/graphql.ts'
import { wantsOnlyId } from '../plans/asked.ts'
import { kindOf, optionalId, requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { senderOf } from '../platform/tenancy.ts'
import { PointEntry } from '../points/point.entity.ts'
import { entriesByPlace, shownEntry, type EntryRow } from '../points/point.queries.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { Activity, ActivityAttribute, ActivityType, AttributeDefinition } from './activity.entity.ts'
import { plannedOf, type TypeVersion } from './activity.rules.ts'
import {
  ActivitiesRecordInput, ActivitiesRecordPayload, ActivitiesReverseInput, ActivitiesReversePayload,
  ActivityRecordInput, ActivityRecordPayload, ActivityReverseInput,
  ActivityReversePayload,
  ActivityTypeReviseInput, ActivityTypeRevisePayload,
} from './activity.shapes.ts'
import { activitiesById, listActivities, listTypes, typesById, versionsByKey } from './activity.queries.ts'
import { type ActivityRow, type Recording } from './activity.service.ts'
import { recordInputs } from './intake.service.ts'
import { reverseActivities } from './reversal.batch.service.ts'
import { reverseActivity } from './reversal.service.ts'
import { reviseType } from './type.service.ts'

const ActivityTypeConnection = connectionOf('ActivityType', () => ActivityType)
const ActivityConnection = connectionOf('Activity', () => Activity)

type ShownActivity = ActivityRow & { entries?: EntryRow[] }

/** Returns what became of an item as the payload shows it; earlier activities are read once for all items. */
async function shown(context: Context, recording: Recording) {
  if (recording.kind === 'REFUSED') {
    return { activity: null, duplicate: false, idempotencyHit: false, userErrors: [userError(recording.refusal)] }
  }
  if (recording.kind !== 'NEW') {
    return {
      activity: await context.load(activitiesById, recording.activityId), duplicate: recording.kind === 'DUPLICATE',
      idempotencyHit: recording.kind === 'HIT', userErrors: [],
    }
  }
  context.loader(typesById).prime(recording.type.id, recording.type)
  return {
    activity: { ...recording.activity, entries: [recording.entry] }, duplicate: false, idempotencyHit: false,
    userErrors: [],
  }
}

@Resolver(() => Activity)
export class ActivityResolver {
  @Allows('activity.record')
  @Mutation(() => ActivityRecordPayload, {
    description: 'Records one activity; its points count at once. ' +
      'Codes: INVALID, OUT_OF_RANGE, NOT_FOUND, FORBIDDEN, IDEMPOTENCY_CONFLICT.',
  })
  async activityRecord(@Arg('input', () => ActivityRecordInput, { description: 'The activity.' }) input: ActivityRecordInput,
    @Ctx() context: Context) {
    const { recordings, mark } = await recordInputs(context.actor, [input])
    return Object.assign(new ActivityRecordPayload(), await shown(context, recordings[0]!), { mark })
  }

  @Allows('activity.record')
  @Mutation(() => ActivitiesRecordPayload, {
    description: `Records up to ${LIMITS.batchItemsMax} activities in one commit, each with its own answer; ` +
      'a refused one leaves the others alone. Codes per item as activityRecord; for the whole: OUT_OF_RANGE.',
  })
  activitiesRecord(@Arg('input', () => ActivitiesRecordInput, { description: 'The activities.' }) input: ActivitiesRecordInput,
    @Ctx() context: Context) {
    return answer(new ActivitiesRecordPayload(), async () => {
      const { recordings, mark } = await recordInputs(context.actor, input.items)
      const results = await Promise.all(
        recordings.map(async (recording, index) => ({ index, ...await shown(context, recording) })))
      return { results, mark } as Partial<ActivitiesRecordPayload>
    })
  }

  @Allows('activity.reverse')
  @Mutation(() => ActivityReversePayload, {
    description: 'Takes an activity back: a point entry of the opposite sign. MANAGER for their teams, ADMIN for all. ' +
      'Codes: INVALID, NOT_FOUND, FORBIDDEN, ALREADY_REVERSED, IDEMPOTENCY_CONFLICT.',
  })
  activityReverse(@Arg('input', () => ActivityReverseInput, { description: 'Which, and why.' }) input: ActivityReverseInput,
    @Ctx() context: Context) {
    const activityId = requireId('Activity', input.activityId, 'activityId')
    return answer(new ActivityReversePayload(), async () => {
      const { idempotencyHit, mark } = await reverseActivity(
        context.actor, { activityId, idempotencyKey: input.idempotencyKey, reason: input.reason ?? null })
      return { activity: await context.load(activitiesById, activityId), idempotencyHit, mark } as Partial<ActivityReversePayload>
    })
  }

  @Allows('activity.reverse')
  @Mutation(() => ActivitiesReversePayload, {
    description: `Takes up to ${LIMITS.batchItemsMax} activities back in one commit, each with its own answer: `
      + 'NOT_FOUND, FORBIDDEN, ALREADY_REVERSED. For the whole: INVALID, OUT_OF_RANGE, FORBIDDEN, IDEMPOTENCY_CONFLICT.',
  })
  activitiesReverse(@Arg('input', () => ActivitiesReverseInput, { description: 'Which, and why.' }) input: ActivitiesReverseInput,
    @Ctx() { actor }: Context) {
    const activityIds = input.activityIds?.map(id => requireId('Activity', id, 'activityIds')) ?? null
    const { keyPrefix = null, idempotencyKey, reason = null, sentBy } = input
    const senderId = sentBy == null ? null : requireId(kindOf(sentBy) === 'ApiKey' ? 'ApiKey' : 'User', sentBy, 'sentBy')
    return answer(new ActivitiesReversePayload(), async () => {
      const { items, ...rest } = await reverseActivities(actor, { activityIds, keyPrefix, senderId }, { idempotencyKey, reason })
      const results = items.map(({ activityId, refusal }) =>
        ({ activityId: wireId('Activity', activityId), userErrors: refusal ? [userError(refusal)] : [] }))
      return { results, ...rest } as Partial<ActivitiesReversePayload>
    })
  }

  @Allows('activityType.write')
  @Mutation(() => ActivityTypeRevisePayload, {
    description: 'Gives an activity type a new version from a date on; the past keeps its version. ADMIN only. ' +
      'Codes: NOT_FOUND, OUT_OF_RANGE, INVALID.',
  })
  activityTypeRevise(
    @Arg('input', () => ActivityTypeReviseInput, { description: 'What changes, and from when.' }) input: ActivityTypeReviseInput,
    @Ctx() { actor }: Context) {
    return answer(new ActivityTypeRevisePayload(), () => {
      const attributes = input.attributes && Object.fromEntries(input.attributes.map(({ name, type, decimals, signed }) =>
        [name, { type, ...decimals ? { decimals } : {}, ...signed ? { signed } : {} }]))
      return reviseType(actor, { ...input, attributes }) as Promise<Partial<ActivityTypeRevisePayload>>
    })
  }

  @Allows('activityType.read')
  @Query(() => ActivityTypeConnection, { description: 'What may be recorded and what it pays now, by key.' })
  activityTypes(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listTypes(actor, first, after)
  }

  @Allows('activity.read')
  @Query(() => ActivityConnection, { description: 'Activities, newest first.' })
  activities(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('userId', () => ID, { nullable: true, description: 'Only those of this person.' }) userId: string | null,
    @Ctx() context: Context) {
    const isOwn = context.require('activity.read') === 'OWN'
    const wanted = optionalId('User', userId, 'userId')
    return listActivities(context.actor, first, after, isOwn ? senderOf(context.actor) : wanted)
  }

  @FieldResolver(() => ActivityType, { description: 'The version that paid.' })
  type(@Root() activity: ShownActivity, @Ctx() context: Context) {
    return context.load(typesById, activity.typeId)
  }

  @FieldResolver(() => User, { description: 'Who did it.' })
  user(@Root() activity: ShownActivity, @Ctx() context: Context, @Info() info: GraphQLResolveInfo) {
    return wantsOnlyId(info) ? { id: activity.userId } : context.load(usersById, activity.userId)
  }

  @sized(LIMITS.attributesMax)
  @FieldResolver(() => [ActivityAttribute], { description: 'Of those that its type declares: at most 20.' })
  attributes(@Root() { attributes }: ShownActivity) {
    return Object.entries(attributes ?? {}).map(([name, value]) => ({ name, value: String(value) }))
  }

  @sized(2)
  @FieldResolver(() => [PointEntry], { description: 'The award, and its reversal if it was taken back: at most two.' })
  async pointEntries(@Root() activity: ShownActivity, @Ctx() context: Context) {
    const entries = activity.entries ?? await Promise.all([activity.entrySeq, activity.reversalSeq].filter(seq => seq !== null)
      .map(seq => context.load(entriesByPlace, `${activity.userId}:${seq}`)))
    return entries.filter(entry => entry !== null).map(shownEntry)
  }
}

@Resolver(() => ActivityType)
export class ActivityTypeResolver {
  @sized(LIMITS.attributesMax)
  @FieldResolver(() => [AttributeDefinition], { description: 'What activities of it may carry, at most 20.' })
  attributes(@Root() { attributes }: TypeVersion) {
    return Object.entries(attributes ?? {})
      .map(([name, { type, decimals = 0, signed = false }]) => ({ name, type, decimals, signed }))
  }

  @sized(50)
  @FieldResolver(() => [ActivityType], { description: 'The versions of its key, planned ones included: the newest 50.' })
  versions(@Root() { key }: TypeVersion, @Ctx() context: Context) {
    return context.load(versionsByKey, key)
  }

  @FieldResolver(() => ActivityType, { nullable: true, description: 'The version that is planned to follow; null without one.' })
  async planned(@Root() { key }: TypeVersion, @Ctx() context: Context) {
    return plannedOf(await context.load(versionsByKey, key) ?? [], context.actor.now)
  }
}
