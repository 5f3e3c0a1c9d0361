/** A real Laurel node as a program under measure; it also founds the company that it is measured with. */
import { randomUUID } from 'node:crypto'
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
import { createTeam, createUser } from '../src/users/user.service.ts'
import { answerBench, benchSettings } from './live.machine.ts'

/** What a node of a bench is given. */
export interface NodeSettings { addresses: Addresses; redisUrl?: string; issuerFolder: string; relay: boolean }

/** What a founded company is known by; ids are uuids, `boardId` and `userIds` as the wire shows them. */
export interface Company { tenantId: string; userUuids: string[]; userIds: string[]; boardId: string }

const { issuerFolder, ...settings } = benchSettings<NodeSettings>()
log.level = 'warn'
const node = await startNode({ ...settings, issuers: [demoIssuer(issuerFolder)], host: '127.0.0.1', port: 0 })

/** Makes a tenant with so many people in one team, and an all-time board of its people. */
async function found(names: readonly string[]): Promise<Company> {
  const { db } = node
  const now = new Date()
  const slug = `bench-${randomUUID().slice(0, 8)}`
  const tenantId = await createTenant(db, now, { slug, name: 'Bench', platforms: ['bizosaas'], timeZone: 'UTC', currency: 'EUR' })
  const actor = { tenantId, userId: null, role: 'ADMIN' as const, now, db }
  await installPack(actor, readPack('revenue'), now)
  const { team } = await createTeam(actor, { name: 'Reds' })
  const userUuids: string[] = []
  for (const [at, name] of names.entries()) {
    const { user } = await createUser(actor, { name, email: `p${at}@${slug}.example`, role: UserRole.ADMIN, teamId: team.id })
    userUuids.push(user.id)
  }
  const { leaderboard } = await createLeaderboard(
    actor, { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.ALL_TIME })
  const userIds = userUuids.map(id => wireId('User', id))
  return { tenantId, userUuids, userIds, boardId: wireId('Leaderboard', leaderboard.id) }
}

answerBench({ port: () => node.port, found, sockets: () => node.sockets() })
