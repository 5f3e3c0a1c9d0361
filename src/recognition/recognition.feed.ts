/** How recognition is told in the feed: once, with its message; the points of it are a part of that. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { FeedItem } from '../feed/feed.entity.ts'
import { type FeedRow, registerTeller, registerWording } from '../feed/feed.rules.ts'
import { Context } from '../platform/graphql.ts'
import { tellApart } from '../points/change.rules.ts'
import { Recognition } from './recognition.entity.ts'
import { recognitionsById } from './recognition.queries.ts'
import { AWARD_TYPE } from './recognition.rules.ts'
import type { RecognitionGiven } from './recognition.service.ts'

tellApart(AWARD_TYPE)
registerTeller({
  topic: 'recognition.given',
  tell(payload) {
    const { recognitionId, giverId, receiverId, teamId, points, message } = payload as RecognitionGiven
    const facts = { recognitionId, byUserId: giverId, points, message }
    return [{ kind: 'RECOGNITION_GIVEN', userId: receiverId, teamId, facts }]
  },
})
registerWording('RECOGNITION_GIVEN', ({ points, message }, name, byName) =>
  `${byName} recognized ${name}: “${message}” +${points} points.`)

@Resolver(() => FeedItem)
export class RecognitionFeedResolver {
  @FieldResolver(() => Recognition, { nullable: true, description: 'The recognition that was given; null for other kinds.' })
  recognition(@Root() { facts }: FeedRow, @Ctx() context: Context) {
    return typeof facts.recognitionId === 'string' ? context.load(recognitionsById, facts.recognitionId) : null
  }
}
