/** Settles challenges that are due, each once, also after downtime. */
import { dueStatement } from '../challenges/challenge.service.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import { settleChallenge } from './settlement.service.ts'

export const challengeSettleJob: Job = {
  name: 'challenges.settle',
  everyMs: 60_000,
  feature: 'challenges',
  async run(actor: Actor) {
    for (const { id } of await inTenantOnce<{ id: string }>(actor, dueStatement(actor.tenantId, actor.now))) {
      await settleChallenge(actor, id)
    }
  },
}
