/** What entity transactions change: the rows before and after each flush, for the audit. */
import type { EntityManager, EventSubscriber, FlushEventArgs } from '@mikro-orm/core'

interface Changes { before: string[]; after: string[] }
const seen = new WeakMap<EntityManager, Changes>()

/** Notes the rows of every flush by the transaction it belongs to. */
export class ChangeWatch implements EventSubscriber {
  async onFlush({ em, uow }: FlushEventArgs): Promise<void> {
    const changes = changesOf(em)
    for (const { entity, meta: { className: name }, type, originalEntity, payload } of uow.getChangeSets()) {
      if (originalEntity) changes.before.push(`${name}${JSON.stringify(originalEntity)}`)
      if (!type.startsWith('delete')) changes.after.push(`${name}${JSON.stringify({ ...originalEntity, ...payload })}`)
      else if (!originalEntity) changes.before.push(`${name}${JSON.stringify(entity)}`)
    }
  }
}

/** Returns the rows that a transaction has changed so far, as text: as they were, and as they are. */
export function changesOf(em: EntityManager): Changes {
  let changes = seen.get(em)
  if (!changes) seen.set(em, (changes = { before: [], after: [] }))
  return changes
}
