/** How skills are told to integrators: claims, what became of them, and completed milestones. */
import { wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import type { SkillCompleted } from './completion.service.ts'

registerTopic({
  name: 'skill.completed', event: 'skill.completed',
  description: 'A milestone was completed: { userId, teamId, skill: { path, name, level, title, points }, claimId }. `claimId` '
    + 'is null when it was counted.',
  factsOf: ({ userId, teamId, path, name, level, title, points, claimId }: SkillCompleted) => {
    const subject = wireId('User', userId)
    return [{
      subject,
      said: {
        userId: subject, teamId: teamId && wireId('Team', teamId), skill: { path, name, level, title, points },
        claimId: claimId && wireId('SkillClaim', claimId),
      },
    }]
  },
})

interface Claimed { claimId: string; userId: string; path: string; level: number; reason?: string }
const factsOf = ({ claimId, userId, path, level, reason }: Claimed) => {
  const subject = wireId('User', userId)
  const said = { claimId: wireId('SkillClaim', claimId), userId: subject, path, level }
  return [{ subject, said: reason === undefined ? said : { ...said, reason } }]
}
registerTopic({
  name: 'skill.claimed', event: 'skill.claimed', factsOf,
  description: 'A milestone was claimed and waits for an attestation: { claimId, userId, path, level }.',
})
registerTopic({
  name: 'skill.rejected', event: 'skill.rejected', factsOf,
  description: 'A claim was rejected: { claimId, userId, path, level, reason }.',
})
