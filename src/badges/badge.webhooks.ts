/** How badges are told to integrators: a message for each level earned, and for each one taken away. */
import { wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import type { BadgeEarned } from './badge.reaction.ts'
import type { BadgeRevoked } from './badge.service.ts'

registerTopic({
  name: 'badge.earned', event: 'badge.earned',
  description: 'A level of a badge was earned: { earnedBadgeId, userId, teamId, badge: { key, name, level, title } }.',
  factsOf: ({ earnedBadgeId, userId, teamId, key, name, level, title }: BadgeEarned) => {
    const subject = wireId('User', userId)
    return [{
      subject,
      said: {
        earnedBadgeId: wireId('EarnedBadge', earnedBadgeId), userId: subject, teamId: teamId && wireId('Team', teamId),
        badge: { key, name, level, title },
      },
    }]
  },
})
registerTopic({
  name: 'badge.revoked', event: 'badge.revoked',
  description: 'An earned badge was taken away: { earnedBadgeId, userId, badge: { key, level } }.',
  factsOf: ({ earnedBadgeId, userId, key, level }: BadgeRevoked) => {
    const subject = wireId('User', userId)
    return [{ subject, said: { earnedBadgeId: wireId('EarnedBadge', earnedBadgeId), userId: subject, badge: { key, level } } }]
  },
})
