/** Reads of listings. */
import { type Actor, inTenantOnce, type Statement } from '../platform/tenancy.ts'
import { ALL_BOARDS, type ListingRow } from './listing.rules.ts'

const COLUMNS = `user_id as "userId", leaderboard_id as "leaderboardId", choice, is_set_by_admin as "isSetByAdmin",
  alias_id as "aliasId", pseudonym, revision`

/** The statement that answers all listings that a board must know. */
export function listingsStatement(tenantId: string, boardId: string): Statement {
  return {
    text: `select ${COLUMNS} from listing where tenant_id = $1 and leaderboard_id = any($2::uuid[])`,
    values: [tenantId, [ALL_BOARDS, boardId]],
  }
}

/** The statement that answers what these people have chosen. */
export function choicesStatement(tenantId: string, userIds: readonly string[]): Statement {
  return {
    name: 'listing_choices', text: `select ${COLUMNS} from listing where tenant_id = $1 and user_id = any($2::uuid[])`,
    values: [tenantId, userIds],
  }
}

/** Returns all that a person has chosen. */
export async function listChoices(actor: Pick<Actor, 'tenantId' | 'db'>, userId: string): Promise<ListingRow[]> {
  return await inTenantOnce(actor, choicesStatement(actor.tenantId, [userId])) as unknown as ListingRow[]
}
