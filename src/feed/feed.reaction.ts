/** Keeps told items beyond the life of the event log, so that a first snapshot after a quiet week is not empty. */
import type { Reaction } from '../wire/reactions.ts'
import { isTold, toldBy } from './feed.rules.ts'

export const FEED_REACTION = 'feed'

export const feedReaction: Reaction = {
  name: FEED_REACTION,
  hears: isTold,
  gatherMs: 500, // Snapshots read the event log beyond the reaction's cursor, so keeping may lag.
  async react({ tenantId }, _batch, events) {
    const items = events.flatMap(toldBy)
    if (!items.length) return []
    return [{
      name: 'feed_keep',
      text: `insert into feed_item (tenant_id, pos, line, kind, at, user_id, team_id, facts)
             select $1, * from unnest($2::bigint[], $3::int[], $4::text[], $5::timestamptz[], $6::uuid[],
               $7::uuid[], $8::json[])`,
      values: [tenantId, items.map(item => item.pos), items.map(item => item.line), items.map(item => item.kind),
        items.map(item => item.at),
        items.map(item => item.userId), items.map(item => item.teamId), items.map(item => JSON.stringify(item.facts))],
    }]
  },
}
