/**
 * Where a page's token comes from: the address's fragment, this browser's storage, or the demo. Never the query string,
 * which servers log.
 */
import { demoStatus, demoToken } from './demo.ts'

const SAVED = 'laurel.token'
const SCREEN = 'laurel.screen'
/** Whether this page was opened by a screen's link: then it is tried first, so that its opener sees what the screen does. */
let openedAsScreen = false

/** A token and where it came from. */
export interface Access {
  token: string
  source: 'saved' | 'screen' | 'demo'
}

/** Moves a token from `#token=…` or `#screen=…` into this browser's storage and out of the address bar. */
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1))
  const [token, screen] = [given.get('token'), given.get('screen')]
  if (!token && !screen) return
  if (token) localStorage.setItem(SAVED, token)
  if (screen) localStorage.setItem(SCREEN, screen)
  openedAsScreen = Boolean(screen)
  history.replaceState(null, '', location.pathname + location.search)
}

/** Returns whether a token's own expiry lies in the past; false for what is not a readable JWT. */
export function isExpired(token: string, nowMs: number): boolean {
  try {
    const claims = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown }
    return typeof claims.exp === 'number' && claims.exp * 1_000 <= nowMs
  } catch {
    // Opaque tokens are the server's to judge.
    return false
  }
}

/** Returns the saved token, or null when there is none or it has expired. */
export function savedToken(): string | null {
  const token = localStorage.getItem(SAVED)
  if (!token || !isExpired(token, Date.now())) return token
  localStorage.removeItem(SAVED)
  return null
}

/** Forgets a token that was kept, after the server refused it. */
export function forgetToken(source: Access['source']): void {
  if (source !== 'demo') localStorage.removeItem(source === 'screen' ? SCREEN : SAVED)
}

/**
 * Returns the ways in to a board, to be tried in turn: the saved token, the screen's, then the demo's, for the tenant that owns
 * the board. A screen's token opens boards only.
 */
export async function* waysIn(boardId: string | null): AsyncGenerator<Access> {
  const saved = savedToken()
  const screen = boardId === null ? null : localStorage.getItem(SCREEN)
  const kept: Access[] = []
  if (saved) kept.push({ token: saved, source: 'saved' })
  if (screen) kept.push({ token: screen, source: 'screen' })
  yield* openedAsScreen ? kept.toReversed() : kept
  const status = await demoStatus().catch(() => null)
  const tenant = status?.tenants.find(one => one.boards.some(board => board.id === boardId)) ?? status?.tenants[0]
  const answer = tenant && (await demoToken({ tenant: tenant.slug }))
  if (answer) yield { token: answer.token, source: 'demo' }
}

/** Keeps a token in this browser, in place of the one before. */
export function saveToken(token: string): void {
  localStorage.setItem(SAVED, token)
}
