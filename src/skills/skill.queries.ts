/** Reads of skills: paths in force, what people completed and claim, and how far they are. */
import { measuredOf } from '../badges/measure.queries.ts'
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantBatch, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { reachedBy } from '../users/user.queries.ts'
import { nextLevelOf, type PathRow, percentCompleted, percentOfMilestone } from './skill.rules.ts'

const PATH = 'id, key, version, name, milestones, active, effective_from as "effectiveFrom"'

/** The statement that answers the version of each path that holds at an instant, by key. */
export function pathsInForce(tenantId: string, at: Date): Statement {
  return {
    name: 'skill_paths_in_force',
    text: `select distinct on (key) ${PATH} from skill_path where tenant_id = $1 and effective_from <= $2
      order by key, effective_from desc`,
    values: [tenantId, at],
  }
}

/** Returns the paths that hold now, by key. */
export async function listPaths(actor: Actor): Promise<PathRow[]> {
  const rows = await inTenantOnce<PathRow>(actor, pathsInForce(actor.tenantId, actor.now))
  return rows.filter(({ active }) => active).slice(0, LIMITS.skillPathsMax)
}

/** Versions of paths by id. */
export async function pathsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<PathRow>(actor, {
    name: 'skill_paths_by_id', text: `select ${PATH} from skill_path where tenant_id = $1 and id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  }))
}

/** A completed milestone, as reads return it. */
export interface CompletionRow {
  [column: string]: unknown; userId: string; path: string; level: number; title: string; points: number; completedAt: Date
}

/** The statement that answers what these people completed, by path and level. */
export function completionsStatement(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'skill_completions',
    text: `select user_id as "userId", path, level, title, points, completed_at as "completedAt",
        claim_id is not null as "isAttested"
      from skill_completion where tenant_id = $1 and user_id = any($2::uuid[]) order by path, level`,
    values: [tenantId, userIds],
  }
}

/** A claim's row as reads return it. */
export interface ClaimRow {
  [column: string]: unknown
  id: string; userId: string; path: string; level: number; state: string; claimedAt: Date; decidedById: string | null
}
const CLAIM = `select c.id, c.user_id as "userId", c.path, c.level, c.title, c.evidence, c.state, c.claimed_at as "claimedAt",
  c.decided_by as "decidedById", c.decided_at as "decidedAt", c.reason from skill_claim c`

/** Claims by id; those of people whom the reader's right does not reach do not exist. */
export async function claimsById({ actor }: Context, ids: readonly string[]) {
  const rows = await inTenantOnce<ClaimRow>(actor, {
    name: 'skill_claims_by_id', text: `${CLAIM} where c.tenant_id = $1 and c.id = any($2::uuid[])`, values: [actor.tenantId, ids],
  })
  const reached = await reachedBy(actor, 'skill.progress', rows.map(({ userId }) => userId))
  return inOrder(ids, rows.filter(({ userId }) => reached.has(userId)))
}
registerNode('SkillPath', pathsById, 'skill.read')
registerNode('SkillClaim', claimsById, 'skill.progress')

/** The claims of each person, the newest first; none of those whom the reader's right does not reach. */
export async function claimsByUser({ actor }: Context, userIds: readonly string[]): Promise<ClaimRow[][]> {
  const reached = await reachedBy(actor, 'skill.progress', userIds)
  const rows = reached.size === 0 ? [] : await inTenantOnce<ClaimRow>(actor, {
    name: 'skill_claims_by_user',
    text: `${CLAIM} where c.tenant_id = $1 and c.user_id = any($2::uuid[]) order by c.claimed_at desc, c.id desc`,
    values: [actor.tenantId, [...reached]],
  })
  const byUser = Map.groupBy(rows, ({ userId }) => userId)
  return userIds.map(id => byUser.get(id)?.slice(0, LIMITS.skillClaimsShownMax) ?? [])
}

/** Returns a page of the claims that wait, of people whom the reader may attest, the longest waiting first. */
export async function listWaiting(actor: Actor, first: number, after: string | null) {
  const { tenantId } = actor
  const size = pageSize(first)
  const [since, id] = after ? decodeCursor('claims', after, ['number', 'uuid']) : [0, null]
  const claimants = await inTenantOnce<{ id: string }>(actor, {
    text: `select distinct user_id as id from skill_claim where tenant_id = $1 and state = 'PENDING'`, values: [tenantId],
  })
  const reached = await reachedBy(actor, 'skill.attest', claimants.map(claimant => claimant.id))
  const rows = await inTenantOnce<ClaimRow>(actor, {
    text: `${CLAIM} where c.tenant_id = $1 and c.state = 'PENDING' and c.user_id = any($2::uuid[])
      and ($4::uuid is null or (c.claimed_at, c.id) > (to_timestamp($3::float8 / 1000), $4::uuid))
      order by c.claimed_at, c.id limit $5`,
    values: [tenantId, [...reached].filter(claimant => claimant !== actor.userId), since, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('claims', [row.claimedAt.getTime(), row.id]), after)
}

/** Returns how far a person is in each path, by key (METRIC-05); in the next milestone only where a right reaches them. */
export async function skillsOf(actor: Actor, userId: string) {
  const { tenantId, now } = actor
  const isReached = (await reachedBy(actor, 'skill.progress', [userId])).has(userId)
  return inTenantBatch(actor, async ({ run }) => {
    const [all, completions] = await run([
      pathsInForce(tenantId, now), completionsStatement(tenantId, [userId]),
    ]) as unknown as [PathRow[], CompletionRow[]]
    const standing = all.filter(({ active }) => active).map(path => {
      const own = completions.filter(completion => completion.path === path.key)
      const completed = new Set(own.map(({ level }) => level))
      return { path, own, completed, next: nextLevelOf(completed) }
    })
    const wishes = standing.map(({ path, next }) =>
      ({ measure: path.milestones[next - 1]?.measure ?? { kind: 'REVENUE' as const }, userIds: isReached ? [userId] : [] }))
    const measured = await measuredOf(run, { tenantId, now }, wishes)
    return standing.map(({ path, own, completed, next }, at) => {
      const milestone = path.milestones[next - 1]
      return {
        path, completions: own, level: next - 1, title: own.find(({ level }) => level === next - 1)?.title ?? null,
        percent: percentCompleted(path.milestones, completed), next: milestone ? { level: next, ...milestone } : null,
        nextPercent: milestone && isReached ? percentOfMilestone(milestone, measured[at]!(userId)) : null,
      }
    })
  })
}
