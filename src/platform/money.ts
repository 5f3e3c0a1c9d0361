/**
 * Money, exactly: an amount is a whole number of minor units (a BigInt) and an ISO 4217 code, from the wire's Decimal text to the
 * row's bigint. Nothing here is ever a JavaScript number; what cannot be said exactly is refused, never rounded in silence.
 */

const TWO = 'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY '
  + 'COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD '
  + 'KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR '
  + 'NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY '
  + 'TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG'

/** Digits behind the point of each currency, as ISO 4217 lists them (the metals and the test codes left out). */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', 0], [TWO, 2], ['BHD IQD JOD KWD LYD OMR TND', 3],
  ['CLF UYW', 4],
].flatMap(([codes, exponent]) => (codes as string).split(' ').map(code => [code, exponent] as [string, number])))

/** The largest amount, in minor units: 18 digits, which a bigint column holds with room for a sum of nine of them. */
export const MINOR_MAX = 10n ** 18n - 1n

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d{1,4}))?$/

/** Why a text is no amount of a currency. */
export type MoneyFlaw = 'NO_CURRENCY' | 'NO_DECIMAL' | 'TOO_FINE' | 'TOO_LARGE'

/** Returns the digits behind the point of a currency, or null when ISO 4217 has no such code. */
export function exponentOf(currency: string): number | null {
  return EXPONENTS.get(currency) ?? null
}

/**
 * Returns the minor units of a decimal text such as "-1234.50", or what is wrong with it. More digits behind the point than the
 * currency has are TOO_FINE unless they are zeros.
 */
export function minorOf(decimal: string, currency: string): bigint | MoneyFlaw {
  const exponent = exponentOf(currency)
  if (exponent === null) return 'NO_CURRENCY'
  const [, sign, whole, fraction = ''] = DECIMAL.exec(decimal) ?? []
  if (whole === undefined) return /^-?\d{19,}(\.\d+)?$/.test(decimal) ? 'TOO_LARGE' : 'NO_DECIMAL'
  if (/[1-9]/.test(fraction.slice(exponent))) return 'TOO_FINE'
  return bounded(BigInt(`${sign}${whole}${fraction.slice(0, exponent).padEnd(exponent, '0')}`))
}

/** Returns the decimal text of minor units, with all digits of the currency: "-1234.50". */
export function decimalOf(minor: bigint, currency: string): string {
  const exponent = exponentOf(currency)
  if (exponent === null) throw new RangeError('no currency of ISO 4217')
  if (exponent === 0) return String(minor)
  const digits = String(minor < 0n ? -minor : minor).padStart(exponent + 1, '0')
  return `${minor < 0n ? '-' : ''}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** Returns minor units sent as such ("123450"), or what is wrong with the text. */
export function minorUnitsOf(text: string, currency: string): bigint | MoneyFlaw {
  if (exponentOf(currency) === null) return 'NO_CURRENCY'
  if (!/^-?\d+$/.test(text)) return 'NO_DECIMAL'
  return text.length > 20 ? 'TOO_LARGE' : bounded(BigInt(text))
}

/**
 * Returns numerator / denominator as a whole number, the exact half to the even neighbor (banker's rounding): of 5/2 and 3/2 both
 * are 2, and the same below zero.
 */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('the denominator must be positive')
  const below = floorOf(numerator, denominator)
  const twice = (numerator - below * denominator) * 2n
  return twice > denominator || (twice === denominator && below % 2n !== 0n) ? below + 1n : below
}

/** Returns numerator / denominator as a decimal text with so many digits behind the point, rounded half-even. */
export function ratioOf(numerator: bigint, denominator: bigint, digits: number): string {
  const scaled = divideHalfEven(numerator * 10n ** BigInt(digits), denominator)
  const text = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, '0')
  const shown = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text
  return scaled < 0n ? `-${shown}` : shown
}

function floorOf(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator // Towards zero.
  return numerator % denominator < 0n ? quotient - 1n : quotient
}

function bounded(minor: bigint): bigint | MoneyFlaw {
  return minor > MINOR_MAX || minor < -MINOR_MAX ? 'TOO_LARGE' : minor
}
