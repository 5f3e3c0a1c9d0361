/** Attributes: what activities of a type may carry besides their quantity, declared by the type, for rules to read. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

/** One declared attribute; numbers have so many places (0 when absent) and no more, `signed` ones may be negative. */
export interface ActivityAttributeDefinition { type: 'number' | 'text' | 'flag'; decimals?: number; signed?: boolean }

/** The attributes of a type, by name. */
export type AttributeDefinitions = Readonly<Record<string, ActivityAttributeDefinition>>

/** The attributes of an activity, by name. */
export type Attributes = Record<string, string | number | boolean>

/** One attribute as a client writes it. */
export interface WrittenAttribute { name: string; value: string }

const NAME = /^[a-z][A-Za-z0-9_]{0,63}$/
// What rules read of every activity.
const NATIVE = ['user', 'team', 'quantity', 'points']

/** Returns the attributes with their values read, or why they cannot be. */
export function attributesFor(
  definitions: AttributeDefinitions | null, written: readonly WrittenAttribute[], type: string,
): Attributes | null | Refusal {
  if (!written.length) return null
  if (written.length > LIMITS.attributesMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `attributes may hold at most ${LIMITS.attributesMax}.`, ['attributes'])
  }
  const attributes: Attributes = {}
  for (const { name, value } of written) {
    const definition = definitions && Object.hasOwn(definitions, name) ? definitions[name] : undefined
    if (!definition) {
      const known = Object.keys(definitions ?? {}).join(', ') || 'none'
      const shown = name.slice(0, 64).toWellFormed()
      return refused(`Activities of the type "${type}" have no attribute "${shown}": it declares ${known}.`)
    }
    if (Object.hasOwn(attributes, name)) return refused(`The attribute "${name}" is there twice.`)
    const read = valueOf(definition, value)
    if (read === null) return refused(`"${name}" must be ${wordsFor(definition)}.`)
    attributes[name] = read
  }
  return attributes
}

function valueOf({ type, decimals = 0, signed = false }: ActivityAttributeDefinition, value: string) {
  if (type === 'text') return value !== '' && isPlainText(value, LIMITS.attributeLengthMax) ? value : null
  if (type === 'flag') return value === 'true' ? true : value === 'false' ? false : null
  const [, sign, , places = ''] = /^(-?)(\d{1,15})(?:\.(\d{1,4}))?$/.exec(value) ?? []
  if (sign === undefined || places.length > decimals || (sign && !signed)) return null
  const number = Number(value)
  return Number.isSafeInteger(Math.round(number * 10 ** decimals)) ? number || 0 : null
}

function wordsFor({ type, decimals = 0, signed = false }: ActivityAttributeDefinition): string {
  if (type === 'text') return `a text of 1 to ${LIMITS.attributeLengthMax} characters`
  if (type === 'flag') return '"true" or "false"'
  return `a number${signed ? '' : ' from 0 up'} with at most ${decimals} places`
}

const refused = (message: string) => new Refusal(ErrorCode.INVALID, message, ['attributes'])

/**
 * Returns why a type's attributes cannot be declared so, or null. What is declared stays as it is, for numbers are kept in the
 * unit they were declared in; more may join.
 */
export function refusalForAttributes(now: AttributeDefinitions | null, wished: AttributeDefinitions): Refusal | null {
  const names = Object.keys(wished)
  if (names.length > LIMITS.attributesMax) return refused(`A type may declare at most ${LIMITS.attributesMax} attributes.`)
  const bad = names.find(name => !NAME.test(name) || NATIVE.includes(name))
  if (bad !== undefined) return refused(`An attribute is named by 1 to 64 letters, digits and _, and not ${NATIVE.join(', ')}.`)
  for (const [name, { type, decimals = 0, signed = false }] of Object.entries(now ?? {})) {
    const wish = Object.hasOwn(wished, name) ? wished[name] : undefined
    if (wish?.type !== type || (wish.decimals ?? 0) !== decimals || (wish.signed ?? false) !== signed) {
      return refused(`"${name}" is declared and in use: leave it as it is, and add another.`)
    }
  }
  return null
}
