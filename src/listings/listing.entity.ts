/** Listing: how a person appears on boards of people. Its rows are choices, for one board or for all. */
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { sized } from '../platform/graphql.ts'

export enum ListingChoice { DEFAULT = 'DEFAULT', LISTED = 'LISTED', HIDDEN = 'HIDDEN' }
registerEnumType(ListingChoice, {
  name: 'ListingChoice', description: 'Whether a person is listed on a board of people.',
  valuesConfig: {
    DEFAULT: { description: 'As the board does by itself: listed, on one by consent not.' },
    LISTED: { description: 'Listed, also on a board by consent. Only the person can choose it.' },
    HIDDEN: { description: 'Not listed. Ranks are of those who are; one\'s own row shows where one would stand.' },
  },
})

@ObjectType({ description: 'A choice, for one board or for all.' })
export class ListingForBoard {
  @Field(() => ID, { nullable: true, description: 'The board; null for all boards that have no choice of their own.' })
  leaderboardId!: string | null
  @Field(() => ListingChoice, { description: 'What was chosen.' }) choice!: ListingChoice
  @Field(() => Boolean, { description: 'Whether an admin chose it: then only an admin can change it.' }) isSetByAdmin!: boolean
}

@ObjectType({ description: 'How a person appears on boards of people.' })
export class Listing {
  @Field(() => String, { nullable: true, description: 'The name by which they stand on all boards; null = their own.' })
  pseudonym!: string | null
  @sized(10)
  @Field(() => [ListingForBoard], { description: 'Their choices, at most one for each board and one for all.' })
  choices!: ListingForBoard[]
}
