/** Reads of streaks: from activities, in the zone that held when each occurred. */
import { type Context, inOrder, registerNode } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { streakOf } from './streak.rules.ts'

/** A freeze as reads return it. */
export interface FreezeRow {
  [column: string]: unknown; id: string; userId: string; grantedAt: Date; reason: string; usedOn?: string | null
}

/** A person's streak with the freezes, newest first. */
export interface StreakRow {
  userId: string; currentDays: number; bestDays: number; lastDay: string | null; isTodayDone: boolean; timeZone: string
  dayEndsAt: Date; freezes: FreezeRow[]
}

// The entry leads to its activity: both were written in the same commit at the same instant, which names the partition.
const DAYS = `select e.user_id as "userId", (a.occurred_at at time zone coalesce((select z.time_zone from streak_zone z
    where z.tenant_id = e.tenant_id and z.user_id = e.user_id and z.starts_at <= a.occurred_at
    order by z.starts_at desc limit 1), $3))::date as day
  from point_entry e
  join activity a on a.tenant_id = e.tenant_id and a.id = e.activity_id and a.recorded_at = e.recorded_at
  where e.tenant_id = $1 and e.user_id = any($2::uuid[]) and e.reason = 'ACTIVITY'
    and not exists (select 1 from activity_reversal r where r.tenant_id = e.tenant_id and r.activity_id = e.activity_id)
  group by 1, 2 order by 1, 2`

const FREEZE = 'select id, user_id as "userId", granted_at as "grantedAt", reason from streak_freeze'

/** Streaks by user id; null where the person has switched them off. */
export async function streaksByUser(
  { actor }: Pick<Context, 'actor'>, userIds: readonly string[],
): Promise<(StreakRow | null)[]> {
  const { tenantId, now } = actor
  const tenantZone = await zoneOf(actor)
  const [days, freezes, zones, off] = await inTenantBatch(actor, ({ last }) => last([
    { name: 'streak_days', text: DAYS, values: [tenantId, userIds, tenantZone] },
    {
      name: 'streak_freezes', text: `${FREEZE} where tenant_id = $1 and user_id = any($2::uuid[]) and withdrawn_at is null
        order by granted_at desc, id desc`, values: [tenantId, userIds],
    },
    {
      name: 'streak_zones', text: `select distinct on (user_id) user_id as "userId", time_zone as zone from streak_zone
        where tenant_id = $1 and user_id = any($2::uuid[]) and starts_at <= $3 order by user_id, starts_at desc`,
      values: [tenantId, userIds, now],
    },
    {
      name: 'streak_off', text: `select user_id as "userId" from streak_preference where tenant_id = $1
        and user_id = any($2::uuid[]) and is_off`, values: [tenantId, userIds],
    },
  ]))
  const daysBy = Map.groupBy(days as { userId: string; day: string }[], ({ userId }) => userId)
  const freezesBy = Map.groupBy(freezes as FreezeRow[], ({ userId }) => userId)
  const zoneBy = new Map((zones as { userId: string; zone: string }[]).map(({ userId, zone }) => [userId, zone]))
  const isOff = new Set(off!.map(({ userId }) => userId as string))
  return userIds.map(userId => {
    if (isOff.has(userId)) return null
    const timeZone = zoneBy.get(userId) ?? tenantZone
    const own = freezesBy.get(userId) ?? []
    const { day: today, endMs } = localDay(timeZone, now.getTime())
    const granted = own.map(({ id, grantedAt }) => ({ id, day: localDay(timeZone, grantedAt.getTime()).day }))
    const { covered, ...count } = streakOf((daysBy.get(userId) ?? []).map(({ day }) => day), granted, today)
    const shown = own.map(freeze => ({ ...freeze, usedOn: covered.get(freeze.id) ?? null }))
    return { userId, ...count, timeZone, dayEndsAt: new Date(endMs), freezes: shown }
  })
}

/** Returns those freezes that are shown, the newest. */
export const shownFreezes = ({ freezes }: StreakRow): FreezeRow[] => freezes.slice(0, LIMITS.freezesShownMax)

/** Freezes by id, of oneself; an admin finds everybody's. */
export async function freezesById(context: Context, ids: readonly string[]): Promise<(FreezeRow | null)[]> {
  const { actor } = context
  const rows = await inTenantOnce<FreezeRow>(actor, {
    name: 'freezes_by_id', text: `${FREEZE} where tenant_id = $1 and id = any($2::uuid[]) and withdrawn_at is null`,
    values: [actor.tenantId, ids],
  })
  const own = rows.filter(({ userId }) => seesFreezes(actor, userId))
  const streaks = await Promise.all(own.map(({ userId }) => context.load(streaksByUser, userId)))
  const usedOn = new Map(streaks.flatMap(streak => streak?.freezes ?? []).map(freeze => [freeze.id, freeze.usedOn ?? null]))
  return inOrder(ids, own.map(row => ({ ...row, usedOn: usedOn.get(row.id) ?? null })))
}
registerNode('StreakFreeze', freezesById, 'streak.read')

/** Returns whether somebody may see a person's freezes. */
export function seesFreezes({ userId: ownId, role }: Pick<Actor, 'userId' | 'role'>, userId: string): boolean {
  return ownId === userId || role === 'ADMIN'
}
