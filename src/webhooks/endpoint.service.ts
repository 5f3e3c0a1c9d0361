/** The only writer of endpoints. A secret is answered once, when it is made; rows of a deleted endpoint are removed by a job. */
import type { SqlEntityManager } from '@mikro-orm/postgresql'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emit } from '../platform/outbox.ts'
import { type Actor, inTenant } from '../platform/tenancy.ts'
import { listTopics } from './catalog.rules.ts'
import { WebhookEndpoint, WebhookState } from './endpoint.entity.ts'
import { plainUrl, refusalForEndpoint } from './endpoint.rules.ts'
import { newSecret } from '../outward/signing.ts'

/** A new endpoint as a command asks for it. */
export interface EndpointInput { url: string; topics: string[]; description?: string | null }

/** A change of an endpoint: what is absent stays; a description of null is cleared. */
export interface EndpointChange {
  endpointId: string; url?: string; topics?: string[]; description?: string | null; state?: WebhookState
}

/**
 * Creates an endpoint and returns it with its secret and the commit's mark; emits `webhook_endpoint.created`.
 * @throws Refusal INVALID | OUT_OF_RANGE
 */
export function createEndpoint(actor: Actor, input: EndpointInput, isPrivateAllowed: boolean) {
  const { tenantId, now } = actor
  const wish = { url: plainUrl(input.url), topics: [...new Set(input.topics)], description: input.description?.trim() ?? '' }
  const refusal = refusalForEndpoint(wish, knownTopics(), isPrivateAllowed)
  if (refusal) throw refusal
  return inTenant(actor, async tx => {
    const count = await tx.em.count(WebhookEndpoint, { tenantId, deletedAt: null })
    const max = LIMITS.webhookEndpointsMax
    if (count >= max) throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${max} endpoints: delete one.`)
    const secret = newSecret()
    const endpoint = tx.em.create(WebhookEndpoint, {
      id: newId(now), tenantId, ...wish, state: WebhookState.ACTIVE, disabledReason: null,
      secret, previousSecret: null, previousUntil: null, failingSince: null, createdAt: now, deletedAt: null,
    })
    const mark = await emit(tx, 'webhook_endpoint.created', { endpointId: endpoint.id })
    return { endpoint, secret, mark }
  })
}

/**
 * Changes an endpoint and returns it; emits `webhook_endpoint.updated`. Made ACTIVE again, it is sent what waits at once.
 * @throws Refusal NOT_FOUND | INVALID | OUT_OF_RANGE
 */
export function updateEndpoint(actor: Actor, change: EndpointChange, isPrivateAllowed: boolean) {
  return inTenant(actor, async tx => {
    const endpoint = await findEndpoint(tx.em, actor, change.endpointId)
    const wish = {
      url: change.url === undefined ? endpoint.url : plainUrl(change.url ?? ''),
      topics: change.topics === undefined ? endpoint.topics : [...new Set(change.topics ?? [])],
      description: change.description === undefined ? endpoint.description : change.description?.trim() ?? '',
    }
    // A topic that a later version no longer has may stay until the topics are changed.
    const known = change.topics === undefined ? new Set(endpoint.topics) : knownTopics()
    const refusal = refusalForEndpoint(wish, known, isPrivateAllowed)
    if (refusal) throw refusal
    if (change.state === WebhookState.DISABLED) {
      throw new Refusal(ErrorCode.INVALID, 'state may be set to ACTIVE or PAUSED.', ['state'])
    }
    const isResumed = change.state === WebhookState.ACTIVE && endpoint.state !== WebhookState.ACTIVE
    Object.assign(endpoint, wish)
    if (change.state) Object.assign(endpoint, { state: change.state, disabledReason: null })
    if (isResumed) endpoint.failingSince = null
    const mark = await emit(tx, 'webhook_endpoint.updated', { endpointId: endpoint.id, isResumed })
    return { endpoint, mark }
  })
}

/** Deletes an endpoint; nothing is sent to it from now on. Emits `webhook_endpoint.deleted`. @throws Refusal NOT_FOUND */
export function deleteEndpoint(actor: Actor, endpointId: string) {
  return inTenant(actor, async tx => {
    const endpoint = await findEndpoint(tx.em, actor, endpointId)
    endpoint.deletedAt = actor.now
    return { mark: await emit(tx, 'webhook_endpoint.deleted', { endpointId }) }
  })
}

/**
 * Gives an endpoint a new secret and returns it; the one before signs too for `previousHours` hours.
 * Emits `webhook_endpoint.rotated`.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE
 */
export function rotateSecret(actor: Actor, { endpointId, previousHours }: { endpointId: string; previousHours: number }) {
  if (previousHours < 0 || previousHours > LIMITS.webhookPreviousSecretHoursMax) {
    const sentence = `previousHours must be 0 to ${LIMITS.webhookPreviousSecretHoursMax}.`
    throw new Refusal(ErrorCode.OUT_OF_RANGE, sentence, ['previousHours'])
  }
  return inTenant(actor, async tx => {
    const endpoint = await findEndpoint(tx.em, actor, endpointId)
    endpoint.previousSecret = endpoint.secret
    endpoint.previousUntil = new Date(actor.now.getTime() + previousHours * 3_600_000)
    endpoint.secret = newSecret()
    const mark = await emit(tx, 'webhook_endpoint.rotated', { endpointId })
    return { endpoint, secret: endpoint.secret, mark }
  })
}

/** Returns a living endpoint, its row locked. @throws Refusal NOT_FOUND */
export async function findEndpoint(em: SqlEntityManager, { tenantId }: Actor, id: string): Promise<WebhookEndpoint> {
  await em.execute('select 1 from webhook_endpoint where tenant_id = ? and id = ? for update', [tenantId, id])
  const endpoint = await em.findOne(WebhookEndpoint, { id, tenantId, deletedAt: null })
  if (!endpoint) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such endpoint.', ['endpointId'])
  return endpoint
}

function knownTopics(): Set<string> {
  return new Set(listTopics().map(({ name }) => name))
}
