import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { projectRoot } from '../platform/project.ts'
import { linesOf, listTopics, registerTopic } from './catalog.rules.ts'
import { bodyOf, failureOf, RETRY_MS, retryMs } from './delivery.rules.ts'
import { newSecret } from '../outward/signing.ts'
import { signedHeaders } from './sender.ts'

test('PST-06: a message is tried again after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h, then no more', () => {
  const half = Array.from({ length: 10 }, (_, failures) => retryMs(failures + 1, 0.5))
  const hour = 3_600_000
  expect(half).toEqual([5_000, 300_000, 1_800_000, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour, null])
  expect(RETRY_MS.reduce((sum, ms) => sum + ms)).toBe(272_105_000) // 3 days, 3 h, 35 min, 5 s
})

test('attempts are spread by a tenth around their time', () => {
  expect([0, 0.25, 1].map(random => retryMs(1, random))).toEqual([4_500, 4_750, 5_500])
  expect(retryMs(2, 1, [10, 100])).toBe(110)
})

test.each([
  [{ name: 'AddressRefused' }, 'ADDRESS'],
  [{ name: 'TimedOut' }, 'TIMEOUT'],
  [{ code: 'ETIMEDOUT' }, 'TIMEOUT'],
  [{ code: 'ENOTFOUND' }, 'NAME'],
  [{ code: 'EAI_AGAIN' }, 'NAME'],
  [{ code: 'ECONNREFUSED' }, 'CONNECTION'],
  [{ code: 'ECONNRESET' }, 'CONNECTION'],
  [{ code: 'HPE_INVALID_CONSTANT' }, 'CONNECTION'],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'TLS'],
  [{ code: 'CERT_HAS_EXPIRED' }, 'TLS'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'TLS'],
  [{}, 'CONNECTION'],
])('%o is a failure of %s', (error, failure) => {
  expect(failureOf(error)).toBe(failure)
})

test('a body says type, time, tenant, subject, sequence and data, always in the same bytes', () => {
  const told = {
    topic: 'points.awarded',
    tenant: 'tnt_1',
    subject: 'usr_1',
    pos: 7,
    at: new Date('2026-11-24T09:30:00.000Z'),
    payload: { points: 5 },
  }
  expect(bodyOf(told)).toBe(
    '{"type":"points.awarded","timestamp":"2026-11-24T09:30:00.000Z","tenant":"tnt_1",' +
      '"subject":"usr_1","sequence":7,"data":{"points":5}}',
  )
})

test('a signature is verified by the library of Standard Webhooks, with either secret while both are good, and no other', () => {
  const [current, previous, strange] = [newSecret(), newSecret(), newSecret()]
  const headers = signedHeaders('whm_1', new Date(), '{"a":1}', [current, previous])
  expect(headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
  for (const secret of [current, previous]) expect(new Webhook(secret).verify('{"a":1}', headers)).toEqual({ a: 1 })
  expect(() => new Webhook(strange).verify('{"a":1}', headers)).toThrow('No matching signature found')
  expect(() => new Webhook(current).verify('{"a":2}', headers)).toThrow('No matching signature found')
  expect(() => new Webhook(current).verify('{"a":1}', { ...headers, 'webhook-id': 'whm_2' })).toThrow(
    'No matching signature found',
  )
  const old = signedHeaders('whm_1', new Date(Date.now() - 301_000), '{"a":1}', [current])
  expect(() => new Webhook(current).verify('{"a":1}', old)).toThrow('Message timestamp too old')
})

test('what topics say of one thing stands together, in the order of the things; a topic is registered once', () => {
  const fact = (name: string) => ({ subject: name, said: { name } })
  registerTopic({ name: 'test.first', event: 'test.happened', description: '', factsOf: (names: string[]) => names.map(fact) })
  registerTopic({
    name: 'test.second',
    event: 'test.happened',
    description: '',
    factsOf: (names: string[]) => names.map(name => (name === 'ann' ? null : fact(name))),
  })
  const event = { topic: 'test.happened', payload: ['ann', 'bob'] }
  const both = linesOf(event, new Set(['test.first', 'test.second']))
  expect(both.map(({ topic, subject, line }) => [topic, subject, line])).toEqual([
    ['test.first', 'ann', 0],
    ['test.first', 'bob', 1],
    ['test.second', 'bob', 2],
  ])
  expect(linesOf(event, new Set(['test.second']))).toEqual([
    { topic: 'test.second', subject: 'bob', said: { name: 'bob' }, line: 0 },
  ])
  expect(listTopics().map(({ name }) => name)).toEqual(['test.first', 'test.second'])
  expect(() => registerTopic({ name: 'test.first', event: 'x', description: '', factsOf: () => [] })).toThrow(
    'registered twice',
  )
})

test('the verification that the guide shows takes what is genuine and nothing else', async () => {
  const [, code] = /^```js\n([\s\S]*?)^```/m.exec(readFileSync(join(projectRoot, 'docs/guides/webhooks.md'), 'utf8'))!
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(code!)}`)
  const [current, previous, strange] = [newSecret(), newSecret(), newSecret()]
  const headers = signedHeaders('whm_1', new Date(), '{"a":1}', [current, previous])
  const seconds = Number(headers['webhook-timestamp'])
  for (const secret of [current, previous]) expect(isGenuine('{"a":1}', headers, secret)).toBe(true)
  expect(isGenuine('{"a":1}', headers, strange)).toBe(false)
  expect(isGenuine('{"a":2}', headers, current)).toBe(false)
  const late = [300, 301, -300, -301].map(by => isGenuine('{"a":1}', headers, current, seconds + by))
  expect(late).toEqual([true, false, true, false])
  for (const broken of [{}, { ...headers, 'webhook-timestamp': 'soon' }, { ...headers, 'webhook-signature': 'v1,' }]) {
    expect(isGenuine('{"a":1}', broken, current)).toBe(false)
  }
})
