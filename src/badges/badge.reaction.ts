/**
 * Badges follow facts: when one comes in, what it measures is read anew of the person, and every level that is reached and
 * not yet earned is granted, ascending, once. What was earned stays, whatever comes later (BADGE-R1..R3).
 */
import { derivedId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { entitleStatement } from '../points/benefit.service.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { badgesInForce } from './badge.queries.ts'
import { type BadgeRow, missingLevels } from './badge.rules.ts'
import { measuredOf } from './measure.queries.ts'
import { type Measured, measuresTopic, valueOf } from './measure.rules.ts'
import { tallyStatements } from './tally.service.ts'
import { isTouched, touchedBy } from './touched.rules.ts'

/** What `badge.earned` says. */
export interface BadgeEarned {
  earnedBadgeId: string; userId: string; teamId: string | null; key: string; name: string; level: number; title: string
  measured: string; sample: number
}

export const badgeReaction: Reaction = {
  name: 'badges',
  hears: measuresTopic,
  gatherMs: 50,
  concerns: tenantId => ({
    name: 'badges_any', text: 'select 1 from badge where tenant_id = $1 limit 1', values: [tenantId],
  }),
  react: (actor, batch, events) => followBadges(actor, batch, events),
}

interface Earning { badge: BadgeRow; userId: string; level: number; title: string; measured: Measured; isFirst: boolean }

async function followBadges(actor: Actor, batch: Batch, events: LogEvent[]): Promise<Statement[]> {
  const { tenantId } = actor
  const touched = touchedBy(events)
  const at = events.at(-1)!.at
  if (!touched.size) return []
  const [badges, stored] = await batch.run([
    badgesInForce(tenantId, at),
    {
      name: 'badges_earned',
      text: 'select user_id as "userId", key, level from earned_badge where tenant_id = $1 and user_id = any($2::uuid[])',
      values: [tenantId, [...touched.keys()]],
    },
  ]) as unknown as [BadgeRow[], { userId: string; key: string; level: number }[]]
  const earned = Map.groupBy(stored, ({ userId, key }) => `${userId} ${key}`)
  const levelsOf = (userId: string, key: string) => new Set((earned.get(`${userId} ${key}`) ?? []).map(({ level }) => level))
  const wanted = badges.filter(({ active }) => active).map(badge => ({
    badge, measure: badge.measure,
    // Whoever has the last level has nothing left to earn: they are not measured again.
    userIds: [...touched].filter(([userId, what]) => isTouched(badge.measure, what)
      && !levelsOf(userId, badge.key).has(badge.levels.length)).map(([userId]) => userId),
  })).filter(({ userIds }) => userIds.length)
  if (!wanted.length) return []

  const counting = new Set(wanted.flatMap(({ measure, userIds }) => measure.kind === 'ACTIVITIES' ? userIds : []))
  if (counting.size) await batch.run(tallyStatements(tenantId, [...counting]))
  const measured = await measuredOf(statements => batch.run(statements), { tenantId, now: at }, wanted)
  const earnings = wanted.flatMap(({ badge, userIds }, place) => userIds.flatMap((userId): Earning[] => {
    const value = measured[place]!(userId)
    const has = levelsOf(userId, badge.key)
    return missingLevels(badge, value, has)
      .map(level => ({ badge, userId, ...level, measured: value, isFirst: has.size === 0 && level.level === 1 }))
  }))
  return earnings.length ? grantStatements(batch, actor, earnings, at) : []
}

async function grantStatements(batch: Batch, { tenantId }: Actor, earnings: readonly Earning[], at: Date): Promise<Statement[]> {
  const [teams] = await batch.run([{
    name: 'badges_teams',
    text: `select user_id as "userId", team_id as "teamId" from team_membership where tenant_id = $1 and user_id = any($2::uuid[])
      and is_primary is not false and starts_at <= $3 and (ends_at is null or ends_at > $3)`,
    values: [tenantId, [...new Set(earnings.map(({ userId }) => userId))], at],
  }])
  const teamOf = new Map(teams!.map(row => [row.userId as string, row.teamId as string]))
  const said = earnings.map(({ badge: { key, name }, userId, level, title, measured }): BadgeEarned => ({
    earnedBadgeId: derivedId(tenantId, 'earned_badge', `${userId} ${key} ${level}`), userId,
    teamId: teamOf.get(userId) ?? null, key, name, level, title, measured: valueOf(measured)!, sample: measured.sample,
  }))
  const column = <T>(pick: (each: BadgeEarned) => T) => said.map(pick)
  // The family's benefits come with its first level (BADGE-R1).
  const due = earnings.filter(({ isFirst }) => isFirst).flatMap(({ badge, userId }) =>
    badge.benefits.map(benefit => ({ userId, source: `badge ${badge.key}`, benefit, levelNumber: null })))
  return [
    {
      name: 'badges_earn',
      text: `insert into earned_badge (tenant_id, earned_at, id, user_id, badge_id, key, level, title, measured, sample)
             select $1, $2, * from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::int[], $8::text[], $9::numeric[],
               $10::int[])`,
      values: [
        tenantId, at, column(({ earnedBadgeId }) => earnedBadgeId), column(({ userId }) => userId),
        earnings.map(({ badge }) => badge.id), column(({ key }) => key), column(({ level }) => level),
        column(({ title }) => title), column(({ measured }) => measured), column(({ sample }) => sample),
      ],
    },
    ...due.length ? [entitleStatement(tenantId, at, due)] : [],
    ...said.map(each => emitStatement(tenantId, 'badge.earned', each)),
  ]
}
