/**
 * Reads the tokens of tenants' issuers. Which tenant a token is for follows from its issuer and audience by the directory; who it
 * is for, from the claims that the tenant's admins said to read; both only once its signature has been checked.
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Database } from '../platform/db.ts'
import { uuidOf } from '../platform/ids.ts'
import type { Role } from '../platform/policy.rules.ts'
import { type Identity, type Loss, type TokenReader, unauthenticated } from '../wire/auth.ts'
import type { PublishedKeys } from './issuer.keys.ts'
import { filedAs, type IssuerRow, issuerNamed, standingOfIssuers, tenantsOfIssuers } from './issuer.queries.ts'
import { provedAt, roleOf, type Subject, subjectOf } from './issuer.rules.ts'

const NOT_SET_UP = 'The issuer and audience of this token are not set up here: ask an admin.'
const SWITCHED_OFF = 'Sign-in by this issuer is switched off: ask an admin of your tenant.'
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
const SKEW_SECONDS = 60
const AUDIENCES_MAX = 10
const AUDIENCE_LENGTH_MAX = 200
// Access tokens (RFC 9068) and ID tokens; not those that end a session, say, which the same keys sign.
const TYPES = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

/** Returns a person of a tenant, or null. */
export type FindPerson = (tenantId: string, subject: Subject) => Promise<{ id: string; role: Role; isActive: boolean } | null>

/** Returns the reader of the tokens of issuers that tenants have set up. */
export function issuerTokens(db: Database, keys: PublishedKeys, findPerson: FindPerson): TokenReader {
  return {
    async read(token, now) {
      const named = nameIn(token)
      if (!named) return null
      const issuer = await find(db, named)
      if (!issuer) throw unauthenticated(NOT_SET_UP)
      if (!issuer.row.active) throw unauthenticated(SWITCHED_OFF)
      const claims = await verify(token, issuer.row, keys, now)
      return identityOf(issuer, claims, findPerson, now)
    },
  }
}

interface Found { tenantId: string; row: IssuerRow }

/** What a token says of where it is from and whom it is for, before anything of it is believed; null when it is no JWT. */
function nameIn(token: string): { url: string; audiences: string[] } | null {
  try {
    decodeProtectedHeader(token)
    const { iss, aud } = decodeJwt(token)
    const audiences = [aud].flat().filter(each => typeof each === 'string' && each.length <= AUDIENCE_LENGTH_MAX) as string[]
    return typeof iss === 'string' && audiences.length && audiences.length <= AUDIENCES_MAX ? { url: iss, audiences } : null
  } catch {
    return null
  }
}

async function find(db: Database, { url, audiences }: { url: string; audiences: string[] }): Promise<Found | null> {
  const names = audiences.map(audience => filedAs({ url, audience })).filter(name => name.isWellFormed() && !name.includes('\0'))
  const [tenantId, another] = await tenantsOfIssuers(db, names)
  if (another) throw unauthenticated('This token is for more than one tenant: ask for one with a single audience.')
  const row = tenantId && await issuerNamed({ tenantId, db }, url, audiences)
  return row ? { tenantId: tenantId!, row } : null
}

async function verify(token: string, issuer: IssuerRow, keys: PublishedKeys, now: Date): Promise<JWTPayload> {
  const { url, audience, jwksUrl } = issuer
  try {
    const { payload, protectedHeader: { typ } } = await jwtVerify(
      token, header => keys.keyFor(jwksUrl, { alg: header.alg!, kid: header.kid }),
      { issuer: url, audience, algorithms: ALGORITHMS, clockTolerance: SKEW_SECONDS, currentDate: now, requiredClaims: ['exp'] })
    if (typ !== undefined && !TYPES.has(typ.toLowerCase())) throw unauthenticated('This is no access token and no ID token.')
    return payload
  } catch (error) {
    throw error instanceof errors.JOSEError ? unauthenticated(sentenceOf(error)) : error
  }
}

/** Returns what to do about a token that was not believed; it repeats nothing of the token. */
function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: sign in again.'
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : null
  if (claim === 'nbf') return 'The token is not valid yet: check the clocks.'
  if (claim === 'exp') return 'The token must say when it expires (exp).'
  if (error instanceof errors.JWKSNoMatchingKey) return 'The issuer publishes no key that signed this token: sign in again.'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'The token must name its key (kid): its issuer publishes several.'
  return 'The token is not valid here: sign in again.'
}

async function identityOf({ tenantId, row }: Found, claims: JWTPayload, findPerson: FindPerson, now: Date): Promise<Identity> {
  const subject = subjectOf(claims, row, text => uuidOf('User', text))
  if (typeof subject === 'string') throw unauthenticated(subject)
  const person = await findPerson(tenantId, subject)
  if (!person?.isActive) throw unauthenticated('The person of this token is not active here. Ask an admin of your tenant.')
  const role = row.roleClaim === null ? person.role : roleOf(claims, row)
  if (!role) throw unauthenticated('The token grants no role here: ask an admin of your tenant which group you need.')
  const provedMs = provedAt(claims, row, now)
  const credential = {
    kind: 'PERSON', id: null, scopes: null, boards: null, provedMs,
    beganMs: provedMs ?? (claims.iat === undefined ? null : claims.iat * 1_000),
    issuer: { id: row.id, revision: row.revision },
  } as const
  return { tenantId, userId: person.id, role, credential, expiresMs: claims.exp! * 1_000 }
}

type Signed = Identity & { credential: { issuer: { id: string; revision: number } } }
const isSigned = (identity: Identity): identity is Signed => identity.credential.issuer !== undefined

/** Returns whose issuer was removed, switched off or changed. */
export async function lostSignIns(db: Database, identities: readonly Identity[]): Promise<Map<Identity, Loss>> {
  const lost = new Map<Identity, Loss>()
  await Promise.all([...Map.groupBy(identities.filter(isSigned), ({ tenantId }) => tenantId)].map(async ([tenantId, signed]) => {
    const ids = new Set(signed.map(({ credential: { issuer } }) => issuer.id))
    const standing = await standingOfIssuers({ tenantId, db }, [...ids])
    for (const identity of signed) {
      const { id, revision } = identity.credential.issuer
      const issuer = standing.get(id)
      if (!issuer?.active) lost.set(identity, { sentence: issuer ? SWITCHED_OFF : NOT_SET_UP })
      else if (issuer.revision !== revision) lost.set(identity, 'CHANGED')
    }
  }))
  return lost
}
