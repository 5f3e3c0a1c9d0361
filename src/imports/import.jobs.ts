/** Imports are carried on by queues: a start leaves work, a step leaves the next; what was lost is found again,
  what is old goes. */
import type { Database } from '../platform/db.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import type { Queue, Queues, Work } from '../wire/queues.ts'
import type { Reaction } from '../wire/reactions.ts'
import { stepImport } from './import.service.ts'

/** The queue of running imports. */
export const IMPORT_QUEUE = 'import.run'

const workOf = (tenantId: string, importId: string): Work => ({ key: importId, group: tenantId, ids: { tenantId, importId } })

/** Returns the queue that carries imports on; of a tenant one at a time. */
export function importQueue(db: Database, queues: Pick<Queues, 'leave'>): Queue {
  return {
    name: IMPORT_QUEUE, atOnce: 2, atOncePerGroup: 1,
    async work({ tenantId, importId }, signal) {
      const until = Date.now() + LIMITS.importTurnMs
      for (;;) {
        const actor: Actor = { tenantId: tenantId!, userId: null, role: 'ADMIN', now: new Date(), db }
        if (!await stepImport(actor, importId!)) return
        // Others get their turn, and a node that closes hands the rest on.
        if (signal.aborted || Date.now() > until) return queues.leave(IMPORT_QUEUE, [workOf(tenantId!, importId!)])
      }
    },
  }
}

/** Returns the reaction that leaves work for imports that were started or resumed, on whichever node that was. */
export function importReaction(queues: Pick<Queues, 'leave'>): Reaction {
  return {
    name: 'imports', gatherMs: 0,
    hears: topic => topic === 'import.started' || topic === 'import.resumed',
    async react({ tenantId }, batch, events) {
      await queues.leave(IMPORT_QUEUE, events
        .map(({ payload }) => workOf(tenantId, (payload as { importId: string }).importId)), batch)
      return []
    },
  }
}

/** Returns the job that leaves lost work again and removes imports of 30 days, and uploads that were broken off. */
export function importJob(queues: Pick<Queues, 'leave'>): Job {
  return {
    name: 'imports.tend', everyMs: 60_000,
    async run(actor) {
      const { tenantId, now } = actor
      await inTenantOnce(actor, {
        text: `delete from fact_import where tenant_id = $1 and (created_at < $2::timestamptz
                 or state = 'UPLOADING' and created_at < $3::timestamptz)`,
        values: [tenantId, new Date(now.getTime() - LIMITS.importKeepMs), new Date(now.getTime() - 3_600_000)],
      })
      const running = await inTenantOnce<{ id: string }>(actor, {
        text: `select id from fact_import where tenant_id = $1 and state = 'RUNNING'`, values: [tenantId] })
      await queues.leave(IMPORT_QUEUE, running.map(({ id }) => workOf(tenantId, id)))
    },
  }
}
