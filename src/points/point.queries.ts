/** Reads of points and levels, batched by the request's loaders. */
import { type Context, inOrder } from '../platform/graphql.ts'
import { wireId } from '../platform/ids.ts'
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { registerBeside } from '../users/user.queries.ts'
import { type LevelRow, MULTIPLIER_ONE_BP } from './level.rules.ts'

interface Balance { [column: string]: unknown; id: string; points: number; level: number | null }

/** Points and level number by user id. */
export async function balancesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<Balance>(actor, {
    name: 'balances_by_id',
    text: `select p.user_id as id, p.points, l.number as level from user_points p
           left join user_level l on l.tenant_id = p.tenant_id and l.user_id = p.user_id
           where p.tenant_id = $1 and p.user_id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  }))
}

registerBeside({
  name: 'balance', fields: ['points', 'level'], columns: 'p.points, l.number as "levelNumber"',
  joins: `left join user_points p on p.tenant_id = u.tenant_id and p.user_id = u.id
    left join user_level l on l.tenant_id = p.tenant_id and l.user_id = p.user_id`,
})
registerBeside({
  name: 'levels', fields: ['level'],
  ahead: async context => ({ levels: await context.load(levelsByTenant, context.actor.tenantId) }),
})

/** A person's row with what a list read beside it. */
export interface WithBalance { id: string; points?: number | null; levelNumber?: number | null; levels?: LevelRow[] | null }

/** The statement that answers the tenant's levels, ascending. */
export function levelsStatement(tenantId: string): Statement {
  return {
    name: 'levels',
    text: `select number, key, title, threshold, badge, benefits, multiplier_bp as "multiplierBp" from level
      where tenant_id = $1 order by threshold`,
    values: [tenantId],
  }
}

/** Returns the tenant's levels, ascending; the key is the tenant's id, so that a request reads them once. */
export async function levelsByTenant({ actor }: Context, tenantIds: readonly string[]): Promise<(LevelRow[] | null)[]> {
  const levels = await listLevels(actor)
  return tenantIds.map(() => levels)
}

/** Returns the tenant's levels, ascending. */
export function listLevels(actor: Pick<Actor, 'tenantId' | 'db'>): Promise<LevelRow[]> {
  return inTenantOnce<LevelRow>(actor, levelsStatement(actor.tenantId))
}

interface Multiplier { [column: string]: unknown; id: string; multiplierBp: number }

/**
 * The statement that answers each person's multiplier in basis points as `multiplierBp`: that of the level they had at an
 * instant, as it was when they entered it; of now when null.
 */
export function multipliersStatement(tenantId: string, userIds: readonly string[], at: Date | null): Statement {
  return {
    name: 'multipliers',
    text: `select u.id, coalesce(
             (select c.multiplier_bp from level_crossing c where c.tenant_id = $1 and c.user_id = u.id
                and c.at <= coalesce($3::timestamptz, 'infinity') order by c.at desc, c.seq desc limit 1),
             (select multiplier_bp from level where tenant_id = $1 order by threshold limit 1), $4) as "multiplierBp"
           from unnest($2::uuid[]) u (id)`,
    values: [tenantId, userIds, at, MULTIPLIER_ONE_BP],
  }
}

/** Returns a person's multiplier at an instant, or of now, in basis points. */
export async function multiplierAt(actor: Actor, userId: string, at: Date | null): Promise<number> {
  const [row] = await inTenantOnce<Multiplier>(actor, multipliersStatement(actor.tenantId, [userId], at))
  return row!.multiplierBp
}

/** A point entry as activities show it. */
export interface EntryRow {
  [column: string]: unknown; id: string; points: number; reason: string; isCorrection: boolean; recordedAt: Date
}

/** Point entries by `user:seq`; each answers one entry. */
export async function entriesByPlace({ actor }: Context, places: readonly string[]): Promise<(EntryRow | null)[]> {
  const users = places.map(place => place.slice(0, 36))
  const seqs = places.map(place => place.slice(37))
  const rows = await inTenantOnce<EntryRow & { place: string }>(actor, {
    name: 'entries_by_place',
    text: `select e.user_id || ':' || e.seq as place, e.id, e.points, e.reason, e.is_correction as "isCorrection",
             e.recorded_at as "recordedAt"
           from unnest($2::uuid[], $3::bigint[]) wanted (user_id, seq)
           join point_entry e on e.tenant_id = $1 and e.user_id = wanted.user_id and e.seq = wanted.seq`,
    values: [actor.tenantId, users, seqs],
  })
  const byPlace = new Map(rows.map(row => [row.place, row]))
  return places.map(place => byPlace.get(place) ?? null)
}

/** Returns an entry as the schema shows it. */
export function shownEntry(entry: EntryRow): EntryRow {
  return { ...entry, id: wireId('PointEntry', entry.id) }
}
