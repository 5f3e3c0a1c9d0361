/** What webhooks tell of themselves: an endpoint was given up on, for the other endpoints to hear. */
import { wireId } from '../platform/ids.ts'
import { registerTopic } from './catalog.rules.ts'

registerTopic({
  name: 'webhook.disabled', event: 'webhook_endpoint.disabled',
  description: 'An endpoint was disabled, because it failed for three days or too much waited for it: { endpointId, reason }.',
  factsOf: ({ endpointId, reason }: { endpointId: string; reason: string }) => {
    const subject = wireId('WebhookEndpoint', endpointId)
    return [{ subject, said: { endpointId: subject, reason } }]
  },
})
