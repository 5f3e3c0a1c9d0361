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
  Tenant: 'tnt', User: 'usr', Team: 'tea', Department: 'dep', ActivityType: 'aty', Activity: 'act',
  PointEntry: 'pte', Benefit: 'ben',
  RevenueFact: 'rev', Metric: 'met', MetricPoint: 'mpt', HookSource: 'hks', HookMessage: 'hkm', FactImport: 'imp',
  StreakFreeze: 'frz', Boost: 'bst', Leaderboard: 'ldb', LeaderboardArchive: 'lda', FeedItem: 'fdi',
  WebhookEndpoint: 'whe', WebhookMessage: 'whm', AuditEntry: 'aud', ApiKey: 'key', ScreenToken: 'scr', Issuer: 'iss',
  StandardWithdrawal: 'swd', Badge: 'bdg', EarnedBadge: 'ebd', Recognition: 'rec', RecognitionFlag: 'rfl', Challenge: 'chl',
  SkillPath: 'skp', SkillClaim: 'skc', ChallengeGrant: 'chg',
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

const NO_BYTES = Buffer.alloc(RANDOM_BYTES)

/** Returns the smallest uuid (version 7) of an instant: ids made from then on are greater, so that a time bounds a key. */
export function firstIdOf(at: Date): string {
  return v7({ msecs: at.getTime(), seq: 0, random: NO_BYTES })
}

/** Returns the uuid (version 5) that follows from a tenant, a source and a key: the same inputs always give the same id. */
export function derivedId(tenantId: string, source: string, key: string): string {
  return v5(`${source}:${key}`, tenantId)
}

const HEX = '0123456789abcdef'
const NIBBLES = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) NIBBLES[HEX.charCodeAt(value)] = NIBBLES[HEX[value]!.toUpperCase().charCodeAt(0)] = value
const DIGIT_CODES = Buffer.from(DIGITS)
const HEX_CODES = Buffer.from(HEX)
const WIRE_LENGTH = 30
const UUID_LENGTH = 36
// Ids are written here and become a string in one call: an answer holds many, and strings grown digit by digit were a third of
// what it allocated (bench/query).
const sheet = Buffer.alloc(UUID_LENGTH)

/** Returns the wire form of a uuid, `usr_` + 26 base32 characters. */
export function wireId(kind: Kind, uuid: string): string {
  sheet.write(PREFIX[kind], 'latin1')
  sheet[3] = 95 // _
  let [bits, held, end] = [0, 2, 4] // 128 bits in 26 digits of 5: the first digit holds only the 3 highest bits.
  for (let at = 0; at < uuid.length; at++) {
    const code = uuid.charCodeAt(at)
    if (code === 45) continue
    bits = (bits << 4) | NIBBLES[code & 127]!
    held += 4
    if (held >= 5) {
      held -= 5
      sheet[end++] = DIGIT_CODES[(bits >> held) & 31]!
      bits &= (1 << held) - 1
    }
  }
  return sheet.toString('latin1', 0, end)
}

let lastText = ''
let lastUuid: string | null = null

/** Returns the uuid of a wire id of the given kind, or null when the text is no such id. */
export function uuidOf(kind: Kind, text: string): string | null {
  if (text.length !== WIRE_LENGTH || !text.startsWith(PREFIX[kind]) || text[3] !== '_') return null
  if (text === lastText) return lastUuid // A list asks for one board with each of its rows.
  lastText = text
  return (lastUuid = readUuid(text))
}

function readUuid(text: string): string | null {
  let [bits, held, end] = [0, 0, 0]
  for (let at = 4; at < WIRE_LENGTH; at++) {
    const code = text.charCodeAt(at)
    const value = code < 128 ? VALUES[code]! : -1
    if (value < 0 || (at === 4 && value > 7)) return null
    const width = at === 4 ? 3 : 5
    bits = (bits << width) | value
    held += width
    while (held >= 4) {
      held -= 4
      if (end === 8 || end === 13 || end === 18 || end === 23) sheet[end++] = 45 // -
      sheet[end++] = HEX_CODES[(bits >> held) & 15]!
      bits &= (1 << held) - 1
    }
  }
  return sheet.toString('latin1', 0, end)
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
