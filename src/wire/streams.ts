/**
 * What every live stream shares: cursors, sources that many readers read alike, and the ways to follow one: a group, a
 * poll, an iterator.
 */
import { fault } from '../platform/errors.ts'
import { featureOff, type FeatureUse } from '../platform/policy.rules.ts'
import type { Actor } from '../platform/tenancy.ts'
import type { Payload } from './frames.ts'

export type SnapshotReason = 'FIRST' | 'EXPIRED' | 'NEW_EPOCH' | 'SLOW_CLIENT' | 'VISIBILITY'

/** Returns a stream cursor: the tenant's epoch and a position in its event log. */
export function streamCursor(epoch: string, pos: number): string {
  return `${epoch}:${pos}`
}

/** Returns the parts of a stream cursor. @throws Fault BAD_REQUEST */
export function parseStreamCursor(cursor: string): { epoch: string; pos: number } {
  const match = /^([\w-]{1,32}):(\d{1,16})$/.exec(cursor)
  if (!match) {
    throw fault('BAD_REQUEST', 'after must be a cursor of this stream, as a snapshot or delta carried it.', { argument: 'after' })
  }
  return { epoch: match[1]!, pos: Number(match[2]) }
}

/**
 * Where a reader stands in a stream. It is a value, never changed: readers at the same place read the same. `pos` null =
 * nothing read yet.
 */
export interface Place { readonly pos: number | null; readonly told: number; readonly reason: SnapshotReason }

/** Returns the place where a reader with this cursor begins; without one it begins with a snapshot. @throws Fault BAD_REQUEST */
export function placeAfter(epoch: string, after?: string | null): Place {
  if (after == null) return { pos: null, told: 0, reason: 'FIRST' }
  const cursor = parseStreamCursor(after)
  return cursor.epoch === epoch
    ? { pos: cursor.pos, told: cursor.pos, reason: 'EXPIRED' }
    : { pos: null, told: 0, reason: 'NEW_EPOCH' }
}

/**
 * One stream as its readers see it. A reader holds a place, not a queue: a slow one costs nothing but what it has yet to
 * read.
 */
export interface StreamSource<Message extends object = object> {
  /** Names the stream; sources with the same key read alike. */
  readonly key: string
  /** STATE: the newest is enough, so a reader that fell behind gets one snapshot. LOG: every message is owed. */
  readonly kind: 'STATE' | 'LOG'
  /**
   * Returns the messages from a place to now, in order, and the place behind them; the same objects for the same place. One with
   * `committedAt` says when the oldest fact in it was committed.
   */
  read(place: Place): Promise<{ messages: Message[]; place: Place }>
  /** Returns whether a person who stands like this may follow it; absent when everybody of the tenant may. */
  readonly allows?: (standing: { teamId: string | null }) => boolean
  /** Calls the listener whenever there may be more to read; returns how to stop. */
  onChange(listener: () => void): () => void
}

/** Where a subscriber's messages go. */
export interface Outlet {
  /** Whether it can take more now. */
  ready(): boolean
  /** Calls the listener once, as soon as it can take more again. */
  whenReady(listener: () => void): void
  /** Takes one message for the operation of this id, as `writtenId` returned it. */
  send(id: string, payload: Payload): void
}

/** One subscriber: whose operation it is, where its messages go, how it is ended, and where it begins. */
export interface Subscriber {
  readonly id: string; readonly outlet: Outlet; readonly actor: Actor
  /** The feature that the stream is a part of. */
  readonly use?: FeatureUse | undefined
  place: Place
  fail(error: Error): void
}

/** How a person stands: what may have changed since a subscriber joined. */
export interface Standing { isActive: boolean; teamId: string | null }

/** Subscribers at one place of a stream: they have read the same and are owed the same. It moves as one. */
export class Cohort {
  readonly subscribers = new Set<Subscriber>()
  place: Place
  /** Whether it was held back here. */
  wasHeld: boolean
  /** Whether it has been at the stream's present: what comes to it from then on is live, what came before it had missed. */
  isLive = false
  constructor(place: Place, wasHeld: boolean) {
    this.place = place
    this.wasHeld = wasHeld
  }

  get key(): string {
    const { pos, told, reason } = this.place
    return `${pos}|${told}|${reason}|${this.wasHeld}`
  }
}

/** Tells whether a feature is off for a tenant, as far as this node knows. */
export type IsOff = (tenantId: string, use: FeatureUse) => boolean

/** Ends a subscriber whose feature is off by now. */
export function endIfOff(subscriber: Subscriber, isOff: IsOff): void {
  const { actor, use } = subscriber
  if (use && isOff(actor.tenantId, use)) subscriber.fail(featureOff(use.feature))
}

/** What a subscription's resolver returns: the stream and where this subscriber begins, iterable for any executor. */
export interface Opened<Message extends object = object> extends AsyncIterableIterator<Message> {
  source: StreamSource<Message>; place: Place
  /** The feature it is a part of. */
  use?: FeatureUse
}

/**
 * Returns the stream as an async iterable that carries its source. Its `return` takes effect at once, also while nothing
 * happens.
 */
export function openStream<Message extends object>(source: StreamSource<Message>, place: Place): Opened<Message> {
  const leaving = new AbortController()
  let ready: Message[] = []
  let here = place
  const end = { done: true, value: undefined } as const
  return {
    source, place,
    async next() {
      while (!leaving.signal.aborted) {
        const message = ready.shift()
        if (message !== undefined) return { done: false, value: message }
        const changed = changeOf(source, leaving.signal)
        const read = await source.read(here)
        here = read.place
        ready = read.messages
        if (!ready.length) await changed
      }
      return end
    },
    async return() {
      leaving.abort()
      return end
    },
    async throw(error: unknown) {
      leaving.abort()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Returns what a poll answers: what there is now, else what comes within `waitMs` or until the signal aborts, else nothing. */
export async function poll<Message extends object>(
  { source, place }: Opened<Message>, waitMs: number, signal?: AbortSignal,
): Promise<Message[]> {
  const until = signal ? AbortSignal.any([signal, AbortSignal.timeout(waitMs)]) : AbortSignal.timeout(waitMs)
  let here = place
  for (;;) {
    const changed = changeOf(source, until)
    const read = await source.read(here)
    here = read.place
    if (read.messages.length || until.aborted || waitMs === 0) return read.messages
    await changed
  }
}

/** Resolves at the source's next change, or when the signal aborts. */
function changeOf(source: StreamSource, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const stop = source.onChange(done)
    function done() {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}
