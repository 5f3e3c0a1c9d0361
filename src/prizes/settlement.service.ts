/**
 * The only writer of settlements: once, a day after its end, a challenge is counted for the last time, its tiers are given and
 * its points paid, all in one transaction. What is no points waits for another person.
 */
import { CHALLENGE_AWARD } from '../challenges/measure.queries.ts'
import { type ChallengeRow, closeStatement } from '../challenges/challenge.service.ts'
import { decimal, type Placed, settlesAt } from '../challenges/challenge.rules.ts'
import { aimOf, lockChallenges, namesOf, recountChallenge } from '../challenges/progress.service.ts'
import { newId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, retried, type Statement } from '../platform/tenancy.ts'
import { type Award, awardPoints } from '../points/award.service.ts'
import { type Outcome, outcomesFor, paymentsFor } from './settlement.rules.ts'

/** One subject's end as the event carries it; `tier` is its place in the challenge's tiers. */
export type ResultTuple = [subjectId: string, rank: number | null, value: string | null, tier: number | null, points: number]

/** What `challenge.settled` says. */
export interface Settled {
  challengeId: string; kind: ChallengeRow['kind']; title: string; subject: ChallengeRow['subject']; revision: number
  results: ResultTuple[]; titles: (string | null)[]; names: Record<string, string>; changes: []; left: []
}

/**
 * Settles a challenge when it is due and returns whether it did; emits `challenge.settled`. Whoever comes second finds it
 * settled. A judged challenge waits for its verdicts.
 */
export async function settleChallenge(actor: Actor, challengeId: string): Promise<boolean> {
  const { tenantId, now } = actor
  return retried(() => inTenantBatch(actor, async batch => {
    const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
    if (challenge?.state !== 'OPEN' || now < settlesAt(challenge.endsAt)) return false
    const verdicts = await verdictsOf(batch, tenantId, challenge)
    if (!verdicts) return false
    const { placed, writes, events } = await recountChallenge(batch, actor, challenge, {})
    const outcomes = outcomesFor(placed, { aim: aimOf(challenge), measure: challenge.measure, tiers: challenge.tiers, verdicts })
    const { grants, awards } = await grantsFor(batch, actor, challenge, outcomes)
    const paid = await awardPoints(batch, actor, awards)
    const names = await namesOf(batch, tenantId, challenge, outcomes.filter(({ tier }) => tier !== null)
      .map(({ subjectId }) => subjectId))
    const revision = challenge.revision + (events.length ? 2 : 1)
    await batch.last([
      ...writes, closeStatement(tenantId, challengeId, 'SETTLED', revision, now),
      ...resultStatements(actor, challengeId, placed, outcomes), grantInsert(tenantId, grants), ...paid, ...events,
      emitStatement(tenantId, 'challenge.settled', settledOf(challenge, revision, placed, outcomes, names)),
    ])
    return true
  }))
}

function settledOf(
  { id, kind, title, subject, tiers }: ChallengeRow, revision: number, placed: readonly Placed[], outcomes: readonly Outcome[],
  names: ReadonlyMap<string, string>,
): Settled {
  return {
    challengeId: id, kind, title, subject, revision, changes: [], left: [], titles: tiers.map(tier => tier.title ?? null),
    names: Object.fromEntries(names),
    results: placed.map(({ subjectId, rank, value }, at) =>
      [subjectId, rank, value === null ? null : decimal(value), outcomes[at]!.tier, outcomes[at]!.points]),
  }
}

/** Returns the verdicts of a judged challenge, null while there are none; of others there is nothing to wait for. */
async function verdictsOf(batch: Batch, tenantId: string, { id, measure }: ChallengeRow): Promise<Map<string, string> | null> {
  if (measure.kind !== 'JUDGED') return new Map()
  const [[row]] = await batch.run([{
    name: 'challenge_verdicts', text: 'select verdicts from challenge_judgement where tenant_id = $1 and challenge_id = $2',
    values: [tenantId, id],
  }]) as [{ verdicts: [string, string][] }[]]
  return row ? new Map(row.verdicts) : null
}

interface NewGrant {
  id: string; challengeId: string; subjectId: string; userId: string | null; reward: string; points: number | null
  title: string | null; state: 'GRANTED' | 'FULFILLED'; now: Date
}

/** The key under which a person's points for a challenge are paid, once. */
export const awardKey = (challengeId: string, subjectId: string, userId: string) =>
  `challenge:${challengeId}:${subjectId}:${userId}`

async function grantsFor(
  batch: Batch, { tenantId, now }: Actor, challenge: ChallengeRow, outcomes: readonly Outcome[],
): Promise<{ grants: NewGrant[]; awards: Award[] }> {
  const { id: challengeId, subject, payout, series, tiers } = challenge
  const paid = outcomes.filter(({ points }) => points > 0).map(({ subjectId }) => subjectId)
  const people = payout === 'OWN' ? new Map<string, string[]>() : await peopleOf(batch, tenantId, challenge, paid)
  const grants: NewGrant[] = []
  const awards: Award[] = []
  for (const { subjectId, tier, rewards, points } of outcomes) {
    const common = { challengeId, subjectId, title: tier === null ? null : tiers[tier]!.title ?? null, now }
    for (const reward of rewards) {
      if (reward.kind === 'POINTS') continue
      const userId = subject === 'USER' ? subjectId : null
      grants.push({ ...common, id: newId(now), userId, reward: JSON.stringify(reward), points: null, state: 'GRANTED' })
    }
    if (!points) continue
    for (const payment of paymentsFor(subject, payout, subjectId, points, people.get(subjectId) ?? [])) {
      const reward = JSON.stringify({ kind: 'POINTS', points: payment.points })
      grants.push({ ...common, id: newId(now), ...payment, reward, state: 'FULFILLED' })
      if (payment.userId === null) continue
      const { userId } = payment
      awards.push({
        key: awardKey(challengeId, subjectId, userId), userId, points: payment.points, type: `${CHALLENGE_AWARD} ${series}`,
        occurredAt: now,
      })
    }
  }
  return { grants, awards }
}

/** Returns who belonged to teams, departments or the company when the challenge ended, and has not left since. */
async function peopleOf(batch: Batch, tenantId: string, { subject, endsAt }: ChallengeRow, ids: readonly string[]) {
  const column = { USER: 'u.id', TEAM: 't.id', DEPARTMENT: 't.department_id', TENANT: 'u.tenant_id' }[subject]
  const [rows] = await batch.run([{
    text: `select ${column} as id, u.id as "userId" from users u
           left join team_membership m on m.tenant_id = u.tenant_id and m.user_id = u.id and m.is_primary is not false
             and m.starts_at < $3 and (m.ends_at is null or m.ends_at >= $3)
           left join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
           where u.tenant_id = $1 and u.deactivated_at is null and ${column} = any($2::uuid[]) order by u.id`,
    values: [tenantId, ids, endsAt],
  }])
  const people = new Map<string, string[]>()
  for (const { id, userId } of rows as { id: string; userId: string }[]) people.set(id, [...people.get(id) ?? [], userId])
  return people
}

function resultStatements(
  { tenantId, now }: Actor, challengeId: string, placed: readonly Placed[], outcomes: readonly Outcome[],
): Statement[] {
  const column = <T>(pick: (each: Placed, at: number) => T) => placed.map(pick)
  const text = (value: bigint | null) => value === null ? null : decimal(value)
  return [
    {
      name: 'challenge_settle',
      text: 'insert into challenge_settlement (tenant_id, challenge_id, settled_at, subject_count) values ($1, $2, $3, $4)',
      values: [tenantId, challengeId, now, placed.length],
    },
    {
      name: 'challenge_result_insert',
      text: `insert into challenge_result (tenant_id, challenge_id, subject_id, position, value, percent, rank, reached_at, parts,
               tier, points)
             select $1, $2, * from unnest($3::uuid[], $4::int[], $5::numeric[], $6::numeric[], $7::int[], $8::timestamptz[],
               $9::json[], $10::int[], $11::bigint[])`,
      values: [
        tenantId, challengeId, column(({ subjectId }) => subjectId), column((_, at) => at + 1),
          column(({ value }) => text(value)),
        column(({ percent }) => percent === null ? null : percent / 100), column(({ rank }) => rank),
        column(({ reachedAt }) => reachedAt), column(({ parts }) => parts && JSON.stringify(parts.map(text))),
        column((_, at) => outcomes[at]!.tier), column((_, at) => outcomes[at]!.points),
      ],
    },
  ]
}

function grantInsert(tenantId: string, grants: readonly NewGrant[]): Statement {
  const column = <T>(pick: (grant: NewGrant) => T) => grants.map(pick)
  return {
    name: 'challenge_grant_insert',
    text: `insert into challenge_grant (tenant_id, id, challenge_id, subject_id, user_id, reward, points, title, state,
      granted_at,
             fulfilled_at)
           select $1, id, challenge_id, subject_id, user_id, reward, points, title, state, at,
             case when state = 'FULFILLED' then at end
           from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::json[], $7::bigint[], $8::text[], $9::text[],
             $10::timestamptz[]) g (id, challenge_id, subject_id, user_id, reward, points, title, state, at)`,
    values: [
      tenantId, column(({ id }) => id), column(({ challengeId }) => challengeId), column(({ subjectId }) => subjectId),
      column(({ userId }) => userId), column(({ reward }) => reward), column(({ points }) => points),
        column(({ title }) => title),
      column(({ state }) => state), column(({ now }) => now),
    ],
  }
}
