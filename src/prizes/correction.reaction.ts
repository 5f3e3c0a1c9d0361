/**
 * Hears what comes or is taken back after a challenge was settled, and writes down what it would have changed, with an event.
 * What was paid stays: whoever wants it otherwise decides that.
 */
import type { ChallengeRow } from '../challenges/challenge.service.ts'
import { type Counted, decimal, type Measure, millionths, place, type Subject } from '../challenges/challenge.rules.ts'
import { concernedBy, countFor, isCounted } from '../challenges/measure.queries.ts'
import { aimOf, lockChallenges } from '../challenges/progress.service.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import type { Batch, Statement } from '../platform/tenancy.ts'
import type { Reaction } from '../wire/reactions.ts'
import { outcomesFor } from './settlement.rules.ts'
import { type CorrectionRow, newestCorrections, type ResultRow, resultsStatement } from './settlement.queries.ts'

/** One subject's correction as the event carries it. */
export type CorrectionTuple = [
  subjectId: string, valueBefore: string | null, value: string | null, rankBefore: number | null, rank: number | null,
  tierBefore: number | null, tier: number | null,
]

/** What `challenge.corrected` says. */
export interface Corrected {
  challengeId: string; kind: ChallengeRow['kind']; title: string; subject: Subject; corrections: CorrectionTuple[]
}

const SETTLED_LATELY = `tenant_id = $1 and state = 'SETTLED' and closed_at > now() - interval '${LIMITS.challengeCorrectionDays}
  days'`

export const correctionReaction: Reaction = {
  name: 'challenge corrections',
  hears: isCounted,
  gatherMs: 500,
  concerns: tenantId => ({
    name: 'correction_concerns', values: [tenantId], text: `select 1 as found from challenge where ${SETTLED_LATELY} limit 1`,
  }),
  async react({ tenantId, now }, batch, events) {
    const [rows] = await batch.run([{
      name: 'correction_settled', values: [tenantId], text: `select id, subject, measure from challenge where ${SETTLED_LATELY}`,
    }])
    const concerned = new Map((rows as { id: string; subject: Subject; measure: Measure }[])
      .map(({ id, subject, measure }) => [id, concernedBy(measure, subject, tenantId, events)] as const)
      .filter(([, subjects]) => subjects.size))
    const writes: Statement[] = []
    const told: Statement[] = []
    for (const challenge of concerned.size ? await lockChallenges(batch, tenantId, [...concerned.keys()]) : []) {
      const corrections = await correctionsOf(batch, tenantId, challenge, concerned.get(challenge.id)!)
      if (!corrections.length) continue
      const { id: challengeId, kind, title, subject } = challenge
      writes.push(insertStatement(tenantId, challengeId, corrections, now))
      const tuples = corrections.map((each): CorrectionTuple =>
        [each.subjectId, each.valueBefore, each.value, each.rankBefore, each.rank, each.tierBefore, each.tier])
      const corrected: Corrected = { challengeId, kind, title, subject, corrections: tuples }
      told.push(emitStatement(tenantId, 'challenge.corrected', corrected))
    }
    return [...writes, ...told]
  },
}

type Correction = Pick<CorrectionRow,
  'subjectId' | 'valueBefore' | 'value' | 'rankBefore' | 'rank' | 'tierBefore' | 'tier' | 'reachedAt' | 'parts'>

interface Known extends Counted { rank: number | null; tier: number | null }

/** Returns what differs by now from what was known last, settled or corrected. Who left before the end is none of it. */
async function correctionsOf(
  batch: Batch, tenantId: string, challenge: ChallengeRow, concerned: ReadonlySet<string>,
): Promise<Correction[]> {
  const [results, newest] = await batch.run([
    resultsStatement(tenantId, challenge.id), newestCorrections(tenantId, challenge.id),
  ]) as [ResultRow[], CorrectionRow[]]
  const known = new Map([...results, ...newest].map(row => [row.subjectId, knownIn(row)]))
  const wanted = [...known.keys()].filter(id => challenge.measure.kind === 'COMBINED' || concerned.has(id))
  if (!wanted.some(id => concerned.has(id))) return []
  const fresh = new Map((await countFor(batch, tenantId, challenge, wanted)).map(each => [each.subjectId, each]))
  const counted = [...known.values()].map(each => fresh.get(each.subjectId) ?? each)
  const aim = aimOf(challenge)
  const placed = place(aim, challenge.tieRule, counted)
  const outcomes = outcomesFor(placed, { aim, measure: challenge.measure, tiers: challenge.tiers, verdicts: new Map() })
  return placed.flatMap(({ subjectId, value, rank, reachedAt, parts }, at) => {
    const before = known.get(subjectId)!
    const { tier } = outcomes[at]!
    if (before.value === value && before.rank === rank && before.tier === tier) return []
    return {
      subjectId, valueBefore: textOf(before.value), value: textOf(value), rankBefore: before.rank, rank, tierBefore: before.tier,
      tier, reachedAt, parts: parts && parts.map(textOf),
    }
  })
}

const textOf = (value: bigint | null) => value === null ? null : decimal(value)

function knownIn({ subjectId, value, rank, tier, reachedAt, parts }: ResultRow | CorrectionRow): Known {
  const exact = (text: string | null) => text === null ? null : millionths(text)
  return { subjectId, value: exact(value), rank, tier, reachedAt, parts: parts && parts.map(exact) }
}

function insertStatement(tenantId: string, challengeId: string, corrections: readonly Correction[], now: Date): Statement {
  const column = <T>(pick: (correction: Correction) => T) => corrections.map(pick)
  return {
    name: 'challenge_correction_insert',
    text: `insert into challenge_correction (tenant_id, challenge_id, found_at, id, subject_id, value_before, value, rank_before,
             rank, tier_before, tier, reached_at, parts)
           select $1, $2, $3, * from unnest($4::uuid[], $5::uuid[], $6::numeric[], $7::numeric[], $8::int[], $9::int[],
             $10::int[],
             $11::int[], $12::timestamptz[], $13::json[])`,
    values: [
      tenantId, challengeId, now, column(() => newId(now)), column(({ subjectId }) => subjectId),
      column(({ valueBefore }) => valueBefore), column(({ value }) => value), column(({ rankBefore }) => rankBefore),
      column(({ rank }) => rank), column(({ tierBefore }) => tierBefore), column(({ tier }) => tier),
      column(({ reachedAt }) => reachedAt), column(({ parts }) => parts && JSON.stringify(parts)),
    ],
  }
}
