import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { StartError } from '../platform/start-error.ts'
import { demoIssuer } from './issuer.demo.ts'

test('the demo keeps its key, closed to others; one that is damaged is refused in one sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-issuer-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'demo-issuer.pem')
  const { key } = demoIssuer(folder)
  expect(demoIssuer(folder).key.equals(key)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  writeFileSync(path, 'half a key')
  expect(() => demoIssuer(folder))
    .toThrow(new StartError(`The demo's key ${path} cannot be read: delete it, and get new tokens after the start.`))
})
