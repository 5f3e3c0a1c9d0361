/** The law of people's records. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'

const NAME_MAX = 200
const EMAIL_MAX = 254

/** Returns why a person or a team cannot have this name, or null. */
export function refusalForName(name: string): Refusal | null {
  if (isPlainText(name, NAME_MAX, 1)) return null
  return new Refusal(ErrorCode.INVALID, `name must have 1 to ${NAME_MAX} characters of plain text.`, ['name'])
}

/** Returns why this name or e-mail address cannot be taken, or null. */
export function refusalForUser(
  { name, email, role, kind }: { name: string; email: string; role: string; kind: string },
): Refusal | null {
  const refusal = refusalForName(name)
  if (refusal) return refusal
  if (role === 'PARTNER' && kind === 'EMPLOYEE') {
    return new Refusal(ErrorCode.INVALID, 'The role PARTNER is for people outside: make the kind PARTNER or CLIENT.', ['kind'])
  }
  if (isPlainText(email, EMAIL_MAX) && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return null
  return new Refusal(ErrorCode.INVALID, 'email must be an address such as "mara@example.com".', ['email'])
}
