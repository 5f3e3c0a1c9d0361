/** GraphQL door of the figures of revenue: shapes in, shapes out, no decisions. */
import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql'
import { answer, Context, LocalDate, Payload, sized } from '../platform/graphql.ts'
import { CurrencyCode, Decimal, Money, moneyOf } from '../platform/money.shapes.ts'
import { Allows } from '../platform/policy.ts'
import { type ArrBasis as Basis, revenueFigures, setArrBasis } from './figure.service.ts'

enum ArrBasis { RECURRING = 'RECURRING', TRAILING_TWELVE_MONTHS = 'TRAILING_TWELVE_MONTHS' }
registerEnumType(ArrBasis, {
  name: 'ArrBasis', description: 'What annual recurring revenue is taken from (A-62).',
  valuesConfig: {
    RECURRING: { description: 'Twelve times the recurring revenue of the last closed month.' },
    TRAILING_TWELVE_MONTHS: { description: 'All revenue of the last twelve closed months; for those without recurring revenue.' },
  },
})

enum NoFigure {
  NO_RECURRING_REVENUE = 'NO_RECURRING_REVENUE', NO_REVENUE = 'NO_REVENUE', NO_REVENUE_BEFORE = 'NO_REVENUE_BEFORE',
}
registerEnumType(NoFigure, {
  name: 'NoFigure', description: 'Why there is no figure.',
  valuesConfig: {
    NO_RECURRING_REVENUE: { description: 'Nothing recurring stands in this currency.' },
    NO_REVENUE: { description: 'Nothing was recognized in these twelve months.' },
    NO_REVENUE_BEFORE: { description: 'There was none in the 28 days before, so that nothing can have grown.' },
  },
})

@ObjectType({ description: 'Figures of revenue in one currency (A-62). What was taken back never was.' })
class RevenueFigures {
  @Field(() => CurrencyCode, { description: 'The currency; facts in others are left out.' }) currency!: string
  @Field(() => [CurrencyCode], { description: 'Other currencies that there are facts in; nothing is converted. At most 200.' })
  otherCurrencies!: string[]
  @Field(() => LocalDate,
    { description: 'First day of the last closed month; a month closes 24 hours after its end.' }) month!: string
  @Field(() => Money, { nullable: true,
    description: 'Recurring revenue that pays for this month, a year by twelfths, a quarter by thirds, rounded half-even once.' })
  mrr?: Money | null
  @Field(() => NoFigure, { nullable: true, description: 'Why there is no MRR.' }) mrrReason?: NoFigure | null
  @Field(() => ArrBasis, { description: 'What ARR is taken from.' }) arrBasis!: ArrBasis
  @Field(() => Money,
    { nullable: true, description: 'Annual recurring revenue: 12 × MRR before its rounding, or the last twelve closed months.' })
  arr?: Money | null
  @Field(() => NoFigure, { nullable: true, description: 'Why there is no ARR.' }) arrReason?: NoFigure | null
  @Field(() => Money, { description: 'Revenue of the last 28 full days, refunds taken off.' }) last28Days!: Money
  @Field(() => Money, { description: 'Revenue of the 28 days before.' }) before28Days!: Money
  @Field(() => Decimal, { nullable: true, description: 'Growth of the one over the other, in percent with two digits.' })
  growthPercent?: string | null
  @Field(() => NoFigure, { nullable: true, description: 'Why there is no growth.' }) growthReason?: NoFigure | null
}

@InputType({ description: 'What annual recurring revenue is taken from.' })
class RevenueBasisSetInput {
  @Field(() => ArrBasis, { description: 'The basis; RECURRING until it is set.' }) arrBasis!: ArrBasis
}

@ObjectType({ description: 'The basis as it is now.' })
class RevenueBasisSetPayload extends Payload {
  @Field(() => ArrBasis, { nullable: true, description: 'The basis; null when refused.' }) arrBasis?: ArrBasis | null
}

@Resolver(() => RevenueFigures)
export class RevenueFiguresResolver {
  @sized(1)
  @Allows('figure.read')
  @Query(() => RevenueFigures, { description: 'Recurring revenue and growth, from the facts as they stand.' })
  async revenueFigures(
    @Arg('currency', () => CurrencyCode, { nullable: true, description: 'The currency; the tenant\'s when absent.' })
    wanted: string | null, @Ctx() { actor }: Context): Promise<RevenueFigures> {
    const { currency, others, windows, basis, mrr, arr, growth, last, before } = await revenueFigures(actor, wanted)
    const money = (minor: bigint | null) => minor === null ? null : moneyOf(minor, currency)
    return {
      currency, otherCurrencies: others, month: windows.month, arrBasis: basis as ArrBasis, mrr: money(mrr.minor),
      mrrReason: mrr.reason as NoFigure | null, arr: money(arr.minor), arrReason: arr.reason as NoFigure | null,
      last28Days: moneyOf(last, currency), before28Days: moneyOf(before, currency), growthPercent: growth.percent,
      growthReason: growth.reason as NoFigure | null,
    }
  }

  @Allows('figure.write')
  @Mutation(() => RevenueBasisSetPayload, { description: 'Says what annual recurring revenue is taken from. Codes: none.' })
  revenueBasisSet(@Arg('input', () => RevenueBasisSetInput, { description: 'The basis.' }) input: RevenueBasisSetInput,
    @Ctx() { actor }: Context) {
    return answer(new RevenueBasisSetPayload(), async () =>
      ({ arrBasis: input.arrBasis, ...await setArrBasis(actor, input.arrBasis as Basis) }) as Partial<RevenueBasisSetPayload>)
  }
}
