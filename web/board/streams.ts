/** The board and the feed as React state, over one connection. */
import { useEffect, useRef, useState } from 'react'
import {
  BoardStreamDocument,
  FeedStreamDocument,
  type BoardStreamSubscription,
  type FeedKind,
  type FeedStreamSubscription,
} from '../generated.ts'
import { follow, type Connection, type StreamState } from '../stream.ts'
import { boardAfterDelta, boardFromSnapshot, EMPTY_BOARD, RAISED_MS, settledBoard, type Board, type BoardDelta } from './board.ts'

export type FeedItem = Extract<FeedStreamSubscription['feed'], { __typename: 'FeedSnapshot' }>['items'][number]

/** Batches reach the screen at most this often (ms), whatever the server sends. */
const BATCH_MS = 100
const ITEMS_MAX = 50

const starting = (): StreamState => ({ phase: 'connecting', sinceMs: Date.now(), newestMs: null, code: null, reason: null })

/** Returns the rows of a board and where its stream stands; without an id (no such board) it stays empty. */
export function useBoardStream(connection: Connection, id: string | null, top: number): { board: Board; state: StreamState } {
  const [board, setBoard] = useState(EMPTY_BOARD)
  const [state, setState] = useState(starting)
  useEffect(() => {
    if (!id) return
    let waiting: BoardDelta[] = []
    let flushing: ReturnType<typeof setTimeout> | undefined
    let lastMs = 0
    const settles = new Set<ReturnType<typeof setTimeout>>()
    const flush = () => {
      const deltas = waiting
      waiting = []
      flushing = undefined
      lastMs = Date.now()
      setBoard(now => deltas.reduce((all, delta) => boardAfterDelta(all, delta, lastMs), now))
      const settle = setTimeout(() => {
        settles.delete(settle)
        setBoard(now => settledBoard(now, Date.now()))
      }, RAISED_MS + 20)
      settles.add(settle)
    }
    const stream = follow<BoardStreamSubscription['leaderboard']>(connection, {
      query: BoardStreamDocument,
      variables: { id, top },
      onState: setState,
      onSnapshot: snapshot => {
        waiting = []
        setBoard(now => boardFromSnapshot(now, snapshot))
      },
      onDelta: delta => {
        waiting.push(delta)
        flushing ??= setTimeout(flush, Math.max(0, lastMs + BATCH_MS - Date.now()))
      },
    })
    return () => {
      stream.stop()
      clearTimeout(flushing)
      for (const settle of settles) clearTimeout(settle)
      setBoard(EMPTY_BOARD)
    }
  }, [connection, id, top])
  return { board, state }
}

/**
 * Returns the newest items of the tenant's feed, newest first; `onNew` hears those that happen while the page is open. Without a
 * connection that may follow the feed it stays empty.
 */
export function useFeedStream(
  connection: Connection | null,
  kinds: readonly FeedKind[],
  onNew?: (items: FeedItem[]) => void,
): FeedItem[] {
  const [items, setItems] = useState<FeedItem[]>([])
  const hear = useRef(onNew)
  useEffect(() => {
    hear.current = onNew
  })
  const list = kinds.join(',')
  useEffect(() => {
    if (!connection) return
    const stream = follow<FeedStreamSubscription['feed']>(connection, {
      query: FeedStreamDocument,
      variables: { scope: 'TENANT', kinds: list.split(',') },
      onSnapshot: snapshot => setItems(snapshot.items),
      onDelta: delta => {
        if (!delta.items.length) return
        setItems(now => [...delta.items.toReversed(), ...now].slice(0, ITEMS_MAX))
        hear.current?.(delta.items)
      },
    })
    return () => stream.stop()
  }, [connection, list])
  return items
}
