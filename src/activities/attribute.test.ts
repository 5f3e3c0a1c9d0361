import { expect, test } from 'vitest'
import { RECORD, tenant, type TestTenant } from '../../test/harness.ts'
import { Refusal } from '../platform/errors.ts'
import { attributesFor, type AttributeDefinitions, refusalForAttributes } from './attribute.rules.ts'

const SALE: AttributeDefinitions = {
  amount: { type: 'number', decimals: 2 }, change: { type: 'number', decimals: 1, signed: true }, size: { type: 'text' },
  repeat: { type: 'flag' },
}

const told = (written: [name: string, value: string][]) => {
  const read = attributesFor(SALE, written.map(([name, value]) => ({ name, value })), 'sale')
  return read instanceof Refusal ? read.message : read
}

test.each<[name: string, value: string, read: unknown]>([
  ['amount', '49.90', 49.9], ['amount', '0', 0], ['change', '-0.5', -0.5], ['size', ' big ', ' big '], ['repeat', 'true', true],
  ['repeat', 'false', false],
])('%s "%s" is read as %j', (name, value, read) => {
  expect(told([[name, value]])).toEqual({ [name]: read })
})

test.each<[name: string, value: string, message: string]>([
  ['amount', '1.005', '"amount" must be a number from 0 up with at most 2 places.'],
  ['amount', '-1', '"amount" must be a number from 0 up with at most 2 places.'],
  ['amount', '1e3', '"amount" must be a number from 0 up with at most 2 places.'],
  ['amount', '99999999999999.99', '"amount" must be a number from 0 up with at most 2 places.'],
  ['change', '0.25', '"change" must be a number with at most 1 places.'],
  ['size', '', '"size" must be a text of 1 to 200 characters.'], ['repeat', 'yes', '"repeat" must be "true" or "false".'],
  ['constructor', '1',
    'Activities of the type "sale" have no attribute "constructor": it declares amount, change, size, repeat.'],
])('%s "%s" is refused', (name, value, message) => {
  expect(told([[name, value]])).toBe(message)
})

test('an attribute stands once, a type without any has none, and what is declared stays', () => {
  expect(told([['size', 'a'], ['size', 'b']])).toBe('The attribute "size" is there twice.')
  expect(attributesFor(null, [{ name: 'size', value: 'a' }], 'call')).toBeInstanceOf(Refusal)
  expect(attributesFor(null, [], 'call')).toBeNull()
  expect(refusalForAttributes(SALE, { ...SALE, more: { type: 'text' } })).toBeNull()
  for (const wish of [{}, { ...SALE, amount: { type: 'number', decimals: 3 } }, { ...SALE, user: { type: 'text' } }]) {
    expect(refusalForAttributes(SALE, wish as AttributeDefinitions)).toBeInstanceOf(Refusal)
  }
})

const REVISE = `mutation($input: ActivityTypeReviseInput!) { activityTypeRevise(input: $input) {
  activityType { version attributes { name type decimals signed } } userErrors { code field } } }`

async function withSales(): Promise<TestTenant> {
  const acme = await tenant('ann:ADMIN')
  const attributes = [{ name: 'amount', type: 'NUMBER', decimals: 2 }, { name: 'size', type: 'TEXT' }]
  const { activityTypeRevise } = await acme.as('ann').run(REVISE, { input: { key: 'meeting_scheduled', attributes } })
  expect(activityTypeRevise).toEqual({
    userErrors: [], activityType: { version: 2, attributes: [
      { name: 'amount', type: 'NUMBER', decimals: 2, signed: false }, { name: 'size', type: 'TEXT', decimals: 0, signed: false },
    ] },
  })
  return acme
}

test('an activity carries what its type declares, in its row, its event and when read; a wrong one writes nothing', async () => {
  await using acme = await withSales()
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'first-key' }
  const attributes = [{ name: 'size', value: 'big' }, { name: 'amount', value: '12.50' }]
  const { activityRecord: first } = await acme.as('ann').run(RECORD, { input: { ...input, attributes } })
  const { activityRecord: again } = await acme.as('ann').run(RECORD, { input: { ...input, attributes: attributes.toReversed() } })
  expect(again).toMatchObject({ idempotencyHit: true, activity: { id: first.activity.id } })
  const { activityRecord: bad } = await acme.as('ann').run(
    RECORD, { input: { ...input, idempotencyKey: 'other-key', attributes: [{ name: 'amount', value: '-1' }] } })
  expect(bad.userErrors).toEqual([{ code: 'INVALID', message: expect.any(String), field: ['attributes'] }])
  await acme.as('ann').run(RECORD, { input: { ...input, idempotencyKey: 'plain-key' } })

  expect(await acme.sql('select attributes from activity order by id')).toEqual([
    { attributes: { size: 'big', amount: 12.5 } }, { attributes: null },
  ])
  await acme.settled()
  const events = await acme.sql<{ payload: { attributes?: object } }>(
    `select payload from event_log where topic = 'activity.recorded' order by pos`)
  expect(events.map(({ payload }) => Object.values(payload.attributes ?? {}))).toEqual([[{ size: 'big', amount: 12.5 }], []])
  const { activities } = await acme.as('ann').run('{ activities { nodes { attributes { name value } } } }')
  expect(activities.nodes.map((node: { attributes: unknown[] }) => node.attributes)).toEqual(
    [[], [{ name: 'size', value: 'big' }, { name: 'amount', value: '12.5' }]])
})
