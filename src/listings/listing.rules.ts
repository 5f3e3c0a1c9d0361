/** How people appear on boards: who is listed, and who stands there by another name. Pure. */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'

/** Stands for all boards in a listing's row. */
export const ALL_BOARDS = '00000000-0000-0000-0000-000000000000'

export type Visibility = 'PUBLIC' | 'PRIVATE' | 'OPT_IN'
export type Choice = 'DEFAULT' | 'LISTED' | 'HIDDEN'

/** One choice of a person; the row for all boards has the alias, and the pseudonym if there is one. */
export interface ListingRow {
  userId: string; leaderboardId: string; choice: Choice; isSetByAdmin: boolean; aliasId: string | null
  pseudonym: string | null; revision: number
}

/** What `listing.changed` says: all that a person has chosen. */
export interface ListingChanged { userId: string; rows: ListingRow[] }

/** Another name and another id of a person; without a pseudonym they are just not named. */
export interface Alias { aliasId: string; pseudonym: string | null }

/** Returns why nobody can be called so on boards, or null. */
export function refusalForPseudonym(pseudonym: string): Refusal | null {
  if (isPlainText(pseudonym, 50, 2) && pseudonym === pseudonym.trim()) return null
  return new Refusal(ErrorCode.INVALID, 'pseudonym must have 2 to 50 characters, without spaces around it.', ['pseudonym'])
}

/** Returns why this person may not make this choice, or null: what an admin has hidden, an admin shows again. */
export function refusalForChoice(
  choice: Choice, { isOwn, isAdmin, held }: { isOwn: boolean; isAdmin: boolean; held: readonly ListingRow[] },
): Refusal | null {
  const forbidden = (message: string) => new Refusal(ErrorCode.FORBIDDEN, message, ['choice'])
  if (choice === 'LISTED' && !isOwn) return forbidden('Only the person can agree to be listed: choose HIDDEN or DEFAULT.')
  if (isAdmin) return null
  return held.some(row => row.choice === 'HIDDEN' && row.isSetByAdmin)
    ? forbidden('An admin has taken you off; ask them to put you back.') : null
}

/** The listings of a tenant as one board of people sees them. */
export class Listings {
  readonly #boardId: string
  readonly #isOptIn: boolean
  readonly #rows = new Map<string, ListingRow[]>()
  readonly #unusual = new Set<string>()
  readonly #byAlias = new Map<string, string>()
  /** Names the state: the revisions of all rows, added up. */
  version = 0

  constructor(boardId: string, visibility: Visibility, rows: Iterable<ListingRow>) {
    this.#boardId = boardId
    this.#isOptIn = visibility === 'OPT_IN'
    for (const [userId, own] of Map.groupBy(rows, row => row.userId)) this.take({ userId, rows: own })
  }

  /** Whether everybody is listed, so that nobody need be asked for. */
  get isPlain(): boolean {
    return !this.#isOptIn && !this.#unusual.size
  }

  /** Whether people are listed only if they have agreed to it. */
  get isOptIn(): boolean {
    return this.#isOptIn
  }

  /** Returns those whose listing is not what the board does by itself: hidden on an open one, listed on one by consent. */
  get unusual(): ReadonlySet<string> {
    return this.#unusual
  }

  /** Returns whether a person is listed. */
  isListed(userId: string): boolean {
    return this.#unusual.has(userId) === this.#isOptIn
  }

  /** Returns by what a person stands on the board, or null while it is their name. */
  aliasOf(userId: string): Alias | null {
    const row = this.#rows.get(userId)?.find(({ aliasId }) => aliasId !== null)
    return row?.pseudonym ? { aliasId: row.aliasId!, pseudonym: row.pseudonym } : null
  }

  /** Returns by what a person stands in the archive, where those who have left the lists since are not named. */
  pastAliasOf(userId: string): Alias | null {
    const row = this.#rows.get(userId)?.find(({ aliasId }) => aliasId !== null)
    return row && (row.pseudonym || !this.isListed(userId)) ? { aliasId: row.aliasId!, pseudonym: row.pseudonym } : null
  }

  /** Returns whom an alias stands for, or null. */
  personOf(aliasId: string): string | null {
    return this.#byAlias.get(aliasId) ?? null
  }

  /** Takes all that a person has chosen; the newest revision of each choice holds. */
  take({ userId, rows }: ListingChanged): void {
    const known = this.#rows.get(userId) ?? []
    const newest = new Map(known.map(row => [row.leaderboardId, row]))
    for (const row of rows) {
      if (row.leaderboardId !== ALL_BOARDS && row.leaderboardId !== this.#boardId) continue
      const held = newest.get(row.leaderboardId)
      if (held && held.revision >= row.revision) continue
      newest.set(row.leaderboardId, row)
      this.version += row.revision - (held?.revision ?? 0)
      if (held?.aliasId) this.#byAlias.delete(held.aliasId)
      if (row.aliasId) this.#byAlias.set(row.aliasId, userId)
    }
    const held = [...newest.values()]
    this.#rows.set(userId, held)
    if (this.#isUnusual(held)) this.#unusual.add(userId)
    else this.#unusual.delete(userId)
  }

  /** The choice for this board beats the one for all; but whom an admin has hidden anywhere above it stays hidden. */
  #isUnusual(held: readonly ListingRow[]): boolean {
    const own = held.find(({ leaderboardId }) => leaderboardId === this.#boardId)
    const general = held.find(({ leaderboardId }) => leaderboardId === ALL_BOARDS)
    const isBanned = general?.choice === 'HIDDEN' && general.isSetByAdmin
    const choice = isBanned ? 'HIDDEN' : own && own.choice !== 'DEFAULT' ? own.choice : general?.choice ?? 'DEFAULT'
    return this.#isOptIn ? choice === 'LISTED' : choice === 'HIDDEN'
  }
}
