/** The words of ranking: how ties count, where a subject stands, what an update did. */

/** How ranks count ties: COMPETITION 1-2-2-4, DENSE 1-2-2-3, ORDINAL 1-2-3-4 (the earlier achiever first). */
export type TieRule = 'COMPETITION' | 'DENSE' | 'ORDINAL'

/** Where a subject stands: `position` counts from 1 in order, `rank` by the tie rule. */
export interface Place { position: number; rank: number; points: number; seq: number }

/**
 * A place with its subject; `previousRank` is the rank before the rank last changed as `RankIndex.set` says, null when it
 * never did.
 */
export interface Listed extends Place { subjectId: string; previousRank: number | null }

/** What an update did; `from` is null when the subject entered, and `from` and `to` are one object when nothing changed. */
export interface Move { from: Place | null; to: Place }

/** A row to build an index from. */
export interface StandingRow { subjectId: string; points: number; seq: number }
