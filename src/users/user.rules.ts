/** The law of people's records. Pure. */
import { ErrorCode, Refusal } from '../platform/errors.ts'

/** Returns why this name or e-mail address cannot be taken, or null. */
export function refusalForUser({ name, email }: { name: string; email: string }): Refusal | null {
  if (!name || name.length > 200) return new Refusal(ErrorCode.INVALID, 'name must have 1 to 200 characters.', ['name'])
  if (name.includes('\0') || email.includes('\0')) return new Refusal(ErrorCode.INVALID, 'Text must not hold NUL characters.', ['name'])
  if (email.length > 254 || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return new Refusal(ErrorCode.INVALID, 'email must be an address such as "mara@example.com".', ['email'])
  return null
}
