/** How messages are worded and when they are tried again (PST-06). Pure. */

/** Delays before the 2nd to 10th attempt: 5 s, 5 min, 30 min, then 2, 5, 10, 14, 20 and 24 h; 3 days 3.6 h in all. */
export const RETRY_MS: readonly number[] = [5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map(hours => hours * 3_600_000)]

const JITTER = 0.1

/** Returns the delay before the next attempt in ms, after `failures` failures in a row, ±10 %, or null when it was the last. */
export function retryMs(failures: number, random: number, schedule: readonly number[] = RETRY_MS): number | null {
  const delay = schedule[failures - 1]
  // Spread, so that the messages of an outage do not all come back in one second.
  return delay === undefined ? null : Math.round(delay * (1 - JITTER + 2 * JITTER * random))
}

/** Why an attempt failed. */
export type FailureName = 'STATUS' | 'TIMEOUT' | 'CONNECTION' | 'NAME' | 'ADDRESS' | 'TLS'

/** What came of one attempt: `status` is null without an answer, `failure` null when it was delivered. */
export interface Outcome { status: number | null; failure: FailureName | null; durationMs: number }

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/

/** Returns the class of an error of a request. */
export function failureOf({ code, name }: { code?: string; name?: string }): FailureName {
  if (name === 'AddressRefused') return 'ADDRESS'
  if (name === 'TimedOut' || code === 'ETIMEDOUT') return 'TIMEOUT'
  if (code && /^(ENOTFOUND|EAI_|ENODATA)/.test(code)) return 'NAME'
  return code && TLS_CODES.test(code) ? 'TLS' : 'CONNECTION'
}

/** What a message says, as rows hold it; ids in wire form. `pos` is null for a test. */
export interface Told { topic: string; tenant: string; subject: string; pos: number | null; at: Date; payload: object }

/** Returns the body, the same bytes for every attempt. */
export function bodyOf({ topic, tenant, subject, pos, at, payload }: Told): string {
  return JSON.stringify({ type: topic, timestamp: at.toISOString(), tenant, subject, sequence: pos, data: payload })
}
