import fc from 'fast-check'
import { parseValue } from 'graphql'
import { expect, it, test } from 'vitest'
import { ErrorCode, fault, Refusal } from './errors.ts'
import {
  answer, Context, Cursor, DateTime, decodeCursor, encodeCursor, type Fetch, inOrder, listOf,
  LocalDate, Mark, pageOf, pageSize, Payload,
  Points,
} from './graphql.ts'

const badRequest = expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_REQUEST' }) })

test.each<[string, string | null]>([
  ['2026-11-24T09:30:00.000Z', '2026-11-24T09:30:00.000Z'], ['2026-11-24T09:30:00Z', '2026-11-24T09:30:00.000Z'],
  ['2026-11-24t09:30:00.5z', '2026-11-24T09:30:00.500Z'],
  ['2026-11-24T09:30:00+05:30', '2026-11-24T04:00:00.000Z'], ['2026-11-24T23:30:00.123456789-05:00', '2026-11-25T04:30:00.123Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['2026-02-29T00:00:00Z', null], ['2026-02-30T00:00:00Z', null], ['2026-04-31T00:00:00Z', null], ['2026-13-01T00:00:00Z', null],
  ['2026-00-01T00:00:00Z', null],
  ['2026-11-24T25:00:00Z', null], ['2026-11-24T09:61:00Z', null], ['2026-11-24T09:30:60Z', null], ['2026-11-24T09:30:00', null],
  ['2026-11-24', null], ['now', null], ['', null],
  ['+026-11-24T09:30:00Z', null], ['2026-11-24T09:30:00+25:00', null], [` 2026-11-24T09:30:00Z`, null],
  ['2026-11-24T09:30:00Z\n', null],
])('DateTime reads %j as %s', (text, expected) => {
  if (expected === null) expect(() => DateTime.parseValue(text)).toThrow(badRequest)
  else expect(DateTime.parseValue(text).toISOString()).toBe(expected)
})

it('scalars refuse values of other shapes, written in the query or sent as a variable', () => {
  for (const scalar of [DateTime, LocalDate, Cursor, Mark]) {
    for (const value of [7, true, null, undefined, {}, [], Number.NaN]) expect(() => scalar.parseValue(value)).toThrow(badRequest)
    for (const literal of ['7', 'true', '{a: 1}', '[1]', '1.5']) {
      expect(() => scalar.parseLiteral(parseValue(literal), {})).toThrow(badRequest)
    }
  }
  for (const value of ['7', 1.5, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, null, true]) {
    expect(() => Points.parseValue(value)).toThrow(badRequest)
  }
  for (const literal of ['1.5', '"7"', '9007199254740993', 'true', '1e3']) {
    expect(() => Points.parseLiteral(parseValue(literal), {})).toThrow(badRequest)
  }
  expect([Points.parseLiteral(parseValue('-7'), {}), Points.parseValue(2 ** 53 - 1)]).toEqual([-7, 2 ** 53 - 1])
  expect(LocalDate.parseValue('2028-02-29')).toBe('2028-02-29')
  for (const text of ['2026-02-30', '2026-2-3', '2026-02-03T00:00:00Z', '']) {
    expect(() => LocalDate.parseValue(text)).toThrow(badRequest)
  }
  expect([Mark.serialize(35), Mark.parseValue('mz')]).toEqual(['mz', 'mz'])
})

it('list cursors carry names and ids, fit through the scalar, and refuse what they did not write', () => {
  const uuid = '019a2b3c-4d5e-7f60-8123-456789abcdef'
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 })
    .filter(name => name.length <= 200 && name.isWellFormed() && !name.includes('\0')), name => {
    const cursor = encodeCursor('people', [name, uuid])
    expect(Cursor.parseValue(cursor)).toBe(cursor)
    expect(decodeCursor('people', cursor, ['string', 'uuid'])).toEqual([name, uuid])
  }))
  // The longest there is.
  expect(Cursor.parseValue(encodeCursor('people', ['\u0001'.repeat(200), uuid]))).toHaveLength(Math.ceil((1_200 + 52) * 4 / 3))
  expect(decodeCursor('people', encodeCursor('people', [7, '2028-02-29']), ['number', 'date'])).toEqual([7, '2028-02-29'])
  const wrong: [string, readonly ('string' | 'number' | 'uuid' | 'date')[]][] = [
    ['', ['string']], ['abcd', ['string']],
    [encodeCursor('people', []), ['string']], [encodeCursor('people', ['a', 'b']), ['string']],
    [encodeCursor('people', [7]), ['string']], [encodeCursor('people', ['7']), ['number']],
    [encodeCursor('people', [1.5]), ['number']], [encodeCursor('people', [2 ** 60]), ['number']],
    [encodeCursor('people', ['a\0']), ['string']],
    [encodeCursor('people', ['\ud83d']), ['string']], [encodeCursor('people', ['bob']), ['uuid']],
    [encodeCursor('people', [uuid.toUpperCase()]), ['uuid']], [encodeCursor('people', ['2026-02-30']), ['date']],
    [encodeCursor('people', ['epoch']), ['date']],
    [Buffer.from('{"0":"a","length":1}').toString('base64url'), ['string']],
    [Buffer.from('null').toString('base64url'), ['string']],
  ]
  const [one, other] = [listOf('rows', uuid), listOf('rows', uuid.replace(/.$/, '0'))]
  expect(decodeCursor(one, encodeCursor(one, [7]), ['number'])).toEqual([7])
  for (const list of ['people', 'rows', other]) {
    expect(() => decodeCursor(list, encodeCursor(one, [7]), ['number'])).toThrow(badRequest)
  }
  for (const [cursor, shape] of wrong) expect(() => decodeCursor('people', cursor, shape)).toThrow(badRequest)
})

it('a page is cut to its size and says whether more follow', () => {
  const rows = ['a', 'b', 'c'].map(id => ({ id }))
  const keyOf = ({ id }: { id: string }) => id
  expect(pageOf(rows, 2, keyOf)).toEqual({
    nodes: [{ id: 'a' }, { id: 'b' }], edges: [{ node: { id: 'a' }, cursor: 'a' }, { node: { id: 'b' }, cursor: 'b' }],
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: 'a', endCursor: 'b' },
  })
  expect(pageOf(rows, 3, keyOf, 'x').pageInfo)
    .toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: 'a', endCursor: 'c' })
  expect(pageOf([], 3, keyOf)).toEqual({
    nodes: [], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  })
  expect([pageSize(1), pageSize(100)]).toEqual([1, 100])
  for (const first of [0, -1, 101]) expect(() => pageSize(first)).toThrow(badRequest)
})

it('a refusal becomes a user error, and nothing else does', async () => {
  class Made extends Payload { thing?: string }
  const refused = await answer(new Made(), async () => { throw new Refusal(ErrorCode.TAKEN, 'Choose another.', ['name']) })
  expect(refused).toEqual({ userErrors: [{ code: 'TAKEN', message: 'Choose another.', field: ['name'] }] })
  expect(await answer(new Made(), async () => ({ thing: 'made', mark: 7 }))).toEqual({ thing: 'made', mark: 7, userErrors: [] })
  await expect(answer(new Made(), async () => { throw new Error('broken') })).rejects.toThrow('broken')
  await expect(answer(new Made(), async () => { throw fault('FORBIDDEN', 'No.') }))
    .rejects.toMatchObject({ extensions: { code: 'FORBIDDEN' } })
})

it('a context loads each row once for a request and afresh after it is renewed', async () => {
  const asked: string[][] = []
  const fetch: Fetch<{ id: string }> = async (_context, ids) => {
    asked.push([...ids])
    return inOrder(ids, ids.filter(id => id !== 'none').map(id => ({ id })))
  }
  const context = new Context(fault('UNAUTHENTICATED', 'This needs a token.'))
  expect(await Promise.all(['b', 'a', 'none', 'b'].map(id => context.load(fetch, id))))
    .toEqual([{ id: 'b' }, { id: 'a' }, null, { id: 'b' }])
  await context.load(fetch, 'a')
  context.renew()
  await context.load(fetch, 'a')
  expect(asked).toEqual([['b', 'a', 'none'], ['a']])
  expect(() => context.actor).toThrow('This needs a token.')
})

