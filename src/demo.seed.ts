/** The demo's invented companies: two tenants, 40 people in 5 teams, boards, and a month and more of history, always the same. */
import { recordInputs, type ActivityInput } from './activities/intake.service.ts'
import { LeaderboardPeriod, LeaderboardSubject } from './leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from './leaderboards/leaderboard.service.ts'
import type { Database } from './platform/db.ts'
import { wireId } from './platform/ids.ts'
import type { Actor } from './platform/tenancy.ts'
import { localDay, neighborKey, periodKey } from './platform/time.ts'
import { installTemplate } from './templates/template.service.ts'
import { giveRecognition } from './recognition/recognition.service.ts'
import { createTenant, findTenant } from './tenants/tenant.service.ts'
import { UserRole } from './users/user.entity.ts'
import { createDepartment, createTeam, createUser, leadTeam } from './users/user.service.ts'

interface Company {
  slug: string; name: string; platforms: string[]; industry: string; timeZone: string; currency: string
  department: string; teams: Record<string, string[]>
}

/** The companies; the first person of each team leads it, the first of the first team is the admin. */
export const COMPANIES: Company[] = [
  {
    slug: 'fernbrook', name: 'Fernbrook Instruments', platforms: ['bizosaas', 'bizoholic'], industry: 'Laboratory equipment',
    timeZone: 'Europe/Berlin', currency: 'EUR', department: 'Sales',
    teams: {
      Enterprise: [
        'Odalys Finch', 'Ines Okafor-Lind', 'Yuki Hartwell', 'Priya Vandermole', 'Anselm Roth', 'Dagny Sörensen',
        'Kofi Barrowclough', 'Mireille Tanaka',
      ],
      'Mid-market': [
        'Leif Amaro', 'Tomasz Birch', 'Bram Castellane', 'Saoirse Quill', 'Hana Lindqvist', 'Obi Thackeray',
        'Rosalind Pérez', 'Emre Whitlock',
      ],
      Partners: [
        'Noor Elmsworth', 'Mara Sorley-Vale', 'Caspian Dube', 'Thandiwe Marsh', 'Ivo Petrov-Lane', 'Linnea Achebe',
        'Matteo Grieve', 'Zofia Hallam',
      ],
    },
  },
  {
    slug: 'harrow-pine', name: 'Harrow & Pine', platforms: ['coreldove'], industry: 'Outdoor goods', timeZone: 'America/New_York',
    currency: 'USD', department: 'Commerce',
    teams: {
      Wholesale: [
        'Delphine Carver', 'Jonah Adeyemi', 'Beatrix Moon', 'Rafael Stokes', 'Aiko Brennan', 'Gideon Farrow',
        'Lucía Whitaker', 'Nils Okonkwo',
      ],
      Online: [
        'Tamsin Reyes', 'Hugo Bellamy', 'Freya Nakamura', 'Cormac Diallo', 'Ottoline Vega', 'Idris Fenwick',
        'Maren Kowalski', 'Silas Boateng',
      ],
    },
  },
]

/** Returns a number generator in [0, 1) that always starts the same (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** How often each activity happens in a working day; the rest of the catalogue is rare. */
const FREQUENT: [key: string, weight: number][] = [
  ['meeting_scheduled', 30], ['problem_solving_assist', 12], ['team_support', 12], ['proposal_accepted', 9],
  ['knowledge_sharing', 7], ['upsell_completion', 5],
  ['client_satisfaction_5star', 5], ['process_improvement', 4], ['new_client_signed', 4], ['training_completion', 4],
  ['referral_generated', 3], ['cross_team_project', 3], ['certification_earned', 2],
]
const WEIGHT_SUM = FREQUENT.reduce((sum, [, weight]) => sum + weight, 0)

/** Returns an activity type as a working day would bring it. */
export function pickType(random: () => number): string {
  let left = random() * WEIGHT_SUM
  return (FREQUENT.find(([, weight]) => (left -= weight) < 0) ?? FREQUENT[0]!)[0]
}

/** Fills an empty database with the companies that are not there yet; tells each step. */
export async function seedDemo(db: Database, now: Date, progress: (line: string) => void): Promise<void> {
  for (const company of COMPANIES) {
    if (await findTenant(db, company.slug)) continue
    progress(`demo: ${company.name}`)
    await seedCompany(db, now, company)
  }
}

async function seedCompany(db: Database, now: Date, company: Company): Promise<void> {
  // History reaches into the month before last, so that last month's board is archived.
  const begin = new Date(now.getTime() - 75 * 86_400_000)
  const tenantId = await createTenant(db, begin, company)
  const actor: Actor = { tenantId, userId: null, role: 'ADMIN', now: begin, db }
  await installTemplate(actor, 'revenue', begin)
  const departmentId = await createDepartment(actor, company.department)
  const userIds: string[] = []
  let adminId: string | null = null
  for (const [teamName, names] of Object.entries(company.teams)) {
    const { team } = await createTeam(actor, { name: teamName, departmentId })
    let leadId: string | null = null
    for (const name of names) {
      const role = adminId === null ? UserRole.ADMIN : leadId === null ? UserRole.MANAGER : UserRole.MEMBER
      const { user } = await createUser(
        actor, { name, email: emailOf(name, company.slug), role, managerId: leadId ?? adminId, teamId: team.id })
      adminId ??= user.id
      leadId ??= user.id
      userIds.push(user.id)
    }
    await leadTeam(actor, { teamId: team.id, leadId: leadId! })
  }
  const lastMonth = neighborKey('MONTHLY', periodKey('MONTHLY', company.timeZone, now.getTime()), -1)
  for (const [name, subject, period] of [
    ['Sales board', LeaderboardSubject.USER, LeaderboardPeriod.MONTHLY],
    ['Teams', LeaderboardSubject.TEAM, LeaderboardPeriod.MONTHLY],
    ['This week', LeaderboardSubject.USER, LeaderboardPeriod.WEEKLY], ['Today', LeaderboardSubject.USER, LeaderboardPeriod.DAILY],
    ['All time', LeaderboardSubject.USER, LeaderboardPeriod.ALL_TIME],
  ] as const) {
    const archivedFrom = period === LeaderboardPeriod.MONTHLY ? { archivedFrom: lastMonth } : {}
    await createLeaderboard({ ...actor, now }, { name, subject, period, ...archivedFrom })
  }
  await seedHistory(actor, now, company.timeZone, userIds)
  await seedThanks(actor, now, userIds)
}

/** Records some activities of each person on each working day since `actor.now`, as if they had been recorded that evening. */
async function seedHistory(actor: Actor, now: Date, zone: string, userIds: string[]): Promise<void> {
  const random = randomFrom(20_260_101)
  const zeal = userIds.map(() => 0.4 + random() * 1.2)
  for (let atMs = actor.now.getTime(); atMs < now.getTime(); atMs += 86_400_000) {
    const { startMs, day } = localDay(zone, atMs)
    const weekday = new Date(startMs + 43_200_000).getUTCDay()
    if (weekday === 0 || weekday === 6) continue
    const evening = Math.min(startMs + 18 * 3_600_000, now.getTime())
    const inputs: ActivityInput[] = []
    for (const [at, userId] of userIds.entries()) {
      for (let count = Math.floor(random() * 2.6 * zeal[at]!); count > 0; count--) {
        inputs.push({
          activityType: pickType(random), idempotencyKey: `demo-${day}-${at}-${count}`, userId: wireId('User', userId),
          occurredAt: new Date(Math.min(startMs + (9 + random() * 8) * 3_600_000, evening)),
        })
      }
    }
    if (inputs.length) await recordInputs({ ...actor, now: new Date(evening) }, inputs)
  }
}

const THANKS = [
  'You found the error in the quote before the client did.', 'For the evening before the fair.',
  'Best onboarding call I have sat in.', 'For taking over when I was ill.',
  'The new template saves all of us an hour.', 'You turned that complaint into an order.',
]

/** Has some people thank others over the last two weeks; nobody gets back from whom they gave. */
async function seedThanks(actor: Actor, now: Date, userIds: string[]): Promise<void> {
  for (const [at, message] of THANKS.entries()) {
    const [giverId, receiverId] = [userIds[at * 2], userIds[(at * 2 + 5) % userIds.length]]
    await giveRecognition({ ...actor, userId: giverId!, now: new Date(now.getTime() - (13 - 2 * at) * 86_400_000) }, {
      receiverId: receiverId!, points: 10 * (at + 1), message, idempotencyKey: `demo-thanks-${at}`,
    })
  }
}

function emailOf(name: string, slug: string): string {
  return `${name.normalize('NFD').replaceAll(/[^\w\s-]/g, '').toLowerCase().replaceAll(/\s+/g, '.')}@${slug}.example`
}
