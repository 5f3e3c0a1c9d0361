/** Emitting: an event is a row written last in the transaction of its fact; what is not committed is never published. */
import { EMIT, type Statement, type Tx } from './tenancy.ts'

/**
 * Returns the statement that emits an event and answers `mark`, the outbox id that names this commit. It must be the last
 * write.
 */
export function emitStatement(tenantId: string, topic: string, payload: object): Statement {
  return {
    name: EMIT, text: 'insert into outbox (tenant_id, topic, payload) values ($1, $2, $3) returning id as mark',
    values: [tenantId, topic, JSON.stringify(payload)],
  }
}

/** Emits an event within an entity transaction and returns its mark. Flush first: the outbox row is written last. */
export async function emit(tx: Tx, topic: string, payload: object): Promise<number> {
  await tx.em.flush()
  const [row] = await tx.em.execute<{ mark: number }[]>(
    'insert into outbox (tenant_id, topic, payload) values (?, ?, ?) returning id as mark',
    [tx.tenantId, topic, JSON.stringify(payload)])
  return Number(row!.mark)
}
