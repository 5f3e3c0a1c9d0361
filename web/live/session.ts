/** Opens a board: finds a token that may see it, asks what it is, and holds the live connection. */
import { useCallback, useEffect, useState } from 'react'
import { BoardPageDocument, type BoardPageQuery } from '../generated.ts'
import { forgetToken, waysIn, type Access } from '../kit/access.ts'
import { ask, liveUrl, RequestError } from '../kit/ask.ts'
import { connect } from '../socket.ts'

export type BoardFacts = NonNullable<BoardPageQuery['leaderboard']>
export type Connection = ReturnType<typeof connect>

export type Session =
  | { phase: 'loading' }
  | { phase: 'refused'; title: string; sentence: string }
  | { phase: 'failed'; sentence: string; code: string }
  | {
      phase: 'open'
      access: Access
      connection: Connection
      facts: BoardFacts
      viewer: BoardPageQuery['viewer']
      boards: BoardPageQuery['leaderboards']['nodes']
    }

const NO_TOKEN = {
  phase: 'refused',
  title: 'This board needs a token',
  sentence:
    'Ask an administrator of your company for a link to this board. It ends in #token=… and is remembered on this screen.',
} as const
const BAD_TOKEN = {
  phase: 'refused',
  title: 'The token is no longer valid',
  sentence: 'Ask an administrator for a new link to this board and open it here once. The old token was forgotten.',
} as const
const NO_BOARD = {
  phase: 'refused',
  title: 'There is no such board',
  sentence: 'The address may be incomplete, or your token belongs to another company.',
} as const

async function openSession(boardId: string): Promise<Session> {
  let refusal: Session = NO_TOKEN
  for await (const access of waysIn(boardId)) {
    try {
      const { leaderboard, leaderboards, viewer } = await ask(BoardPageDocument, { id: boardId }, access.token)
      if (leaderboard) {
        const connection = connect({ url: liveUrl(), authorization: () => `Bearer ${access.token}` })
        return { phase: 'open', access, connection, facts: leaderboard, viewer, boards: leaderboards.nodes }
      }
      refusal = NO_BOARD
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      if (error.code !== 'UNAUTHENTICATED') return { phase: 'failed', sentence: error.message, code: error.code }
      forgetToken(access.source)
      refusal = BAD_TOKEN
    }
  }
  return refusal
}

const RETRY_MS = 5_000
const PERIOD_CHECK_MS = 30_000

/** Returns the session of a board and a way to open it anew (after its token ran out, say). */
export function useSession(boardId: string): { session: Session; reopen: () => void } {
  const [session, setSession] = useState<Session>({ phase: 'loading' })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let current = true
    let opened: Connection | undefined
    void openSession(boardId)
      .catch((error: unknown): Session => ({ phase: 'failed', sentence: String(error), code: 'PAGE' }))
      .then(next => {
        if (next.phase === 'open') opened = next.connection
        if (current) setSession(next)
        else opened?.close()
      })
    return () => {
      current = false
      opened?.close()
    }
  }, [boardId, turn])
  const reopen = useCallback(() => setTurn(n => n + 1), [])
  useEffect(() => {
    if (session.phase !== 'failed') return
    const timer = setTimeout(reopen, RETRY_MS)
    return () => clearTimeout(timer)
  }, [session, reopen])
  usePeriodTurn(session, setSession)
  return { session, reopen }
}

/** Asks again what the board is once its period has closed; the rows themselves come by the stream. */
function usePeriodTurn(session: Session, setSession: (next: Session) => void): void {
  useEffect(() => {
    if (session.phase !== 'open' || !session.facts.periodEnd) return
    const endMs = Date.parse(session.facts.periodEnd)
    const timer = setInterval(() => {
      if (Date.now() < endMs) return
      void ask(BoardPageDocument, { id: session.facts.id }, session.access.token)
        .then(({ leaderboard }) => {
          if (leaderboard && leaderboard.periodEnd !== session.facts.periodEnd) setSession({ ...session, facts: leaderboard })
        })
        .catch(() => undefined) // The stream's state already says that the server is away; the next check asks again.
    }, PERIOD_CHECK_MS)
    return () => clearInterval(timer)
  }, [session, setSession])
}
