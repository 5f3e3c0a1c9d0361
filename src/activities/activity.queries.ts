/** Reads of activities and their types: one statement each, batched by the request's loaders. */
import { type Context, decodeCursor, encodeCursor, inOrder, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { TypeVersion } from './activity.rules.ts'
import type { ActivityRow } from './activity.service.ts'

const TYPE = `select id, key, version, category, name, points, per_unit as "perUnit", active, effective_from as "effectiveFrom"
  from activity_type`
const ACTIVITY = `select a.id, a.type_id as "typeId", a.user_id as "userId", a.quantity, a.occurred_at as "occurredAt",
  a.recorded_at as "recordedAt", a.source, a.source_id as "sourceId", a.note, a.entry_seq as "entrySeq",
  r.entry_seq as "reversalSeq", r.reversed_at as "reversedAt"
  from activity a left join activity_reversal r on r.tenant_id = a.tenant_id and r.activity_id = a.id`

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
registerNode('ActivityType', typesById, 'activityType.read')
registerNode('Activity', activitiesById, 'activity.read')

/** Returns a page of the catalogue by key: the version in force now of each type, switched-off ones included. */
export async function listTypes(actor: Actor, first: number, after?: string | null) {
  const size = pageSize(first)
  const [key] = after ? decodeCursor(after, ['string']) : ['']
  const rows = await inTenantOnce<TypeVersion>(actor, {
    text: `select distinct on (key) * from (${TYPE} where tenant_id = $1 and key > $2 and effective_from <= now()) versions
      order by key, "effectiveFrom" desc limit $3`,
    values: [actor.tenantId, key, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor([row.key]), after)
}

/** Returns a page of activities, newest first, of one user when named. */
export async function listActivities(actor: Actor, first: number, after?: string | null, userId?: string | null) {
  const size = pageSize(first)
  // Ids are time-ordered, so the primary key serves the order; a cursor of the largest id stands for "from the newest".
  const [id] = after ? decodeCursor(after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<ActivityRow>(actor, {
    text: `${ACTIVITY} where a.tenant_id = $1 and a.id < $2::uuid ${userId ? 'and a.user_id = $4' : ''}
      order by a.id desc limit $3`,
    values: userId ? [actor.tenantId, id, size + 1, userId] : [actor.tenantId, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor([row.id]), after)
}
