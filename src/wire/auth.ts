/**
 * Token → Actor: the only source of tenant, user and role. A verified token is remembered until it expires, so that it is
 * checked once.
 */
import type { KeyObject } from 'node:crypto'
import { jwtVerify } from 'jose'
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Credential, decisionFor, type Role, ROLES } from '../platform/policy.rules.ts'
import type { Actor } from '../platform/tenancy.ts'

/** Whose tokens are believed. */
export interface Issuer { issuer: string; key: KeyObject; algorithm: 'EdDSA' | 'ES256' | 'RS256' }

interface Identity {
  tenantId: string; userId: string | null; role: Role; isOutsider: boolean; credential: Credential
  expiresMs: number; token: string
}

const KNOWN_ROLES = new Set<string>(ROLES)
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const REMEMBERED_MAX = 10_000
const TOKEN_LENGTH_MAX = 4_096
const HOW_TO = 'Send "Authorization: Bearer <token>" (in connection_init for subscriptions).'

interface Claims { sub?: string; tenant?: string; role?: string; exp?: number; auth_time?: unknown }

/** An actor with the token that proved it. */
export type Identified = Actor & { expiresMs: number; token: string }

/** Reads tokens. */
export interface Auth {
  /** Returns who the authorization header speaks for. @throws Fault UNAUTHENTICATED */
  actorOf(authorization: string | undefined): Promise<Identified>
  /** Has everybody's standing asked for again with their next request: people have changed. */
  recheck(): void
}

/** Returns whether this person may still act: they exist and are active. */
export type IsActive = (tenantId: string, userId: string) => Promise<boolean>

interface Remembered { identity: Identity; checkedMs: number }

/** Returns the reader of tokens of these issuers. */
export function authOf(db: Database, issuers: Issuer[], isActive: IsActive): Auth {
  const remembered = new Map<string, Remembered>()
  let recheckedMs = 0
  const verify = async (token: string): Promise<Identity> => {
    for (const { issuer, key, algorithm } of issuers) {
      const checked = await jwtVerify(token, key, { issuer, audience: 'laurel', algorithms: [algorithm], clockTolerance: 60 })
        .catch(() => null)
      if (!checked) continue
      const { sub, tenant, role, exp, auth_time: provedAt } = checked.payload as Claims
      if (!exp || typeof tenant !== 'string' || !UUID.test(tenant) || typeof role !== 'string' || !KNOWN_ROLES.has(role)) continue
      const provedMs = typeof provedAt === 'number' ? provedAt * 1_000 : null
      return {
        tenantId: tenant, userId: typeof sub === 'string' && UUID.test(sub) ? sub : null, role: role as Role,
        isOutsider: decisionFor({ role: role as Role, now: new Date() }, 'user.read').reach === 'OUTSIDERS',
        credential: { kind: 'PERSON', id: null, scopes: null, boards: null, provedMs }, expiresMs: exp * 1_000, token,
      }
    }
    throw fault('UNAUTHENTICATED', `The token is not valid here or has expired: get a new one. ${HOW_TO}`)
  }
  const stillActive = async (known: Remembered, now: Date) => {
    const { tenantId, userId } = known.identity
    const active = !userId || await isActive(tenantId, userId).catch(() => {
      throw fault('UNAVAILABLE', 'The database cannot be reached at the moment. Try again.', { retryAfterMs: 1_000 })
    })
    if (!active) throw fault('UNAUTHENTICATED', 'The person of this token is not active here. Ask an admin of your tenant.')
    known.checkedMs = now.getTime()
  }
  return {
    async actorOf(authorization) {
      if (!authorization) throw fault('UNAUTHENTICATED', `This needs a token. ${HOW_TO}`)
      const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1]
      if (!token || token.length > TOKEN_LENGTH_MAX) {
        throw fault('UNAUTHENTICATED', `The authorization is not a bearer token. ${HOW_TO}`)
      }
      const now = new Date()
      let known = remembered.get(token)
      if (!known || known.identity.expiresMs <= now.getTime()) {
        remembered.delete(token)
        known = { identity: await verify(token), checkedMs: 0 }
        if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!)
        remembered.set(token, known)
      }
      if (known.checkedMs <= Math.max(recheckedMs, now.getTime() - LIMITS.rightsCheckMs)) await stillActive(known, now)
      return { ...known.identity, now, db }
    },
    recheck() {
      recheckedMs = Date.now()
    },
  }
}
