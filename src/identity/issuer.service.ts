/** The only writer of issuers: the row, and the entry of the directory by which a token finds its tenant. */
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, Refusal, sqlState } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emit } from '../platform/outbox.ts'
import type { UserRole } from '../platform/policy.ts'
import { type Actor, inTenant, type Tx } from '../platform/tenancy.ts'
import { Issuer, IssuerSubject } from './issuer.entity.ts'
import { filedAs } from './issuer.queries.ts'
import { type IssuerWish, refusalForIssuer } from './issuer.rules.ts'

/** An issuer as a command asks for it. */
export interface IssuerInput {
  url: string; audience: string; jwksUrl: string; subjectClaim?: string | null; subjectKind?: IssuerSubject | null
  roleClaim?: string | null; roles?: { value: string; role: UserRole }[] | null; provedClaim?: string | null
}

/** A change of an issuer: what is absent stays. Its url and audience are what it is; for others, add another. */
export interface IssuerChange extends Partial<Omit<IssuerInput, 'url' | 'audience'>> { issuerId: string; active?: boolean | null }

/**
 * Adds an issuer and returns it with the commit's mark; emits `identity.issuer_created`.
 * @throws Refusal INVALID | OUT_OF_RANGE | TAKEN
 */
export function createIssuer(actor: Actor, input: IssuerInput, isPrivateAllowed: boolean) {
  const wish = wishOf(input)
  const refusal = refusalForIssuer(wish, isPrivateAllowed)
  if (refusal) throw refusal
  return inTenant(actor, async tx => {
    const max = LIMITS.issuersMax
    if (await tx.em.count(Issuer, { tenantId: actor.tenantId }) >= max) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${max} issuers: delete one.`)
    }
    const issuer = tx.em.create(Issuer, {
      id: newId(actor.now), tenantId: actor.tenantId, ...wish, subjectKind: IssuerSubject[wish.subjectKind],
      roleNames: wish.roleNames as UserRole[], active: true, revision: 1, createdAt: actor.now,
    })
    await file(tx, issuer)
    describeCommand(actor, { subject: `issuer:${issuer.id}` })
    const mark = await emit(tx, 'identity.issuer_created', { issuerId: issuer.id })
    return { issuer, mark }
  })
}

/**
 * Changes an issuer and returns it with the commit's mark; emits `identity.issuer_updated`. Tokens it has signed are read again.
 * @throws Refusal NOT_FOUND | INVALID
 */
export function updateIssuer(actor: Actor, { issuerId, active, ...change }: IssuerChange, isPrivateAllowed: boolean) {
  return inTenant(actor, async tx => {
    const issuer = await findIssuer(tx, issuerId)
    const { url, audience, jwksUrl, subjectClaim, subjectKind, roleClaim, roleValues, roleNames, provedClaim } = issuer
    const roles = roleValues.map((value, at) => ({ value, role: roleNames[at]! }))
    const stays = { url, audience, jwksUrl, subjectClaim, subjectKind, roleClaim, roles, provedClaim }
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const wish = wishOf({ ...stays, ...given })
    const refusal = refusalForIssuer(wish, isPrivateAllowed)
    if (refusal) throw refusal
    Object.assign(issuer, wish, { active: active ?? issuer.active, revision: issuer.revision + 1 })
    describeCommand(actor, { subject: `issuer:${issuerId}` })
    return { issuer, mark: await emit(tx, 'identity.issuer_updated', { issuerId }) }
  })
}

/** Removes an issuer: nothing that it signed is believed any more. Emits `identity.issuer_deleted`. @throws Refusal NOT_FOUND */
export function deleteIssuer(actor: Actor, issuerId: string) {
  return inTenant(actor, async tx => {
    const issuer = await findIssuer(tx, issuerId)
    tx.em.remove(issuer)
    await tx.em.execute(
      `delete from directory where tenant_id = ? and kind = 'issuer' and key_hash = sha256(convert_to(?, 'UTF8'))`,
      [actor.tenantId, filedAs(issuer)])
    describeCommand(actor, { subject: `issuer:${issuerId}` })
    return { mark: await emit(tx, 'identity.issuer_deleted', { issuerId }) }
  })
}

/** Returns an issuer as it would be kept, with what is absent filled in. */
export function wishOf(input: IssuerInput): IssuerWish {
  const { url, audience, jwksUrl, subjectClaim, subjectKind, roleClaim, roles, provedClaim } = input
  return {
    url: url.trim(), audience: audience.trim(), jwksUrl: jwksUrl.trim(),
    subjectKind: subjectKind ?? IssuerSubject.EMAIL, subjectClaim: (subjectClaim ?? 'email').trim(),
    roleClaim: roleClaim?.trim() ?? null, roleValues: (roles ?? []).map(({ value }) => value),
    roleNames: (roles ?? []).map(({ role }) => role), provedClaim: (provedClaim ?? 'auth_time').trim(),
  }
}

async function findIssuer({ em, tenantId }: Tx, id: string): Promise<Issuer> {
  await em.execute('select 1 from issuer where tenant_id = ? and id = ? for update', [tenantId, id])
  const issuer = await em.findOne(Issuer, { id, tenantId })
  if (!issuer) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such issuer.', ['issuerId'])
  return issuer
}

/** The key of the directory is the whole installation's: an issuer with an audience leads to one tenant. */
async function file({ em, tenantId }: Tx, issuer: Issuer): Promise<void> {
  await em.execute(
    `insert into directory (kind, key_hash, tenant_id) values ('issuer', sha256(convert_to(?, 'UTF8')), ?)`,
    [filedAs(issuer), tenantId]).catch((error: unknown) => {
      if (sqlState(error) !== '23505') throw error
      throw new Refusal(
        ErrorCode.TAKEN, 'This issuer is set up for this audience already: give Laurel an audience of its own.', ['audience'])
    })
}
