/** What the start page knows: whether the server answers and how fast, what the demo offers, and what the token may see. */
import { useCallback, useEffect, useState } from 'react'
import { StartPageDocument, type StartPageQuery } from '../generated.ts'
import { forgetToken, waysIn, type Access } from '../kit/access.ts'
import { ask, RequestError } from '../kit/ask.ts'
import { demoStatus, type DemoStatus } from '../kit/demo.ts'

const LOOK_MS = 5_000

/** `answerMs` is null while the server does not answer; `demo` is undefined until known and null outside the demo. */
export interface Pulse {
  answerMs: number | null
  demo: DemoStatus | null | undefined
  asked: boolean
}

/** Returns the server's pulse, taken every five seconds, and a way to take it now. */
export function usePulse(): [Pulse, () => void] {
  const [pulse, setPulse] = useState<Pulse>({ answerMs: null, demo: undefined, asked: false })
  const look = useCallback(
    () => void takePulse().then(next => setPulse(now => ({ ...next, demo: next.demo === undefined ? now.demo : next.demo }))),
    [],
  )
  useEffect(() => {
    look()
    const timer = setInterval(look, LOOK_MS)
    return () => clearInterval(timer)
  }, [look])
  return [pulse, look]
}

async function takePulse(): Promise<Pulse> {
  try {
    const demo = await demoStatus() // First, so that the time below is an answer's and not a connection's.
    const startMs = performance.now()
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    })
    await response.text()
    return { answerMs: performance.now() - startMs, demo, asked: true }
  } catch {
    // The page says so; the next look asks again.
    return { answerMs: null, demo: undefined, asked: true }
  }
}

/** What the examples are filled with: a token and what it may see. */
export interface Visit extends StartPageQuery {
  access: Access
}

/**
 * Once the server is `up`: returns the visit, or null while there is no token (`tried` then says whether one was looked
 * for), and a way to look again.
 */
export function useVisit(up: boolean): { visit: Visit | null; tried: boolean; refused: boolean; again: () => void } {
  const [state, setState] = useState<{ visit: Visit | null; tried: boolean; refused: boolean }>({
    visit: null,
    tried: false,
    refused: false,
  })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (!up) return
    let current = true
    void openVisit().then(next => {
      if (current) setState({ ...next, tried: true })
    })
    return () => {
      current = false
    }
  }, [turn, up])
  const again = useCallback(() => setTurn(n => n + 1), [])
  return { ...state, again }
}

async function openVisit(): Promise<{ visit: Visit | null; refused: boolean }> {
  let refused = false
  for await (const access of waysIn(null)) {
    try {
      return { visit: { ...(await ask(StartPageDocument, {}, access.token)), access }, refused }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      if (error.code === 'UNAUTHENTICATED') forgetToken(access.source)
      refused ||= error.code === 'UNAUTHENTICATED'
    }
  }
  return { visit: null, refused }
}
