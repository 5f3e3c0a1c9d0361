/** Issuers of the house's own, as the demo's. Their tokens name the tenant themselves, which no other issuer's may. */
import type { KeyObject } from 'node:crypto'
import { decodeJwt, jwtVerify } from 'jose'
import { type Role, ROLES } from '../platform/policy.rules.ts'
import { type TokenReader, unauthenticated } from '../wire/auth.ts'

/** An issuer whose key the house holds. */
export interface HouseIssuer { issuer: string; key: KeyObject; algorithm: 'EdDSA' | 'ES256' | 'RS256' }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const KNOWN_ROLES = new Set<string>(ROLES)

interface Claims { sub?: string; tenant?: string; role?: string; exp?: number; iat?: number; auth_time?: unknown }

/** Returns the reader of these issuers' tokens. */
export function houseTokens(issuers: readonly HouseIssuer[]): TokenReader {
  return {
    async read(token, now) {
      const found = issuers.find(({ issuer }) => issuer === issuerIn(token))
      if (!found) return null
      const { issuer, key, algorithm } = found
      const verified = await jwtVerify(
        token, key, { issuer, audience: 'laurel', algorithms: [algorithm], clockTolerance: 60, currentDate: now },
      ).catch(() => null)
      const { sub, tenant, role, exp, iat, auth_time: provedAt } = (verified?.payload ?? {}) as Claims
      if (!exp || typeof tenant !== 'string' || !UUID.test(tenant) || typeof role !== 'string' || !KNOWN_ROLES.has(role)) {
        throw unauthenticated('The token is not valid here or has expired: get a new one.')
      }
      const provedMs = typeof provedAt === 'number' ? provedAt * 1_000 : null
      return {
        tenantId: tenant, userId: typeof sub === 'string' && UUID.test(sub) ? sub : null, role: role as Role,
        credential: {
          kind: 'PERSON', id: null, scopes: null, boards: null, provedMs,
          ...provedMs === null && iat ? { beganMs: iat * 1_000 } : {},
        },
        expiresMs: exp * 1_000,
      }
    },
  }
}

function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
