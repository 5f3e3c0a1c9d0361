/** The shape of a mapping, checked when it is written and again when it is read; an unknown key is refused. */
import { z } from 'zod'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Mapping } from './mapping.rules.ts'

const Path = z.string().regex(
  /^(@\.)?[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,9}$/, 'must be keys divided by dots, such as "data.object.amount"')
const Text = z.string().max(200)
const Words = z.record(Text, Text).refine(values => Object.keys(values).length <= 100, 'may have at most 100 entries')
const Expression = z.strictObject({
  const: Text.optional(), path: Path.optional(), values: Words.optional(), otherwise: Text.optional(),
}).refine(({ const: constant, path }) => (constant === undefined) !== (path === undefined), 'must have either const or path')
const Instant = z.strictObject({
  const: Text.optional(), path: Path.optional(), values: Words.optional(), otherwise: Text.optional(),
  as: z.enum(['RFC3339', 'UNIX_SECONDS', 'UNIX_MS']).optional(),
}).refine(({ const: constant, path }) => (constant === undefined) !== (path === undefined), 'must have either const or path')
const Person = z.strictObject({ email: Expression.optional(), externalId: Expression.optional(), id: Expression.optional() })
  .refine(person => Object.values(person).filter(Boolean).length === 1, 'must have one of email, externalId and id')
const Unit = z.enum(['MAJOR', 'MINOR'])
const common = {
  when: z.array(z.strictObject({ path: Path, in: z.array(Text).min(1).max(50) })).max(10).optional(),
  each: Path.refine(path => !path.startsWith('@.'), 'begins at the body').optional(),
  sourceId: Expression.optional(), occurredAt: Instant.optional(), note: Expression.optional(),
}
const Rule = z.discriminatedUnion('fact', [
  z.strictObject({
    fact: z.literal('REVENUE'), ...common, amount: Expression, unit: Unit.optional(), currency: Expression,
    recurrence: Expression.optional(), owner: Person.optional(), client: Expression.optional(), deal: Expression.optional(),
  }),
  z.strictObject({
    fact: z.literal('REFUND'), ...common, original: Expression, amount: Expression.optional(), unit: Unit.optional(),
  }),
  z.strictObject({
    fact: z.literal('ACTIVITY'), ...common, activityType: Expression, quantity: Expression.optional(), user: Person,
  }),
  z.strictObject({ fact: z.literal('METRIC'), ...common, metric: Expression, value: Expression, user: Person.optional() }),
])
const MappingShape = z.strictObject({ version: z.literal(1), rules: z.array(Rule).min(1).max(20) })

/** Returns the mapping that a JSON text holds. @throws Refusal INVALID | OUT_OF_RANGE */
export function mappingOf(text: string): Mapping {
  if (text.length > LIMITS.mappingLengthMax) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `mapping may have at most ${LIMITS.mappingLengthMax} characters.`, ['mapping'])
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal(ErrorCode.INVALID, 'mapping must be JSON.', ['mapping'])
  }
  return checkedMapping(value)
}

/** Returns a value as a mapping. @throws Refusal INVALID */
export function checkedMapping(value: unknown): Mapping {
  const { success, data: mapping, error } = MappingShape.safeParse(value)
  if (success) return mapping
  const [issue] = error.issues
  const place = issue!.path.map(String)
  throw new Refusal(ErrorCode.INVALID, `mapping${place.length ? ` at ${place.join('.')}` : ''}: ${issue!.message}.`.slice(0, 300),
    ['mapping', ...place])
}
