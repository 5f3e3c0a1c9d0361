/** Reads of the audit: a searchable list, newest first, and an export from the oldest on. */
import { decodeCursor, encodeCursor, pageOf, pageSize } from '../platform/graphql.ts'
import { wireId } from '../platform/ids.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'

/** An entry's row as reads return it. */
export interface AuditRow {
  [column: string]: unknown
  id: string; at: Date; actorId: string | null; actorKind: string; credentialId: string | null; role: string; action: string
  forUserId: string | null; subject: string | null; decision: string; rule: string | null
  beforeHash: string | null; afterHash: string | null; correlationId: string; ip: string | null; agent: string | null
}

/** What is searched for; ids are uuids, `since` is included and `until` is not. */
export interface AuditSearch {
  action?: string | null; decision?: string | null; actorId?: string | null; since?: Date | null; until?: Date | null
}

const ENTRY = `select id, at, actor_id as "actorId", actor_kind as "actorKind", credential_id as "credentialId", role, action,
  for_user_id as "forUserId", subject, decision, rule, encode(before_hash, 'hex') as "beforeHash",
  encode(after_hash, 'hex') as "afterHash", correlation_id as "correlationId", host(ip) as ip, agent from audit_entry`
const EXPORT_PAGE = 1_000
const FIRST = '00000000-0000-0000-0000-000000000000'
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

function conditionOf({ action, decision, actorId, since, until }: AuditSearch, values: unknown[]): string {
  const asked: [string, unknown][] =
    [['action =', action], ['decision =', decision], ['actor_id =', actorId], ['at >=', since], ['at <', until]]
  return asked.filter(([, value]) => value != null).map(([test, value]) => `and ${test} $${values.push(value)}`).join(' ')
}

/** Returns a page of entries, newest first. */
export async function listAudit(actor: Actor, search: AuditSearch, first: number, after?: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('audit', after, ['uuid']) : [LAST]
  const values: unknown[] = [actor.tenantId, id, size + 1]
  const rows = await inTenantOnce<AuditRow>(actor, {
    text: `${ENTRY} where tenant_id = $1 and id < $2::uuid ${conditionOf(search, values)} order by id desc limit $3`, values })
  return pageOf(rows, size, row => encodeCursor('audit', [row.id]), after)
}

/** Yields entries from the oldest on as lines of JSON, a thousand at a time, each page in a transaction of its own. */
export async function* exportAudit(actor: Pick<Actor, 'tenantId' | 'db'>, search: AuditSearch): AsyncGenerator<string> {
  for (let after = FIRST; ;) {
    const values: unknown[] = [actor.tenantId, after, EXPORT_PAGE]
    const rows = await inTenantOnce<AuditRow>(actor, {
      text: `${ENTRY} where tenant_id = $1 and id > $2::uuid ${conditionOf(search, values)} order by id limit $3`, values })
    if (!rows.length) return
    yield rows.map(row => `${JSON.stringify(shownLine(row))}\n`).join('')
    after = rows.at(-1)!.id
  }
}

function shownLine({ id, actorId, forUserId, credentialId, actorKind, ...row }: AuditRow): object {
  const credential = credentialId && wireId(actorKind === 'KEY' ? 'ApiKey' : 'ScreenToken', credentialId)
  return {
    id: wireId('AuditEntry', id), actor: actorId && wireId('User', actorId), for: forUserId && wireId('User', forUserId),
    credential, actorKind, ...row,
  }
}
