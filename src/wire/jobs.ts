/** Jobs: what a room does at night, for each tenant, on the node that leads the relay. A job must be safe to run again. */
import type { Database } from '../platform/db.ts'
import { log } from '../platform/log.ts'
import type { Feature } from '../platform/policy.rules.ts'
import type { Actor } from '../platform/tenancy.ts'
import { countWork, expectWork } from './metrics.ts'

/**
 * Work for every tenant, at least `everyMs` apart. Its own rows make a second run harmless. A tenant that has its feature on none
 * of its platforms is skipped.
 */
export interface Job { name: string; everyMs: number; feature?: Feature; run(actor: Actor): Promise<void> }

/** Runs jobs while `leads()`, where their feature `isUsed`; returns how to stop, which waits for the run under way. */
export function startJobs(
  db: Database, jobs: Job[], leads: () => boolean, tenantIds: () => Promise<string[]>,
  isUsed: (actor: Actor, feature: Feature) => Promise<boolean>,
): () => Promise<void> {
  let open = true
  let running: Promise<void> = Promise.resolve()
  const timers = jobs.map(job => {
    expectWork('job', job.name)
    const runAll = async () => {
      if (!open || !leads()) return
      for (const tenantId of await tenantIds()) {
        const actor: Actor = { tenantId, userId: null, role: 'ADMIN', now: new Date(), db }
        if (open) {
          await countWork('job', job.name, async () => {
            if (!job.feature || await isUsed(actor, job.feature)) await job.run(actor)
          }).catch((error: Error) => log.error(
            { job: job.name, tenantId, reason: error.message }, 'a job failed and will be tried again'))
        }
      }
    }
    const queue = () => {
      running = running.then(runAll)
        .catch((error: Error) => log.error({ job: job.name, reason: error.message }, 'a job could not start'))
    }
    setTimeout(queue, 1_000).unref()
    return setInterval(queue, job.everyMs).unref()
  })
  return async () => {
    open = false
    for (const timer of timers) clearInterval(timer)
    await running
  }
}
