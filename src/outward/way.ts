/**
 * The way out to addresses that a tenant named: a name is resolved, what it answers is judged, and the socket connects to what
 * was judged. Nothing here follows a redirect.
 */
import { lookup } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { version } from '../platform/project.ts'
import { isAllowed, literalOf, urlRefusal } from './address.rules.ts'

/** Returns the addresses of a name. */
export type Resolve = (hostname: string) => Promise<{ address: string; family: number }[]>

/** Where a node may go; `resolve` is the system's resolver when absent. */
export interface WayOut { isPrivateAllowed: boolean; resolve?: Resolve }

/** Thrown when a name or URL leads where the server may not go. */
export class AddressRefused extends Error { override readonly name = 'AddressRefused' }

const bySystem: Resolve = hostname => lookup(hostname, { all: true })

/** Returns a lookup for sockets that refuses a name with any address that may not be gone to. */
export function guardedLookup({ isPrivateAllowed, resolve = bySystem }: WayOut): LookupFunction {
  // The socket connects to what was checked here; a second question to the resolver could be answered otherwise.
  return (hostname, { all }, done) => {
    resolve(hostname).then(addresses => {
      const isRefused = addresses.some(({ address }) => !isAllowed(address, isPrivateAllowed))
      if (isRefused || !addresses.length) throw new AddressRefused(hostname)
      if (all) done(null, addresses)
      else done(null, addresses[0]!.address, addresses[0]!.family)
    }).catch((error: NodeJS.ErrnoException) => done(error, []))
  }
}

/** Passes when a URL may be gone to as far as it spells out where it leads: that is never looked up. @throws AddressRefused */
export function judgeUrl({ href, hostname }: URL, isPrivateAllowed: boolean): void {
  if (urlRefusal(href, isPrivateAllowed)) throw new AddressRefused(hostname)
  const literal = literalOf(hostname)
  if (literal && !isAllowed(literal, isPrivateAllowed)) throw new AddressRefused(literal)
}

/** How much of an answer is read, in bytes, and how long it may take altogether. */
export interface Patience { bytesMax: number; waitMs: number }

/** Returns the JSON at a URL. @throws Error in one sentence about what went wrong, without what was answered */
export async function getJson(text: string, way: WayOut, { bytesMax, waitMs }: Patience): Promise<unknown> {
  const url = new URL(text)
  judgeUrl(url, way.isPrivateAllowed)
  const signal = AbortSignal.timeout(waitMs)
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    lookup: guardedLookup(way), signal, agent: false,
    headers: { accept: 'application/json', 'user-agent': `Laurel/${version}` },
  })
  const body = await new Promise<Buffer>((resolve, reject) => {
    request.on('error', error => reject(signal.aborted ? new Error(`It did not answer within ${waitMs / 1_000} s.`) : error))
    request.on('response', response => {
      const chunks: Buffer[] = []
      let bytes = 0
      const refuse = (sentence: string) => {
        response.destroy()
        reject(new Error(sentence))
      }
      if (response.statusCode !== 200) return refuse(`It answered with status ${response.statusCode} instead of 200.`)
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > bytesMax) refuse(`Its answer is larger than ${bytesMax / 1_024} KB.`)
        else chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks)))
      response.on('error', error => reject(signal.aborted ? new Error(`It did not answer within ${waitMs / 1_000} s.`) : error))
    })
    request.end()
  })
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    throw new Error('Its answer is not JSON.')
  }
}
