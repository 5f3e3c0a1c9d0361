/** Reads of what happened in a tenant over the last days, from the point ledger and the people of now. */
import { dayAfter, localDay } from '../platform/time.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { zoneOf } from '../tenants/tenant.service.ts'

/** One local day: how many activities, points earned minus reversed, and people who did something. */
export interface DayRow { [column: string]: unknown; day: string; activities: number; points: number; activeUsers: number }

/** Returns the figures of the last `days` local days, today included. */
export async function analyticsOf(actor: Actor, days: number) {
  const { tenantId, now } = actor
  const until = localDay(await zoneOf(actor), now.getTime()).day
  const since = dayAfter(until, 1 - days)
  // Nothing of a day was recorded before it began; a day more covers every zone.
  const recordedFrom = new Date(Date.parse(`${since}T00:00:00Z`) - 86_400_000)
  const values = [tenantId, since, until, recordedFrom]
  const during = 'tenant_id = $1 and day between $2::date and $3::date and recorded_at >= $4'
  const [byDay = [], active = [], people = [], levels = []] = await inTenantBatch(actor, ({ last }) => last([
    {
      text: `select day, (count(*) filter (where reason = 'ACTIVITY'))::int as activities, sum(points)::bigint as points,
          (count(distinct user_id) filter (where reason = 'ACTIVITY'))::int as "activeUsers"
        from point_entry where ${during} group by day order by day`, values,
    },
    { text: `select count(distinct user_id)::int as count from point_entry where ${during} and reason = 'ACTIVITY'`, values },
    { text: 'select count(*)::int as count from users where tenant_id = $1 and deactivated_at is null', values: [tenantId] },
    {
      text: `select l.number, l.title, count(u.user_id)::int as people from level l
        left join user_level u on u.tenant_id = l.tenant_id and u.number = l.number
        where l.tenant_id = $1 group by l.number, l.title order by l.number`, values: [tenantId],
    },
  ]))
  const found = new Map((byDay as DayRow[]).map(row => [row.day, row]))
  const every = Array.from({ length: days }, (_, at) => dayAfter(since, at))
    .map(day => found.get(day) ?? { day, activities: 0, points: 0, activeUsers: 0 })
  const [activeUsers, size] = [active[0]!.count as number, people[0]!.count as number]
  return {
    since, until, people: size, activeUsers, participation: size ? Math.min(100, activeUsers / size * 100) : null,
    activities: every.reduce((sum, day) => sum + day.activities, 0),
    points: every.reduce((sum, day) => sum + day.points, 0), byDay: every, levels,
  }
}
