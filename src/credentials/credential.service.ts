/** The only writer of API keys and screen tokens. A secret is answered once; what is kept of it cannot be turned back. */
import { createHash, randomBytes } from 'node:crypto'
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, Refusal, sqlState } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emit } from '../platform/outbox.ts'
import type { UserRole } from '../platform/policy.ts'
import { type Actor, inTenant, type Tx } from '../platform/tenancy.ts'
import { ApiKey, ScreenToken } from './credential.entity.ts'
import {
  type CredentialKind, type CredentialWish, KINDS, refusalForBoards, refusalForCredential, refusalForScopes,
} from './credential.rules.ts'

/** A new key as a command asks for it. */
export interface ApiKeyInput extends CredentialWish { role: UserRole; scopes: string[] }

/** A new link of a screen as a command asks for it; boards by uuid. */
export interface ScreenTokenInput extends CredentialWish { leaderboardIds: string[] }

/** Returns the SHA-256 of a token. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/**
 * Creates an API key and returns it with its secret and the commit's mark; emits `identity.key_created`.
 * @throws Refusal INVALID | OUT_OF_RANGE
 */
export function createApiKey(actor: Actor, input: ApiKeyInput) {
  const wish = { ...input, name: input.name.trim(), scopes: [...new Set(input.scopes)] }
  const refusal = refusalForCredential(wish, actor.now) ?? refusalForScopes(wish.scopes)
  if (refusal) throw refusal
  return inTenant(actor, async tx => {
    await requireRoom(tx, ApiKey, LIMITS.apiKeysMax, 'keys')
    const { secret, ...common } = newCredential(actor, 'KEY')
    const apiKey = tx.em.create(ApiKey, { ...wish, ...common })
    await file(tx, 'KEY', common.hash)
    describeCommand(actor, { subject: `api_key:${apiKey.id}` })
    const mark = await emit(tx, 'identity.key_created', { apiKeyId: apiKey.id })
    return { apiKey, secret, mark }
  })
}

/**
 * Creates a screen's token for boards of the tenant and returns it with its secret and the commit's mark; emits
 * `identity.screen_created`.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND
 */
export function createScreenToken(actor: Actor, input: ScreenTokenInput) {
  const { leaderboardIds, ...rest } = { ...input, name: input.name.trim(), leaderboardIds: [...new Set(input.leaderboardIds)] }
  const refusal = refusalForCredential(rest, actor.now) ?? refusalForBoards(leaderboardIds)
  if (refusal) throw refusal
  return inTenant(actor, async tx => {
    await requireRoom(tx, ScreenToken, LIMITS.screenTokensMax, 'links')
    const { secret, ...common } = newCredential(actor, 'SCREEN')
    const screenToken = tx.em.create(ScreenToken, { ...rest, ...common })
    await tx.em.flush() // Boards refer to it.
    await file(tx, 'SCREEN', common.hash)
    await tx.em.execute(
      `insert into screen_board (tenant_id, screen_id, place, leaderboard_id)
       select ?, ?, named.place, named.id from unnest(?::uuid[]) with ordinality named (id, place)`,
      [actor.tenantId, screenToken.id, `{${leaderboardIds.join()}}`]).catch((error: unknown) => {
        // Another tenant's board does not exist.
        if (sqlState(error) !== '23503') throw error
        throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such board.', ['leaderboardIds'])
      })
    describeCommand(actor, { subject: `screen_token:${screenToken.id}` })
    const mark = await emit(tx, 'identity.screen_created', { screenTokenId: screenToken.id })
    return { screenToken, secret, mark }
  })
}

/**
 * Takes an API key back and returns it with the commit's mark, null when it was before; emits `identity.key_revoked`.
 * @throws Refusal NOT_FOUND
 */
export function revokeApiKey(actor: Actor, apiKeyId: string) {
  return inTenant(actor, async tx => {
    const apiKey = await tx.em.findOne(ApiKey, { id: apiKeyId, tenantId: actor.tenantId })
    if (!apiKey) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such key.', ['apiKeyId'])
    if (apiKey.revokedAt) return { apiKey, mark: null }
    await strike(tx, 'KEY', apiKey)
    describeCommand(actor, { subject: `api_key:${apiKeyId}` })
    return { apiKey, mark: await emit(tx, 'identity.key_revoked', { apiKeyId }) }
  })
}

/**
 * Takes a screen's token back and returns it with the commit's mark, null when it was before; emits `identity.screen_revoked`.
 * @throws Refusal NOT_FOUND
 */
export function revokeScreenToken(actor: Actor, screenTokenId: string) {
  return inTenant(actor, async tx => {
    const screenToken = await tx.em.findOne(ScreenToken, { id: screenTokenId, tenantId: actor.tenantId })
    if (!screenToken) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such link.', ['screenTokenId'])
    if (screenToken.revokedAt) return { screenToken, mark: null }
    await strike(tx, 'SCREEN', screenToken)
    describeCommand(actor, { subject: `screen_token:${screenTokenId}` })
    return { screenToken, mark: await emit(tx, 'identity.screen_revoked', { screenTokenId }) }
  })
}

function newCredential({ tenantId, userId, now }: Actor, kind: CredentialKind) {
  const prefix = `${KINDS[kind].start}_${randomBytes(5).toString('hex').slice(0, 8)}`
  const secret = `${prefix}_${randomBytes(32).toString('base64url')}`
  return {
    id: newId(now), tenantId, prefix, hash: hashOf(secret), createdBy: userId, createdAt: now, lastUsedAt: null, revokedAt: null,
    secret,
  }
}

async function requireRoom({ em, tenantId }: Tx, type: typeof ApiKey | typeof ScreenToken, max: number, words: string) {
  const count = await em.count<ApiKey | ScreenToken>(type, { tenantId, revokedAt: null })
  if (count >= max) throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${max} ${words} at a time: take one back.`)
}

/** The directory knows the hash of the hash: who reads it cannot ask with it. */
const filedAs = (hash: Buffer) => hash.toString('hex')

async function file({ em, tenantId }: Tx, kind: CredentialKind, hash: Buffer): Promise<void> {
  await em.execute(
    `insert into directory (kind, key_hash, tenant_id) values (?, sha256(convert_to(?, 'UTF8')), ?)`,
    [KINDS[kind].directory, filedAs(hash), tenantId])
}

async function strike({ em, tenantId, now }: Tx, kind: CredentialKind, credential: ApiKey | ScreenToken): Promise<void> {
  credential.revokedAt = now
  await em.execute(
    `delete from directory where tenant_id = ? and kind = ? and key_hash = sha256(convert_to(?, 'UTF8'))`,
    [tenantId, KINDS[kind].directory, filedAs(credential.hash)])
}
