/** A node of the auth bench: as it ships, or open to everybody; one of them founds the company. */
import { installPack, readPack } from '../src/activities/type.service.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { startNode } from '../src/node.ts'
import type { Addresses } from '../src/platform/db.ts'
import { wireId } from '../src/platform/ids.ts'
import { log } from '../src/platform/log.ts'
import { createTenant } from '../src/tenants/tenant.service.ts'
import { UserRole } from '../src/users/user.entity.ts'
import { createTeam, createUser } from '../src/users/user.service.ts'
import { answerBench, benchSettings } from './live.machine.ts'

/** What a node is started with; `openTo` makes it ask nobody who they are and what they may. */
export interface AuthSettings {
  addresses: Addresses
  issuerFolder: string
  relay: boolean
  openTo?: { tenantId: string; userId: string; role: 'ADMIN' }
}

/** The company: `adminId` is a uuid, `userIds` are as the wire shows them. */
export interface AuthCompany {
  tenantId: string
  adminId: string
  token: string
  userIds: string[]
}

const { issuerFolder, ...settings } = benchSettings<AuthSettings>()
log.level = 'warn'
const issuer = demoIssuer(issuerFolder)
const node = await startNode({ ...settings, issuers: [issuer], host: '127.0.0.1', port: 0 })

async function found(people: number): Promise<AuthCompany> {
  const { db } = node
  const now = new Date()
  const tenant = { slug: 'bench', name: 'Bench', platforms: ['bench'], timeZone: 'Europe/Berlin', currency: 'EUR' }
  const tenantId = await createTenant(db, now, tenant)
  const founder = { tenantId, userId: null, role: 'ADMIN' as const, now, db }
  await installPack(founder, readPack('revenue'), now)
  const { team } = await createTeam(founder, { name: 'Reds' })
  const uuids: string[] = []
  for (let count = 1; count <= people; count++) {
    const person = { name: `Person ${count}`, email: `person${count}@bench.example`, role: UserRole.ADMIN, teamId: team.id }
    uuids.push((await createUser(founder, person)).user.id)
  }
  const adminId = uuids[0]!
  const { token } = await issuer.sign({ tenantId, userId: adminId, role: 'ADMIN' }, new Date())
  return { tenantId, adminId, token, userIds: uuids.map(id => wireId('User', id)) }
}

answerBench({ port: () => node.port, found })
