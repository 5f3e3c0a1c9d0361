/**
 * The two kinds of bad news: a Refusal is an answer a person can mend, a Fault is a top-level GraphQL error with one of
 * few codes.
 */
import { GraphQLError } from 'graphql'

/** What a command may be refused for; the one enum of `userErrors`. */
export enum ErrorCode {
  NOT_FOUND = 'NOT_FOUND',
  FORBIDDEN = 'FORBIDDEN',
  INVALID = 'INVALID',
  OUT_OF_RANGE = 'OUT_OF_RANGE',
  TAKEN = 'TAKEN',
  IDEMPOTENCY_CONFLICT = 'IDEMPOTENCY_CONFLICT',
  ALREADY_REVERSED = 'ALREADY_REVERSED',
  ALREADY_DECIDED = 'ALREADY_DECIDED',
  SELF_AWARD = 'SELF_AWARD',
  ALLOWANCE_SPENT = 'ALLOWANCE_SPENT',
  PAN_REJECTED = 'PAN_REJECTED',
}

/** What each code means, as the schema says it. */
export const ERROR_MEANINGS: Record<ErrorCode, string> = {
  NOT_FOUND: 'What was named does not exist in this tenant.',
  FORBIDDEN: 'This role may not do it for this subject.',
  INVALID: 'A value is malformed.',
  OUT_OF_RANGE: 'A number, a date or a list lies outside its bounds.',
  TAKEN: 'The name is in use.',
  PAN_REJECTED: 'A text holds what looks like a card number.',
  IDEMPOTENCY_CONFLICT: 'The key was sent before with another input.',
  ALREADY_REVERSED: 'The activity was taken back before.',
  ALREADY_DECIDED: 'Somebody has decided on it, or it has expired.',
  SELF_AWARD: 'It would reward oneself.',
  ALLOWANCE_SPENT: 'More than is left of one\'s allowance.',
}

/** A refused command: nothing was written, and the message says what to do. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly field: string[]
  constructor(code: ErrorCode, message: string, field: string[] = []) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.field = field
  }
}

/** Top-level codes; a client can rely on these and no others. */
export type FaultCode =
  | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'FEATURE_DISABLED' | 'BAD_REQUEST' | 'RATE_LIMITED' | 'TOO_COSTLY'
  | 'UNAVAILABLE' | 'INTERNAL'

/** Returns a top-level error with `extensions.code`; `message` is shown to the caller as it stands. */
export function fault(code: FaultCode, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } })
}

/** @throws Fault UNAVAILABLE when the work was stopped */
export function refuseStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw stopped()
}

/** Returns what a stopped request is told. */
export function stopped() {
  return fault(
    'UNAVAILABLE', 'This took too long, or nobody waited for it any longer, so it was stopped. Ask for less at a time; ' +
    'a command can be sent again with the same idempotencyKey.', { retryAfterMs: 1_000 })
}

/** Returns whether a text has `min` to `max` UTF-16 units and PostgreSQL can hold it as it is: whole characters, no NUL. */
export function isPlainText(text: string, max: number, min = 0): boolean {
  return text.length >= min && text.length <= max && text.isWellFormed() && !text.includes('\0')
}

/** Returns the SQLSTATE of a database error, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
