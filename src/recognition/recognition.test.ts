import { expect, test } from 'vitest'
import { type Person, sharedNode, tenant, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { createTeam, moveUser } from '../users/user.service.ts'
import { type FiguresWish, type Gift, leftOf, refusalForFigures, refusalForGift, refusalForWish } from './recognition.rules.ts'
import { giveRecognition } from './recognition.service.ts'

const GIFT: Gift = {
  giverId: 'ann', receiverId: 'bob', points: 10, receiver: { isActive: true, kind: 'EMPLOYEE' }, allowancePoints: 100,
  givenPoints: 0,
}

test.each<[title: string, change: Partial<Gift>, code: string | undefined]>([
  ['the last points may be given', { points: 40, givenPoints: 60 }, undefined],
  ['one point too many is refused (UX-40)', { points: 41, givenPoints: 60 }, 'ALLOWANCE_SPENT'],
  ['an allowance that was lowered below what is given leaves nothing', { points: 1, allowancePoints: 50, givenPoints: 60 },
    'ALLOWANCE_SPENT'],
  ['nobody recognizes themself (UX-11)', { receiverId: 'ann' }, 'SELF_AWARD'],
  ['nobody recognizes somebody who is not there', { receiver: null }, 'NOT_FOUND'],
  ['nor somebody who has left', { receiver: { isActive: false, kind: 'EMPLOYEE' } }, 'NOT_FOUND'],
  ['nor a partner, who must not see employees', { receiver: { isActive: true, kind: 'PARTNER' } }, 'INVALID'],
])('%s', (_title, change, code) => {
  expect(refusalForGift({ ...GIFT, ...change })?.code).toBe(code)
})

test('a gift has 1 to 100 whole points, 1 to 500 characters and a key', () => {
  const wish = { receiverId: 'bob', points: 1, message: 'x', idempotencyKey: 'gift-0001' }
  const codes = (change: object) => refusalForWish({ ...wish, ...change })?.code
  expect([0, -1, 101, 1.5].map(points => codes({ points }))).toEqual(Array(4).fill('OUT_OF_RANGE'))
  expect(['', 'x'.repeat(501), 'a\0b', '\ud800'].map(message => codes({ message }))).toEqual(Array(4).fill('INVALID'))
  expect([codes({}), codes({ points: 100 }), codes({ message: 'x'.repeat(500) }), codes({ idempotencyKey: 'short' })])
    .toEqual([undefined, undefined, undefined, 'INVALID'])
})

test('figures hold from today on or later, at most 400 days ahead, and within their bounds', () => {
  const wish: FiguresWish = { allowancePoints: 0, ringPoints: 1, effectiveFrom: '2026-03-10' }
  const field = (change: object) => refusalForFigures({ ...wish, ...change }, '2026-03-10')?.field[0]
  expect([field({}), field({ allowancePoints: -1 }), field({ allowancePoints: 10_001 }), field({ ringPoints: 0 })])
    .toEqual([undefined, 'allowancePoints', 'allowancePoints', 'ringPoints'])
  expect(['2026-03-09', '2027-04-14', '2027-04-15'].map(effectiveFrom => field({ effectiveFrom })))
    .toEqual(['effectiveFrom', undefined, 'effectiveFrom'])
  expect(leftOf({ allowancePoints: 20, givenPoints: 30 })).toBe(0)
})

const GIVE = `mutation($input: RecognitionGiveInput!) { recognitionGive(input: $input) {
  recognition { id points message giver { name } receiver { name } withdrawnAt } idempotencyHit mark
  userErrors { code field message } } }`
let keys = 0
const give = async (from: Person, receiverId: string, points = 10, change: object = {}) => (await from.run(GIVE, {
  input: { receiverId, points, message: 'For the demo.', idempotencyKey: `gift-${++keys}-key`, ...change },
})).recognitionGive
const written = (acme: TestTenant) => acme.sql(`select (select count(*)::int from recognition) as gifts,
  (select coalesce(sum(given_points), 0)::int from recognition_week) as given, (select count(*)::int from point_entry) as entries,
  (select count(*)::int from command_key) as keys`)

test('the receiver gets the points, the giver loses allowance only, and both are told (UX-40)', async () => {
  await using acme = await tenant('ann', 'bob')
  const { recognition, ...answer } = await give(acme.as('ann'), acme.id('bob'), 40, { message: '  Thanks, Bob!  ' })
  expect(answer).toEqual({ idempotencyHit: false, mark: expect.any(String), userErrors: [] })
  expect(recognition).toMatchObject({
    points: 40, message: 'Thanks, Bob!', giver: { name: 'ann' }, receiver: { name: 'bob' }, withdrawnAt: null })
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([0, 40])
  expect((await acme.emitted()).filter(topic => /points|recognition/.test(topic)))
    .toEqual(['points.granted', 'recognition.given'])
  const { viewer } = await acme.as('ann').run(`{ viewer { recognitionAllowance {
    allowancePoints givenPoints leftPoints timeZone } } }`)
  expect(viewer.recognitionAllowance)
    .toEqual({ allowancePoints: 100, givenPoints: 40, leftPoints: 60, timeZone: 'Europe/Berlin' })
  await acme.audited()
  expect(await acme.sql(`select action, decision from audit_entry where action = 'recognition.give'`))
    .toEqual([{ action: 'recognition.give', decision: 'ALLOWED' }])
  await expectBooksAgree(acme)
})

test('gifts at once never overspend the allowance, and each that was paid is told once', async () => {
  await using acme = await tenant('ann', 'bob', 'cid')
  const answers = await Promise.all(Array.from({ length: 8 }, (_, at) =>
    give(acme.as('ann'), acme.id(at % 2 ? 'bob' : 'cid'), 30)))
  const codes = answers.map(({ userErrors }) => userErrors[0]?.code).sort()
  expect(codes).toEqual([...Array(5).fill('ALLOWANCE_SPENT'), ...Array(3).fill(undefined)])
  expect(await acme.points('bob') + await acme.points('cid')).toBe(90) // The fourth would make 120 of 100.
  expect(await written(acme)).toEqual([{ gifts: 3, given: 90, entries: 3, keys: 3 }])
  expect((await acme.emitted()).filter(topic => topic === 'recognition.given')).toHaveLength(3)
  await expectBooksAgree(acme)
})

test('two who give each other at once neither wait for ever nor lose anything', async () => {
  await using acme = await tenant('ann', 'bob')
  const answers = await Promise.all(Array.from({ length: 16 }, (_, at) =>
    at % 2 ? give(acme.as('ann'), acme.id('bob'), 5) : give(acme.as('bob'), acme.id('ann'), 5)))
  expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([])
  expect([await acme.points('ann'), await acme.points('bob')]).toEqual([40, 40])
})

test('the same key and input again is the same gift, also eight at once; another input is refused', async () => {
  await using acme = await tenant('ann', 'bob')
  const same = { idempotencyKey: 'the-same-key' }
  const answers = await Promise.all(Array.from({ length: 8 }, () => give(acme.as('ann'), acme.id('bob'), 10, same)))
  expect(new Set(answers.map(({ recognition }) => recognition.id)).size).toBe(1)
  expect(answers.filter(({ idempotencyHit, mark }) => idempotencyHit && mark === null)).toHaveLength(7)
  const { userErrors } = await give(acme.as('ann'), acme.id('bob'), 11, same)
  expect(userErrors).toMatchObject([{ code: 'IDEMPOTENCY_CONFLICT', field: ['idempotencyKey'] }])
  expect(await written(acme)).toEqual([{ gifts: 1, given: 10, entries: 1, keys: 1 }])
})

test('what is refused writes nothing and uses no key up', async () => {
  await using acme = await tenant('ann', 'bob', 'pia:PARTNER', 'gil')
  await using rival = await tenant('eve')
  await acme.sql('update users set deactivated_at = now() where id = $1', [uuid('User', acme.id('gil'))])
  const [ann, bob] = [acme.as('ann'), acme.id('bob')]
  const refusedBy = async (to: string, points = 10, change: object = {}) => {
    const { recognition, mark, userErrors } = await give(ann, to, points, change)
    expect([recognition, mark]).toEqual([null, null])
    return userErrors.map(({ code, field }: { code: string; field: string[] }) => [code, ...field].join(' '))[0]
  }
  expect(await refusedBy(acme.id('ann'))).toBe('SELF_AWARD receiverId')
  expect(await refusedBy(rival.id('eve'))).toBe('NOT_FOUND receiverId')
  expect(await refusedBy(acme.id('gil'))).toBe('NOT_FOUND receiverId')
  expect(await refusedBy(acme.id('pia'))).toBe('INVALID receiverId')
  expect(await refusedBy(bob, 101)).toBe('OUT_OF_RANGE points')
  expect(await refusedBy(bob, 10, { message: '   ' })).toBe('INVALID message')
  expect(await written(acme)).toEqual([{ gifts: 0, given: 0, entries: 0, keys: 0 }])
  await give(ann, bob, 95)
  const late = { idempotencyKey: 'one-more-try' }
  expect(await refusedBy(bob, 6, late)).toBe('ALLOWANCE_SPENT points')
  expect((await give(ann, bob, 5, late)).userErrors).toEqual([])
  expect(await written(acme)).toEqual([{ gifts: 2, given: 100, entries: 2, keys: 2 }])
})

test('an API key gives nothing, since it is nobody; a VIEWER and a PARTNER have no right to', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'vic:VIEWER', 'pia:PARTNER')
  await expect(giveRecognition({ ...acme.actor(), userId: null }, {
    receiverId: uuid('User', acme.id('bob')), points: 1, message: 'Hello', idempotencyKey: 'by-nobody-1',
  })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  for (const name of ['vic', 'pia']) {
    const { errors } = await acme.as(name).ask(GIVE, {
      input: { receiverId: acme.id('bob'), points: 1, message: 'Hello', idempotencyKey: 'by-nobody-2' } })
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', action: 'recognition.give' } }])
    expect((await acme.as(name).run('{ viewer { recognitionAllowance { leftPoints } } }')).viewer)
      .toEqual({ recognitionAllowance: null })
  }
  expect(await written(acme)).toEqual([{ gifts: 0, given: 0, entries: 0, keys: 0 }])
})

test('an allowance is of the local week: it begins anew on Monday in the tenant\'s zone, nothing is carried over', async () => {
  await using acme = await tenantOn(await sharedNode(), { timeZone: 'Pacific/Auckland' }, 'ann', 'bob')
  const [receiverId, message] = [uuid('User', acme.id('bob')), 'Thanks']
  const at = (now: string, points: number) => giveRecognition(acme.actor('ann', new Date(now)), {
    receiverId, points, message, idempotencyKey: `week-${now}-${points}`,
  }).then(() => 'given', ({ code }: { code: string }) => code)
  // Sunday, 15 March 2026, ends in Auckland at 11:00 UTC.
  expect(await at('2026-03-15T10:59:59.999Z', 100)).toBe('given')
  expect(await at('2026-03-15T10:59:59.999Z', 1)).toBe('ALLOWANCE_SPENT')
  expect(await at('2026-03-15T11:00:00.000Z', 100)).toBe('given')
  expect(await at('2026-03-22T10:59:59.999Z', 1)).toBe('ALLOWANCE_SPENT')
  expect(await acme.sql('select week::text, given_points as given from recognition_week order by 1'))
    .toEqual([{ week: '2026-03-09', given: 100 }, { week: '2026-03-16', given: 100 }])
})

const REVISE = `mutation($input: RecognitionSettingReviseInput!) { recognitionSettingRevise(input: $input) {
  setting { version effectiveFrom allowancePoints ringPoints } mark userErrors { code field } } }`

test('RecognitionSetting: an admin sets the allowance from a day on; what was not named stays, what is past stays', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid:MANAGER')
  const [ann, bob] = [acme.as('ann'), acme.as('bob')]
  const revise = async (input: object) => (await ann.run(REVISE, { input })).recognitionSettingRevise
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' }).format(new Date())
  expect(await revise({ allowancePoints: 20 })).toEqual({
    setting: { version: 1, effectiveFrom: today, allowancePoints: 20, ringPoints: 50 }, mark: expect.any(String),
    userErrors: [] })
  expect((await give(bob, acme.id('ann'), 21)).userErrors).toMatchObject(
    [{ code: 'ALLOWANCE_SPENT', message: '20 of 20 points are left this week: give fewer.' }])
  const nextYear = `${Number(today.slice(0, 4)) + 1}${today.slice(4).replace('02-29', '02-28')}`
  expect((await revise({ ringPoints: 5, effectiveFrom: nextYear })).setting)
    .toEqual({ version: 2, effectiveFrom: nextYear, allowancePoints: 20, ringPoints: 5 })
  expect((await revise({ allowancePoints: 30 })).setting).toMatchObject({ version: 3, allowancePoints: 30, ringPoints: 50 })
  expect((await give(bob, acme.id('ann'), 30)).userErrors).toEqual([])
  expect((await revise({ allowancePoints: 10, effectiveFrom: '2020-01-01' })).userErrors)
    .toEqual([{ code: 'OUT_OF_RANGE', field: ['effectiveFrom'] }])
  expect((await revise({})).userErrors).toEqual([{ code: 'INVALID', field: [] }])
  // What was set for a later day holds from that day on, though another version was made since.
  const later = { ...acme.actor('bob', new Date(Date.parse(nextYear) + 86_400_000)) }
  await expect(giveRecognition(later, {
    receiverId: uuid('User', acme.id('ann')), points: 21, message: 'Thanks', idempotencyKey: 'next-year-1',
  })).rejects.toMatchObject({ code: 'ALLOWANCE_SPENT' })
  expect((await bob.ask(REVISE, { input: { allowancePoints: 1_000 } })).errors)
    .toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  const { recognitionSettings } = await acme.as('cid').run('{ recognitionSettings { version allowancePoints } }')
  expect(recognitionSettings).toEqual([
    { version: 3, allowancePoints: 30 }, { version: 2, allowancePoints: 20 }, { version: 1, allowancePoints: 20 },
    { version: 0, allowancePoints: 100 }])
  expect((await acme.emitted()).filter(topic => topic === 'recognition_setting.revised')).toHaveLength(3)
})

const FEED = `query($scope: FeedScope!) { feedMessages(scope: $scope) { ... on FeedSnapshot { items {
  kind text points user { name } recognition { points giver { name } } } } } }`

test('a recognition is one item of the feed, of the receiver, their team and the tenant', async () => {
  await using acme = await tenant('ann', 'bob', 'cid')
  const { team } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: team.id })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('cid')), teamId: team.id })
  await give(acme.as('ann'), acme.id('bob'), 40, { message: 'You saved the day' })
  await acme.settled()
  const feed = async (name: string, scope: string) => (await acme.as(name).run(FEED, { scope })).feedMessages[0].items
  const item = {
    kind: 'RECOGNITION_GIVEN', text: 'ann recognized bob: “You saved the day” +40 points.', points: 40, user: { name: 'bob' },
    recognition: { points: 40, giver: { name: 'ann' } },
  }
  expect(await feed('cid', 'TEAM')).toEqual([item])
  expect(await feed('bob', 'ME')).toEqual([item])
  expect(await feed('ann', 'TENANT')).toEqual([item])
  expect([await feed('ann', 'TEAM'), await feed('cid', 'ME')]).toEqual([[], []])
})

test('people see what each gave and received, by pages; partners and strangers see nothing of it', async () => {
  await using acme = await tenant('ann', 'bob', 'cid', 'pia:PARTNER')
  await using rival = await tenant('eve')
  const points = [1, 2, 3]
  for (const each of points) await give(acme.as('ann'), acme.id('bob'), each)
  await give(acme.as('bob'), acme.id('cid'), 9)
  const BOTH = `query($id: ID!, $after: Cursor) { node(id: $id) { ... on User {
    recognitionsGiven { nodes { points } }
    recognitionsReceived(first: 2, after: $after) { nodes { points } pageInfo { hasNextPage endCursor } } } } }`
  const page = await acme.as('cid').run(BOTH, { id: acme.id('bob') })
  expect(page.node).toEqual({
    recognitionsGiven: { nodes: [{ points: 9 }] },
    recognitionsReceived: {
      nodes: [{ points: 3 }, { points: 2 }], pageInfo: { hasNextPage: true, endCursor: expect.any(String) },
    },
  })
  const rest = await acme.as('cid').run(BOTH, { id: acme.id('bob'), after: page.node.recognitionsReceived.pageInfo.endCursor })
  expect(rest.node.recognitionsReceived.nodes).toEqual([{ points: 1 }])
  const { recognitions } = await acme.as('ann').run('{ recognitions(first: 2) { nodes { id points } } }')
  expect(recognitions.nodes.map((node: { points: number }) => node.points)).toEqual([9, 3])
  const { id } = recognitions.nodes[0]
  expect((await acme.as('ann').run('query($id: ID!) { node(id: $id) { id } }', { id })).node).toEqual({ id })
  const own = await acme.as('pia').run(
    '{ viewer { user { recognitionsGiven { nodes { id } } recognitionsReceived { nodes { id } } } } }')
  expect(own.viewer.user).toEqual({ recognitionsGiven: null, recognitionsReceived: null })
  for (const person of [acme.as('pia'), rival.as('eve')]) {
    expect((await person.run('query($id: ID!) { node(id: $id) { id } }', { id })).node).toBeNull()
  }
  expect((await rival.as('eve').run('{ recognitions { nodes { id } } }')).recognitions.nodes).toEqual([])
})

type Verb = 'recognitionReact' | 'recognitionUnreact'
const react = (verb: Verb) => `mutation($input: RecognitionReactInput!) { ${verb}(input: $input) {
  recognition { reactions { kind count viewerReacted } } mark userErrors { code field } } }`

test('RecognitionReaction: everybody reacts once by each kind, sees the counts, and may take it back', async () => {
  await using acme = await tenant('ann', 'bob', 'cid')
  await using rival = await tenant('eve')
  const { recognition: { id: recognitionId } } = await give(acme.as('ann'), acme.id('bob'))
  const by = async (name: string, kind: string, verb: Verb = 'recognitionReact') =>
    (await acme.as(name).run(react(verb), { input: { recognitionId, kind } }))[verb]
  await Promise.all(Array.from({ length: 6 }, () => by('bob', 'ROCKET')))
  await by('cid', 'ROCKET')
  const { recognition, mark } = await by('cid', 'CLAP')
  expect([mark, recognition.reactions]).toEqual([expect.any(String), [
    { kind: 'CLAP', count: 1, viewerReacted: true }, { kind: 'ROCKET', count: 2, viewerReacted: true }]])
  expect((await by('cid', 'CLAP')).mark).toBeNull()
  const after = await by('cid', 'ROCKET', 'recognitionUnreact')
  expect(after.recognition.reactions)
    .toEqual([{ kind: 'CLAP', count: 1, viewerReacted: true }, { kind: 'ROCKET', count: 1, viewerReacted: false }])
  expect((await by('ann', 'CLAP', 'recognitionUnreact')).mark).toBeNull()
  const told = (await acme.emitted()).filter(topic => topic === 'recognition.reacted')
  expect(told).toHaveLength(4) // Bob's rocket, Cid's rocket and clap, and the rocket taken back.
  const foreign = await rival.as('eve').run(react('recognitionReact'), { input: { recognitionId, kind: 'CLAP' } })
  expect(foreign.recognitionReact).toEqual({
    recognition: null, mark: null, userErrors: [{ code: 'NOT_FOUND', field: ['recognitionId'] }] })
  expect((await rival.emitted()).filter(topic => topic === 'recognition.reacted')).toEqual([])
  expect((await acme.as('ann').ask(react('recognitionReact'), { input: { recognitionId, kind: 'FROWN' } })).errors)
    .toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
})
