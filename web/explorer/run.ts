/** Running an operation: queries and mutations over HTTP, subscriptions over the live connection. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { liveUrl } from '../kit/ask.ts'
import { readableJson } from '../kit/json.ts'
import { connect } from '../socket.ts'

/** One message of a subscription, as text. */
export interface Received {
  number: number
  atMs: number
  kind: string
  text: string
}

/** What the answer's side shows. */
export interface Run {
  phase: 'idle' | 'running' | 'done' | 'live' | 'ended'
  text: string
  tookMs: number | null
  bytes: number
  status: string | null
  received: Received[]
}

/** What is to be run, and as whom. */
export interface Wish {
  query: string
  variables: string
  operationName: string | null
  isSubscription: boolean
  authorization: string | null
}

const IDLE: Run = { phase: 'idle', text: '', tookMs: null, bytes: 0, status: null, received: [] }
const RECEIVED_MAX = 200
/** Characters a line of an answer takes at most: what the pane holds on a laptop with the documentation open. */
const LINE_MAX = 62

/** The runs of all tabs, and what can be done with the run of one. */
export interface RunDesk {
  /** Returns what a tab shows. */
  of(tabId: string): Run
  /** Starts a tab's run; what ran there is ended first. */
  start(tabId: string, wish: Wish): void
  stop(tabId: string): void
}

/** Returns a run for each tab: a subscription goes on while another tab is looked at, and ends with its tab or its token. */
export function useRuns(tabIds: readonly string[], authorization: string | null): RunDesk {
  const [runs, setRuns] = useState<Record<string, Run>>({})
  const ends = useRef(new Map<string, () => void>())
  const change = useCallback((tabId: string, next: Run | ((now: Run) => Run)) => {
    setRuns(now => ({ ...now, [tabId]: typeof next === 'function' ? next(now[tabId] ?? IDLE) : next }))
  }, [])
  const stop = useCallback(
    (tabId: string) => {
      ends.current.get(tabId)?.()
      ends.current.delete(tabId)
      change(tabId, stopped)
    },
    [change],
  )
  const stopAll = useCallback(() => [...ends.current.keys()].forEach(stop), [stop])
  useEffect(() => stopAll, [authorization, stopAll])
  const open = tabIds.join(' ')
  useEffect(() => {
    for (const tabId of [...ends.current.keys()]) if (!open.split(' ').includes(tabId)) stop(tabId)
  }, [open, stop])
  const start = useCallback(
    (tabId: string, wish: Wish) => {
      ends.current.get(tabId)?.()
      const show: SetRun = next => change(tabId, next)
      let variables: unknown
      try {
        variables = wish.variables.trim() ? JSON.parse(wish.variables) : undefined
      } catch (error) {
        return show({ ...IDLE, phase: 'done', status: 'not sent', text: readableJson({ variables: String(error) }) })
      }
      const operation = {
        query: wish.query,
        variables: variables as Record<string, unknown> | undefined,
        ...(wish.operationName ? { operationName: wish.operationName } : {}),
      }
      ends.current.set(
        tabId,
        wish.isSubscription ? listen(operation, wish.authorization, show) : send(operation, wish.authorization, show),
      )
    },
    [change],
  )
  return { of: tabId => runs[tabId] ?? IDLE, start, stop }
}

function stopped(now: Run): Run {
  if (now.phase === 'live') return { ...now, phase: 'ended', status: 'stopped here' }
  return now.phase === 'running' ? { ...now, phase: 'done', status: 'given up here' } : now
}

type SetRun = (next: Run | ((now: Run) => Run)) => void

function send(operation: object, authorization: string | null, setRun: SetRun): () => void {
  const abort = new AbortController()
  const startMs = performance.now()
  setRun({ ...IDLE, phase: 'running' })
  const headers = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json',
    ...(authorization ? { authorization } : {}),
  }
  void fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(operation), signal: abort.signal })
    .then(async response => {
      const body = await response.text()
      const tookMs = performance.now() - startMs
      setRun({
        ...IDLE,
        phase: 'done',
        tookMs,
        bytes: new Blob([body]).size,
        status: String(response.status),
        text: readable(body),
      })
    })
    .catch((error: unknown) => {
      if (!abort.signal.aborted) setRun({ ...IDLE, phase: 'done', status: 'no answer', text: String(error) })
    })
  return () => abort.abort()
}

function readable(body: string): string {
  try {
    return readableJson(JSON.parse(body), LINE_MAX)
  } catch {
    // Not JSON: shown as it came.
    return body
  }
}

function listen(
  operation: { query: string; variables?: Record<string, unknown> },
  authorization: string | null,
  setRun: SetRun,
): () => void {
  const connection = connect({ url: liveUrl(), authorization: () => authorization ?? '' })
  let number = 0
  setRun({ ...IDLE, phase: 'live', status: 'waiting' })
  const hear = (value: unknown, kind: string) => {
    const text = readableJson(value, LINE_MAX)
    const message = { number: ++number, atMs: Date.now(), kind, text }
    setRun(now => ({
      ...now,
      bytes: now.bytes + text.length,
      status: `${number} ${number === 1 ? 'message' : 'messages'}`,
      received: [message, ...now.received].slice(0, RECEIVED_MAX),
    }))
  }
  const over = (status: string) => setRun(now => ({ ...now, phase: 'ended', status }))
  connection.subscribe(operation, {
    next: message => hear(message.errors ? message : message.data, kindOf(message.data)),
    error: cause => {
      hear(cause, 'error')
      over(closeWords(cause))
      connection.close()
    },
    complete: () => {
      over('ended by the server')
      connection.close()
    },
  })
  return () => connection.close()
}

/** The type of the message, where the operation asked for it. */
function kindOf(answer: unknown): string {
  const first = Object.values((answer ?? {}) as Record<string, { __typename?: string } | null>)[0]
  return first?.__typename ?? 'next'
}

function closeWords(cause: unknown): string {
  const { code, reason } = (cause ?? {}) as { code?: number; reason?: string }
  return code ? `closed ${code}${reason ? `, ${reason}` : ''}` : 'refused'
}
