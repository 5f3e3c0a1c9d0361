/** The only writer of claims: a person says with evidence what they did, another who leads them attests or rejects it. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { isOther } from '../platform/policy.rules.ts'
import { type Actor, type Batch, inTenantBatch, retried, type Statement } from '../platform/tenancy.ts'
import { reachStatement } from '../users/user.queries.ts'
import { completionStatements } from './completion.service.ts'
import { completionsStatement, type CompletionRow, pathsInForce } from './skill.queries.ts'
import { type PathRow, refusalForClaim } from './skill.rules.ts'

/** What a person claims of themself. */
export interface ClaimWish { path: string; level: number; evidence: string }

const markOf = (answers: Record<string, unknown>[][]) => Number(answers.at(-1)![0]!.mark)

async function around(batch: Batch, { tenantId, now }: Actor, userId: string, path: string) {
  const [paths, rows] = await batch.run([pathsInForce(tenantId, now), completionsStatement(tenantId, [userId])]) as unknown as
    [PathRow[], CompletionRow[]]
  return {
    path: paths.find(({ key }) => key === path),
    completed: new Set(rows.filter(row => row.path === path).map(({ level }) => level)),
  }
}

/**
 * Claims the next milestone of a path, and returns the claim's id with the commit's mark; the same claim again answers the one
 * that waits, with null. Emits `skill.claimed`.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE | INVALID | ALREADY_DECIDED | TAKEN | FORBIDDEN
 */
export function claimSkill(actor: Actor, wish: ClaimWish): Promise<{ claimId: string; mark: number | null }> {
  const { tenantId, userId, now } = actor
  if (!userId) throw new Refusal(ErrorCode.FORBIDDEN, 'A milestone is claimed by the person: use a personal token.')
  const { path: key, level } = wish
  const evidence = wish.evidence.trim()
  // A claim made at the same time fails the insert; the next try sees it.
  return retried(() => inTenantBatch(actor, async batch => {
    const known = await around(batch, actor, userId, key)
    const refusal = refusalForClaim({ level, evidence }, known)
    if (refusal) throw refusal
    const [[waiting]] = await batch.run([{
      name: 'skill_claim_pending',
      text: `select id, evidence from skill_claim where tenant_id = $1 and user_id = $2 and path = $3 and level = $4
        and state = 'PENDING'`,
      values: [tenantId, userId, key, level],
    }]) as unknown as [[{ id: string; evidence: string }?]]
    if (waiting?.evidence === evidence) return { claimId: waiting.id, mark: null }
    if (waiting) throw new Refusal(ErrorCode.TAKEN, 'A claim of yours for this milestone waits already.', ['level'])
    const claimId = newId(now)
    const { title } = known.path!.milestones[level - 1]!
    describeCommand(actor, {
      subject: `skill_claim:${claimId}`, forUserId: userId, afterHash: hashOfAll([JSON.stringify([key, level, evidence])]),
    })
    return {
      claimId,
      mark: markOf(await batch.last([
        {
          name: 'skill_claim_insert',
          text: `insert into skill_claim (tenant_id, id, user_id, path, level, title, evidence, state, claimed_at)
            values ($1, $2, $3, $4, $5, $6, $7, 'PENDING', $8)`,
          values: [tenantId, claimId, userId, key, level, title, evidence, now],
        },
        emitStatement(tenantId, 'skill.claimed', { claimId, userId, path: key, level }),
      ])),
    }
  }))
}

interface Waiting { userId: string; path: string; level: number; state: string }

/** Returns the claim under lock, which the actor may decide. @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED */
async function decidable(batch: Batch, actor: Actor, claimId: string): Promise<Waiting> {
  const [[found]] = await batch.run([{
    name: 'skill_claim_lock',
    text: 'select user_id as "userId", path, level, state from skill_claim where tenant_id = $1 and id = $2 for update',
    values: [actor.tenantId, claimId],
  }]) as unknown as [[Waiting?]]
  const [reached] = found ? await batch.run([reachStatement(actor, 'skill.attest', [found.userId])]) : [[]]
  const isOwn = found?.userId === actor.userId
  if (!found || (!reached!.length && !isOwn)) {
    throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such claim of anybody you lead.', ['claimId'])
  }
  if (!isOther(found.userId, actor.userId)) {
    throw new Refusal(ErrorCode.FORBIDDEN, 'Somebody else decides on a claim, a person who leads the claimant.', ['claimId'])
  }
  if (found.state !== 'PENDING') {
    throw new Refusal(ErrorCode.ALREADY_DECIDED, `This claim is ${found.state.toLowerCase()} already.`, ['claimId'])
  }
  return found
}

/**
 * Attests a claim: the milestone is completed with its points; returns the claim's id with the commit's mark. Emits
 * `points.granted` and `skill.completed`.
 * @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED | OUT_OF_RANGE | INVALID
 */
export function attestClaim(actor: Actor, claimId: string): Promise<{ claimId: string; mark: number }> {
  return retried(() => inTenantBatch(actor, async batch => {
    const claim = await decidable(batch, actor, claimId)
    const { userId, path: key, level } = claim
    const known = await around(batch, actor, userId, key)
    // What held when it was claimed must hold still: the path may have been revised meanwhile.
    const refusal = refusalForClaim({ level, evidence: 'was checked when it was claimed' }, known)
    if (refusal) throw new Refusal(refusal.code, refusal.message, ['claimId'])
    const path = known.path!
    note(actor, claimId, claim, 'ATTESTED')
    const writes = await completionStatements(
      batch, actor, [{ userId, path, level, milestone: path.milestones[level - 1]!, claimId, at: actor.now }])
    return { claimId, mark: markOf(await batch.last([decideStatement(actor, claimId, 'ATTESTED', null), ...writes])) }
  }))
}

/**
 * Rejects a claim with a reason; the person may claim again. Returns the claim's id with the commit's mark; emits
 * `skill.rejected`.
 * @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED | INVALID
 */
export function rejectClaim(actor: Actor, claimId: string, why: string): Promise<{ claimId: string; mark: number }> {
  const reason = why.trim()
  if (!isPlainText(reason, LIMITS.noteLengthMax, 1)) {
    throw new Refusal(ErrorCode.INVALID, `reason must have 1 to ${LIMITS.noteLengthMax} characters.`, ['reason'])
  }
  return inTenantBatch(actor, async batch => {
    const { tenantId } = actor
    const claim = await decidable(batch, actor, claimId)
    note(actor, claimId, claim, 'REJECTED')
    const { userId, path, level } = claim
    const said = { claimId, userId, path, level, reason }
    const answers = await batch.last([
      decideStatement(actor, claimId, 'REJECTED', reason), emitStatement(tenantId, 'skill.rejected', said),
    ])
    return { claimId, mark: markOf(answers) }
  })
}

function note(actor: Actor, claimId: string, claim: Waiting, state: string): void {
  describeCommand(actor, {
    subject: `skill_claim:${claimId}`, forUserId: claim.userId, beforeHash: hashOfAll([JSON.stringify(claim)]),
    afterHash: hashOfAll([JSON.stringify({ ...claim, state })]),
  })
}

function decideStatement({ tenantId, userId, now }: Actor, claimId: string, state: string, reason: string | null): Statement {
  return {
    name: 'skill_claim_decide',
    text: `update skill_claim set state = $3, decided_by = $4, decided_at = $5, reason = $6 where tenant_id = $1 and id = $2`,
    values: [tenantId, claimId, state, userId, now, reason],
  }
}
