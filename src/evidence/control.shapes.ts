/** The report of a tenant's standards (CMP-06), as far as they can be enforced or measured here. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { DeclaredStandard, Standard, StandardWithdrawal } from '../controls/standard.entity.ts'
import { sized } from '../platform/graphql.ts'
import { CONTROLS } from './control.rules.ts'

export enum ControlStatus { PASS = 'PASS', FAIL = 'FAIL', NOT_APPLICABLE = 'NOT_APPLICABLE', MANUAL = 'MANUAL' }
registerEnumType(ControlStatus, {
  name: 'ControlStatus', description: 'How a control stands.',
  valuesConfig: {
    PASS: { description: 'Measured, and nothing stands against it.' }, FAIL: { description: 'Something stands against it.' },
    NOT_APPLICABLE: { description: 'Its standard is not declared, or there is nothing to hold it against.' },
    MANUAL: { description: 'No program can know it, or it has not been measured yet.' },
  },
})
export enum EvidenceKind { CATALOG = 'CATALOG', ROWS = 'ROWS', AUDIT = 'AUDIT', SETTING = 'SETTING', SCAN = 'SCAN' }
registerEnumType(EvidenceKind, {
  name: 'EvidenceKind', description: 'Where evidence was taken from.',
  valuesConfig: {
    CATALOG: { description: 'PostgreSQL\'s own catalog.' }, ROWS: { description: 'Rows of the tenant.' },
    AUDIT: { description: 'Entries of the audit.' }, SETTING: { description: 'What is set, by tenant or operator.' },
    SCAN: { description: 'A scan of text columns, once a day.' },
  },
})

@ObjectType({ description: 'What was looked at for a control.' })
export class Evidence {
  @Field(() => EvidenceKind, { description: 'Where it was taken from.' }) kind!: EvidenceKind
  @Field(() => String, { description: 'What was counted.' }) query!: string
  @Field(() => Int, { description: 'How many were found.' }) count!: number
  @sized(10)
  @Field(() => [String], { description: 'The first ten found, by id or place; never what was found.' }) sampleIds!: string[]
  @Field(() => String, { description: 'SHA-256 of the above as JSON with sorted keys, in hex.' }) sha256!: string
  @Field(() => Date, { description: 'When it was looked at.' }) collectedAt!: Date
}
@ObjectType({ description: 'A control of a standard, as it stands.' })
export class Control {
  @Field(() => String, { description: 'Its name, such as "PCI_DSS.pan_refusal".' }) id!: string
  @Field(() => Standard, { description: 'The standard.' }) standard!: Standard
  @Field(() => String, { description: 'Its place in the standard, such as "CC6.1".' }) criterion!: string
  @Field(() => String, { description: 'What it says.' }) title!: string
  @Field(() => ControlStatus, { description: 'How it stands.' }) status!: ControlStatus
  @Field(() => Boolean, { description: 'Whether it stops what would break it.' }) isBlocking!: boolean
  @sized(1)
  @Field(() => [Evidence], { description: 'What was looked at; none for MANUAL and NOT_APPLICABLE, else one.' })
  evidence!: Evidence[]
}
@ObjectType({ description: 'What a control has stopped, counted from the audit.' })
export class BlockedWrites {
  @Field(() => String, { description: 'The control without its standard: "pan_refusal" or "regions".' }) control!: string
  @Field(() => Int, { description: 'How many commands.' }) count!: number
  @Field(() => Date, { description: 'The first.' }) since!: Date
  @Field(() => Date, { description: 'The last.' }) last!: Date
}
@ObjectType({ description: 'The tenant\'s standards. Laurel gives evidence; certificates come from auditors.' })
export class Standards {
  @sized(4)
  @Field(() => [DeclaredStandard], { description: 'What is declared, oldest first; each standard once.' })
  declared!: DeclaredStandard[]
  @sized(4)
  @Field(() => [StandardWithdrawal], { description: 'Asks that wait for another person, at most one for each standard.' })
  withdrawals!: StandardWithdrawal[]
  @sized(CONTROLS.length)
  @Field(() => [Control], { description: `All ${CONTROLS.length} controls.` }) controls!: Control[]
  @sized(CONTROLS.length)
  @Field(() => [Control], { description: 'Those of the controls that FAIL.' }) violated!: Control[]
  @sized(2)
  @Field(() => [BlockedWrites], { description: 'Commands that controls have stopped, at most two rows.' })
  blocked!: BlockedWrites[]
}
