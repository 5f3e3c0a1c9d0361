/** GraphQL door of listings. */
import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { answer, Context } from '../platform/graphql.ts'
import { optionalId, requireId, wireId } from '../platform/ids.ts'
import { Allows } from '../platform/policy.ts'
import { Listing } from './listing.entity.ts'
import { listChoices } from './listing.queries.ts'
import { ALL_BOARDS, type ListingRow } from './listing.rules.ts'
import { changeListing } from './listing.service.ts'
import { ListingChangeInput, ListingChangePayload } from './listing.shapes.ts'

function shownListing(rows: readonly ListingRow[]) {
  return {
    pseudonym: rows.find(({ pseudonym }) => pseudonym)?.pseudonym ?? null,
    choices: rows.filter(({ choice }) => choice !== 'DEFAULT')
      .sort((one, other) => one.leaderboardId < other.leaderboardId ? -1 : 1).map(({ leaderboardId, choice, isSetByAdmin }) => ({
      leaderboardId: leaderboardId === ALL_BOARDS ? null : wireId('Leaderboard', leaderboardId), choice, isSetByAdmin,
    })),
  }
}

@Resolver()
export class ListingResolver {
  @Allows('listing.read')
  @Query(() => Listing, {
    nullable: true, description: 'How one appears on boards, or for an ADMIN how somebody does; null without a person.',
  })
  async listing(@Ctx() { actor }: Context,
    @Arg('userId', () => ID, { nullable: true, description: 'The person; oneself when absent.' }) userId: string | null) {
    const id = optionalId('User', userId, 'userId') ?? actor.userId
    if (!id) return null
    if (id !== actor.userId && actor.role !== 'ADMIN') {
      throw fault('FORBIDDEN', 'How others appear on boards is theirs to know: leave userId out.', { argument: 'userId' })
    }
    return shownListing(await listChoices(actor, id))
  }

  @Allows('listing.write')
  @Mutation(() => ListingChangePayload, {
    description: 'Changes how one appears on boards of people; an ADMIN also takes others off and puts them back. '
      + 'Codes: INVALID, OUT_OF_RANGE, NOT_FOUND, FORBIDDEN, TAKEN.',
  })
  listingChange(@Arg('input', () => ListingChangeInput, { description: 'The change.' }) input: ListingChangeInput,
    @Ctx() { actor }: Context) {
    const userIds = input.userIds?.map(id => requireId('User', id, 'userIds')) ?? (actor.userId ? [actor.userId] : [])
    const leaderboardId = optionalId('Leaderboard', input.leaderboardId, 'leaderboardId')
    return answer(new ListingChangePayload(),
      () => changeListing(actor, { userIds, leaderboardId, choice: input.choice ?? null, pseudonym: input.pseudonym })
      .then(({ choices, mark }) => ({ listing: shownListing(choices.values().next().value!), mark })))
  }
}
