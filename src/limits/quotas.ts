/**
 * Quotas: how many operations, and of what cost together, a tenant, a person and a key may send in a minute. A person's streams
 * are charged to the person alone: when a node drains, a whole tenant comes back at once and must be let in.
 */
import { createHash } from 'node:crypto'
import { fault } from '../platform/errors.ts'
import type { Actor } from '../platform/tenancy.ts'
import type { Buckets, PerMinute, Taking } from './buckets.ts'

/** How many operations a minute, and how much cost. */
export interface Quota { requests: PerMinute; cost: PerMinute }

/** The quotas of a node; null is none. */
export interface QuotaSettings {
  tenant: Quota | null
  /** Of each person. */
  user: Quota | null
  /** Of each token that speaks for no person: API keys and screens. */
  key: Quota | null
  /** Operations a minute of each address without a valid token. */
  anonymous: PerMinute | null
}

/** Who is charged: an actor with its token, or an address. */
export type Payer = Pick<Actor, 'tenantId' | 'userId' | 'credential'> & { token?: string } | { address: string }

/** What is left: the least of the quotas that an operation was charged to. */
export interface Remaining { requests: number; cost: number }

interface Charge { key: string; perMinute: PerMinute; amount: number; whose: string; unit: 'requests' | 'cost' }

/** Charges operations. */
export class Quotas {
  readonly #settings: QuotaSettings
  readonly #shared: Buckets
  readonly #local: Buckets

  /** `shared` are kept by all nodes together, `local` by this one. */
  constructor(settings: QuotaSettings, shared: Buckets, local: Buckets) {
    this.#settings = settings
    this.#shared = shared
    this.#local = local
  }

  /**
   * Charges one operation; returns what is left, or null where nothing is limited. What was charged before a refusal is given
   * back.
   * @throws Fault RATE_LIMITED with `retryAfterMs`
   */
  async charge(payer: Payer, cost: number, isStream: boolean): Promise<Remaining | null> {
    const charges = this.#chargesOf(payer, cost, isStream)
    if (!charges.length) return null
    const buckets = 'address' in payer ? this.#local : this.#shared
    const left: Remaining = { requests: Infinity, cost: Infinity }
    for (const [at, charge] of charges.entries()) {
      const asked = buckets.take(charge.key, charge.perMinute, charge.amount)
      const taking = asked instanceof Promise ? await asked : asked
      if (!taking.isTaken) {
        for (const { key, perMinute, amount } of charges.slice(0, at)) buckets.give(key, perMinute, Math.min(amount, perMinute))
        throw refusal(charge, taking)
      }
      left[charge.unit] = Math.min(left[charge.unit], taking.left)
    }
    return left
  }

  #chargesOf(payer: Payer, cost: number, isStream: boolean): Charge[] {
    const { tenant, user, key, anonymous } = this.#settings
    if ('address' in payer) {
      if (!anonymous) return []
      return [{ key: payer.address, perMinute: anonymous, amount: 1, whose: 'an address without a token', unit: 'requests' }]
    }
    const own = payer.userId ? user : key
    const charges: Charge[] = []
    const add = (quota: Quota | null, name: string, whose: string) => {
      if (!quota) return
      charges.push({ key: `${name}:requests`, perMinute: quota.requests, amount: 1, whose, unit: 'requests' })
      if (cost) charges.push({ key: `${name}:cost`, perMinute: quota.cost, amount: cost, whose, unit: 'cost' })
    }
    // The braces keep the buckets of a tenant in one slot of a Redis cluster.
    const place = `quota:{${payer.tenantId}}`
    const name = payer.userId ?? payer.credential?.id ?? keyOf(payer.token ?? '')
    add(own, `${place}:${name}`, payer.userId ? 'a person' : 'a key')
    if (!isStream) add(tenant, place, 'a tenant')
    return charges
  }
}

const keys = new Map<string, string>()
const KEYS_MAX = 10_000

/** A token is a secret: what stands for it in a name is its hash. */
function keyOf(token: string): string {
  let key = keys.get(token)
  if (key === undefined) {
    if (keys.size >= KEYS_MAX) keys.clear()
    keys.set(token, (key = createHash('sha256').update(token).digest('base64url').slice(0, 22)))
  }
  return key
}

function refusal({ whose, unit, perMinute }: Charge, { waitMs }: Taking) {
  const what = unit === 'requests' ? 'operations' : 'of cost'
  return fault(
    'RATE_LIMITED', `The quota of ${whose} is ${perMinute.toLocaleString('en-US')} ${what} a minute. ` +
    `Try again in ${Math.ceil(waitMs / 1_000)} s, or ask for less at a time.`, { retryAfterMs: Math.max(1, waitMs) })
}
