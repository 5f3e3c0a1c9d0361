/**
 * The only writer of progress: counts a locked challenge anew, says what has changed, and raises its revision with each telling.
 * What is handed in and out is for the caller's transaction.
 */
import { emitStatement } from '../platform/outbox.ts'
import type { Actor, Batch, Statement } from '../platform/tenancy.ts'
import { type Counted, decimal, millionths, type Measure, type Placed, place, type Subject } from './challenge.rules.ts'
import { CHALLENGE, type ChallengeRow, enrolledStatement, type ProgressRow, progressStatement } from './challenge.queries.ts'
import { countFor } from './measure.queries.ts'

/** A subject's row as events carry it. */
export type ChangeTuple = [
  subjectId: string, value: string | null, percent: number | null, rank: number | null, completedAt: string | null,
]

/** What `challenge.progressed` says: rows that are new or differ, who left, and the commits that are counted in. */
export interface Progressed {
  challengeId: string; revision: number; marks: number[]; changes: ChangeTuple[]; left: string[]
}

/** What `challenge.completed` says: a subject has reached the target; told once for each. */
export interface Completed {
  challengeId: string; kind: ChallengeRow['kind']; title: string; subject: Subject; subjectId: string; name: string | null
}

/** Writes and, to be sent after them, events. */
export interface Telling { writes: Statement[]; events: Statement[] }

/** Returns the challenges of these ids, locked in the order of their ids until the transaction ends. */
export async function lockChallenges(batch: Batch, tenantId: string, ids: readonly string[]): Promise<ChallengeRow[]> {
  const [rows] = await batch.run([{
    name: 'challenge_lock', text: `${CHALLENGE} where c.tenant_id = $1 and c.id = any($2::uuid[]) order by c.id for update`,
    values: [tenantId, ids],
  }])
  return rows as ChallengeRow[]
}

type Doer = Pick<Actor, 'tenantId' | 'now'>

/**
 * Counts a locked challenge anew for those of its subjects that `concerned` names (all when absent; a combined measure compares,
 * so always for all) and returns what is to be written and told. `marks` name the commits that led here; without any, and when
 * nothing has changed, nothing is told.
 */
export async function recountChallenge(
  batch: Batch, doer: Doer, challenge: ChallengeRow,
    { concerned, marks = [] }: { concerned?: ReadonlySet<string>; marks?: number[] },
): Promise<Telling & { placed: Placed[] }> {
  const { tenantId } = doer
  const [enrolled, before] = await batch.run([
    enrolledStatement(tenantId, [challenge.id]), progressStatement(tenantId, [challenge.id]),
  ]) as [{ subjectId: string }[], ProgressRow[]]
  const known = new Map(before.map(row => [row.subjectId, row]))
  const subjectIds = enrolled.map(({ subjectId }) => subjectId)
  const wanted = concerned && challenge.measure.kind !== 'COMBINED'
    ? subjectIds.filter(subjectId => concerned.has(subjectId) || !known.has(subjectId)) : subjectIds
  const fresh = new Map((await countFor(batch, tenantId, challenge, wanted)).map(each => [each.subjectId, each]))
  const counted = subjectIds.map(subjectId => fresh.get(subjectId) ?? countedIn(known.get(subjectId)!))
  const placed = place(aimOf(challenge), challenge.tieRule, counted)
  const left = before.filter(({ subjectId }) => !subjectIds.includes(subjectId)).map(({ subjectId }) => subjectId)
  const rows = placed.map(each => ({ ...each, ...completionOf(challenge.measure, each, known.get(each.subjectId), doer.now) }))
  const changed = rows.filter(row => isChanged(row, known.get(row.subjectId)))
  const names = await namesOf(batch, tenantId, challenge, rows.filter(({ isNews }) => isNews).map(({ subjectId }) => subjectId))
  return { placed, ...tell(tenantId, challenge, { changed, left, marks, names }) }
}

/** What a challenge asks for, exactly. */
export function aimOf({ goal, target, baseline }: Pick<ChallengeRow, 'goal' | 'target' | 'baseline'>) {
  return { goal, target: target === null ? null : millionths(target), baseline: baseline === null ? null : millionths(baseline) }
}

function countedIn({ subjectId, value, reachedAt, parts }: ProgressRow): Counted {
  const exact = (text: string | null) => text === null ? null : millionths(text)
  return { subjectId, value: exact(value), reachedAt, parts: parts && parts.map(exact) }
}

interface Completion { completedAt: Date | null; isTold: boolean; isNews: boolean }

/** A mean that stands above its target today may fall tomorrow, so reaching it is news only at the settlement. */
function completionOf(measure: Measure, { percent }: Placed, before: ProgressRow | undefined, now: Date): Completion {
  const isReached = percent === 10_000
  const isFinal = !(measure.kind === 'METRIC' && measure.take === 'AVERAGE') && measure.kind !== 'COMBINED'
  const isTold = before?.isTold ?? false
  const isNews = isReached && isFinal && !isTold
  return { completedAt: isReached ? before?.completedAt ?? now : null, isTold: isTold || isNews, isNews }
}

type NewRow = Placed & Completion

function isChanged(row: NewRow, before: ProgressRow | undefined): boolean {
  return !before || before.value !== textOf(row.value) || before.rank !== row.rank
    || Number(before.reachedAt) !== Number(row.reachedAt)
    || hundredths(before.percent) !== row.percent || Number(before.completedAt) !== Number(row.completedAt)
    || before.isTold !== row.isTold || JSON.stringify(before.parts) !== JSON.stringify(row.parts?.map(textOf) ?? null)
}

const textOf = (value: bigint | null) => value === null ? null : decimal(value)
const hundredths = (percent: number | null) => percent === null ? null : Math.round(percent * 100)

function tell(
  tenantId: string, challenge: ChallengeRow,
  { changed, left, marks, names }: { changed: NewRow[]; left: string[]; marks: number[]; names: ReadonlyMap<string, string> },
): Telling {
  if (!changed.length && !left.length && !marks.length) return { writes: [], events: [] }
  const { id: challengeId, kind, title, subject } = challenge
  const revision = challenge.revision + 1
  const column = <T>(pick: (row: NewRow) => T) => changed.map(pick)
  const percent = (row: NewRow) => row.percent === null ? null : row.percent / 100
  const progressed: Progressed = {
    challengeId, revision, marks, left,
    changes: changed.map(row =>
      [row.subjectId, textOf(row.value), percent(row), row.rank, row.completedAt && row.completedAt.toISOString()]),
  }
  const completed = changed.filter(({ isNews }) => isNews).map(({ subjectId }): Completed =>
    ({ challengeId, kind, title, subject, subjectId, name: names.get(subjectId) ?? null }))
  return {
    writes: [
      {
        name: 'challenge_progress_store',
        text: `insert into challenge_progress (tenant_id, challenge_id, subject_id, value, percent, rank, reached_at,
                 completed_at, is_told, parts)
               select $1, $2, * from unnest($3::uuid[], $4::numeric[], $5::numeric[], $6::int[], $7::timestamptz[],
                 $8::timestamptz[], $9::boolean[], $10::json[])
               on conflict (tenant_id, challenge_id, subject_id) do update set value = excluded.value, percent = excluded.percent,
                 rank = excluded.rank, reached_at = excluded.reached_at, completed_at = excluded.completed_at,
                 is_told = excluded.is_told, parts = excluded.parts`,
        values: [
          tenantId, challengeId, column(({ subjectId }) => subjectId), column(({ value }) => textOf(value)), column(percent),
          column(({ rank }) => rank), column(({ reachedAt }) => reachedAt), column(({ completedAt }) => completedAt),
          column(({ isTold }) => isTold), column(({ parts }) => parts && JSON.stringify(parts.map(textOf))),
        ],
      },
      {
        name: 'challenge_progress_left',
        text: 'delete from challenge_progress where tenant_id = $1 and challenge_id = $2 and subject_id = any($3::uuid[])',
        values: [tenantId, challengeId, left],
      },
      revisionUpdate(tenantId, challengeId, revision),
    ],
    events: [
      emitStatement(tenantId, 'challenge.progressed', progressed),
      ...completed.map(each => emitStatement(tenantId, 'challenge.completed', each)),
    ],
  }
}

/** The statement that writes down what a challenge's followers are told up to; the challenge is locked. */
export function revisionUpdate(tenantId: string, challengeId: string, revision: number): Statement {
  return {
    name: 'challenge_revision', text: 'update challenge set revision = $3 where tenant_id = $1 and id = $2',
    values: [tenantId, challengeId, revision],
  }
}

/** Returns the names of teams and departments of a challenge; those of people are read when they are shown. */
export async function namesOf(
  batch: Batch, tenantId: string, { subject }: Pick<ChallengeRow, 'subject'>, ids: readonly string[],
): Promise<Map<string, string>> {
  if (!ids.length || subject === 'USER') return new Map()
  const table = { TEAM: 'team', DEPARTMENT: 'department', TENANT: 'tenant' }[subject]
  const key = subject === 'TENANT' ? 'tenant_id' : 'id'
  const [rows] = await batch.run([{
    name: `challenge_names_${table}`, values: [tenantId, ids],
    text: `select ${key} as id, name from ${table} where tenant_id = $1 and ${key} = any($2::uuid[])`,
  }])
  return new Map((rows as { id: string; name: string }[]).map(({ id, name }) => [id, name]))
}
