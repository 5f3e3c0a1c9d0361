/** An OpenID provider for tests: a real HTTP server that publishes its keys, and signs tokens with them, in three algorithms. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA'
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

/** A key of the provider, with what it publishes of it. */
export interface ProviderKey { kid: string; algorithm: Algorithm; privateKey: PrivateKey; jwk: JWK }

let made = 0
/** Returns a new key. */
export async function newKey(algorithm: Algorithm, kid = `key-${++made}`): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { kid, algorithm, privateKey, jwk: { ...await exportJWK(publicKey), kid, alg: algorithm, use: 'sig' } }
}

/** The provider; `keys` are those it publishes, `requests` counts who asked for them. */
export class Provider {
  readonly keys: ProviderKey[]
  /** Answers in place of the key set, when it is set. */
  reply: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  requests = 0
  readonly #server
  private constructor(keys: ProviderKey[]) {
    this.keys = keys
    this.#server = createServer((request, response) => {
      this.requests++
      if (this.reply) return this.reply(request, response)
      if (request.url !== '/jwks.json') return response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }))
    })
  }

  /** Returns a running provider with one key of each algorithm. */
  static async open(): Promise<Provider> {
    const provider = new Provider(await Promise.all((['RS256', 'ES256', 'EdDSA'] as const).map(algorithm => newKey(algorithm))))
    provider.#server.listen(0, '127.0.0.1')
    await once(provider.#server, 'listening')
    return provider
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get jwksUrl(): string {
    return `${this.url}/jwks.json`
  }

  /** Returns a token with these claims beside the usual ones, signed with a key; claims of undefined are left out. */
  sign(claims: JWTPayload, key = this.keys[0]!, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const seconds = Math.floor(Date.now() / 1_000)
    const all = { iss: this.url, iat: seconds, exp: seconds + 600, auth_time: seconds, ...claims }
    return new SignJWT(JSON.parse(JSON.stringify(all)) as JWTPayload)
      .setProtectedHeader({ alg: key.algorithm, typ: 'JWT', kid: key.kid, ...header }).sign(key.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
