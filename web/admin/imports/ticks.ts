/** Asks again and again while something moves, and not while nobody looks. */
import { useEffect, useRef } from 'react'

/** Calls `tick` every `everyMs` while the page is seen, and at once when it is seen again; never while that is null. */
export function useTicks(everyMs: number | null, tick: () => void): void {
  const latest = useRef(tick)
  latest.current = tick
  useEffect(() => {
    if (everyMs === null) return
    const look = () => {
      if (document.visibilityState === 'visible') latest.current()
    }
    const timer = setInterval(look, everyMs)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [everyMs])
}
