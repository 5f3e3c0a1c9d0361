/** GraphQL door of settlements and grants: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { Challenge, ChallengeReward } from '../challenges/challenge.entity.ts'
import { type ChallengeRow, challengesById } from '../challenges/challenge.queries.ts'
import { SUBJECT_KIND } from '../challenges/challenge.service.ts'
import type { Subject } from '../challenges/challenge.rules.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { answer, Context, Cursor, Points } from '../platform/graphql.ts'
import { requireId, uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { Department, Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { departmentsById, teamsById, usersById } from '../users/user.queries.ts'
import {
  ChallengeCorrection, ChallengeGrant, ChallengeGrantState, ChallengeResult, ChallengeSettlement,
} from './prize.entity.ts'
import {
  ChallengeCorrectionConnection, ChallengeGrantConnection, ChallengeGrantInput, ChallengeGrantPayload, ChallengeJudgeInput,
  ChallengeJudgePayload, ChallengeResultConnection,
} from './prize.shapes.ts'
import { type GrantStep, judgeChallenge, moveGrant } from './grant.service.ts'
import { type GrantRow, grantsById, listCorrections, listGrants, listResults, ownPoints,
  settlementsById } from './settlement.queries.ts'

function move(context: Context, { grantId, note }: ChallengeGrantInput, step: GrantStep) {
  const id = requireId('ChallengeGrant', grantId, 'grantId')
  return answer(new ChallengeGrantPayload(), async () => {
    const { mark } = await moveGrant(context.actor, { grantId: id, step, note: note ?? null })
    return { grant: await context.load(grantsById, id), mark } as Partial<ChallengeGrantPayload>
  })
}

/** Returns the page with what its rows need to know of their challenge. */
function dressed<Row extends object>(
  page: { nodes: Row[]; edges: { node: Row; cursor: string }[]; pageInfo: object }, subject: Subject,
) {
  const dress = (row: Row) => ({ ...row, subject })
  return { ...page, nodes: page.nodes.map(dress), edges: page.edges.map(({ node, cursor }) => ({ cursor, node: dress(node) })) }
}

@Resolver(() => Challenge)
export class ChallengeEndResolver {
  @Allows('challenge.write')
  @Mutation(() => ChallengeJudgePayload, {
    description: 'Enters the verdicts of a judged challenge. ADMIN only. Codes: NOT_FOUND, INVALID, ALREADY_DECIDED.',
  })
  challengeJudge(@Arg('input', () => ChallengeJudgeInput, { description: 'The verdicts.' }) input: ChallengeJudgeInput,
    @Ctx() context: Context) {
    const challengeId = requireId('Challenge', input.challengeId, 'challengeId')
    return answer(new ChallengeJudgePayload(), async () => {
      const challenge = await context.load(challengesById, challengeId)
      const verdicts = input.verdicts.map(({ subjectId, verdict }, at) => {
        const id = challenge && uuidOf(SUBJECT_KIND[challenge.subject], subjectId)
        if (challenge && !id) {
          throw new Refusal(ErrorCode.NOT_FOUND, 'This one takes no part in the challenge.',
            ['verdicts', String(at), 'subjectId'])
        }
        return { subjectId: id ?? '', verdict }
      })
      const { mark } = await judgeChallenge(context.actor, { challengeId, verdicts })
      return { challenge: await context.load(challengesById, challengeId), mark } as Partial<ChallengeJudgePayload>
    })
  }

  @FieldResolver(() => ChallengeSettlement, { nullable: true, description: 'How it ended; null before.' })
  async settlement(@Root() { id, subject }: ChallengeRow, @Ctx() context: Context) {
    const row = await context.load(settlementsById, id)
    return row && { ...row, subject }
  }

  @FieldResolver(() => ChallengeCorrectionConnection, {
    description: `What facts would have changed that came or were taken back within ${LIMITS.challengeCorrectionDays} days of
      the `
      + 'settlement, the newest first.',
  })
  async corrections(@Root() { id, subject }: ChallengeRow, @Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    return dressed(await listCorrections(actor, id, first, after), subject)
  }
}

@Resolver(() => ChallengeSettlement)
export class ChallengeSettlementResolver {
  @FieldResolver(() => ChallengeResultConnection, { description: 'Where each stood, in order.' })
  async results(@Root() { id, subject }: { id: string; subject: Subject }, @Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    return dressed(await listResults(actor, id, first, after), subject)
  }
}

/** Whose a row is; null for the company itself. */
function subjectFields(type: () => new () => object) {
  @Resolver(type)
  abstract class SubjectResolver {
    @FieldResolver(() => User, { nullable: true, description: 'The user, of a challenge of people.' })
    user(@Root() { subject, subjectId }: { subject: Subject; subjectId: string }, @Ctx() context: Context): unknown {
      return subject === 'USER' ? context.load(usersById, subjectId) : null
    }

    @FieldResolver(() => Team, { nullable: true, description: 'The team, of a challenge of teams.' })
    team(@Root() { subject, subjectId }: { subject: Subject; subjectId: string }, @Ctx() context: Context): unknown {
      return subject === 'TEAM' ? context.load(teamsById, subjectId) : null
    }

    @FieldResolver(() => Department, { nullable: true, description: 'The department, of a challenge of departments.' })
    department(@Root() { subject, subjectId }: { subject: Subject; subjectId: string }, @Ctx() context: Context): unknown {
      return subject === 'DEPARTMENT' ? context.load(departmentsById, subjectId) : null
    }
  }
  return SubjectResolver
}

@Resolver(() => ChallengeResult)
export class ChallengeResultResolver extends subjectFields(() => ChallengeResult) {}

@Resolver(() => ChallengeCorrection)
export class ChallengeCorrectionResolver extends subjectFields(() => ChallengeCorrection) {}

@Resolver(() => ChallengeGrant)
export class ChallengeGrantResolver {
  @Allows('challengeGrant.read')
  @Query(() => ChallengeGrantConnection, {
    description: 'What challenges gave, the newest first: to oneself and one\'s team, or to all for who decides.',
  })
  challengeGrants(@Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('state', () => ChallengeGrantState, { nullable: true, description: 'Only in this state.' }) state: string | null) {
    return listGrants(actor, first, after, state)
  }

  @Allows('challengeGrant.decide')
  @Mutation(() => ChallengeGrantPayload,
    { description: 'Approves a reward. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, INVALID.' })
  challengeGrantApprove(@Arg('input', () => ChallengeGrantInput, { description: 'The grant.' }) input: ChallengeGrantInput,
    @Ctx() context: Context) {
    return move(context, input, 'APPROVED')
  }

  @Allows('challengeGrant.decide')
  @Mutation(() => ChallengeGrantPayload,
    { description: 'Rejects a reward. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, INVALID.' })
  challengeGrantReject(@Arg('input', () => ChallengeGrantInput, { description: 'The grant.' }) input: ChallengeGrantInput,
    @Ctx() context: Context) {
    return move(context, input, 'REJECTED')
  }

  @Allows('challengeGrant.decide')
  @Mutation(() => ChallengeGrantPayload, {
    description: 'Says that an approved reward was given. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, INVALID.',
  })
  challengeGrantFulfill(@Arg('input', () => ChallengeGrantInput, { description: 'The grant.' }) input: ChallengeGrantInput,
    @Ctx() context: Context) {
    return move(context, input, 'FULFILLED')
  }

  @FieldResolver(() => ChallengeReward, { description: 'What is given.' })
  reward(@Root() { reward }: GrantRow) {
    return reward
  }

  @FieldResolver(() => Challenge, { nullable: true, description: 'The challenge it is of.' })
  challenge(@Root() { challengeId }: GrantRow, @Ctx() context: Context) {
    return context.load(challengesById, challengeId)
  }

  @FieldResolver(() => User,
    { nullable: true, description: 'Whom it is for; null where it is for a team, a department or the company.' })
  user(@Root() { userId }: GrantRow, @Ctx() context: Context) {
    return userId ? context.load(usersById, userId) : null
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The team it is for or comes through.' })
  team(@Root() { subject, subjectId }: GrantRow, @Ctx() context: Context) {
    return subject === 'TEAM' ? context.load(teamsById, subjectId) : null
  }

  @FieldResolver(() => Department, { nullable: true, description: 'The department it is for or comes through.' })
  department(@Root() { subject, subjectId }: GrantRow, @Ctx() context: Context) {
    return subject === 'DEPARTMENT' ? context.load(departmentsById, subjectId) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who approved or rejected it.' })
  decidedBy(@Root() { decidedBy }: GrantRow, @Ctx() context: Context) {
    return decidedBy ? context.load(usersById, decidedBy) : null
  }
}

@Resolver(() => Team)
export class TeamPrizesResolver {
  @FieldResolver(() => Points,
    { description: 'Points that challenges gave to the team itself, beside those of its people (A-08).' })
  async challengePoints(@Root() { id }: { id: string }, @Ctx() context: Context) {
    return (await context.load(ownPoints, id))?.points ?? 0
  }
}

@Resolver(() => Department)
export class DepartmentPrizesResolver {
  @FieldResolver(() => Points,
    { description: 'Points that challenges gave to the department itself, beside those of its people (A-08).' })
  async challengePoints(@Root() { id }: { id: string }, @Ctx() context: Context) {
    return (await context.load(ownPoints, id))?.points ?? 0
  }
}
