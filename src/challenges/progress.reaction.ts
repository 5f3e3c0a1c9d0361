/**
 * Hears what the ledgers were told and counts anew the running challenges that it concerns, for the subjects that it concerns.
 */
import { LIMITS } from '../platform/limits.ts'
import type { Batch, Statement } from '../platform/tenancy.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import type { Measure, Subject } from './challenge.rules.ts'
import { concernedBy, isCounted } from './measure.queries.ts'
import { lockChallenges, recountChallenge } from './progress.service.ts'

/** The name under which its place in the event log is kept. */
export const PROGRESS_REACTION = 'challenges'

// What is committed while somebody joins may have been neither counted with them nor heard for them, so both are heard.
const JOINING = new Set(['challenge.created', 'challenge.enrolled'])

export const progressReaction: Reaction = {
  name: PROGRESS_REACTION,
  hears: topic => isCounted(topic) || JOINING.has(topic),
  gatherMs: LIMITS.challengeGatherMs,
  // A challenge counts once it has begun; what is recorded of its days before is counted when it is created.
  concerns: tenantId => ({
    name: 'challenge_concerns', values: [tenantId],
    text: `select 1 as found from challenge where tenant_id = $1 and state = 'OPEN' limit 1`,
  }),
  async react({ tenantId, now }, batch, events) {
    const concerned = await openConcernedBy(batch, tenantId, events)
    if (!concerned.size) return []
    const writes: Statement[] = []
    const told: Statement[] = []
    for (const challenge of await lockChallenges(batch, tenantId, [...concerned.keys()])) {
      if (challenge.state !== 'OPEN') continue // Settled or canceled meanwhile.
      const { subjects, marks } = concerned.get(challenge.id)!
      const telling = await recountChallenge(batch, { tenantId, now }, challenge, { concerned: subjects, marks })
      writes.push(...telling.writes)
      told.push(...telling.events)
    }
    return [...writes, ...told]
  },
}

interface Open { id: string; subject: Subject; measure: Measure; enrolled: string[] }

/** Returns the open challenges that events concern, with the enrolled subjects and the marks of those events. */
async function openConcernedBy(batch: Batch, tenantId: string, events: readonly LogEvent[]) {
  const [open] = await batch.run([{
    name: 'challenge_running',
    text: `select c.id, c.subject, c.measure, coalesce(array_agg(e.subject_id) filter (where e.subject_id is not null), '{}')
             as enrolled
           from challenge c left join challenge_enrollment e on e.tenant_id = c.tenant_id and e.challenge_id = c.id
             and e.state = 'ENROLLED'
           where c.tenant_id = $1 and c.state = 'OPEN'
             and c.starts_at <= now() + interval '${LIMITS.occurredAheadMaxMs / 1_000} seconds' group by c.tenant_id, c.id`,
    values: [tenantId],
  }])
  const found = new Map<string, { subjects: Set<string>; marks: number[] }>()
  for (const { id, subject, measure, enrolled } of open as Open[]) {
    const marks: number[] = []
    const subjects = new Set<string>()
    for (const event of events) {
      if (JOINING.has(event.topic) && (event.payload as { challengeId: string }).challengeId === id) {
        for (const subjectId of enrolled) subjects.add(subjectId)
      }
      const moved = concernedBy(measure, subject, tenantId, [event])
      const own = enrolled.filter(subjectId => moved.has(subjectId))
      if (!own.length) continue
      marks.push(event.mark)
      for (const subjectId of own) subjects.add(subjectId)
    }
    if (subjects.size) found.set(id, { subjects, marks })
  }
  return found
}
