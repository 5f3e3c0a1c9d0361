/**
 * The broker of several nodes over Redis pub/sub: one connection publishes, another listens; sharded pub/sub where Redis
 * is a cluster.
 */
import { createClient, createCluster } from 'redis'
import { log } from '../platform/log.ts'
import { StartError } from '../platform/start-error.ts'
import { type Broker, tellEach } from './broker.ts'

type Hear = (message: string, channel: string) => void

/** What a broker needs of a Redis server or of a cluster. */
interface Line {
  publish(channel: string, message: string): Promise<unknown>
  subscribe(channel: string, hear: Hear): Promise<unknown>
  unsubscribe(channel: string, hear: Hear): Promise<unknown>
  run(script: string, key: string, args: readonly string[]): Promise<unknown>
  isReady(): boolean
  close(): Promise<unknown>
}

const CONNECT_MS = 3_000
const SOCKET = { reconnectStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), 2_000), connectTimeout: CONNECT_MS }

/**
 * Returns a broker over the Redis server or cluster at `url`. It reconnects by itself; what is published while it is away
 * is lost.
 * @throws StartError when the server cannot be reached at start.
 */
export async function redisBroker(url: string, prefix = 'laurel:'): Promise<Broker> {
  const line = await isCluster(url) ? await clusterLine(url) : await serverLine(url)
  const listeners = new Map<string, Set<(message: string) => void>>()
  const hear: Hear = (message, channel) => tellEach(listeners.get(channel) ?? [], message)
  return {
    kind: 'redis',
    scripts: { isReady: line.isReady, run: (script, key, args) => line.run(script, prefix + key, args) },
    async publish(channel, message) {
      if (line.isReady()) {
        await line.publish(prefix + channel, message)
          .catch((error: Error) => log.warn({ reason: error.message }, 'a message was not published'))
      }
    },
    async subscribe(channel, listener) {
      const name = prefix + channel
      const own = (message: string) => listener(message)
      const heard = listeners.get(name) ?? new Set()
      const isFirst = !heard.size
      listeners.set(name, heard.add(own))
      if (isFirst) await line.subscribe(name, hear)
      return async () => {
        heard.delete(own)
        if (heard.size || listeners.get(name) !== heard) return
        listeners.delete(name)
        // While Redis is away the channel is merely forgotten here: waiting for it would hold up a node that closes.
        if (line.isReady()) {
          await line.unsubscribe(name, hear)
            .catch((error: Error) => log.warn({ reason: error.message }, 'a channel was not left'))
        }
      }
    },
    healthy: () => line.isReady(),
    close: async () => void await line.close(),
  }
}

/** Asks once, without retries, whether the server belongs to a cluster. */
async function isCluster(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS } })
  client.on('error', () => {}) // The failing call reports it.
  try {
    await client.connect()
    return /cluster_enabled:1/.test(await client.info('cluster'))
  } catch (error) {
    const reason = (error as Error).message || 'no answer'
    throw new StartError(
      `Redis at REDIS_URL cannot be reached (${reason}): start it, correct REDIS_URL, or unset it to run one node without Redis.`)
  } finally {
    client.destroy()
  }
}

async function serverLine(url: string): Promise<Line> {
  const sender = createClient({ url, socket: SOCKET, disableOfflineQueue: true })
  const receiver = sender.duplicate({ disableOfflineQueue: false })
  for (const [name, client] of [['sender', sender], ['receiver', receiver]] as const) {
    client.on('error', (error: Error) => log.warn({ name, reason: error.message }, 'Redis is away'))
  }
  await Promise.all([sender.connect(), receiver.connect()])
  return {
    publish: (channel, message) => sender.publish(channel, message),
    subscribe: (channel, hear) => receiver.subscribe(channel, hear),
    unsubscribe: (channel, hear) => receiver.unsubscribe(channel, hear),
    run: (script, key, args) => sender.eval(script, { keys: [key], arguments: [...args] }),
    isReady: () => sender.isReady && receiver.isReady,
    // A client that is looking for its server has nothing to say good-bye to, and would wait for it.
    close: () => Promise.allSettled([sender, receiver].map(client => client.isReady ? client.close() : client.destroy())),
  }
}

/** In a cluster a sharded channel lives with its slot, so a message crosses no other node. */
async function clusterLine(url: string): Promise<Line> {
  const cluster = createCluster({ rootNodes: [{ url }], defaults: { socket: SOCKET } })
  let away = false
  cluster.on('error', (error: Error) => log.warn({ reason: error.message }, 'a Redis node is away'))
  await cluster.connect()
  return {
    publish: (channel, message) => cluster.sPublish(channel, message).then(() => { away = false }, (error: Error) => {
      away = true
      throw error
    }),
    subscribe: (channel, hear) => cluster.sSubscribe(channel, hear),
    unsubscribe: (channel, hear) => cluster.sUnsubscribe(channel, hear),
    run: (script, key, args) => cluster.eval(script, { keys: [key], arguments: [...args] }),
    isReady: () => cluster.isOpen && !away,
    close: async () => cluster.destroy(),
  }
}
