/** The command that changes how people appear on boards, in words for the explorer. */
import { Field, ID, InputType, ObjectType } from 'type-graphql'
import { Payload } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Listing, ListingChoice } from './listing.entity.ts'

@InputType({ description: 'How people shall appear on boards.' })
export class ListingChangeInput {
  @Field(() => [ID], { nullable: true, description: `The people, 1–${LIMITS.pageMax}; oneself when absent. Others: ADMIN only.` })
  userIds?: string[] | null
  @Field(() => ID, { nullable: true, description: 'The board that the choice is for; all when absent.' })
  leaderboardId?: string | null
  @Field(() => ListingChoice, { nullable: true, description: 'Absent keeps the choice.' }) choice?: ListingChoice | null
  @Field(() => String, {
    nullable: true,
    description: 'Another name on all boards, 2–50 characters, nobody else\'s; for one person. Null takes it away.',
  }) pseudonym?: string | null
}

@ObjectType({ description: 'How the first of the people appears now.' })
export class ListingChangePayload extends Payload {
  @Field(() => Listing, { nullable: true, description: 'Null when refused.' }) listing?: unknown
}
