import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { demoIssuer } from '../identity/issuer.demo.ts'
import { houseTokens } from '../identity/issuer.house.ts'
import { newId } from '../platform/ids.ts'
import { sharedNode, tenant } from '../../test/harness.ts'
import { activeUsers } from '../users/user.queries.ts'
import { deactivateUser } from '../users/user.service.ts'
import { authOf, type AuthParts } from './auth.ts'

const folder = mkdtempSync(join(tmpdir(), 'laurel-auth-'))
const issuer = demoIssuer(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const lossesOf = async () => new Map() // Tokens of the house are not taken back one by one.
const authBy = (db: Parameters<typeof authOf>[0], activeOf: AuthParts['activeOf']) =>
  authOf(db, { readers: [houseTokens([issuer])], activeOf, lossesOf })
const bearer = async (tenantId: string, userId: string) =>
  `Bearer ${(await issuer.sign({ tenantId, userId, role: 'MEMBER' }, new Date())).token}`

test('whether many people who come at once are active is asked by few statements, and of each for itself', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `p${at}`)
  await using acme = await tenant('ann:ADMIN', ...names)
  const { tenantId, node: { db } } = acme
  await deactivateUser(acme.actor('ann'), acme.actor('p7').userId!)
  const asked: number[] = []
  const auth = authBy(db, (tenant, userIds) => {
    asked.push(userIds.length)
    return activeUsers({ tenantId: tenant, db }, userIds)
  })
  const headers = await Promise.all(names.map(name => bearer(tenantId, acme.actor(name).userId!)))
  const codes = async () => (await Promise.allSettled(headers.map(header => auth.actorOf(header))))
    .map(answer => answer.status === 'fulfilled' ? answer.value.userId : answer.reason.extensions.code)
  const owed = names.map(name => name === 'p7' ? 'UNAUTHENTICATED' : acme.actor(name).userId)
  expect(await codes()).toEqual(owed)
  expect(asked.reduce((sum, people) => sum + people, 0)).toBe(40)
  expect(asked.length).toBeLessThanOrEqual(10)
  asked.length = 0
  expect(await codes()).toEqual(owed) // Who was active is believed for a while; who was not is asked about again.
  expect(asked).toEqual([1])
  auth.recheck()
  asked.length = 0
  await new Promise(resolve => setTimeout(resolve, 2))
  expect(await codes()).toEqual(owed)
  expect(asked.reduce((sum, people) => sum + people, 0)).toBe(40)
  expect(asked.length).toBeLessThanOrEqual(3) // One at once, all that came meanwhile, and p7, whose token is read again first.
})

test('a person is asked about in their own tenant, and a database that is away makes nobody a stranger', async () => {
  const { db } = await sharedNode()
  const [tenantId, other, userId] = [newId(new Date()), newId(new Date()), newId(new Date())]
  let isAway = false
  const auth = authBy(db, async (tenant, userIds) => {
    if (isAway) throw new Error('away')
    return new Set(tenant === tenantId ? userIds : [])
  })
  const codeOf = (header: string) => auth.actorOf(header).then(() => 'known', ({ extensions }) => extensions.code as string)
  const [mine, theirs] = [await bearer(tenantId, userId), await bearer(other, userId)]
  expect(await Promise.all([codeOf(mine), codeOf(theirs)])).toEqual(['known', 'UNAUTHENTICATED'])
  isAway = true
  auth.recheck()
  await new Promise(resolve => setTimeout(resolve, 2))
  expect(await Promise.all([codeOf(mine), codeOf(theirs)])).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
  isAway = false
  expect(await codeOf(mine)).toBe('known')
})
