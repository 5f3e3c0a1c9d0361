/** The broker of several nodes over Redis pub/sub: one connection publishes, another listens, channels are counted. */
import { createClient } from 'redis'
import { log } from '../platform/log.ts'
import { StartError } from '../platform/start-error.ts'
import { type Broker, tellEach } from './broker.ts'

/**
 * Returns a broker over the Redis server at `url`. It reconnects by itself; what is published while it is away is lost.
 * @throws StartError when the server cannot be reached at start.
 */
export async function redisBroker(url: string, prefix = 'laurel:'): Promise<Broker> {
  const options = { url, socket: { reconnectStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), 2_000), connectTimeout: 3_000 }, disableOfflineQueue: true }
  const publisher = createClient({ ...options, socket: { ...options.socket, reconnectStrategy: false } })
  const first = await publisher.connect().then(() => null, (error: Error) => error)
  if (first) throw new StartError(`Redis at REDIS_URL cannot be reached (${first.message || 'no answer'}): start it, correct REDIS_URL, or unset it to run one node without Redis.`)
  await publisher.close()

  const sender = createClient(options)
  const receiver = sender.duplicate({ disableOfflineQueue: false })
  for (const [name, client] of [['sender', sender], ['receiver', receiver]] as const) {
    client.on('error', (error: Error) => log.warn({ name, reason: error.message }, 'Redis is away'))
  }
  await Promise.all([sender.connect(), receiver.connect()])
  const listeners = new Map<string, Set<(message: string) => void>>()
  const hear = (message: string, channel: string) => tellEach(listeners.get(channel) ?? [], message)
  return {
    kind: 'redis',
    async publish(channel, message) {
      if (sender.isReady) await sender.publish(prefix + channel, message).catch((error: Error) => log.warn({ reason: error.message }, 'a message was not published'))
    },
    async subscribe(channel, listener) {
      const name = prefix + channel
      const own = (message: string) => listener(message)
      const heard = listeners.get(name) ?? new Set()
      const isFirst = !heard.size
      listeners.set(name, heard.add(own))
      if (isFirst) await receiver.subscribe(name, hear)
      return async () => {
        heard.delete(own)
        if (heard.size || listeners.get(name) !== heard) return
        listeners.delete(name)
        await receiver.unsubscribe(name, hear)
      }
    },
    healthy: () => sender.isReady && receiver.isReady,
    async close() {
      await Promise.allSettled([sender.close(), receiver.close()])
    },
  }
}
