/**
 * How errors leave the house: our codes pass, the framework's become BAD_REQUEST, anything else is a fault with an id and
 * nothing more.
 */
import { randomBytes } from 'node:crypto'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { sqlState } from '../platform/errors.ts'
import { log } from '../platform/log.ts'

const OURS = new Set([
  'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'FEATURE_DISABLED', 'BAD_REQUEST', 'RATE_LIMITED', 'TOO_COSTLY',
  'UNAVAILABLE', 'INTERNAL', 'PERSISTED_QUERY_NOT_FOUND',
])
const BAD_INPUT = new Set([
  'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
])
// What passes when it is tried again: a lost or refused connection, a server that starts, stops or became a replica (25006),
// a time limit (57014, 25P03), commands that met once too often (40001, 40P01).
const AWAY = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND',
  '08000', '08001', '08003', '08004', '08006', '25006', '25P03', '40001', '40P01', '53300', '57014', '57P01', '57P02', '57P03',
  '57P05',
])
const AWAY_WORDS = /Connection terminated|timeout exceeded when trying to connect|is not queryable/
const MESSAGE_MAX = 500
const ECHO_MAX = 100

/** Returns the error as a client sees it; never a stack, SQL or a path. */
export function formatError(error: unknown): GraphQLFormattedError {
  const shown = error instanceof GraphQLError
    ? error
    : new GraphQLError(String((error as Error)?.message ?? error), { originalError: error as Error })
  const { message, locations, path, extensions } = shown.toJSON()
  const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) }
  const { code, stacktrace: _, http: __, ...rest } = (extensions ?? {}) as Record<string, unknown>
  if (typeof code === 'string' && OURS.has(code) && !(code === 'INTERNAL')) {
    return { message: short(message), ...place, extensions: { ...rest, code } }
  }
  if (typeof code === 'string' && BAD_INPUT.has(code)) {
    return { message: short(message), ...place, extensions: { code: 'BAD_REQUEST' } }
  }
  const cause = rootOf(shown)
  // Raised by the executor itself: a variable or argument of the wrong shape.
  if (!cause) return { message: short(message), ...place, extensions: { code: 'BAD_REQUEST' } }
  const away = sqlState(cause) ?? (cause as { code?: string }).code
  if ((away && AWAY.has(away)) || AWAY_WORDS.test(cause.message)) {
    log.warn({ reason: cause.message }, 'the database is away')
    return {
      message: 'The database does not answer at the moment. What was acknowledged is kept. ' +
        'Send it again, with the same idempotencyKey.',
      ...place, extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 },
    }
  }
  const id = randomBytes(4).toString('hex')
  log.error({ id, path: path?.join('.'), err: { message: cause.message, stack: cause.stack } }, 'a fault')
  return {
    message: `Something went wrong on our side. Nothing was lost that was acknowledged. Quote ${id} when you report it.`,
    ...place, extensions: { code: 'INTERNAL', id },
  }
}

function rootOf(error: GraphQLError): Error | null {
  let cause: Error | undefined = error.originalError
  while (cause instanceof GraphQLError) cause = cause.originalError
  return cause ?? null
}

/** Returns a message as a client may see it: what was sent is repeated up to 100 characters, and the whole is cut at 500. */
export function short(message: string): string {
  const told = message.replaceAll(/[^\s]{120,}/g, run => `${run.slice(0, ECHO_MAX)}…`)
    .replaceAll(/"(?:[^"\\]|\\.){120,}"?/g, run => `${run.slice(0, ECHO_MAX)}…"`)
  return told.length > MESSAGE_MAX ? `${told.slice(0, MESSAGE_MAX)}…` : told
}
