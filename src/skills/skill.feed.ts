/** How completed milestones are told in the feed. */
import { registerTeller, registerWording } from '../feed/feed.rules.ts'
import type { SkillCompleted } from './completion.service.ts'

registerTeller({
  topic: 'skill.completed',
  tell(payload) {
    const { userId, teamId, path, name, level, title } = payload as SkillCompleted
    return [{ kind: 'SKILL_COMPLETED', userId, teamId, facts: { path, name, level, title } }]
  },
})
registerWording('SKILL_COMPLETED', ({ name: path, title }, name) => `${name} completed a milestone: ${path}, ${title}.`)
