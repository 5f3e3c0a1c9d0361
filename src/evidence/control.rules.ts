/**
 * The controls of each standard that Laurel enforces, measures or leaves to people (CMP-02 to CMP-05), and what a measurement
 * makes of one. Pure.
 */
import type { StandardName } from '../controls/standard.rules.ts'

/** What is looked at; MANUAL is what no program can know. */
export type Measure =
  | 'ROW_SECURITY' | 'AUDIT_FIXED' | 'AUDIT_NAMES' | 'DUTIES' | 'SESSION' | 'RETENTION' | 'PAN_REFUSAL' | 'PAN_SCAN' | 'REGIONS'
  | 'MANUAL'

/** A control: `criterion` is its place in the standard. */
export interface ControlRule { id: string; standard: StandardName; criterion: string; title: string; measure: Measure }

/** Whether a control that is broken, or would be, stops what breaks it. */
export const BLOCKING: ReadonlySet<Measure> = new Set(['SESSION', 'RETENTION', 'PAN_REFUSAL', 'REGIONS'])

const TITLES: Record<Exclude<Measure, 'MANUAL'>, string> = {
  ROW_SECURITY: 'Every table keeps tenants apart by forced row security.',
  AUDIT_FIXED: 'Entries of the audit cannot be changed or removed.',
  AUDIT_NAMES: 'Every entry of a person names the person.',
  DUTIES: 'Nobody approved what they had asked for themselves.',
  SESSION: 'Sessions end after the maximum.',
  RETENTION: 'The audit is kept for the minimum.',
  PAN_REFUSAL: 'Free text with a card number is refused.',
  PAN_SCAN: 'No text column holds a card number.',
  REGIONS: 'Data is written in the allowed regions only.',
}

const measured = (standard: StandardName, criteria: Partial<Record<Measure, string>>): ControlRule[] =>
  Object.entries(criteria).map(([measure, criterion]) => ({
    id: `${standard}.${measure.toLowerCase()}`, standard, criterion, title: TITLES[measure as keyof typeof TITLES],
    measure: measure as Measure,
  }))
const manual = (standard: StandardName, name: string, criterion: string, title: string): ControlRule =>
  ({ id: `${standard}.${name}`, standard, criterion, title, measure: 'MANUAL' })

/** All controls. */
export const CONTROLS: readonly ControlRule[] = [
  ...measured('SOC2', {
    ROW_SECURITY: 'CC6.1', SESSION: 'CC6.1', AUDIT_FIXED: 'CC7.2', AUDIT_NAMES: 'CC6.2', RETENTION: 'CC7.3', DUTIES: 'CC5.1',
    REGIONS: 'C1.1',
  }),
  manual('SOC2', 'change_approval', 'CC8.1', 'Changes to the system are approved.'),
  manual('SOC2', 'restore_test', 'A1.3', 'Restoring from a backup was tested.'),
  ...measured('HIPAA', {
    ROW_SECURITY: '45 CFR 164.312(a)(1)', AUDIT_NAMES: '45 CFR 164.312(a)(2)(i)', SESSION: '45 CFR 164.312(a)(2)(iii)',
    AUDIT_FIXED: '45 CFR 164.312(b)', RETENTION: '45 CFR 164.316(b)(2)(i)', REGIONS: '45 CFR 164.310(a)(1)',
  }),
  manual('HIPAA', 'risk_analysis', '45 CFR 164.308(a)(1)(ii)(A)', 'Risks were analyzed, and somebody owns them.'),
  manual('HIPAA', 'associate_agreement', '45 CFR 164.308(b)(1)', 'A business associate agreement is signed.'),
  ...measured('PCI_DSS', {
    PAN_REFUSAL: '3.2.1', PAN_SCAN: '3.2.1', ROW_SECURITY: '7.2.1', SESSION: '8.2.8', AUDIT_FIXED: '10.3.2',
    AUDIT_NAMES: '10.2.2', RETENTION: '10.5.1', REGIONS: '12.5.2',
  }),
  manual('PCI_DSS', 'idle_session', '8.2.8', 'The identity provider ends sessions that are idle for 15 minutes.'),
  manual('PCI_DSS', 'policies', '12.1.1', 'Security policies are written, known and reviewed.'),
  ...measured('GDPR', {
    ROW_SECURITY: 'Art. 32(1)(b)', AUDIT_FIXED: 'Art. 5(2)', AUDIT_NAMES: 'Art. 32(4)', DUTIES: 'Art. 25', REGIONS: 'Art. 44',
  }),
  manual('GDPR', 'records', 'Art. 30', 'Records of processing are kept.'),
  manual('GDPR', 'breaches', 'Art. 33', 'Breaches are registered and told within 72 hours.'),
  manual('GDPR', 'impact_assessment', 'Art. 35', 'The impact on people was assessed where it must be.'),
]

/** How a control stands. */
export type ControlStatus = 'PASS' | 'FAIL' | 'NOT_APPLICABLE' | 'MANUAL'

/** What was looked at: how, how often something stands against the control (or for it), and which. */
export interface Measurement {
  kind: 'CATALOG' | 'ROWS' | 'AUDIT' | 'SETTING' | 'SCAN'; query: string; count: number; sampleIds: string[]
}

/**
 * Returns how a control stands: of an undeclared standard, and without a thing to hold it against, NOT_APPLICABLE; what was not
 * measured MANUAL; else by whether anything stands against it.
 */
export function statusFor(
  { measure }: Pick<ControlRule, 'measure'>, isDeclared: boolean, breaches: number | null,
): ControlStatus {
  if (!isDeclared) return 'NOT_APPLICABLE'
  if (measure === 'MANUAL') return 'MANUAL'
  if (breaches === null) return measure === 'REGIONS' ? 'NOT_APPLICABLE' : 'MANUAL'
  return breaches ? 'FAIL' : 'PASS'
}
