/** Reads the tokens of API keys and screens, says which were taken back, and notes their use beside the requests. */
import type { Database } from '../platform/db.ts'
import { log } from '../platform/log.ts'
import { type Identity, type Loss, type TokenReader, unauthenticated } from '../wire/auth.ts'
import { livingOf, noteUse, provenBy, tenantOf } from './credential.queries.ts'
import { type CredentialKind, KINDS, kindOfToken } from './credential.rules.ts'
import { hashOf } from './credential.service.ts'

const USE_NOTED_MS = 60_000
const REMEMBERED_MAX = 10_000

/** Returns the reader of these tokens. Another tenant's, a revoked and an invented one all read the same. */
export function credentialTokens(db: Database): TokenReader {
  return {
    async read(token, now) {
      const kind = kindOfToken(token)
      if (!kind) return null
      const hash = hashOf(token)
      const tenantId = await tenantOf(db, kind, hash)
      const proven = tenantId && await provenBy({ tenantId, db }, kind, hash)
      const { words } = KINDS[kind]
      if (!proven) throw unauthenticated(`There is no such ${words}, or it was taken back: ask an admin for a new one.`)
      const { id, role, scopes, boards, expiresAt } = proven
      if (expiresAt && expiresAt <= now) throw unauthenticated(`The ${words} has expired: ask an admin for a new one.`)
      return {
        tenantId, userId: null, role: role ?? 'VIEWER', credential: { kind, id, scopes, boards, provedMs: null },
        expiresMs: expiresAt?.getTime() ?? Infinity,
      }
    },
  }
}

type Held = Identity & { credential: { kind: CredentialKind; id: string } }
const isHeld = (identity: Identity): identity is Held => identity.credential.kind !== 'PERSON' && identity.credential.id !== null

/** Returns which of these keys and screens were taken back. */
export async function lostCredentials(db: Database, identities: readonly Identity[]): Promise<Map<Identity, Loss>> {
  const lost = new Map<Identity, Loss>()
  const groups = Map.groupBy(identities.filter(isHeld), ({ tenantId, credential: { kind } }) => `${tenantId} ${kind}`)
  await Promise.all([...groups.values()].map(async held => {
    const { tenantId, credential: { kind } } = held[0]!
    const living = await livingOf({ tenantId, db }, kind, [...new Set(held.map(({ credential: { id } }) => id))])
    const loss = { sentence: `The ${KINDS[kind].words} was taken back: ask an admin for a new one.` }
    for (const identity of held) if (!living.has(identity.credential.id)) lost.set(identity, loss)
  }))
  return lost
}

/** Notes when keys and screens were last used: each at most once a minute, and no request waits for it. */
export class UseNotes {
  readonly #db: Database
  readonly #noted = new Map<string, number>()
  readonly #writing = new Set<Promise<void>>()
  constructor(db: Database) {
    this.#db = db
  }

  /** Hears a use. */
  used(identity: Identity, now: Date): void {
    if (!isHeld(identity)) return
    const { tenantId, credential: { kind, id } } = identity
    if ((this.#noted.get(id) ?? 0) > now.getTime() - USE_NOTED_MS) return
    if (this.#noted.size >= REMEMBERED_MAX) this.#noted.delete(this.#noted.keys().next().value!)
    this.#noted.set(id, now.getTime())
    const writing = noteUse({ tenantId, db: this.#db }, kind, id, now)
      .catch((error: Error) => log.warn({ reason: error.message }, 'the use of a credential could not be noted'))
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Resolves when all that was heard is noted. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }
}
