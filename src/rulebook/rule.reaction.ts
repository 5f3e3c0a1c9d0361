/** Rules follow the event log: what happened is counted, and what is earned is unlocked, in the transaction that says so. */
import type { Reaction } from '../wire/reactions.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import type { Rulings } from './rulings.ts'
import { isRuleTopic } from './source.service.ts'

/** The name of the reaction, by which its place in the log is found. */
export const RULES = 'rules'

/** Returns the reaction; tenants without rules are passed over unread. */
export function ruleReaction(rulings: Rulings): Reaction {
  return {
    name: RULES, hears: isRuleTopic, gatherMs: 20, eventsAtOnce: 100, // Of 1,000 activities each, perhaps.
    concerns: tenantId => ({
      name: 'rules_any', text: `select 1 from rule where tenant_id = $1 and status = 'ACTIVE' limit 1`, values: [tenantId] }),
    prepare: async actor => void await zoneOf(actor),
    react: (actor, batch, events) => rulings.hear(actor, batch, events),
  }
}
