/** Emitting: an event is a row written last in the transaction of its fact; what is not committed is never published. */
import { auditStatement, type Command, hashOfAll } from './audit.ts'
import { changesOf } from './changes.ts'
import { EMIT, type Statement, type Tx } from './tenancy.ts'

// The relay numbers by the tenant's head: without one the row fails, as a foreign key would let it. But a foreign key locks the
// head for each event, and it is the one row that every command of a tenant and the relay share.
const insertion = (tenant: string, topic: string, payload: string) => `insert into outbox (tenant_id, topic, payload)
  values ((select tenant_id from event_head where tenant_id = ${tenant}), ${topic}, ${payload}) returning id as mark`

/**
 * Returns the statement that emits an event and answers `mark`, the outbox id that names this commit. It must be the last
 * write.
 */
export function emitStatement(tenantId: string, topic: string, payload: object): Statement {
  return { name: EMIT, text: insertion('$1', '$2', '$3'), values: [tenantId, topic, JSON.stringify(payload)] }
}

/**
 * Emits an event within an entity transaction and returns its mark, with the audit entry of the command. Flush first: the outbox
 * row is written last.
 */
export async function emit(tx: Tx, topic: string, payload: object): Promise<number> {
  await tx.em.flush()
  if (tx.command) await audit(tx, tx.command, topic, payload)
  const [row] = await tx.em.execute<{ mark: number }[]>(insertion('?', '?', '?'), [tx.tenantId, topic, JSON.stringify(payload)])
  return Number(row!.mark)
}

/** The entry says what the event is about, and how the rows that changed looked before and after. */
async function audit({ em, tenantId }: Tx, { entry }: Command, topic: string, payload: object): Promise<void> {
  const { before, after } = changesOf(em)
  const [, id] = Object.entries(payload).find(([key, value]) => key.endsWith('Id') && typeof value === 'string') ?? []
  entry.subject ??= id ? `${topic.split('.')[0]}:${id}` : topic
  entry.beforeHash ??= before.length ? hashOfAll(before) : null
  entry.afterHash ??= hashOfAll([...after, topic, JSON.stringify(payload)])
  const { text, values } = auditStatement(tenantId, [entry])
  await em.execute(text.replace(/\$\d+/g, '?'), [...values!])
}
