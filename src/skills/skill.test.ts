import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { installPack } from '../activities/type.service.ts'
import { readRecognition } from '../badges/badge.service.ts'
import { recordRevenue } from '../facts/revenue.service.ts'
import { leadTeam } from '../users/user.service.ts'
import type { SkillCompleted } from './completion.service.ts'
import { installPaths } from './path.service.ts'
import { skillJob } from './skill.jobs.ts'

const DAY_MS = 86_400_000
const key = () => randomUUID()

/** A tenant with the paths of the pack; mia leads the team. */
async function withSkills(...people: string[]): Promise<TestTenant> {
  const acme = await tenant('mia:MANAGER', ...people)
  const begun = new Date(Date.now() - 400 * DAY_MS)
  await installPack(acme.actor(), { ...readRecognition(), levels: [] }, begun)
  await installPaths(acme.actor(), readRecognition(), begun)
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('mia')) })
  return acme
}

const did = (acme: TestTenant, name: string, activityType: string, quantity = 1) =>
  recordInputs(acme.actor(), [{ activityType, idempotencyKey: key(), userId: acme.id(name), quantity }])
const owned = (acme: TestTenant, name: string, amount: string, daysAgo: number) => recordRevenue(acme.actor(), [{
  amount: { amount, currency: 'EUR' } as never, idempotencyKey: key(), ownerId: acme.id(name),
  occurredAt: new Date(Date.now() - daysAgo * DAY_MS),
}])

const CLAIM = `mutation($path: String!, $level: Int!, $evidence: String!) {
  skillClaim(input: { path: $path, level: $level, evidence: $evidence }) {
    claim { id state title } mark userErrors { code field } } }`
const ATTEST = `mutation($id: ID!) { skillAttest(input: { claimId: $id }) {
  claim { state decidedBy { name } } userErrors { code field } } }`
const REJECT = `mutation($id: ID!, $reason: String!) { skillReject(input: { claimId: $id, reason: $reason }) {
  claim { state reason } userErrors { code field } } }`
const claim = async (acme: TestTenant, name: string, path: string, level: number, evidence = 'See the project\'s report.') =>
  (await acme.as(name).run(CLAIM, { path, level, evidence })).skillClaim
const attest = async (acme: TestTenant, name: string, id: string) => (await acme.as(name).run(ATTEST, { id })).skillAttest
const reject = async (acme: TestTenant, name: string, id: string, reason: string) =>
  (await acme.as(name).run(REJECT, { id, reason })).skillReject

/** What was completed, in order: "s_scaling_architect 1". */
async function completions(acme: TestTenant): Promise<string[]> {
  await expect.poll(async () => {
    await acme.settled()
    const [row] = await acme.sql<{ left: number }>(`select (select coalesce(max(pos), 0) from event_log
      where topic like 'activity.%' or topic like 'revenue.%' or topic = 'skill.completed')
      - coalesce((select pos from reaction_cursor where reaction = 'skills'), 0) as left`)
    return row!.left <= 0
  }, { timeout: 15_000 }).toBe(true)
  await acme.settled()
  const rows = await acme.sql<{ payload: SkillCompleted }>(`select payload from event_log where topic = 'skill.completed'
    order by pos`)
  return rows.map(({ payload: { path, level } }) => `${path} ${level}`)
}
const awards = (acme: TestTenant) => acme.sql(`select a.type, e.points from point_award a
  join point_entry e on e.user_id = a.user_id and e.seq = a.entry_seq order by seq`)

test('SKILL-1, A-16: what is counted completes by itself in order and pays once; what is not waits for its turn', async () => {
  await using acme = await withSkills('ann')
  await did(acme, 'ann', 'inefficiency_identified', 4)
  await did(acme, 'ann', 'workflow_optimization', 10)
  expect(await completions(acme)).toEqual([])
  await did(acme, 'ann', 'inefficiency_identified')
  expect(await completions(acme)).toEqual(['s_streamline_mastery 1', 's_streamline_mastery 2'])
  await did(acme, 'ann', 'inefficiency_identified', 50)
  expect(await completions(acme)).toHaveLength(2)
  expect(await awards(acme)).toEqual([
    { type: 'skill s_streamline_mastery 1', points: 500 }, { type: 'skill s_streamline_mastery 2', points: 1_000 }])
  const { skills } = (await acme.as('ann').run(`{ viewer { user { skills { path { key } level title percent nextPercent
    next { level title points requirement measure { kind } } completions { level title points isAttested } } } } }`)).viewer.user
  expect(skills.find(({ path }: { path: { key: string } }) => path.key === 's_streamline_mastery')).toEqual({
    path: { key: 's_streamline_mastery' }, level: 2, title: 'Efficiency Expert', percent: 50, nextPercent: null,
    next: { level: 3, title: 'Streamline Master', points: 2_500, requirement: 'Leads department streamlining', measure: null },
    completions: [
      { level: 1, title: 'Process Identifier', points: 500, isAttested: false },
      { level: 2, title: 'Efficiency Expert', points: 1_000, isAttested: false },
    ],
  })
  await expectBooksAgree(acme)
})

test('SKILL-4.1: 20 percent growth of owned revenue over the last 28 full days counts, by a fact or by time alone', async () => {
  await using acme = await withSkills('ann', 'bob', 'eve')
  await owned(acme, 'ann', '100.00', 40)
  await owned(acme, 'ann', '119.99', 10)
  await owned(acme, 'bob', '50.00', 10) // Nothing before: nothing has grown.
  expect(await completions(acme)).toEqual([])
  await owned(acme, 'ann', '0.01', 5)
  expect(await completions(acme)).toEqual(['a_acceleration_champion 1'])
  // What eve earned long ago leaves the window in the job's eyes three weeks from now.
  await owned(acme, 'eve', '1000.00', 50)
  await owned(acme, 'eve', '100.00', 25)
  await owned(acme, 'eve', '120.00', 3)
  expect(await completions(acme)).toHaveLength(1)
  await skillJob.run(acme.actor(undefined, new Date(Date.now() + 10 * DAY_MS)))
  await skillJob.run(acme.actor(undefined, new Date(Date.now() + 10 * DAY_MS)))
  expect(await completions(acme)).toEqual(['a_acceleration_champion 1', 'a_acceleration_champion 1'])
  await expectBooksAgree(acme)
})

test('TV-24, SKILL-1..5: all twenty milestones, counted and attested, pay 50,900 points and make a master', async () => {
  await using acme = await withSkills('ann')
  for (const [type, quantity] of [
    ['inefficiency_identified', 5], ['workflow_optimization', 10], ['automation_training_completed', 1],
    ['automation_implemented', 5], ['system_connected', 3],
  ] as const) await did(acme, 'ann', type, quantity)
  const paid = await acme.points('ann') // What the activities themselves paid.
  await owned(acme, 'ann', '100.00', 40)
  await owned(acme, 'ann', '120.00', 10)
  expect(await completions(acme)).toHaveLength(6)
  for (const { key: path, milestones } of readRecognition().skills) {
    for (const [at, { measure }] of milestones.entries()) {
      if (measure) continue
      const { claim: { id } } = await claim(acme, 'ann', path, at + 1)
      expect((await attest(acme, 'mia', id)).userErrors).toEqual([])
    }
  }
  expect(await completions(acme)).toHaveLength(20)
  expect(await acme.points('ann') - paid).toBe(50_900)
  const read = async () => (await acme.as('ann').run('{ viewer { user { level { key } skills { percent } } } }')).viewer.user
  await expect.poll(async () => (await read()).level.key, { timeout: 10_000 }).toBe('master')
  expect((await read()).skills).toEqual(Array.from({ length: 5 }, () => ({ percent: 100 })))
  await expectBooksAgree(acme)
})

test('a claim is attested by who leads the person, once, even by two at the same time', async () => {
  await using acme = await withSkills('ann', 'boss:ADMIN')
  const made = await claim(acme, 'ann', 's_scaling_architect', 1)
  expect(made).toEqual({
    claim: { id: expect.stringMatching(/^skc_/), state: 'PENDING', title: 'Scale Supporter' }, mark: expect.any(String),
    userErrors: [],
  })
  const waiting = async (name: string) => (await acme.as(name).run('{ skillClaimsPending { nodes { title user { name } } } }'))
    .skillClaimsPending.nodes
  expect(await waiting('mia')).toEqual([{ title: 'Scale Supporter', user: { name: 'ann' } }])
  const answers = await Promise.all(['mia', 'boss', 'mia', 'boss'].map(name => attest(acme, name, made.claim.id)))
  expect(answers.map(({ userErrors }) => userErrors[0]?.code ?? 'ATTESTED').sort())
    .toEqual(['ALREADY_DECIDED', 'ALREADY_DECIDED', 'ALREADY_DECIDED', 'ATTESTED'])
  expect(await awards(acme)).toEqual([{ type: 'skill s_scaling_architect 1', points: 800 }])
  expect(await waiting('mia')).toEqual([])
  expect((await claim(acme, 'ann', 's_scaling_architect', 1)).userErrors).toEqual([{ code: 'ALREADY_DECIDED', field: ['level'] }])
  const read = async () => (await acme.as('ann').run(`{ feedMessages(scope: ME, kinds: [SKILL_COMPLETED]) {
    ... on FeedSnapshot { items { text } } } }`)).feedMessages[0].items
  await expect.poll(read).toEqual([{ text: 'ann completed a milestone: Scaling architect, Scale Supporter.' }])
})

test('nobody attests themself, a stranger, or without the right; a refusal writes nothing', async () => {
  await using acme = await withSkills('ann', 'boss:ADMIN', 'rex:MANAGER')
  const { id } = (await claim(acme, 'ann', 's_scaling_architect', 1)).claim
  const own = (await claim(acme, 'mia', 's_scaling_architect', 1)).claim.id
  const ofBoss = (await claim(acme, 'boss', 's_scaling_architect', 1)).claim.id
  const code = async (name: string, claimId: string) => (await attest(acme, name, claimId)).userErrors[0]?.code
  expect([await code('mia', own), await code('boss', ofBoss), await code('rex', id), await code('rex', acme.id('ann'))])
    .toEqual(['FORBIDDEN', 'FORBIDDEN', 'NOT_FOUND', 'NOT_FOUND'])
  expect((await acme.as('ann').ask(ATTEST, { id })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(await acme.sql(`select count(*)::int as pending from skill_claim where state = 'PENDING'`)).toEqual([{ pending: 3 }])
  expect(await acme.sql('select 1 from skill_completion')).toEqual([])
  expect(await awards(acme)).toEqual([])
  // Who leads the one who leads decides on hers.
  expect((await attest(acme, 'boss', own)).claim).toEqual({ state: 'ATTESTED', decidedBy: { name: 'boss' } })
})

test('a rejected claim says why and may be claimed again; the same claim again is the one that waits', async () => {
  await using acme = await withSkills('ann')
  const first = await claim(acme, 'ann', 's_scaling_architect', 1)
  expect(await claim(acme, 'ann', 's_scaling_architect', 1)).toEqual({ ...first, mark: null })
  expect((await claim(acme, 'ann', 's_scaling_architect', 1, 'Something else.')).userErrors)
    .toEqual([{ code: 'TAKEN', field: ['level'] }])
  expect((await reject(acme, 'mia', first.claim.id, ' ')).userErrors).toEqual([{ code: 'INVALID', field: ['reason'] }])
  expect(await reject(acme, 'mia', first.claim.id, 'Which project was it?'))
    .toEqual({ claim: { state: 'REJECTED', reason: 'Which project was it?' }, userErrors: [] })
  const again = await claim(acme, 'ann', 's_scaling_architect', 1)
  expect(again.claim.id).not.toBe(first.claim.id)
  const { skillClaims } = (await acme.as('ann').run('{ viewer { user { skillClaims { state reason } } } }')).viewer.user
  expect(skillClaims).toEqual([{ state: 'PENDING', reason: null }, { state: 'REJECTED', reason: 'Which project was it?' }])
  expect((await acme.emitted()).filter(topic => topic.startsWith('skill.')))
    .toEqual(['skill.claimed', 'skill.rejected', 'skill.claimed'])
})

test('two equal claims at once are one', async () => {
  await using acme = await withSkills('ann')
  const claims = await Promise.all(Array.from({ length: 6 }, () => claim(acme, 'ann', 's_scaling_architect', 1)))
  expect(new Set(claims.map(made => made.claim?.id)).size).toBe(1)
  expect(await acme.sql('select count(*)::int as claims from skill_claim')).toEqual([{ claims: 1 }])
})

test('colleagues see what somebody completed, neither their claims nor how far they are in the next', async () => {
  await using acme = await withSkills('ann', 'bob')
  await did(acme, 'ann', 'inefficiency_identified', 4)
  await claim(acme, 'ann', 's_scaling_architect', 1)
  expect(await completions(acme)).toEqual([])
  const SEEN = `query($id: ID!) { node(id: $id) { ... on User {
    skillClaims { evidence } skills { path { key } percent nextPercent } } } }`
  const seen = async (name: string) => {
    const { skillClaims, skills } = (await acme.as(name).run(SEEN, { id: acme.id('ann') })).node
    const own = skills.find(({ path }: { path: { key: string } }) => path.key === 's_streamline_mastery')
    return [skillClaims.length, own.percent, own.nextPercent]
  }
  expect([await seen('ann'), await seen('mia'), await seen('bob')]).toEqual([[1, 0, 80], [1, 0, 80], [0, 0, null]])
})

test('figures are the tenant\'s: a new version holds from its date, and what was paid stays', async () => {
  await using acme = await withSkills('ann', 'boss:ADMIN')
  const REVISE = `mutation($input: SkillPathReviseInput!) { skillPathRevise(input: $input) {
    path { version milestones { level title points threshold } } userErrors { code field } } }`
  const revise = async (input: object) =>
    (await acme.as('boss').run(REVISE, { input: { key: 's_streamline_mastery', ...input } })).skillPathRevise
  await did(acme, 'ann', 'inefficiency_identified', 5)
  expect(await completions(acme)).toEqual(['s_streamline_mastery 1'])
  const { path } = await revise({ milestones: [{ level: 1, points: 900 }, { level: 2, points: 7, threshold: '2' }] })
  expect([path.version, path.milestones[0], path.milestones[1]]).toEqual([
    2, { level: 1, title: 'Process Identifier', points: 900, threshold: '5' },
    { level: 2, title: 'Efficiency Expert', points: 7, threshold: '2' },
  ])
  await did(acme, 'ann', 'process_improvement', 2)
  expect(await completions(acme)).toEqual(['s_streamline_mastery 1', 's_streamline_mastery 2'])
  expect((await awards(acme)).map(({ points }) => points)).toEqual([500, 7])
  expect((await revise({ milestones: [{ level: 3, threshold: '1' }] })).userErrors)
    .toEqual([{ code: 'INVALID', field: ['milestones'] }])
  expect((await revise({ key: 'nothing' })).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['key'] }])
  expect(await acme.sql(`select count(*)::int as versions from skill_path`)).toEqual([{ versions: 6 }])
  const { skillPaths } = await acme.as('ann').run('{ skillPaths { key version } }')
  expect(skillPaths.map(({ version }: { version: number }) => version)).toEqual([1, 1, 1, 1, 2])
})

test('a milestone that was counted long before completes as soon as the attested one before it does', async () => {
  await using acme = await withSkills('ann')
  const milestones = [
    { title: 'Trained', requirement: 'Was trained', points: 10 },
    {
      title: 'Did', requirement: 'Did it', points: 20, threshold: '2',
      measure: { kind: 'ACTIVITIES' as const, activityTypes: ['automation_implemented'] },
    },
  ]
  await installPaths(acme.actor(), { key: 'own', skills: [{ key: 'own_path', name: 'Own', milestones }] }, new Date(0))
  await did(acme, 'ann', 'automation_implemented', 2)
  expect(await completions(acme)).toEqual([])
  await attest(acme, 'mia', (await claim(acme, 'ann', 'own_path', 1)).claim.id)
  expect(await completions(acme)).toEqual(['own_path 1', 'own_path 2'])
})
