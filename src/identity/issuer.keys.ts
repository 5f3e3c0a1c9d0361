/**
 * The published keys of issuers: fetched when they are needed, kept, and fetched again when a token names one that is not there.
 * An issuer is asked at most once in 30 seconds, whatever tokens arrive.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from 'jose'
import { fault } from '../platform/errors.ts'
import { getJson, type WayOut } from '../outward/way.ts'

/** Where keys may be fetched, and for tests when they are again. */
export interface IssuerKeysOptions extends WayOut { freshMs?: number; coolMs?: number; waitMs?: number }

/** What is known of the keys at one address. */
export interface KeysState {
  isUsable: boolean; keys: { kid: string | null; algorithm: string | null }[]; problem: string | null; readAt: Date | null
}

const FRESH_MS = 10 * 60_000
const COOL_MS = 30_000
const WAITED_FOR_MS = 3_600_000 // Up to this age what is there serves while newer keys are on their way.
const STALE_MS = 24 * 3_600_000 // An issuer that is away for a day locks nobody out before.
const PATIENCE = { bytesMax: 256 * 1_024, waitMs: 5_000 }
const KEYS_MAX = 100
const SETS_MAX = 1_000
const NUMBER_LENGTH_MAX = 1_400 // An RSA modulus of 8,192 bits in base64url: larger ones are there to cost time.
const TYPES: Record<string, readonly (string | undefined)[]> = { RSA: [undefined], EC: ['P-256'], OKP: ['Ed25519'] }

type Find = ReturnType<typeof createLocalJWKSet>
interface KeySet {
  find: Find | null; keys: KeysState['keys']; problem: string | null; readMs: number; askedMs: number
  asking: Promise<void> | null
}

/** The keys of all issuers of a node. */
export class PublishedKeys {
  readonly #way: WayOut
  readonly #freshMs: number
  readonly #coolMs: number
  readonly #patience: typeof PATIENCE
  readonly #sets = new Map<string, KeySet>()

  constructor({ freshMs = FRESH_MS, coolMs = COOL_MS, waitMs = PATIENCE.waitMs, ...way }: IssuerKeysOptions) {
    this.#way = way
    this.#freshMs = freshMs
    this.#coolMs = coolMs
    this.#patience = { ...PATIENCE, waitMs }
  }

  /**
   * Returns the key at `url` that a token's header names. Only `alg` and `kid` of the header are read: a key or an address that a
   * token brings along is never looked at.
   * @throws Fault UNAVAILABLE while the issuer has never answered
   * @throws JOSEError when there is no such key
   */
  async keyFor(url: string, { alg, kid }: { alg: string; kid?: string | undefined }): ReturnType<Find> {
    const set = await this.#current(url)
    if (!set.find) {
      throw fault(
        'UNAVAILABLE', 'The keys of your identity provider cannot be read at the moment. Try again.', { retryAfterMs: 5_000 })
    }
    const wanted = { alg, ...kid === undefined ? {} : { kid } }
    const find = () => set.find!(wanted, { payload: '', signature: '' })
    try {
      return await find()
    } catch (error) {
      // Unknown: the issuer may have a new key since.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !await this.#ask(url, set)) throw error
      return find()
    }
  }

  /** Returns what is known of the keys at `url`, asking for them when that is due. */
  async stateOf(url: string): Promise<KeysState> {
    const { find, keys, problem, readMs } = await this.#current(url)
    return { isUsable: find !== null, keys, problem, readAt: readMs ? new Date(readMs) : null }
  }

  async #current(url: string): Promise<KeySet> {
    let set = this.#sets.get(url)
    if (!set) {
      if (this.#sets.size >= SETS_MAX) this.#sets.delete(this.#sets.keys().next().value!)
      this.#sets.set(url, (set = { find: null, keys: [], problem: null, readMs: 0, askedMs: 0, asking: null }))
    }
    const ageMs = Date.now() - set.readMs
    const asking = ageMs > this.#freshMs ? this.#ask(url, set) : null
    if (ageMs > WAITED_FOR_MS) await asking
    if (Date.now() - set.readMs > STALE_MS) Object.assign(set, { find: null, keys: [] })
    return set
  }

  /** Asks the issuer, unless that was done a moment ago; returns whether the keys are newer now. */
  async #ask(url: string, set: KeySet): Promise<boolean> {
    const before = set.readMs
    if (!set.asking) {
      if (Date.now() - set.askedMs < this.#coolMs) return false
      set.askedMs = Date.now()
      set.asking = this.#read(url, set).finally(() => { set.asking = null })
    }
    await set.asking
    return set.readMs > before
  }

  async #read(url: string, set: KeySet): Promise<void> {
    try {
      const keys = usableOf(await getJson(url, this.#way, this.#patience))
      const shown = keys.map(({ kid, alg }) => ({ kid: kid ?? null, algorithm: alg ?? null }))
      // Never the same instant as before, so that whoever waits sees that they are newer.
      Object.assign(set, {
        find: createLocalJWKSet({ keys }), keys: shown, problem: null, readMs: Math.max(Date.now(), set.readMs + 1),
      })
    } catch (error) {
      set.problem = problemOf(error as NodeJS.ErrnoException)
    }
  }
}

/** Returns the keys of a JWKS that can check signatures here: public ones, of the three algorithms, of a bearable size. */
function usableOf(answer: unknown): JWK[] {
  const list = (answer as JSONWebKeySet | null)?.keys
  if (!Array.isArray(list)) throw new Error('Its answer is no key set (JWKS): an object with "keys".')
  const keys = list.slice(0, KEYS_MAX).filter(key =>
    typeof key === 'object' && key !== null && Object.hasOwn(TYPES, String(key.kty))
    && TYPES[key.kty as string]!.includes(key.crv) && !('d' in key) && [key.n, key.x, key.y].every(isShort))
  if (!keys.length) throw new Error('It publishes no key for RS256, ES256 or EdDSA.')
  // Certificates and addresses beside a key are of no use here.
  return keys.map(({ kty, kid, alg, use, key_ops: operations, crv, n, e, x, y }) =>
    JSON.parse(JSON.stringify({ kty, kid, alg, use, key_ops: operations, crv, n, e, x, y })) as JWK)
}

const isShort = (part: unknown) => part === undefined || (typeof part === 'string' && part.length <= NUMBER_LENGTH_MAX)

/** Returns a sentence for people. It says nothing of what was answered, since a tenant chose whom to ask. */
function problemOf({ name, code, message }: NodeJS.ErrnoException): string {
  if (name === 'AddressRefused') return 'Its address is not public; the operator may allow private ones (LAUREL_ISSUERS_PRIVATE).'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'There is no such host.'
  if (code === 'ECONNREFUSED') return 'Nothing listens there.'
  return message.startsWith('It') ? message : 'No secure connection could be made, or it was cut.'
}
