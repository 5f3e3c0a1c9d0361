/** One question over HTTP: a typed document in, its answer out. */
import type { TypedDocumentString } from '../generated.ts'

/** A refused or failed request: its code (design: top-level codes, or HTTP_<status>, or NETWORK) and a sentence. */
export class RequestError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface Answer<R> {
  data?: R | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

/**
 * Returns the answer to `document`.
 * @throws RequestError when there is no answer or the server refused
 */
export async function ask<R, V>(document: TypedDocumentString<R, V>, variables: V, token: string): Promise<R> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: String(document), variables }),
  }).catch(() => {
    throw new RequestError('NETWORK', 'The server does not answer.')
  })
  const answer = (await response.json().catch(() => null)) as Answer<R> | null
  const refusal = answer?.errors?.[0]
  if (refusal && !answer?.data) throw new RequestError(refusal.extensions?.code ?? 'INTERNAL', refusal.message)
  if (!answer?.data) throw new RequestError(`HTTP_${response.status}`, 'The server answered without a result.')
  return answer.data
}

/** Returns the address of the live connection: this page's own host. */
export function liveUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`
}
