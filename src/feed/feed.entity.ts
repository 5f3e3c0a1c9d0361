/** Feed items and messages as the schema shows them: what is addressed to a person, a team or everybody. */
import { createUnionType, Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { Cursor, Mark, sized } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { SnapshotReason } from '../wire/stream.shapes.ts'

export enum FeedScope { ME = 'ME', TEAM = 'TEAM', TENANT = 'TENANT' }
export enum FeedKind {
  POINTS_AWARDED = 'POINTS_AWARDED', POINTS_REVERSED = 'POINTS_REVERSED', LEVEL_CHANGED = 'LEVEL_CHANGED',
  BADGE_EARNED = 'BADGE_EARNED',
  RECOGNITION_GIVEN = 'RECOGNITION_GIVEN',
  CHALLENGE_INVITED = 'CHALLENGE_INVITED', CHALLENGE_COMPLETED = 'CHALLENGE_COMPLETED', CHALLENGE_WON = 'CHALLENGE_WON',
  SKILL_COMPLETED = 'SKILL_COMPLETED',
}
registerEnumType(FeedScope, {
  name: 'FeedScope', description: 'Whose news.',
  valuesConfig: {
    ME: { description: 'What is about me.' },
    TEAM: { description: 'What is about my primary team: its people at the time.' },
    TENANT: { description: 'Everything.' },
  },
})
registerEnumType(FeedKind, {
  name: 'FeedKind', description: 'What happened. Later versions add values.',
  valuesConfig: {
    POINTS_AWARDED: { description: 'An activity paid points.' },
    POINTS_REVERSED: { description: 'An activity was taken back with its points.' },
    LEVEL_CHANGED: { description: 'A level was entered, upward or downward.' },
    BADGE_EARNED: { description: 'A level of a badge was earned.' },
    RECOGNITION_GIVEN: { description: 'Somebody gave a colleague points, with a message.' },
    CHALLENGE_INVITED: { description: 'A person is asked to take part in a challenge.' },
    CHALLENGE_COMPLETED: { description: 'The target of a challenge was reached.' },
    SKILL_COMPLETED: { description: 'A milestone of a skill was completed.' },
    CHALLENGE_WON: { description: 'A challenge was settled, and gave them something.' },
  },
})

@ObjectType({ description: 'One piece of news.' })
export class FeedItem {
  @Field(() => ID, { description: 'Opaque; the same item always has the same id.' }) id!: string
  @Field(() => FeedKind, { description: 'What happened.' }) kind!: FeedKind
  @Field(() => Date, { description: 'When it was committed, UTC.' }) at!: Date
  @Field(() => String, { description: 'A sentence for people.' }) text!: string
}

@ObjectType({ description: 'The newest 50 items, newest first; it replaces whatever the reader had.' })
export class FeedSnapshot {
  @Field(() => Cursor, { description: 'Where the stream stands.' }) cursor!: string
  @Field(() => Date, { description: 'When it was read.' }) takenAt!: Date
  @Field(() => SnapshotReason, { description: 'Why a snapshot and not deltas.' }) reason!: string
  @sized(LIMITS.feedSnapshotItems)
  @Field(() => [FeedItem], { description: 'At most 50, newest first.' }) items!: FeedItem[]
}

@ObjectType({
  description: 'News since `after`, oldest first; never dropped or merged. It applies if `after` is the reader\'s cursor.',
})
export class FeedDelta {
  @Field(() => Cursor, { description: 'The cursor this follows.' }) after!: string
  @Field(() => Cursor, { description: 'The cursor from here on.' }) cursor!: string
  @Field(() => [Mark], { description: 'The commits it contains, the newest 1,000 at most.' }) marks!: number[]
  @Field(() => Date, { description: 'When the newest was committed.' }) at!: Date
  @sized(LIMITS.feedSnapshotItems)
  @Field(() => [FeedItem], { description: 'Oldest first.' }) items!: FeedItem[]
}

export const FeedMessage = createUnionType({
  name: 'FeedMessage', description: 'A message of the `feed` stream.',
  types: () => [FeedSnapshot, FeedDelta] as const, resolveType: row => (row as unknown as { __typename: string }).__typename,
})
