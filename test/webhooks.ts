/** What tests of webhooks share: a node that may send to this machine, an admin's operations, waiting for what comes of them. */
import { Webhook } from 'standardwebhooks'
import { expect } from 'vitest'
import type { LaurelNode } from '../src/node.ts'
import { RECORD, testNode, type TestTenant } from './harness.ts'
import type { Received } from './receiver.ts'

/** Attempts follow one another in tenths of seconds instead of days. */
export const QUICK = { isPrivateAllowed: true, responseMs: 1_500, schedule: [30, 60] }

let shared: Promise<LaurelNode> | null = null
/** Returns the node of this file, with quick attempts. */
export const webhookNode = (): Promise<LaurelNode> => (shared ??= testNode({ webhooks: QUICK }))

const ENDPOINT = 'id url description topics state disabledReason failingSince previousUntil'
export const CREATE = `mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) {
  endpoint { ${ENDPOINT} } secret userErrors { code message field } mark } }`
export const UPDATE = `mutation($input: WebhookEndpointUpdateInput!) { webhookEndpointUpdate(input: $input) {
  endpoint { ${ENDPOINT} } userErrors { code message field } mark } }`
export const DELIVERIES = `query($id: ID!, $state: WebhookMessageState, $first: Int! = 100, $after: Cursor) {
  webhookDeliveries(endpointId: $id, state: $state, first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes {
    id topic subject state attemptCount dueAt finishedAt body endpoint { id } attempts { number status failure } } } }`
export const REPLAY = `mutation($input: WebhookReplayInput!) { webhookReplay(input: $input) {
  replayed userErrors { code field } mark } }`

/** A message as `DELIVERIES` shows it. */
export interface Shown {
  id: string
  topic: string
  subject: string
  state: string
  attemptCount: number
  dueAt: string | null
  finishedAt: string | null
  body: string
  attempts: { number: number; status: number | null; failure: string | null }[]
}

/** Makes an endpoint as Ann, who is an ADMIN, and returns its id and secret. */
export async function subscribe(tenant: TestTenant, url: string, topics: string[]): Promise<{ id: string; secret: string }> {
  const {
    webhookEndpointCreate: { endpoint, secret, userErrors },
  } = await tenant.as('ann').run(CREATE, { input: { url, topics } })
  expect(userErrors).toEqual([])
  return { id: endpoint.id, secret }
}

let key = 0
/** Records an activity of a person as Ann and returns its id. */
export async function record(tenant: TestTenant, name: string, activityType = 'meeting_scheduled'): Promise<string> {
  const input = { activityType, idempotencyKey: `webhook-${String(++key).padStart(6, '0')}`, userId: tenant.id(name) }
  const { activityRecord } = await tenant.as('ann').run(RECORD, { input })
  expect(activityRecord.userErrors).toEqual([])
  return activityRecord.activity.id
}

/** Returns an endpoint's messages, oldest first, once the condition holds; fails the test after 10 s. */
export async function deliveries(tenant: TestTenant, id: string, condition: (all: Shown[]) => boolean): Promise<Shown[]> {
  for (const until = Date.now() + 10_000; ;) {
    const { webhookDeliveries } = await tenant.as('ann').run(DELIVERIES, { id })
    const all = (webhookDeliveries.nodes as Shown[]).reverse()
    if (condition(all)) return all
    expect(Date.now(), JSON.stringify(all.map(({ topic, state, attempts }) => ({ topic, state, attempts })))).toBeLessThan(
      until,
    )
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Returns whether messages are all in this state. */
export const all = (state: string) => (messages: Shown[]) =>
  messages.length > 0 && messages.every(message => message.state === state)

/** Fails the test unless the library of Standard Webhooks verifies the request. */
export function verify({ body, headers }: Received, secret: string): void {
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(JSON.parse(body))
}

/** Resolves when webhooks have heard everything that was emitted. */
export async function heard(tenant: TestTenant): Promise<void> {
  await tenant.settled()
  const text = `select 1 from event_head h join reaction_cursor c using (tenant_id)
    where c.reaction = 'webhooks' and c.pos >= h.pos`
  for (const until = Date.now() + 10_000; !(await tenant.sql(text)).length;) {
    expect(Date.now()).toBeLessThan(until)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
