import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { LIMITS } from '../src/platform/limits.ts'
import { JSON_TYPE, ROLE, send } from './asking.ts'
import { tenant, tenantOn, testNode } from './harness.ts'

/** Opens a line and sends what it is given, and no more; returns what comes until the server closes. */
async function dribble(url: string, text: string, waitMs: number): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let heard = ''
  socket.on('data', (bytes: Buffer) => { heard += bytes.toString() }).on('error', () => {})
  socket.write(text)
  await Promise.race([once(socket, 'close'), new Promise(resolve => setTimeout(resolve, waitMs))])
  const state = socket.destroyed || socket.readyState === 'closed' ? 'closed' : 'open'
  socket.destroy()
  return `${heard.split('\r\n')[0]} ${state}`
}

test('who dribbles headers or a body in is cut, and hundreds of such lines keep nobody out', async () => {
  const node = await testNode()
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  const half = 'POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nX-Slow: '
  const lines = Array.from({ length: 300 }, () => dribble(node.url, half, 60_000))
  const body = dribble(node.url, `${half}1\r\nContent-Length: 1000\r\n\r\n{"query":`, 60_000)
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
  expect(new Set(await Promise.all(lines))).toEqual(new Set(['HTTP/1.1 408 Request Timeout closed']))
  expect(await body).toBe('HTTP/1.1 408 Request Timeout closed')
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
}, 90_000)

test('headers that are too large, and a flood of half requests that are cut by their clients, are survived', async () => {
  await using acme = await tenant('ann')
  const { url } = acme.node
  const large = { ...JSON_TYPE, 'x-large': 'x'.repeat(LIMITS.headerBytesMax) }
  expect((await send(url, { headers: large, body: { query: ROLE } })).status).toBe(431)
  await Promise.all(Array.from({ length: 300 }, () => new Promise<void>(resolve => {
    const request = httpRequest(`${url}/graphql`, { method: 'POST', headers: { ...JSON_TYPE, 'content-length': '1000' } })
    request.on('error', () => resolve())
    request.write('{"query"')
    setTimeout(() => request.destroy(), 20)
  })))
  expect(await acme.as('ann').run(ROLE)).toEqual({ viewer: { role: 'MEMBER' } })
})
