/** Ids: UUIDv7 inside, `<prefix>_` + 26 characters of Crockford base32 on the wire; UUIDv5 where a row follows from another. */
import { randomBytes } from 'node:crypto'
import { v5, v7 } from 'uuid'
import { fault } from './errors.ts'

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 32; value++) {
  VALUES[DIGITS.charCodeAt(value)] = value
  VALUES[DIGITS[value]!.toUpperCase().charCodeAt(0)] = value
}
for (const [alias, digit] of [['i', '1'], ['l', '1'], ['o', '0']] as const) {
  VALUES[alias.charCodeAt(0)] = VALUES[alias.toUpperCase().charCodeAt(0)] = VALUES[digit.charCodeAt(0)]!
}

/** The prefix of each kind of thing on the wire. */
export const PREFIX = {
  Tenant: 'tnt', User: 'usr', Team: 'tea', Department: 'dep', ActivityType: 'aty', Activity: 'act', PointEntry: 'pte',
  RevenueFact: 'rev', Metric: 'met', MetricPoint: 'mpt', HookSource: 'hks', HookMessage: 'hkm',
  Leaderboard: 'ldb', LeaderboardArchive: 'lda', FeedItem: 'fdi',
  WebhookEndpoint: 'whe', WebhookMessage: 'whm', AuditEntry: 'aud', ApiKey: 'key', ScreenToken: 'scr', Issuer: 'iss',
  StandardWithdrawal: 'swd',
} as const
export type Kind = keyof typeof PREFIX

let lastMs = 0
let place = 0

const RANDOM_BYTES = 16
let randomness = Buffer.alloc(0)
let used = 0

// One call for many ids: asking the system for 16 bytes costs more than the rest of an id.
function randomBytesOfOne(): Buffer {
  if (used >= randomness.length) {
    randomness = randomBytes(256 * RANDOM_BYTES)
    used = 0
  }
  return randomness.subarray(used, used += RANDOM_BYTES)
}

/** Returns a new uuid (version 7) for the given instant; ids made one after another for the same millisecond keep that order. */
export function newId(now: Date): string {
  const msecs = now.getTime()
  place = msecs === lastMs ? place + 1 : Math.floor(Math.random() * 0x3fff_ffff)
  lastMs = msecs
  return v7({ msecs, seq: place, random: randomBytesOfOne() })
}

/** Returns the uuid (version 5) that follows from a tenant, a source and a key: the same inputs always give the same id. */
export function derivedId(tenantId: string, source: string, key: string): string {
  return v5(`${source}:${key}`, tenantId)
}

/** Returns the wire form of a uuid, `usr_` + 26 base32 characters. */
export function wireId(kind: Kind, uuid: string): string {
  let bits = 0
  let held = 0
  let text = ''
  // 128 bits in 26 digits of 5: the first digit holds only the 3 highest bits.
  let first = true
  for (let at = 0; at < uuid.length; at++) {
    const code = uuid.charCodeAt(at)
    if (code === 45) continue
    bits = (bits << 4) | (code < 58 ? code - 48 : (code | 32) - 87)
    held += 4
    const wanted = first ? 3 : 5
    if (held >= wanted) {
      held -= wanted
      text += DIGITS[(bits >> held) & 31]
      bits &= (1 << held) - 1
      first = false
    }
  }
  return `${PREFIX[kind]}_${text}`
}

/** Returns the uuid of a wire id of the given kind, or null when the text is no such id. */
export function uuidOf(kind: Kind, text: string): string | null {
  if (text.length !== 30 || !text.startsWith(PREFIX[kind]) || text[3] !== '_') return null
  let hex = ''
  let bits = 0
  let held = 0
  for (let at = 4; at < 30; at++) {
    const value = text.charCodeAt(at) < 128 ? VALUES[text.charCodeAt(at)]! : -1
    if (value < 0 || (at === 4 && value > 7)) return null
    bits = (bits << (at === 4 ? 3 : 5)) | value
    held += at === 4 ? 3 : 5
    while (held >= 4) {
      held -= 4
      hex += ((bits >> held) & 15).toString(16)
      bits &= (1 << held) - 1
    }
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Returns the kind that a wire id claims by its prefix, or null. */
export function kindOf(text: string): Kind | null {
  const entry = Object.entries(PREFIX).find(([, prefix]) => text.startsWith(`${prefix}_`))
  return entry ? (entry[0] as Kind) : null
}

/** Returns the uuid of an argument. @throws Fault BAD_REQUEST when it is no id of that kind. */
export function requireId(kind: Kind, text: string, argument: string): string {
  const uuid = uuidOf(kind, text)
  if (!uuid) {
    throw fault('BAD_REQUEST', `${argument} must be an id like "${PREFIX[kind]}_…", as the API returns them.`, { argument })
  }
  return uuid
}

/**
 * Returns the uuid of an argument that may be absent, or null. @throws Fault BAD_REQUEST when it is there and no id of
 * that kind.
 */
export function optionalId(kind: Kind, text: string | null | undefined, argument: string): string | null {
  return text == null ? null : requireId(kind, text, argument)
}
