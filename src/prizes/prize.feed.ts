/** How settled challenges are told in the feed: who won what tier. What is personal is told nobody else. */
import { registerTeller, registerWording, type Told } from '../feed/feed.rules.ts'
import type { Settled } from './settlement.service.ts'

registerTeller({
  topic: 'challenge.settled',
  tell(payload) {
    const { challengeId, kind, title, subject, results, titles, names } = payload as Settled
    if (kind === 'PERSONAL') return []
    return results.flatMap(([subjectId, rank, , tier, points]): Told | never[] => tier === null ? [] : {
      kind: 'CHALLENGE_WON', userId: subject === 'USER' ? subjectId : null, teamId: subject === 'TEAM' ? subjectId : null,
      facts: { challengeId, title, rank, points, tierTitle: titles[tier], subjectName: names[subjectId] ?? null },
    })
  },
})
registerWording('CHALLENGE_WON', ({ title, rank, points, tierTitle, subjectName }, name) => {
  const who = subjectName as string | null ?? name
  const what = [tierTitle, points ? `${Number(points).toLocaleString('en-US')} points` : null].filter(Boolean).join(', ')
  return `${who} ended ${title}${rank === null ? '' : ` at rank ${rank as number}`}${what ? `: ${what}` : ''}.`
})
