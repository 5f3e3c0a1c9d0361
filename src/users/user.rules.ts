/** The law of people's records. Pure. */
import { ErrorCode, Refusal } from '../platform/errors.ts'

const NAME_MAX = 200
const EMAIL_MAX = 254

/** Returns whether PostgreSQL can hold the text as it is: whole characters, no NUL. */
const isPlain = (text: string) => text.isWellFormed() && !text.includes('\0')

/** Returns why a person or a team cannot have this name, or null. */
export function refusalForName(name: string): Refusal | null {
  if (name && name.length <= NAME_MAX && isPlain(name)) return null
  return new Refusal(ErrorCode.INVALID, `name must have 1 to ${NAME_MAX} characters of plain text.`, ['name'])
}

/** Returns why this name or e-mail address cannot be taken, or null. */
export function refusalForUser({ name, email }: { name: string; email: string }): Refusal | null {
  const refusal = refusalForName(name)
  if (refusal) return refusal
  if (email.length <= EMAIL_MAX && isPlain(email) && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return null
  return new Refusal(ErrorCode.INVALID, 'email must be an address such as "mara@example.com".', ['email'])
}
