/** Words and figures by table. */
import { expect, test } from 'vitest'
import { figure, money, ordinalEnding, periodStartWords, shortName, signed, timeLeft, zoneWords } from './format.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]

test.each([
  ['days and hours above a day', 10 * DAY + 9 * HOUR + 59 * MINUTE, '10 d 09 h'],
  ['hours and minutes below one', 3 * HOUR + 28 * MINUTE + 59 * SECOND, '03:28'],
  ['minutes and seconds in the last hour', 28 * MINUTE + 5 * SECOND, '28:05'],
  ['nothing below nothing', -1, '00:00'],
])('%s', (_case, ms, words) => expect(timeLeft(ms)).toBe(words))

test('a minus is a minus sign', () => expect([signed(500), signed(-50), figure(-6_480).length]).toEqual(['+500', '\u221250', 6]))

test('ordinals end as they are spoken', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinalEnding)).toEqual([
    'st',
    'nd',
    'rd',
    'th',
    'th',
    'th',
    'th',
    'st',
    'nd',
    'th',
  ])
})

test.each([
  ['a name that fits stays', 'Mara Sorley-Vale', 20, 'Mara Sorley-Vale'],
  ['the given name gives way first', 'Caspian Whitlock-Marchetti', 24, 'C. Whitlock-Marchetti'],
  ['one after the other', 'Anna Maria Castellane', 18, 'A. M. Castellane'],
  ['the family name stays whole', 'Whitlock-Marchetti-Vandermole', 10, 'Whitlock-Marchetti-Vandermole'],
])('%s', (_case, name, lengthMax, short) => expect(shortName(name, lengthMax)).toBe(short))

test('a period begins in the zone of the board', () => {
  const start = '2026-10-31T23:00:00.000Z' // 1 November in Berlin.
  expect(periodStartWords('MONTHLY', start, 'Europe/Berlin')).toMatch(/November/)
  expect(periodStartWords('WEEKLY', start, 'Europe/Berlin')).toBe('Sunday')
  expect(periodStartWords('DAILY', start, 'Europe/Berlin')).toBe('midnight')
  expect(periodStartWords('ALL_TIME', null, 'Europe/Berlin')).toBe(null)
})

test('a zone is named by its city', () => expect(['America/New_York', 'UTC'].map(zoneWords)).toEqual(['New York time', 'UTC']))

test('an amount is shown to its last decimal, however large', () => {
  expect(money('9007199254740993.07', 'EUR')).toBe('€9,007,199,254,740,993.07')
  expect(money('-1234.5', 'EUR')).toBe('\u2212€1,234.50')
  expect(money('1234', 'JPY')).toBe('¥1,234')
  expect(money('1.234', 'none')).toBe('1.234 none')
})
