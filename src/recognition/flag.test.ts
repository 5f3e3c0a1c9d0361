import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { listTopics, linesOf } from '../webhooks/catalog.rules.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'
import { giveRecognition } from './recognition.service.ts'
import { bias, type Judge, type RingGift, ringsThrough, seesFlag } from './ring.rules.ts'

const DAY = 86_400_000
let ids = 0
const gift = (pair: string, points: number, day = 0): RingGift =>
  ({ id: `g${++ids}`, giverId: pair[0]!, receiverId: pair[1]!, points, atMs: day * DAY })
const rings = (gifts: RingGift[], pointsMin = 50, settled = new Set<string>()) =>
  ringsThrough(gifts.at(-1)!, gifts, pointsMin, (ring, id) => settled.has(`${ring} ${id}`)).map(({ userIds }) => userIds.join(''))

test.each<[title: string, gifts: RingGift[], expected: string[]]>([
  ['two who give each other enough', [gift('ab', 50), gift('ba', 50)], ['ab']],
  ['also by several gifts', [gift('ab', 20), gift('ab', 30), gift('ba', 10), gift('ba', 40)], ['ab']],
  ['one point too few, and it is no ring', [gift('ab', 49), gift('ba', 80)], []],
  ['one-sided thanks are no ring', [gift('ab', 90), gift('ab', 90)], []],
  ['three in a circle, wherever it begins', [gift('bc', 50), gift('ca', 50), gift('ab', 50)], ['abc']],
  ['the other way round is another ring', [gift('cb', 50), gift('ac', 50), gift('ba', 50)], ['acb']],
  ['a chain that does not close is no ring', [gift('bc', 50), gift('cd', 50), gift('ab', 50)], []],
  ['four in a circle are not looked for', [gift('bc', 50), gift('cd', 50), gift('da', 50), gift('ab', 50)], []],
  ['a gift may close several rings', [gift('ba', 50), gift('bc', 50), gift('ca', 50), gift('ab', 50)], ['ab', 'abc']],
  ['28 days ago is too long ago', [gift('ba', 50, 0), gift('ab', 50, 28)], []],
  ['a moment less is not', [gift('ba', 50, 0.001), gift('ab', 50, 28)], ['ab']],
])('a ring: %s', (_title, gifts, expected) => {
  expect(rings(gifts)).toEqual(expected)
})

test('what was decided on as a part of a ring counts no more in it, though it does in others', () => {
  const gifts = [gift('ba', 50), gift('bc', 50), gift('ca', 50), gift('ab', 50)]
  const settled = new Set([`a b ${gifts[0]!.id}`])
  expect(rings(gifts, 50, settled)).toEqual(['abc'])
  expect(rings([...gifts, gift('ba', 50), gift('ab', 1)], 50, settled)).toEqual(['ab', 'abc'])
})

test('whatever order gifts of a moment come in, the last one closes the same rings (property)', () => {
  const pairs = fc.constantFrom('ab', 'ba', 'bc', 'cb', 'ca', 'ac')
  fc.assert(fc.property(fc.array(fc.tuple(pairs, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 12 }), drawn => {
    const gifts = drawn.map(([pair, points]) => gift(pair, points))
    const sum = (pair: string) => gifts.filter(each => each.giverId + each.receiverId === pair)
      .reduce((all, { points }) => all + points, 0)
    const pair = gifts.at(-1)!.giverId + gifts.at(-1)!.receiverId
    const circles = { ab: ['ab', 'ba'], ac: ['ac', 'ca'], bc: ['bc', 'cb'], abc: ['ab', 'bc', 'ca'], acb: ['ac', 'cb', 'ba'] }
    const expected = Object.entries(circles).filter(([, own]) => own.includes(pair) && own.every(each => sum(each) >= 50))
    expect(rings(gifts).sort()).toEqual(expected.map(([ring]) => ring).sort())
  }))
})

const JUDGE: Judge = { userId: 'mia', reach: 'TEAM', ledIds: new Set(['ann', 'bob']) }
test.each<[title: string, change: Partial<Judge>, sees: boolean, may: boolean]>([
  ['a manager of both', {}, true, true],
  ['a manager of one sees it and does not decide', { ledIds: new Set(['ann']) }, true, false],
  ['a manager of none does not see it', { ledIds: new Set() }, false, false],
  ['an admin decides', { reach: 'TENANT', ledIds: new Set() }, true, true],
  ['an admin who received does not', { reach: 'TENANT', userId: 'ann' }, true, false],
  ['a key is nobody who could decide', { reach: 'TENANT', userId: null }, true, false],
])('who decides on a ring: %s', (_title, change, sees, may) => {
  const judge = { ...JUDGE, ...change }
  expect([seesFlag(judge, ['ann', 'bob']), bias(judge, ['ann', 'bob']) === null]).toEqual([sees, may])
})

let keys = 0
async function give(acme: TestTenant, from: string, to: string, points = 50, now = new Date()): Promise<string> {
  const { recognitionId } = await giveRecognition(acme.actor(from, now), {
    receiverId: uuid('User', acme.id(to)), points, message: 'Thanks', idempotencyKey: `ring-${++keys}-key` })
  return recognitionId
}
const FLAGS = `query($state: RecognitionFlagState) { recognitionFlags(state: $state) { nodes {
  id state points users { name } recognitions { points withdrawnAt } decidedBy { name } decidedAt note } } }`
const flags = async (acme: TestTenant, by: string, state: string | null = null) =>
  (await acme.as(by).run(FLAGS, { state })).recognitionFlags.nodes
const DECIDE = `mutation($input: RecognitionFlagDecideInput!) { recognitionFlagDecide(input: $input) {
  flag { state decidedBy { name } note recognitions { withdrawnAt } } mark userErrors { code field message } } }`
const decide = async (acme: TestTenant, by: string, flagId: string, decision: string, change: object = {}) =>
  (await acme.as(by).run(DECIDE, { input: { flagId, decision, ...change } })).recognitionFlagDecide
/** Resolves when the reaction stands where the log stands. */
async function reacted(acme: TestTenant): Promise<void> {
  await acme.settled()
  const isThere = `select coalesce((select pos from reaction_cursor where reaction = 'rings'), 0)
    >= (select max(pos) from event_log where topic = 'recognition.given') as there`
  await expect.poll(async () => (await acme.sql(isThere))[0]!.there, { timeout: 5_000 }).toBe(true)
}
const names = (flag: { users: { name: string }[] }) => flag.users.map(({ name }) => name).sort()

test('RecognitionFlag: a ring of two is flagged once, later gifts join it, and it can be cleared', async () => {
  await using acme = await tenant('ann', 'bob', 'mia:ADMIN')
  await give(acme, 'ann', 'bob')
  await reacted(acme)
  expect(await flags(acme, 'mia')).toEqual([])
  await give(acme, 'bob', 'ann', 60)
  await reacted(acme)
  await give(acme, 'ann', 'bob', 5)
  await reacted(acme)
  const [flag, ...more] = await flags(acme, 'mia', 'OPEN')
  expect([names(flag), flag.points, flag.recognitions.length, more]).toEqual([['ann', 'bob'], 115, 3, []])
  expect((await acme.emitted()).filter(topic => topic === 'recognition_flag.raised')).toHaveLength(1)
  const done = await decide(acme, 'mia', flag.id, 'CLEARED', { note: ' They shipped together. ' })
  expect(done).toEqual({
    flag: {
      state: 'CLEARED', decidedBy: { name: 'mia' }, note: 'They shipped together.',
      recognitions: Array(3).fill({ withdrawnAt: null }),
    }, mark: expect.any(String), userErrors: [] })
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([60, 55])
  // What was cleared raises no flag again; as much anew does.
  await give(acme, 'ann', 'bob', 45)
  await reacted(acme)
  expect(await flags(acme, 'mia', 'OPEN')).toEqual([])
})

test('a ring of three by gifts at once is flagged once', async () => {
  await using acme = await tenant('ann', 'bob', 'cid', 'mia:ADMIN')
  await Promise.all([give(acme, 'ann', 'bob'), give(acme, 'bob', 'cid'), give(acme, 'cid', 'ann')])
  await reacted(acme)
  const found = await flags(acme, 'mia')
  expect(found.map(names)).toEqual([['ann', 'bob', 'cid']])
  expect(found[0]).toMatchObject({ state: 'OPEN', points: 150, decidedBy: null, decidedAt: null, note: null })
})

test('withdrawing takes the points back once, keeps the allowance spent, and leaves the gifts in sight', async () => {
  await using acme = await tenant('ann', 'bob', 'mia:ADMIN', 'leo:ADMIN')
  await give(acme, 'ann', 'bob', 100)
  await give(acme, 'bob', 'ann', 70)
  await reacted(acme)
  const [{ id }] = await flags(acme, 'mia')
  const answers = await Promise.all(['mia', 'leo', 'mia', 'leo'].map(by => decide(acme, by, id, 'WITHDRAWN')))
  expect(answers.filter(({ mark }) => mark !== null)).toHaveLength(1)
  const late = answers.flatMap(({ userErrors }) => userErrors)
  expect(late).toEqual(Array(2).fill({
    code: 'ALREADY_DECIDED', field: ['flagId'], message: 'Somebody has decided on this already.' }))
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([0, 0])
  expect(await acme.sql('select given_points as given from recognition_week order by 1')).toEqual([{ given: 70 }, { given: 100 }])
  const [flag] = await flags(acme, 'mia', 'WITHDRAWN')
  expect(flag.recognitions.map((each: object) => ({ ...each }))).toEqual([
    { points: 70, withdrawnAt: expect.any(String) }, { points: 100, withdrawnAt: expect.any(String) }])
  const told = (await acme.emitted()).filter(topic => /withdrawn|decided/.test(topic))
  expect(told).toEqual(['points.withdrawn', 'recognition_flag.decided'])
  await give(acme, 'mia', 'bob', 1)
  await reacted(acme)
  expect(await flags(acme, 'mia', 'OPEN')).toEqual([])
  await expectBooksAgree(acme)
})

test('who gave or received decides nothing, nor a manager of one of them; what is refused changes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'mia:MANAGER', 'leo:MANAGER', 'zoe:MANAGER')
  await using rival = await tenant('eve:ADMIN')
  const led = async (name: string, lead: string, people: string[]) => {
    const { team } = await createTeam(acme.actor(), { name })
    await leadTeam(acme.actor(), { teamId: team.id, leadId: uuid('User', acme.id(lead)) })
    for (const each of people) await moveUser(acme.actor(), { userId: uuid('User', acme.id(each)), teamId: team.id })
  }
  await led('Blues', 'mia', ['ann', 'bob'])
  await led('Greens', 'zoe', [])
  await give(acme, 'ann', 'bob')
  await give(acme, 'bob', 'ann')
  await reacted(acme)
  const [{ id }] = await flags(acme, 'mia')
  expect([await flags(acme, 'zoe'), await flags(acme, 'leo')]).toEqual([[], []])
  await led('Whites', 'leo', ['bob'])
  expect((await flags(acme, 'leo')).map((flag: { id: string }) => flag.id)).toEqual([id])
  const code = async (by: string) => (await decide(acme, by, id, 'WITHDRAWN')).userErrors[0]?.code
  expect([await code('ann'), await code('leo'), await code('mia'), await code('zoe')])
    .toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'NOT_FOUND'])
  expect((await rival.as('eve').run(DECIDE, { input: { flagId: id, decision: 'CLEARED' } })).recognitionFlagDecide.userErrors)
    .toMatchObject([{ code: 'NOT_FOUND' }])
  expect((await acme.as('bob').ask(FLAGS)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect(await acme.sql('select state from recognition_flag')).toEqual([{ state: 'OPEN' }])
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([50, 50])
  const [blues] = await acme.sql<{ id: string }>(`select id from team where name = 'Blues'`)
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: blues!.id })
  expect(await code('mia')).toBeUndefined()
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([0, 0])
})

test('gifts over months are no ring, and a tenant\'s own figure decides what is enough', async () => {
  await using acme = await tenant('ann', 'bob', 'mia:ADMIN')
  await give(acme, 'ann', 'bob', 60, new Date(Date.now() - 29 * DAY))
  await give(acme, 'bob', 'ann', 60)
  await reacted(acme)
  expect(await flags(acme, 'mia')).toEqual([])
  await acme.as('mia').run('mutation { recognitionSettingRevise(input: { ringPoints: 10 }) { mark } }')
  await give(acme, 'ann', 'bob', 10)
  await reacted(acme)
  expect((await flags(acme, 'mia')).map(names)).toEqual([['ann', 'bob']])
})

const tellingOf = (topic: string, payload: object) =>
  linesOf({ topic, payload }, new Set(listTopics().map(({ name }) => name)))

test('webhooks say who gave whom what, and which recognition was taken back', () => {
  const [giverId, receiverId, recognitionId] = ['1', '2', '3'].map(digit => `01900000-0000-7000-8000-00000000000${digit}`)
  const given = { recognitionId, giverId, receiverId, teamId: null, points: 5, message: 'Thanks', at: '2026-03-10T09:00:00.000Z' }
  expect(tellingOf('recognition.given', given)).toEqual([{
    topic: 'recognition.given', subject: expect.stringMatching(/^usr_/), line: 0, said: {
      recognitionId: expect.stringMatching(/^rec_/), giverId: expect.stringMatching(/^usr_/),
      receiverId: expect.stringMatching(/^usr_/), teamId: null, points: 5, message: 'Thanks',
    } }])
  const decided = { flagId: giverId, decision: 'WITHDRAWN', recognitionIds: [recognitionId, receiverId] }
  expect(tellingOf('recognition_flag.decided', decided).map(({ topic }) => topic)).toEqual(Array(2).fill('recognition.withdrawn'))
  expect(tellingOf('recognition_flag.decided', { ...decided, recognitionIds: [] })).toEqual([])
})
