/**
 * The statements of recording, sent in two round trips: everything that decides, then everything that is written. The first takes
 * the locks on user_points in id order (no deadlocks), so that all after it sees what earlier commands on these users did.
 */
import { auditStatement, type Command } from '../platform/audit.ts'
import { type Actor, senderOf, type Statement } from '../platform/tenancy.ts'
import { emitStatement } from '../platform/outbox.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import type { PointChange } from '../points/change.rules.ts'
import { packChanges } from '../points/change.rules.ts'
import { balanceUpdate, entryInsert, entryNumbers } from '../points/entry.service.ts'
import type { ActivityItem } from './activity.rules.ts'
import type { Attributes } from './attribute.rules.ts'

/** A client's command: who asks to record what. */
export interface RecordCommand { actor: Actor; items: readonly ActivityItem[] }

/** The statements that answer what `verdictFor` needs, by what they answer; those that no command asks for are left out. */
export function readStatements(commands: readonly RecordCommand[]): Partial<Record<Asked, Statement>> {
  const { tenantId } = commands[0]!.actor
  const items = commands.flatMap(command => command.items)
  const sourced = items.filter(({ source }) => source !== null)
  const column = (pick: (item: ActivityItem) => string) => [...new Set(items.map(pick))]
  const userIds = column(({ userId }) => userId).sort()
  const managers = commands.filter(({ actor }) => actor.role === 'MANAGER').map(({ actor }) => senderOf(actor))
  return {
    people: {
      name: 'record_lock',
      text: `select p.user_id as "userId", p.points, u.deactivated_at is null as "isActive" from user_points p
             join users u on u.tenant_id = p.tenant_id and u.id = p.user_id
             where p.tenant_id = $1 and p.user_id = any($2::uuid[]) order by p.user_id for update of p`,
      values: [tenantId, userIds],
    },
    teams: {
      name: 'record_teams',
      // `is not false` has the btree on user_id serve it: the exclusion constraint's GiST index costs 20 µs a person, or is
      // read whole.
      text: `select m.user_id as "userId", m.team_id as "teamId", m.starts_at as "startsAt", m.ends_at as "endsAt",
               t.department_id as "departmentId"
             from team_membership m join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
             where m.tenant_id = $1 and m.user_id = any($2::uuid[]) and m.is_primary is not false`,
      values: [tenantId, userIds],
    },
    keys: {
      name: 'record_keys',
      text: `select actor_id as "actorId", key, body_hash as "bodyHash", result_id as "activityId" from command_key
             where tenant_id = $1 and actor_id = any($2::uuid[]) and key = any($3)`,
      values: [
        tenantId, [...new Set(commands.map(({ actor }) => senderOf(actor)))], column(({ idempotencyKey }) => idempotencyKey),
      ],
    },
    types: {
      name: 'record_types',
      text: `select id, key, version, category, name, points, per_unit as "perUnit", active,
               effective_from as "effectiveFrom", attributes
             from activity_type where tenant_id = $1 and key = any($2) order by key, effective_from`,
      values: [tenantId, column(({ activityType }) => activityType)],
    },
    // Taken under the locks above, so that a user's entries are numbered in commit order; unused numbers leave harmless gaps.
    numbers: entryNumbers(items.length),
    ...sourced.length ? { sources: sourcesOf(tenantId, sourced) } : {},
    ...managers.length ? { led: teamsLedBy(tenantId, managers) } : {},
  }
}

/** What the statements of `readStatements` answer. */
export type Asked = 'people' | 'teams' | 'keys' | 'types' | 'numbers' | 'sources' | 'led'

function sourcesOf(tenantId: string, sourced: readonly ActivityItem[]): Statement {
  return {
    name: 'record_sources',
    text: `select s.source, s.source_id as "sourceId", s.user_id as "userId", s.activity_type as "activityType",
             s.activity_id as "activityId"
           from unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) wanted (source, source_id, user_id, activity_type)
           join activity_source s using (source, source_id, user_id, activity_type) where s.tenant_id = $1`,
    values: [
      tenantId, sourced.map(({ source }) => source), sourced.map(({ sourceId }) => sourceId),
      sourced.map(({ userId }) => userId), sourced.map(({ activityType }) => activityType),
    ],
  }
}

/** A new activity, decided and numbered. */
export interface NewActivity {
  id: string; item: ActivityItem; typeId: string; occurredAt: Date; recordedAt: Date; recordedBy: string | null
  senderId: string
  change: PointChange; isCorrection: boolean; attributes: Attributes | null
}

/** The statements that write what is new of each command: activities, entries, balances, and last one event a command. */
export function writeStatements(
  tenantId: string, commands: readonly (readonly NewActivity[])[], audited: readonly Command[],
): Statement[] {
  const fresh = commands.flat()
  const column = <T>(pick: (activity: NewActivity) => T) => fresh.map(pick)
  const sourced = fresh.filter(({ item }) => item.source !== null)
  return [
    {
      name: 'record_key_insert',
      text: `insert into command_key (tenant_id, actor_id, key, body_hash, result_id)
             select $1, * from unnest($2::uuid[], $3::text[], $4::bytea[], $5::uuid[])`,
      values: [
        tenantId, column(({ senderId }) => senderId), column(({ item }) => item.idempotencyKey),
        column(({ item }) => item.bodyHash), column(({ id }) => id),
      ],
    },
    ...sourced.length ? [sourceInsert(tenantId, sourced)] : [],
    activityInsert(tenantId, fresh),
    entryInsert(tenantId, fresh, 'ACTIVITY'),
    balanceUpdate(tenantId, column(({ change }) => change)),
    ...audited.length ? [auditStatement(tenantId, audited.map(({ entry }) => entry))] : [],
    ...commands.map(own => emitStatement(tenantId, 'activity.recorded', {
      changes: packChanges(own.map(({ change }) => change)), ...attributesOf(own),
    })),
  ]
}

/** What most activities do not have is not said of them. */
function attributesOf(activities: readonly NewActivity[]): { attributes?: Record<string, Attributes> } {
  const carriers = activities.filter(({ attributes }) => attributes)
  return carriers.length ? { attributes: Object.fromEntries(carriers.map(({ id, attributes }) => [id, attributes!])) } : {}
}

function activityInsert(tenantId: string, fresh: readonly NewActivity[]): Statement {
  const column = <T>(pick: (activity: NewActivity) => T) => fresh.map(pick)
  const values = [
    tenantId, column(({ id }) => id), column(({ typeId }) => typeId), column(({ item }) => item.userId),
    column(({ recordedBy }) => recordedBy), column(({ item }) => item.quantity), column(({ occurredAt }) => occurredAt),
    column(({ recordedAt }) => recordedAt), column(({ item }) => item.source), column(({ item }) => item.sourceId),
    column(({ item }) => item.note), column(({ change }) => change.seq),
  ]
  const columns = `tenant_id, id, type_id, user_id, recorded_by, quantity, occurred_at, recorded_at, source, source_id, note,
    entry_seq`
  const rows = `$2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::text[],
    $10::text[], $11::text[], $12::bigint[]`
  // A statement of its own, so that activities without attributes pay for none.
  return fresh.some(({ attributes }) => attributes)
    ? {
      name: 'record_activity_insert_attributes',
      text: `insert into activity (${columns}, attributes) select $1, * from unnest(${rows}, $13::jsonb[])`,
      values: [...values, column(({ attributes }) => attributes && JSON.stringify(attributes))],
    }
    : {
      name: 'record_activity_insert', text: `insert into activity (${columns}) select $1, * from unnest(${rows})`, values,
    }
}

function sourceInsert(tenantId: string, sourced: readonly NewActivity[]): Statement {
  return {
    name: 'record_source_insert',
    text: `insert into activity_source (tenant_id, source, source_id, user_id, activity_type, activity_id)
           select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::uuid[])`,
    values: [
      tenantId, sourced.map(({ item }) => item.source), sourced.map(({ item }) => item.sourceId),
      sourced.map(({ item }) => item.userId), sourced.map(({ item }) => item.activityType), sourced.map(({ id }) => id),
    ],
  }
}
