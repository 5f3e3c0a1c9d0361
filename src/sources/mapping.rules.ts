/** The mapping language: how a source's JSON becomes facts. Closed, without code: paths, constants and word lists. Pure. */
import type { Draft, Drafted, Flaw, PersonRef } from './draft.rules.ts'
import { type Exact, valueAt } from './exact.rules.ts'

/** Where a value comes from: a constant, or a path, which a list of values may translate. */
export interface Expression {
  const?: string | undefined; path?: string | undefined; values?: Record<string,
    string> | undefined; otherwise?: string | undefined
}
/** An instant: as RFC 3339, or as Unix time. */
export type InstantExpression = Expression & { as?: 'RFC3339' | 'UNIX_SECONDS' | 'UNIX_MS' | undefined }
/** What must hold of the body. */
export interface Condition { path: string; in: string[] }
/** A person by one of three names. */
export interface PersonExpression {
  email?: Expression | undefined; externalId?: Expression | undefined; id?: Expression | undefined }

interface Common {
  when?: Condition[] | undefined; each?: string | undefined; sourceId?: Expression | undefined
  occurredAt?: InstantExpression | undefined; note?: Expression | undefined
}
/** One rule: which bodies it is for, and the fact it makes of each element of `each`, or of the body. */
export type MappingRule =
  | Common & {
    fact: 'REVENUE'; amount: Expression; unit?: 'MAJOR' | 'MINOR' | undefined; currency: Expression
    recurrence?: Expression | undefined; owner?: PersonExpression | undefined; client?: Expression | undefined
    deal?: Expression | undefined
  }
  | Common & { fact: 'REFUND'; original: Expression; amount?: Expression | undefined; unit?: 'MAJOR' | 'MINOR' | undefined }
  | Common & { fact: 'ACTIVITY'; activityType: Expression; quantity?: Expression | undefined; user: PersonExpression }
  | Common & { fact: 'METRIC'; metric: Expression; value: Expression; user?: PersonExpression | undefined }
/** A whole mapping. */
export interface Mapping { version: 1; rules: MappingRule[] }

/** The most facts that one message may hold. */
export const FACTS_MAX = 200

class Missing extends Error {
  readonly flaw: Flaw
  constructor(field: string, message: string, code = 'INVALID') {
    super(message)
    this.flaw = { code, field, message }
  }
}

/** Returns what a mapping makes of a body, in order; nothing when no rule is for it. */
export function draftsOf({ rules }: Mapping, body: Exact): Drafted[] {
  const drafted: Drafted[] = []
  for (const rule of rules) {
    if (!(rule.when ?? []).every(condition =>
      condition.in.includes(textOf(valueAt(body, condition.path.split('.'))) ?? '\0'))) continue
    const elements = rule.each === undefined ? [undefined] : valueAt(body, rule.each.split('.'))
    if (!Array.isArray(elements)) {
      drafted.push({ flaw: { code: 'INVALID', field: 'each', message: `There is no list at "${rule.each}".` } })
      continue
    }
    for (const element of elements) drafted.push(draftOf(rule, body, element))
    if (drafted.length > FACTS_MAX) {
      return [{ flaw: { code: 'OUT_OF_RANGE', field: 'each', message: `A message may hold at most ${FACTS_MAX} facts.` } }]
    }
  }
  return drafted
}

function draftOf(rule: MappingRule, body: Exact, element: Exact | undefined): Drafted {
  const read = new Reader(body, element)
  try {
    return { draft: filled(rule, read) }
  } catch (error) {
    if (error instanceof Missing) return { flaw: error.flaw }
    throw error
  }
}

function filled(rule: MappingRule, read: Reader): Draft {
  const common = {
    sourceId: read.optional(rule.sourceId), occurredAt: read.instant(rule.occurredAt), note: read.optional(rule.note),
  }
  switch (rule.fact) {
    case 'REVENUE': return {
      fact: 'REVENUE', ...common, amount: read.needed(rule.amount, 'amount'), unit: rule.unit ?? 'MAJOR',
      currency: read.needed(rule.currency, 'currency').toUpperCase(), recurrence: read.optional(rule.recurrence) ?? 'ONE_OFF',
      person: read.person(rule.owner), client: read.optional(rule.client), deal: read.optional(rule.deal),
    }
    case 'REFUND': return {
      fact: 'REFUND', ...common, original: read.needed(rule.original, 'original'), unit: rule.unit ?? 'MAJOR',
      amount: rule.amount ? read.needed(rule.amount, 'amount') : null,
    }
    case 'ACTIVITY': return {
      fact: 'ACTIVITY', ...common, activityType: read.needed(rule.activityType, 'activityType'),
      quantity: read.optional(rule.quantity), person: read.person(rule.user)!,
    }
    case 'METRIC': return {
      fact: 'METRIC', ...common, metric: read.needed(rule.metric, 'metric'), value: read.needed(rule.value, 'value'),
      person: read.person(rule.user),
    }
  }
}

/** Reads expressions of one element of a body. */
class Reader {
  readonly #body: Exact
  readonly #element: Exact | undefined
  constructor(body: Exact, element: Exact | undefined) {
    this.#body = body
    this.#element = element
  }

  optional(expression: Expression | undefined): string | null {
    if (!expression) return null
    if (expression.const !== undefined) return expression.const
    const [isOwn, path] = expression.path!.startsWith('@.') ? [true, expression.path!.slice(2)] : [false, expression.path!]
    const text = textOf(valueAt(isOwn ? this.#element : this.#body, path.split('.')))
    if (!expression.values) return text ?? expression.otherwise ?? null
    return text !== null && Object.hasOwn(expression.values, text) ? expression.values[text]! : expression.otherwise ?? null
  }

  needed(expression: Expression, field: string): string {
    const text = this.optional(expression)
    if (text === null || text === '') throw new Missing(field, `There is nothing for ${field} at "${expression.path}".`)
    return text
  }

  instant(expression: InstantExpression | undefined): Date | null {
    const text = this.optional(expression)
    if (text === null) return null
    const { as = 'RFC3339' } = expression!
    const isUnix = as !== 'RFC3339'
    const isReadable = isUnix ? /^\d{1,14}$/.test(text)
      : /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    const at = new Date(isUnix ? +text * (as === 'UNIX_MS' ? 1 : 1_000) : text)
    if (!isReadable || Number.isNaN(at.getTime())) {
      throw new Missing('occurredAt', `"${text.slice(0, 40)}" is no instant as ${as}.`)
    }
    return at
  }

  person(expression: PersonExpression | undefined): PersonRef | null {
    if (!expression) return null
    const { email, externalId, id } = expression
    const [by, value] = email ? ['EMAIL', email] as const : externalId ? ['EXTERNAL', externalId] as const : ['ID', id!] as const
    const found = this.optional(value)
    if (!found) throw new Missing('user', `There is no person at "${value.path}".`, 'NOT_FOUND')
    return { by, value: found }
  }
}

function textOf(value: Exact | undefined): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : null
}
