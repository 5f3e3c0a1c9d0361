/** A company for tests that break things: its people, its boards and everybody who watches them, at several nodes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { expect } from 'vitest'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import type { Addresses } from '../src/platform/db.ts'
import { wireId } from '../src/platform/ids.ts'
import { tenantOn, testNode, type TestTenant } from './harness.ts'
import { boardFaults, feedFaults, readLedger } from './oracle.ts'
import { EventWitness, PollWitness, SocketWitness, type Stream, type Witness } from './witness.ts'
import { expectDense, type Workload } from './workload.ts'

const LEVEL_MS_MAX = 30_000

/** What a company is known by; `people` are wire ids. */
export interface Company { acme: TestTenant; people: string[]; boards: string[]; newBoard(): Promise<string> }

/** Founds a company of ann, its admin, and eleven more, with a monthly and an all-time board of them; nobody has points. */
export async function foundCompany(addresses: Addresses): Promise<Company> {
  const node = await testNode({ addresses, relay: false, webhooks: { isPrivateAllowed: true } })
  const names = ['ann:ADMIN', ...Array.from({ length: 11 }, (_, at) => `p${at}`)]
  // Nobody's month may end meanwhile.
  const timeZone = new Date().getUTCHours() % 21 < 3 ? 'Asia/Tokyo' : 'UTC'
  const acme = await tenantOn(node, { timeZone }, ...names)
  const newBoard = async (period = LeaderboardPeriod.ALL_TIME) => {
    const { leaderboard } = await createLeaderboard(
      acme.actor(), { name: `Board ${Math.random()}`, subject: LeaderboardSubject.USER, period })
    return wireId('Leaderboard', leaderboard.id)
  }
  const boards = [await newBoard(), await newBoard(LeaderboardPeriod.MONTHLY)]
  return { acme, people: names.map(name => acme.id(name.split(':')[0]!)), boards, newBoard }
}

/** How a witness is made. */
type Kind = new (name: string, place: () => { url: string; token: string }, stream: Stream) => Witness

/** Places one witness of each transport at each kind of stream, and so many more on sockets; `urlOf` answers where each goes. */
export function placeWitnesses({ acme, boards }: Company, urlOf: (at: number) => string, more: number): Witness[] {
  const streams: Stream[] = [
    { kind: 'feed', scope: 'TENANT' }, { kind: 'leaderboard', id: boards[0]!, top: 100 },
    { kind: 'leaderboard', id: boards[1]!, top: 100 }, { kind: 'feed', scope: 'ME' }, { kind: 'feed', scope: 'TEAM' },
    { kind: 'leaderboard', id: boards[0]!, top: 3 },
  ]
  const { token } = acme.as('p0')
  const witnesses: Witness[] = []
  const place = (Transport: Kind, stream: Stream) => {
    const at = witnesses.length
    const { kind, scope, top } = stream
    witnesses.push(new Transport(`${at} ${Transport.name} ${kind} ${scope ?? top}`, () => ({ url: urlOf(at), token }), stream))
  }
  for (const stream of streams.slice(0, 3)) for (const Transport of [EventWitness, PollWitness]) place(Transport, stream)
  for (let at = 0; at < more; at++) place(SocketWitness, streams[at % streams.length]!)
  return witnesses
}

/** Resolves when each witness has had its first message. */
export async function begun(witnesses: readonly Witness[]): Promise<void> {
  const absent = () => witnesses.filter(({ cursor }) => !cursor).map(({ name, broken }) => `${name} ${broken[0]}`)
  await until(() => !absent().length, () => `${absent().join('; ')} has not begun`)
}

/** Resolves when the condition holds. @throws Error with what `why` says when it does not in time */
export async function until(condition: () => boolean | Promise<boolean>, why: () => string, waitMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + waitMs; !await condition();) {
    if (Date.now() > deadline) throw new Error(`it did not come to that: ${why()}`)
    await sleep(50)
  }
}

/** Waits until everybody is level, then lets the oracle judge: books, positions, and everything that was told to anybody. */
export async function judge({ acme, people }: Company, owner: Client, workload: Workload, witnesses: Witness[]) {
  const { tenantId } = acme
  await workload.expectKept(owner, tenantId)
  await acme.settled()
  const verdicts = async () => {
    const ledger = await readLedger(owner, tenantId)
    const about = { ME: (id: string) => id === acme.id('p0'), TEAM: () => true, TENANT: () => true }
    return witnesses.flatMap(witness => {
      const { stream: { kind, scope, top }, broken, name } = witness
      const faults = kind === 'feed'
        ? feedFaults(witness, ledger, about[scope!]) : boardFaults(witness, ledger, top! >= people.length)
      return [...broken, ...faults].map(fault => `${name}: ${fault}`)
    })
  }
  let found = await verdicts()
  for (const deadline = Date.now() + LEVEL_MS_MAX; found.length && Date.now() < deadline; found = await verdicts()) {
    await sleep(100)
  }
  expect(found).toEqual([])
  await expectDense(owner, tenantId)
  const feeds = witnesses.filter(({ stream: { kind, scope } }) => kind === 'feed' && scope !== 'ME')
  const toldBy = ({ messages }: Witness) => messages.slice(1).flatMap(({ items }) => items!.map(({ id }) => id))
  const [first, ...others] = feeds.map(feed => ({ name: feed.name, ids: toldBy(feed) }))
  // All tell the same order.
  expect(others.filter(({ ids }) => ids.join() !== first!.ids.join()).map(({ name }) => name)).toEqual([])
  // A reaction has kept each item, once: none was done twice, none stands still.
  const kept = async () => {
    const { rows } = await owner.query<{ items: number }>(
      'select count(*)::int as items from feed_item where tenant_id = $1', [tenantId])
    return rows[0]!.items
  }
  await until(async () => await kept() >= first!.ids.length, () => 'not every item was kept')
  expect(await kept()).toBe(first!.ids.length)
  for (const { messages, name } of feeds) {
    const told = new Set(messages.flatMap(({ marks }) => marks ?? []))
    expect(workload.marks.filter(mark => !told.has(mark)), name).toEqual([])
  }
}
