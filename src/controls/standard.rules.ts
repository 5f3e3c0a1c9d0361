/** The law of standards: what each demands that can be enforced, and what a tenant may declare. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'

/** What a standard demands; null where it demands nothing that the house can enforce. */
interface Figures { sessionMinutesMax: number | null; auditDaysMin: number | null; refusesPan: boolean }

/**
 * The figures. Where a standard names none, the figure is our decision (docs/decisions/0029), and a tenant may tighten it:
 * - sessions: NIST SP 800-63B (rev. 3) 4.2.3 asks for a new sign-in after 12 hours; taken for SOC2 and HIPAA, whose texts have no
 *   number (HIPAA: automatic logoff, 45 CFR 164.312(a)(2)(iii)). PCI_DSS 8 hours, a working day: its 15 idle minutes (8.2.8) are
 *   the identity provider's to keep.
 * - audit: PCI DSS v4 10.5.1, at least 12 months; HIPAA 45 CFR 164.316(b)(2)(i), six years; SOC2 a year, the longest period that
 *   a type II report usually covers. GDPR sets no minimum.
 * - card numbers: PCI DSS v4 requirement 3; what is never taken need not be protected (CMP-04).
 */
export const STANDARDS = {
  SOC2: { sessionMinutesMax: 720, auditDaysMin: 366, refusesPan: false },
  HIPAA: { sessionMinutesMax: 720, auditDaysMin: 2_192, refusesPan: false },
  PCI_DSS: { sessionMinutesMax: 480, auditDaysMin: 366, refusesPan: true },
  GDPR: { sessionMinutesMax: null, auditDaysMin: null, refusesPan: false },
} as const satisfies Record<string, Figures>

/** The name of a standard. */
export type StandardName = keyof typeof STANDARDS

const REGIONS_MAX = 20
const REASON_MAX = 500
const SESSION_MINUTES_MIN = 5
const AUDIT_DAYS_MAX = 36_500
/** How long an ask to withdraw may be approved. */
export const WITHDRAWAL_VALID_MS = 7 * 86_400_000

/** A standard as a tenant declared it; its own figures are null where the standard's hold. */
export interface Declaration {
  standard: StandardName; regions: string[]; sessionMinutesMax: number | null; auditDaysMin: number | null
}

/** All that a tenant's standards demand together. */
export interface Demands {
  sessionMs: number | null; auditDaysMin: number | null; refusesPan: boolean
  /** Regions in which all of its standards allow the data; null for any. */
  regions: readonly string[] | null
}

/** Returns a figure of the tenant's own, else the standard's, else null. */
const figure = (own: number | null, standards: number | null) => own ?? standards

/** Returns what these standards demand together: of each figure the tightest. */
export function demandsOf(declared: readonly Declaration[]): Demands {
  const minutes = declared.flatMap(each => figure(each.sessionMinutesMax, STANDARDS[each.standard].sessionMinutesMax) ?? [])
  const days = declared.flatMap(each => figure(each.auditDaysMin, STANDARDS[each.standard].auditDaysMin) ?? [])
  const bound = declared.filter(({ regions }) => regions.length)
  return {
    sessionMs: minutes.length ? Math.min(...minutes) * 60_000 : null,
    auditDaysMin: days.length ? Math.max(...days) : null,
    refusesPan: declared.some(({ standard }) => STANDARDS[standard].refusesPan),
    regions: bound.length ? bound[0]!.regions.filter(region => bound.every(({ regions }) => regions.includes(region))) : null,
  }
}

/** A declaration as a command asks for it; what is absent keeps what is declared, at first the standard's own. */
export interface DeclarationWish { regions?: string[] | null; sessionMinutesMax?: number | null; auditDaysMin?: number | null }

/** Returns the declaration that a wish makes of the current one. */
export function declarationFor(standard: StandardName, current: Declaration | null, wish: DeclarationWish): Declaration {
  return {
    standard, regions: [...new Set(wish.regions ?? current?.regions ?? [])].sort(),
    sessionMinutesMax: wish.sessionMinutesMax ?? current?.sessionMinutesMax ?? null,
    auditDaysMin: wish.auditDaysMin ?? current?.auditDaysMin ?? null,
  }
}

/** Returns the first rule that a declaration breaks, or null. What is declared may be tightened; loosening takes a withdrawal. */
export function refusalForDeclaration(
  wished: Declaration, current: Declaration | null, others: readonly Declaration[], region: string | null,
): Refusal | null {
  const refused = (field: string, message: string, code = ErrorCode.OUT_OF_RANGE) => new Refusal(code, message, [field])
  const { standard, regions, sessionMinutesMax, auditDaysMin } = wished
  if (regions.length > REGIONS_MAX || !regions.every(each => /^[a-z0-9][a-z0-9-]{0,39}$/.test(each))) {
    return refused('regions', `regions must name at most ${REGIONS_MAX} regions such as "eu-central-1".`, ErrorCode.INVALID)
  }
  const together = demandsOf([...others, wished]).regions
  if (together && (region === null || !together.includes(region))) {
    return refused('regions', `This node stands in ${region ?? 'no region (LAUREL_REGION)'}, outside of these regions: `
      + 'declare them at a node within.', ErrorCode.INVALID)
  }
  const longest = current?.sessionMinutesMax ?? STANDARDS[standard].sessionMinutesMax ?? Infinity
  if (sessionMinutesMax !== null && (sessionMinutesMax < SESSION_MINUTES_MIN || sessionMinutesMax > longest)) {
    return refused('sessionMinutesMax', `sessionMinutesMax must be ${SESSION_MINUTES_MIN} or more${atMost(longest)}.`)
  }
  const shortest = current?.auditDaysMin ?? STANDARDS[standard].auditDaysMin ?? 1
  if (auditDaysMin !== null && (auditDaysMin < shortest || auditDaysMin > AUDIT_DAYS_MAX)) {
    return refused('auditDaysMin', `auditDaysMin must be from ${shortest} to ${AUDIT_DAYS_MAX}.`)
  }
  const isWider = current?.regions.length && (!regions.length || !regions.every(each => current.regions.includes(each)))
  return isWider ? refused('regions', `regions may only be narrowed: withdraw ${standard} to widen them.`) : null
}

const atMost = (longest: number) => Number.isFinite(longest) ? `, and at most ${longest}` : ''

/** Returns whether two declarations say the same. */
export function isSame(one: Declaration, other: Declaration): boolean {
  return one.sessionMinutesMax === other.sessionMinutesMax && one.auditDaysMin === other.auditDaysMin
    && one.regions.join() === other.regions.join()
}

/** Returns why a reason cannot be taken, or null. */
export function refusalForReason(reason: string): Refusal | null {
  if (isPlainText(reason.trim(), REASON_MAX, 1)) return null
  return new Refusal(ErrorCode.INVALID, `reason must have 1 to ${REASON_MAX} characters of plain text.`, ['reason'])
}

/** Returns why a node in a region may not write for a tenant, or null. */
export function strangerIn({ regions }: Demands, region: string | null): string | null {
  if (!regions || (region !== null && regions.includes(region))) return null
  return `Your tenant's data may be written in ${regions.join(', ') || 'no region at all'} only, and this node stands in `
    + `${region ?? 'none that it names (LAUREL_REGION)'}: send it to a node there.`
}

/** Returns when a session ends under a tenant's standards; Infinity without a bound, 0 when nobody knows when it began. */
export function sessionEndsMs({ sessionMs }: Demands, beganMs: number | null): number {
  if (sessionMs === null) return Infinity
  return beganMs === null ? 0 : beganMs + sessionMs
}
