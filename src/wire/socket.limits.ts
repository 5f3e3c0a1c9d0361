/** What one socket, token or tenant may take of the door. */
import { LIMITS } from '../platform/limits.ts'

/** How many messages a socket may send: a burst, refilled at a steady rate. */
export class MessageRate {
  #left: number = LIMITS.socketMessagesBurstMax
  #atMs = Date.now()

  /** Returns whether one more message at this time is within the rate. */
  admits(nowMs: number): boolean {
    this.#left = Math.min(
      LIMITS.socketMessagesBurstMax, this.#left + (nowMs - this.#atMs) / 1_000 * LIMITS.socketMessagesPerSecondMax)
    this.#atMs = nowMs
    return --this.#left >= 0
  }
}

interface Entrant { tenantId: string; token: string }

/** Counts the open sockets of each tenant and token. */
export class Census {
  readonly #tenants = new Map<string, number>()
  readonly #tokens = new Map<string, number>()

  /** Counts one in and returns whether there is room for it. */
  enter({ tenantId, token }: Entrant): boolean {
    const ofTenant = this.#tenants.get(tenantId) ?? 0
    const ofToken = this.#tokens.get(token) ?? 0
    if (ofTenant >= LIMITS.socketsPerTenantMax || ofToken >= LIMITS.socketsPerTokenMax) return false
    this.#tenants.set(tenantId, ofTenant + 1)
    this.#tokens.set(token, ofToken + 1)
    return true
  }

  /** Counts one out. */
  leave({ tenantId, token }: Entrant): void {
    lower(this.#tenants, tenantId)
    lower(this.#tokens, token)
  }
}

function lower(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
}
