/**
 * Hears what the ledgers were told and counts anew the running challenges that it concerns, for the subjects that it concerns.
 */
import { revenueOf } from '../facts/change.rules.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Batch, Statement } from '../platform/tenancy.ts'
import { changesOf, POINT_TOPICS } from '../points/change.rules.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import type { Measure, SimpleMeasure, Subject } from './challenge.rules.ts'
import { lockChallenges, recountChallenge } from './progress.service.ts'

/** The name under which its place in the event log is kept. */
export const PROGRESS_REACTION = 'challenges'

const REVENUE_TOPICS = new Set(['revenue.recorded', 'revenue.refunded', 'revenue.reversed'])
const SUBJECT_FIELD = { USER: 'userId', TEAM: 'teamId', DEPARTMENT: 'departmentId' } as const

/** Returns whether events of a topic may move a challenge. */
export const isCounted = (topic: string): boolean =>
  POINT_TOPICS.has(topic) || REVENUE_TOPICS.has(topic) || topic === 'metric.recorded'

// What is committed while somebody joins may have been neither counted with them nor heard for them, so both are heard.
const JOINING = new Set(['challenge.created', 'challenge.enrolled'])

interface Fact {
  source: 'POINTS' | 'REVENUE' | 'METRIC'; type: string | null
  userId: string | null; teamId: string | null; departmentId: string | null
}

/** Returns what an event says happened, of whom. A metric is of one subject, whatever its kind. */
function factsOf({ topic, payload }: Pick<LogEvent, 'topic' | 'payload'>): Fact[] {
  if (POINT_TOPICS.has(topic)) return changesOf(payload).map(change => ({ ...change, source: 'POINTS' }))
  if (REVENUE_TOPICS.has(topic)) {
    return revenueOf(payload).map(({ ownerId, ...change }) => ({ ...change, userId: ownerId, source: 'REVENUE', type: null }))
  }
  const { points } = payload as { points?: [id: string, metric: string, kind: string, subjectId: string][] }
  return (points ?? []).map(([, type, , id]) => ({ source: 'METRIC', type, userId: id, teamId: id, departmentId: id }))
}

/** Returns whether a fact may move a part of a measure. Which category a type is in only the ledger knows. */
function isOf(part: SimpleMeasure, { source, type }: Fact): boolean {
  if (part.kind === 'METRIC') return source === 'METRIC' && type === part.metric
  if (part.kind === 'REVENUE' || part.kind === 'DEALS') return source === 'REVENUE'
  const { activityTypes, categories } = part
  return source === 'POINTS' && (!activityTypes || Boolean(categories) || activityTypes.includes(type!))
}

/** Returns the subjects of a challenge that facts may have moved. */
export function concernedBy(measure: Measure, subject: Subject, tenantId: string, events: readonly LogEvent[]): Set<string> {
  const parts = measure.kind === 'COMBINED' ? measure.of : measure.kind === 'JUDGED' ? [] : [measure]
  const moved = events.flatMap(factsOf).filter(fact => parts.some(part => isOf(part, fact)))
  if (subject === 'TENANT') return new Set(moved.length ? [tenantId] : [])
  return new Set(moved.flatMap(fact => fact[SUBJECT_FIELD[subject]] ?? []))
}

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
