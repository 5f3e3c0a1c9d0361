/** GraphQL door of metrics: shapes in, shapes out, no decisions. */
import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { answer, connectionOf, Context, Cursor, LocalDate, sized, userError } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import type { Actor } from '../platform/tenancy.ts'
import { Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { teamsById, usersById } from '../users/user.queries.ts'
import { Metric, MetricBaseline, MetricDay, MetricPoint } from './metric.entity.ts'
import {
  baselineOf, daysOf, listMetrics, listPoints, maySee, metricByKey, type MetricRow, metricsById, pointAt, type PointRow,
    pointsById,
  type Subject,
} from './metric.queries.ts'
import { defineMetric, type PointRecording, recordPoints } from './metric.service.ts'
import {
  MetricDefineInput, MetricDefinePayload, MetricRecordInput, MetricRecordPayload, MetricsRecordInput, MetricsRecordPayload,
  SubjectArgs,
} from './metric.shapes.ts'

const MetricPointConnection = connectionOf('MetricPoint', () => MetricPoint)

async function shown(context: Context, recording: PointRecording) {
  if (recording.kind === 'REFUSED') {
    return { point: null, duplicate: false, idempotencyHit: false, userErrors: [userError(recording.refusal)] }
  }
  return {
    point: await context.load(pointsById, recording.pointId), duplicate: recording.kind === 'DUPLICATE',
    idempotencyHit: recording.kind === 'HIT', userErrors: [],
  }
}

function subjectOf({ tenantId }: Actor, { teamId, userId }: SubjectArgs): Subject {
  if (teamId && userId) throw fault('BAD_REQUEST', 'Name a team or a person, not both.', { argument: 'userId' })
  if (userId) return { kind: 'USER', id: requireId('User', userId, 'userId') }
  return teamId ? { kind: 'TEAM', id: requireId('Team', teamId, 'teamId') } : { kind: 'TENANT', id: tenantId }
}

/** Returns what `read` answers, or `otherwise` where the reader's right does not reach the subject. */
async function seen<T, Empty>(actor: Actor, args: SubjectArgs, read: (subject: Subject) => Promise<T>, otherwise: Empty) {
  const subject = subjectOf(actor, args)
  return await maySee(actor, subject) ? read(subject) : otherwise
}

@Resolver(() => Metric)
export class MetricResolver {
  @Allows('metric.define')
  @Mutation(() => MetricDefinePayload, {
    description: 'Defines a metric of your own, or changes one; values recorded before stay. Codes: INVALID, OUT_OF_RANGE.',
  })
  metricDefine(@Arg('input', () => MetricDefineInput, { description: 'The metric.' }) input: MetricDefineInput,
    @Ctx() context: Context) {
    return answer(new MetricDefinePayload(), async () => {
      const { metricId, mark } = await defineMetric(context.actor, input)
      return { metric: await context.load(metricsById, metricId), mark } as Partial<MetricDefinePayload>
    })
  }

  @Allows('metric.record')
  @Mutation(() => MetricRecordPayload, {
    description: 'Records a value, once for each key and source fact; of one instant the last one recorded counts. ' +
      'Codes: INVALID, OUT_OF_RANGE, NOT_FOUND, FORBIDDEN, IDEMPOTENCY_CONFLICT.',
  })
  metricRecord(@Arg('input', () => MetricRecordInput, { description: 'The value.' }) input: MetricRecordInput,
    @Ctx() context: Context) {
    return answer(new MetricRecordPayload(), async () => {
      const { recordings, mark } = await recordPoints(context.actor, [input])
      return { ...await shown(context, recordings[0]!), mark } as Partial<MetricRecordPayload>
    })
  }

  @Allows('metric.record')
  @Mutation(() => MetricsRecordPayload, {
    description: `Records up to ${LIMITS.batchItemsMax} values in one commit, each with its own answer. ` +
      'Codes per item as metricRecord; for the whole: OUT_OF_RANGE.',
  })
  metricsRecord(@Arg('input', () => MetricsRecordInput, { description: 'The values.' }) input: MetricsRecordInput,
    @Ctx() context: Context) {
    return answer(new MetricsRecordPayload(), async () => {
      const { recordings, mark } = await recordPoints(context.actor, input.items)
      const results = await Promise.all(
        recordings.map(async (recording, index) => ({ index, ...await shown(context, recording) })))
      return { results, mark } as Partial<MetricsRecordPayload>
    })
  }

  @sized(20)
  @Allows('metric.read')
  @Query(() => [Metric], { description: `What is measured, by key: at most ${LIMITS.metricsMax}.` })
  metrics(@Ctx() { actor }: Context) {
    return listMetrics(actor)
  }

  @Allows('metric.read')
  @Query(() => Metric, { nullable: true, description: 'A metric by its key; null when there is none.' })
  metric(@Arg('key', () => String, { description: 'Such as "client_satisfaction".' }) key: string, @Ctx() { actor }: Context) {
    return metricByKey(actor, key)
  }

  @FieldResolver(() => MetricPoint, { nullable: true, description: 'The latest value; null while there is none.' })
  latest(@Root() { id }: MetricRow, @Args(() => SubjectArgs) args: SubjectArgs, @Ctx() context: Context) {
    return pointShown(context, args, id, null)
  }

  @FieldResolver(() => MetricPoint,
    { nullable: true, description: 'The value that stood at an instant; null when there was none yet.' })
  valueAt(@Root() { id }: MetricRow, @Arg('at', () => Date, { description: 'The instant.' }) at: Date,
    @Args(() => SubjectArgs) args: SubjectArgs, @Ctx() context: Context) {
    return pointShown(context, args, id, at)
  }

  @sized(31)
  @FieldResolver(() => [MetricDay], { description: `The days that have values, at most ${LIMITS.analyticsDaysMax}.` })
  series(@Root() { id }: MetricRow,
    @Arg('since', () => LocalDate, { description: 'First day, in the tenant\'s zone.' }) since: string,
    @Arg('until', () => LocalDate, { description: 'Last day, included.' }) until: string,
    @Args(() => SubjectArgs) args: SubjectArgs, @Ctx() { actor }: Context) {
    return seen(actor, args, subject => daysOf(actor, id, subject, since, until), [])
  }

  @FieldResolver(() => MetricBaseline,
    { nullable: true, description: 'The mean of the values marked as baseline; null without any.' })
  baseline(@Root() { id }: MetricRow, @Args(() => SubjectArgs) args: SubjectArgs, @Ctx() { actor }: Context) {
    return seen(actor, args, subject => baselineOf(actor, id, subject), null)
  }

  @FieldResolver(() => MetricPointConnection, { nullable: true, description: 'Every point as it was recorded, the last first.' })
  points(@Root() { id }: MetricRow,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Args(() => SubjectArgs) args: SubjectArgs, @Ctx() { actor }: Context) {
    return seen(actor, args, subject => listPoints(actor, id, subject, first, after), null)
  }
}

async function pointShown(context: Context, args: SubjectArgs, metricId: string, at: Date | null) {
  const { actor } = context
  const id = await seen(actor, args, subject => pointAt(actor, metricId, subject, at), null)
  return id && context.load(pointsById, id)
}

@Resolver(() => MetricPoint)
export class MetricPointResolver {
  @FieldResolver(() => Metric, { description: 'What was measured.' })
  metric(@Root() { metricId }: PointRow, @Ctx() context: Context) {
    return context.load(metricsById, metricId as string)
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The team it was measured of; null of others.' })
  team(@Root() { subjectKind, subjectId }: PointRow, @Ctx() context: Context) {
    return subjectKind === 'TEAM' ? context.load(teamsById, subjectId) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'The person it was measured of; null of others.' })
  user(@Root() { subjectKind, subjectId }: PointRow, @Ctx() context: Context) {
    return subjectKind === 'USER' ? context.load(usersById, subjectId) : null
  }
}
