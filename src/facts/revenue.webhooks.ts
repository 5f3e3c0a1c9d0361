/** How revenue is told to integrators: a message for each fact, by ids and exact amounts alone. */
import { wireId } from '../platform/ids.ts'
import { decimalOf } from '../platform/money.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import { revenueOf } from './change.rules.ts'

const SAID = '{ revenueId, originalId, amount, currency, recurrence, ownerId, teamId, departmentId, day }'
const TOPICS = [
  ['revenue.recorded', 'Revenue was recognized'], ['revenue.refunded', 'Revenue was given back; the amount is negative'],
  ['revenue.reversed', 'A revenue fact was taken back; the amount undoes it'],
] as const

for (const [name, what] of TOPICS) {
  registerTopic({
    name, event: name, description: `${what}: ${SAID}. \`day\` is the local day in which it counts.`,
    factsOf: payload => revenueOf(payload).map(({ revenueId, originalId, ownerId, teamId, departmentId, ...change }) => ({
      // What gives a fact back is told after it.
      subject: wireId('RevenueFact', originalId ?? revenueId),
      said: {
        revenueId: wireId('RevenueFact', revenueId), originalId: originalId && wireId('RevenueFact', originalId),
        amount: decimalOf(change.amountMinor, change.currency), currency: change.currency, recurrence: change.recurrence,
        ownerId: ownerId && wireId('User', ownerId), teamId: teamId && wireId('Team', teamId),
        departmentId: departmentId && wireId('Department', departmentId), day: change.day,
      },
    })),
  })
}
