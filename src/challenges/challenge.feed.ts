/**
 * How challenges are told in the feed: invitations to people, and who has reached a target. What is personal is told nobody
 * else.
 */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { FeedItem } from '../feed/feed.entity.ts'
import { type FeedRow, registerTeller, registerWording } from '../feed/feed.rules.ts'
import { Context } from '../platform/graphql.ts'
import { Challenge } from './challenge.entity.ts'
import { challengesById } from './challenge.queries.ts'
import type { Subject } from './challenge.rules.ts'
import type { Completed } from './progress.service.ts'

interface Invited { challengeId: string; kind: string; title: string; subject: Subject; subjectIds: string[] }

/** Returns whom an item is about: a person, or a team; departments and the company have their name in its facts. */
export const aboutSubject = (subject: Subject, subjectId: string) =>
  ({ userId: subject === 'USER' ? subjectId : null, teamId: subject === 'TEAM' ? subjectId : null })

registerTeller({
  topic: 'challenge.invited',
  tell(payload) {
    const { challengeId, title, subject, subjectIds } = payload as Invited
    if (subject !== 'USER') return []
    return subjectIds.map(id => ({ kind: 'CHALLENGE_INVITED', ...aboutSubject(subject, id), facts: { challengeId, title } }))
  },
})
registerWording('CHALLENGE_INVITED', ({ title }, name) => `${name} is invited to a challenge: ${title}.`)

registerTeller({
  topic: 'challenge.completed',
  tell(payload) {
    const { challengeId, kind, title, subject, subjectId, name } = payload as Completed
    if (kind === 'PERSONAL') return []
    return [{ kind: 'CHALLENGE_COMPLETED', ...aboutSubject(subject, subjectId),
      facts: { challengeId, title, subjectName: name } }]
  },
})
registerWording('CHALLENGE_COMPLETED', ({ title, subjectName }, name) =>
  `${subjectName as string | null ?? name} reached the target of ${title}.`)

@Resolver(() => FeedItem)
export class ChallengeFeedResolver {
  @FieldResolver(() => Challenge, { nullable: true, description: 'The challenge it is about; null for other kinds.' })
  challenge(@Root() { facts }: FeedRow, @Ctx() context: Context) {
    return facts.challengeId ? context.load(challengesById, facts.challengeId as string) : null
  }
}
