/**
 * Prints the manifest of trusted documents: what the pages send, and the documents of files that are named.
 * `npm run -s documents -- mine/*.graphql > documents.json`, then LAUREL_DOCUMENTS=documents.json.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as generated from './generated.ts'

/** Returns the manifest of the pages' documents and of these texts: the SHA-256 of each text, and the text. */
export function manifestOf(texts: readonly string[]): Record<string, string> {
  const own = Object.entries(generated).filter(([name]) => name.endsWith('Document')).map(([, document]) => String(document))
  return Object.fromEntries([...own, ...texts].map(text => [createHash('sha256').update(text).digest('hex'), text]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const texts = process.argv.slice(2).map(path => readFileSync(path, 'utf8'))
  process.stdout.write(`${JSON.stringify(manifestOf(texts), null, 2)}\n`)
}
