/**
 * The only writer of enrollments: invitations, joining and leaving. Whoever joins is counted from the challenge's beginning;
 * whoever leaves stands no longer in it, and others move up.
 */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, type Batch, inTenantBatch, NOBODY, retried, type Statement } from '../platform/tenancy.ts'
import { enrollmentFor, type EnrollmentState, type EnrollmentWish, statusAt, type Subject } from './challenge.rules.ts'
import { type ChallengeRow, challengesById } from './challenge.queries.ts'
import { missingChallenge } from './challenge.service.ts'
import { lockChallenges, recountChallenge } from './progress.service.ts'

/**
 * Has a subject join a challenge, or leave it, and returns the commit's mark, null when nothing changed; emits
 * `challenge.enrolled` or `challenge.left`. A person decides for themself, a lead for their team, a head for their department, an
 * admin for all. `subjectId` null means oneself, or what one leads when that is one.
 * @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED | OUT_OF_RANGE | INVALID
 */
export async function enroll(
  actor: Actor, { challengeId, subjectId, wish }: { challengeId: string; subjectId: string | null; wish: EnrollmentWish },
): Promise<{ subjectId: string; mark: number | null }> {
  const { tenantId, userId, now } = actor
  const [seen] = await challengesById({ actor }, [challengeId])
  if (!seen) throw missingChallenge()
  return retried(() => inTenantBatch(actor, async batch => {
    const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
    const who = await decider(batch, actor, challenge!, subjectId)
    const before = await stateOf(batch, tenantId, challengeId, who.subjectId)
    const next = enrollmentFor(wish, before.state, challenge!.enrollment, statusAt(challenge!, now.getTime()))
    if (next instanceof Refusal) throw next
    if (next === null) return { subjectId: who.subjectId, mark: null }
    if (next === 'ENROLLED' && before.enrolled >= LIMITS.challengeSubjectsMax) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `At most ${LIMITS.challengeSubjectsMax} take part in a challenge.`,
        ['challengeId'])
    }
    describeCommand(actor, {
      subject: `challenge:${challengeId}`, forUserId: challenge!.subject === 'USER' ? who.subjectId : null,
      afterHash: hashOfAll([next, who.subjectId]),
    })
    await batch.run([storeStatement(tenantId, { challengeId, subjectId: who.subjectId, state: next, userId, now })])
    const { writes, events } = await recountChallenge(batch, actor, challenge!, { concerned: new Set([who.subjectId]) })
    const { kind, title, subject } = challenge!
    const topic = next === 'ENROLLED' ? 'challenge.enrolled' : 'challenge.left'
    const answers = await batch.last([
      ...writes, ...events, emitStatement(tenantId, topic, { challengeId, kind, title, subject, subjectId: who.subjectId }),
    ])
    return { subjectId: who.subjectId, mark: answers.at(-1)![0]!.mark as number }
  }))
}

const LED: Record<Subject, string> = {
  USER: `select id, id = $3::uuid as own from users where tenant_id = $1 and deactivated_at is null
    and id = coalesce($2::uuid, $3::uuid)`,
  TEAM: `select t.id, $3::uuid in (t.lead_id, d.head_id) as own from team t
    left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
    where t.tenant_id = $1 and (t.id = $2::uuid or $2::uuid is null and t.lead_id = $3::uuid) order by t.id limit 2`,
  DEPARTMENT: `select id, head_id = $3::uuid as own from department
    where tenant_id = $1 and (id = $2::uuid or $2::uuid is null and head_id = $3::uuid) order by id limit 2`,
  TENANT: 'select tenant_id as id, false as own from tenant where tenant_id = $1 and $2::uuid is distinct from $3::uuid',
}

/** Returns for whom the actor decides. @throws Refusal */
async function decider(
  batch: Batch, actor: Actor, { subject, onlySubject }: ChallengeRow, wanted: string | null,
): Promise<{ subjectId: string }> {
  const [rows] = await batch.run([
    { text: LED[subject], values: [actor.tenantId, wanted ?? onlySubject, actor.userId ?? NOBODY] },
  ]) as [{ id: string; own: boolean | null }[]]
  const [first, second] = rows
  const word = subject.toLowerCase()
  if (!first) throw new Refusal(ErrorCode.NOT_FOUND, `There is no such ${word}, or none that you lead: name one.`, ['subjectId'])
  if (second) throw new Refusal(ErrorCode.INVALID, `You lead more than one ${word}: name the one that is meant.`, ['subjectId'])
  if (onlySubject && first.id !== onlySubject) {
    throw new Refusal(ErrorCode.FORBIDDEN, 'This challenge is for another.', ['subjectId'])
  }
  if (!first.own && decisionFor(actor, 'challenge.enroll').reach !== 'TENANT') {
    throw new Refusal(ErrorCode.FORBIDDEN, 'One decides for oneself, a lead for their team, a head for their department.',
      ['subjectId'])
  }
  return { subjectId: first.id }
}

async function stateOf(batch: Batch, tenantId: string, challengeId: string, subjectId: string) {
  const [[row]] = await batch.run([{
    name: 'enrollment_state',
    text: `select max(state) filter (where subject_id = $3) as state, count(*) filter (where state = 'ENROLLED')::int as enrolled
           from challenge_enrollment where tenant_id = $1 and challenge_id = $2`,
    values: [tenantId, challengeId, subjectId],
  }]) as [[{ state: EnrollmentState | null; enrolled: number }]]
  return row
}

interface NewState { challengeId: string; subjectId: string; state: EnrollmentState; userId: string | null; now: Date }

function storeStatement(tenantId: string, { challengeId, subjectId, state, userId, now }: NewState): Statement {
  return {
    name: 'enrollment_store',
    text: `insert into challenge_enrollment (tenant_id, challenge_id, subject_id, state, changed_by, changed_at)
           values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, challenge_id, subject_id) do update
           set state = excluded.state, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
    values: [tenantId, challengeId, subjectId, state, userId, now],
  }
}

/**
 * Invites subjects to a challenge and returns the commit's mark, null when all of them knew; emits `challenge.invited`. Whoever
 * has opted out is not asked again.
 * @throws Refusal NOT_FOUND | ALREADY_DECIDED | OUT_OF_RANGE
 */
export async function invite(
  actor: Actor, { challengeId, subjectIds }: { challengeId: string; subjectIds: readonly string[] },
): Promise<{ mark: number | null }> {
  const { tenantId, userId, now } = actor
  const wanted = [...new Set(subjectIds)]
  if (!wanted.length || wanted.length > LIMITS.challengeSubjectsMax) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `Name 1 to ${LIMITS.challengeSubjectsMax} subjects.`, ['subjectIds'])
  }
  return retried(() => inTenantBatch(actor, async batch => {
    const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
    if (!challenge || challenge.onlySubject) throw missingChallenge()
    const { kind, title, subject } = challenge
    const status = statusAt(challenge, now.getTime())
    if (status !== 'UPCOMING' && status !== 'RUNNING') {
      throw new Refusal(ErrorCode.ALREADY_DECIDED, 'This challenge has ended: choose one that runs.', ['challengeId'])
    }
    const table = { USER: 'users', TEAM: 'team', DEPARTMENT: 'department', TENANT: 'tenant' }[subject]
    const key = subject === 'TENANT' ? 'tenant_id' : 'id'
    const [known, held] = await batch.run([
      {
        text: `select ${key} as id from ${table} where tenant_id = $1 and ${key} = any($2::uuid[])
          ${subject === 'USER' ? 'and deactivated_at is null' : ''}`,
        values: [tenantId, wanted],
      },
      { text: 'select subject_id as id from challenge_enrollment where tenant_id = $1 and challenge_id = $2',
        values: [tenantId, challengeId] },
    ])
    if (known!.length < wanted.length) {
      throw new Refusal(ErrorCode.NOT_FOUND, `Not every ${subject.toLowerCase()} of these exists: leave out who does not.`,
        ['subjectIds'])
    }
    const fresh = wanted.filter(id => !held!.some(row => row.id === id))
    if (!fresh.length) return { mark: null }
    if (held!.length + fresh.length > LIMITS.challengeSubjectsMax) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `At most ${LIMITS.challengeSubjectsMax} take part in a challenge.`,
        ['subjectIds'])
    }
    describeCommand(actor, { subject: `challenge:${challengeId}`, afterHash: hashOfAll(['INVITED', ...fresh]) })
    const answers = await batch.last([
      {
        text: `insert into challenge_enrollment (tenant_id, challenge_id, subject_id, state, invited_by, changed_by, changed_at)
               select $1, $2, id, 'INVITED', $4, $4, $5 from unnest($3::uuid[]) id`,
        values: [tenantId, challengeId, fresh, userId, now],
      },
      emitStatement(tenantId, 'challenge.invited', { challengeId, kind, title, subject, subjectIds: fresh }),
    ])
    return { mark: answers.at(-1)![0]!.mark as number }
  }))
}
