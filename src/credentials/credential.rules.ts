/** What an API key or a link of a screen may be, and how their tokens read. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { isWithin, POLICY } from '../platform/policy.rules.ts'

/** The two kinds: how their tokens begin, and where the directory keeps them. */
export const KINDS = {
  KEY: { start: 'lk', directory: 'api_key', table: 'api_key', words: 'API key' },
  SCREEN: { start: 'ls', directory: 'screen_token', table: 'screen_token', words: 'link of this screen' },
} as const
export type CredentialKind = keyof typeof KINDS

const TOKEN = /^(lk|ls)_[0-9a-z]{8}_[\w-]{43}$/
const NAME_MAX = 200
const SCOPES_MAX = 50
const BOARDS_MAX = 25
const AHEAD_MAX_MS = 10 * 366 * 86_400_000

/** Returns the kind of a token by its form, or null. */
export function kindOfToken(token: string): CredentialKind | null {
  const start = TOKEN.exec(token)?.[1]
  return start === 'lk' ? 'KEY' : start === 'ls' ? 'SCREEN' : null
}

/** What both kinds have. */
export interface CredentialWish { name: string; expiresAt: Date | null }

/** Returns the first rule that a wish breaks, or null. */
export function refusalForCredential({ name, expiresAt }: CredentialWish, now: Date): Refusal | null {
  if (!isPlainText(name, NAME_MAX, 1)) {
    return new Refusal(ErrorCode.INVALID, `name must have 1 to ${NAME_MAX} characters of plain text.`, ['name'])
  }
  const aheadMs = expiresAt ? expiresAt.getTime() - now.getTime() : 1
  if (aheadMs > 0 && aheadMs < AHEAD_MAX_MS) return null
  return new Refusal(ErrorCode.OUT_OF_RANGE, 'expiresAt must lie ahead, within ten years.', ['expiresAt'])
}

/** Returns why a key cannot have these scopes, or null: each must be an action of the policy that keys may take, or "room.*". */
export function refusalForScopes(scopes: readonly string[]): Refusal | null {
  const refused = (code: ErrorCode, sentence: string) => new Refusal(code, sentence, ['scopes'])
  if (!scopes.length || scopes.length > SCOPES_MAX) {
    return refused(
      ErrorCode.OUT_OF_RANGE, `scopes must name 1 to ${SCOPES_MAX} actions, such as "activity.record" or "leaderboard.*".`)
  }
  const actions = Object.entries(POLICY) as [string, { stepUp?: true }][]
  for (const scope of scopes) {
    const meant = actions.filter(([action]) => isWithin(action, scope))
    if (!meant.length) {
      return refused(ErrorCode.INVALID, 'scopes must be actions of the policy, such as "activity.record", or "activity.*".')
    }
    if (meant.every(([, { stepUp }]) => stepUp)) {
      return refused(ErrorCode.INVALID, 'scopes must be for programs: this one needs a person who is signed in.')
    }
  }
  return null
}

/** Returns why a screen cannot show so many boards, or null. */
export function refusalForBoards(boardIds: readonly string[]): Refusal | null {
  if (boardIds.length >= 1 && boardIds.length <= BOARDS_MAX) return null
  return new Refusal(ErrorCode.OUT_OF_RANGE, `leaderboardIds must name 1 to ${BOARDS_MAX} boards.`, ['leaderboardIds'])
}
