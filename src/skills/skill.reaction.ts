/**
 * Countable milestones follow facts: when one comes in, or a milestone before them was completed, what they count is read
 * anew, and those that are reached complete in order, each once, with their points.
 */
import { measuredOf } from '../badges/measure.queries.ts'
import { type Measure, type Measured, measuresTopic } from '../badges/measure.rules.ts'
import { tallyStatements } from '../badges/tally.service.ts'
import { isTouched, type Touched, touchedBy } from '../badges/touched.rules.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import type { LogEvent } from '../wire/events.ts'
import type { Reaction } from '../wire/reactions.ts'
import { type Completion, completionStatements, type SkillCompleted } from './completion.service.ts'
import { completionsStatement, type CompletionRow, pathsInForce } from './skill.queries.ts'
import { countedLevels, nextLevelOf, type PathRow } from './skill.rules.ts'

export const skillReaction: Reaction = {
  name: 'skills',
  hears: topic => measuresTopic(topic) || topic === 'skill.completed',
  gatherMs: 50,
  concerns: tenantId => ({
    name: 'skill_paths_any', text: 'select 1 from skill_path where tenant_id = $1 limit 1', values: [tenantId],
  }),
  react: (actor, batch, events) => completeCounted(batch, actor, touchedOf(events), events.at(-1)!.at),
}

const pathWord = (key: string) => `path ${key}`

function touchedOf(events: readonly LogEvent[]): Touched {
  const [own, facts] = [[] as LogEvent[], [] as LogEvent[]]
  for (const event of events) (event.topic === 'skill.completed' ? own : facts).push(event)
  const touched = touchedBy(facts)
  for (const { payload } of own) {
    const { userId, path } = payload as SkillCompleted
    touched.set(userId, (touched.get(userId) ?? new Set()).add(pathWord(path)))
  }
  return touched
}

/** Returns the statements that complete what these people have reached by what was touched, as of an instant. */
export async function completeCounted(batch: Batch, actor: Actor, touched: Touched, at: Date): Promise<Statement[]> {
  const { tenantId } = actor
  if (!touched.size) return []
  const [paths, rows] = await batch.run([
    pathsInForce(tenantId, at), completionsStatement(tenantId, [...touched.keys()]),
  ]) as unknown as [PathRow[], CompletionRow[]]
  const completedBy = Map.groupBy(rows, ({ userId, path }) => `${userId} ${path}`)
  const open = paths.filter(({ active }) => active).flatMap(path => [...touched].flatMap(([userId, what]) => {
    const completed = new Set((completedBy.get(`${userId} ${path.key}`) ?? []).map(({ level }) => level))
    const measure = path.milestones[nextLevelOf(completed) - 1]?.measure
    return measure && (isTouched(measure, what) || what.has(pathWord(path.key))) ? [{ path, userId, completed }] : []
  }))
  if (!open.length) return []

  // The milestone after the next may be counted too: all counted ones of an open path are measured at once.
  const wishes = new Map<string, { measure: Measure; userIds: Set<string> }>()
  for (const { path, userId } of open) {
    for (const { measure } of path.milestones) {
      if (!measure) continue
      const wish = wishes.get(JSON.stringify(measure)) ?? { measure, userIds: new Set() }
      wishes.set(JSON.stringify(measure), { ...wish, userIds: wish.userIds.add(userId) })
    }
  }
  const counting = [...wishes.values()].flatMap(({ measure, userIds }) => measure.kind === 'ACTIVITIES' ? [...userIds] : [])
  if (counting.length) await batch.run(tallyStatements(tenantId, [...new Set(counting)]))
  const measured = await measuredOf(statements => batch.run(statements), { tenantId, now: at },
    [...wishes.values()].map(({ measure, userIds }) => ({ measure, userIds: [...userIds] })))
  const places = new Map([...wishes.keys()].map((key, place) => [key, place]))
  const reached = open.flatMap(({ path, userId, completed }): Completion[] => {
    const measuredBy = (measure: Measure): Measured => measured[places.get(JSON.stringify(measure))!]!(userId)
    return countedLevels(path.milestones, completed, measuredBy)
      .map(({ level, milestone }) => ({ userId, path, level, milestone, claimId: null, at }))
  })
  return completionStatements(batch, actor, reached)
}
