/** GraphQL door of people and teams. */
import type { GraphQLResolveInfo } from 'graphql'
import {
  Arg, Ctx, Field, FieldResolver, ID, Info, InputType, Int, Mutation, ObjectType, Query, Resolver, Root,
} from 'type-graphql'
import { answer, connectionOf, Context, Cursor, Node, Payload } from '../platform/graphql.ts'
import { optionalId, requireId } from '../platform/ids.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { fieldsAsked } from '../plans/asked.ts'
import { Allows, nodeFor } from '../platform/policy.ts'
import { telling } from '../wire/auth.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { Department, Team } from './team.entity.ts'
import { User, UserKind, UserRole } from './user.entity.ts'
import { Viewer } from './viewer.entity.ts'
import {
  departmentsById, listDepartments, listTeams, listUsers, teamBeside, teamsById, usersById, type DepartmentRow, type TeamRow,
  type UserRow,
} from './user.queries.ts'
import { createTeam, createUser, deactivateUser, moveUser } from './user.service.ts'

const UserConnection = connectionOf('User', () => User)
const TeamConnection = connectionOf('Team', () => Team)
const DepartmentConnection = connectionOf('Department', () => Department)

@InputType({ description: 'A new person.' })
class UserCreateInput {
  @Field(() => String, { description: 'Name as shown on boards, 1–200 characters.' }) name!: string
  @Field(() => String, { description: 'E-mail address, unique in the tenant.' }) email!: string
  @Field(() => UserRole, { defaultValue: UserRole.MEMBER, description: 'What the person may do.' }) role!: UserRole
  @Field(() => UserKind, {
    nullable: true, description: 'Staff, partner or client; when absent PARTNER for the role PARTNER, else EMPLOYEE.',
  }) kind?: UserKind | null
  @Field(() => ID, { nullable: true, description: 'The manager.' }) managerId?: string | null
  @Field(() => ID, { nullable: true, description: 'The primary team.' }) teamId?: string | null
}
@ObjectType({ description: 'The new person.' })
class UserCreatePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The person; null when refused.' }) user?: unknown
}
@InputType({ description: 'A new primary team for a person.' })
class UserMoveInput {
  @Field(() => ID, { description: 'The person.' }) userId!: string
  @Field(() => ID, { description: 'The primary team from now on.' }) teamId!: string
}
@ObjectType({ description: 'The moved person.' })
class UserMovePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The person; null when refused.' }) user?: unknown
}
@InputType({ description: 'A person who leaves.' })
class UserDeactivateInput {
  @Field(() => ID, { description: 'The person.' }) userId!: string
}
@ObjectType({ description: 'The person who left.' })
class UserDeactivatePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The person; null when refused.' }) user?: unknown
}
@InputType({ description: 'A new team.' })
class TeamCreateInput {
  @Field(() => String, { description: 'Name, unique in the tenant, 1–200 characters.' }) name!: string
  @Field(() => ID, { nullable: true, description: 'The department.' }) departmentId?: string | null
  @Field(() => ID, { nullable: true, description: 'Who leads it.' }) leadId?: string | null
}
@ObjectType({ description: 'The new team.' })
class TeamCreatePayload extends Payload {
  @Field(() => Team, { nullable: true, description: 'The team; null when refused.' }) team?: unknown
}

@Resolver(() => User)
export class UserResolver {
  @Allows('viewer.read')
  @Query(() => Viewer, { description: 'Who is asking: person, tenant and role of the token.' })
  async viewer(@Ctx() context: Context) {
    const { actor } = context
    const [user, tenant] = await Promise.all([actor.userId ? context.load(usersById, actor.userId) : null, ownTenant(actor)])
    return { user, tenant, role: actor.role }
  }

  @Allows('node.read')
  @Query(() => Node, { nullable: true, description: 'The thing with this id, or null when it does not exist.' })
  node(@Arg('id', () => ID, { description: 'As the API returned it.' }) id: string, @Ctx() context: Context) {
    return nodeFor(context, id)
  }

  @Allows('node.read')
  @Query(() => [Node], {
    nullable: 'items',
    description: `The things with these ids (at most ${LIMITS.nodesMax}), null where one does not exist.`,
  })
  nodes(@Arg('ids', () => [ID], { description: 'As the API returned them.' }) ids: string[], @Ctx() context: Context) {
    if (ids.length > LIMITS.nodesMax) {
      throw fault('BAD_REQUEST', `ids may hold at most ${LIMITS.nodesMax} ids.`, { argument: 'ids' })
    }
    return Promise.all(ids.map(id => nodeFor(context, id)))
  }

  @Allows('user.read')
  @Query(() => UserConnection, { description: 'The tenant\'s people by name.' })
  users(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() context: Context, @Info() at: GraphQLResolveInfo) {
    return listUsers(context, first, after, fieldsAsked(at, 'nodes', 'edges.node'))
  }

  @Allows('team.read')
  @Query(() => TeamConnection, { description: 'The tenant\'s teams by name.' })
  teams(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listTeams(actor, first, after)
  }

  @Allows('team.read')
  @Query(() => DepartmentConnection, { description: 'The tenant\'s departments by name.' })
  departments(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listDepartments(actor, first, after)
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The primary team now; null without one.' })
  team(@Root() user: UserRow, @Ctx() context: Context) {
    const beside = teamBeside(user)
    if (beside !== undefined) return beside
    return user.teamId ? context.load(teamsById, user.teamId) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'The manager; null without one.' })
  manager(@Root() user: UserRow, @Ctx() context: Context) {
    return user.managerId ? context.load(usersById, user.managerId) : null
  }

  @Allows('user.write')
  @Mutation(() => UserCreatePayload, { description: 'Adds a person. ADMIN only. Codes: INVALID, TAKEN, NOT_FOUND.' })
  userCreate(@Arg('input', () => UserCreateInput, { description: 'The person.' }) input: UserCreateInput,
    @Ctx() { actor }: Context) {
    const teamId = optionalId('Team', input.teamId, 'teamId')
    return answer(new UserCreatePayload(),
      () => createUser(actor, { ...input, managerId: optionalId('User', input.managerId, 'managerId'), teamId })
      .then(({ user, mark }) => ({ user: { ...user, teamId }, mark })))
  }

  @Allows('user.write')
  @Mutation(() => UserMovePayload, {
    description: 'Gives a person another primary team from now on. ADMIN only. Codes: NOT_FOUND.',
  })
  userMove(@Arg('input', () => UserMoveInput, { description: 'Who, and where to.' }) input: UserMoveInput,
    @Ctx() { actor }: Context) {
    const teamId = requireId('Team', input.teamId, 'teamId')
    return answer(new UserMovePayload(), () => moveUser(actor, { userId: requireId('User', input.userId, 'userId'), teamId })
      .then(({ user, mark }) => ({ user: { ...user, teamId }, mark })))
  }

  @Allows('user.write')
  @Mutation(() => UserDeactivatePayload, {
    description: 'Ends a person\'s time here: points and places stay, open streams end within a minute. ADMIN only. ' +
      'Codes: NOT_FOUND, INVALID.',
  })
  userDeactivate(@Arg('input', () => UserDeactivateInput, { description: 'Who.' }) input: UserDeactivateInput,
    @Ctx() context: Context) {
    const userId = requireId('User', input.userId, 'userId')
    return answer(new UserDeactivatePayload(), async () => telling(context, deactivateUser(context.actor, userId)))
  }

  @Allows('team.write')
  @Mutation(() => TeamCreatePayload, { description: 'Adds a team. ADMIN only. Codes: INVALID, TAKEN, NOT_FOUND.' })
  teamCreate(@Arg('input', () => TeamCreateInput, { description: 'The team.' }) input: TeamCreateInput,
    @Ctx() { actor }: Context) {
    return answer(new TeamCreatePayload(), () => createTeam(actor, {
      name: input.name,
      departmentId: optionalId('Department', input.departmentId, 'departmentId'),
      leadId: optionalId('User', input.leadId, 'leadId'),
    }))
  }
}

@Resolver(() => Team)
export class TeamResolver {
  @FieldResolver(() => User, { nullable: true, description: 'Who leads the team.' })
  lead(@Root() team: TeamRow, @Ctx() context: Context) {
    return team.leadId ? context.load(usersById, team.leadId) : null
  }

  @FieldResolver(() => Department, { nullable: true, description: 'The department the team belongs to.' })
  department(@Root() team: TeamRow, @Ctx() context: Context) {
    return team.departmentId ? context.load(departmentsById, team.departmentId) : null
  }
}

@Resolver(() => Department)
export class DepartmentResolver {
  @FieldResolver(() => User, { nullable: true, description: 'Who heads the department.' })
  head(@Root() department: DepartmentRow, @Ctx() context: Context) {
    return department.headId ? context.load(usersById, department.headId) : null
  }
}
