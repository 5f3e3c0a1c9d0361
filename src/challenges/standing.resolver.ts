/** Fields of standings and enrollments (whose they are), of measures, tiers and messages. */
import { Ctx, FieldResolver, ID, Info, Resolver, Root } from 'type-graphql'
import type { GraphQLResolveInfo } from 'graphql'
import { Context, type Fetch, sized } from '../platform/graphql.ts'
import { wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { wantsOnlyId } from '../plans/asked.ts'
import { Tenant } from '../tenants/tenant.entity.ts'
import { tenantsById } from '../tenants/tenant.service.ts'
import { Department, Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { departmentsById, teamsById, usersById } from '../users/user.queries.ts'
import {
  Challenge, ChallengeEnrollment, ChallengeMeasure, ChallengeMeasurePart, ChallengeReward, ChallengeStanding, ChallengeTier,
} from './challenge.entity.ts'
import { challengesById } from './challenge.queries.ts'
import type { Measure, Subject, Tier } from './challenge.rules.ts'
import { SUBJECT_KIND } from './challenge.service.ts'
import { ChallengeDelta, ChallengeSnapshot } from './challenge.shapes.ts'
import type { ChallengeDeltaMessage, ChallengeSnapshotMessage, ShownRow } from './challenge.stream.ts'

interface SubjectRow { challengeId: string; subjectId: string; subject?: Subject }

/** Returns what kind of subjects a row's challenge has; messages do not carry it. */
async function kindOf({ subject, challengeId }: SubjectRow, context: Context): Promise<Subject> {
  return subject ?? (await context.load(challengesById, challengeId))?.subject ?? 'USER'
}

async function shownAs(wanted: Subject, row: SubjectRow, context: Context, info: GraphQLResolveInfo, fetch: Fetch<object>) {
  if (await kindOf(row, context) !== wanted) return null
  return wantsOnlyId(info) ? { id: row.subjectId } : context.load(fetch, row.subjectId)
}

/** Whose a row is. */
function subjectFields(type: () => new () => object) {
  @Resolver(type)
  abstract class SubjectResolver {
    @FieldResolver(() => User, { nullable: true, description: 'The user, of a challenge of people.' })
    user(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return shownAs('USER', row, context, info, usersById)
    }

    @FieldResolver(() => Team, { nullable: true, description: 'The team, of a challenge of teams.' })
    team(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return shownAs('TEAM', row, context, info, teamsById)
    }

    @FieldResolver(() => Department, { nullable: true, description: 'The department, of a challenge of departments.' })
    department(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return shownAs('DEPARTMENT', row, context, info, departmentsById)
    }

    @FieldResolver(() => Tenant, { nullable: true, description: 'The company, of a challenge of its own.' })
    tenant(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return shownAs('TENANT', row, context, info, tenantsById)
    }
  }
  return SubjectResolver
}

@Resolver(() => ChallengeStanding)
export class ChallengeStandingResolver extends subjectFields(() => ChallengeStanding) {
  @FieldResolver(() => ID)
  async subjectId(@Root() row: ShownRow & SubjectRow, @Ctx() context: Context) {
    return wireId(SUBJECT_KIND[await kindOf(row, context)], row.subjectId)
  }
}

@Resolver(() => ChallengeEnrollment)
export class ChallengeEnrollmentResolver extends subjectFields(() => ChallengeEnrollment) {
  @FieldResolver(() => User, { nullable: true, description: 'Who asked them; null when nobody did.' })
  invitedBy(@Root() { invitedBy }: { invitedBy: string | null }, @Ctx() context: Context) {
    return invitedBy ? context.load(usersById, invitedBy) : null
  }
}

@Resolver(() => ChallengeSnapshot)
export class ChallengeSnapshotResolver {
  @FieldResolver(() => Challenge, { nullable: true, description: 'The challenge as it is now.' })
  challenge(@Root() { challengeId }: ChallengeSnapshotMessage, @Ctx() context: Context) {
    return context.load(challengesById, challengeId)
  }
}

@Resolver(() => ChallengeDelta)
export class ChallengeDeltaResolver {
  @FieldResolver(() => Challenge, { nullable: true, description: 'The challenge as it is now.' })
  challenge(@Root() { challengeId }: ChallengeDeltaMessage, @Ctx() context: Context) {
    return context.load(challengesById, challengeId)
  }

  @FieldResolver(() => [ID])
  async left(@Root() { challengeId, left }: ChallengeDeltaMessage, @Ctx() context: Context) {
    if (!left.length) return []
    const kind = SUBJECT_KIND[await kindOf({ challengeId, subjectId: '' }, context)]
    return left.map(id => wireId(kind, id))
  }
}

const UNIT = { ACTIVITIES: 'activities', POINTS: 'points', DEALS: 'deals', COMBINED: '%', JUDGED: '' } as const

@Resolver(() => ChallengeMeasure)
export class ChallengeMeasureResolver {
  @sized(2)
  @FieldResolver(() => [ChallengeMeasurePart], {
    nullable: true, description: `The parts of a combined measure, of equal weight: at most ${LIMITS.challengePartsMax}.`,
  })
  of(@Root() measure: Measure) {
    return measure.kind === 'COMBINED' ? measure.of : null
  }

  @FieldResolver(() => String, { nullable: true, description: 'The unit of values for people; null for that of the metric.' })
  async unit(@Root() { kind }: Measure, @Ctx() context: Context) {
    if (kind === 'METRIC') return null
    if (kind !== 'REVENUE') return UNIT[kind]
    return (await context.load(tenantsById, context.actor.tenantId))?.currency ?? null
  }
}

@Resolver(() => ChallengeTier)
export class ChallengeTierResolver {
  @sized(2)
  @FieldResolver(() => [ChallengeReward], { description: `What is given: at most ${LIMITS.challengeRewardsMax}.` })
  rewards(@Root() { rewards }: Tier) {
    return rewards
  }
}
