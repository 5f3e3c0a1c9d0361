/** The only writer of judgements, and of what becomes of grants: decided by another person, then fulfilled. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { missingChallenge } from '../challenges/challenge.service.ts'
import { lockChallenges } from '../challenges/progress.service.ts'
import { mayDecide } from './settlement.rules.ts'
import { GRANT, type GrantRow } from './settlement.queries.ts'

/**
 * Enters the verdicts of a judged challenge (TCHAL-3) and returns the commit's mark; emits `challenge.judged`. Until it is
 * settled, the last judgement counts, and it replaces the one before.
 * @throws Refusal NOT_FOUND | INVALID | ALREADY_DECIDED
 */
export async function judgeChallenge(
  actor: Actor, { challengeId, verdicts }: { challengeId: string; verdicts: readonly { subjectId: string; verdict: string }[] },
): Promise<{ mark: number }> {
  const { tenantId, userId, now } = actor
  return inTenantBatch(actor, async batch => {
    const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
    if (!challenge) throw missingChallenge()
    const { measure, state, startsAt, title } = challenge
    if (measure.kind !== 'JUDGED') {
      throw new Refusal(ErrorCode.INVALID, 'This challenge counts: it has no verdicts.', ['challengeId'])
    }
    if (state !== 'OPEN') throw new Refusal(ErrorCode.ALREADY_DECIDED, 'This challenge is decided already.', ['challengeId'])
    if (now < startsAt) throw new Refusal(ErrorCode.INVALID, 'It has not begun: judge what was done.', ['challengeId'])
    const unknown = verdicts.findIndex(({ verdict }) => !measure.verdicts.includes(verdict))
    if (unknown >= 0) {
      throw new Refusal(ErrorCode.INVALID, `The verdicts of this challenge are ${measure.verdicts.join(', ')}.`,
        ['verdicts', String(unknown), 'verdict'])
    }
    const ids = verdicts.map(({ subjectId }) => subjectId)
    if (new Set(ids).size < ids.length) throw new Refusal(ErrorCode.INVALID, 'One verdict for each subject.', ['verdicts'])
    const [enrolled] = await batch.run([{
      text: `select subject_id as id from challenge_enrollment
             where tenant_id = $1 and challenge_id = $2 and state = 'ENROLLED' and subject_id = any($3::uuid[])`,
      values: [tenantId, challengeId, ids],
    }])
    const stranger = ids.findIndex(id => !enrolled!.some(row => row.id === id))
    if (stranger >= 0) {
      throw new Refusal(ErrorCode.NOT_FOUND, 'This one takes no part in the challenge.',
        ['verdicts', String(stranger), 'subjectId'])
    }
    const said = JSON.stringify(verdicts.map(({ subjectId, verdict }) => [subjectId, verdict]))
    describeCommand(actor, { subject: `challenge:${challengeId}`, afterHash: hashOfAll([said]) })
    const answers = await batch.last([
      {
        text: `insert into challenge_judgement (tenant_id, challenge_id, verdicts, judged_by, judged_at) values ($1, $2, $3, $4,
          $5)
               on conflict (tenant_id, challenge_id) do update set verdicts = excluded.verdicts, judged_by = excluded.judged_by,
                 judged_at = excluded.judged_at`,
        values: [tenantId, challengeId, said, userId, now],
      },
      emitStatement(tenantId, 'challenge.judged', { challengeId, title }),
    ])
    return { mark: answers.at(-1)![0]!.mark as number }
  })
}

/** What may become of a grant. */
export type GrantStep = 'APPROVED' | 'REJECTED' | 'FULFILLED'

const FROM: Record<GrantStep, string> = { APPROVED: 'GRANTED', REJECTED: 'GRANTED', FULFILLED: 'APPROVED' }

/**
 * Approves or rejects a grant, or says that it is fulfilled, and returns the commit's mark; emits `challenge_grant.decided` or
 * `challenge_grant.fulfilled`. Neither who set the challenge nor who gets the reward decides on it.
 * @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED | INVALID
 */
export async function moveGrant(
  actor: Actor, { grantId, step, note }: { grantId: string; step: GrantStep; note: string | null },
): Promise<{ mark: number }> {
  const { tenantId, userId, now } = actor
  if (note !== null && !isPlainText(note, LIMITS.noteLengthMax, 1)) {
    throw new Refusal(ErrorCode.INVALID, `note must have 1 to ${LIMITS.noteLengthMax} characters.`, ['note'])
  }
  return inTenantBatch(actor, async batch => {
    const [[grant]] = await batch.run([{
      text: `${GRANT} where g.tenant_id = $1 and g.id = $2 for update of g`, values: [tenantId, grantId],
    }]) as [GrantRow[]]
    if (!grant) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such grant.', ['grantId'])
    if (!mayDecide(userId, grant)) {
      throw new Refusal(ErrorCode.FORBIDDEN, 'Somebody else decides: neither who set the challenge nor who gets the reward.',
        ['grantId'])
    }
    if (grant.state !== FROM[step]) {
      throw new Refusal(ErrorCode.ALREADY_DECIDED,
        `This grant is ${grant.state}: only one that is ${FROM[step]} can become ${step}.`,
        ['grantId'])
    }
    const { reward } = grant
    const isTimed = step === 'APPROVED' && reward.kind === 'DISCOUNT' && reward.validDays !== undefined
    const expiresAt = isTimed ? new Date(now.getTime() + (reward as { validDays: number }).validDays * 86_400_000)
      : grant.expiresAt
    describeCommand(actor, { subject: `challenge_grant:${grantId}`, forUserId: grant.userId, afterHash: hashOfAll([step]) })
    const [by, at] = step === 'FULFILLED' ? ['fulfilled_by', 'fulfilled_at'] : ['decided_by', 'decided_at']
    const { challengeId, subjectId } = grant
    const told = { grantId, challengeId, subjectId, subject: grant.subject, userId: grant.userId, state: step, reward }
    const answers = await batch.last([
      {
        text: `update challenge_grant set state = $3, ${by} = $4, ${at} = $5, expires_at = $6, note = coalesce($7, note)
               where tenant_id = $1 and id = $2`,
        values: [tenantId, grantId, step, userId, now, expiresAt, note],
      },
      step === 'FULFILLED' ? emitStatement(tenantId, 'challenge_grant.fulfilled', told)
        : emitStatement(tenantId, 'challenge_grant.decided', told),
    ])
    return { mark: answers.at(-1)![0]!.mark as number }
  })
}
