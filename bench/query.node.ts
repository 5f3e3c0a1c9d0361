/** The Laurel of the query bench: a node on the programs that ship, and the company whose dashboard is read. */
import { installPack, readPack } from '../src/activities/type.service.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { startNode } from '../src/node.ts'
import type { Addresses } from '../src/platform/db.ts'
import { wireId } from '../src/platform/ids.ts'
import { log } from '../src/platform/log.ts'
import { createTenant } from '../src/tenants/tenant.service.ts'
import { UserRole } from '../src/users/user.entity.ts'
import { createDepartment, createTeam, createUser } from '../src/users/user.service.ts'
import { answerBench, benchSettings } from './live.machine.ts'

/** What the node is given. */
export interface QuerySettings {
  addresses: Addresses
  issuerFolder: string
}

/** Where to ask, as whom, and about which board; `tenantId` is a uuid, the other ids are as the wire shows them. */
export interface QueryCompany {
  url: string
  token: string
  tenantId: string
  boardId: string
  userIds: string[]
}

const TEAM_SIZE = 25
const { addresses, issuerFolder } = benchSettings<QuerySettings>()
log.level = 'warn'
const issuer = demoIssuer(issuerFolder)
const node = await startNode({ addresses, issuers: [issuer], relay: true, host: '127.0.0.1', port: 0 })

/** Makes a tenant with so many people in teams of 25, and an all-time board of its people. */
async function found(people: number): Promise<QueryCompany> {
  const { db } = node
  const now = new Date()
  const tenant = { slug: 'bench', name: 'Bench', platforms: ['bench'], timeZone: 'Europe/Berlin', currency: 'EUR' }
  const tenantId = await createTenant(db, now, tenant)
  const founder = { tenantId, userId: null, role: 'ADMIN' as const, now, db }
  await installPack(founder, readPack('revenue'), now)
  const departmentId = await createDepartment(founder, 'Sales')
  const uuids: string[] = []
  for (let count = 0, teamId = ''; count < people; count++) {
    if (count % TEAM_SIZE === 0)
      teamId = (await createTeam(founder, { name: `Team ${count / TEAM_SIZE + 1}`, departmentId })).team.id
    const person = { name: `Person ${count * 7919 % people + 1}`, email: `person${count + 1}@bench.example`, teamId }
    uuids.push((await createUser(founder, { ...person, role: UserRole.MEMBER })).user.id)
  }
  const { leaderboard } = await createLeaderboard(founder, {
    name: 'Board',
    subject: LeaderboardSubject.USER,
    period: LeaderboardPeriod.ALL_TIME,
  })
  return {
    url: `${node.url}/graphql`,
    // A member's own token: what a screen is read with, checked as any other.
    token: (await issuer.sign({ tenantId, userId: uuids[0]!, role: 'MEMBER' }, new Date())).token,
    tenantId,
    boardId: wireId('Leaderboard', leaderboard.id),
    userIds: uuids.map(id => wireId('User', id)),
  }
}

/** Returns a token that may record for everybody. */
async function recorder(tenantId: string): Promise<string> {
  return (await issuer.sign({ tenantId, userId: null, role: 'ADMIN' }, new Date())).token
}

answerBench({ found, recorder })
