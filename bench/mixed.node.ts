/** A node of the mixed bench. One of them founds the company: people in teams, a board for each team, and one of everybody. */
import { installPack, readPack } from '../src/activities/type.service.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { startNode } from '../src/node.ts'
import { wireId } from '../src/platform/ids.ts'
import { log } from '../src/platform/log.ts'
import { createTenant } from '../src/tenants/tenant.service.ts'
import { UserRole } from '../src/users/user.entity.ts'
import { createDepartment, createTeam, createUser } from '../src/users/user.service.ts'
import { answerBench, benchSettings } from './live.machine.ts'
import type { NodeSettings } from './live.node.ts'

/** How large the company is. */
export interface CompanyWish { teams: number; peopleInTeam: number }

/** A person: the uuid that a token is signed for, the id on the wire, and the place of their team among the teams. */
export interface Colleague { uuid: string; id: string; team: number }

/** The company: `boardIds[team]` ranks a team's people, the last of them everybody. */
export interface MixedCompany { tenantId: string; people: Colleague[]; boardIds: string[] }

const { issuerFolder, ...settings } = benchSettings<NodeSettings>()
log.level = 'warn'
const node = await startNode({ ...settings, issuers: [demoIssuer(issuerFolder)], host: '127.0.0.1', port: 0 })

async function found({ teams, peopleInTeam }: CompanyWish): Promise<MixedCompany> {
  const begun = new Date(Date.now() - 30 * 86_400_000)
  const tenantId = await createTenant(
    node.db, begun, { slug: 'mixed', name: 'Mixed', platforms: ['bench'], timeZone: 'Europe/Berlin', currency: 'EUR' })
  const founder = { tenantId, userId: null, role: 'ADMIN' as const, now: begun, db: node.db }
  await installPack(founder, readPack('revenue'), begun)
  const departmentId = await createDepartment(founder, 'Sales')
  const people: Colleague[] = []
  const boardIds: string[] = []
  const board = async (name: string, subjectIds: string[] | null) => {
    const { leaderboard } = await createLeaderboard(
      founder, { name, subject: LeaderboardSubject.USER, period: LeaderboardPeriod.ALL_TIME, subjectIds })
    boardIds.push(wireId('Leaderboard', leaderboard.id))
  }
  for (let team = 0; team < teams; team++) {
    const { team: { id: teamId } } = await createTeam(founder, { name: `Team ${team + 1}`, departmentId })
    const own: string[] = []
    for (let at = 1; at <= peopleInTeam; at++) {
      const { user } = await createUser(founder, {
        name: `Person ${team + 1}-${at}`, email: `p${team + 1}-${at}@mixed.example`, role: UserRole.ADMIN, teamId })
      own.push(user.id)
      people.push({ uuid: user.id, id: wireId('User', user.id), team })
    }
    await board(`Board ${team + 1}`, own)
  }
  await board('Everybody', null)
  return { tenantId, people, boardIds }
}

answerBench({ port: () => node.port, found, leads: () => node.relay?.leads() ?? false })
