/**
 * The audit (AUTH-05): one entry per command and per denial. A command's entry is written in its own commit; what wrote nothing
 * (denied, refused, repeated, failed) is noted right after, many in one statement.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Database } from './db.ts'
import { newId } from './ids.ts'
import { LIMITS } from './limits.ts'
import { log } from './log.ts'
import type { Action, Credential, Role } from './policy.rules.ts'
import type { Statement } from './pipeline.ts'

/**
 * Where a request came from; `correlationId` is answered as a header, so that a client can name the request. `platform` is the
 * tenant's platform that it names, unchecked.
 */
export interface Origin { correlationId: string; ip: string | null; agent: string | null; platform?: string | null }

/** What became of a command: carried out, refused by a rule, denied by a right, or failed. */
export type AuditDecision = 'ALLOWED' | 'REFUSED' | 'DENIED' | 'FAILED'

/** One entry. Hashes are SHA-256 of the rows before and after; `forUserId` is whom the command was for. */
export interface AuditEntry {
  id: string; at: Date
  actorId: string | null; actorKind: Credential['kind'] | 'HOUSE'; credentialId: string | null; role: Role
  action: Action; forUserId: string | null; subject: string | null
  decision: AuditDecision; rule: string | null; beforeHash: Buffer | null; afterHash: Buffer | null
  correlationId: string; ip: string | null; agent: string | null
}

/** A command under way: its entry, and whether a commit holds it already. */
export interface Command { entry: AuditEntry; isWritten: boolean }

interface Doer { tenantId: string; userId: string | null; role: Role; now: Date; credential?: Credential }

/** Returns the entry of what somebody does, as carried out; whoever learns otherwise changes `decision` and `rule`. */
export function entryOf(
  { userId, role, now, credential }: Doer, action: Action, { correlationId, ip, agent }: Origin,
): AuditEntry {
  return {
    id: newId(now), at: now, actorId: userId, actorKind: credential?.kind ?? 'HOUSE', credentialId: credential?.id ?? null, role,
    action, forUserId: null, subject: null, decision: 'ALLOWED', rule: null, beforeHash: null, afterHash: null,
    correlationId, ip, agent,
  }
}

/** Notes what a command is about and how that looked before and after; does nothing for the house's own work. */
export function describeCommand(
  { command }: { command?: Command }, about: Partial<Pick<AuditEntry, 'forUserId' | 'subject' | 'beforeHash' | 'afterHash'>>,
): void {
  if (command) Object.assign(command.entry, about)
}

/** Returns the SHA-256 of values in the order given. */
export function hashOfAll(values: Iterable<string | Buffer>): Buffer {
  const hash: Hash = createHash('sha256')
  for (const value of values) hash.update(value)
  return hash.digest()
}

const COLUMNS = {
  id: 'uuid', at: 'timestamptz', actorId: 'uuid', actorKind: 'text', credentialId: 'uuid', role: 'text', action: 'text',
  forUserId: 'uuid', subject: 'text', decision: 'text', rule: 'text', beforeHash: 'bytea', afterHash: 'bytea',
  correlationId: 'uuid', ip: 'inet', agent: 'text',
} as const satisfies Record<keyof AuditEntry, string>
const NAMES = Object.keys(COLUMNS) as (keyof AuditEntry)[]
const columnOf = (name: string) => name.replaceAll(/[A-Z]/g, upper => `_${upper.toLowerCase()}`)
const INTO = `insert into audit_entry (tenant_id, ${NAMES.map(columnOf).join(', ')})`
const ONE = `${INTO} values ($1, ${NAMES.map((_, at) => `$${at + 2}`).join(', ')})`
const SHAPE = NAMES.map(name => `"${name}" ${COLUMNS[name]}`).join(', ')
const MANY = `${INTO} select $1, entry.* from json_to_recordset($2) as entry (${SHAPE})`

/** Returns the statement that writes entries: one as values, which is what a command pays for; several travel as one value. */
export function auditStatement(tenantId: string, entries: readonly AuditEntry[]): Statement {
  const hex = (hash: Buffer | null) => hash && `\\x${hash.toString('hex')}`
  const shown = entries.map(entry => ({ ...entry, beforeHash: hex(entry.beforeHash), afterHash: hex(entry.afterHash) }))
  const [entry] = shown
  return entry && shown.length === 1
    ? { name: 'audit_one', text: ONE, values: [tenantId, ...NAMES.map(name => entry[name])] }
    : { name: 'audit', text: MANY, values: [tenantId, JSON.stringify(shown)] }
}

/** How the trail writes: one statement in a transaction of a tenant. */
export type WriteAudit = (actor: { tenantId: string; db: Database }, statement: Statement) => Promise<unknown>

/** Entries of what left nothing behind; gathered, because a flood of refusals must not become a flood of transactions. */
export class AuditTrail {
  readonly #db: Database
  readonly #write: WriteAudit
  readonly #waiting = new Map<string, AuditEntry[]>()
  #count = 0
  #lost = 0
  #writing: Promise<void> | null = null

  constructor(db: Database, write: WriteAudit) {
    this.#db = db
    this.#write = write
  }

  /** Adds an entry; it is written within moments. Beyond 5,000 that wait, entries are counted in the log instead. */
  add(tenantId: string, entry: AuditEntry): void {
    if (this.#count >= LIMITS.auditWaitingMax) {
      this.#lost++
      return
    }
    this.#count++
    const own = this.#waiting.get(tenantId)
    if (own) own.push(entry)
    else this.#waiting.set(tenantId, [entry])
    this.#writing ??= this.#drain().finally(() => { this.#writing = null })
  }

  /** Resolves when all that was added is written, or could not be. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size) {
      const taken = [...this.#waiting]
      this.#waiting.clear()
      this.#count = 0
      const lost = this.#lost
      this.#lost = 0
      if (lost) log.error({ lost }, 'more was refused than the audit could take: these entries are only counted')
      await Promise.all(taken.map(([tenantId, entries]) =>
        this.#write({ tenantId, db: this.#db }, auditStatement(tenantId, entries)).catch((error: Error) =>
          log.error({ tenantId, entries: entries.length, reason: error.message }, 'entries of the audit could not be written'))))
    }
  }
}
