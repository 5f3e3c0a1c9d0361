/** The law of tenants' records. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { isZone } from '../platform/time.ts'

const NAME_MAX = 200
const PLATFORMS_MAX = 20

/** A new tenant as a command asks for it; the first platform is the default, `timeZone` an IANA name, `currency` ISO 4217. */
export interface TenantInput {
  slug: string; name: string; platforms: string[]; industry?: string; timeZone: string; currency: string
}

/** Returns the first rule that a new tenant breaks, or null. */
export function refusalForTenant({ slug, name, platforms, industry, timeZone, currency }: TenantInput): Refusal | null {
  const refused = (field: string, message: string) => new Refusal(ErrorCode.INVALID, message, [field])
  if (!/^[a-z0-9][a-z0-9-]{1,62}$/.test(slug)) {
    return refused('slug', 'slug must have 2 to 63 lower-case letters, digits and hyphens, and begin with none of the last.')
  }
  if (!isPlainText(name, NAME_MAX, 1)) return refused('name', `name must have 1 to ${NAME_MAX} characters of plain text.`)
  const areNames = platforms.every(each => isPlainText(each, NAME_MAX, 1)) && new Set(platforms).size === platforms.length
  if (!platforms.length || platforms.length > PLATFORMS_MAX || !areNames) {
    return refused('platforms', `platforms must name 1 to ${PLATFORMS_MAX} platforms, each once.`)
  }
  if (!isPlainText(industry ?? '', NAME_MAX)) {
    return refused('industry', `industry may have at most ${NAME_MAX} characters of plain text.`)
  }
  if (!isZone(timeZone)) return refused('timeZone', 'timeZone must be an IANA zone such as "Europe/Paris".')
  return /^[A-Z]{3}$/.test(currency) ? null : refused('currency', 'currency must be a code such as "EUR".')
}
