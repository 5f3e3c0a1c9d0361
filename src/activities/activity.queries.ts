/** Reads of activities and their types: one statement each, batched by the request's loaders. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { TypeVersion } from './activity.rules.ts'
import type { ActivityRow } from './activity.service.ts'

const TYPE = `select id, key, version, category, name, points, per_unit as "perUnit", active, effective_from as "effectiveFrom",
  attributes from activity_type`
const COLUMNS = `select a.id, a.type_id as "typeId", a.user_id as "userId", a.quantity, a.occurred_at as "occurredAt",
  a.recorded_at as "recordedAt", a.source, a.source_id as "sourceId", a.note, a.attributes, a.entry_seq as "entrySeq",
  r.entry_seq as "reversalSeq", r.reversed_at as "reversedAt"`
const REVERSAL = 'left join activity_reversal r on r.tenant_id = a.tenant_id and r.activity_id = a.id'
const ACTIVITY = `${COLUMNS} from activity a ${REVERSAL}`

/** Activity type versions by id. */
export async function typesById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<TypeVersion>(actor, {
    name: 'types_by_id', text: `${TYPE} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids],
  }))
}

/** Activities by id, with their reversal; for outsiders others' do not exist. */
export async function activitiesById({ actor }: Context, ids: readonly string[]) {
  const rows = await inTenantOnce<ActivityRow>(actor, {
    name: 'activities_by_id', text: `${ACTIVITY} where a.tenant_id = $1 and a.id = any($2::uuid[])`,
    values: [actor.tenantId, ids],
  })
  return inOrder(ids, actor.isOutsider ? rows.filter(({ userId }) => userId === actor.userId) : rows)
}
/** The newest versions of each key, at most 50, the newest first. */
export async function versionsByKey({ actor }: Context, keys: readonly string[]): Promise<TypeVersion[][]> {
  const rows = await inTenantOnce<TypeVersion>(actor, {
    name: 'versions_by_key',
    text: `select newest.* from unnest($2::text[]) as wanted (key) cross join lateral
             (${TYPE} where tenant_id = $1 and key = wanted.key order by version desc limit 50) newest`,
    values: [actor.tenantId, keys],
  })
  return keys.map(key => rows.filter(row => row.key === key))
}
registerNode('ActivityType', typesById, 'activityType.read')
registerNode('Activity', activitiesById, 'activity.read')

/** Returns a page of the catalogue by key: the version in force now of each type, switched-off ones included. */
export async function listTypes(actor: Actor, first: number, after?: string | null) {
  const size = pageSize(first)
  const [key] = after ? decodeCursor('types', after, ['string']) : ['']
  const rows = await inTenantOnce<TypeVersion>(actor, {
    text: `select distinct on (key) * from (${TYPE} where tenant_id = $1 and key > $2 and effective_from <= now()) versions
      order by key, "effectiveFrom" desc limit $3`,
    values: [actor.tenantId, key, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('types', [row.key]), after)
}

/** Returns a page of activities, newest first, of one user when named. */
export async function listActivities(actor: Actor, first: number, after?: string | null, userId?: string | null) {
  if (userId) return listOfUser(actor, userId, first, after)
  const size = pageSize(first)
  // Ids are time-ordered, so the primary key serves the order; a cursor of the largest id stands for "from the newest".
  const [id] = after ? decodeCursor('activities', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<ActivityRow>(actor, {
    text: `${ACTIVITY} where a.tenant_id = $1 and a.id < $2::uuid order by a.id desc limit $3`,
    values: [actor.tenantId, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor('activities', [row.id]), after)
}

/** A person's activities by way of their point entries, whose key begins with the person: no index for it need be written. */
async function listOfUser(actor: Actor, userId: string, first: number, after?: string | null) {
  const size = pageSize(first)
  const list = listOf('activities', userId)
  const [seq] = after ? decodeCursor(list, after, ['number']) : [Number.MAX_SAFE_INTEGER]
  const rows = await inTenantOnce<ActivityRow>(actor, {
    // An activity and its entry are recorded at the same instant, which names the one partition to look in.
    text: `${COLUMNS} from (select tenant_id, activity_id, recorded_at, seq from point_entry where tenant_id = $1 and user_id = $2
        and seq < $3::bigint and reason = 'ACTIVITY' order by seq desc limit $4) e
      join activity a on a.tenant_id = e.tenant_id and a.id = e.activity_id and a.recorded_at = e.recorded_at ${REVERSAL}
      order by e.seq desc`,
    values: [actor.tenantId, userId, seq, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.entrySeq]), after)
}
