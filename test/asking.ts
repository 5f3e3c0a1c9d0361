/** Asking as a stranger would: any request, any message, and what comes back, as it came. */
import { once } from 'node:events'
import { expect } from 'vitest'
import WebSocket from 'ws'

export const JSON_TYPE = { 'content-type': 'application/json' }
export const ROLE = '{ viewer { role } }'

/** A request as it leaves; the body as JSON unless it is a text or bytes. */
export interface Sent { headers?: Record<string, string>; path?: string; method?: string; body?: string | Buffer | object }

/** Sends a request as a stranger would, or as somebody; returns status, headers and what was answered. */
export async function send(url: string, { headers = JSON_TYPE, path = '/graphql', method = 'POST', body }: Sent, token?: string) {
  const response = await fetch(url + path, {
    method, headers: { ...headers, ...token ? { authorization: `Bearer ${token}` } : {} },
    ...body === undefined ? {} : { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) },
  })
  const text = await response.text()
  const json = /^[[{]/.test(text) ? JSON.parse(text) as any : null // eslint-disable-line
  return { status: response.status, headers: response.headers, text, json, code: json?.errors?.[0]?.extensions.code as string }
}

/** Speaks graphql-transport-ws with one operation; returns the messages until it ends. */
export async function over(url: string, token: string, payload: object, headers: Record<string, string> = {}) {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  await once(ws, 'open')
  const heard: any[] = [] // eslint-disable-line
  const closed = once(ws, 'close').then(([code]) => heard.push({ type: 'closed', code }))
  ws.on('message', (bytes: Buffer) => heard.push(JSON.parse(bytes.toString())))
  ws.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
  await expect.poll(() => heard.length, { timeout: 5_000 }).toBeGreaterThan(0)
  ws.send(JSON.stringify({ id: '1', type: 'subscribe', payload }))
  const ended = () => heard.some(({ type }) => ['complete', 'error', 'closed'].includes(type))
  await expect.poll(ended, { timeout: 10_000 }).toBe(true)
  ws.terminate()
  await closed
  return heard.filter(({ id }) => id === '1')
}
