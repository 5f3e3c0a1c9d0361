/** Reads of people and teams: one statement each, rows shaped like the types, batched by the request's loaders. */
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Action, decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce, type Role, type Statement } from '../platform/tenancy.ts'

/** A person's row as reads return it, with the primary team of this moment. */
export interface UserRow {
  [column: string]: unknown
  id: string; name: string; email: string; role: string; kind: string; managerId: string | null; deactivatedAt: Date | null
  teamId: string | null
}
/** A team's row as reads return it. */
export interface TeamRow {
  [column: string]: unknown; id: string; name: string; departmentId: string | null; leadId: string | null
}
/** A department's row as reads return it. */
export interface DepartmentRow { [column: string]: unknown; id: string; name: string; headId: string | null }

// The primary team of this moment comes with the person: boards, feeds and lists all show it. `is not false` keeps the exclusion
// constraint's GiST index out, which costs 20 µs a person where the btree costs 2.
const NAME_COLUMNS = 'u.id, u.name, m.team_id as "teamId"'
const USER_COLUMNS = `${NAME_COLUMNS}, u.email, u.role, u.kind, u.manager_id as "managerId", u.deactivated_at as "deactivatedAt"`
const USER_FROM = `from users u left join team_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id
    and m.is_primary is not false
    and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now())`
const USER = `select ${USER_COLUMNS} ${USER_FROM}`
const TEAM = 'select id, name, department_id as "departmentId", lead_id as "leadId" from team'
const DEPARTMENT = 'select id, name, head_id as "headId" from department'

// Outsiders never see employees.
const OUTSIDERS = `and u.kind <> 'EMPLOYEE'`

/** Users by id, with their primary team; for outsiders employees do not exist. */
export async function usersById({ actor }: Context, ids: readonly string[]) {
  const rows = await inTenantOnce<UserRow>(actor, {
    name: 'users_by_id', text: `${USER} where u.tenant_id = $1 and u.id = any($2::uuid[])`, values: [actor.tenantId, ids],
  })
  return inOrder(ids, actor.isOutsider ? rows.filter(({ kind }) => kind !== 'EMPLOYEE') : rows)
}

/** Teams by id. */
export async function teamsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<TeamRow>(actor, {
    name: 'teams_by_id', text: `${TEAM} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}

/** Departments by id. */
export async function departmentsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<DepartmentRow>(actor, {
    name: 'departments_by_id', text: `${DEPARTMENT} where tenant_id = $1 and id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  }))
}
registerNode('User', usersById, 'user.read')
registerNode('Team', teamsById, 'team.read')
registerNode('Department', departmentsById, 'team.read')

/**
 * What is read with each person of a list when a query asks for it, instead of by loaders afterwards: fields of User, and the
 * columns and joins that answer them besides id and name, where `u` is the person and `m` their primary team. `ahead` reads what
 * all of them share, meanwhile, and is put into each row.
 */
export interface Beside {
  name: string; fields: readonly string[]; columns?: string; joins?: string
  ahead?(context: Context): Promise<Record<string, unknown>>
}
const besides: Beside[] = [{ name: 'names', fields: ['id', 'name', '__typename'] }]

/** Has lists of people read this beside them. */
export function registerBeside(beside: Beside): void {
  besides.push(beside)
}

/** A person's row of a list for which their team was asked. */
interface WithTeam { teamName?: string | null; teamDepartmentId?: string | null; teamLeadId?: string | null }
registerBeside({
  name: 'team', fields: ['team'],
  columns: 't.name as "teamName", t.department_id as "teamDepartmentId", t.lead_id as "teamLeadId"',
  joins: 'left join team t on t.tenant_id = m.tenant_id and t.id = m.team_id',
})

/** Returns the team that was read beside a person; undefined when none was. */
export function teamBeside(user: UserRow & WithTeam): TeamRow | null | undefined {
  const { teamId: id, teamName: name, teamDepartmentId = null, teamLeadId = null } = user
  if (name === undefined) return undefined
  return id === null || name === null ? null : { id, name, departmentId: teamDepartmentId, leadId: teamLeadId }
}

/** Returns a page of the tenant's users by name, then id; `asked` are the fields that a query wants of each. */
export async function listUsers(context: Context, first: number, after: string | null, asked: ReadonlySet<string>) {
  const { actor } = context
  const wanted = besides.filter(({ fields }) => fields.some(field => asked.has(field)))
  const known = new Set(wanted.flatMap(({ fields }) => fields))
  const isLean = [...asked].every(field => known.has(field)) // A column that nobody reads costs as much as one that is read.
  const columns = [isLean ? NAME_COLUMNS : USER_COLUMNS, ...wanted.flatMap(beside => beside.columns ?? [])].join(', ')
  const joins = wanted.flatMap(beside => beside.joins ?? []).join(' ')
  const select = `select ${columns} ${USER_FROM} ${joins} where u.tenant_id = $1 ${actor.isOutsider ? OUTSIDERS : ''}`
  const parts = wanted.filter(beside => beside.columns).map(beside => beside.name)
  const name = ['users', ...isLean ? ['names'] : [], ...actor.isOutsider ? ['outsiders'] : [], ...parts].join('_')
  const [page, ...shared] = await Promise.all([
    listByName<UserRow>('users', actor, select, 'u.', first, after, name), ...wanted.map(({ ahead }) => ahead?.(context)),
  ])
  if (shared.some(Boolean)) for (const row of page.nodes) Object.assign(row, ...shared)
  return page
}
/** Returns a page of the tenant's teams by name, then id. */
export const listTeams = (actor: Actor, first: number, after?: string | null) =>
  listByName<TeamRow>('teams', actor, `${TEAM} where tenant_id = $1`, '', first, after)
/** Returns a page of the tenant's departments by name, then id. */
export const listDepartments = (actor: Actor, first: number, after?: string | null) =>
  listByName<DepartmentRow>('departments', actor, `${DEPARTMENT} where tenant_id = $1`, '', first, after)

async function listByName<Row extends { [column: string]: unknown; name: string; id: string }>(
  list: string, actor: Actor, select: string, alias: string, first: number, after?: string | null, statement?: string,
) {
  const size = pageSize(first)
  const [name, id] = after ? decodeCursor(list, after, ['string', 'uuid']) : [null, null]
  const place = after ? `and (${alias}name, ${alias}id) > ($3, $4::uuid)` : ''
  const rows = await inTenantOnce<Row>(actor, {
    ...statement ? { name: after ? `${statement}_after` : statement } : {},
    text: `${select} ${place} order by ${alias}name, ${alias}id limit $2`,
    values: after ? [actor.tenantId, size + 1, name, id] : [actor.tenantId, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.name, row.id]), after)
}

/** Returns the user of this id or e-mail address, or null. */
export async function findUser(
  actor: Pick<Actor, 'tenantId' | 'db'>, { id, email }: { id?: string; email?: string },
): Promise<UserRow | null> {
  const [row] = await inTenantOnce<UserRow>(actor, {
    text: `${USER} where u.tenant_id = $1 and (u.id = $2::uuid or u.email = lower($3))`,
    values: [actor.tenantId, id ?? null, email ?? null] })
  return row ?? null
}

/** Returns the person whom a token names, with their role and whether they may act, or null; e-mail addresses are lower case. */
export async function personNamed(
  actor: Pick<Actor, 'tenantId' | 'db'>, subject: { userId: string } | { email: string },
): Promise<{ id: string; role: Role; isActive: boolean } | null> {
  const [column, value] = 'userId' in subject ? ['id', subject.userId] : ['email', subject.email]
  const [row] = await inTenantOnce<{ id: string; role: Role; isActive: boolean }>(actor, {
    name: `person_by_${column}`,
    text: `select id, role, deactivated_at is null as "isActive" from users where tenant_id = $1 and ${column} = $2`,
    values: [actor.tenantId, value] })
  return row ?? null
}

/** The statement that answers which teams each of these users leads: teams by lead, and all teams of a department by head. */
export function teamsLedBy(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'teams_led_by',
    text: `select leader.id as "leaderId", t.id from unnest($2::uuid[]) leader (id) join team t on t.tenant_id = $1
           left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
           where t.lead_id = leader.id or d.head_id = leader.id`,
    values: [tenantId, userIds],
  }
}

/**
 * The statement that answers those of these people whom the actor's right to an action reaches: themself, people whose primary
 * team they lead now, or all.
 */
export function reachStatement(actor: Actor, action: Action, userIds: readonly string[]): Statement {
  return {
    name: 'users_reached',
    text: `select u.id from unnest($2::uuid[]) u (id)
      where $3 = 'TENANT' or $3 in ('OWN', 'TEAM') and u.id = $4::uuid or $3 = 'TEAM' and exists (
        select 1 from team_membership m join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
        left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
        where m.tenant_id = $1 and m.user_id = u.id and m.is_primary is not false and m.starts_at <= now()
          and (m.ends_at is null or m.ends_at > now()) and (t.lead_id = $4::uuid or d.head_id = $4::uuid))`,
    values: [actor.tenantId, userIds, decisionFor(actor, action).reach, actor.userId],
  }
}

/** Returns those of these people whom the actor's right to an action reaches, as `reachStatement` says. */
export async function reachedBy(actor: Actor, action: Action, userIds: readonly string[]): Promise<Set<string>> {
  const rows = await inTenantOnce<{ id: string }>(actor, reachStatement(actor, action, userIds))
  return new Set(rows.map(({ id }) => id))
}

/** Returns how these people stand now: whether they are active, and their primary team. Actors without a person are left out. */
export async function standingOf<A extends Actor>(
  db: Actor['db'], actors: readonly A[],
): Promise<Map<Actor, { isActive: boolean; teamId: string | null }>> {
  const found = new Map<Actor, { isActive: boolean; teamId: string | null }>()
  for (const [tenantId, own] of Map.groupBy(actors.filter(({ userId }) => userId), actor => actor.tenantId)) {
    const rows = await inTenantOnce<UserRow>({ tenantId, db }, {
      name: 'users_by_id', text: `${USER} where u.tenant_id = $1 and u.id = any($2::uuid[])`,
      values: [tenantId, [...new Set(own.map(({ userId }) => userId))]] })
    const byId = new Map(rows.map(row => [row.id, row]))
    for (const actor of own) {
      const row = byId.get(actor.userId!)
      found.set(actor, { isActive: Boolean(row && !row.deactivatedAt), teamId: row?.teamId ?? null })
    }
  }
  return found
}

/** Returns those of these people whom the tenant has and who have not left. */
export async function activeUsers(actor: Pick<Actor, 'tenantId' | 'db'>, userIds: readonly string[]): Promise<Set<string>> {
  const rows = await inTenantOnce<{ id: string }>(actor, {
    name: 'active_users', text: 'select id from users where tenant_id = $1 and id = any($2::uuid[]) and deactivated_at is null',
    values: [actor.tenantId, userIds] })
  return new Set(rows.map(({ id }) => id))
}
