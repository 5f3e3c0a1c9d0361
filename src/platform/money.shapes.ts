/** Money on the wire: a Decimal as text and a currency; never a Float. */
import 'reflect-metadata' // The decorators need it before they run.
import { Kind as AstKind, GraphQLScalarType } from 'graphql'
import { Field, InputType, ObjectType } from 'type-graphql'
import { ErrorCode, fault, Refusal } from './errors.ts'
import { decimalOf, exponentOf, minorOf, type MoneyFlaw } from './money.ts'

function textual(name: string, description: string, check: (text: string) => boolean, hint: string) {
  const parse = (value: unknown) => {
    if (typeof value === 'string' && check(value)) return value
    throw fault('BAD_REQUEST', `${name} must be ${hint}.`)
  }
  return new GraphQLScalarType<string>({
    name, description, serialize: value => String(value), parseValue: parse,
    // A number in a document would have been read as a float by its sender: only text is exact.
    parseLiteral: node => parse(node.kind === AstKind.STRING ? node.value : undefined),
  })
}

export const Decimal = textual('Decimal', 'An exact decimal number as text: "-1234.50". Never a float.',
  text => /^-?\d{1,18}(\.\d{1,18})?$/.test(text), 'a decimal number as text, such as "1234.50"')

export const CurrencyCode = textual('CurrencyCode', 'A currency by its ISO 4217 code: "EUR".',
  text => exponentOf(text) !== null, 'a currency of ISO 4217 in capitals, such as "EUR"')

@ObjectType({ description: 'An exact amount of a currency.' })
export class Money {
  @Field(() => Decimal, { description: 'Whole and minor units as text, with all digits of the currency.' }) amount!: string
  @Field(() => CurrencyCode, { description: 'The currency.' }) currency!: string
}

@InputType({ description: 'An exact amount of a currency.' })
export class MoneyInput {
  @Field(() => Decimal, { description: 'As text, with no more digits behind the point than the currency has.' }) amount!: string
  @Field(() => CurrencyCode, { description: 'The currency.' }) currency!: string
}

/** Returns an amount as the schema shows it. */
export function moneyOf(minor: bigint, currency: string): Money {
  return { amount: decimalOf(minor, currency), currency }
}

const FLAWS: Record<MoneyFlaw, (currency: string) => string> = {
  NO_CURRENCY: () => 'must name a currency of ISO 4217',
  NO_DECIMAL: () => 'must be a decimal number such as "1234.50"',
  TOO_FINE: currency => `may have at most ${exponentOf(currency)} digits behind the point: nothing is rounded`,
  TOO_LARGE: () => 'may have at most 18 digits, minor units included',
}

/** Returns the minor units of what a client sent, or why it is no amount; `field` names it in the refusal. */
export function minorFrom({ amount, currency }: MoneyInput, field: string): bigint | Refusal {
  const minor = minorOf(amount, currency)
  return typeof minor === 'bigint' ? minor : flawed(minor, currency, field)
}

/** Returns the refusal of a flaw. */
export function flawed(flaw: MoneyFlaw, currency: string, field: string): Refusal {
  const code = flaw === 'TOO_LARGE' ? ErrorCode.OUT_OF_RANGE : ErrorCode.INVALID
  return new Refusal(code, `${field} ${FLAWS[flaw](currency)}.`, [field])
}
