/** GraphQL door of challenges: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import { fault, Refusal, ErrorCode } from '../platform/errors.ts'
import { answer, Context, Cursor, Mark, Points, sized } from '../platform/graphql.ts'
import { requireId, uuidOf, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { parseMark } from '../platform/marks.ts'
import { Allows } from '../platform/policy.ts'
import { localDay } from '../platform/time.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { openStream, placeAfter, poll } from '../wire/streams.ts'
import {
  Challenge, ChallengeEnrollment, ChallengeKind, ChallengeLink, ChallengeMeasure, ChallengeStanding, ChallengeState,
  ChallengeStatus, ChallengeTier, ChallengeEnrollmentState,
} from './challenge.entity.ts'
import {
  type ChallengeRow, challengesById, type EnrollmentRow, listChallenges, listEnrollments, listStandings, viewerPlaces,
} from './challenge.queries.ts'
import { type EnrollmentWish, settlesAt, statusAt, type Subject, type Tier } from './challenge.rules.ts'
import { cancelChallenge, createChallenge, type NewChallenge, SUBJECT_KIND } from './challenge.service.ts'
import {
  ChallengeCancelInput, ChallengeCancelPayload, ChallengeConnection, ChallengeCreateInput, ChallengeCreatePayload,
  ChallengeEnrollInput, ChallengeEnrollmentConnection, ChallengeEnrollPayload, ChallengeInviteInput, ChallengeMessage,
  ChallengeStandingConnection, linksShape, measureShape, shaped, tiersShape,
} from './challenge.shapes.ts'
import { ChallengeSource, type LiveChallenges } from './challenge.stream.ts'
import { enroll, invite } from './enrollment.service.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { challenges: LiveChallenges }
}

/** Nulls of an input say nothing: what is left is what was said. */
function said(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(said)
  if (typeof input !== 'object' || input === null) return input
  return Object.fromEntries(Object.entries(input).flatMap(([name, value]) => value == null ? [] : [[name, said(value)]]))
}

async function wishOf({ actor }: Context, input: ChallengeCreateInput): Promise<NewChallenge> {
  const tiers = (input.tiers ?? []).map(({ title, rewards, ...when }) => ({ when, title, rewards }))
  const kind = SUBJECT_KIND[input.subject as Subject]
  return {
    kind: 'TEAM', templateId: null, onlySubject: null, baseline: null, difficulty: null,
    ...input as unknown as Pick<NewChallenge, 'title' | 'series' | 'subject' | 'goal' | 'enrollment' | 'tieRule' | 'payout'>,
    description: input.description, days: input.days, target: input.target ?? null,
    measure: shaped(measureShape, said(input.measure), 'measure'), tiers: shaped(tiersShape, said(tiers), 'tiers'),
    links: shaped(linksShape, said(input.links ?? []), 'links'),
    startsOn: input.startsOn ?? localDay(await zoneOf(actor), actor.now.getTime()).day,
    subjectIds: input.subjectIds?.map(id => requireId(kind, id, 'subjectIds')) ?? null,
  }
}

async function liveOf(context: Context, id: string) {
  const uuid = requireId('Challenge', id, 'id')
  const live = await context.load(challengesById, uuid) && await context.challenges.of(context.actor.tenantId, uuid)
  if (!live) throw fault('NOT_FOUND', 'There is no such challenge.')
  return live
}

async function openChallenge(context: Context,
  { id, after, atLeast }: { id: string; after?: string | null; atLeast?: string | null }) {
  const live = await liveOf(context, id)
  if (atLeast) await live.holds(parseMark(atLeast)!)
  const at = placeAfter(live.log.epoch, after)
  if (at.pos !== null && at.pos > live.log.pos) await live.log.catchUp() // Another node may have been ahead of this one.
  return openStream(new ChallengeSource(live), at)
}

/** Returns the subject of a kind that a client names. @throws Refusal NOT_FOUND */
async function subjectOf(context: Context, challengeId: string, id: string | null | undefined): Promise<string | null> {
  if (id == null) return null
  const challenge = await context.load(challengesById, challengeId)
  const uuid = challenge && uuidOf(SUBJECT_KIND[challenge.subject], id)
  if (uuid) return uuid
  throw new Refusal(ErrorCode.NOT_FOUND, challenge
    ? `This challenge is for ${challenge.subject.toLowerCase()}s: ${id} is none.` : 'There is no such challenge.',
  [challenge ? 'subjectId' : 'challengeId'])
}

function changeEnrollment(context: Context, { challengeId, subjectId }: ChallengeEnrollInput, wish: EnrollmentWish) {
  const id = requireId('Challenge', challengeId, 'challengeId')
  return answer(new ChallengeEnrollPayload(), async () => {
    const { mark } = await enroll(context.actor, { challengeId: id, subjectId: await subjectOf(context, id, subjectId), wish })
    context.renew()
    return { challenge: await context.load(challengesById, id), mark } as Partial<ChallengeEnrollPayload>
  })
}

@Resolver(() => Challenge)
export class ChallengeResolver {
  @Allows('challenge.read')
  @Query(() => Challenge,
    { nullable: true, description: 'One challenge, or null when there is none with this id for the reader.' })
  challenge(@Arg('id', () => ID, { description: 'As `challenges` returned it.' }) id: string, @Ctx() context: Context) {
    return context.load(challengesById, requireId('Challenge', id, 'id'))
  }

  @Allows('challenge.read')
  @Query(() => ChallengeConnection,
    { description: 'Challenges, the newest first; personal ones only of oneself or people one leads.' })
  challenges(@Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('kind', () => ChallengeKind, { nullable: true, description: 'Only of this kind.' }) kind: string | null,
    @Arg('state', () => ChallengeState, { nullable: true, description: 'Only in this state.' }) state: string | null,
    @Arg('mine', () => Boolean,
      { nullable: true, description: 'Only those of people that oneself is invited to or takes part in.' })
    mine: boolean | null) {
    return listChallenges(actor, first, after, { kind, state, subjectId: mine ? actor.userId : null })
  }

  @Allows('challenge.write')
  @Mutation(() => ChallengeCreatePayload,
    { description: 'Sets a challenge. ADMIN only. Codes: INVALID, OUT_OF_RANGE, NOT_FOUND.' })
  challengeCreate(@Arg('input', () => ChallengeCreateInput, { description: 'The challenge.' }) input: ChallengeCreateInput,
    @Ctx() context: Context) {
    return answer(new ChallengeCreatePayload(), async () => {
      const { challengeId, mark } = await createChallenge(context.actor, await wishOf(context, input))
      return { challenge: await context.load(challengesById, challengeId), mark } as Partial<ChallengeCreatePayload>
    })
  }

  @Allows('challenge.write')
  @Mutation(() => ChallengeCancelPayload, {
    description: 'Calls a challenge off; nothing is paid for it. ADMIN only. Codes: NOT_FOUND, ALREADY_DECIDED.',
  })
  challengeCancel(@Arg('input', () => ChallengeCancelInput, { description: 'The challenge.' }) input: ChallengeCancelInput,
    @Ctx() context: Context) {
    const id = requireId('Challenge', input.challengeId, 'challengeId')
    return answer(new ChallengeCancelPayload(), async () => {
      const { mark } = await cancelChallenge(context.actor, id)
      return { challenge: await context.load(challengesById, id), mark } as Partial<ChallengeCancelPayload>
    })
  }

  @Allows('challenge.write')
  @Mutation(() => ChallengeCancelPayload, {
    description: 'Asks subjects to take part; who has opted out is not asked again. ADMIN only. '
      + 'Codes: NOT_FOUND, ALREADY_DECIDED, OUT_OF_RANGE.',
  })
  challengeInvite(@Arg('input', () => ChallengeInviteInput, { description: 'Whom to ask.' }) input: ChallengeInviteInput,
    @Ctx() context: Context) {
    const challengeId = requireId('Challenge', input.challengeId, 'challengeId')
    return answer(new ChallengeCancelPayload(), async () => {
      const subjectIds = await Promise.all(input.subjectIds.map(id => subjectOf(context, challengeId, id)))
      const { mark } = await invite(context.actor, { challengeId, subjectIds: subjectIds as string[] })
      return { challenge: await context.load(challengesById, challengeId), mark } as Partial<ChallengeCancelPayload>
    })
  }

  @Allows('challenge.enroll')
  @Mutation(() => ChallengeEnrollPayload, {
    description: 'Takes part, counted from the challenge\'s beginning. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, '
      + 'OUT_OF_RANGE, INVALID.',
  })
  challengeEnroll(@Arg('input', () => ChallengeEnrollInput,
    { description: 'Who takes part in what.' }) input: ChallengeEnrollInput,
    @Ctx() context: Context) {
    return changeEnrollment(context, input, 'JOIN')
  }

  @Allows('challenge.enroll')
  @Mutation(() => ChallengeEnrollPayload, {
    description: 'Opts out, of an invitation or of taking part. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, INVALID.',
  })
  challengeOptOut(@Arg('input', () => ChallengeEnrollInput, { description: 'Who leaves what.' }) input: ChallengeEnrollInput,
    @Ctx() context: Context) {
    return changeEnrollment(context, input, 'LEAVE')
  }

  @FieldResolver(() => ChallengeStatus, { description: 'How it stands at this moment.' })
  status(@Root() row: ChallengeRow, @Ctx() { actor }: Context) {
    return statusAt(row, actor.now.getTime())
  }

  @FieldResolver(() => Date,
    { description: 'When it is settled: 24 hours after its end; a judged one once it has its verdicts too.' })
  settlesAt(@Root() { endsAt }: ChallengeRow) {
    return settlesAt(endsAt)
  }

  @FieldResolver(() => String, { description: 'IANA time zone in which its days begin and end.' })
  timeZone(@Ctx() { actor }: Context) {
    return zoneOf(actor)
  }

  @FieldResolver(() => ChallengeMeasure, { description: 'What is counted.' })
  measure(@Root() { measure }: ChallengeRow) {
    return measure
  }

  @sized(3)
  @FieldResolver(() => [ChallengeTier], { description: `What it pays, best first: at most ${LIMITS.challengeTiersMax}.` })
  tiers(@Root() { tiers }: ChallengeRow) {
    return tiers.map(({ when, title, rewards }) => ({ ...when, title: title ?? null, rewards }))
  }

  @sized(2)
  @FieldResolver(() => [ChallengeLink], { description: `Links for whoever takes part: at most ${LIMITS.challengeLinksMax}.` })
  links(@Root() { links }: ChallengeRow) {
    return links
  }

  @FieldResolver(() => Points, { description: 'The most points that a subject can get.' })
  rewardPoints(@Root() { tiers }: ChallengeRow) {
    const points = ({ rewards }: Tier) => rewards.reduce((sum, reward) => sum + (reward.kind === 'POINTS' ? reward.points : 0), 0)
    return Math.max(0, ...tiers.map(points))
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whom a personal challenge is for; null of others.' })
  user(@Root() { kind, onlySubject }: ChallengeRow, @Ctx() context: Context) {
    return kind === 'PERSONAL' && onlySubject ? context.load(usersById, onlySubject) : null
  }

  @FieldResolver(() => ChallengeStandingConnection, { description: 'Who takes part and where each stands, in order.' })
  async standings(@Root() { id, subject }: ChallengeRow, @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('atLeast', () => Mark, { nullable: true, description: 'Wait (at most 2 s) until this commit is counted.' })
    atLeast: string | null) {
    if (atLeast) await (await liveOf(context, wireId('Challenge', id))).holds(parseMark(atLeast)!)
    const page = await listStandings(context.actor, id, first, after)
    const dress = <T extends object>(row: T) => ({ ...row, subject })
    return { ...page, nodes: page.nodes.map(dress), edges: page.edges.map(({ node, cursor }) => ({ cursor, node: dress(node) })) }
  }

  @FieldResolver(() => ChallengeStanding, {
    nullable: true, description: 'Where oneself, or one\'s team, department or company stands; null for who takes no part.',
  })
  async viewerStanding(@Root() { id, subject }: ChallengeRow, @Ctx() context: Context) {
    const row = await context.load(viewerPlaces, id)
    return row?.isPlaced ? { ...row, subject } : null
  }

  @FieldResolver(() => ChallengeEnrollment, {
    nullable: true, description: 'How oneself, or one\'s team, department or company stands to it; null for who was never asked.',
  })
  async viewerEnrollment(@Root() { id, subject }: ChallengeRow, @Ctx() context: Context) {
    const row = await context.load(viewerPlaces, id)
    return row && { ...row, subject }
  }

  @FieldResolver(() => ChallengeEnrollmentConnection, { description: 'Who is invited, takes part, or has opted out.' })
  async enrollments(@Root() { id, subject }: ChallengeRow, @Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('state', () => ChallengeEnrollmentState, { nullable: true, description: 'Only in this state.' }) state: string | null) {
    const page = await listEnrollments(actor, id, first, after, state)
    const dress = (row: EnrollmentRow) => ({ ...row, subject })
    return { ...page, nodes: page.nodes.map(dress), edges: page.edges.map(({ node, cursor }) => ({ cursor, node: dress(node) })) }
  }

  @Allows('challenge.read')
  @sized(1)
  @Query(() => [ChallengeMessage], {
    description: 'The stream by polling: the messages after a cursor, waiting up to `waitMs` (at most 25,000) for the first.',
  })
  async challengeMessages(@Ctx() context: Context, @Arg('id', () => ID, { description: 'The challenge.' }) id: string,
    @Arg('after', () => Cursor, { nullable: true, description: 'Cursor of the last message; a snapshot comes first without it.' })
    after: string | null,
    @Arg('waitMs', () => Int, { defaultValue: 0, description: 'How long to wait for news, in ms.' }) waitMs: number) {
    if (waitMs < 0 || waitMs > LIMITS.pollWaitMaxMs) {
      throw fault('BAD_REQUEST', `waitMs must be between 0 and ${LIMITS.pollWaitMaxMs}.`, { argument: 'waitMs' })
    }
    return poll(await openChallenge(context, { id, after }), waitMs, context.actor.signal)
  }

  @Allows('challenge.read')
  @Subscription(() => ChallengeMessage, {
    name: 'challenge', subscribe: ({ args, context }) => openChallenge(context as Context, args as never) as never,
    description: 'A challenge, live: a snapshot of its standings, then deltas. '
      + 'A snapshot replaces; a delta applies if its `after` is my cursor; otherwise subscribe again.',
  })
  challengeChanged(@Root() message: object, @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'The challenge.' }) _id: string,
    @Arg('after', () => Cursor, { nullable: true, description: 'Resume after this cursor.' }) _after: string | null,
    @Arg('atLeast', () => Mark, { nullable: true, description: 'Begin with a snapshot that holds this commit.' })
    _atLeast: string | null): object {
    context.renew()
    return message
  }
}
