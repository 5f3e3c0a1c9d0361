/** The broker of a single node: listeners are called after the publisher's own turn, as a network would. */
import { type Broker, tellEach } from './broker.ts'

/** Returns a broker that reaches this process only. */
export function memoryBroker(): Broker {
  const listeners = new Map<string, Set<(message: string) => void>>()
  let open = true
  return {
    kind: 'memory',
    scripts: null,
    async publish(channel, message) {
      const heard = listeners.get(channel)
      if (open && heard) queueMicrotask(() => tellEach(heard, message))
    },
    async subscribe(channel, listener) {
      const own = (message: string) => listener(message) // The same function may listen twice.
      const heard = listeners.get(channel) ?? new Set()
      listeners.set(channel, heard.add(own))
      return async () => {
        heard.delete(own)
        if (!heard.size && listeners.get(channel) === heard) listeners.delete(channel)
      }
    },
    healthy: () => open,
    async close() {
      open = false
      listeners.clear()
    },
  }
}
