/** How fresh a page is, in words: live, reconnecting (after 3 s), stale (after 15 s), offline. */
import { useEffect, useState } from 'react'
import type { StreamState } from '../stream.ts'
import { clock } from './format.ts'

export type Freshness = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'offline' | 'ended'

const QUIET_MS = 3_000
const STALE_MS = 15_000

/** Returns how fresh the figures are: a loss shorter than 3 s is not worth a word, one longer than 15 s gets a band. */
export function freshnessOf(state: StreamState, nowMs: number): Freshness {
  if (state.phase !== 'reconnecting') return state.phase
  const lostMs = nowMs - state.sinceMs
  return lostMs < QUIET_MS ? 'live' : lostMs < STALE_MS ? 'reconnecting' : 'stale'
}

/** Returns how fresh the figures are now; it renders again only when that changes, not each second. */
export function useFreshness(state: StreamState): Freshness {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    if (state.phase !== 'reconnecting') return
    const timers = [QUIET_MS, STALE_MS].map(ms =>
      setTimeout(() => setNow(Date.now()), Math.max(0, state.sinceMs + ms - Date.now()) + 1),
    )
    return () => timers.forEach(clearTimeout)
  }, [state.phase, state.sinceMs])
  return freshnessOf(state, now)
}

const WORDS: Record<Freshness, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  stale: 'Reconnecting',
  offline: 'Offline',
  ended: 'Stopped',
}

/** Returns the dot and the word. */
export function LiveDot({ freshness, className }: { freshness: Freshness; className?: string }) {
  return (
    <span className={className ?? `chip ${freshness === 'live' ? 'ok' : ''}`}>
      <i className={`dot ${freshness === 'live' ? '' : 'hollow'}`} />
      {WORDS[freshness]}
    </span>
  )
}

/** Returns the sentence of the amber band, or null while there is nothing to say. */
export function staleSentence(state: StreamState, freshness: Freshness, timeZone?: string): string | null {
  if (freshness === 'stale') return `Last update ${clock(state.sinceMs, timeZone)}. Reconnecting.`
  if (freshness === 'offline') return `Offline. Showing ${clock(state.sinceMs, timeZone)}.`
  if (freshness === 'ended')
    return `Stopped at ${clock(state.sinceMs, timeZone)}. ${state.reason ?? 'The server ended this stream.'}`
  return null
}

/** Returns the time (epoch ms), renewed each second on the second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const tick = () => {
      setNow(Date.now())
      timer = setTimeout(tick, 1_000 - (Date.now() % 1_000))
    }
    tick()
    return () => clearTimeout(timer)
  }, [])
  return now
}
