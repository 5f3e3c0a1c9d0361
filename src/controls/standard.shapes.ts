/** Shapes of standards: what their commands take and answer. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'
import { Payload } from '../platform/graphql.ts'
import { DeclaredStandard, Standard, StandardWithdrawal } from './standard.entity.ts'

@InputType({ description: 'A standard to declare, or to tighten. What is absent or null keeps what is declared.' })
export class StandardDeclareInput {
  @Field(() => Standard, { description: 'The standard.' }) standard!: Standard
  @Field(() => [String], {
    nullable: true, description: 'Regions where data may be written, at most 20, as LAUREL_REGION names them; only narrowed.',
  }) regions?: string[] | null
  @Field(() => Int, { nullable: true, description: 'Longest session, 5 to the standard\'s maximum; only shortened.' })
  sessionMinutesMax?: number | null
  @Field(() => Int, { nullable: true, description: 'Days to keep the audit, the standard\'s minimum to 36,500; only raised.' })
  auditDaysMin?: number | null
}
@ObjectType({ description: 'The declared standard.' })
export class StandardDeclarePayload extends Payload {
  @Field(() => DeclaredStandard, { nullable: true, description: 'The standard; null when refused.' }) declared?: unknown
}
@InputType({ description: 'A standard to withdraw.' })
export class StandardWithdrawInput {
  @Field(() => Standard, { description: 'The standard.' }) standard!: Standard
  @Field(() => String, { description: 'Why, 1–500 characters.' }) reason!: string
}
@InputType({ description: 'An ask of somebody else to approve.' })
export class StandardWithdrawalApproveInput {
  @Field(() => ID, { description: 'The ask.' }) withdrawalId!: string
}
@ObjectType({ description: 'The ask to withdraw a standard.' })
export class StandardWithdrawPayload extends Payload {
  @Field(() => StandardWithdrawal, { nullable: true, description: 'The ask; null when refused.' }) withdrawal?: unknown
}
@ObjectType({ description: 'The approved ask.' })
export class StandardWithdrawalApprovePayload extends Payload {
  @Field(() => StandardWithdrawal, { nullable: true, description: 'The ask; null when refused.' }) withdrawal?: unknown
}
