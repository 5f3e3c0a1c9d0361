/**
 * Token → Actor: the only source of tenant, user and role. Which tokens there are, the rooms say by their readers. What one was
 * read as is remembered, and looked at again every 30 s and whenever rights change; of many people together by one statement.
 */
import type { GraphQLError } from 'graphql'
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { log } from '../platform/log.ts'
import { type Credential, decisionFor, type Role } from '../platform/policy.rules.ts'
import type { Actor } from '../platform/tenancy.ts'

/** What the house hands to requests: a way to say that somebody's rights have changed. */
declare module '../platform/graphql.ts' {
  interface Context { rightsChanged(): void }
}

/** Whom a token speaks for; `expiresMs` is Infinity when it does not end by itself. */
export interface Identity { tenantId: string; userId: string | null; role: Role; credential: Credential; expiresMs: number }

/** Reads one kind of token. */
export interface TokenReader {
  /** Returns whom a token speaks for, or null when it is of another kind. @throws Fault UNAUTHENTICATED | UNAVAILABLE */
  read(token: string, now: Date): Promise<Identity | null>
}

/** An actor with the token that proved it. */
export type Identified = Actor & Identity & { token: string }

/** Why a token is no longer good: it was taken back, as a sentence, or what it rests on has changed: then it is read again. */
export type Loss = { sentence: string } | 'CHANGED'

/** What the reader of tokens needs from the house. */
export interface AuthParts {
  readers: readonly TokenReader[]
  /** Returns those of these people who may still act: they exist and are active. */
  activeOf(tenantId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Returns which of these tokens are no longer as they were read. */
  lossesOf(identities: readonly Identity[]): Promise<Map<Identity, Loss>>
  /** Hears each use of a token. */
  used?(identity: Identity, now: Date): void
}

/** Reads tokens. */
export interface Auth {
  /** Returns who the authorization header speaks for. @throws Fault UNAUTHENTICATED | UNAVAILABLE */
  actorOf(authorization: string | undefined): Promise<Identified>
  /** Returns those whose token is no longer good, each with a sentence; of the others, notes what they rest on now. */
  lostOf(actors: readonly Identified[]): Promise<Map<Identified, string>>
  /** Has everybody's standing asked for again with their next request: rights have changed. */
  recheck(): void
}

const REMEMBERED_MAX = 50_000 // More than the clients of a node: a crowd that comes back in turn must not push itself out.
const ASKED_AT_ONCE_MAX = 1_000
const TOKEN_LENGTH_MAX = 8_192
const HOW_TO = 'Send "Authorization: Bearer <token>" (in connection_init for subscriptions).'
const CHANGED = 'What this token grants has changed: connect again.'

interface Remembered { identity: Identity & { isOutsider: boolean; token: string }; checkedMs: number }

/** Returns what a command answers that changed somebody's rights; what rests on them is looked at again once it is committed. */
export async function telling<T>(context: { rightsChanged(): void }, command: Promise<T>): Promise<T> {
  const answer = await command
  context.rightsChanged()
  return answer
}

/** Returns the error of a token that is not believed. */
export function unauthenticated(sentence: string): GraphQLError {
  return fault('UNAUTHENTICATED', sentence)
}

/**
 * Asks about people together: while a question about a tenant is under way later ones wait, and then go as one. Ten thousand who
 * come back at once cost some dozens of statements.
 */
class Inquiries {
  readonly #activeOf: AuthParts['activeOf']
  readonly #waiting = new Map<string, Map<string, PromiseWithResolvers<boolean>>>()
  readonly #underWay = new Set<string>()

  constructor(activeOf: AuthParts['activeOf']) {
    this.#activeOf = activeOf
  }

  isActive(tenantId: string, userId: string): Promise<boolean> {
    const waiting = this.#waiting.get(tenantId) ?? new Map<string, PromiseWithResolvers<boolean>>()
    this.#waiting.set(tenantId, waiting)
    const answer = waiting.get(userId) ?? Promise.withResolvers<boolean>()
    waiting.set(userId, answer)
    void this.#askAll(tenantId)
    return answer.promise
  }

  async #askAll(tenantId: string): Promise<void> {
    if (this.#underWay.has(tenantId)) return
    this.#underWay.add(tenantId)
    for (let waiting = this.#waiting.get(tenantId); waiting?.size; waiting = this.#waiting.get(tenantId)) {
      const asked = [...waiting].slice(0, ASKED_AT_ONCE_MAX)
      for (const [userId] of asked) waiting.delete(userId) // Who asks from here on wants to know of a later moment.
      try {
        const active = await this.#activeOf(tenantId, asked.map(([userId]) => userId))
        for (const [userId, { resolve }] of asked) resolve(active.has(userId))
      } catch (error) {
        for (const [, { reject }] of asked) reject(error)
      }
    }
    this.#waiting.delete(tenantId)
    this.#underWay.delete(tenantId)
  }
}

/** Returns the reader of tokens of a node. */
export function authOf(db: Database, { readers, activeOf, lossesOf, used }: AuthParts): Auth {
  const remembered = new Map<string, Remembered>()
  const inquiries = new Inquiries(activeOf)
  let recheckedMs = 0
  const read = async (token: string, now: Date): Promise<Remembered> => {
    for (const reader of readers) {
      const identity = await reader.read(token, now)
      if (!identity) continue
      const isOutsider = decisionFor({ role: identity.role, now }, 'user.read').reach === 'OUTSIDERS'
      return { identity: { ...identity, isOutsider, token }, checkedMs: 0 }
    }
    throw unauthenticated(`The token is not valid here or has expired: get a new one. ${HOW_TO}`)
  }
  const remember = (token: string, known: Remembered) => {
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!)
    remembered.set(token, known)
  }
  /** Returns what a token stands for now. */
  const lookedAtAgain = async (known: Remembered, now: Date): Promise<Remembered> => {
    const { token, tenantId, userId } = known.identity
    if (userId && !await inquiries.isActive(tenantId, userId)) {
      throw unauthenticated('The person of this token is not active here. Ask an admin of your tenant.')
    }
    const loss = known.checkedMs ? (await lossesOf([known.identity])).get(known.identity) : undefined
    if (loss && loss !== 'CHANGED') throw unauthenticated(loss.sentence)
    const current = loss ? await read(token, now) : known
    current.checkedMs = now.getTime() // As of the question: what changed since is looked at again.
    return current
  }
  const find = async (token: string, now: Date): Promise<Remembered> => {
    let known = remembered.get(token)
    if (known && known.identity.expiresMs <= now.getTime()) known = undefined
    if (known && known.checkedMs > Math.max(recheckedMs, now.getTime() - LIMITS.rightsCheckMs)) return known
    remembered.delete(token) // What is refused is not remembered.
    known = await lookedAtAgain(known ?? await read(token, now), now)
    remember(token, known)
    return known
  }
  const actorOf = async (authorization: string | undefined): Promise<Identified> => {
    if (!authorization) throw unauthenticated(`This needs a token. ${HOW_TO}`)
    const token = authorization.length > TOKEN_LENGTH_MAX + 10 ? null : /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1]
    if (!token) throw unauthenticated(`The authorization is not a bearer token. ${HOW_TO}`)
    const now = new Date()
    const { identity } = await find(token, now).catch((error: Error & { extensions?: unknown }) => {
      if (error.extensions) throw error
      log.warn({ reason: error.message }, 'a token could not be looked at')
      throw fault('UNAVAILABLE', 'The database cannot be reached at the moment. Try again.', { retryAfterMs: 1_000 })
    })
    used?.(identity, now)
    return { ...identity, now, db }
  }
  return {
    actorOf,
    async lostOf(actors) {
      const lost = new Map<Identified, string>()
      for (const [identity, loss] of await lossesOf(actors)) {
        const actor = identity as Identified
        const sentence = loss === 'CHANGED' ? await changeOf(actor, actorOf) : loss.sentence
        if (sentence) lost.set(actor, sentence)
      }
      return lost
    },
    recheck() {
      recheckedMs = Date.now()
    },
  }
}

/** Returns why a token is no longer good for what an open connection rests on, or null: then it rests on what it says now. */
async function changeOf(actor: Identified, actorOf: Auth['actorOf']): Promise<string | null> {
  const now = await actorOf(`Bearer ${actor.token}`).catch((error: GraphQLError) => error)
  if (now instanceof Error) return now.extensions.code === 'UNAVAILABLE' ? null : now.message
  if (now.tenantId !== actor.tenantId || now.userId !== actor.userId || now.role !== actor.role) return CHANGED
  actor.credential = now.credential
  return null
}

/** Returns a reader that takes every request for this actor's, whatever it sends; for measuring what reading tokens costs. */
export function authOfAnybody(db: Database, { tenantId, userId, role }: Pick<Actor, 'tenantId' | 'userId' | 'role'>): Auth {
  const credential = { kind: 'PERSON', id: null, scopes: null, boards: null, provedMs: null } as const
  const anybody = { tenantId, userId, role, credential, db, token: '', expiresMs: Infinity }
  return { actorOf: async () => ({ ...anybody, now: new Date() }), lostOf: async () => new Map(), recheck() {} }
}
