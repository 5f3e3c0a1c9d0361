/** Who opens the admin pages: the first way in that the server takes, and what that person may open. */
import { createContext, useCallback, useContext, useEffect, useState } from 'react'
import { AdminVisitDocument, type AdminVisitQuery } from '../generated.ts'
import { forgetToken, saveToken, waysIn, type Access } from '../kit/access.ts'
import { ask, RequestError } from '../kit/ask.ts'

export type Viewer = AdminVisitQuery['viewer']

/** Where the sign-in stands; `refused` means that a token was given and not taken. */
export type Session =
  | { phase: 'loading' }
  | { phase: 'nobody'; refused: boolean }
  | { phase: 'failed'; sentence: string; code: string }
  | { phase: 'open'; access: Access; viewer: Viewer }

/** What every page below the shell may use: the token, who it speaks for, news for the status line, and the way out. */
export interface Visit {
  token: string
  viewer: Viewer
  /** Says a sentence to everybody: it is shown for a while and read out. */
  say(sentence: string): void
  /** The server takes the token no longer. */
  ended(): void
}

/** The visit of the page around. */
export const VisitContext = createContext<Visit | null>(null)

/** Returns the visit. @throws Error outside the shell */
export function useVisit(): Visit {
  const visit = useContext(VisitContext)
  if (!visit) throw new Error('outside the shell')
  return visit
}

async function openSession(): Promise<Session> {
  let refused = false
  for await (const access of waysIn(null)) {
    try {
      return { phase: 'open', access, viewer: (await ask(AdminVisitDocument, {}, access.token)).viewer }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      if (error.code !== 'UNAUTHENTICATED') return { phase: 'failed', sentence: error.message, code: error.code }
      forgetToken(access.source)
      refused = true
    }
  }
  return { phase: 'nobody', refused }
}

/** Returns the session, ways to sign in with a token and out again, and one to open it anew. */
export function useSession() {
  const [session, setSession] = useState<Session>({ phase: 'loading' })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let current = true
    void openSession()
      .catch((): Session => ({ phase: 'failed', sentence: 'The server does not answer.', code: 'NETWORK' }))
      .then(next => {
        if (current) setSession(next)
      })
    return () => {
      current = false
    }
  }, [turn])
  const reopen = useCallback(() => setTurn(n => n + 1), [])
  const signIn = (token: string) => {
    saveToken(token)
    reopen()
  }
  const signOut = () => {
    forgetToken('saved')
    setSession({ phase: 'nobody', refused: false })
  }
  return { session, signIn, signOut, reopen }
}
