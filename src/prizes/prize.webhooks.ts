/** How the ends of challenges and their rewards are told to integrators. */
import type { Reward, Subject } from '../challenges/challenge.rules.ts'
import { SUBJECT_KIND } from '../challenges/challenge.service.ts'
import { wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import type { Corrected } from './correction.reaction.ts'
import type { Settled } from './settlement.service.ts'

registerTopic({
  name: 'challenge.settled', event: 'challenge.settled',
  description: 'A challenge was settled: { challengeId, kind, title, subject, results: [{ subjectId, rank, value, tier, '
    + 'points }] }. '
    + '`tier` is the place in its tiers, from 0; null: none.',
  factsOf: ({ challengeId, kind, title, subject, results }: Settled) => {
    const id = wireId('Challenge', challengeId)
    return [{
      subject: id,
      said: {
        challengeId: id, kind, title, subject,
        results: results.map(([subjectId, rank, value, tier, points]) =>
          ({ subjectId: wireId(SUBJECT_KIND[subject], subjectId), rank, value, tier, points })),
      },
    }]
  },
})
registerTopic({
  name: 'challenge.corrected', event: 'challenge.corrected',
  description: 'Facts came or were taken back after the settlement: { challengeId, kind, title, subject, '
    + 'corrections: [{ subjectId, valueBefore, value, rankBefore, rank, tierBefore, tier }] }. Nothing was paid or taken back.',
  factsOf: ({ challengeId, kind, title, subject, corrections }: Corrected) => {
    const id = wireId('Challenge', challengeId)
    return [{
      subject: id,
      said: {
        challengeId: id, kind, title, subject,
        corrections: corrections.map(([subjectId, valueBefore, value, rankBefore, rank, tierBefore, tier]) =>
          ({ subjectId: wireId(SUBJECT_KIND[subject], subjectId), valueBefore, value, rankBefore, rank, tierBefore, tier })),
      },
    }]
  },
})

interface Moved {
  grantId: string; challengeId: string; subjectId: string; subject: Subject; userId: string | null; state: string; reward: Reward
}
for (const [name, what] of [
  ['challenge_grant.decided', 'A reward was approved or rejected'], ['challenge_grant.fulfilled', 'A reward was given'],
] as const) {
  registerTopic({
    name, event: name, description: `${what}: { grantId, challengeId, subjectId, userId, state, reward }.`,
    factsOf: ({ grantId, challengeId, subjectId, subject, userId, state, reward }: Moved) => [{
      subject: wireId('ChallengeGrant', grantId),
      said: {
        grantId: wireId('ChallengeGrant', grantId), challengeId: wireId('Challenge', challengeId),
        subjectId: wireId(SUBJECT_KIND[subject], subjectId), userId: userId && wireId('User', userId), state, reward,
      },
    }],
  })
}
