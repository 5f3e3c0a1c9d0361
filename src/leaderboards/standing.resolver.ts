/** Fields of standings and rank changes: whose row it is, and where it stood when the previous period closed. */
import { Arg, Ctx, FieldResolver, ID, Info, Int, Resolver, Root } from 'type-graphql'
import type { GraphQLResolveInfo } from 'graphql'
import { Context, type Fetch } from '../platform/graphql.ts'
import { wantsOnlyId } from '../plans/asked.ts'
import { requireId, wireId } from '../platform/ids.ts'
import { neighborKey } from '../platform/time.ts'
import { Tenant } from '../tenants/tenant.entity.ts'
import { tenantsById } from '../tenants/tenant.service.ts'
import { Department, Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { departmentsById, registerBeside, teamsById, usersById } from '../users/user.queries.ts'
import type { BoardProjection } from './board.projection.ts'
import { Standing } from './leaderboard.entity.ts'
import { boardsById, closeRanks, mayOpen, seesSome } from './leaderboard.queries.ts'
import { LeaderboardDelta, RankChange } from './leaderboard.shapes.ts'
import type { DeltaMessage } from './leaderboard.stream.ts'
import { standingOf } from './standing.queries.ts'

const SUBJECT_KIND = { USER: 'User', TEAM: 'Team', DEPARTMENT: 'Department', TENANT: 'Tenant' } as const

interface SubjectRow {
  subjectId: string; board: BoardProjection; isArchived?: boolean; personId?: string; isOwn?: boolean; isListed?: boolean
}

/** Ranks at the close of the period before the board's current one, by `board|period|subject`. */
const closeRankByKey: Fetch<{ rank: number }> = async ({ actor }, keys) => {
  const wanted = Map.groupBy(keys, key => key.slice(0, 47)) // board id (36), period start (10)
  const found = new Map<string, number>()
  for (const [prefix, own] of wanted) {
    const ranks = await closeRanks(actor, prefix.slice(0, 36), prefix.slice(37, 47), own.map(key => key.slice(48)))
    for (const [subjectId, rank] of ranks) found.set(`${prefix}|${subjectId}`, rank)
  }
  return keys.map(key => {
    const rank = found.get(key)
    return rank === undefined ? null : { rank }
  })
}

function subjectOf(
  kind: 'USER' | 'TEAM' | 'DEPARTMENT', { subjectId: shownId, personId, isOwn, board }: SubjectRow, context: Context,
  info: GraphQLResolveInfo, fetch: Fetch<object>,
) {
  if (board.row.subject !== kind || (personId !== undefined && !isOwn)) return null
  const subjectId = personId ?? shownId
  return wantsOnlyId(info) ? { id: subjectId } : context.load(fetch, subjectId)
}

async function closeRankOf({ subjectId, personId, board, isArchived }: SubjectRow, context: Context) {
  const { id, period } = board.row
  if (period === 'ALL_TIME' || isArchived) return null
  const key = `${id}|${neighborKey(period, board.key, -1)}|${personId ?? subjectId}`
  return (await context.load(closeRankByKey, key))?.rank ?? null
}

/** The fields that standings and rank changes have in common. */
function subjectFields(type: () => new () => object) {
  @Resolver(type)
  abstract class SubjectResolver {
    @FieldResolver(() => ID)
    subjectId(@Root() row: SubjectRow) {
      return wireId(SUBJECT_KIND[row.board.row.subject], row.subjectId)
    }

    @FieldResolver(() => User, { nullable: true, description: 'The user, on a board of users.' })
    user(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return subjectOf('USER', row, context, info, usersById)
    }

    @FieldResolver(() => Team, { nullable: true, description: 'The team, on a board of teams.' })
    team(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return subjectOf('TEAM', row, context, info, teamsById)
    }

    @FieldResolver(() => Department, { nullable: true, description: 'The department, on a board of departments.' })
    department(@Root() row: SubjectRow, @Ctx() context: Context, @Info() info: GraphQLResolveInfo): unknown {
      return subjectOf('DEPARTMENT', row, context, info, departmentsById)
    }

    @FieldResolver(() => Tenant, { nullable: true, description: 'The tenant that the row belongs to.' })
    tenant(@Root() _row: SubjectRow, @Ctx() context: Context): unknown {
      return context.load(tenantsById, context.actor.tenantId)
    }

    @FieldResolver(() => Int, { nullable: true })
    closeRank(@Root() row: SubjectRow, @Ctx() context: Context) {
      return closeRankOf(row, context)
    }
  }
  return SubjectResolver
}

@Resolver(() => Standing)
export class StandingResolver extends subjectFields(() => Standing) {
  @FieldResolver(() => Boolean, {
    description: 'Whether others see the row; one\'s own is answered also while they do not, behind those listed ahead.',
  })
  isListed(@Root() { isListed }: SubjectRow) {
    return isListed ?? true
  }
}

@Resolver(() => RankChange)
export class RankChangeResolver extends subjectFields(() => RankChange) {}

registerBeside({ name: 'standing', fields: ['standing'] }) // Its index knows people by their ids.

@Resolver(() => User)
export class UserStandingResolver {
  @FieldResolver(() => Standing, {
    nullable: true,
    description: 'The user\'s row on a board of users; null while they are not ranked there, and when there is no such board.',
  })
  standing(@Root() user: { id: string }, @Ctx() context: Context,
    @Arg('leaderboardId', () => ID, { description: 'The board.' }) leaderboardId: string) {
    const { actor, boards } = context
    const { tenantId, userId } = actor
    const id = requireId('Leaderboard', leaderboardId, 'leaderboardId')
    const standingOn = (board: BoardProjection | null) => board?.row.subject === 'USER' && mayOpen(actor, board.row)
      ? standingOf(board, user.id, userId) : null
    // A list asks for each of its people: what need not wait does not.
    const opened = seesSome(context.actor) ? null : boards.opened(tenantId, id)
    if (opened) return standingOn(opened)
    const isThere = seesSome(context.actor) ? context.load(boardsById, id).then(Boolean) : Promise.resolve(true)
    return isThere.then(isSeen => isSeen ? boards.of(tenantId, id).then(standingOn) : null)
  }
}

@Resolver(() => LeaderboardDelta)
export class DeltaResolver {
  @FieldResolver(() => [ID])
  left(@Root() { left, board }: DeltaMessage) {
    return left.map(subjectId => wireId(SUBJECT_KIND[board.row.subject], subjectId))
  }
}
