/**
 * Trusted documents: what clients may ask is known beforehand, by the hash of each document's text, so that a request carries 64
 * characters instead of a query, and in strict mode nothing else is answered.
 */
import { readFileSync } from 'node:fs'
import { StartError } from '../platform/start-error.ts'
import { type Documents, hashOf } from './documents.ts'

const HASH = /^[0-9a-f]{64}$/

/** The documents of a manifest: texts by the SHA-256 of each. */
export type Trusted = ReadonlyMap<string, string>

/**
 * Returns the documents of the manifest at `path`: a JSON object whose names are hashes and whose values are texts.
 * @throws StartError when it cannot be read, or names a text by another's hash.
 */
export function readTrusted(path: string): Trusted {
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'is not JSON'
    throw new StartError(`The file of LAUREL_DOCUMENTS ${reason}: write it with "npm run -s documents > file", or unset it.`)
  }
  const trusted = new Map(Object.entries(manifest ?? {}))
  for (const [hash, text] of trusted) {
    if (typeof text !== 'string' || !HASH.test(hash) || hashOf(text) !== hash) {
      throw new StartError(`LAUREL_DOCUMENTS names ${hash.slice(0, 64)} what has another hash: write the file again.`)
    }
  }
  return trusted as Trusted
}

/** Checks that every trusted document fits the schema. @throws StartError naming the first that does not */
export function checkTrusted(trusted: Trusted, documents: Documents): void {
  for (const [hash, text] of trusted) {
    const read = documents.read(text)
    if ('errors' in read) throw new StartError(`LAUREL_DOCUMENTS: ${hash} is not valid here (${read.errors[0]!.message}).`)
  }
}
