/** The only writer of standards. What is in force is loosened by two people only: one asks, another approves. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { emit } from '../platform/outbox.ts'
import { isOther } from '../platform/policy.rules.ts'
import { type Actor, inTenant, type Tx } from '../platform/tenancy.ts'
import { DECLARED, type DeclaredStandardRow, WITHDRAWAL, type WithdrawalRow } from './standard.queries.ts'
import {
  type Declaration, declarationFor, type DeclarationWish, isSame, refusalForDeclaration, refusalForReason, type StandardName,
  WITHDRAWAL_VALID_MS,
} from './standard.rules.ts'

/**
 * Declares a standard, or tightens one that is declared, and returns it with the commit's mark; emits `standard.declared`.
 * `region` is that of this node. What is declared so already is left alone: the mark is null.
 * @throws Refusal INVALID | OUT_OF_RANGE
 */
export function declareStandard(
  actor: Actor, { standard, ...wish }: DeclarationWish & { standard: StandardName }, region: string | null,
): Promise<{ declared: DeclaredStandardRow; mark: number | null }> {
  const { tenantId, userId, now } = actor
  return inTenant(actor, async tx => {
    await takeTurns(tx)
    const all = await tx.em.execute<DeclaredStandardRow[]>(`${DECLARED} where tenant_id = ?`, [tenantId])
    const current = all.find(each => each.standard === standard) ?? null
    const wished = declarationFor(standard, current, wish)
    const refusal = refusalForDeclaration(wished, current, all.filter(each => each !== current), region)
    if (refusal) throw refusal
    if (current && isSame(current, wished)) return { declared: current, mark: null }
    const { regions, sessionMinutesMax, auditDaysMin } = wished
    await tx.em.execute(
      `insert into declared_standard (tenant_id, standard, since, declared_by, regions, session_minutes_max, audit_days_min)
       values (?, ?, ?, ?, array(select json_array_elements_text(?::json)), ?, ?)
       on conflict (tenant_id, standard) do update set regions = excluded.regions,
         session_minutes_max = excluded.session_minutes_max, audit_days_min = excluded.audit_days_min`,
      [tenantId, standard, now, userId, JSON.stringify(regions), sessionMinutesMax, auditDaysMin])
    describeCommand(actor, { subject: `standard:${standard}`, ...current ? { beforeHash: hashOf(current) } : {} })
    const mark = await emit(tx, 'standard.declared', wished)
    return { declared: { ...wished, since: current?.since ?? now, declaredById: current ? current.declaredById : userId }, mark }
  })
}

/**
 * Asks to withdraw a standard and returns the ask with the commit's mark; emits `standard.withdrawal_asked`. Nothing is loosened
 * until another person approves.
 * @throws Refusal INVALID | FORBIDDEN | NOT_FOUND | TAKEN
 */
export async function askWithdrawal(actor: Actor, { standard, reason }: { standard: StandardName; reason: string }) {
  const refusal = refusalForReason(reason)
  if (refusal) throw refusal
  const { tenantId, userId, now } = actor
  if (!userId) throw new Refusal(ErrorCode.FORBIDDEN, 'Only a person may ask for this.')
  return inTenant(actor, async tx => {
    await takeTurns(tx)
    const [declared] = await tx.em.execute(`${DECLARED} where tenant_id = ? and standard = ?`, [tenantId, standard])
    if (!declared) throw new Refusal(ErrorCode.NOT_FOUND, `${standard} is not declared.`, ['standard'])
    await tx.em.execute(
      `update standard_withdrawal set state = 'EXPIRED'
       where tenant_id = ? and standard = ? and state = 'ASKED' and asked_at < ?`,
      [tenantId, standard, new Date(now.getTime() - WITHDRAWAL_VALID_MS)])
    const [open] = await tx.em.execute(
      `${WITHDRAWAL} where tenant_id = ? and standard = ? and state = 'ASKED'`, [tenantId, standard])
    if (open) throw new Refusal(ErrorCode.TAKEN, 'This was asked for already: another person may approve it.', ['standard'])
    const withdrawal: WithdrawalRow = {
      id: newId(now), standard, reason: reason.trim(), state: 'ASKED', askedById: userId, askedAt: now, decidedById: null,
      decidedAt: null,
    }
    await tx.em.execute(
      `insert into standard_withdrawal (tenant_id, id, standard, reason, state, asked_by, asked_at)
       values (?, ?, ?, ?, 'ASKED', ?, ?)`,
      [tenantId, withdrawal.id, standard, withdrawal.reason, userId, now])
    describeCommand(actor, { subject: `standard_withdrawal:${withdrawal.id}` })
    const mark = await emit(tx, 'standard.withdrawal_asked', { withdrawalId: withdrawal.id, standard })
    return { withdrawal, mark }
  })
}

/**
 * Approves an ask of somebody else: the standard is no longer in force. Returns the ask with the commit's mark; emits
 * `standard.withdrawn`.
 * @throws Refusal NOT_FOUND | ALREADY_DECIDED | FORBIDDEN
 */
export function approveWithdrawal(actor: Actor, withdrawalId: string) {
  const { tenantId, userId, now } = actor
  return inTenant(actor, async tx => {
    await takeTurns(tx)
    const [asked] = await tx.em.execute<WithdrawalRow[]>(`${WITHDRAWAL} where tenant_id = ? and id = ?`, [tenantId, withdrawalId])
    const refused = (code: ErrorCode, message: string) => new Refusal(code, message, ['withdrawalId'])
    if (!asked) throw refused(ErrorCode.NOT_FOUND, 'There is no such ask.')
    const isOver = asked.state === 'EXPIRED' || new Date(asked.askedAt).getTime() < now.getTime() - WITHDRAWAL_VALID_MS
    if (asked.state === 'APPROVED') throw refused(ErrorCode.ALREADY_DECIDED, 'This was approved already.')
    if (isOver) throw refused(ErrorCode.ALREADY_DECIDED, 'Nobody approved this within seven days: ask again.')
    if (!isOther(asked.askedById, userId)) throw refused(ErrorCode.FORBIDDEN, 'Whoever asks cannot approve: another person must.')
    const [declared] = await tx.em.execute<DeclaredStandardRow[]>(
      `${DECLARED} where tenant_id = ? and standard = ?`, [tenantId, asked.standard])
    await tx.em.execute('delete from declared_standard where tenant_id = ? and standard = ?', [tenantId, asked.standard])
    await tx.em.execute(
      `update standard_withdrawal set state = 'APPROVED', decided_by = ?, decided_at = ? where tenant_id = ? and id = ?`,
      [userId, now, tenantId, withdrawalId])
    describeCommand(actor, {
      subject: `standard_withdrawal:${withdrawalId}`, ...declared ? { beforeHash: hashOf(declared) } : {},
    })
    const mark = await emit(tx, 'standard.withdrawn', { withdrawalId, standard: asked.standard })
    return { withdrawal: { ...asked, state: 'APPROVED', decidedById: userId, decidedAt: now }, mark }
  })
}

/** One command about a tenant's standards at a time: each reads what the other wrote. */
async function takeTurns({ em, tenantId }: Tx): Promise<void> {
  await em.execute('select 1 from tenant where tenant_id = ? for no key update', [tenantId])
}

function hashOf({ standard, regions, sessionMinutesMax, auditDaysMin }: Declaration): Buffer {
  return hashOfAll([JSON.stringify({ standard, regions, sessionMinutesMax, auditDaysMin })])
}
