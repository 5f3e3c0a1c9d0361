/** Reads of badges: versions in force, what people earned, and how far they are. */
import { type Context, inOrder, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantBatch, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { reachedBy } from '../users/user.queries.ts'
import type { BadgeRow } from './badge.rules.ts'
import { measuredOf } from './measure.queries.ts'
import { minSampleOf, percentOf, valueOf } from './measure.rules.ts'

const BADGE = `id, key, version, name, measure, benefits, levels, active, effective_from as "effectiveFrom"`

/** A level that somebody earned, as reads return it. */
export interface EarnedRow {
  [column: string]: unknown
  id: string; userId: string; badgeId: string; key: string; level: number; title: string; measured: string; sample: number
  earnedAt: Date; revokedAt: Date | null
}
const EARNED = `select id, user_id as "userId", badge_id as "badgeId", key, level, title, trim_scale(measured)::text as measured,
  sample, earned_at as "earnedAt", revoked_at as "revokedAt" from earned_badge`

/** The statement that answers the version of each badge that holds at an instant, by key. */
export function badgesInForce(tenantId: string, at: Date): Statement {
  return {
    name: 'badges_in_force',
    text: `select distinct on (key) ${BADGE} from badge where tenant_id = $1 and effective_from <= $2
      order by key, effective_from desc`,
    values: [tenantId, at],
  }
}

/** Returns the badges that hold now and can be earned, by key. */
export async function listBadges(actor: Actor): Promise<BadgeRow[]> {
  const rows = await inTenantOnce<BadgeRow>(actor, badgesInForce(actor.tenantId, actor.now))
  return rows.filter(({ active }) => active).slice(0, LIMITS.badgesMax)
}

/** Versions of badges by id. */
export async function badgesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<BadgeRow>(actor, {
    name: 'badges_by_id', text: `select ${BADGE} from badge where tenant_id = $1 and id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  }))
}

/** Earned badges by id, revoked ones too. */
export async function earnedById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<EarnedRow>(actor, {
    name: 'earned_badges_by_id', text: `${EARNED} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}
registerNode('Badge', badgesById, 'badge.read')
registerNode('EarnedBadge', earnedById, 'badge.read')

/** What each person earned and has, in the order in which it was earned. */
export async function earnedByUser({ actor }: Context, userIds: readonly string[]): Promise<EarnedRow[][]> {
  const rows = await inTenantOnce<EarnedRow>(actor, {
    name: 'earned_badges_by_user',
    text: `${EARNED} where tenant_id = $1 and user_id = any($2::uuid[]) and revoked_at is null order by earned_at, key, level`,
    values: [actor.tenantId, userIds],
  })
  const byUser = Map.groupBy(rows, ({ userId }) => userId)
  return userIds.map(id => byUser.get(id)?.slice(0, LIMITS.badgesShownMax) ?? [])
}

/** Returns how far a person is in each badge, by key; nothing where the reader's right does not reach them. */
export async function progressOf(actor: Actor, userId: string) {
  const { tenantId } = actor
  if (!(await reachedBy(actor, 'badge.progress', [userId])).has(userId)) return []
  return inTenantBatch(actor, async ({ run }) => {
    const [all, earned] = await run([
      badgesInForce(tenantId, actor.now),
      {
        name: 'badges_tops',
        text: 'select key, max(level) as level from earned_badge where tenant_id = $1 and user_id = $2 group by key',
        values: [tenantId, userId],
      },
    ]) as unknown as [BadgeRow[], { key: string; level: number }[]]
    const badges = all.filter(({ active }) => active)
    const wishes = badges.map(({ measure }) => ({ measure, userIds: [userId] }))
    const measured = await measuredOf(run, { tenantId, now: actor.now }, wishes)
    const tops = new Map(earned.map(({ key, level }) => [key, level]))
    return badges.map((badge, at) => {
      const value = measured[at]!(userId)
      const level = tops.get(badge.key) ?? 0
      const next = levelsOf(badge)[level] ?? null
      return {
        badge, level, next, value: valueOf(value), sample: value.sample,
        percent: next ? percentOf(badge.measure, value, next.threshold) : 100,
      }
    })
  })
}

/** Returns a badge's levels with their numbers. */
export function levelsOf({ levels }: Pick<BadgeRow, 'levels'>) {
  return levels.map(({ title, threshold }, at) => ({ number: at + 1, title, threshold }))
}

/** Returns a badge's measure as the schema shows it. */
export function measureShown({ measure }: Pick<BadgeRow, 'measure'>) {
  return {
    kind: measure.kind, activityTypes: measure.kind === 'ACTIVITIES' ? measure.activityTypes : [],
    metric: measure.kind === 'METRIC_AVERAGE' ? measure.metric : null, minSample: minSampleOf(measure),
  }
}
