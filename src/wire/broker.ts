/** The broker carries short messages between nodes. It may lose any of them: whoever listens refills from the event log. */
import type { Scripts } from '../limits/buckets.shared.ts'
import { log } from '../platform/log.ts'

/** Publishes text on a channel to every listener of every node; delivery is in order per channel and at most once. */
export interface Broker {
  readonly kind: 'memory' | 'redis'
  publish(channel: string, message: string): Promise<void>
  /** Returns how to stop listening. The promise settles once messages published from then on will arrive. */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>>
  /** Runs scripts at one key each, where nodes share what they count; null when there is one node. */
  readonly scripts: Scripts | null
  /** Returns whether messages published now would reach other nodes. */
  healthy(): boolean
  close(): Promise<void>
}

/** Tells every listener; one that throws does not keep the message from the others. */
export function tellEach<Message>(listeners: Iterable<(message: Message) => void>, message: Message): void {
  for (const listener of listeners) {
    try {
      listener(message)
    } catch (error) {
      log.error({ err: error }, 'a listener failed')
    }
  }
}
