import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimalOf, divideHalfEven, exponentOf, MINOR_MAX, minorOf, minorUnitsOf, ratioOf } from './money.ts'
import { CurrencyCode, Decimal } from './money.shapes.ts'
import { projectRoot } from './project.ts'
import { filesBelow } from '../../test/house.rules.ts'

// Printed by a failing run as well; set it to run the same cases again.
const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
const property = (name: string, work: fc.IProperty<unknown[]> | fc.IPropertyWithHooks<unknown[]>) =>
  test(`${name} (seed ${seed})`, () => { fc.assert(work as fc.IProperty<unknown>, { seed, numRuns: 500 }) })

const minor = fc.bigInt({ min: -MINOR_MAX, max: MINOR_MAX })
const currency = fc.constantFrom('JPY', 'EUR', 'KWD', 'CLF')

property('minor units survive the way to the wire and back', fc.property(minor, currency, (units, code) => {
  expect(minorOf(decimalOf(units, code), code)).toBe(units)
}))

property('half-even is within half a unit, and even where both neighbors are as near', fc.property(
  minor, fc.bigInt({ min: 1n, max: 1_000n }), (numerator, denominator) => {
    const rounded = divideHalfEven(numerator, denominator)
    const off = numerator - rounded * denominator
    const twice = (off < 0n ? -off : off) * 2n
    expect(twice <= denominator).toBe(true)
    if (twice === denominator) expect(rounded % 2n).toBe(0n)
    expect(divideHalfEven(-numerator, denominator)).toBe(-rounded)
  }))

test.each<[string, string, bigint | string]>([
  ['0', 'EUR', 0n], ['-0.00', 'EUR', 0n], ['12', 'EUR', 1_200n], ['12.3', 'EUR', 1_230n], ['-12.34', 'EUR', -1_234n],
  ['12.3400', 'EUR', 1_234n], ['12.345', 'EUR', 'TOO_FINE'], ['12.345', 'KWD', 12_345n], ['12', 'JPY', 12n],
  ['12.5', 'JPY', 'TOO_FINE'], ['1.0001', 'CLF', 10_001n], ['9007199254740993.01', 'EUR', 900_719_925_474_099_301n],
  ['9999999999999999.99', 'EUR', MINOR_MAX], ['10000000000000000.00', 'EUR', 'TOO_LARGE'],
  ['1'.repeat(19), 'JPY', 'TOO_LARGE'], ['1,000.00', 'EUR', 'NO_DECIMAL'], ['1e3', 'EUR', 'NO_DECIMAL'],
  ['', 'EUR', 'NO_DECIMAL'], ['.5', 'EUR', 'NO_DECIMAL'], ['5.', 'EUR', 'NO_DECIMAL'], ['+5', 'EUR', 'NO_DECIMAL'],
  ['٥', 'EUR', 'NO_DECIMAL'], ['NaN', 'EUR', 'NO_DECIMAL'], ['1', 'XXX', 'NO_CURRENCY'], ['1', 'eur', 'NO_CURRENCY'],
])('"%s" %s is %s', (text, code, expected) => {
  expect(minorOf(text, code)).toBe(expected)
})

test.each([
  [5n, 2n, 2n], [3n, 2n, 2n], [7n, 2n, 4n], [-5n, 2n, -2n], [-3n, 2n, -2n], [-7n, 2n, -4n], [10n, 3n, 3n], [20n, 3n, 7n],
  [-10n, 3n, -3n], [-20n, 3n, -7n], [0n, 7n, 0n],
])('%s / %s is %s', (numerator, denominator, expected) => {
  expect(divideHalfEven(numerator, denominator)).toBe(expected)
})

test('a ratio is text with its digits, and a denominator is positive', () => {
  expect([ratioOf(1n, 3n, 2), ratioOf(-1n, 3n, 2), ratioOf(-1n, 1_000n, 2), ratioOf(5n, 2n, 0)])
    .toEqual(['0.33', '-0.33', '0.00', '2'])
  expect(() => divideHalfEven(1n, 0n)).toThrow('positive')
})

test('minor units sent as such are read exactly', () => {
  expect([minorUnitsOf('123450', 'EUR'), minorUnitsOf('-5', 'JPY'), minorUnitsOf('1.5', 'EUR'),
    minorUnitsOf('1'.repeat(30), 'EUR')])
    .toEqual([123_450n, -5n, 'NO_DECIMAL', 'TOO_LARGE'])
})

test('ISO 4217: 17 currencies without minor units, 7 with three digits, 2 with four, and none by the name of an object\'s parts',
  () => {
  expect(['JPY', 'EUR', 'KWD', 'CLF', 'UGX', 'ISK', 'IQD', 'constructor', 'XAU'].map(exponentOf))
    .toEqual([0, 2, 3, 4, 0, 0, 3, null, null])
})

test('a Decimal is text on the wire: a number is refused, since it may have been rounded before it was sent', () => {
  expect(Decimal.parseValue('1234.50')).toBe('1234.50')
  for (const value of [1234.5, 1234, null, '1,5', '1e5', 'Infinity']) expect(() => Decimal.parseValue(value))
    .toThrow('Decimal must be')
  for (const value of ['eur', 'EURO', 978]) expect(() => CurrencyCode.parseValue(value)).toThrow('CurrencyCode must be')
})

// What makes a float of something: in TypeScript, in SQL, in the schema, and a fraction that is written out.
const FLOAT = new RegExp([
  String.raw`\b(?:Number\(|parseFloat|Number\.parse|Math\.|toFixed)`, '::(?:float|double|real|money)', String.raw`\bFloat\b`,
  String.raw`(?<![\w'"])\d+\.\d+(?!\w)`,
].join('|'))

/** Returns the places where a file could make a float of an amount; comments and plain words do not count. */
const floatsIn = (path: string, text: string) => text.split('\n').flatMap((line, at) => {
  const code = line.replace(/\/\/.*$|^\s*(?:\/\*)?\*.*$/, '').replaceAll(/'(?:[^'\\]|\\.)*'/g, '')
  return FLOAT.test(code) ? [`${path}:${at + 1}`] : []
})

test('no float touches money: neither here nor wherever revenue is recorded, read from outside or summed up', () => {
  const files = [
    'src/platform/money.ts', 'src/platform/money.shapes.ts', 'src/metrics/figure.rules.ts', 'src/metrics/figure.service.ts',
    'src/sources/exact.rules.ts', 'src/sources/mapping.rules.ts', 'src/sources/intake.service.ts', 'src/imports/cells.rules.ts',
    ...filesBelow(projectRoot, 'src/facts', /\.ts$/).filter(path => !path.endsWith('.test.ts')),
  ]
  expect(files.length).toBeGreaterThanOrEqual(18)
  expect(files.flatMap(path => floatsIn(path, readFileSync(join(projectRoot, path), 'utf8')))).toEqual([])
  const planted = ['const a = Number(minor)', 'x = 0.5 * y', 'select amount::float8', '@Field(() => Float) a', 'Math.round(a)']
  expect(planted.flatMap(line => floatsIn('a.ts', line))).toHaveLength(planted.length)
})
