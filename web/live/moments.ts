/** What is shown at the foot: levels reached while the page is open, one after the other, each for its time. */
import { useCallback, useEffect, useState } from 'react'
import type { FeedItem } from '../board/streams.ts'

/** Whether a level was reached and not lost: nobody is shown losing, and only the wording tells one from the other. */
export const isReached = ({ level, user, text }: FeedItem) => Boolean(level && user && text.includes(' reached '))

/** How long a level's band stands (ms), by the visual language. */
export const MOMENT_MS = 12_000
/** Moments that wait; more are left to the feed. */
const WAITING_MAX = 12

/** Returns the moment on show, or null, and a way to queue new ones. */
export function useMoments(): { moment: FeedItem | null; queue: (items: FeedItem[]) => void } {
  const [moments, setMoments] = useState<FeedItem[]>([])
  const queue = useCallback(
    (items: FeedItem[]) => setMoments(now => [...now, ...items.filter(isReached)].slice(0, WAITING_MAX)),
    [],
  )
  const moment = moments[0] ?? null
  useEffect(() => {
    if (!moment) return
    const timer = setTimeout(() => setMoments(now => now.slice(1)), MOMENT_MS)
    return () => clearTimeout(timer)
  }, [moment])
  return { moment, queue }
}
