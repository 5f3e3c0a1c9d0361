import { afterEach, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { FaultReached, isPlanned, parseFault, planFault, reach } from './faults.ts'
import { StartError } from './start-error.ts'

afterEach(() => planFault(null))

test.each([
  ['a point alone', 'relay.drained', { point: 'relay.drained', nth: 1, act: 'crash' }],
  ['the third time', 'relay.drained:3', { point: 'relay.drained', nth: 3, act: 'crash' }],
  ['an error', 'socket.sent:throw', { point: 'socket.sent', nth: 1, act: 'throw' }],
  ['a standstill the second time', 'log.heard:2:250ms', { point: 'log.heard', nth: 2, act: { pauseMs: 250 } }],
])('LAUREL_FAULT names %s', (_case, text, fault) => {
  expect(parseFault(text)).toEqual(fault)
  expect(readConfig({ LAUREL_FAULT: text }).fault).toEqual(fault)
})

test.each(['', 'nowhere', 'relay.drained:0', 'relay.drained:first', 'relay.drained:1:2', 'constructor'])(
  'LAUREL_FAULT "%s" is no fault', text => {
    expect(() => parseFault(text)).toThrow(StartError)
    expect(() => parseFault(text)).toThrow('write point[:nth][:crash|throw|<n>ms] with one of command.committed, ')
  })

test('a fault happens where and when it is planned, once, and nothing happens elsewhere', () => {
  planFault(parseFault('relay.told:2:throw'))
  expect([isPlanned('relay.told'), isPlanned('relay.committed')]).toEqual([true, false])
  reach('relay.committed')
  reach('relay.told')
  expect(() => reach('relay.told')).toThrow(new FaultReached('the planned fault at relay.told'))
  reach('relay.told')
  expect(isPlanned('relay.told')).toBe(false)
})

test('a standstill lasts as long as was asked for', () => {
  planFault(parseFault('log.heard:60ms'))
  const begun = performance.now()
  reach('log.heard')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(59)
})

test('production refuses to plan a fault', () => {
  const env = { NODE_ENV: 'production', LAUREL_FAULT: 'relay.drained' }
  expect(() => readConfig(env)).toThrow('LAUREL_FAULT breaks this node on purpose, which NODE_ENV=production forbids')
  expect(readConfig({ NODE_ENV: 'production', LAUREL_FAULT: '' }).fault).toBeNull()
})
