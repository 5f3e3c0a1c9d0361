/** The only writer of listings: people choose for themselves, admins take off whomever they must. */
import { createHash } from 'node:crypto'
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, retried } from '../platform/tenancy.ts'
import { choicesStatement } from './listing.queries.ts'
import {
  ALL_BOARDS, type Choice, type ListingChanged, type ListingRow, refusalForChoice, refusalForPseudonym,
} from './listing.rules.ts'

/** What is to change, for one or more people; ids are uuids. An absent pseudonym stays, null takes it away. */
export interface ListingChange {
  userIds: readonly string[]; leaderboardId: string | null; choice: Choice | null; pseudonym?: string | null | undefined
}

/**
 * Changes how people appear on boards and returns all they have chosen, with the commit's mark, which is null when it was so
 * before. Emits a `listing.changed` for each person whom it changes.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND | FORBIDDEN | TAKEN
 */
export async function changeListing(
  actor: Actor, change: ListingChange,
): Promise<{ choices: Map<string, ListingRow[]>; mark: number | null }> {
  const { tenantId } = actor
  const userIds = [...new Set(change.userIds)].sort()
  const refusal = refusalFor(actor, { ...change, userIds })
  if (refusal) throw refusal
  return retried(() => inTenantBatch(actor, async batch => {
    const [people, held, boards, names] = await batch.run([
      {
        text: 'select user_id as id from user_points where tenant_id = $1 and user_id = any($2::uuid[]) order by 1 for update',
        values: [tenantId, userIds],
      },
      choicesStatement(tenantId, userIds),
      { text: 'select id from leaderboard where tenant_id = $1 and id = $2::uuid', values: [tenantId, change.leaderboardId] },
      {
        text: `select 1 from users where tenant_id = $1 and lower(name) = lower($2) union all
               select 1 from listing where tenant_id = $1 and lower(pseudonym) = lower($2) and user_id <> all($3::uuid[])`,
        values: [tenantId, change.pseudonym ?? null, userIds],
      },
    ])
    if (people!.length < userIds.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['userIds'])
    if (change.leaderboardId && !boards!.length) {
      throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such leaderboard.', ['leaderboardId'])
    }
    if (names!.length) {
      throw new Refusal(ErrorCode.TAKEN, 'Somebody is called so: choose another pseudonym.', ['pseudonym'])
    }
    const heldBy = Map.groupBy(held as unknown as ListingRow[], ({ userId }) => userId)
    const changed = userIds.map(userId => changedRows(actor, change, userId, heldBy.get(userId) ?? []))
    const rows = changed.flatMap(({ fresh }) => fresh)
    const choices = new Map(userIds.map((userId, at) => [userId, changed[at]!.all]))
    if (!rows.length) return { choices, mark: null }
    describeCommand(actor, {
      subject: change.leaderboardId ? `leaderboard:${change.leaderboardId}` : null,
      forUserId: userIds.length === 1 ? userIds[0]! : null,
      afterHash: createHash('sha256').update(JSON.stringify(rows)).digest(),
    })
    const told = changed.filter(({ fresh }) => fresh.length)
      .map(({ userId, all }) => emitStatement(tenantId, 'listing.changed', { userId, rows: all } satisfies ListingChanged))
    const answers = await batch.last([storeStatement(tenantId, rows), ...told])
    return { choices, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

function refusalFor({ userId, role }: Actor, { userIds, leaderboardId, choice, pseudonym }: ListingChange): Refusal | null {
  if (!userIds.length || userIds.length > LIMITS.pageMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `userIds must name 1 to ${LIMITS.pageMax} people.`, ['userIds'])
  }
  if (role !== 'ADMIN' && userIds.some(id => id !== userId)) {
    return new Refusal(ErrorCode.FORBIDDEN, 'You choose for yourself; an admin takes others off.', ['userIds'])
  }
  if (choice === null && pseudonym === undefined) {
    return new Refusal(ErrorCode.INVALID, 'Nothing would change: name a choice or a pseudonym.')
  }
  if (pseudonym === undefined) return null
  if (userIds.length > 1 || leaderboardId) {
    return new Refusal(ErrorCode.INVALID, 'A pseudonym is one person\'s and holds on all boards.', ['pseudonym'])
  }
  return pseudonym === null ? null : refusalForPseudonym(pseudonym)
}

function changedRows(
  { userId: actorId, role, now }: Actor, { leaderboardId, choice, pseudonym }: ListingChange, userId: string, held: ListingRow[],
): { userId: string; fresh: ListingRow[]; all: ListingRow[] } {
  const target = leaderboardId ?? ALL_BOARDS
  const isOwn = userId === actorId
  const standing = held.filter(row => row.leaderboardId === target || row.leaderboardId === ALL_BOARDS)
  const refusal = choice && refusalForChoice(choice, { isOwn, isAdmin: role === 'ADMIN', held: standing })
  if (refusal) throw refusal
  const all = new Map(held.map(row => [row.leaderboardId, row]))
  const isNew = (key: string): ListingRow => ({
    userId, leaderboardId: key, choice: 'DEFAULT', isSetByAdmin: false, aliasId: key === ALL_BOARDS ? newId(now) : null,
    pseudonym: null, revision: 0,
  })
  const fresh = new Map<string, ListingRow>()
  const put = (key: string, what: Partial<ListingRow>) => {
    const before = fresh.get(key) ?? all.get(key) ?? isNew(key)
    const after = { ...before, ...what }
    const isSame = before.choice === after.choice && before.pseudonym === after.pseudonym
      && before.isSetByAdmin === after.isSetByAdmin
    if (!isSame || !before.revision) fresh.set(key, { ...after, revision: (all.get(key)?.revision ?? 0) + 1 })
  }
  put(ALL_BOARDS, {})
  // Another name gets another id: who knew the old one does not learn whose the new one is.
  if (pseudonym !== undefined && pseudonym !== (all.get(ALL_BOARDS)?.pseudonym ?? null)) {
    put(ALL_BOARDS, { pseudonym, aliasId: newId(now) })
  }
  if (choice) put(target, { choice, isSetByAdmin: !isOwn && choice === 'HIDDEN' })
  for (const [key, row] of fresh) all.set(key, row)
  return { userId, fresh: [...fresh.values()], all: [...all.values()] }
}

function storeStatement(tenantId: string, rows: readonly ListingRow[]) {
  const column = <T>(pick: (row: ListingRow) => T) => rows.map(pick)
  return {
    text: `insert into listing (tenant_id, user_id, leaderboard_id, choice, is_set_by_admin, alias_id, pseudonym, revision)
           select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::boolean[], $6::uuid[], $7::text[], $8::int[])
           on conflict (tenant_id, user_id, leaderboard_id) do update set choice = excluded.choice,
             is_set_by_admin = excluded.is_set_by_admin, alias_id = excluded.alias_id, pseudonym = excluded.pseudonym,
             revision = excluded.revision`,
    values: [
      tenantId, column(row => row.userId), column(row => row.leaderboardId), column(row => row.choice),
      column(row => row.isSetByAdmin), column(row => row.aliasId), column(row => row.pseudonym), column(row => row.revision),
    ],
  }
}
