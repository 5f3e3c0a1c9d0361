/** Intake: turns what a client sent into checked items, records the good ones together, and answers all in order. */
import { hash } from 'node:crypto'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Actor } from '../platform/tenancy.ts'
import { type ActivityItem, refusalForItem } from './activity.rules.ts'
import { recordActivities, type Recording } from './activity.service.ts'
import type { WrittenAttribute } from './attribute.rules.ts'

/** One activity as a client sends it; `userId` is a wire id. */
export interface ActivityInput {
  activityType: string; idempotencyKey: string; userId?: string | null; quantity?: number | null; occurredAt?: Date | null
  source?: string | null; sourceId?: string | null; note?: string | null
  attributes?: readonly WrittenAttribute[] | null
}

/**
 * Records the inputs and returns what became of each, in order, with the commit's mark.
 * @throws Refusal OUT_OF_RANGE for an empty or too long list
 */
export async function recordInputs(
  actor: Actor, inputs: readonly ActivityInput[],
): Promise<{ recordings: Recording[]; mark: number | null }> {
  if (!inputs.length || inputs.length > LIMITS.batchItemsMax) {
    const advice = inputs.length ? ' Send several calls.' : ''
    throw new Refusal(
      ErrorCode.OUT_OF_RANGE,
      `items must hold 1 to ${LIMITS.batchItemsMax} activities; this call has ${inputs.length}.${advice}`,
      ['items'])
  }
  const checked = inputs.map(input => itemFor(actor, input))
  const items = checked.filter((item): item is ActivityItem => !(item instanceof Refusal))
  const { recordings, mark } = items.length ? await recordActivities(actor, items) : { recordings: [], mark: null }
  let next = 0
  return {
    mark,
    recordings: checked.map(item => item instanceof Refusal ? { kind: 'REFUSED', refusal: item } : recordings[next++]!),
  }
}

function itemFor(actor: Actor, input: ActivityInput): ActivityItem | Refusal {
  const userId = input.userId == null ? actor.userId : uuidOf('User', input.userId)
  if (!userId) {
    return input.userId == null
      ? new Refusal(ErrorCode.INVALID, 'userId is needed: this token speaks for no person.', ['userId'])
      : new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['userId'])
  }
  const item = {
    activityType: input.activityType, idempotencyKey: input.idempotencyKey, userId, quantity: input.quantity ?? 1,
    occurredAt: input.occurredAt ?? null,
    source: input.source ?? null, sourceId: input.sourceId ?? null, note: input.note ?? null,
    attributes: input.attributes?.length ? writtenInOrder(input.attributes) : null,
  }
  const refusal = refusalForItem(item, actor.now)
  if (refusal) return refusal
  return { ...item, bodyHash: bodyHashOf(item) }
}

// The same attributes in another order are the same body.
const writtenInOrder = (attributes: readonly WrittenAttribute[]): WrittenAttribute[] =>
  attributes.map(({ name, value }) => ({ name, value })).sort((one, other) => one.name < other.name ? -1 : 1)

type Body = Omit<ActivityItem, 'bodyHash' | 'idempotencyKey'>
const BODY = Object.keys({
  activityType: 0, attributes: 0, note: 0, occurredAt: 0, quantity: 0, source: 0, sourceId: 0, userId: 0,
} satisfies Record<keyof Body, 0>).sort() as (keyof Body)[]

/**
 * Returns what tells one body from another under the same key. Keys never expire: only what was given counts, by name, so that
 * an input field added later leaves the bodies of old keys as they were. An absent occurredAt is the same body whenever
 * it is sent.
 */
export function bodyHashOf(body: Body): Buffer {
  const given: [string, unknown][] = []
  for (const name of BODY) if (body[name] !== null && body[name] !== undefined) given.push([name, body[name]])
  return hash('sha256', JSON.stringify(given), 'buffer')
}
