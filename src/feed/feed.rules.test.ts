import { expect, test } from 'vitest'
import {
  type FeedRow, isAddressed, isTold, registerTeller, registerWording, type Scope, toldBy, wordingOf,
} from './feed.rules.ts'

const ANN = { userId: 'ann', teamId: 'reds' }
const awarded = (points: number) => ({ kind: 'POINTS_AWARDED' as const, ...ANN, facts: { points } })
registerTeller({ topic: 'test.paid', tell: payload => (payload as number[]).map(awarded) })
registerWording('POINTS_AWARDED', ({ points }, name) => `${name}: +${points}.`)

const at = new Date('2026-11-24T09:30:00Z')
const event = { pos: 7, topic: 'test.paid', payload: [50, 75], at }

test('an event becomes one FeedItem a line, always the same, and only when a room has taught the feed its topic', () => {
  expect([isTold('test.paid'), isTold('test.unheard')]).toEqual([true, false])
  expect(toldBy(event)).toEqual([{ ...awarded(50), pos: 7, line: 0, at }, { ...awarded(75), pos: 7, line: 1, at }])
  expect(toldBy(event)).toBe(toldBy(event)) // Every feed of a tenant reads the same event: it is told once.
  expect(toldBy({ ...event, topic: 'test.unheard' })).toEqual([])
  expect(toldBy({ ...event, payload: [] })).toEqual([])
})

test('an item is worded by its kind; a kind without words is a name', () => {
  const [item] = toldBy(event)
  expect(wordingOf(item!, 'Ann', 'Bob')).toBe('Ann: +50.')
  expect(wordingOf({ kind: 'POINTS_REVERSED', facts: {} }, 'Ann', 'Bob')).toBe('Ann')
})

test.each<[string, Scope, string[] | null, Partial<FeedRow>, boolean]>([
  ['everything, to the tenant', { kind: 'TENANT' }, null, {}, true],
  ['what is about nobody, to the tenant', { kind: 'TENANT' }, null, { userId: null, teamId: null }, true],
  ['what is about me', { kind: 'ME', userId: 'ann' }, null, {}, true],
  ['what is about another', { kind: 'ME', userId: 'bob' }, null, {}, false],
  ['what is about nobody, to me', { kind: 'ME', userId: 'ann' }, null, { userId: null }, false],
  ['what is about my team', { kind: 'TEAM', teamId: 'reds' }, null, { userId: 'bob' }, true],
  ['what is about another team', { kind: 'TEAM', teamId: 'blues' }, null, {}, false],
  ['what is about me when I was in no team, to the team', { kind: 'TEAM', teamId: 'reds' }, null, { teamId: null }, false],
  ['a kind that was asked for', { kind: 'TENANT' }, ['POINTS_AWARDED'], {}, true],
  ['a kind that was not asked for', { kind: 'TENANT' }, ['LEVEL_CHANGED'], {}, false],
])('the feed tells %s, or not', (_title, scope, kinds, change, expected) => {
  expect(isAddressed({ ...toldBy(event)[0]!, ...change }, scope, kinds && new Set(kinds))).toBe(expected)
})
