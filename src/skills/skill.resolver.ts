/** GraphQL door of skills: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { measureShown } from '../badges/badge.queries.ts'
import { answer, connectionOf, Context, Cursor, sized } from '../platform/graphql.ts'
import { uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { NOBODY } from '../platform/tenancy.ts'
import { User } from '../users/user.entity.ts'
import { usersById } from '../users/user.queries.ts'
import { attestClaim, claimSkill, rejectClaim } from './claim.service.ts'
import { revisePath } from './path.service.ts'
import { SkillClaim, SkillMilestone, SkillPath, SkillProgress } from './skill.entity.ts'
import { type ClaimRow, claimsById, claimsByUser, listPaths, listWaiting, pathsById, skillsOf } from './skill.queries.ts'
import type { Milestone, PathRow } from './skill.rules.ts'
import {
  SkillAttestInput, SkillClaimInput, SkillClaimPayload, SkillPathReviseInput, SkillPathRevisePayload, SkillRejectInput,
} from './skill.shapes.ts'

const SkillClaimConnection = connectionOf('SkillClaim', () => SkillClaim)

function claimAnswer(context: Context, work: () => Promise<{ claimId: string; mark: number | null }>) {
  return answer(new SkillClaimPayload(), async () => {
    const { claimId, mark } = await work()
    return { claim: await context.load(claimsById, claimId), mark } as Partial<SkillClaimPayload>
  })
}
const claimOf = (id: string) => uuidOf('SkillClaim', id) ?? NOBODY

@Resolver(() => SkillPath)
export class SkillPathResolver {
  @sized(10)
  @Allows('skill.read')
  @Query(() => [SkillPath], { description: `The paths that can be followed, by key: at most ${LIMITS.skillPathsMax}.` })
  skillPaths(@Ctx() { actor }: Context) {
    return listPaths(actor)
  }

  @Allows('skill.write')
  @Mutation(() => SkillPathRevisePayload, {
    description: 'Changes a path\'s figures by a new version; what was completed stays. Codes: NOT_FOUND, OUT_OF_RANGE, INVALID.',
  })
  skillPathRevise(@Arg('input', () => SkillPathReviseInput, { description: 'The change.' }) input: SkillPathReviseInput,
    @Ctx() context: Context) {
    return answer(new SkillPathRevisePayload(), async () => {
      const { pathId, mark } = await revisePath(context.actor, input)
      return { path: await context.load(pathsById, pathId), mark } as Partial<SkillPathRevisePayload>
    })
  }

  @sized(4)
  @FieldResolver(() => [SkillMilestone], { description: 'Its milestones by level, at most 20.' })
  milestones(@Root() { milestones }: PathRow) {
    return milestones.map((milestone, at) => ({ level: at + 1, ...milestone }))
  }
}

@Resolver(() => SkillMilestone)
export class SkillMilestoneResolver {
  @FieldResolver()
  measure(@Root() { measure }: Milestone) {
    return measure ? measureShown({ measure }) : null
  }
}

@Resolver(() => SkillClaim)
export class SkillClaimResolver {
  @Allows('skill.claim')
  @Mutation(() => SkillClaimPayload, {
    description: 'Claims the milestone that comes next for you, with evidence, for somebody who leads you to attest. '
      + 'Codes: NOT_FOUND, OUT_OF_RANGE, INVALID, ALREADY_DECIDED, TAKEN, FORBIDDEN.',
  })
  skillClaim(@Arg('input', () => SkillClaimInput, { description: 'The milestone.' }) input: SkillClaimInput,
    @Ctx() context: Context) {
    return claimAnswer(context, () => claimSkill(context.actor, input))
  }

  @Allows('skill.attest')
  @Mutation(() => SkillClaimPayload, {
    description: 'Attests what somebody whom you lead claims, never yourself: the milestone is completed and pays its points. '
      + 'Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, OUT_OF_RANGE, INVALID.',
  })
  skillAttest(@Arg('input', () => SkillAttestInput, { description: 'The claim.' }) { claimId }: SkillAttestInput,
    @Ctx() context: Context) {
    return claimAnswer(context, () => attestClaim(context.actor, claimOf(claimId)))
  }

  @Allows('skill.attest')
  @Mutation(() => SkillClaimPayload, {
    description: 'Rejects what somebody whom you lead claims, with a reason; they may claim again. '
      + 'Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED, INVALID.',
  })
  skillReject(@Arg('input', () => SkillRejectInput, { description: 'The claim.' }) { claimId, reason }: SkillRejectInput,
    @Ctx() context: Context) {
    return claimAnswer(context, () => rejectClaim(context.actor, claimOf(claimId), reason))
  }

  @Allows('skill.attest')
  @Query(() => SkillClaimConnection, {
    description: 'Claims that wait for you: of people whom you lead, the longest waiting first.',
  })
  skillClaimsPending(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context,
  ) {
    return listWaiting(actor, first, after)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whose claim it is; null when you may not see them.' })
  user(@Root() { userId }: ClaimRow, @Ctx() context: Context) {
    return context.load(usersById, userId)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who decided; null while pending.' })
  decidedBy(@Root() { decidedById }: ClaimRow, @Ctx() context: Context) {
    return decidedById && context.load(usersById, decidedById)
  }
}

@Resolver(() => User)
export class UserSkillsResolver {
  @sized(5)
  @FieldResolver(() => [SkillProgress], {
    description: `How far they are in each path, at most ${LIMITS.skillPathsMax} (METRIC-05).`,
  })
  skills(@Root() { id }: { id: string }, @Ctx() { actor }: Context) {
    return skillsOf(actor, id)
  }

  @sized(10)
  @FieldResolver(() => [SkillClaim], {
    description: `What they claim, the newest first, at most ${LIMITS.skillClaimsShownMax}; empty unless it is you, your team or `
      + 'your right to see all.',
  })
  skillClaims(@Root() { id }: { id: string }, @Ctx() context: Context) {
    return context.load(claimsByUser, id)
  }
}
