import fc from 'fast-check'
import { expect, it } from 'vitest'
import { derivedId, type Kind, kindOf, newId, optionalId, PREFIX, requireId, uuidOf, wireId } from './ids.ts'
import { markOf, parseMark } from './marks.ts'

const UUID = '019a2b3c-4d5e-7f60-8123-456789abcdef'
const kinds = Object.keys(PREFIX) as Kind[]
const anyUuid = fc.uuid()
const anyKind = fc.constantFrom(...kinds)

it('writes a uuid as a prefix and 26 digits', () => {
  expect(wireId('User', UUID)).toBe('usr_01k8nkrkayfxg828t5cy4tqkff')
  expect(wireId('User', '00000000-0000-0000-0000-000000000000')).toBe(`usr_${'0'.repeat(26)}`)
  expect(wireId('Team', 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`tea_7${'z'.repeat(25)}`)
  expect(Object.values(PREFIX)).toEqual([...new Set(Object.values(PREFIX))])
})

/** The same number by plain arithmetic. */
function crockford(uuid: string): string {
  let value = BigInt(`0x${uuid.replaceAll('-', '')}`)
  let text = ''
  for (let digit = 0; digit < 26; digit++, value /= 32n) text = '0123456789abcdefghjkmnpqrstvwxyz'[Number(value % 32n)] + text
  return text
}

it('goes there and back for every uuid and kind, equals plain arithmetic, and keeps the order', () => {
  fc.assert(fc.property(anyKind, anyUuid, anyUuid, (kind, uuid, other) => {
    const id = wireId(kind, uuid)
    expect(id).toBe(`${PREFIX[kind]}_${crockford(uuid)}`)
    expect(uuidOf(kind, id)).toBe(uuid)
    expect(wireId(kind, uuid.toUpperCase())).toBe(id)
    expect(kindOf(id)).toBe(kind)
    expect(requireId(kind, id, 'id')).toBe(uuid)
    expect(id < wireId(kind, other)).toBe(uuid < other)
  }))
})

it('reads capitals, and i, l and o as the digits they look like', () => {
  fc.assert(fc.property(anyUuid, fc.infiniteStream(fc.nat(3)), (uuid, choices) => {
    const written = wireId('User', uuid).slice(4).replaceAll(/[01a-z]/g, digit => {
      const alike = { 0: ['0', 'o', 'O', '0'], 1: ['1', 'i', 'I', 'l'] }[digit] ?? [digit, digit.toUpperCase()]
      return alike[choices.next().value! % alike.length]!
    })
    expect(uuidOf('User', `usr_${written}`)).toBe(uuid)
  }))
  expect(uuidOf('User', `usr_${'L'.repeat(26)}`)).toBe(uuidOf('User', `usr_${'1'.repeat(26)}`))
})

it('answers null for everything else: another kind, another length, a foreign digit, too large a number', () => {
  const id = wireId('User', UUID)
  for (const kind of kinds) expect(uuidOf(kind, id)).toBe(kind === 'User' ? UUID : null)
  const wrong = ['', 'usr_', id.slice(0, -1), `${id}0`, id.replace('_', '-'), id.replace('usr', 'USR'), ` ${id}`,
    `${id.slice(0, -1)}u`, `${id.slice(0, -1)}é`, `${id.slice(0, -1)}\0`,
    `${id.slice(0, -1)}-`, `usr_8${'0'.repeat(25)}`, `usr_z${'0'.repeat(25)}`, UUID, 'usr_'.padEnd(30, '👏')]
  for (const text of wrong) expect([text, uuidOf('User', text)]).toEqual([text, null])
  const digits = fc.string({ unit: fc.constantFrom(...'019az_-ulé\0👏'), maxLength: 30 })
  fc.assert(fc.property(digits, text => { expect(uuidOf('User', `usr_${text}`.slice(0, 29))).toBeNull() }))
  expect(kindOf('xyz_01')).toBeNull()
})

it('requireId and optionalId say what an id looks like', () => {
  const bad = {
    message: 'userId must be an id like "usr_…", as the API returns them.',
    extensions: { code: 'BAD_REQUEST', argument: 'userId' },
  }
  expect(() => requireId('User', 'bob', 'userId')).toThrow(expect.objectContaining(bad))
  expect(() => optionalId('User', '', 'userId')).toThrow(expect.objectContaining(bad))
  expect([null, undefined, wireId('User', UUID)].map(id => optionalId('User', id, 'userId'))).toEqual([null, null, UUID])
})

it('new ids carry their instant and are ordered and different within it', () => {
  const now = new Date('2026-03-10T12:00:00.123Z')
  const ids = Array.from({ length: 10_000 }, () => newId(now))
  expect(ids).toEqual([...new Set(ids)].sort())
  for (const id of ids.slice(0, 100)) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now.getTime())
  }
  expect(newId(new Date(now.getTime() + 1)) > ids.at(-1)!).toBe(true)
})

it('a derived id follows from tenant, source and key, and from nothing else', () => {
  const one = derivedId(UUID, 'reversal', 'a')
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
  expect(derivedId(UUID, 'reversal', 'a')).toBe(one)
  const others = [
    derivedId(UUID, 'reversal', 'b'), derivedId(UUID, 'award', 'a'),
    derivedId('019a2b3c-4d5e-7f60-8123-456789abcdee', 'reversal', 'a'),
  ]
  expect(new Set([one, ...others]).size).toBe(4)
})

it('marks go there and back, and anything else is no mark', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), number => {
    const id = Math.abs(number) || 1
    expect(parseMark(markOf(id))).toBe(id)
  }))
  expect([markOf(1), markOf(36), markOf(Number.MAX_SAFE_INTEGER)]).toEqual(['m1', 'm10', 'm2gosa7pa2gv'])
  for (const text of ['', 'm', 'm0', 'n1', 'M1', 'm-1', 'm1.5', 'm 1', 'mzzzzzzzzzzzz', 'm1\n', '12', `m${'1'.repeat(60)}`]) {
    expect([text, parseMark(text)]).toEqual([text, null])
  }
})
