/** The only writer of completed milestones: the row, its points by an award, and the news, in the caller's transaction. */
import { derivedId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { awardPoints } from '../points/award.service.ts'
import type { Milestone, PathRow } from './skill.rules.ts'

/** A milestone that somebody completed; `claimId` is null when it was counted. */
export interface Completion {
  userId: string; path: PathRow; level: number; milestone: Milestone; claimId: string | null; at: Date
}

/** What `skill.completed` says. */
export interface SkillCompleted {
  completionId: string; userId: string; teamId: string | null; path: string; name: string; level: number; title: string
  points: number; claimId: string | null
}

/** Returns the statements that complete these milestones, in order, each with its points; outbox rows are last. */
export async function completionStatements(
  batch: Batch, { tenantId, now }: Pick<Actor, 'tenantId' | 'now'>, completions: readonly Completion[],
): Promise<Statement[]> {
  if (!completions.length) return []
  const [teams] = await batch.run([{
    name: 'skill_teams',
    text: `select user_id as "userId", team_id as "teamId" from team_membership where tenant_id = $1 and user_id = any($2::uuid[])
      and is_primary is not false and starts_at <= $3 and (ends_at is null or ends_at > $3)`,
    values: [tenantId, [...new Set(completions.map(({ userId }) => userId))], now],
  }])
  const teamOf = new Map(teams!.map(row => [row.userId as string, row.teamId as string]))
  const said = completions.map(({ userId, path: { key, name }, level, milestone: { title, points }, claimId }
  ): SkillCompleted => ({
    completionId: derivedId(tenantId, 'skill_completion', `${userId} ${key} ${level}`), userId,
    teamId: teamOf.get(userId) ?? null, path: key, name, level, title, points, claimId,
  }))
  const awards = await awardPoints(batch, { tenantId, now }, completions.map(({ userId, path, level, milestone, at }) => ({
    key: `skill:${path.key}:${level}:${userId}`, userId, points: milestone.points, type: `skill ${path.key} ${level}`,
    occurredAt: at,
  })))
  const column = <T>(pick: (each: SkillCompleted) => T) => said.map(pick)
  return [
    {
      name: 'skill_complete',
      text: `insert into skill_completion (tenant_id, id, user_id, path_id, path, level, title, points, claim_id, completed_at)
             select $1, * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::bigint[],
               $9::uuid[], $10::timestamptz[])`,
      values: [
        tenantId, column(({ completionId }) => completionId), column(({ userId }) => userId),
        completions.map(({ path }) => path.id), column(({ path }) => path), column(({ level }) => level),
        column(({ title }) => title), column(({ points }) => points), column(({ claimId }) => claimId),
        completions.map(({ at }) => at),
      ],
    },
    ...awards,
    ...said.map(each => emitStatement(tenantId, 'skill.completed', each)),
  ]
}
