/**
 * What the demo offers beside GraphQL: its status, tokens for its people, and the simulator. All of it is absent outside
 * the demo.
 */

/** A board, as the demo lists it. */
export interface DemoBoard {
  id: string
  name: string
  subject: string
  period: string
}
/** An invented company with its boards. */
export interface DemoTenant {
  slug: string
  name: string
  users: number
  boards: DemoBoard[]
}
/** How the simulator runs. */
export interface Simulator {
  running: boolean
  paused: boolean
  ratePerMinute: number
}
/** What the server says of itself in the demo. */
export interface DemoStatus {
  version: string
  graphqlUrl: string
  wsUrl: string
  postgres: { kind: 'embedded' | 'external'; version: string; location: string }
  redis: 'on' | 'off'
  migrations: number
  tenants: DemoTenant[]
  simulator: Simulator | null
  subscribers: number
  firstBoardId: string | null
}
/** A signed token and whom it speaks for. */
export interface DemoToken {
  token: string
  expiresAt: string
  user: { id: string; name: string }
  tenant: { slug: string; name: string }
  role: string
}

async function json<T>(path: string, body?: object): Promise<T | null> {
  const response = await fetch(
    path,
    body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  )
  return response.ok ? ((await response.json()) as T) : null
}

/** Returns the demo's status, or null when this is not a demo. @throws TypeError when the server does not answer */
export function demoStatus(): Promise<DemoStatus | null> {
  return json('/demo/status')
}

/** Returns a token for one of the demo's people, by tenant, by person (id or e-mail) or by role; null outside the demo. */
export function demoToken(wish: { tenant?: string; user?: string; role?: string }): Promise<DemoToken | null> {
  return json('/demo/token', wish)
}

/** Returns the simulator as it runs after the change. */
export function setSimulator(change: { paused?: boolean; ratePerMinute?: number }): Promise<Simulator | null> {
  return json('/demo/simulator', change)
}
