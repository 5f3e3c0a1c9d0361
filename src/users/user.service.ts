/** The only writer of people, teams and departments; the past keeps its team because memberships are dated. */
import type { SqlEntityManager } from '@mikro-orm/postgresql'
import { ErrorCode, Refusal, sqlState } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Actor, inTenant } from '../platform/tenancy.ts'
import { emit } from '../platform/outbox.ts'
import { Department, Team, TeamMembership } from './team.entity.ts'
import { User, UserKind, UserRole } from './user.entity.ts'
import { refusalForName, refusalForUser } from './user.rules.ts'

/** A new person as a command asks for it; ids are uuids. */
export interface UserInput {
  name: string; email: string; role: UserRole; kind?: UserKind | null; managerId?: string | null; teamId?: string | null
}

/**
 * Creates a user, with a primary team when one is named, and returns the user with the commit's mark; emits `user.created`.
 * @throws Refusal INVALID | TAKEN | NOT_FOUND
 */
export async function createUser(actor: Actor, input: UserInput) {
  const { tenantId, now } = actor
  const email = input.email.trim().toLowerCase()
  const name = input.name.trim()
  const kind = input.kind ?? (input.role === UserRole.PARTNER ? UserKind.PARTNER : UserKind.EMPLOYEE)
  const refusal = refusalForUser({ name, email, role: input.role, kind })
  if (refusal) throw refusal
  return unlessTaken('A user with this e-mail address exists already.', 'email', () => inTenant(actor, async tx => {
    if (input.managerId) await require(tx.em, User, input.managerId, 'managerId', 'user')
    const team = input.teamId ? await require(tx.em, Team, input.teamId, 'teamId', 'team') : null
    const user = tx.em.create(User, {
      id: newId(now), tenantId, name, email, role: input.role, kind,
      managerId: input.managerId ?? null, createdAt: now, deactivatedAt: null,
    })
    await tx.em.flush()
    // The row that writers of points lock.
    await tx.em.execute('insert into user_points (tenant_id, user_id) values (?, ?)', [tenantId, user.id])
    if (team) {
      tx.em.create(TeamMembership, {
        id: newId(now), tenantId, userId: user.id, teamId: team.id, isPrimary: true, startsAt: now, endsAt: null,
      })
    }
    const mark = await emit(tx, 'user.created', { userId: user.id })
    return { user, mark }
  }))
}

/**
 * Moves a user to another primary team from now on and returns the user with the commit's mark; emits `user.moved`.
 * Points recorded for earlier days stay with the earlier team.
 * @throws Refusal NOT_FOUND
 */
export function moveUser(actor: Actor, { userId, teamId }: { userId: string; teamId: string }) {
  const { tenantId, now } = actor
  return inTenant(actor, async tx => {
    const user = await require(tx.em, User, userId, 'userId', 'user')
    const team = await require(tx.em, Team, teamId, 'teamId', 'team')
    // Two moves at once take turns.
    await tx.em.execute('select 1 from user_points where tenant_id = ? and user_id = ? for update', [tenantId, userId])
    const current = await tx.em.findOne(TeamMembership, { tenantId, userId, isPrimary: true, endsAt: null })
    if (current?.teamId === team.id) return { user, mark: null }
    if (current && current.startsAt >= now) current.teamId = team.id // Moved twice in one instant: the last word counts.
    else if (current) current.endsAt = now
    await tx.em.flush()
    if (current?.teamId !== team.id) {
      tx.em.create(TeamMembership, {
        id: newId(now), tenantId, userId, teamId: team.id, isPrimary: true, startsAt: now, endsAt: null,
      })
    }
    const mark = await emit(tx, 'user.moved', { userId, teamId })
    return { user, mark }
  })
}

/**
 * Creates a team and returns it with the commit's mark; emits `team.created`.
 * @throws Refusal INVALID | TAKEN | NOT_FOUND
 */
export async function createTeam(actor: Actor, input: { name: string; departmentId?: string | null; leadId?: string | null }) {
  const { tenantId, now } = actor
  const name = input.name.trim()
  const refusal = refusalForName(name)
  if (refusal) throw refusal
  return unlessTaken('A team with this name exists already.', 'name', () => inTenant(actor, async tx => {
    if (input.departmentId) await require(tx.em, Department, input.departmentId, 'departmentId', 'department')
    if (input.leadId) await require(tx.em, User, input.leadId, 'leadId', 'user')
    const team = tx.em.create(
      Team, { id: newId(now), tenantId, name, departmentId: input.departmentId ?? null, leadId: input.leadId ?? null })
    const mark = await emit(tx, 'team.created', { teamId: team.id })
    return { team, mark }
  }))
}

/** Gives a team a lead; emits `team.led`. @throws Refusal NOT_FOUND */
export function leadTeam(actor: Actor, { teamId, leadId }: { teamId: string; leadId: string }) {
  return inTenant(actor, async tx => {
    const team = await require(tx.em, Team, teamId, 'teamId', 'team')
    team.leadId = (await require(tx.em, User, leadId, 'leadId', 'user')).id
    const mark = await emit(tx, 'team.led', { teamId, leadId })
    return { team, mark }
  })
}

/**
 * Ends a person's time in the tenant and returns them with the commit's mark (null when they had left already); emits
 * `user.deactivated`. Their points and places stay; nothing more is recorded for them, and their open streams end.
 * @throws Refusal NOT_FOUND | INVALID for oneself
 */
export function deactivateUser(actor: Actor, userId: string) {
  if (userId === actor.userId) {
    throw new Refusal(ErrorCode.INVALID, 'You cannot deactivate yourself: ask another admin.', ['userId'])
  }
  return inTenant(actor, async tx => {
    const user = await require(tx.em, User, userId, 'userId', 'user')
    if (user.deactivatedAt) return { user, mark: null }
    user.deactivatedAt = actor.now
    const mark = await emit(tx, 'user.deactivated', { userId })
    return { user, mark }
  })
}

/** Creates a department and returns its id. @throws Refusal INVALID | TAKEN */
export async function createDepartment(actor: Actor, name: string): Promise<string> {
  const { tenantId, now } = actor
  const refusal = refusalForName(name)
  if (refusal) throw refusal
  return unlessTaken('A department with this name exists already.', 'name', () => inTenant(actor, async tx => {
    const department = tx.em.create(Department, { id: newId(now), tenantId, name, headId: null })
    await tx.em.flush()
    return department.id
  }))
}

/** Returns what `work` returns. The unique index judges, since of two at once neither sees the other. */
function unlessTaken<T>(message: string, field: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw sqlState(error) === '23505' ? new Refusal(ErrorCode.TAKEN, message, [field]) : error
  })
}

async function require<T extends object>(
  em: SqlEntityManager, type: new () => T, id: string, field: string, word: string,
): Promise<T> {
  const row = await em.findOne(type, { id } as never) // Row security hides other tenants.
  if (!row) throw new Refusal(ErrorCode.NOT_FOUND, `There is no such ${word}.`, [field])
  return row as T
}
