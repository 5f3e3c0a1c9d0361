/** Readable JSON is still JSON, and breaks only what is too long for a line. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readableJson } from './json.ts'

test('any value reads back as itself', () =>
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      expect(JSON.parse(readableJson(value, 20))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  ))

test('short things stay on a line, long ones are broken from the outside', () => {
  expect(readableJson({ rank: 1, user: { name: 'Ines Okafor-Lind' } }, 40)).toBe(
    '{\n  "rank": 1,\n  "user": { "name": "Ines Okafor-Lind" }\n}',
  )
  expect(readableJson({ rank: 1, points: [1, 2] }, 40)).toBe('{ "rank": 1, "points": [1, 2] }')
})
