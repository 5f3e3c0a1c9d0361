/** Reads of how challenges ended: results, corrections, and what was granted. */
import {
  type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode,
} from '../platform/graphql.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce, NOBODY, type Statement } from '../platform/tenancy.ts'
import type { Reward } from '../challenges/challenge.rules.ts'

/** A settlement's row as reads return it. */
export interface SettlementRow { [column: string]: unknown; id: string; settledAt: Date; subjectCount: number }

/** Settlements by challenge. */
export async function settlementsById({ actor }: Context, challengeIds: readonly string[]) {
  return inOrder(challengeIds, await inTenantOnce<SettlementRow>(actor, {
    name: 'settlements_by_id',
    text: `select challenge_id as id, settled_at as "settledAt", subject_count as "subjectCount" from challenge_settlement
           where tenant_id = $1 and challenge_id = any($2::uuid[])`,
    values: [actor.tenantId, challengeIds],
  }))
}

/** A subject's result as reads return it. */
export interface ResultRow {
  [column: string]: unknown
  challengeId: string; subjectId: string; position: number; value: string | null; percent: number | null; rank: number | null
  reachedAt: Date | null; parts: (string | null)[] | null; tier: number | null; points: number
}

const RESULT = `select challenge_id as "challengeId", subject_id as "subjectId", position, trim_scale(value)::text as value,
  percent::float8 as percent, rank, reached_at as "reachedAt", parts, tier, points from challenge_result`

/** The statement that answers all results of a challenge, in order. */
export function resultsStatement(tenantId: string, challengeId: string): Statement {
  return {
    name: 'challenge_results', text: `${RESULT} where tenant_id = $1 and challenge_id = $2 order by position`,
    values: [tenantId, challengeId],
  }
}

/** Returns a page of a challenge's results, in order. */
export async function listResults(actor: Actor, challengeId: string, first: number, after: string | null) {
  const size = pageSize(first)
  const list = listOf('results', challengeId)
  const [position] = after ? decodeCursor(list, after, ['number']) : [0]
  const rows = await inTenantOnce<ResultRow>(actor, {
    text: `${RESULT} where tenant_id = $1 and challenge_id = $2 and position > $3 order by position limit $4`,
    values: [actor.tenantId, challengeId, position, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.position]), after)
}

/** A correction's row as reads return it. */
export interface CorrectionRow {
  [column: string]: unknown
  id: string; challengeId: string; subjectId: string; valueBefore: string | null; value: string | null; rankBefore: number | null
  rank: number | null; tierBefore: number | null; tier: number | null; reachedAt: Date | null; parts: (string | null)[] | null
  foundAt: Date
}

const CORRECTION = `select id, challenge_id as "challengeId", subject_id as "subjectId",
  trim_scale(value_before)::text as "valueBefore", trim_scale(value)::text as value, rank_before as "rankBefore", rank,
  tier_before as "tierBefore", tier, reached_at as "reachedAt", parts, found_at as "foundAt" from challenge_correction`

/** The statement that answers the newest correction of each subject of a challenge. */
export function newestCorrections(tenantId: string, challengeId: string): Statement {
  return {
    name: 'challenge_corrections_newest',
    text: `select distinct on ("subjectId") * from (${CORRECTION} where tenant_id = $1 and challenge_id = $2) c
           order by "subjectId", id desc`,
    values: [tenantId, challengeId],
  }
}

/** Returns a page of a challenge's corrections, the newest first. */
export async function listCorrections(actor: Actor, challengeId: string, first: number, after: string | null) {
  const size = pageSize(first)
  const list = listOf('corrections', challengeId)
  const [id] = after ? decodeCursor(list, after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<CorrectionRow>(actor, {
    text: `${CORRECTION} where tenant_id = $1 and challenge_id = $2 and id < $3::uuid order by id desc limit $4`,
    values: [actor.tenantId, challengeId, id, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.id]), after)
}

/** A grant's row as reads return it; a discount that was not used in time shows as EXPIRED. */
export interface GrantRow {
  [column: string]: unknown
  id: string; challengeId: string; subjectId: string; userId: string | null; reward: Reward; points: number | null
  title: string | null; state: string; createdBy: string | null; grantedAt: Date; decidedBy: string | null
  decidedAt: Date | null; fulfilledBy: string | null; fulfilledAt: Date | null; expiresAt: Date | null; note: string | null
}

/** The columns of a grant `g` of a challenge `c`. */
export const GRANT = `select g.id, g.challenge_id as "challengeId", g.subject_id as "subjectId", c.subject, g.user_id as "userId",
  g.reward, g.points, g.title, case when g.state = 'APPROVED' and g.expires_at <= now() then 'EXPIRED' else g.state end as state,
  c.created_by as "createdBy", g.granted_at as "grantedAt", g.decided_by as "decidedBy", g.decided_at as "decidedAt",
  g.fulfilled_by as "fulfilledBy", g.fulfilled_at as "fulfilledAt", g.expires_at as "expiresAt", g.note
  from challenge_grant g join challenge c on c.tenant_id = g.tenant_id and c.id = g.challenge_id`

/** The grants that exist for this reader: one's own and those of one's team, or all. */
function visibleTo(actor: Actor, at: number): { text: string; values: unknown[] } {
  if (decisionFor(actor, 'challengeGrant.read').reach === 'TENANT') return { text: '', values: [] }
  return {
    text: `and (g.user_id = $${at}::uuid or g.user_id is null and g.subject_id in (select m.team_id from team_membership m
      where m.tenant_id = g.tenant_id and m.user_id = $${at}::uuid and m.is_primary is not false))`,
    values: [actor.userId ?? NOBODY],
  }
}

/** Grants by id. */
export async function grantsById({ actor }: Pick<Context, 'actor'>, ids: readonly string[]) {
  const { text, values } = visibleTo(actor, 3)
  return inOrder(ids, await inTenantOnce<GrantRow>(actor, {
    text: `${GRANT} where g.tenant_id = $1 and g.id = any($2::uuid[]) ${text}`, values: [actor.tenantId, ids, ...values],
  }))
}
registerNode('ChallengeGrant', grantsById, 'challengeGrant.read')

/** Returns a page of grants, the newest first. */
export async function listGrants(actor: Actor, first: number, after: string | null, state: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('grants', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const { text, values } = visibleTo(actor, 5)
  const rows = await inTenantOnce<GrantRow>(actor, {
    text: `select * from (${GRANT} where g.tenant_id = $1 and g.id < $2::uuid ${text}) granted
           where $3::text is null or state = $3 order by id desc limit $4`,
    values: [actor.tenantId, id, state, size + 1, ...values],
  })
  return pageOf(rows, size, row => encodeCursor('grants', [row.id]), after)
}

/**
 * Points that challenges gave to teams and departments themselves, by their id: shown beside the points of their people.
 */
export async function ownPoints({ actor }: Context, subjectIds: readonly string[]) {
  return inOrder(subjectIds, await inTenantOnce<{ id: string; points: number }>(actor, {
    name: 'challenge_own_points',
    text: `select subject_id as id, sum(points)::bigint as points from challenge_grant
           where tenant_id = $1 and subject_id = any($2::uuid[]) and user_id is null and points is not null group by 1`,
    values: [actor.tenantId, subjectIds],
  }))
}
