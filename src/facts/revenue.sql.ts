/** The statements of revenue: what decides, in one round trip, and what is written, in another. */
import { type Actor, senderOf, type Statement } from '../platform/tenancy.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import type { RevenueChange } from './change.rules.ts'

/** What decides about commands with these keys, owners and source facts. */
export interface Asking {
  keys: readonly string[]; ownerIds: readonly string[]; sources: readonly { source: string; sourceId: string }[] }

/** Returns the statements that read what decides: keys, owners, their teams, source facts,
  and the teams that the sender leads. */
export function readStatements(actor: Actor, { keys, ownerIds, sources }: Asking): Statement[] {
  const { tenantId } = actor
  const sender = senderOf(actor)
  return [
    {
      name: 'revenue_owners',
      text: `select id, deactivated_at is null as "isActive" from users where tenant_id = $1 and id = any($2::uuid[])`,
      values: [tenantId, ownerIds],
    },
    {
      name: 'revenue_teams',
      text: `select m.user_id as "userId", m.team_id as "teamId", m.starts_at as "startsAt", m.ends_at as "endsAt",
               t.department_id as "departmentId"
             from team_membership m join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
             where m.tenant_id = $1 and m.user_id = any($2::uuid[]) and m.is_primary is not false`,
      values: [tenantId, ownerIds],
    },
    {
      name: 'revenue_sources',
      text: `select f.source, f.source_id as "sourceId", f.id from unnest($2::text[], $3::text[]) wanted (source, source_id)
             join revenue_fact f using (source, source_id) where f.tenant_id = $1`,
      values: [tenantId, sources.map(({ source }) => source), sources.map(({ sourceId }) => sourceId)],
    },
    // After the source facts: whoever sees the fact of a command that commits meanwhile then sees its key as well.
    {
      name: 'revenue_keys',
      text: `select key, body_hash as "bodyHash", result_id as "revenueId" from command_key
             where tenant_id = $1 and actor_id = $2 and key = any($3)`,
      values: [tenantId, sender, keys],
    },
    teamsLedBy(tenantId, [sender]),
  ]
}

/** A fact to be written, with all that its row needs. */
export interface NewFact extends RevenueChange {
  kind: 'RECOGNIZED' | 'REFUND' | 'REVERSAL'
  idempotencyKey: string; bodyHash: Buffer
  client: string | null; deal: string | null; occurredAt: Date; occurredDay: string
  source: string | null; sourceId: string | null; note: string | null
}

/** Returns the statements that add facts and their keys. */
export function insertStatements(actor: Actor, facts: readonly NewFact[]): Statement[] {
  const { tenantId, userId, now } = actor
  const column = <T>(pick: (fact: NewFact) => T) => facts.map(pick)
  return [
    {
      name: 'revenue_key_insert',
      text: `insert into command_key (tenant_id, actor_id, key, body_hash, result_id)
             select $1, $2, * from unnest($3::text[], $4::bytea[], $5::uuid[])`,
      values: [
        tenantId, senderOf(actor), column(({ idempotencyKey }) => idempotencyKey), column(({ bodyHash }) => bodyHash),
        column(({ revenueId }) => revenueId),
      ],
    },
    {
      name: 'revenue_insert',
      text: `insert into revenue_fact (tenant_id, recorded_by, recorded_at, id, kind, original_id, amount_minor, currency,
               recurrence, client, deal, owner_id, team_id, department_id, occurred_at, occurred_day, day, week, month,
               is_correction, source, source_id, note)
             select $1, $2, $3, * from unnest($4::uuid[], $5::text[], $6::uuid[], $7::bigint[], $8::text[], $9::text[],
               $10::text[], $11::text[], $12::uuid[], $13::uuid[], $14::uuid[], $15::timestamptz[], $16::date[], $17::date[],
               $18::date[], $19::date[], $20::boolean[], $21::text[], $22::text[], $23::text[])`,
      values: [
        tenantId, userId, now, column(({ revenueId }) => revenueId), column(({ kind }) => kind),
        column(({ originalId }) => originalId), column(({ amountMinor }) => String(amountMinor)),
          column(({ currency }) => currency),
        column(({ recurrence }) => recurrence), column(({ client }) => client), column(({ deal }) => deal),
        column(({ ownerId }) => ownerId), column(({ teamId }) => teamId), column(({ departmentId }) => departmentId),
        column(({ occurredAt }) => occurredAt), column(({ occurredDay }) => occurredDay), column(({ day }) => day),
        column(({ week }) => week), column(({ month }) => month), column(({ isCorrection }) => isCorrection),
        column(({ source }) => source), column(({ sourceId }) => sourceId), column(({ note }) => note),
      ],
    },
  ]
}

/** Returns the statement that notes what is left of facts just recognized: all of it. */
export function restInsert(tenantId: string, facts: readonly NewFact[]): Statement {
  return {
    name: 'revenue_rest_insert',
    text: 'insert into revenue_rest (tenant_id, revenue_id, rest_minor) select $1, * from unnest($2::uuid[], $3::bigint[])',
    values: [tenantId, facts.map(({ revenueId }) => revenueId), facts.map(({ amountMinor }) => String(amountMinor))],
  }
}
