/** Signatures of Standard Webhooks, for what goes out and for what comes in: HMAC-SHA256 over id,
  time and the body as it came. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const SECRET_PREFIX = 'whsec_'

/** Returns a new secret: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(32).toString('base64')}`
}

/** Returns the signature of a message by one secret, with its version: "v1,…". `timestamp` is in Unix seconds, as text. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string | Buffer): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

/** Returns whether one of the signatures given (a list divided by spaces) is that of one of the secrets. */
export function isSigned(
  secrets: readonly string[], { id, timestamp, signatures }: { id: string; timestamp: string; signatures: string }, body: Buffer,
): boolean {
  const given = signatures.split(' ').slice(0, 10).map(signature => Buffer.from(signature))
  return secrets.some(secret => {
    const wanted = Buffer.from(signatureOf(secret, id, timestamp, body))
    return given.some(signature => signature.length === wanted.length && timingSafeEqual(signature, wanted))
  })
}
