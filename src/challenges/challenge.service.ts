/** The only writer of challenges: creates them with those who take part from the beginning, and cancels them. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { minorOf } from '../platform/money.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, retried, type Statement } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { type ChallengeWish, refusalForChallenge, spanFor, type Subject } from './challenge.rules.ts'
import { CHALLENGE, type ChallengeRow } from './challenge.queries.ts'
import { lockChallenges, recountChallenge } from './progress.service.ts'

/** A challenge to be created: for one subject, for those of a list, or for all of its kind; ids are uuids. */
export interface NewChallenge extends ChallengeWish {
  templateId: string | null; onlySubject: string | null; subjectIds: string[] | null
}

export const SUBJECT_KIND = { USER: 'User', TEAM: 'Team', DEPARTMENT: 'Department', TENANT: 'Tenant' } as const

/**
 * Creates a challenge and returns its id with the commit's mark; emits `challenge.created`, and `challenge.invited` for those who
 * are invited. What occurred in its days before is counted at once.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND | TAKEN
 */
export async function createChallenge(actor: Actor, wish: NewChallenge): Promise<{ challengeId: string; mark: number }> {
  return retried(() => inTenantBatch(actor, async batch => {
    const { challengeId, statements } = await addChallenge(batch, actor, wish)
    describeCommand(actor, { subject: `challenge:${challengeId}`, afterHash: hashOfAll([JSON.stringify(wish)]) })
    const answers = await batch.last(statements)
    return { challengeId, mark: answers.at(-1)![0]!.mark as number }
  }))
}

/** Adds a challenge within the caller's transaction and returns its id and what is to be sent last. As `createChallenge`. */
export async function addChallenge(
  batch: Batch, actor: Actor, wish: NewChallenge,
): Promise<{ challengeId: string; statements: Statement[] }> {
  const { tenantId, now } = actor
  const { timeZone, currency } = await ownTenant(actor)
  const refusal = refusalForChallenge(wish, localDay(timeZone, now.getTime()).day) ?? refusalForAmounts(wish, currency)
  if (refusal) throw refusal
  const taking = await takingPart(batch, tenantId, wish)
  const challengeId = newId(now)
  const state = wish.onlySubject || wish.enrollment === 'ALL' ? 'ENROLLED' : 'INVITED'
  await batch.run([
    insertStatement(actor, challengeId, wish, spanFor(timeZone, wish.startsOn, wish.days)),
    {
      text: `insert into challenge_enrollment (tenant_id, challenge_id, subject_id, state, invited_by, changed_by, changed_at)
             select $1, $2, id, $4, $5, $5, $6 from unnest($3::uuid[]) id`,
      values: [tenantId, challengeId, taking, state, actor.userId, now],
    },
  ])
  const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
  const { writes, events } = await recountChallenge(batch, actor, challenge!, {})
  const { kind, title, subject } = challenge!
  return {
    challengeId,
    statements: [
      ...writes, ...events,
      ...state === 'INVITED' && taking.length
        ? [emitStatement(tenantId, 'challenge.invited', { challengeId, kind, title, subject, subjectIds: taking })] : [],
      emitStatement(tenantId, 'challenge.created', { challengeId, kind, title, subject }),
    ],
  }
}

function insertStatement(
  { tenantId, userId, now }: Actor, challengeId: string, wish: NewChallenge, span: ReturnType<typeof spanFor>,
): Statement {
  return {
    text: `insert into challenge (tenant_id, id, kind, template_id, series, title, description, subject, only_subject,
             measure, goal, target, baseline, enrollment, tie_rule, payout, tiers, links, difficulty, starts_on, ends_on,
             starts_at, ends_at, created_by, created_at, state, revision)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, 'OPEN', 0)`,
    values: [
      tenantId, challengeId, wish.kind, wish.templateId, wish.series, wish.title, wish.description, wish.subject,
      wish.onlySubject, JSON.stringify(wish.measure), wish.goal, wish.target, wish.baseline, wish.enrollment,
      wish.tieRule, wish.payout, JSON.stringify(wish.tiers), JSON.stringify(wish.links), wish.difficulty,
      span.startsOn, span.endsOn, span.startsAt,
      span.endsAt, userId, now,
    ],
  }
}

/** Amounts of rewards are exact in their currency. */
function refusalForAmounts({ tiers }: NewChallenge, own: string): Refusal | null {
  for (const [at, { rewards }] of tiers.entries()) {
    for (const [place, reward] of rewards.entries()) {
      if (!('amount' in reward) || reward.amount === undefined) continue
      const currency = ('currency' in reward ? reward.currency : undefined) ?? own
      if (typeof minorOf(reward.amount, currency) === 'bigint') continue
      return new Refusal(ErrorCode.INVALID, `${reward.amount} is no exact amount of ${currency}.`,
        ['tiers', String(at), 'rewards', String(place), 'amount'])
    }
  }
  return null
}

const EVERYBODY: Record<Subject, string> = {
  USER: 'select id from users where tenant_id = $1 and deactivated_at is null',
  TEAM: 'select id from team where tenant_id = $1', DEPARTMENT: 'select id from department where tenant_id = $1',
  TENANT: 'select tenant_id as id from tenant where tenant_id = $1',
}

/** Returns who takes part from the beginning, by uuid, and that what is measured exists. @throws Refusal */
async function takingPart(batch: Batch, tenantId: string, wish: NewChallenge): Promise<string[]> {
  const { subject, onlySubject, subjectIds, enrollment, measure } = wish
  const wanted = onlySubject ? [onlySubject] : subjectIds
  const parts = measure.kind === 'COMBINED' ? measure.of : measure.kind === 'JUDGED' ? [] : [measure]
  const metrics = parts.flatMap(part => part.kind === 'METRIC' ? part.metric : [])
  const types = parts.flatMap(part => 'activityTypes' in part ? part.activityTypes ?? [] : [])
  const isAll = !wanted && (enrollment === 'ALL' || subject === 'TENANT')
  const [found, knownMetrics, knownTypes, open] = await batch.run([
    {
      text: `select id from (${EVERYBODY[subject]}) everybody where $2::uuid[] is null or id = any($2::uuid[])
        order by id limit ${LIMITS.challengeSubjectsMax + 1}`,
      values: [tenantId, isAll ? null : wanted ?? []],
    },
    { text: 'select key from metric where tenant_id = $1 and active and key = any($2)', values: [tenantId, metrics] },
    { text: 'select distinct key from activity_type where tenant_id = $1 and key = any($2)', values: [tenantId, types] },
    { text: `select count(*)::int as count from challenge where tenant_id = $1 and state = 'OPEN'`, values: [tenantId] },
  ])
  const ids = found!.map(({ id }) => id as string)
  const missing = wanted?.find(id => !ids.includes(id))
  if (missing !== undefined) {
    const shown = wireId(SUBJECT_KIND[subject], missing)
    throw new Refusal(ErrorCode.NOT_FOUND, `There is no ${subject.toLowerCase()} ${shown}: leave it out.`, ['subjectIds'])
  }
  const unknown = (kind: string, keys: readonly string[], rows: Record<string, unknown>[]) => {
    const key = keys.find(each => !rows.some(row => row.key === each))
    if (key !== undefined) throw new Refusal(ErrorCode.NOT_FOUND, `There is no ${kind} "${key}".`, ['measure'])
  }
  unknown('metric', metrics, knownMetrics!)
  unknown('activity type', types, knownTypes!)
  const many = (what: string, max: number, field: string) =>
    new Refusal(ErrorCode.OUT_OF_RANGE, `At most ${max} ${what}: name those who take part.`, [field])
  if (ids.length > LIMITS.challengeSubjectsMax) throw many('subjects take part in a challenge', LIMITS.challengeSubjectsMax,
    'subjectIds')
  if (open![0]!.count >= LIMITS.challengesOpenMax) throw many('challenges may be open', LIMITS.challengesOpenMax, 'title')
  return ids
}

/**
 * Cancels an open challenge and returns the commit's mark, null when it was canceled before; emits `challenge.canceled`.
 * Nothing is paid for it.
 * @throws Refusal NOT_FOUND | ALREADY_DECIDED
 */
export async function cancelChallenge(actor: Actor, challengeId: string): Promise<{ mark: number | null }> {
  const { tenantId, now } = actor
  return inTenantBatch(actor, async batch => {
    const [challenge] = await lockChallenges(batch, tenantId, [challengeId])
    if (!challenge) throw missingChallenge()
    if (challenge.state === 'SETTLED') {
      throw new Refusal(ErrorCode.ALREADY_DECIDED, 'This challenge is settled: what it paid stays.', ['challengeId'])
    }
    if (challenge.state === 'CANCELED') return { mark: null }
    describeCommand(actor, { subject: `challenge:${challengeId}`, afterHash: hashOfAll(['CANCELED']) })
    const revision = challenge.revision + 1
    const answers = await batch.last([
      closeStatement(tenantId, challengeId, 'CANCELED', revision, now),
      emitStatement(tenantId, 'challenge.canceled', { challengeId, title: challenge.title, revision, changes: [], left: [] }),
    ])
    return { mark: answers.at(-1)![0]!.mark as number }
  })
}

/** The statement that closes a locked challenge for good. */
export function closeStatement(
  tenantId: string, challengeId: string, state: 'SETTLED' | 'CANCELED', revision: number, now: Date,
): Statement {
  return {
    name: 'challenge_close',
    text: 'update challenge set state = $3, revision = $4, closed_at = $5 where tenant_id = $1 and id = $2',
    values: [tenantId, challengeId, state, revision, now],
  }
}

/** Returns the refusal of a challenge that does not exist, or not for whoever asks. */
export const missingChallenge = (): Refusal =>
  new Refusal(ErrorCode.NOT_FOUND, 'There is no such challenge.', ['challengeId'])

/** The statement that answers the open challenges whose time is over and whose periods have closed, the oldest end first. */
export function dueStatement(tenantId: string, now: Date): Statement {
  return {
    text: `${CHALLENGE} where c.tenant_id = $1 and c.state = 'OPEN' and c.ends_at <= $2 order by c.ends_at, c.id limit 100`,
    values: [tenantId, new Date(now.getTime() - LIMITS.periodGraceMs)],
  }
}

export type { ChallengeRow }
