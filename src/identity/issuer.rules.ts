/** What an issuer may be, and how the claims of its tokens are read. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { type Role, ROLES } from '../platform/policy.rules.ts'
import { urlRefusal } from '../outward/address.rules.ts'

const URL_MAX = 500
const JWKS_URL_MAX = 2_048
const NAME_MAX = 200
const ROLES_MAX = 50
const SUBJECT_MAX = 254
const AHEAD_MAX_MS = 60_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** How the claims of an issuer's tokens are read; `roleValues` stand beside `roleNames`. */
export interface ClaimMapping {
  subjectClaim: string; subjectKind: 'USER_ID' | 'EMAIL'; roleClaim: string | null; roleValues: string[]; roleNames: Role[]
  provedClaim: string
}

/** What a command wants an issuer to be. */
export interface IssuerWish extends ClaimMapping { url: string; audience: string; jwksUrl: string }

/** Returns the first rule that the wish breaks, or null. */
export function refusalForIssuer(wish: IssuerWish, isPrivateAllowed: boolean): Refusal | null {
  const refused = (field: string, sentence: string) => new Refusal(ErrorCode.INVALID, sentence, [field])
  for (const [field, url, max] of [['url', wish.url, URL_MAX], ['jwksUrl', wish.jwksUrl, JWKS_URL_MAX]] as const) {
    const sentence = isPlainText(url, max, 8)
      ? urlRefusal(url, isPrivateAllowed, field) : `${field} must have 8 to ${max} characters of plain text.`
    if (sentence) return refused(field, sentence)
  }
  if (new URL(wish.url).search) return refused('url', 'url must have no query (?…): it is the name that tokens carry in iss.')
  for (const field of ['audience', 'subjectClaim', 'provedClaim'] as const) {
    if (!isPlainText(wish[field], NAME_MAX, 1)) {
      return refused(field, `${field} must have 1 to ${NAME_MAX} characters of plain text.`)
    }
  }
  return refusalForRoles(wish, refused)
}

function refusalForRoles(
  { roleClaim, roleValues }: ClaimMapping, refused: (field: string, sentence: string) => Refusal,
): Refusal | null {
  if (roleClaim !== null && !isPlainText(roleClaim, NAME_MAX, 1)) {
    return refused('roleClaim', `roleClaim must have 1 to ${NAME_MAX} characters of plain text.`)
  }
  if (roleClaim !== null && !roleValues.length) return refused('roles', 'roles must say which value grants which role.')
  if (roleClaim === null && roleValues.length) return refused('roleClaim', 'roleClaim must name the claim that holds the roles.')
  const areValues = roleValues.every(value => isPlainText(value, NAME_MAX, 1)) && new Set(roleValues).size === roleValues.length
  return areValues && roleValues.length <= ROLES_MAX
    ? null : refused('roles', `roles must name up to ${ROLES_MAX} values, each once, of 1 to ${NAME_MAX} characters.`)
}

/** Returns a claim by its name, or by its path through nested ones ("realm_access.roles"); undefined when it is not there. */
export function claimAt(claims: unknown, name: string): unknown {
  const own = (at: unknown, key: string): unknown =>
    typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined
  const whole = own(claims, name) // Names may carry dots themselves: "https://example.com/roles".
  return whole === undefined && name.includes('.') ? name.split('.').reduce(own, claims) : whole
}

/** How a token names its person. */
export type Subject = { userId: string } | { email: string }

/**
 * Returns how a token's claims name the person, or the sentence that says why they do not. `uuidOf` reads a wire id.
 */
export function subjectOf(claims: object, mapping: ClaimMapping, uuidOf: (text: string) => string | null): Subject | string {
  const value = claimAt(claims, mapping.subjectClaim)
  if (typeof value !== 'string' || !isPlainText(value, SUBJECT_MAX, 1)) {
    return `The token has no claim "${mapping.subjectClaim}" that names a person.`
  }
  if (mapping.subjectKind === 'EMAIL') {
    if (claimAt(claims, 'email_verified') === false) {
      return 'The e-mail address of this token is not verified: verify it where you sign in.'
    }
    return { email: value.trim().toLowerCase() }
  }
  const userId = UUID.test(value) ? value : uuidOf(value)
  return userId ? { userId } : `The claim "${mapping.subjectClaim}" of the token is no id of a user.`
}

/** Returns the role that a token's claims grant: the first of the mapping that the claim has; null when it has none. */
export function roleOf(claims: object, { roleClaim, roleValues, roleNames }: ClaimMapping): Role | null {
  const value = claimAt(claims, roleClaim!)
  const had = new Set(Array.isArray(value) ? value as unknown[] : [value])
  const at = roleValues.findIndex(each => had.has(each))
  const role = roleNames[at]
  return role && ROLES.includes(role) ? role : null
}

/** Returns when a token's person last signed in, in ms; null when it does not say, or says a time to come. */
export function provedAt(claims: object, { provedClaim }: ClaimMapping, now: Date): number | null {
  const value = claimAt(claims, provedClaim)
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return null
  return value * 1_000 > now.getTime() + AHEAD_MAX_MS ? null : value * 1_000
}
