/** The server of the intake bench: a node in a process of its own, on the programs that ship, with one tenant and its people. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPack, readPack } from '../src/activities/type.service.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { type LaurelNode, startNode } from '../src/node.ts'
import type { Addresses } from '../src/platform/db.ts'
import { wireId } from '../src/platform/ids.ts'
import { migrate } from '../src/platform/migrations.ts'
import { createTenant } from '../src/tenants/tenant.service.ts'
import { UserRole } from '../src/users/user.entity.ts'
import { createDepartment, createTeam, createUser } from '../src/users/user.service.ts'

/** What the bench asks for. */
export interface ServerWish {
  addresses: Addresses
  people: number
}

/** What it gets: where to send, as whom, and the people by uuid and wire id. */
export interface ServerReady {
  url: string
  token: string
  tenantId: string
  userIds: string[]
}

async function serve({ addresses, people }: ServerWish): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-bench-issuer-'))
  const issuer = demoIssuer(folder)
  await migrate(addresses.owner, { make: true }, () => {})
  const node = await startNode({ addresses, issuers: [issuer], relay: true, host: '127.0.0.1', port: 0 })
  const { tenantId, userIds } = await settle(node, people)
  const { token } = await issuer.sign({ tenantId, userId: null, role: 'ADMIN' }, new Date())
  process.send!({ url: `${node.url}/graphql`, token, tenantId, userIds } satisfies ServerReady)
  await once(process, 'disconnect')
  await node.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}

async function settle({ db }: LaurelNode, people: number): Promise<{ tenantId: string; userIds: string[] }> {
  const begun = new Date(Date.now() - 30 * 86_400_000)
  const tenantId = await createTenant(db, begun, {
    slug: 'bench',
    name: 'Bench',
    platforms: ['bench'],
    timeZone: 'Europe/Berlin',
    currency: 'EUR',
  })
  const founder = { tenantId, userId: null, role: 'ADMIN' as const, now: begun, db }
  await installPack(founder, readPack('revenue'), begun)
  const departmentId = await createDepartment(founder, 'Sales')
  const userIds: string[] = []
  for (let count = 0, teamId = ''; count < people; count++) {
    if (count % 25 === 0) teamId = (await createTeam(founder, { name: `Team ${count / 25 + 1}`, departmentId })).team.id
    const { user } = await createUser(founder, {
      name: `Person ${count + 1}`,
      email: `person${count + 1}@bench.example`,
      role: UserRole.MEMBER,
      teamId,
    })
    userIds.push(wireId('User', user.id))
  }
  return { tenantId, userIds }
}

const [wish] = (await once(process, 'message')) as [ServerWish]
await serve(wish)
