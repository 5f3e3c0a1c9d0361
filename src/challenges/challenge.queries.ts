/** Reads of challenges: a personal one exists for the person, for those who lead their team, and for admins. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce, NOBODY, type Statement } from '../platform/tenancy.ts'
import type { EnrollmentState, Goal, Link, Measure, Subject, Tier, TieRule } from './challenge.rules.ts'

/** A challenge's row as reads return it; target and baseline are decimal texts. */
export interface ChallengeRow {
  [column: string]: unknown
  id: string; kind: 'TEAM' | 'GAP' | 'PERSONAL'; templateId: string | null; series: string; title: string; description: string
  subject: Subject; onlySubject: string | null; measure: Measure; goal: Goal; target: string | null; baseline: string | null
  enrollment: 'OPEN' | 'INVITED' | 'ALL'; tieRule: TieRule; payout: 'OWN' | 'EACH_USER' | 'SPLIT_EQUAL'; tiers: Tier[]
  links: Link[]; difficulty: number | null; startsOn: string; endsOn: string; startsAt: Date; endsAt: Date
  state: 'OPEN' | 'SETTLED' | 'CANCELED'; revision: number; createdBy: string | null; createdAt: Date; closedAt: Date | null
}

/** The columns of a challenge, for statements that read or lock it. */
export const CHALLENGE = `select c.id, c.kind, c.template_id as "templateId", c.series, c.title, c.description, c.subject,
  c.only_subject as "onlySubject", c.measure, c.goal, trim_scale(c.target)::text as target,
  trim_scale(c.baseline)::text as baseline, c.enrollment, c.tie_rule as "tieRule", c.payout, c.tiers, c.links, c.difficulty,
  c.starts_on as "startsOn", c.ends_on as "endsOn", c.starts_at as "startsAt", c.ends_at as "endsAt", c.state, c.revision,
  c.created_by as "createdBy", c.created_at as "createdAt", c.closed_at as "closedAt" from challenge c`

/** The challenges that exist for this reader, as a condition over `challenge c` whose parameter is number `at`. */
function visibleTo(actor: Actor, at: number): { text: string; values: unknown[] } {
  const { reach } = decisionFor(actor, 'challenge.personal')
  if (reach === 'TENANT') return { text: '', values: [] }
  const led = reach !== 'TEAM' ? '' : `or exists (select 1 from team_membership m
    join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
    left join department d on d.tenant_id = t.tenant_id and d.id = t.department_id
    where m.tenant_id = c.tenant_id and m.user_id = c.only_subject and m.is_primary is not false and m.starts_at <= now()
      and (m.ends_at is null or m.ends_at > now()) and $${at}::uuid in (t.lead_id, d.head_id))`
  return { text: `and (c.kind <> 'PERSONAL' or c.only_subject = $${at}::uuid ${led})`, values: [actor.userId ?? NOBODY] }
}

/** Challenges by id. */
export async function challengesById({ actor }: Pick<Context, 'actor'>, ids: readonly string[]) {
  const { text, values } = visibleTo(actor, 3)
  return inOrder(ids, await inTenantOnce<ChallengeRow>(actor, {
    text: `${CHALLENGE} where c.tenant_id = $1 and c.id = any($2::uuid[]) ${text}`, values: [actor.tenantId, ids, ...values],
  }))
}
registerNode('Challenge', challengesById, 'challenge.read')

/** Which challenges a list holds; all when nothing is given. */
export interface ChallengeFilter { kind?: string | null; state?: string | null; subjectId?: string | null }

/** Returns a page of challenges, the newest first. */
export async function listChallenges(actor: Actor, first: number, after: string | null, filter: ChallengeFilter) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('challenges', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const visible = visibleTo(actor, 4)
  const values: unknown[] = [actor.tenantId, id, size + 1, ...visible.values]
  const wanted = [
    ...filter.kind ? [`and c.kind = $${values.push(filter.kind)}`] : [],
    ...filter.state ? [`and c.state = $${values.push(filter.state)}`] : [],
    ...filter.subjectId ? [`and exists (select 1 from challenge_enrollment e where e.tenant_id = c.tenant_id
      and e.challenge_id = c.id and e.subject_id = $${values.push(filter.subjectId)}::uuid and e.state <> 'OPTED_OUT')`] : [],
  ]
  const rows = await inTenantOnce<ChallengeRow>(actor, {
    text: `${CHALLENGE} where c.tenant_id = $1 and c.id < $2::uuid ${visible.text} ${wanted.join(' ')}
      order by c.id desc limit $3`,
    values,
  })
  return pageOf(rows, size, row => encodeCursor('challenges', [row.id]), after)
}

/** One subject's row in a challenge as reads return it; decimals are texts, percent a number of two digits. */
export interface ProgressRow {
  [column: string]: unknown
  challengeId: string; subjectId: string; value: string | null; percent: number | null; rank: number | null
  reachedAt: Date | null; completedAt: Date | null; isTold: boolean; parts: (string | null)[] | null
}

const PROGRESS_COLUMNS = `p.challenge_id as "challengeId", p.subject_id as "subjectId", trim_scale(p.value)::text as value,
  p.percent::float8 as percent, p.rank, p.reached_at as "reachedAt", p.completed_at as "completedAt", p.is_told as "isTold",
  p.parts`
const PROGRESS = `select ${PROGRESS_COLUMNS} from challenge_progress p`
// Whoever has no rank stands last, by id.
const PLACES = `coalesce(p.rank, 2147483647), p.reached_at nulls last, p.subject_id`

/** The statement that answers every row of these challenges, in order. */
export function progressStatement(tenantId: string, challengeIds: readonly string[]): Statement {
  return {
    name: 'challenge_progress',
    text: `${PROGRESS} where p.tenant_id = $1 and p.challenge_id = any($2::uuid[]) order by ${PLACES}`,
    values: [tenantId, challengeIds],
  }
}

/** The statement that answers who is enrolled in these challenges. */
export function enrolledStatement(tenantId: string, challengeIds: readonly string[]): Statement {
  return {
    name: 'challenge_enrolled',
    text: `select challenge_id as "challengeId", subject_id as "subjectId" from challenge_enrollment
           where tenant_id = $1 and challenge_id = any($2::uuid[]) and state = 'ENROLLED' order by subject_id`,
    values: [tenantId, challengeIds],
  }
}

/** Returns a challenge's revision and all its rows, of one instant. */
export async function readState(actor: Pick<Actor, 'tenantId' | 'db'>, challengeId: string) {
  const rows = await inTenantOnce<Partial<ProgressRow> & { revision: number }>(actor, {
    name: 'challenge_state',
    text: `select c.revision, ${PROGRESS_COLUMNS} from challenge c
           left join challenge_progress p on p.tenant_id = c.tenant_id and p.challenge_id = c.id
           where c.tenant_id = $1 and c.id = $2 order by ${PLACES}`,
    values: [actor.tenantId, challengeId],
  })
  if (!rows.length) return null
  return { revision: rows[0]!.revision, rows: rows.filter((row): row is ProgressRow & { revision: number } =>
    row.subjectId != null) }
}

/** Returns a page of a challenge's standings, in order. */
export async function listStandings(actor: Actor, challengeId: string, first: number, after: string | null) {
  const size = pageSize(first)
  const list = listOf('challenge', challengeId)
  const [position] = after ? decodeCursor(list, after, ['number']) : [0]
  const rows = await inTenantOnce<ProgressRow & { position: number }>(actor, {
    text: `select * from (select ${PROGRESS_COLUMNS}, row_number() over (order by ${PLACES}) as position
             from challenge_progress p where p.tenant_id = $1 and p.challenge_id = $2) placed
           where position > $3 order by position limit $4`,
    values: [actor.tenantId, challengeId, position, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.position]), after)
}

/** One subject's enrollment as reads return it. */
export interface EnrollmentRow {
  [column: string]: unknown
  id: string; challengeId: string; subjectId: string; state: EnrollmentState; invitedBy: string | null; changedAt: Date
}

/** Enrollments and progress of the reader in challenges, by challenge: as a person, or as their team, department or tenant. */
export async function viewerPlaces({ actor }: Context, challengeIds: readonly string[]) {
  const rows = await inTenantOnce<EnrollmentRow & ProgressRow & { id: string }>(actor, {
    name: 'challenge_viewer',
    text: `select c.id, e.challenge_id as "challengeId", e.subject_id as "subjectId", e.state, e.invited_by as "invitedBy",
             e.changed_at as "changedAt", trim_scale(p.value)::text as value, p.percent::float8 as percent, p.rank,
             p.reached_at as "reachedAt", p.completed_at as "completedAt", p.parts, p.subject_id is not null as "isPlaced"
           from challenge c
           left join team_membership m on m.tenant_id = c.tenant_id and m.user_id = $3::uuid and m.is_primary is not false
             and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now())
           left join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
           join challenge_enrollment e on e.tenant_id = c.tenant_id and e.challenge_id = c.id and e.subject_id =
             case c.subject when 'USER' then $3::uuid when 'TEAM' then t.id when 'DEPARTMENT' then t.department_id
               else c.tenant_id end
           left join challenge_progress p on p.tenant_id = e.tenant_id and p.challenge_id = e.challenge_id
             and p.subject_id = e.subject_id
           where c.tenant_id = $1 and c.id = any($2::uuid[])`,
    values: [actor.tenantId, challengeIds, actor.userId ?? NOBODY],
  })
  return inOrder(challengeIds, rows)
}

/** Returns a page of who is invited, enrolled or has opted out, by subject. */
export async function listEnrollments(
  actor: Actor, challengeId: string, first: number, after: string | null, state: string | null,
) {
  const size = pageSize(first)
  const list = listOf('enrolled', challengeId)
  const [id] = after ? decodeCursor(list, after, ['uuid']) : [NOBODY]
  const rows = await inTenantOnce<EnrollmentRow>(actor, {
    text: `select challenge_id as "challengeId", subject_id as "subjectId", subject_id as id, state, invited_by as "invitedBy",
             changed_at as "changedAt" from challenge_enrollment
           where tenant_id = $1 and challenge_id = $2 and subject_id > $3::uuid and ($4::text is null or state = $4)
           order by subject_id limit $5`,
    values: [actor.tenantId, challengeId, id, state, size + 1],
  })
  return pageOf(rows, size, row => encodeCursor(list, [row.subjectId]), after)
}
