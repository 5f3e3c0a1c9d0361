/** GraphQL door of standards' commands. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql'
import { answer, Context } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { Allows } from '../platform/policy.ts'
import { telling } from '../wire/auth.ts'
import { approveWithdrawal, askWithdrawal, declareStandard } from './standard.service.ts'
import {
  StandardDeclareInput, StandardDeclarePayload, StandardWithdrawalApproveInput, StandardWithdrawalApprovePayload,
  StandardWithdrawInput, StandardWithdrawPayload,
} from './standard.shapes.ts'

/** Carries a command out; sessions and writes go by what it changed from then on. */
function inForce<T>(context: Context, command: Promise<T>): Promise<T> {
  return telling(context, command.finally(() => context.controls.drop(context.actor.tenantId)))
}

@Resolver()
export class StandardResolver {
  @Allows('standard.write')
  @Mutation(() => StandardDeclarePayload, {
    description: 'Declares a standard, or tightens it: its controls are switched on at once. COMPLIANCE and ADMIN, after a '
      + 'sign-in of the last 15 minutes. Codes: INVALID, OUT_OF_RANGE.',
  })
  standardDeclare(
    @Arg('input', () => StandardDeclareInput, { description: 'Which, and the tenant\'s own figures.' })
    input: StandardDeclareInput,
    @Ctx() context: Context) {
    const { actor, controls: { region } } = context
    return answer(new StandardDeclarePayload(), () => inForce(context, declareStandard(actor, input, region)))
  }

  @Allows('standard.write')
  @Mutation(() => StandardWithdrawPayload, {
    description: 'Asks to withdraw a standard; it stays in force until another person approves. COMPLIANCE and ADMIN, after a '
      + 'sign-in of the last 15 minutes. Codes: INVALID, FORBIDDEN, NOT_FOUND, TAKEN, PAN_REJECTED.',
  })
  standardWithdraw(
    @Arg('input', () => StandardWithdrawInput, { description: 'Which, and why.' }) input: StandardWithdrawInput,
    @Ctx() { actor }: Context) {
    return answer(new StandardWithdrawPayload(), () => askWithdrawal(actor, input))
  }

  @Allows('standard.write')
  @Mutation(() => StandardWithdrawalApprovePayload, {
    description: 'Approves what another person asked: the standard is withdrawn. COMPLIANCE and ADMIN, after a sign-in of the '
      + 'last 15 minutes. Codes: NOT_FOUND, FORBIDDEN, ALREADY_DECIDED.',
  })
  standardWithdrawalApprove(
    @Arg('input', () => StandardWithdrawalApproveInput, { description: 'Which.' }) input: StandardWithdrawalApproveInput,
    @Ctx() context: Context) {
    const id = requireId('StandardWithdrawal', input.withdrawalId, 'withdrawalId')
    return answer(new StandardWithdrawalApprovePayload(), () => inForce(context, approveWithdrawal(context.actor, id)))
  }
}
