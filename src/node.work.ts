/** What the node that leads does besides: every room's reactions to the event log, and its jobs for each tenant. */
import { badgeReaction } from './badges/badge.reaction.ts'
import { boostReaction } from './boosts/boost.reaction.ts'
import { progressReaction } from './challenges/progress.reaction.ts'
import { panScanJob } from './evidence/pan.jobs.ts'
import { feedReaction } from './feed/feed.reaction.ts'
import { importJob, importReaction } from './imports/import.jobs.ts'
import { archiveJob } from './leaderboards/leaderboard.jobs.ts'
import { rankReaction } from './leaderboards/leaderboard.webhooks.ts'
import { levelReaction } from './points/level.reaction.ts'
import { ringReaction } from './recognition/flag.service.ts'
import { ruleReaction, settleJob } from './rulebook/rule.reaction.ts'
import { correctionReaction } from './prizes/correction.reaction.ts'
import { challengeSettleJob } from './prizes/settlement.jobs.ts'
import { Rulings } from './rulebook/rulings.ts'
import { skillJob } from './skills/skill.jobs.ts'
import { skillReaction } from './skills/skill.reaction.ts'
import { hookLogJob } from './sources/hook.jobs.ts'
import { deliveryReaction } from './webhooks/delivery.reaction.ts'
import { tendJob } from './webhooks/endpoint.jobs.ts'
import type { Boards } from './leaderboards/boards.ts'
import type { Job } from './wire/jobs.ts'
import type { Queues } from './wire/queues.ts'
import type { Reaction } from './wire/reactions.ts'

/** Returns the reactions and the jobs of all rooms. */
export function workOf(boards: Boards, queues: Queues): { answering: Reaction[]; jobs: Job[] } {
  const rulings = new Rulings()
  return {
    answering: [
      levelReaction, boostReaction, feedReaction, rankReaction(boards), deliveryReaction(queues), importReaction(queues),
      badgeReaction,
      skillReaction,
      ringReaction, progressReaction, correctionReaction, ruleReaction(rulings),
    ],
    jobs: [
      archiveJob, tendJob(queues), panScanJob, hookLogJob, importJob(queues), skillJob, settleJob(rulings), challengeSettleJob,
    ],
  }
}
