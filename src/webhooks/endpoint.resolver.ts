/** GraphQL door of webhooks: endpoints, their messages and the log of attempts. ADMIN only. */
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { answer, Context, Cursor, sized } from '../platform/graphql.ts'
import { optionalId, requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { listTopics } from './catalog.rules.ts'
import { bodyOf } from './delivery.rules.ts'
import { WebhookAttempt, WebhookEndpoint, WebhookMessage, WebhookMessageState, WebhookTopic } from './endpoint.entity.ts'
import {
  attemptsByMessage, endpointsById, listEndpoints, listMessages, type MessageRow, messagesById,
} from './endpoint.queries.ts'
import { createEndpoint, deleteEndpoint, rotateSecret, updateEndpoint } from './endpoint.service.ts'
import {
  WebhookEndpointConnection, WebhookEndpointCreateInput, WebhookEndpointCreatePayload, WebhookEndpointDeleteInput,
  WebhookEndpointDeletePayload, WebhookEndpointUpdateInput, WebhookEndpointUpdatePayload, WebhookMessageConnection,
  WebhookReplayInput, WebhookReplayPayload, WebhookSecretRotateInput, WebhookSecretRotatePayload,
  WebhookTestInput, WebhookTestPayload,
} from './endpoint.shapes.ts'
import { replay, testEndpoint } from './message.service.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { webhooks: { isPrivateAllowed: boolean } }
}

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  @Allows('webhook.read')
  @Query(() => WebhookEndpointConnection, { description: 'The tenant\'s webhook endpoints, oldest first. ADMIN only.' })
  webhookEndpoints(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listEndpoints(actor, first, after)
  }

  @Allows('webhook.read')
  @sized(LIMITS.webhookEndpointsMax)
  @Query(() => [WebhookTopic], { description: 'The topics that endpoints may subscribe to, by name, at most 50. ADMIN only.' })
  webhookTopics() {
    return listTopics()
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookEndpointCreatePayload, {
    description: 'Adds an endpoint; it is told of facts committed from now on. ADMIN only. Codes: INVALID, OUT_OF_RANGE.' })
  webhookEndpointCreate(
    @Arg('input', () => WebhookEndpointCreateInput, { description: 'The endpoint.' }) input: WebhookEndpointCreateInput,
    @Ctx() { actor, webhooks }: Context) {
    return answer(new WebhookEndpointCreatePayload(), () => createEndpoint(actor, input, webhooks.isPrivateAllowed))
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookEndpointUpdatePayload, {
    description: 'Changes an endpoint. ADMIN only. Codes: NOT_FOUND, INVALID, OUT_OF_RANGE.' })
  webhookEndpointUpdate(
    @Arg('input', () => WebhookEndpointUpdateInput, { description: 'What to change.' }) input: WebhookEndpointUpdateInput,
    @Ctx() { actor, webhooks }: Context) {
    const endpointId = requireId('WebhookEndpoint', input.endpointId, 'endpointId')
    const change = { ...input, endpointId }
    return answer(new WebhookEndpointUpdatePayload(), () => updateEndpoint(actor, change, webhooks.isPrivateAllowed))
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookEndpointDeletePayload, {
    description: 'Removes an endpoint with its messages; nothing is sent to it any more. ADMIN only. Codes: NOT_FOUND.' })
  webhookEndpointDelete(
    @Arg('input', () => WebhookEndpointDeleteInput, { description: 'Which.' }) input: WebhookEndpointDeleteInput,
    @Ctx() { actor }: Context) {
    const endpointId = requireId('WebhookEndpoint', input.endpointId, 'endpointId')
    return answer(new WebhookEndpointDeletePayload(), () => deleteEndpoint(actor, endpointId)
      .then(({ mark }) => ({ deletedId: wireId('WebhookEndpoint', endpointId), mark })))
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookSecretRotatePayload, {
    description: 'Gives an endpoint a new secret; the old one signs too for now. ADMIN only. Codes: NOT_FOUND, OUT_OF_RANGE.' })
  webhookSecretRotate(
    @Arg('input', () => WebhookSecretRotateInput, { description: 'Which.' }) input: WebhookSecretRotateInput,
    @Ctx() { actor }: Context) {
    const endpointId = requireId('WebhookEndpoint', input.endpointId, 'endpointId')
    return answer(new WebhookSecretRotatePayload(), () => rotateSecret(actor, { endpointId, previousHours: input.previousHours }))
  }
}

@Resolver(() => WebhookMessage)
export class WebhookMessageResolver {
  @Allows('webhook.read')
  @Query(() => WebhookMessageConnection, {
    description: 'The messages for an endpoint, newest first, kept for 30 days. ADMIN only.' })
  webhookDeliveries(
    @Arg('endpointId', () => ID, { description: 'The endpoint.' }) endpointId: string,
    @Arg('state', () => WebhookMessageState, { nullable: true, description: 'Only these; DEAD lists the dead letters.' })
    state: WebhookMessageState | null,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listMessages(actor, requireId('WebhookEndpoint', endpointId, 'endpointId'), state ?? null, first, after)
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookReplayPayload, {
    description: 'Sends dead messages again, before later ones of their subjects. ADMIN only. Codes: NOT_FOUND, INVALID.' })
  webhookReplay(
    @Arg('input', () => WebhookReplayInput, { description: 'Which.' }) input: WebhookReplayInput, @Ctx() { actor }: Context) {
    const messageId = optionalId('WebhookMessage', input.messageId, 'messageId')
    const endpointId = optionalId('WebhookEndpoint', input.endpointId, 'endpointId')
    return answer(new WebhookReplayPayload(), () => replay(actor, { messageId, endpointId }))
  }

  @Allows('webhook.write')
  @Mutation(() => WebhookTestPayload, {
    description: 'Sends a `webhook.test` to an endpoint, whatever its topics. ADMIN only. Codes: NOT_FOUND, INVALID.' })
  webhookTest(@Arg('input', () => WebhookTestInput, { description: 'Which.' }) input: WebhookTestInput, @Ctx() context: Context) {
    const { actor } = context
    const endpointId = requireId('WebhookEndpoint', input.endpointId, 'endpointId')
    return answer(new WebhookTestPayload(), async () => {
      const { messageId, mark } = await testEndpoint(actor, endpointId)
      return { message: await context.load(messagesById, messageId), mark }
    })
  }

  @FieldResolver(() => WebhookEndpoint, { nullable: true, description: 'Whom it is for; null when the endpoint was deleted.' })
  endpoint(@Root() message: MessageRow, @Ctx() context: Context) {
    return context.load(endpointsById, message.endpointId)
  }

  @FieldResolver(() => String, { description: 'The body as it is posted, JSON.' })
  body(@Root() message: MessageRow, @Ctx() { actor }: Context) {
    return bodyOf({ ...message, tenant: wireId('Tenant', actor.tenantId) })
  }

  @sized(5) // As a rule one; ten until a message is given up.
  @FieldResolver(() => [WebhookAttempt], { description: 'The newest 100 attempts, in order.' })
  attempts(@Root() message: MessageRow, @Ctx() context: Context) {
    return context.load(attemptsByMessage, message.id)
  }
}
