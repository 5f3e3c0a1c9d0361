/** Reads of a tenant's standards and of the asks to withdraw them. */
import { type Context, inOrder, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { Declaration } from './standard.rules.ts'

/** A declared standard's row as reads return it. */
export interface DeclaredStandardRow extends Declaration { [column: string]: unknown; since: Date; declaredById: string | null }
/** An ask's row as reads return it. */
export interface WithdrawalRow {
  [column: string]: unknown
  id: string; standard: Declaration['standard']; reason: string; state: string; askedById: string; askedAt: Date
  decidedById: string | null; decidedAt: Date | null
}

type Where = Pick<Actor, 'tenantId' | 'db'>

/** The columns of a declared standard as reads return them. */
export const DECLARED = `select standard, since, declared_by as "declaredById", to_json(regions) as regions,
  session_minutes_max as "sessionMinutesMax", audit_days_min as "auditDaysMin" from declared_standard`
/** The columns of an ask as reads return them. */
export const WITHDRAWAL = `select id, standard, reason, state, asked_by as "askedById", asked_at as "askedAt",
  decided_by as "decidedById", decided_at as "decidedAt" from standard_withdrawal`

/** Returns what the tenant has declared, oldest first. */
export function listDeclared({ tenantId, db }: Where): Promise<DeclaredStandardRow[]> {
  return inTenantOnce<DeclaredStandardRow>({ tenantId, db }, {
    name: 'declared', text: `${DECLARED} where tenant_id = $1 order by since, standard`, values: [tenantId] })
}

/** Returns the asks that wait for approval, oldest first; at most one for each standard. */
export function listAsked({ tenantId, db }: Where): Promise<WithdrawalRow[]> {
  return inTenantOnce<WithdrawalRow>({ tenantId, db }, {
    text: `${WITHDRAWAL} where tenant_id = $1 and state = 'ASKED' order by id`, values: [tenantId] })
}

/** Asks to withdraw a standard by id. */
export async function withdrawalsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<WithdrawalRow>(actor, {
    text: `${WITHDRAWAL} where tenant_id = $1 and id = any($2::uuid[])`, values: [actor.tenantId, ids] }))
}
registerNode('StandardWithdrawal', withdrawalsById, 'standard.read')
