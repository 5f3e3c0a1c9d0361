/** The simulator of a working day: people of the demo record activities through the public API, at a given rate, until paused. */
import { pickType, randomFrom } from './demo.seed.ts'

const RATE_MAX = 60_000 // Activities per minute.
const IN_FLIGHT_MAX = 64

/** How the simulator stands. */
export interface SimulatorState { running: boolean; paused: boolean; ratePerMinute: number; recorded: number; failed: number }

/** Where it records and as whom. */
export interface SimulatedTenant { name: string; token: string; userIds: string[] }

const RECORD = `mutation Simulate($input: ActivityRecordInput!) {
  activityRecord(input: $input) { activity { id } userErrors { code message } } }`

/** Records activities of these tenants at `ratePerMinute` through the API at `url`. */
export class Simulator {
  readonly #url: string
  readonly #tenants: SimulatedTenant[]
  readonly #random = randomFrom(Date.now())
  readonly #run = `sim-${Date.now().toString(36)}`
  #state: SimulatorState
  #timer: NodeJS.Timeout | null = null
  #inFlight = 0
  #count = 0

  constructor(url: string, tenants: SimulatedTenant[], ratePerMinute: number) {
    this.#url = url
    this.#tenants = tenants
    this.#state = { running: false, paused: false, ratePerMinute, recorded: 0, failed: 0 }
  }

  get state(): SimulatorState {
    return { ...this.#state }
  }

  /** Changes speed or pauses; returns the new state. Rates are clipped to 1–60,000 a minute. */
  set({ paused, ratePerMinute }: { paused?: boolean; ratePerMinute?: number }): SimulatorState {
    if (paused !== undefined) this.#state.paused = paused
    if (ratePerMinute !== undefined) this.#state.ratePerMinute = Math.min(RATE_MAX, Math.max(1, Math.round(ratePerMinute)))
    return this.state
  }

  start(): void {
    this.#state.running = true
    this.#plan()
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#state.running = false
    if (this.#timer) clearTimeout(this.#timer)
    for (let waited = 0; this.#inFlight && waited < 50; waited++) await new Promise(resolve => setTimeout(resolve, 20))
  }

  // Gaps between activities vary as people do; at high rates several are sent per turn.
  #plan(): void {
    if (!this.#state.running) return
    const gapMs = 60_000 / this.#state.ratePerMinute
    const many = Math.max(1, Math.round(10 / gapMs))
    this.#timer = setTimeout(() => {
      if (!this.#state.paused) for (let sent = 0; sent < many && this.#inFlight < IN_FLIGHT_MAX; sent++) void this.#record()
      this.#plan()
    }, many * gapMs * (0.4 + 1.2 * this.#random()))
  }

  async #record(): Promise<void> {
    const tenant = this.#tenants[this.#random() < 0.7 ? 0 : this.#tenants.length - 1]!
    // Some people have a good day: low places are picked more often than high ones.
    const userId = tenant.userIds[Math.floor(this.#random() ** 1.4 * tenant.userIds.length)]!
    const input = { activityType: pickType(this.#random), idempotencyKey: `${this.#run}-${this.#count++}`, userId }
    this.#inFlight++
    try {
      const response = await fetch(`${this.#url}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${tenant.token}` },
        body: JSON.stringify({ query: RECORD, variables: { input } }),
      })
      const { data } = await response.json() as { data?: { activityRecord?: { activity: object | null } } }
      if (data?.activityRecord?.activity) this.#state.recorded++
      else this.#state.failed++
    } catch {
      this.#state.failed++ // The server is away; the next one may find it again.
    } finally {
      this.#inFlight--
    }
  }
}

/** Returns a tenant's people, read through the API, in an order that is this run's own. */
export async function peopleOf(url: string, token: string): Promise<string[]> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ users(first: 100) { nodes { id } } }' }),
  })
  const { data } = await response.json() as { data: { users: { nodes: { id: string }[] } } }
  const random = randomFrom(Date.now())
  return data.users.nodes.map(({ id }) => ({ id, key: random() })).sort((one, other) => one.key - other.key).map(({ id }) => id)
}
