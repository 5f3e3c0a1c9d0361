/** Declared standard, and the ask to withdraw one, which another person approves. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node } from '../platform/graphql.ts'

export enum Standard { SOC2 = 'SOC2', HIPAA = 'HIPAA', PCI_DSS = 'PCI_DSS', GDPR = 'GDPR' }
registerEnumType(Standard, {
  name: 'Standard', description: 'A standard whose controls can be switched on. Later versions may add values.',
  valuesConfig: {
    SOC2: { description: 'AICPA SOC 2: sessions of 12 hours, the audit for a year.' },
    HIPAA: { description: 'HIPAA security rule: sessions of 12 hours, the audit for six years.' },
    PCI_DSS: { description: 'PCI DSS: sessions of 8 hours, the audit for a year, free text with card numbers is refused.' },
    GDPR: { description: 'GDPR: the regions that the tenant names.' },
  },
})

export enum WithdrawalState { ASKED = 'ASKED', APPROVED = 'APPROVED', EXPIRED = 'EXPIRED' }
registerEnumType(WithdrawalState, {
  name: 'WithdrawalState', description: 'How an ask to withdraw a standard stands.',
  valuesConfig: {
    ASKED: { description: 'Waits for another person, seven days at most.' },
    APPROVED: { description: 'Approved: the standard is withdrawn. Final.' },
    EXPIRED: { description: 'Nobody approved it in time, and it was asked again. Final.' },
  },
})

@ObjectType({ description: 'A standard that the tenant has declared, with its own figures.' })
export class DeclaredStandard {
  @Field(() => Standard, { description: 'The standard.' }) standard!: Standard
  @Field(() => Date, { description: 'Since when it is in force.' }) since!: Date
  @Field(() => [String], { description: 'Regions where its data may be written, at most 20; empty for any.' }) regions!: string[]
  @Field(() => Int, { nullable: true, description: 'The tenant\'s own maximum of a session; null for the standard\'s.' })
  sessionMinutesMax?: number | null
  @Field(() => Int, { nullable: true, description: 'The tenant\'s own minimum for keeping the audit; null for the standard\'s.' })
  auditDaysMin?: number | null
}

@ObjectType({ implements: Node, description: 'An ask to withdraw a standard; whoever asked cannot approve it.' })
export class StandardWithdrawal extends Node {
  @Field(() => Standard, { description: 'The standard.' }) standard!: Standard
  @Field(() => String, { description: 'Why.' }) reason!: string
  @Field(() => WithdrawalState, { description: 'How it stands.' }) state!: WithdrawalState
  @Field(() => Date, { description: 'When it was asked for.' }) askedAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was approved; null until then.' }) decidedAt?: Date | null
}
