/** The law of card numbers: free text that holds one is refused (CMP-04). What was found is never repeated. Pure. */

const DIGITS_MIN = 13
const DIGITS_MAX = 19
// Up to three spaces or dashes may part the groups of one number.
const GROUPS = /\d+(?:[\s-]{1,3}\d+)*/g

/** Returns whether a string of digits carries the check digit of Luhn (ISO/IEC 7812-1, annex B). */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = digits.length - 1, isDoubled = false; at >= 0; at--, isDoubled = !isDoubled) {
    const value = digits.charCodeAt(at) - 48
    const counted = isDoubled ? value * 2 : value
    sum += counted > 9 ? counted - 9 : counted
  }
  return sum % 10 === 0
}

/**
 * Returns whether a text holds 13 to 19 digits that pass Luhn's check, alone or in groups parted by spaces or dashes. Digits and
 * dashes of other scripts count as ours, and what cannot be seen counts as nothing. A longer block of digits is no card number.
 */
export function holdsPan(text: string): boolean {
  if (!/\p{Nd}/u.test(text)) return false
  for (const [run] of plain(text).matchAll(GROUPS)) {
    const groups = run.split(/[\s-]+/)
    for (let first = 0; first < groups.length; first++) {
      let digits = ''
      for (let last = first; last < groups.length && digits.length < DIGITS_MAX; last++) {
        digits += groups[last]
        if (digits.length >= DIGITS_MIN && digits.length <= DIGITS_MAX && isLuhn(digits)) return true
      }
    }
  }
  return false
}

/** Returns a text with the digits and dashes of all scripts as ASCII, and without what cannot be seen. */
function plain(text: string): string {
  return text.normalize('NFKC').replaceAll(/\p{Cf}/gu, '').replaceAll(/\p{Pd}|\u2212/gu, '-')
    .replaceAll(/\p{Nd}/gu, digit => String(valueOf(digit.codePointAt(0)!)))
}

// After NFKC the digits of each script stand alone in a row of ten.
function valueOf(code: number): number {
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++
  return value
}

/**
 * Returns whether a text field of this name is free text. A last word such as id, key, url or hash says that it is for machines:
 * long numbers are at home there, and one in ten would pass Luhn's check.
 */
export function isFreeText(name: string): boolean {
  return !/(^|_)(ids?|keys?|urls?|hash|cursor|secret|epoch)$/.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase())
}
