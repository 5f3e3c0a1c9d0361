/** Questions and commands of the admin pages: what is asked stays on screen while it is asked again. */
import { useCallback, useEffect, useRef, useState } from 'react'
import type { TypedDocumentString } from '../generated.ts'
import { ask, RequestError } from '../kit/ask.ts'
import { useVisit } from './session.ts'

/** Why a command was refused; `field` is the path of the input at fault. */
export interface Refusal {
  code: string
  message: string
  field?: readonly string[] | null
}

/** How a question stands. */
export type Asked<R> =
  | { phase: 'loading' }
  | { phase: 'failed'; sentence: string; code: string }
  | { phase: 'there'; answer: R; again: boolean }

/** Returns what people are told of a failure, and its code. */
export function failureOf(error: unknown): { sentence: string; code: string } {
  if (error instanceof RequestError) return { sentence: error.message, code: error.code }
  throw error
}

/** What a question by id finds: the thing, where it is of the kind that was asked for. */
export type Found<N> = N extends Record<PropertyKey, never> ? never : NonNullable<N>

/** Returns the thing that was found by its id, or null when there is none or it is of another kind. */
export function foundIn<N extends object | null>(node: N): Found<N> | null {
  return node && Object.keys(node).length ? (node as Found<N>) : null
}

/** Asks and sends as the visitor. */
export type AskAs = <R, V>(document: TypedDocumentString<R, V>, variables: V) => Promise<R>

/** Returns how to ask as the visitor; a token that ran out ends the visit. */
export function useAsk(): AskAs {
  const { token, ended } = useVisit()
  return useCallback(
    (document, variables) =>
      ask(document, variables, token).catch((error: unknown) => {
        if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') ended()
        throw error
      }),
    [token, ended],
  )
}

/**
 * Returns how the question stands and a way to ask again. It is asked anew when `key` changes, and not at all while that is
 * null. The last answer stays until the next one is there.
 */
export function useAsked<R>(key: string | null, load: (ask: AskAs) => Promise<R>): [Asked<R>, () => void] {
  const [asked, setAsked] = useState<Asked<R>>({ phase: 'loading' })
  const [turn, setTurn] = useState(0)
  const askAs = useAsk()
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    if (key === null) return
    let current = true
    setAsked(now => (now.phase === 'there' ? { ...now, again: true } : { phase: 'loading' }))
    void latest
      .current(askAs)
      .then((answer): Asked<R> => ({ phase: 'there', answer, again: false }))
      .catch((error: unknown): Asked<R> => ({ phase: 'failed', ...failureOf(error) }))
      .then(next => {
        if (current) setAsked(next)
      })
    return () => {
      current = false
    }
  }, [key, turn, askAs])
  return [asked, useCallback(() => setTurn(n => n + 1), [])]
}

/**
 * Returns a command with what became of it: `run` sends it and returns the payload, or null when it was refused; the refusals
 * then say why. A failure on the way counts as a refusal without a field.
 */
export function useCommand<R, V, P extends { userErrors: Refusal[] }>(
  document: TypedDocumentString<R, V>,
  payloadOf: (answer: R) => P,
) {
  const askAs = useAsk()
  const [state, setState] = useState<{ busy: boolean; refusals: Refusal[] }>({ busy: false, refusals: [] })
  const run = async (variables: V): Promise<P | null> => {
    setState({ busy: true, refusals: [] })
    try {
      const payload = payloadOf(await askAs(document, variables))
      setState({ busy: false, refusals: payload.userErrors })
      return payload.userErrors.length ? null : payload
    } catch (error) {
      const { sentence, code } = failureOf(error)
      setState({ busy: false, refusals: [{ code, message: `${sentence} Nothing was changed; try again.` }] })
      return null
    }
  }
  const forget = useCallback(() => setState(now => (now.refusals.length ? { ...now, refusals: [] } : now)), [])
  return { run, forget, ...state }
}
