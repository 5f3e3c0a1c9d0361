/**
 * The only writer of benefits: what levels and badges entitle a person to, granted by somebody else, never automatically.
 * What was granted stays when a level falls; what waits is withdrawn.
 */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { derivedId } from '../platform/ids.ts'
import { emitStatement } from '../platform/outbox.ts'
import { isOther } from '../platform/policy.rules.ts'
import { type Actor, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { reachStatement } from '../users/user.queries.ts'

/** What a person is due: `source` says by what ("level expert"); a level's benefit has its number. */
export interface Entitlement { userId: string; source: string; benefit: string; levelNumber: number | null }

/** Returns the statement that makes benefits due; those that are pending or granted already stay as they are. */
export function entitleStatement(tenantId: string, now: Date, due: readonly Entitlement[]): Statement {
  const once = [...new Map(due.map(each => [`${each.userId} ${each.source} ${each.benefit}`, each])).entries()]
  const column = <T>(pick: (each: Entitlement) => T) => once.map(([, each]) => pick(each))
  return {
    name: 'benefits_entitle',
    text: `insert into user_benefit (tenant_id, id, user_id, source, benefit, level_number, state, entitled_at)
           select $1, id, user_id, source, benefit, number, 'PENDING', $2
           from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[]) as t (id, user_id, source, benefit, number)
           order by user_id, source, benefit
           on conflict (tenant_id, user_id, source, benefit) do update
             set state = 'PENDING', entitled_at = excluded.entitled_at, decided_at = null
             where user_benefit.state = 'WITHDRAWN'`,
    values: [
      tenantId, now, once.map(([key]) => derivedId(tenantId, 'benefit', key)), column(({ userId }) => userId),
      column(({ source }) => source), column(({ benefit }) => benefit), column(({ levelNumber }) => levelNumber),
    ],
  }
}

/** Returns the statement that withdraws what waits of levels above those to which people fell. */
export function withdrawStatement(
  tenantId: string, now: Date, fallen: readonly { userId: string; to: number }[],
): Statement {
  return {
    name: 'benefits_withdraw',
    text: `update user_benefit b set state = 'WITHDRAWN', decided_at = $2
           from unnest($3::uuid[], $4::int[]) as t (user_id, number)
           where b.tenant_id = $1 and b.user_id = t.user_id and b.level_number > t.number and b.state = 'PENDING'`,
    values: [tenantId, now, fallen.map(({ userId }) => userId), fallen.map(({ to }) => to)],
  }
}

/** What `benefit.granted` says. */
export interface BenefitGranted { benefitId: string; userId: string; source: string; benefit: string }

/**
 * Grants a benefit that waits, and returns its id with the commit's mark; emits `benefit.granted`.
 * @throws Refusal NOT_FOUND | FORBIDDEN | ALREADY_DECIDED
 */
export async function grantBenefit(actor: Actor, benefitId: string): Promise<{ benefitId: string; mark: number }> {
  const { tenantId, userId: granter, now } = actor
  return inTenantBatch(actor, async batch => {
    const [[found]] = await batch.run([{
      name: 'benefit_lock',
      text: 'select user_id as "userId", source, benefit, state from user_benefit where tenant_id = $1 and id = $2 for update',
      values: [tenantId, benefitId],
    }]) as [[{ userId: string; source: string; benefit: string; state: string }?]]
    const [reached] = found ? await batch.run([reachStatement(actor, 'benefit.grant', [found.userId])]) : [[]]
    if (!found || !reached!.length) {
      throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such benefit of anybody you may grant it to.', ['benefitId'])
    }
    if (!isOther(found.userId, granter)) {
      throw new Refusal(ErrorCode.FORBIDDEN, 'A person grants benefits to others, never to themself.', ['benefitId'])
    }
    if (found.state !== 'PENDING') {
      throw new Refusal(ErrorCode.ALREADY_DECIDED, `This benefit is ${found.state.toLowerCase()} already.`, ['benefitId'])
    }
    const { userId, source, benefit } = found
    describeCommand(actor, {
      subject: `benefit:${benefitId}`, forUserId: userId, beforeHash: hashOfAll([JSON.stringify(found)]),
      afterHash: hashOfAll([JSON.stringify({ ...found, state: 'GRANTED' })]),
    })
    const said: BenefitGranted = { benefitId, userId, source, benefit }
    const answers = await batch.last([
      {
        name: 'benefit_grant',
        text: `update user_benefit set state = 'GRANTED', decided_by = $3, decided_at = $4 where tenant_id = $1 and id = $2`,
        values: [tenantId, benefitId, granter, now],
      },
      emitStatement(tenantId, 'benefit.granted', said),
    ])
    return { benefitId, mark: Number(answers.at(-1)![0]!.mark) }
  })
}
